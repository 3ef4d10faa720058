#include "law/bracket.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ablate {

namespace {

constexpr double kSameRate = 0.2;  // log2: closer rates are one rate on somebody's rounded grid.

/// One sweep in octaves from its start.
class BracketSearch {
 public:
  BracketSearch(std::span<const SweepPoint> points, double start, const SweepLimits& limits)
      : low_(std::log2(limits.lr_min / start)), high_(std::log2(limits.lr_max / start)) {
    for (const SweepPoint& point : points) {
      const double loss = std::isfinite(point.loss) ? point.loss : std::numeric_limits<double>::infinity();
      points_.push_back({std::log2(point.lr / start), loss});
    }
  }

  /// The next offset to try.
  std::optional<double> next() const {
    if (points_.empty()) return std::clamp(0.0, low_, high_);
    const SweepOffset best = best_at_octaves();
    // Towards the side that is already known to be no worse, downward first: the high side diverges.
    for (const double step : {-1.0, 1.0})
      if (wanted(best.offset + step)) return best.offset + step;
    const double first = loss_at(best.offset + 1) < loss_at(best.offset - 1) ? 0.5 : -0.5;
    for (const double step : {first, -first})
      if (wanted(best.offset + step)) return best.offset + step;
    return std::nullopt;
  }

 private:
  struct SweepOffset {
    double offset = 0, loss = 0;
  };
  bool wanted(double offset) const {
    const auto same = [&](const SweepOffset& point) { return std::abs(point.offset - offset) < kSameRate; };
    return offset > low_ - kSameRate && offset < high_ + kSameRate &&
           std::none_of(points_.begin(), points_.end(), same);
  }
  double loss_at(double offset) const {
    for (const SweepOffset& point : points_)
      if (std::abs(point.offset - offset) < kSameRate) return point.loss;
    return std::numeric_limits<double>::infinity();
  }
  /// The best of the points that are whole octaves from the first: the bracket stands on those.
  SweepOffset best_at_octaves() const {
    SweepOffset best = points_.front();
    for (const SweepOffset& point : points_) {
      const double from_first = point.offset - points_.front().offset;
      const bool whole = std::abs(from_first - std::round(from_first)) < kSameRate;
      if (whole && point.loss < best.loss) best = point;
    }
    return best;
  }

  double low_, high_;
  std::vector<SweepOffset> points_;
};

}  // namespace

std::optional<double> next_rate(std::span<const SweepPoint> points, double start, const SweepLimits& limits) {
  const std::optional<double> offset = BracketSearch(points, start, limits).next();
  return offset ? std::optional(start * std::exp2(*offset)) : std::nullopt;
}

}  // namespace ablate
