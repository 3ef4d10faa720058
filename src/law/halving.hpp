// When to end a rate that cannot win before its run ends.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ablate {

/// Successive halving on loss curves (Jamieson and Talwalkar 2016), careful in two ways, since high rates
/// look worse before the rate has decayed: a rate within `margin` of the best goes on, and so do the
/// neighbours of the best.
struct HalvingRule {
  std::vector<double> rungs = {0.25, 0.5};  ///< Shares of a run at which rates are compared.
  double keep = 0.5;                        ///< This share goes on, rounded up.
  double margin = 0.02;                     ///< As a fraction of the loss.
};
/// A rate that is being trained: its loss at the rung; NaN when it diverged.
struct RungLoss {
  double lr = 0;
  double loss = 0;
};
/// Which of `runs` (indices, ascending) go on after a rung.
std::vector<std::size_t> survivors(std::span<const RungLoss> runs, const HalvingRule& rule);

}  // namespace ablate
