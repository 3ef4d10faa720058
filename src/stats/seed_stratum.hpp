// How an effect differs between seeds, where cells lack some of them.
#pragma once

#include <cstddef>
#include <limits>
#include <vector>

#include "stats/linear_model.hpp"
#include "stats/significance.hpp"

namespace ablate {

/// Below this p of term x seed, one error pooled over all runs is not used for the term.
constexpr double kPooledAbove = 0.05;

/// term x seed, fitted last.
struct SeedStratum {
  double ms = std::numeric_limits<double>::quiet_NaN();  ///< NaN: it has no degree of freedom, or no spread.
  double df = 0;
  FTest test;  ///< Against what it leaves.
};

/// `runs` with the seed as the column `seed`; `terms`: those of the model, every margin among them, the
/// seed's, too; `term`: one of them, without the seed. Nothing where the model would be larger than anybody
/// waits for.
SeedStratum seed_stratum(const CodedRuns& runs, std::vector<Term> terms, std::size_t seed, const Term& term);

}  // namespace ablate
