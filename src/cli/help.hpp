// The help texts, made from the table of commands.
#pragma once

#include <string>
#include <string_view>

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

/// `text` broken at spaces into lines of at most `width` columns, each but the first behind `indent` spaces.
std::string wrap(std::string_view text, std::size_t indent, std::size_t width = 80);

}  // namespace ablate
