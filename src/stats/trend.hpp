// Does a score rise along an ordered axis: slope, ranks, every step.
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "stats/significance.hpp"

namespace ablate {

/// One row for each seed, one number for each level, in the order of the levels; complete.
using SeedTable = std::vector<std::vector<double>>;

/// A test by ranks, with the normal distribution.
struct RankTest {
  double statistic = std::numeric_limits<double>::quiet_NaN();
  double z = std::numeric_limits<double>::quiet_NaN();
  std::optional<double> p_rises;  ///< One-sided.
  bool ties = false;
};

/// The numbers that levels are given for a slope: `values`, or log2 of them where they are positive and
/// spaced more evenly by ratio than by difference; 1, 2, 3... where levels are no numbers.
std::vector<double> trend_codes(std::span<const double> values, std::size_t levels);

/// Weights of a least-squares slope on `codes`: their sum is 0.
std::vector<double> slope_weights(std::span<const double> codes);

/// One least-squares slope for each seed, then t over seeds.
TTest slope_by_seed(const SeedTable& table, std::span<const double> codes);

/// Page's L (1963) for seeds as blocks; ties get mid-ranks, which makes the variance used conservative.
RankTest page_test(const SeedTable& table);
/// Jonckheere-Terpstra for independent samples, levels in order; the variance is corrected for ties
/// (Hollander & Wolfe 1999, 6.2).
RankTest jonckheere_test(std::span<const std::vector<double>> samples);

/// Friedman's test (chi-square, corrected for ties): some level differs, seeds as blocks.
struct FriedmanTest {
  double statistic = std::numeric_limits<double>::quiet_NaN();
  double df = 0;
  std::optional<double> p;
};
FriedmanTest friedman_test(const SeedTable& table);

/// Every step rises (or falls): the largest one-sided p of the differences of neighbours, which needs no
/// further correction (intersection-union: Berger 1982). No p where a step cannot be tested.
struct StepTest {
  std::optional<double> p_rises, p_falls;
};
StepTest every_step(std::span<const TTest> steps);         ///< Of upper level minus lower.
std::vector<TTest> steps_by_seed(const SeedTable& table);  ///< Upper level minus lower, each paired by seed.

}  // namespace ablate
