// Which axes of a sampled design matter: shares of the variance of the score as a function of all axes.
#pragma once

#include <cstddef>
#include <vector>

#include "stats/noncentral.hpp"
#include "stats/observations.hpp"

namespace ablate {

/// The share of one axis, or of a pair beyond its axes.
struct FunctionalShare {
  std::vector<std::size_t> factors;  ///< Indices into Observations::factors: one, or two of a pair.
  /// Of all variance, noise included (Sobol' 1993: Var(E[score | axis]) / Var(score)). An unbiased estimate,
  /// so below 0 at times where there is no effect.
  double of_total = 0;
  Limits of_total_limits;
  double of_explained = 0;  ///< Of what all axes and pairs explain together.
  Limits of_explained_limits;
  /// Of one axis: its share and those of all pairs with it, of what is explained; interactions of three axes
  /// are not seen. NaN for a pair.
  double total_effect = 0;
  Limits total_effect_limits;
};

/// A decomposition over those runs that share the same axes.
struct FunctionalAnova {
  std::vector<std::size_t> factors;      ///< Those that apply to all of its runs and vary among them.
  std::vector<std::size_t> conditional;  ///< Those of them that do not apply to all runs of the sweep.
  std::size_t runs = 0;
  int main_degree = 0, pair_degree = 0;  ///< Of polynomials that the runs bear; 0: no such terms.
  double variance = 0;                   ///< Of the score, within seeds where runs share them.
  /// The share that neither axes nor pairs explain: noise, interactions of three axes, finer structure. This
  /// the data cannot tell apart.
  double unexplained = 0;
  Limits unexplained_limits;
  std::vector<FunctionalShare> shares;  ///< Axes in their order, then pairs; empty: too few runs to tell.
};

/// Shares under the distribution that the axes were sampled from: uniform between the ends of a continuous
/// axis, in the logarithm where it is logarithmic; levels of other axes weigh equally. Least squares of the
/// score on orthonormal functions of each axis and their products for pairs; a share is the sum of
/// (coefficient^2 - its variance) over the whole. The degree of the polynomials is the one with the least
/// generalised cross-validation (Craven and Wahba 1979) among those with at most half as many terms as runs.
/// Points need not be spread evenly: an optimiser's points only make the estimate less sure.
///
/// Limits hold with 95 %: Student's t on a jackknife that leaves out a twentieth of the points at a time
/// (delete-a-group, Kott 2001), cut to 0 .. 1. Runs without a score are left out.
///
/// The first result is over all runs, with the axes that apply to all. Where an axis applies to some runs
/// only, another one is over those, and its shares are inside of that branch. The same input always gives
/// the same numbers. Throws Error for a value outside of the range of its axis.
std::vector<FunctionalAnova> functional_anova(const Observations& observations);

}  // namespace ablate
