// The two stages together: bowls, then the regression through their optima. What fit, checks and forecasts
// share.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "law/law.hpp"

namespace ablate {

struct LawCore {
  BowlFit bowls;
  std::vector<LawObservation> lr_observations, batch_observations;
  std::optional<LawRegression> lr;     ///< Empty when no scan could be fitted.
  std::optional<LawRegression> batch;  ///< Where the batch is part of the law.
};

LawPriors lr_priors_for(bool joint, const LawOptions& options);
LawPriors batch_priors_for(const LawOptions& options);

/// `runs` are clean and, unless joint, of the batches that the law is for.
LawCore fit_core(std::span<const LawRun> runs, bool joint, const LawOptions& options);
/// From a table of optima.
LawCore fit_core(std::span<const LawOptimum> optima, bool joint, const LawOptions& options);

/// log2 D as the regression takes it: that of N where D is unknown.
double regression_tokens(double params, double tokens);

/// The standard error with which the regression takes a scan's optimum: without the part that is owed to the
/// scan's own shape, which is in its spread between scans.
double regression_se(const ScanAxis& axis);

/// Best rate and batch of one target by a core.
LawDistribution lr_at(const LawCore& core, double params, double tokens);

/// Which runs a law at one batch is fitted to; see BatchMode.
struct BatchChoice {
  bool joint = false;
  double batch = 0;  ///< 0: tuned, unknown, or one that goes with the size.
  std::vector<LawRun> runs;
  std::vector<LawFinding> findings;
  std::string why;
};
/// Throws Error for an options.batch that no run has, or a tuned law without batches.
BatchChoice choose_batch(const std::vector<LawRun>& runs, const LawOptions& options);
/// Runs with this batch, within 2 %.
std::vector<LawRun> runs_at_batch(std::span<const LawRun> runs, double batch);

std::vector<double> distinct_sizes(std::span<const LawRun> runs);

/// What can be said only after the fit: edges, grids, scans left out, convexity, exponents against priors.
std::vector<LawFinding> check_fit(const LawFit& fit, const LawCore& core);

/// Every method without the scans of the largest size, held against them. Empty with one size, or when
/// nothing of the rest or of the largest can be fitted.
std::vector<HoldoutResult> leave_largest_out(const LawFit& fit);

}  // namespace ablate
