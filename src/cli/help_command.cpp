// `ablate help`: the same texts as --help.
#include "cli/common.hpp"
#include "cli/help.hpp"
#include "report/output.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

int run_help(const Arguments& arguments) {
  const std::string name = join(arguments.list("COMMAND"), " ");
  if (arguments.has("--man")) {
    if (!name.empty()) throw Error("help: --man prints the whole manual; it takes no COMMAND");
    write_out(man_page());
    return ExitCode::done;
  }
  write_out(name.empty()                  ? program_help()
            : command_words(name).empty() ? command_help(get_command(name))
                                          : family_help(name));
  return ExitCode::done;
}

}  // namespace

CommandSpec help_command() {
  const OptionSpec command = repeated(optional_positional("COMMAND", ValueType::command, "a command"));
  return {.name = "help",
          .group = Group::health,
          .summary = "Explains a command",
          .description = "The same text as `ablate COMMAND --help`; with --man, all of it.",
          .example = "ablate help table",
          .options = {command, flag("--man", "the whole manual in the form of a man page")},
          .run = run_help};
}

}  // namespace ablate
