// Options of commands that plan a sweep: seeds beside those of its file.
#pragma once

#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "program/seed_change.hpp"

namespace ablate {

/// --seeds, and the option `cells`, which limits them.
std::vector<OptionSpec> seed_options(const std::string& cells);
/// What was chosen by those. Throws Error for `cells` without seeds to add.
SeedChange chosen_seeds(const Arguments& arguments, const std::string& cells);

}  // namespace ablate
