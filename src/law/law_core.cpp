#include "law/law_core.hpp"

#include <algorithm>
#include <cmath>

namespace ablate {

namespace {

/// Optima found by hand on a grid of sqrt(2): a uniform distribution of half an octave.
const double kTableSe = 0.5 / std::sqrt(12.0);

LawObservation observation_of(double params, double tokens, double value, double se) {
  return {std::log2(params), regression_tokens(params, tokens), value, se};
}

void fit_regressions(LawCore& core, bool joint, const LawOptions& options) {
  if (core.lr_observations.empty()) return;
  core.lr = fit_regression(core.lr_observations, lr_priors_for(joint, options));
  if (joint) core.batch = fit_regression(core.batch_observations, batch_priors_for(options));
}

}  // namespace

double regression_tokens(double params, double tokens) { return std::log2(tokens > 0 ? tokens : params); }

double regression_se(const ScanAxis& axis) {
  if (axis.edge != LawEdge::none) return axis.se;
  return std::sqrt(axis.se * axis.se - axis.shape_se * axis.shape_se);
}

LawPriors lr_priors_for(bool joint, const LawOptions& options) {
  const LawPriors priors = joint ? lr_priors() : lr_priors_at_fixed_batch();
  return options.exponent_priors ? priors : without_exponents(priors);
}

LawPriors batch_priors_for(const LawOptions& options) {
  return options.exponent_priors ? batch_priors() : without_exponents(batch_priors());
}

LawCore fit_core(std::span<const LawRun> runs, bool joint, const LawOptions& options) {
  LawCore core;
  BowlOptions bowl = options.bowl;
  bowl.joint = joint;
  core.bowls = fit_bowls(runs, bowl);
  for (const ScanOptimum& scan : core.bowls.scans) {
    core.lr_observations.push_back(
        observation_of(scan.params, scan.tokens, scan.lr.optimum, regression_se(scan.lr)));
    if (joint)
      core.batch_observations.push_back(
          observation_of(scan.params, scan.tokens, scan.batch_axis.optimum, regression_se(scan.batch_axis)));
  }
  fit_regressions(core, joint, options);
  return core;
}

LawCore fit_core(std::span<const LawOptimum> optima, bool joint, const LawOptions& options) {
  LawCore core;
  for (const LawOptimum& one : optima) {
    const auto se = [](double given) { return std::isnan(given) ? kTableSe : given; };
    core.lr_observations.push_back(observation_of(one.params, one.tokens, std::log2(one.lr), se(one.lr_se)));
    if (joint)
      core.batch_observations.push_back(
          observation_of(one.params, one.tokens, std::log2(one.batch), se(one.batch_se)));
  }
  fit_regressions(core, joint, options);
  return core;
}

LawDistribution lr_at(const LawCore& core, double params, double tokens) {
  return core.lr->predict(std::log2(params), regression_tokens(params, tokens));
}

std::vector<LawRun> runs_at_batch(std::span<const LawRun> runs, double batch) {
  constexpr double kSameBatch = 0.02;
  std::vector<LawRun> kept;
  for (const LawRun& run : runs)
    if (std::abs(run.batch / batch - 1) < kSameBatch) kept.push_back(run);
  return kept;
}

std::vector<double> distinct_sizes(std::span<const LawRun> runs) {
  std::vector<double> sizes;
  for (const LawRun& run : runs) sizes.push_back(run.params);
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

}  // namespace ablate
