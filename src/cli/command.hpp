// One subcommand as data: parsing, help and shell completion all come from it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ablate {

class Arguments;

/// Who a command is for: how `ablate --help` groups them.
enum class Group { sweeps, results, jobs, data, health };

enum class OptionKind {
  positional,  ///< SWEEP
  flag,        ///< --json
  value,       ///< --slots N
};

/// What a value is: how it is checked, and what the shell completes it with.
enum class ValueType {
  text,
  integer,   ///< At least OptionSpec::least.
  duration,  ///< "90", "30m", "2h"
  choice,    ///< One of OptionSpec::choices.
  file,
  sweep_file,  ///< A sweep's TOML file.
  sweep,       ///< The name of a planned sweep, or its file.
  job,         ///< The first digits of a job's key.
  key,         ///< A key of an experiment, or a section.
  command,     ///< The name of a command.
};

struct OptionSpec {
  std::string name;  ///< "SWEEP", "--json"
  OptionKind kind = OptionKind::value;
  ValueType type = ValueType::text;
  std::string metavar;  ///< "N" of "--slots N"
  std::string help;
  std::vector<std::string> choices = {};
  std::string fallback = {};  ///< Value when it is not given.
  std::int64_t least = 0;     ///< Smallest integer.
  bool required = false;
  bool repeated = false;  ///< May be given several times; a value also as a list with commas.
};

OptionSpec positional(std::string name, ValueType type, std::string help);
OptionSpec optional_positional(std::string name, ValueType type, std::string help);
OptionSpec flag(std::string name, std::string help);
OptionSpec value(std::string name, ValueType type, std::string metavar, std::string help);
OptionSpec choice(std::string name, std::vector<std::string> choices, std::string fallback, std::string help);
/// May be given several times.
OptionSpec repeated(OptionSpec option);
/// `least`: the smallest integer that it takes.
OptionSpec at_least(std::int64_t least, OptionSpec option);

struct CommandSpec {
  std::string name;  ///< One word, or a family and a word: "data show".
  Group group = Group::sweeps;
  std::string summary;      ///< One line, for the list of commands.
  std::string description;  ///< What else the reader has to know.
  std::string example;      ///< A command line that works.
  std::vector<OptionSpec> options;
  int (*run)(const Arguments&) = nullptr;  ///< Returns an ExitCode.
};

/// The table of commands, in the order in which help shows them.
const std::vector<CommandSpec>& commands();
/// The names of all commands.
std::vector<std::string> command_names();
/// What can follow `ablate`, or `ablate FAMILY`: each word once, in the order of the table.
std::vector<std::string> command_words(const std::string& family = "");

}  // namespace ablate
