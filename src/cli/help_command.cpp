// `ablate help`: the same texts as --help.
#include "cli/common.hpp"
#include "cli/help.hpp"
#include "cli/output.hpp"

namespace ablate {

namespace {

int run_help(const Arguments& arguments) {
  const auto name = arguments.find_text("COMMAND");
  write_out(name ? command_help(get_command(*name)) : program_help());
  return ExitCode::done;
}

}  // namespace

CommandSpec help_command() {
  OptionSpec command = optional_positional("COMMAND", ValueType::command, "a command");
  return {.name = "help",
          .group = Group::health,
          .summary = "Explains a command",
          .description = "The same text as `ablate COMMAND --help`.",
          .example = "ablate help table",
          .options = {command},
          .run = run_help};
}

}  // namespace ablate
