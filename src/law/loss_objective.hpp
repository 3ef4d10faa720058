// The objective of the loss law on centred logarithms, with its gradient, and a minimiser for it.
#pragma once

#include <Eigen/Core>
#include <span>

#include "law/loss_law.hpp"

namespace ablate {

/// log A, log B, log E, alpha, beta on centred data.
using LossTheta = Eigen::Matrix<double, 5, 1>;

/// sum w huber(log L - logsumexp(a - alpha n, b - beta d, e)), n = log N - mean, d = log D - mean, log L less
/// its mean: so no unit of N, D or L matters to the arithmetic.
class LossObjective {
 public:
  explicit LossObjective(std::span<const LossPoint> points);
  /// Value; and the gradient where it is wanted.
  double at(const LossTheta& theta, LossTheta* gradient) const;
  /// The law for raw N, D and loss.
  LossLaw law(const LossTheta& theta) const;
  LossTheta theta(const LossLaw& law) const;
  /// Log-loss residuals.
  Eigen::ArrayXd residuals(const LossTheta& theta) const;

  /// A step of iteratively reweighted Gauss-Newton with `damping` (Levenberg and Marquardt).
  LossTheta damped_step(const LossTheta& theta, double damping) const;
  /// Centred logarithm of the lowest loss: no E lies above it.
  double lowest() const { return log_loss_.minCoeff(); }

 private:
  Eigen::ArrayXd terms(const LossTheta& theta, Eigen::Array<double, Eigen::Dynamic, 5>& jacobian) const;

  Eigen::ArrayXd n_, d_, log_loss_, weight_;
  double mean_n_ = 0, mean_d_ = 0, mean_loss_ = 0;
};

/// Quick: reweighted Gauss-Newton until three steps in a row gain less than 1e-9 of the objective.
LossTheta descend(const LossObjective& objective, LossTheta theta);
/// Exact: BFGS from `theta` until the gradient is 1e-10 of the objective or steps gain only rounding.
LossTheta polish(const LossObjective& objective, LossTheta theta);

}  // namespace ablate
