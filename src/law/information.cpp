#include "law/information.hpp"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "law/bowl_misfit.hpp"
#include "law/bowl_problem.hpp"
#include "law/bowl_scans.hpp"

namespace ablate {

namespace {

constexpr double kSameBatch = 0.05;  // log2.

/// Before any run an optimum is known to eight octaves, the loss to a factor of e.
const Eigen::Matrix3d kVagueKnowledge = Eigen::Vector3d(1, 1.0 / 64, 1.0 / 64).asDiagonal();

double variance_in(const Eigen::Matrix3d& information, int axis) {
  return Eigen::Matrix3d(information + kVagueKnowledge).inverse()(axis, axis);
}

double log2_batch(const LawRun& run) { return run.batch > 0 ? std::log2(run.batch) : 0; }

bool has_diverged_above(const std::vector<LawRun>& runs, const ScanAxis& rates) {
  return std::any_of(runs.begin(), runs.end(), [&](const LawRun& run) {
    return run.diverged && std::log2(run.lr) > rates.high - rates.step / 2;
  });
}

/// The least loss that a convex function through these can have at x: the lines through the two nearest
/// points of either side lie below it. 0 where neither side has two.
double convex_bound(const std::map<double, double>& losses, double x) {
  const auto line = [&](const std::pair<const double, double>& a, const std::pair<const double, double>& b) {
    return a.second + (b.second - a.second) * (x - a.first) / (b.first - a.first);
  };
  double bound = 0;
  const auto right = losses.lower_bound(x);
  if (right != losses.begin() && std::prev(right) != losses.begin())
    bound = std::max(bound, line(*std::prev(right, 2), *std::prev(right)));
  if (right != losses.end() && std::next(right) != losses.end())
    bound = std::max(bound, line(*std::next(right), *right));
  return bound;
}

/// Everything that one run tells: of the log loss at the optimum, x* and y*, and the shape.
using FullInformation = Eigen::Matrix<double, 3 + kShapeParameters, 3 + kShapeParameters>;

/// Of a run at (log2 lr, log2 batch) about a scan whose bowl has the fitted shape.
FullInformation run_information(const BowlFit& bowls, const ScanKnowledge& scan, double x, double y) {
  constexpr double kLeastRunNoise = 1e-3;
  const BowlRise rise = rise_at(bowls.lr, bowls.joint ? &bowls.batch : nullptr, bowls.ridge, x - scan.x,
                                bowls.joint ? y - scan.y : 0);
  Eigen::Matrix<double, 3 + kShapeParameters, 1> gradient;
  gradient << 1, rise.by.tail<2>(), rise.by.head<kShapeParameters>();
  return gradient * gradient.transpose() / std::pow(std::max(bowls.noise, kLeastRunNoise), 2);
}

/// Covariance of (x*, y*) for the shape alone, as the fit has it.
Eigen::Matrix2d by_shape(const BowlFit& bowls, const FullInformation& full) {
  const FullInformation rest = full - full.col(0) * full.row(0) / full(0, 0);
  return shape_covariance(bowls, rest.block<2, 2>(1, 1) + kVagueKnowledge.bottomRightCorner<2, 2>(),
                          rest.bottomLeftCorner<kShapeParameters, 3>().rightCols<2>());
}

/// What is known of one axis by the fit's rules, with the optimum where it is thought to be.
ScanAxis known_axis(const ScanKnowledge& scan, const ScanRuns& group, double LawRun::*values, double optimum,
                    double shape_variance, bool diverged_above) {
  ScanAxis axis = axis_of(scan.runs, group, values);
  axis.optimum = std::clamp(optimum, axis.low - axis.step, axis.high + axis.step);
  take_misfit(axis, shape_variance, gap_around(scan.runs, group, values, axis));
  mark_edge(axis, diverged_above);
  return axis;
}

/// With the standard error that the fit would have.
ScanAxis with_error(ScanAxis axis, double variance) {
  axis.se = std::hypot(std::sqrt(variance), axis.shape_se, axis.gap_se);
  if (axis.edge != LawEdge::none) axis.se = std::max(axis.se, axis.step);
  return axis;
}

}  // namespace

double ScanKnowledge::variance_x() const {
  return std::pow(regression_se(with_error(rates, variance_in(information, 1))), 2);
}
double ScanKnowledge::variance_y() const {
  return std::pow(regression_se(with_error(batches, variance_in(information, 2))), 2);
}

void take_runs(const LawFit& fit, ScanKnowledge& scan) {
  scan.information.setZero();
  scan.rates = scan.batches = {};
  ScanRuns group;
  group.all.resize(scan.runs.size());
  std::iota(group.all.begin(), group.all.end(), std::size_t{0});
  if (!find_lowest(scan.runs, group)) return;
  const double lowest = scan.runs[group.lowest].loss;
  choose_window(scan.runs, fit.options.bowl, group);
  if (group.used.empty()) return;
  FullInformation full = FullInformation::Zero();
  for (const std::size_t i : group.used)
    full += weight_in_fit(scan.runs[i], lowest, fit.options.bowl) *
            run_information(fit.bowls, scan, std::log2(scan.runs[i].lr), log2_batch(scan.runs[i]));
  scan.information = full.topLeftCorner<3, 3>();
  const Eigen::Matrix2d shape = by_shape(fit.bowls, full);
  const bool diverged_above = has_diverged_above(scan.runs, axis_of(scan.runs, group, &LawRun::lr));
  scan.rates = known_axis(scan, group, &LawRun::lr, scan.x, shape(0, 0), diverged_above);
  if (fit.joint) scan.batches = known_axis(scan, group, &LawRun::batch, scan.y, shape(1, 1), false);
}

double expected_loss(const BowlFit& bowls, const ScanKnowledge& scan, double x, double y) {
  const double dy = bowls.joint ? y - scan.y : 0;
  // A scan without runs has no window that its runs could miss.
  const double off =
      scan.information.isZero() ? 0 : with_error(scan.rates, variance_in(scan.information, 1)).se;
  const double rise = std::max(bowls.rise(x - scan.x - off, dy), bowls.rise(x - scan.x + off, dy));
  const double by_bowl = scan.lowest_loss * std::exp(rise);
  std::map<double, double> losses;  // By log2 of the rate, of the runs of this batch.
  double diverged = std::numeric_limits<double>::infinity();
  for (const LawRun& run : scan.runs) {
    if (bowls.joint && std::abs(log2_batch(run) - y) > kSameBatch) continue;
    if (run.diverged)
      diverged = std::min(diverged, std::log2(run.lr));
    else
      losses.emplace(std::log2(run.lr), run.loss);
  }
  if (x >= diverged) return std::numeric_limits<double>::infinity();
  return std::max(by_bowl, convex_bound(losses, x));
}

ScanKnowledge with_loss(const LawFit& fit, ScanKnowledge scan, double x, double y, double loss) {
  LawRun run;
  run.params = scan.params, run.tokens = scan.tokens;
  run.lr = std::exp2(x), run.batch = y == 0 ? 0 : std::exp2(y);
  run.loss = loss, run.diverged = std::isinf(loss);
  scan.runs.push_back(std::move(run));
  take_runs(fit, scan);
  return scan;
}

ScanKnowledge with_run(const LawFit& fit, const ScanKnowledge& scan, double x, double y) {
  constexpr double kWellWithin = 2.0 / 3;  // Of the window: losses are expected with an error.
  const double loss = expected_loss(fit.bowls, scan, x, y);
  double lowest = scan.lowest_loss;
  for (const LawRun& run : scan.runs)
    if (!run.diverged) lowest = std::min(lowest, run.loss);
  // A scan that the fit leaves out needs three rates, whatever their losses.
  const bool usable = !scan.information.isZero();
  if (std::isinf(loss) || (usable && loss > lowest * (1 + kWellWithin * fit.options.bowl.window)))
    return scan;
  return with_loss(fit, scan, x, y, loss);
}

TargetVariance::TargetVariance(const LawFit& fit, double params, double tokens)
    : fit_(fit), log2_params_(std::log2(params)), log2_tokens_(regression_tokens(params, tokens)) {}

double TargetVariance::variance(const std::vector<ScanKnowledge>& scans, const LawRegression& law,
                                const LawPriors& priors, double (ScanKnowledge::*error)() const) const {
  const double size_variance = std::pow(law.size_sd.value, 2), scan_variance = std::pow(law.scan_sd.value, 2);
  // As in the regression: scans of one size share an effect, which takes one rank from their information.
  struct SizeSums {
    double weight = 0;
    Eigen::Vector3d row = Eigen::Vector3d::Zero();
  };
  std::map<double, SizeSums> sizes;
  Eigen::Matrix3d information = Eigen::Matrix3d::Zero();
  for (const ScanKnowledge& scan : scans) {
    const Eigen::Vector3d row(1, std::log2(scan.params) - log2_params_,
                              regression_tokens(scan.params, scan.tokens) - log2_tokens_);
    const double weight = 1 / (scan_variance + (scan.*error)());
    SizeSums& sums = sizes[scan.params];
    sums.weight += weight;
    sums.row += weight * row;
    information += weight * row * row.transpose();
  }
  for (const auto& [size, sums] : sizes)
    information -= size_variance / (1 + size_variance * sums.weight) * sums.row * sums.row.transpose();
  information.bottomRightCorner<2, 2>() += belief_of(weighed(priors, law)).covariance.inverse();
  // Columns are centred at the target: its mean is the constant.
  return information.inverse()(0, 0) + size_variance + scan_variance;
}

double TargetVariance::of_lr(const std::vector<ScanKnowledge>& scans) const {
  return variance(scans, fit_.lr, lr_priors_for(fit_.joint, fit_.options), &ScanKnowledge::variance_x);
}

double TargetVariance::of_batch(const std::vector<ScanKnowledge>& scans) const {
  return variance(scans, *fit_.batch_law, batch_priors_for(fit_.options), &ScanKnowledge::variance_y);
}

double TargetVariance::expected_rise(const std::vector<ScanKnowledge>& scans) const {
  const double along_lr = 0.5 * fit_.bowls.lr.k * of_lr(scans);
  return fit_.batch_law ? along_lr + 0.5 * fit_.bowls.batch.k * of_batch(scans) : along_lr;
}

}  // namespace ablate
