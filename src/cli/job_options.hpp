// The options by which commands choose jobs: --stage, --state.
#pragma once

#include <string>
#include <vector>

#include "cli/command.hpp"

namespace ablate {

OptionSpec state_option(std::vector<std::string> states);
OptionSpec stage_option();

}  // namespace ablate
