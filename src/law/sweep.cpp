#include <algorithm>
#include <cmath>
#include <map>

#include "law/propose.hpp"

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

std::vector<std::size_t> survivors(std::span<const RungLoss> runs, const HalvingRule& rule) {
  const auto loss = [&](std::size_t i) {
    return std::isfinite(runs[i].loss) ? runs[i].loss : std::numeric_limits<double>::infinity();
  };
  std::vector<std::size_t> by_loss(runs.size()), by_rate(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) by_loss[i] = by_rate[i] = i;
  std::stable_sort(by_loss.begin(), by_loss.end(),
                   [&](std::size_t a, std::size_t b) { return loss(a) < loss(b); });
  std::stable_sort(by_rate.begin(), by_rate.end(),
                   [&](std::size_t a, std::size_t b) { return runs[a].lr < runs[b].lr; });
  if (runs.empty() || !std::isfinite(loss(by_loss.front()))) return {};
  const std::size_t best = by_loss.front();
  const auto kept = static_cast<std::size_t>(std::ceil(rule.keep * static_cast<double>(runs.size())));
  std::vector<bool> goes_on(runs.size(), false);
  for (std::size_t rank = 0; rank < runs.size(); ++rank)
    goes_on[by_loss[rank]] = rank < kept || loss(by_loss[rank]) <= loss(best) * (1 + rule.margin);
  for (std::size_t rank = 0; rank < runs.size(); ++rank) {
    if (by_rate[rank] != best) continue;
    if (rank > 0) goes_on[by_rate[rank - 1]] = true;
    if (rank + 1 < runs.size()) goes_on[by_rate[rank + 1]] = true;
  }
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < runs.size(); ++i)
    if (goes_on[i] && std::isfinite(loss(i))) indices.push_back(i);
  return indices;
}

}  // namespace ablate
