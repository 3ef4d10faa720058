// The program `ablate`: parses the command line against the table of commands, and runs one of them.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iterator>

#include "cli/arguments.hpp"
#include "cli/command.hpp"
#include "cli/failure.hpp"
#include "cli/help.hpp"
#include "report/output.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

using Given = std::map<std::string, std::vector<std::string>>;

/// Adds a command's options to its parser, which only takes the words apart: values arrive as texts in
/// `given`, and Arguments checks them instead of CLI11's validators, whose messages name neither what was
/// expected nor the nearest spelling.
void add_options(CLI::App& app, const CommandSpec& command, Given& given,
                 std::map<std::string, bool>& flags) {
  for (const OptionSpec& option : command.options) {
    if (option.kind == OptionKind::flag) {
      app.add_flag(option.name, flags[option.name]);
      continue;
    }
    CLI::Option* added = app.add_option(option_words(option), given[option.name]);
    const bool many = option.repeated && option.kind == OptionKind::positional;
    added->expected(1, many ? 1 << 20 : 1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    added->allow_extra_args(many);
  }
}

[[noreturn]] void refuse(const CommandSpec& command, const std::string& word) {
  std::vector<std::string> names = {"--help"};
  for (const OptionSpec& option : command.options)
    if (option.kind != OptionKind::positional) names.push_back(option.name);
  if (!word.starts_with('-'))
    throw Error(fmt::format("{}: '{}' is one argument too many; `ablate {} --help` shows what it takes",
                            command.name, printable(word), command.name));
  const auto near = nearest(word.substr(0, word.find('=')), names);
  throw Error(fmt::format("{}: unknown option '{}'{}", command.name, printable(word),
                          near ? fmt::format("; did you mean '{}'?", *near)
                               : fmt::format("; `ablate {} --help` lists them", command.name)));
}

int run_command(const CommandSpec& command, const std::vector<std::string>& words) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  Given given;
  std::map<std::string, bool> flags;
  bool help = false;
  app.add_flag("--help,-h", help);
  add_options(app, command, given, flags);
  try {
    app.parse(std::vector<std::string>(words.rbegin(), std::prev(words.rend())));
  } catch (const CLI::ParseError& error) {
    throw Error(fmt::format("{}: {}", command.name, error.what()));
  }
  if (help) {
    write_out(command_help(command));
    return ExitCode::done;
  }
  const std::vector<std::string> extras = app.remaining();
  if (!extras.empty()) refuse(command, extras.front());
  std::erase_if(given, [](const auto& entry) { return entry.second.empty(); });
  for (const auto& [name, set] : flags)
    if (set) given[name] = {"true"};
  return command.run(Arguments(command, std::move(given), words));
}

int run_program(const std::vector<std::string>& words) {
  if (words.empty() || words[0] == "--help" || words[0] == "-h") {
    write_out(program_help());
    return ExitCode::done;
  }
  if (words[0] == "--version") {
    write_out(version_text());
    return ExitCode::done;
  }
  if (words[0].starts_with('-'))
    throw Error(fmt::format("unknown option '{}'{}; options stand after the command", printable(words[0]),
                            suggestion(words[0], std::vector<std::string>{"--help", "--version"})));
  if (command_words(words[0]).empty()) return run_command(get_command(words[0]), words);
  if (words.size() == 1 || words[1] == "--help" || words[1] == "-h") {
    write_out(family_help(words[0]));
    return ExitCode::done;
  }
  std::vector<std::string> joined(words.begin() + 1, words.end());
  joined[0] = words[0] + " " + words[1];
  return run_command(get_command(joined[0]), joined);
}

/// Messages quote files, logs and words of others: nobody gets their control characters, no log file either.
void print_error(const std::string& message) { write_err(printable_lines("ablate: " + message) + "\n"); }

}  // namespace

}  // namespace ablate

int main(int argc, char** argv) {
  using namespace ablate;
  // A closed pipe is an error of write(), which we handle, and no reason to die in the middle of a sweep.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run_program(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const BrokenPipe&) {
    return ExitCode::done;
  } catch (...) {
    const Failure failure = describe_failure(std::current_exception());
    print_error(failure.message);
    return failure.code;
  }
}
