// Shell completion scripts, made from the table of commands.
#pragma once

#include <string>

namespace ablate {

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace ablate
