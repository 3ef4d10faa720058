// Whether scores spread alike at all levels of a factor, as one pooled error takes for granted.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "stats/design.hpp"
#include "stats/observations.hpp"

namespace ablate {

/// Levels at which units spread plainly unlike.
struct UnlikeSpread {
  std::size_t widest = 0, narrowest = 0;   ///< Levels,
  double widest_sd = 0, narrowest_sd = 0;  ///< and the standard deviation of a unit at them.
  double p = 1;
};

/// At p below this, levels spread plainly unlike.
constexpr double kPlainlyUnlike = 0.01;

/// Levene's test (1960) of the residuals of a fit, by level of the factor in focus. Residuals depend on each
/// other, so F is lowered. Of S seeds that cells share, the mean size of the residuals of each level and seed
/// is one observation, so that what level and seed do together is no spread, and F is multiplied by (S - 1) /
/// S; two seeds have no test. Else sizes are about the level's median (Brown and Forsythe 1974), and n
/// residuals of d degrees of freedom have F times d / n with d in the denominator at most. In simulated
/// sweeps of equal spread p falls below 0.01 in 0 to 2 % (tests/stats/spread_test.cpp). None where p is not
/// below kPlainlyUnlike, and of two levels with equally many units, for which a pooled error is right.
std::optional<UnlikeSpread> unlike_spread(const UnitTable& design, const CellFit& fit);

/// What it means for the intervals of a pooled error.
std::string spread_words(const UnlikeSpread& spread, const Factor& factor);

}  // namespace ablate
