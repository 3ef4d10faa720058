// What a level is better than another by: every pair of levels of every factor, each with an interval, by the
// estimator that the design calls for.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "config/names.hpp"
#include "stats/design.hpp"
#include "stats/significance.hpp"
#include "stats/spread.hpp"

namespace ablate {

/// How a difference of levels and its error are had. In all of them settings of the other factors weigh
/// alike.
enum class Estimator {
  strata,  ///< Means of level and seed; factor x seed is the error, one for all pairs of a factor.
  paired,  ///< One difference for each seed, over the settings that both levels have there; t.
  blocks,  ///< Least squares, the seed (or the shared stage) as block, one pooled error.
  model,   ///< Least squares without blocks: runs with seeds of their own.
  welch,   ///< One factor, seeds of their own, each pair with the spread of its two levels.
  highest_interaction,  ///< One run a cell: interactions that the model leaves out are the error.
  additive,             ///< Least squares of main effects alone; all interactions are in the error.
  lenth,                ///< One run a cell, two levels each: the small effects are the error.
  one_at_a_time,        ///< Least squares of changes from a baseline, the seed as block where it is shared.
};

template <>
std::span<const Named<Estimator>> names_of<Estimator>();

struct ContrastOptions {
  std::optional<Estimator> estimator;  ///< None: the one that the design calls for.
  std::optional<std::size_t>
      order;            ///< The highest interactions of a least-squares model; none: as estimable.
  double level = 0.95;  ///< Of intervals.
  /// For each factor the level that the others are compared with; none: all pairs. Empty: all pairs of all
  /// factors, but for a one-at-a-time design, whose baseline is found.
  std::vector<std::optional<std::size_t>> baselines;
};

/// Of one level, over equally weighted settings of the other factors.
struct MarginalMean {
  std::size_t level = 0;
  TTest mean;  ///< `estimate`, `se`, `df` and the interval; t and p are against 0 and mean nothing.
};

/// Level `a` minus level `b`.
struct Contrast {
  std::size_t a = 0, b = 0;
  TTest difference;
  std::optional<double> p_holm_factor;  ///< Over the contrasts of this factor.
  std::optional<double> p_holm;         ///< Over the contrasts of all factors.
  std::size_t seeds = 0;                ///< Differences that a paired test has; 0 with other estimators.
  double sd = std::numeric_limits<double>::quiet_NaN();  ///< Of those differences.
};

struct FactorContrasts {
  std::size_t factor = 0;
  Estimator estimator = Estimator::model;
  std::size_t order = 1;     ///< Of the interactions that a least-squares model has.
  std::string error;         ///< What the error is made of, in words: "resolution x seed".
  bool these_seeds = false;  ///< Intervals of means speak of these seeds only, not of seeds in general.
  std::vector<MarginalMean> means;
  std::vector<Contrast> contrasts;
  FTest seed_interaction;  ///< Factor x seed against the rest; where each cell has each seed.
  /// Where one error is pooled over all levels, and their spread is plainly unlike.
  std::optional<UnlikeSpread> unlike_spread;
  FTest additivity;      ///< Tukey's one degree of freedom; of two factors with one run a cell.
  FailureTest failures;  ///< Do runs fail at one level more than at another?
  std::vector<FailureCount> failure_counts;  ///< Of each level.
  std::vector<std::string> notes;            ///< Sentences: why this estimator, what cannot be told.
};

struct Contrasts {
  std::vector<FactorContrasts> factors;  ///< Those with two levels or more, in the order of the sweep.
  std::size_t family = 0;                ///< Contrasts that have a p: Holm's m over all factors.
  std::vector<std::string> notes;        ///< Of the design as a whole.
  const FactorContrasts* of(std::size_t factor) const;  ///< Null: it has fewer than two levels.
};

/// Runs without a score are left out; failed ones are counted. Throws Error where an estimator that was asked
/// for does not fit the design.
Contrasts contrasts_of(const Designs& sweep, const ContrastOptions& options = {});

/// Holm over the contrasts of each factor and of all factors: done by contrasts_of(), and again by those who
/// leave contrasts out.
void correct(Contrasts& contrasts);

/// F tests of the interaction of two factors, type II.
struct Interaction {
  std::size_t a = 0, b = 0;
  double ss = std::numeric_limits<double>::quiet_NaN();
  /// Against the pooled error of least squares (all interactions where every cell ran under every seed, else
  /// two-factor ones; seeds or shared stages as blocks): right where seeds shift all cells alike.
  FTest test;
  /// Against interaction x seed, the stratum of the interaction: right where seeds act on it, too. Where
  /// every cell ran under each of three seeds or more; no p otherwise.
  FTest by_seed;
  const FTest& preferred() const { return by_seed.p ? by_seed : test; }
};
std::vector<Interaction> interactions_of(const Designs& sweep);

}  // namespace ablate
