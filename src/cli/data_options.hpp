// What the commands that look at data have in common.
#pragma once

#include <filesystem>
#include <vector>

#include "cli/arguments.hpp"
#include "data/source.hpp"

namespace ablate {

OptionSpec source_argument(std::string help);
/// --as ROLE; without it roles are guessed.
OptionSpec role_option();

struct RoledSource {
  std::filesystem::path path;
  DataRole role = DataRole::captions;
};
/// The sources of the command line with their roles.
std::vector<RoledSource> roled_sources(const Arguments& arguments);

}  // namespace ablate
