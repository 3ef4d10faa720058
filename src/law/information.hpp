// What runs that are not made yet would tell: linear approximations around a fit.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "law/law_core.hpp"

namespace ablate {

/// What is known of one cell: the information matrix of (log loss at the optimum, x*, y*), in log2.
struct CellKnowledge {
  double params = 0, tokens = 0;
  double x = 0, y = 0;  ///< Where the optimum is thought to be; y is the batch itself where that is fixed.
  Eigen::Matrix3d information = Eigen::Matrix3d::Zero();
  double edge_se_x = 0, edge_se_y = 0;  ///< Errors are never below these (an edge not yet bracketed).

  double variance_x() const;
  double variance_y() const;
};

/// Information of one run at (log2 lr, log2 batch); nothing where the bowl has risen by more than 2 %, where
/// its shape is not known well enough to locate its bottom.
Eigen::Matrix3d run_information(const BowlFit& bowls, const CellKnowledge& cell, double x, double y);

/// The predictive variances of a target's best rate and batch, with the spreads of the regression held at
/// their means.
class TargetVariance {
 public:
  TargetVariance(const LawFit& fit, double params, double tokens);
  /// In log2 squared.
  double of_lr(const std::vector<CellKnowledge>& cells) const;
  double of_batch(const std::vector<CellKnowledge>& cells) const;
  /// About the expected rise of loss: half of curvature times variance, over both axes.
  double expected_rise(const std::vector<CellKnowledge>& cells) const;

 private:
  double variance(const std::vector<CellKnowledge>& cells, const LawRegression& law, const LawPriors& priors,
                  double (CellKnowledge::*error)() const) const;
  const LawFit& fit_;
  double log2_params_, log2_tokens_;
};

}  // namespace ablate
