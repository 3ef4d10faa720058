// Which rate to try next where runs differ in the rate alone.
#pragma once

#include <limits>
#include <optional>
#include <span>

namespace ablate {

/// One finished run of a single sweep.
struct SweepPoint {
  double lr = 0;
  double loss = 0;  ///< NaN or infinite: diverged.
};
struct SweepLimits {
  double lr_min = 0;
  double lr_max = std::numeric_limits<double>::infinity();
};
/// The next rate of one sweep, or nothing when it is done: start at `start`, step by factors of 2 until both
/// neighbours of the best are worse, then try sqrt(2) on either side of it. Rates outside the limits count as
/// worse. Pure: the same points give the same answer.
std::optional<double> next_rate(std::span<const SweepPoint> points, double start, const SweepLimits& limits);

}  // namespace ablate
