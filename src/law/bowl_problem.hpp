// The least-squares problem of the bowl fit: residuals, derivatives, and Levenberg and Marquardt.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <vector>

#include "law/arrow_matrix.hpp"
#include "law/bowl.hpp"

namespace ablate {

/// The least of Huber's scales, in log loss: about what runs of public searches differ by.
inline constexpr double kHuberScale = 1e-3;

/// Where the parameters stand. Shape first, then x* and y* of each scan; y* is held where the batch is not
/// fitted.
enum BowlParameter : int { kLogP, kLogQ, kLogK, kRidge, kLogP2, kLogQ2, kLogK2, kShapeParameters };
static_assert(int{kShapeParameters} == ArrowMatrix::kShape);

struct BowlPoint {
  int scan = 0;
  double x = 0, y = 0;  ///< log2 of rate and batch.
  double log_loss = 0;  ///< Natural logarithm.
  double weight = 1;
};

struct BowlProblem {
  std::vector<BowlPoint> points;
  int scans = 0;
  bool joint = false;
  double scale =
      kHuberScale;  ///< Huber's, in log loss: residuals beyond it count by their size, not its square.
  Eigen::VectorXd start, low, high;  ///< Bounds of each parameter; a fixed one has low = high.

  int parameters() const { return kShapeParameters + 2 * scans; }
  static int x_of(int scan) { return kShapeParameters + 2 * scan; }
  static int y_of(int scan) { return kShapeParameters + 2 * scan + 1; }
  Bowl lr_bowl(const Eigen::VectorXd& theta) const;
  Bowl batch_bowl(const Eigen::VectorXd& theta) const;
};

struct BowlSolution {
  Eigen::VectorXd theta;
  Eigen::VectorXd intercepts;     ///< Log loss at each scan's optimum.
  Eigen::VectorXd residuals;      ///< Observed minus fitted log loss of each point.
  ArrowMatrix data_hessian;       ///< In units of the scale, intercepts eliminated.
  Eigen::VectorXd prior_hessian;  ///< Of the pulls on the shape: a diagonal.
  int iterations = 0;
};

BowlSolution solve(const BowlProblem& problem);

/// How much one run's log loss lies above its scan's optimum, with the derivatives by the shape, in the order
/// of BowlParameter, and by the scan's own x* and y*.
struct BowlRise {
  static constexpr int kX = kShapeParameters, kY = kShapeParameters + 1;
  double value = 0;
  Eigen::Matrix<double, ArrowMatrix::kShape + ArrowMatrix::kScan, 1> by =
      Eigen::Matrix<double, ArrowMatrix::kShape + ArrowMatrix::kScan, 1>::Zero();
};
/// For a run whose rate and batch are (dx, dy) octaves off the optimum; `batch` null: it is not fitted.
BowlRise rise_at(const Bowl& lr, const Bowl* batch, double ridge, double dx, double dy);

/// Huber's loss of u, and its weight psi(u)/u.
double huber(double u);
double huber_weight(double u);

/// The median of Huber: the c that minimises sum w huber(values - c), from `start`. Values in residual units.
double robust_mean(const Eigen::VectorXd& values, const Eigen::VectorXd& weights, double start);

}  // namespace ablate
