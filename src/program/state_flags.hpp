// Columns beside that of states that tell which runs finished: flags, and exit codes.
#pragma once

#include <string>
#include <vector>

#include "law/runs.hpp"

namespace ablate {

/// Adds them to `columns`, whose state and diverged are chosen, and to `note`, which says what the columns
/// are. `unclear`: a sentence for each that has such a name and other cells, where no column has the states,
/// and for each that contradicts these.
void add_state_flags(const TextTable& table, LawColumns& columns, std::string& note,
                     std::vector<std::string>& unclear);

}  // namespace ablate
