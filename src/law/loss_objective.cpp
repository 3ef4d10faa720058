#include "law/loss_objective.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "law/bowl_problem.hpp"

namespace ablate {

LossObjective::LossObjective(std::span<const LossPoint> points) {
  const auto count = static_cast<Eigen::Index>(points.size());
  n_.resize(count), d_.resize(count), log_loss_.resize(count), weight_.resize(count);
  for (Eigen::Index i = 0; i < count; ++i) {
    const LossPoint& point = points[static_cast<std::size_t>(i)];
    n_[i] = std::log(point.params);
    d_[i] = std::log(point.tokens);
    log_loss_[i] = std::log(point.loss);
    weight_[i] = point.weight;
  }
  n_ -= mean_n_ = n_.mean();
  d_ -= mean_d_ = d_.mean();
  log_loss_ -= mean_loss_ = log_loss_.mean();
}

Eigen::ArrayXd LossObjective::terms(const LossTheta& theta,
                                    Eigen::Array<double, Eigen::Dynamic, 5>& jacobian) const {
  const Eigen::ArrayXd size = (theta[0] - theta[3] * n_).exp(), data = (theta[1] - theta[4] * d_).exp();
  const Eigen::ArrayXd total = size + data + std::exp(theta[2]);
  jacobian.resize(n_.size(), 5);
  jacobian.col(0) = size / total;
  jacobian.col(1) = data / total;
  jacobian.col(2) = std::exp(theta[2]) / total;
  jacobian.col(3) = -n_ * jacobian.col(0);
  jacobian.col(4) = -d_ * jacobian.col(1);
  return log_loss_ - total.log();
}

Eigen::ArrayXd LossObjective::residuals(const LossTheta& theta) const {
  Eigen::Array<double, Eigen::Dynamic, 5> jacobian;
  return terms(theta, jacobian);
}

double LossObjective::at(const LossTheta& theta, LossTheta* gradient) const {
  Eigen::Array<double, Eigen::Dynamic, 5> jacobian;
  const Eigen::ArrayXd scaled = terms(theta, jacobian) / kHuberScale;
  double sum = 0;
  for (Eigen::Index i = 0; i < scaled.size(); ++i) sum += weight_[i] * huber(scaled[i]);
  if (gradient != nullptr) {
    const Eigen::VectorXd pull = -(weight_ * scaled.max(-1.0).min(1.0)).matrix() * kHuberScale;
    *gradient = jacobian.matrix().transpose() * pull;
  }
  return sum * kHuberScale * kHuberScale;
}

LossTheta LossObjective::damped_step(const LossTheta& theta, double damping) const {
  Eigen::Array<double, Eigen::Dynamic, 5> jacobian;
  const Eigen::ArrayXd residual = terms(theta, jacobian);
  const Eigen::ArrayXd weight = weight_ / (residual.abs() / kHuberScale).max(1.0);
  const Eigen::MatrixXd weighted = (jacobian.colwise() * weight).matrix();
  Eigen::Matrix<double, 5, 5> matrix = weighted.transpose() * jacobian.matrix();
  const LossTheta downhill = weighted.transpose() * residual.matrix();
  matrix.diagonal() += damping * matrix.diagonal() + LossTheta::Constant(1e-12 * matrix.trace());
  return theta + matrix.ldlt().solve(downhill);
}

LossLaw LossObjective::law(const LossTheta& theta) const {
  LossLaw law;
  law.alpha = theta[3];
  law.beta = theta[4];
  law.a = std::exp(theta[0] + theta[3] * mean_n_ + mean_loss_);
  law.b = std::exp(theta[1] + theta[4] * mean_d_ + mean_loss_);
  law.e = std::exp(theta[2] + mean_loss_);
  return law;
}

LossTheta LossObjective::theta(const LossLaw& law) const {
  LossTheta theta;
  theta << std::log(law.a) - law.alpha * mean_n_ - mean_loss_,
      std::log(law.b) - law.beta * mean_d_ - mean_loss_, std::log(law.e) - mean_loss_, law.alpha, law.beta;
  return theta;
}

LossTheta descend(const LossObjective& objective, LossTheta theta) {
  constexpr int kMaxSteps = 300;
  double value = objective.at(theta, nullptr), damping = 1e-2;
  int idle = 0;
  for (int i = 0; i < kMaxSteps && damping < 1e8; ++i) {
    const LossTheta next = objective.damped_step(theta, damping);
    const double reached = next.allFinite() ? objective.at(next, nullptr) : value;
    if (!(reached < value)) {
      damping *= 8;
      continue;
    }
    idle = value - reached < 1e-9 * value ? idle + 1 : 0;
    theta = next;
    value = reached;
    damping = std::max(1e-9, damping / 5);
    if (idle >= 3) break;
  }
  return theta;
}

LossTheta polish(const LossObjective& objective, LossTheta theta) {
  constexpr int kMaxSteps = 2000;
  Eigen::Matrix<double, 5, 5> inverse = Eigen::Matrix<double, 5, 5>::Identity();
  LossTheta gradient;
  double value = objective.at(theta, &gradient);
  bool fresh = true;  // The inverse still has no scale.
  int idle = 0;       // Steps in a row that gained nothing but rounding.
  for (int i = 0; i < kMaxSteps && idle < 20 && gradient.norm() > 1e-10 * value; ++i) {
    LossTheta direction = -inverse * gradient;
    if (direction.dot(gradient) >= 0) {
      if (fresh) break;
      inverse.setIdentity();
      fresh = true;
      continue;
    }
    if (fresh) direction *= 1e-3 / direction.norm();
    double length = 1, reached = 0;
    LossTheta next, next_gradient;
    for (; length > 1e-14; length *= 0.5) {
      next = theta + length * direction;
      reached = objective.at(next, &next_gradient);
      if (reached <= value + 1e-4 * length * direction.dot(gradient)) break;
    }
    if (length <= 1e-14) {
      if (fresh) break;
      inverse.setIdentity();
      fresh = true;
      continue;
    }
    const LossTheta step = next - theta, change = next_gradient - gradient;
    const double curvature = step.dot(change);
    if (curvature > 1e-14 * step.norm() * change.norm()) {
      if (fresh) inverse *= curvature / change.squaredNorm();
      const LossTheta moved = inverse * change;
      inverse += (1 + change.dot(moved) / curvature) / curvature * step * step.transpose() -
                 (moved * step.transpose() + step * moved.transpose()) / curvature;
      fresh = false;
    }
    idle = value - reached < 1e-13 * value ? idle + 1 : 0;
    theta = next;
    gradient = next_gradient;
    value = reached;
  }
  return theta;
}

}  // namespace ablate
