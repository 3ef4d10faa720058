// Factors that apply to some runs only, as the branches that they make of a sweep.
#pragma once

#include <cstddef>
#include <vector>

#include "stats/observations.hpp"

namespace ablate {

/// Runs that the same factors apply to.
struct Branch {
  std::vector<std::size_t> runs;
  std::vector<std::size_t> factors;      ///< Those that apply to all of its runs.
  std::vector<std::size_t> conditional;  ///< Those of them that do not apply to all runs of the sweep.
};

/// Of the runs that have a score: all of them first, then those of each factor that applies to some only,
/// once for factors that apply to the same.
std::vector<Branch> branches_of(const Observations& observations);

}  // namespace ablate
