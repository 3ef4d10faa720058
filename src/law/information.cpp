#include "law/information.hpp"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "law/bowl_cells.hpp"

namespace ablate {

namespace {

constexpr double kSameBatch = 0.05;  // log2.

/// Before any run an optimum is known to eight octaves, the loss to a factor of e.
const Eigen::Matrix3d kVagueKnowledge = Eigen::Vector3d(1, 1.0 / 64, 1.0 / 64).asDiagonal();

double variance_in(const Eigen::Matrix3d& information, int axis) {
  return Eigen::Matrix3d(information + kVagueKnowledge).inverse()(axis, axis);
}

double log2_batch(const LawRun& run) { return run.batch > 0 ? std::log2(run.batch) : 0; }

bool has_diverged_above(const std::vector<LawRun>& runs, const CellAxis& rates) {
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

/// Information of one run at (log2 lr, log2 batch) about a cell whose bowl has the fitted shape.
Eigen::Matrix3d run_information(const BowlFit& bowls, const CellKnowledge& cell, double x, double y) {
  constexpr double kLeastRunNoise = 1e-3;
  const double dy = bowls.joint ? y - cell.y : 0;
  const double slope = bowls.lr.slope(x - cell.x - bowls.ridge * dy);
  const Eigen::Vector3d gradient(1, -slope, bowls.joint ? bowls.ridge * slope - bowls.batch.slope(dy) : 0);
  return gradient * gradient.transpose() / std::pow(std::max(bowls.noise, kLeastRunNoise), 2);
}

}  // namespace

double CellKnowledge::variance_x() const {
  return std::max(variance_in(information, 1), edge_se_x * edge_se_x);
}
double CellKnowledge::variance_y() const {
  return std::max(variance_in(information, 2), edge_se_y * edge_se_y);
}

void take_runs(const LawFit& fit, CellKnowledge& cell) {
  cell.information.setZero();
  cell.edge_se_x = cell.edge_se_y = 0;
  CellRuns group;
  group.all.resize(cell.runs.size());
  std::iota(group.all.begin(), group.all.end(), std::size_t{0});
  double lowest = std::numeric_limits<double>::infinity();
  for (const std::size_t i : group.all)
    if (!cell.runs[i].diverged && cell.runs[i].loss < lowest) lowest = cell.runs[group.lowest = i].loss;
  if (std::isinf(lowest)) return;
  choose_window(cell.runs, fit.options.bowl, group);
  for (const std::size_t i : group.used)
    cell.information += cell.runs[i].weight * run_information(fit.bowls, cell, std::log2(cell.runs[i].lr),
                                                              log2_batch(cell.runs[i]));
  if (group.used.empty()) return;
  CellAxis rates = axis_of(cell.runs, group, &LawRun::lr);
  rates.optimum = std::clamp(cell.x, rates.low - rates.step, rates.high + rates.step);
  mark_edge(rates, has_diverged_above(cell.runs, rates));
  if (rates.edge != LawEdge::none) cell.edge_se_x = rates.step;
  if (!fit.joint) return;
  CellAxis batches = axis_of(cell.runs, group, &LawRun::batch);
  batches.optimum = std::clamp(cell.y, batches.low - batches.step, batches.high + batches.step);
  mark_edge(batches, false);
  if (batches.edge != LawEdge::none) cell.edge_se_y = batches.step;
}

double expected_loss(const BowlFit& bowls, const CellKnowledge& cell, double x, double y) {
  const double dy = bowls.joint ? y - cell.y : 0;
  // A cell without runs has no window that its runs could miss.
  const double off = cell.information.isZero() ? 0 : std::sqrt(cell.variance_x());
  const double rise = std::max(bowls.rise(x - cell.x - off, dy), bowls.rise(x - cell.x + off, dy));
  const double by_bowl = cell.lowest_loss * std::exp(rise);
  std::map<double, double> losses;  // By log2 of the rate, of the runs of this batch.
  double diverged = std::numeric_limits<double>::infinity();
  for (const LawRun& run : cell.runs) {
    if (bowls.joint && std::abs(log2_batch(run) - y) > kSameBatch) continue;
    if (run.diverged)
      diverged = std::min(diverged, std::log2(run.lr));
    else
      losses.emplace(std::log2(run.lr), run.loss);
  }
  if (x >= diverged) return std::numeric_limits<double>::infinity();
  return std::max(by_bowl, convex_bound(losses, x));
}

CellKnowledge with_loss(const LawFit& fit, CellKnowledge cell, double x, double y, double loss) {
  LawRun run;
  run.params = cell.params, run.tokens = cell.tokens;
  run.lr = std::exp2(x), run.batch = y == 0 ? 0 : std::exp2(y);
  run.loss = loss, run.diverged = std::isinf(loss);
  cell.runs.push_back(std::move(run));
  take_runs(fit, cell);
  return cell;
}

CellKnowledge with_run(const LawFit& fit, const CellKnowledge& cell, double x, double y) {
  constexpr double kWellWithin = 2.0 / 3;  // Of the window: losses are expected with an error.
  const double loss = expected_loss(fit.bowls, cell, x, y);
  double lowest = cell.lowest_loss;
  for (const LawRun& run : cell.runs)
    if (!run.diverged) lowest = std::min(lowest, run.loss);
  // A cell that the fit leaves out needs three rates, whatever their losses.
  const bool usable = !cell.information.isZero();
  if (std::isinf(loss) || (usable && loss > lowest * (1 + kWellWithin * fit.options.bowl.window)))
    return cell;
  return with_loss(fit, cell, x, y, loss);
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
