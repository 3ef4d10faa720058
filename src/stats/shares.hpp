// How much of the variance of the score each factor and interaction accounts for, with intervals.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "stats/linear_model.hpp"
#include "stats/noncentral.hpp"
#include "stats/observations.hpp"

namespace ablate {

/// Sums of squares of a term: after all terms that do not contain it (two), or of contrasts between equally
/// weighted marginal means (three). The same in balanced designs.
enum class SquaresType { two, three };

/// One main effect or interaction. N: runs; MSe: mean square of its error. NaN: the design cannot tell.
struct Share {
  Term term;
  double ss = std::numeric_limits<double>::quiet_NaN();
  double df = 0;
  double error_ms = std::numeric_limits<double>::quiet_NaN();  ///< NaN: there is no estimate of the error,
  double error_df = 0;                                         ///< so neither unbiased shares nor limits.
  double f = std::numeric_limits<double>::quiet_NaN();
  std::optional<double> p;  ///< Of the F test; none where no test is possible.
  /// Shares of the whole sum of squares, seeds included: SS / SStotal, biased upwards by df MSe / SStotal;
  double eta2 = std::numeric_limits<double>::quiet_NaN();
  double omega2 = std::numeric_limits<double>::quiet_NaN();    ///< (SS - df MSe) / (SStotal + MSe);
  double epsilon2 = std::numeric_limits<double>::quiet_NaN();  ///< (SS - df MSe) / SStotal.
  double partial = std::numeric_limits<double>::quiet_NaN();   ///< SS / (SS + SSe); with limits
  Limits partial_limits;  ///< lambda / (lambda + N) from the noncentral F (Steiger 2004).
  /// Share within seeds: the unbiased estimate of the term's variance over that of everything but seeds. May
  /// be below 0 where there is no effect.
  double within = std::numeric_limits<double>::quiet_NaN();
  Limits within_limits;  ///< MSe lambda / N over itself and the estimates of all other entries.
};

/// Shares of one table of runs. `within` of all entries, `overlap` and `unexplained` add up to 1.
struct Shares {
  std::vector<Share> shares;  ///< In the order of the terms: main effects first.
  std::size_t runs = 0, num_seeds = 0;
  double total_ss = 0;   ///< About the mean, seeds included.
  double within_ss = 0;  ///< What is left of it within seeds; the same without shared seeds.
  double error_ss = 0, error_df = 0;
  double error_ms = std::numeric_limits<double>::quiet_NaN();
  double seeds = 0;  ///< Share of seeds in the total. It is no importance.
  /// What several terms explain and the design cannot tell apart; below 0 where terms hide each other. 0 in
  /// balanced designs, but for rounding.
  double overlap = std::numeric_limits<double>::quiet_NaN();
  double unexplained = std::numeric_limits<double>::quiet_NaN();  ///< Noise, and what is in no term.
};

/// What a term is judged against where it is not the residual.
struct TermError {
  double ms = std::numeric_limits<double>::quiet_NaN();
  double df = 0;
};

/// Shares of `terms` by least squares, every margin of a term being a term. `block` is the column of seeds,
/// which is fitted first and is no term. `errors`: one for each term, empty for the residual mean square.
Shares shares_of(const CodedRuns& runs, const std::vector<Term>& terms, std::optional<std::size_t> block,
                 SquaresType type = SquaresType::two, std::span<const TermError> errors = {},
                 double level = 0.95);

/// Shares over those runs that the same factors apply to.
struct BranchShares {
  std::vector<std::size_t> factors;      ///< Of Observations; a term's columns are indices into these.
  std::vector<std::size_t> conditional;  ///< Those of them that do not apply to all runs.
  Shares shares;
};

/// Shares of a sweep over grids: first of the factors that apply to all runs, then inside of the branch of
/// each factor that applies to some. Sums of squares are of type II. Interactions are of the highest order,
/// three at most, that the runs can tell and that leaves an error. Seeds that several runs share are blocks;
/// where three or more of them ran every cell, main effects and pairs are judged against term x seed, as
/// contrasts and interactions are; elsewhere those that differ between seeds (kPooledAbove). Continuous
/// factors are left out: functional_anova() has them. Runs without score are left out.
std::vector<BranchShares> factor_shares(const Observations& observations, double level = 0.95);

/// One change from a baseline.
struct ChangeShare {
  double share = 0;            ///< Of the sum of squared effects. It speaks of this change, not of its axis.
  double unbiased_square = 0;  ///< effect^2 - se^2; below 0 where there is no effect.
};
/// Of one-at-a-time designs, where nothing else can be told. NaN where an effect or a standard error is.
std::vector<ChangeShare> change_shares(std::span<const double> effects,
                                       std::span<const double> standard_errors);

}  // namespace ablate
