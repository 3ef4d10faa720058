// What runs that are not made yet would tell: linear approximations around a fit.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "law/law_core.hpp"

namespace ablate {

/// What the fit knows of one scan, or would know of it with runs that are not made yet: the information
/// matrix of (log loss at the optimum, x*, y*), in log2, from those runs that the fit's window takes.
struct ScanKnowledge {
  double params = 0, tokens = 0;
  double x = 0, y = 0;     ///< Where the optimum is thought to be; y is the batch itself where that is fixed.
  double lowest_loss = 1;  ///< That the bowl expects at the optimum.
  std::vector<LawRun> runs;  ///< Made, and imagined with the loss that is expected of them.
  Eigen::Matrix3d information = Eigen::Matrix3d::Zero();  ///< Zero: the fit leaves the scan out.
  ScanAxis rates, batches;  ///< Of the runs made and imagined, at (x, y): range, edges and misfit.

  double variance_x() const;
  double variance_y() const;
};

/// Sets information and edges from the scan's runs, by the window and the edges of the fit.
void take_runs(const LawFit& fit, ScanKnowledge& scan);

/// The loss to expect of a run at (log2 lr, log2 batch): that of the bowl at the far end of what is known of
/// the optimum, or more where runs of that batch say so (losses are convex along the rate; above one that
/// diverged all do). Infinite: divergence.
double expected_loss(const BowlFit& bowls, const ScanKnowledge& scan, double x, double y);

/// The scan once a run of this loss is made there as well.
ScanKnowledge with_loss(const LawFit& fit, ScanKnowledge scan, double x, double y, double loss);

/// The scan once a run of the expected loss is made there as well. The same knowledge where the fit would
/// throw the run away: its loss is not expected well within the window.
ScanKnowledge with_run(const LawFit& fit, const ScanKnowledge& scan, double x, double y);

/// The predictive variances of a target's best rate and batch, with the spreads of the regression held at
/// their means.
class TargetVariance {
 public:
  TargetVariance(const LawFit& fit, double params, double tokens);
  /// In log2 squared.
  double of_lr(const std::vector<ScanKnowledge>& scans) const;
  double of_batch(const std::vector<ScanKnowledge>& scans) const;
  /// About the expected rise of loss: half of curvature times variance, over both axes.
  double expected_rise(const std::vector<ScanKnowledge>& scans) const;

 private:
  double variance(const std::vector<ScanKnowledge>& scans, const LawRegression& law, const LawPriors& priors,
                  double (ScanKnowledge::*error)() const) const;
  const LawFit& fit_;
  double log2_params_, log2_tokens_;
};

}  // namespace ablate
