// `ablate completion`: what the Tab key needs to know.
#include "cli/common.hpp"
#include "cli/completion.hpp"
#include "report/output.hpp"

namespace ablate {

namespace {

enum class Shell { bash, zsh, fish };

}  // namespace

template <>
std::span<const Named<Shell>> names_of<Shell>() {
  using enum Shell;
  static constexpr Named<Shell> kTable[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
  return kTable;
}

namespace {

int run_completion(const Arguments& arguments) {
  switch (arguments.choice<Shell>("SHELL")) {
    case Shell::bash:
      write_out(bash_completion());
      break;
    case Shell::zsh:
      write_out(zsh_completion());
      break;
    case Shell::fish:
      write_out(fish_completion());
      break;
  }
  return ExitCode::done;
}

}  // namespace

CommandSpec completion_command() {
  OptionSpec shell = positional("SHELL", ValueType::choice, "the shell");
  shell.choices = known_names<Shell>();
  return {.name = "completion",
          .group = Group::health,
          .summary = "Prints a completion script for a shell",
          .description =
              "For bash put the example into ~/.bashrc, for zsh the same with zsh into ~/.zshrc (after "
              "compinit), for fish: ablate completion fish > ~/.config/fish/completions/ablate.fish",
          .example = "eval \"$(ablate completion bash)\"",
          .options = {shell},
          .run = run_completion};
}

}  // namespace ablate
