// The trend of a sweep's score along one of its axes.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "stats/design.hpp"
#include "stats/trend.hpp"

namespace ablate {

struct LevelTrend {
  std::vector<std::size_t> levels;  ///< Those with a score, in the order of their values, else of the axis.
  std::vector<double> codes;        ///< Of each, for the slope: see trend_codes().
  TTest slope;                      ///< For one step of the codes: a doubling where they are log2.
  bool by_seed = false;             ///< One slope a seed; else of the marginal means, by least squares.
  std::optional<RankTest> page;     ///< Where every cell has every seed.
  std::optional<RankTest> jonckheere;  ///< Where runs have seeds of their own; over all settings together.
  std::vector<TTest> step_tests;       ///< Of each level but the first, minus the one below it: as the slope.
  StepTest steps;                      ///< Does every step rise, or fall?
};

/// `codes`: one for each level of the axis, instead of trend_codes(). None: fewer than three levels with a
/// score, or a continuous axis.
std::optional<LevelTrend> trend_of(const Designs& sweep, std::size_t factor,
                                   const std::vector<double>& codes = {});

}  // namespace ablate
