#include "law/information.hpp"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <map>

namespace ablate {

namespace {

/// Before any run an optimum is known to eight octaves, the loss to a factor of e.
const Eigen::Matrix3d kVagueKnowledge = Eigen::Vector3d(1, 1.0 / 64, 1.0 / 64).asDiagonal();

double variance_in(const Eigen::Matrix3d& information, int axis) {
  return Eigen::Matrix3d(information + kVagueKnowledge).inverse()(axis, axis);
}

}  // namespace

double CellKnowledge::variance_x() const {
  return std::max(variance_in(information, 1), edge_se_x * edge_se_x);
}
double CellKnowledge::variance_y() const {
  return std::max(variance_in(information, 2), edge_se_y * edge_se_y);
}

Eigen::Matrix3d run_information(const BowlFit& bowls, const CellKnowledge& cell, double x, double y) {
  constexpr double kHighest = 0.02, kLeastNoise = 1e-3;
  const double dy = bowls.joint ? y - cell.y : 0, t = x - cell.x - bowls.ridge * dy;
  if (bowls.rise(x - cell.x, dy) > kHighest) return Eigen::Matrix3d::Zero();
  const double slope = bowls.lr.slope(t);
  const Eigen::Vector3d gradient(1, -slope, bowls.joint ? bowls.ridge * slope - bowls.batch.slope(dy) : 0);
  return gradient * gradient.transpose() / std::pow(std::max(bowls.noise, kLeastNoise), 2);
}

TargetVariance::TargetVariance(const LawFit& fit, double params, double tokens)
    : fit_(fit), log2_params_(std::log2(params)), log2_tokens_(regression_tokens(params, tokens)) {}

double TargetVariance::variance(const std::vector<CellKnowledge>& cells, const LawRegression& law,
                                const LawPriors& priors, double (CellKnowledge::*error)() const) const {
  const double size_variance = std::pow(law.size_sd.value, 2), cell_variance = std::pow(law.cell_sd.value, 2);
  // As in the regression: cells of one size share an effect, which takes one rank from their information.
  struct SizeSums {
    double weight = 0;
    Eigen::Vector3d row = Eigen::Vector3d::Zero();
  };
  std::map<double, SizeSums> sizes;
  Eigen::Matrix3d information = Eigen::Matrix3d::Zero();
  for (const CellKnowledge& cell : cells) {
    const Eigen::Vector3d row(1, std::log2(cell.params) - log2_params_,
                              regression_tokens(cell.params, cell.tokens) - log2_tokens_);
    const double weight = 1 / (cell_variance + (cell.*error)());
    SizeSums& sums = sizes[cell.params];
    sums.weight += weight;
    sums.row += weight * row;
    information += weight * row * row.transpose();
  }
  for (const auto& [size, sums] : sizes)
    information -= size_variance / (1 + size_variance * sums.weight) * sums.row * sums.row.transpose();
  information.bottomRightCorner<2, 2>() += belief_of(weighed(priors, law)).covariance.inverse();
  // Columns are centred at the target: its mean is the constant.
  return information.inverse()(0, 0) + size_variance + cell_variance;
}

double TargetVariance::of_lr(const std::vector<CellKnowledge>& cells) const {
  return variance(cells, fit_.lr, lr_priors_for(fit_.joint, fit_.options), &CellKnowledge::variance_x);
}

double TargetVariance::of_batch(const std::vector<CellKnowledge>& cells) const {
  return variance(cells, *fit_.batch_law, batch_priors_for(fit_.options), &CellKnowledge::variance_y);
}

double TargetVariance::expected_rise(const std::vector<CellKnowledge>& cells) const {
  const double along_lr = 0.5 * fit_.bowls.lr.k * of_lr(cells);
  return fit_.batch_law ? along_lr + 0.5 * fit_.bowls.batch.k * of_batch(cells) : along_lr;
}

}  // namespace ablate
