// The help texts, made from the table of commands.
#pragma once

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
/// `ablate --version`.
std::string version_text();

}  // namespace ablate
