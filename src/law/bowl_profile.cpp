#include "law/bowl_profile.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <vector>

#include "law/bowl_problem.hpp"

namespace ablate {

namespace {

constexpr double kHalfChiSquare95 = 1.92;  // Half of the 95 % quantile of chi^2 with one degree of freedom.
constexpr double kReach = 8;               // Octaves inwards within which the interval must end.

/// The runs of one scan in log2, with the cost of an optimum at (x, y) once the intercept is eliminated.
class ScanProfile {
 public:
  ScanProfile(std::span<const LawRun> runs, const BowlFit& fit, std::size_t scan) : fit_(fit) {
    std::vector<double> weights;
    for (const BowlResidual& residual : fit.residuals)
      if (residual.scan == scan) {
        runs_.push_back(&runs[residual.run]);
        weights.push_back(residual.weight);
      }
    weights_ = Eigen::Map<const Eigen::VectorXd>(weights.data(), static_cast<Eigen::Index>(weights.size()));
  }

  double cost(double x, double y) const {
    Eigen::VectorXd residuals(weights_.size());
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      const double dy = fit_.joint ? std::log2(runs_[i]->batch) - y : 0;
      const double rise = fit_.rise(std::log2(runs_[i]->lr) - x, dy);
      residuals[static_cast<Eigen::Index>(i)] = (std::log(runs_[i]->loss) - rise) / fit_.scale;
    }
    const double centre = robust_mean(residuals, weights_, residuals.minCoeff());
    double sum = 0;
    for (Eigen::Index i = 0; i < residuals.size(); ++i) sum += weights_[i] * huber(residuals[i] - centre);
    return sum * std::pow(fit_.scale / fit_.noise, 2);
  }

  /// The cost with one axis held at `value` and the other at its best near `other` (golden section).
  double profile(bool along_lr, double value, double other) const {
    const auto at = [&](double free) { return along_lr ? cost(value, free) : cost(free, value); };
    if (!fit_.joint) return at(other);
    constexpr double kGolden = 0.6180339887498949;
    double low = other - 3, high = other + 3;
    double a = high - kGolden * (high - low), b = low + kGolden * (high - low);
    double cost_a = at(a), cost_b = at(b);
    for (int i = 0; i < 24; ++i) {
      if (cost_a < cost_b) {
        high = std::exchange(b, a);
        cost_b = cost_a;
        cost_a = at(a = high - kGolden * (high - low));
      } else {
        low = std::exchange(a, b);
        cost_a = cost_b;
        cost_b = at(b = low + kGolden * (high - low));
      }
    }
    return std::min(cost_a, cost_b);
  }

 private:
  const BowlFit& fit_;
  std::vector<const LawRun*> runs_;
  Eigen::VectorXd weights_;
};

/// Where, inwards from the optimum, the profile has risen by the quantile; further by what misfit hides.
double inner_end(const ScanProfile& profile, bool along_lr, const ScanAxis& axis, double other) {
  constexpr double kHalfWidth95 = 1.959963984540054;
  const double inwards = axis.edge == LawEdge::high ? -1 : 1;
  const double limit = profile.profile(along_lr, axis.optimum, other) + kHalfChiSquare95;
  double inside = 0, outside = kReach;
  for (int i = 0; i < 24; ++i) {
    const double middle = 0.5 * (inside + outside);
    (profile.profile(along_lr, axis.optimum + inwards * middle, other) < limit ? inside : outside) = middle;
  }
  return axis.optimum +
         inwards * std::hypot(outside, kHalfWidth95 * axis.shape_se, kHalfWidth95 * axis.gap_se);
}

void widen(const ScanProfile& profile, bool along_lr, ScanAxis& axis, double other) {
  if (axis.edge == LawEdge::none) return;
  const double end = inner_end(profile, along_lr, axis, other);
  axis.interval = {};
  (axis.edge == LawEdge::high ? axis.interval.low : axis.interval.high) = end;
}

}  // namespace

void widen_edges(std::span<const LawRun> runs, BowlFit& fit) {
  for (std::size_t i = 0; i < fit.scans.size(); ++i) {
    ScanOptimum& scan = fit.scans[i];
    if (scan.lr.edge == LawEdge::none && scan.batch_axis.edge == LawEdge::none) continue;
    const ScanProfile profile(runs, fit, i);
    widen(profile, true, scan.lr, scan.batch_axis.optimum);
    if (fit.joint) widen(profile, false, scan.batch_axis, scan.lr.optimum);
  }
}

}  // namespace ablate
