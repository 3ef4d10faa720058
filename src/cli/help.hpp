// The help texts, made from the table of commands.
#pragma once

#include <span>
#include <string>

#include "cli/command.hpp"

namespace ablate {

/// `ablate --help`: the commands by group.
std::string program_help();
/// The commands of a family, such as "data".
std::string family_help(const std::string& family);
/// `ablate COMMAND --help`, ending with an example.
std::string command_help(const CommandSpec& command);
/// The command of that name. Throws Error with the nearest name.
const CommandSpec& get_command(const std::string& name);
/// The whole manual in roff, from the same texts: `man ablate`.
std::string man_page();
/// `ablate --version`.
std::string version_text();

/// What `--help` says of an option: its meaning, its choices, its value when it is not given.
std::string option_help(const OptionSpec& option);
/// The command's name with what it must or may be given: "ablate plan SWEEP".
std::string command_usage(const CommandSpec& command);
/// The title of a group of commands.
struct GroupTitle {
  Group group;
  const char* title;
};
/// In the order of the help.
std::span<const GroupTitle> group_titles();

/// What the program is, in a sentence that can stand for itself.
inline constexpr const char* kProgramSummary =
    "Controlled ablations of multimodal pre-training: a sweep file becomes jobs, the jobs "
    "become numbers in one SQLite database, and the numbers become tables.";
/// What all commands have in common.
inline constexpr const char* kCommonHelp =
    "Every command takes --help, and those that use the database --db PATH (else "
    "$ABLATE_DB, else results/ablate.db). Exit codes: 0 done, 1 some jobs failed or are cancelled, "
    "2 wrong input, 70 internal error, 130 interrupted.";
inline constexpr const char* kProgramExample =
    "ablate plan sweeps/quickstart.toml && ablate run sweeps/quickstart.toml";

}  // namespace ablate
