// A judge that shares nothing with the methods it judges: a robust cubic through one scan's log losses.
#pragma once

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "law/runs.hpp"

namespace ablate {

/// log loss = cubic in x = log2 lr and, when the runs have several batches, y = log2 batch, about the lowest
/// run; iteratively reweighted with Huber's scale 1e-3, over runs within `window` of the lowest loss.
class CubicSurface {
 public:
  CubicSurface(const std::vector<LawRun>& runs, double window) : runs_(runs) {
    for (const LawRun& run : runs_)
      if (!run.diverged && (best_ == nullptr || run.loss < best_->loss)) best_ = &run;
    std::vector<const LawRun*> used;
    for (const LawRun& run : runs_)
      if (!run.diverged && run.loss <= best_->loss * (1 + window)) used.push_back(&run);
    joint_ =
        std::any_of(used.begin(), used.end(), [&](const LawRun* run) { return run->batch != best_->batch; });
    fit(used);
    find_minimum(used);
  }
  double x() const { return x_; }  ///< log2 of the best rate.
  double y() const { return y_; }  ///< log2 of the best batch.
  /// Loss (fraction) above the surface's minimum, at a point that is first brought into the range tried.
  double regret(double lr, double batch) const {
    return std::expm1(at(std::clamp(std::log2(lr), x_low_, x_high_),
                         joint_ ? std::clamp(std::log2(batch), y_low_, y_high_) : y_) -
                      lowest_);
  }
  /// Loss (fraction) of the run made that is nearest to a point, above the lowest run.
  double nearest_run_regret(double lr, double batch) const {
    const LawRun* nearest = nullptr;
    double distance = std::numeric_limits<double>::infinity();
    for (const LawRun& run : runs_) {
      const double far = std::hypot(std::log2(run.lr / lr), joint_ ? std::log2(run.batch / batch) : 0);
      if (far < distance) distance = far, nearest = &run;
    }
    return nearest->loss / best_->loss - 1;
  }

 private:
  Eigen::VectorXd row(double x, double y) const {
    const double u = x - std::log2(best_->lr), v = joint_ ? y - std::log2(best_->batch) : 0;
    Eigen::VectorXd terms(joint_ ? 10 : 4);
    if (joint_)
      terms << 1, u, v, u * u, u * v, v * v, u * u * u, u * u * v, u * v * v, v * v * v;
    else
      terms << 1, u, u * u, u * u * u;
    return terms;
  }
  double at(double x, double y) const { return coefficients_.dot(row(x, y)); }

  void fit(const std::vector<const LawRun*>& used) {
    constexpr double kScale = 1e-3;
    Eigen::MatrixXd design(used.size(), joint_ ? 10 : 4);
    Eigen::VectorXd values(used.size()), weights = Eigen::VectorXd::Ones(used.size());
    for (std::size_t i = 0; i < used.size(); ++i) {
      design.row(i) = row(std::log2(used[i]->lr), std::log2(used[i]->batch)).transpose();
      values[i] = std::log(used[i]->loss);
    }
    for (int round = 0; round < 50; ++round) {
      const Eigen::VectorXd root = weights.cwiseSqrt();
      coefficients_ = (root.asDiagonal() * design).colPivHouseholderQr().solve(root.cwiseProduct(values));
      const Eigen::VectorXd residuals = values - design * coefficients_;
      for (Eigen::Index i = 0; i < weights.size(); ++i)
        weights[i] = std::min(1.0, kScale / std::max(1e-12, std::abs(residuals[i])));
    }
  }

  void find_minimum(const std::vector<const LawRun*>& used) {
    x_low_ = y_low_ = std::numeric_limits<double>::infinity();
    x_high_ = y_high_ = -x_low_;
    for (const LawRun* run : used) {
      x_low_ = std::min(x_low_, std::log2(run->lr)), x_high_ = std::max(x_high_, std::log2(run->lr));
      y_low_ = std::min(y_low_, std::log2(run->batch)), y_high_ = std::max(y_high_, std::log2(run->batch));
    }
    constexpr int kSteps = 200;
    lowest_ = std::numeric_limits<double>::infinity();
    for (int i = 0; i <= kSteps; ++i)
      for (int j = 0; j <= (joint_ ? kSteps : 0); ++j) {
        const double x = x_low_ + (x_high_ - x_low_) * i / kSteps;
        const double y = y_low_ + (y_high_ - y_low_) * j / kSteps;
        if (at(x, y) < lowest_) lowest_ = at(x, y), x_ = x, y_ = y;
      }
  }

  std::vector<LawRun> runs_;
  const LawRun* best_ = nullptr;
  bool joint_ = false;
  Eigen::VectorXd coefficients_;
  double x_ = 0, y_ = 0, lowest_ = 0, x_low_ = 0, x_high_ = 0, y_low_ = 0, y_high_ = 0;
};

}  // namespace ablate
