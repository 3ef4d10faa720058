// What runs say of a claim: supported, refuted, or undecided and what would decide it.
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/claim.hpp"
#include "config/names.hpp"
#include "stats/observations.hpp"
#include "stats/power.hpp"

namespace ablate {

enum class ClaimState { supported, refuted, undecided };
template <>
std::span<const Named<ClaimState>> names_of<ClaimState>();

/// The evidence for one claim, before the others of its sweep are corrected for.
///
/// - better: the difference d of the two levels, "better" counted as positive; two-sided t of d against the
/// margin.
/// - no_difference: supported by the largest of the pairs' equivalence tests (intersection-union), refuted by
/// the
///   smallest two-sided p of |d| above the margin, times the number of pairs (Bonferroni).
/// - outweighs: of two-level axes outweighs(), twice the one-sided p; of others twice the probability of the
///   reverse order, order_probabilities(). The difference is |effect of the first| - |effect of the second|
///   in the former case, and none in the latter.
/// - rises, falls: supported by the largest one-sided p of the steps (intersection-union), refuted by the
/// smallest
///   one-sided p of a step the other way, times the number of steps. The difference is that of the step which
///   is the least sure.
/// - interaction: F test. That there is none cannot be shown without a margin, so it is never refuted.
struct Evidence {
  std::optional<double> p_supported, p_refuted;                ///< None: no test is possible; `why` says so.
  double estimate = std::numeric_limits<double>::quiet_NaN();  ///< The difference in the units of the score,
  double low = std::numeric_limits<double>::quiet_NaN();       ///< with its 95 % interval.
  double high = std::numeric_limits<double>::quiet_NaN();
  std::string of;                           ///< What the difference is of: "c-abstractor - mlp".
  std::string estimator;                    ///< "strata"
  std::string why;                          ///< Why nothing can be told, in words; empty: something can.
  std::vector<std::string> warnings;        ///< What to know before it is trusted.
  std::optional<SeedsNeeded> seeds_needed;  ///< For 80 % power, were the true difference the estimate.
};

/// Throws Error naming an axis or level that the runs do not have. `runs` are those of the claim's score.
Evidence weigh(const Claim& claim, const Observations& runs);

/// With Holm's correction over all claims of a sweep: of each the smaller of its two p.
struct ClaimVerdict {
  Evidence evidence;
  std::optional<double> p_holm;
  ClaimState verdict = ClaimState::undecided;
};
std::vector<ClaimVerdict> judge(std::vector<Evidence> all, double alpha = 0.05);

}  // namespace ablate
