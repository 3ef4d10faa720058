// What runs of one seed have in common, whatever their rate: it is no matter of the rates.
#pragma once

#include <span>
#include <vector>

#include "law/runs.hpp"

namespace ablate {

/// What was found of the seeds of a scan.
struct SeedEffects {
  /// Of the degrees of freedom of repeats those that are left when the seeds' are taken off. 0 to 1.
  double share = 1;
  std::size_t groups = 0;  ///< Of seeds that share rates with one another; more than one: not all compare.
};

/// Subtracts from the losses of runs of one size and token count what their seed adds, in nats, by least
/// squares of setting + seed over the settings (batch, rate, ...) that seeds share, in which a run far from
/// other seeds' counts less; the seeds of a group add nothing on average. Where every seed has every rate,
/// means over seeds stay as they are. Runs without a seed, and those that diverged, stay as they are.
SeedEffects remove_seed_effects(std::span<LawRun> scan);

/// The same runs without what each seed usually adds: its median over the settings that it shares with
/// other seeds, two of them at least, so that a setting at which one seed alone diverges moves nothing
/// (median polish; Tukey, Exploratory Data Analysis, 1977, chapter 11). This tells what diverged; the least
/// squares above, which are more precise, are for runs that did not.
std::vector<LawRun> without_usual_seed_effects(std::span<const LawRun> scan);

}  // namespace ablate
