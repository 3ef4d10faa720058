#include "law/baselines.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <map>

#include "law/bowl_scans.hpp"

namespace ablate {

namespace {

LawOptimum optimum_from(const LawRun& run) {
  LawOptimum optimum;
  optimum.params = run.params;
  optimum.tokens = run.tokens;
  optimum.lr = run.lr;
  optimum.batch = run.batch;
  optimum.where = run.where;
  return optimum;
}

struct RatePoint {
  double log2_lr = 0, log_loss = 0;
};

/// The lowest loss at each rate of a scan, by ascending rate.
std::vector<RatePoint> lower_envelope(std::span<const LawRun> runs, const ScanRuns& scan) {
  std::map<double, double> lowest;
  for (const std::size_t i : scan.all) {
    if (runs[i].diverged) continue;
    const auto [place, added] = lowest.try_emplace(std::log2(runs[i].lr), std::log(runs[i].loss));
    if (!added) place->second = std::min(place->second, std::log(runs[i].loss));
  }
  std::vector<RatePoint> points;
  for (const auto& [log2_lr, log_loss] : lowest) points.push_back({log2_lr, log_loss});
  return points;
}

/// The vertex of the parabola through up to five points around the lowest, in log2; see parabola_optima().
double parabola_vertex(const std::vector<RatePoint>& points) {
  const auto by_loss = [](const RatePoint& a, const RatePoint& b) { return a.log_loss < b.log_loss; };
  const auto best = std::min_element(points.begin(), points.end(), by_loss) - points.begin();
  const auto first = std::max<std::ptrdiff_t>(0, best - 2);
  const auto last = std::min(static_cast<std::ptrdiff_t>(points.size()) - 1, best + 2);
  const double centre = points[static_cast<std::size_t>(best)].log2_lr;
  if (last - first < 2) return centre;
  Eigen::MatrixXd design(last - first + 1, 3);
  Eigen::VectorXd losses(last - first + 1);
  for (std::ptrdiff_t i = first; i <= last; ++i) {
    const double x = points[static_cast<std::size_t>(i)].log2_lr - centre;
    design.row(i - first) << 1, x, x * x;
    losses[i - first] = points[static_cast<std::size_t>(i)].log_loss;
  }
  const Eigen::Vector3d fitted = design.colPivHouseholderQr().solve(losses);
  if (fitted[2] <= 0) return centre;
  const double step =
      (points.back().log2_lr - points.front().log2_lr) / static_cast<double>(points.size() - 1);
  return std::clamp(centre - fitted[1] / (2 * fitted[2]), points.front().log2_lr - step,
                    points.back().log2_lr + step);
}

LawLine fixed_slope_through(std::span<const LawOptimum> optima, double slope) {
  LawLine line{0, slope, 0};
  for (const LawOptimum& one : optima)
    line.constant += (std::log(one.lr) - slope * std::log(one.params)) / static_cast<double>(optima.size());
  return line;
}

/// The recipes that need only optima: MM1's, Step Law's.
std::vector<BaselineLaw> recipes_through(std::span<const LawOptimum> optima) {
  std::vector<BaselineLaw> laws;
  const bool tokens_known = optima.front().tokens > 0, batch_known = optima.front().batch > 0;
  if (const auto line = line_through(optima, &LawOptimum::lr, true, false))
    laws.push_back({LawMethod::mm1, *line,
                    batch_known ? line_through(optima, &LawOptimum::batch, true, false) : std::nullopt});
  if (!tokens_known) return laws;
  if (const auto plane = line_through(optima, &LawOptimum::lr, true, true)) {
    laws.push_back({LawMethod::step_law, *plane, std::nullopt});
    if (batch_known) laws.back().batch = line_through(optima, &LawOptimum::batch, false, true);
  }
  return laws;
}

}  // namespace

double LawLine::at(double params, double tokens) const {
  return std::exp(constant + params_exponent * std::log(params) +
                  (tokens_exponent == 0 ? 0 : tokens_exponent * std::log(tokens)));
}

std::vector<LawOptimum> lowest_runs(std::span<const LawRun> runs, bool joint) {
  std::vector<LawOptimum> optima;
  for (const ScanRuns& scan : group_scans(runs, joint)) optima.push_back(optimum_from(runs[scan.lowest]));
  return optima;
}

std::vector<LawOptimum> parabola_optima(std::span<const LawRun> runs, bool joint) {
  std::vector<LawOptimum> optima;
  for (const ScanRuns& scan : group_scans(runs, joint)) {
    optima.push_back(optimum_from(runs[scan.lowest]));
    optima.back().lr = std::exp2(parabola_vertex(lower_envelope(runs, scan)));
  }
  return optima;
}

std::optional<LawLine> line_through(std::span<const LawOptimum> optima, double LawOptimum::*value,
                                    bool use_params, bool use_tokens) {
  Eigen::MatrixXd design(static_cast<Eigen::Index>(optima.size()), 1 + use_params + use_tokens);
  Eigen::VectorXd values(design.rows());
  for (Eigen::Index i = 0; i < design.rows(); ++i) {
    const LawOptimum& one = optima[static_cast<std::size_t>(i)];
    design(i, 0) = 1;
    if (use_params) design(i, 1) = std::log(one.params);
    if (use_tokens) design(i, 1 + use_params) = std::log(one.tokens);
    values[i] = std::log(one.*value);
  }
  // Centred, so that the rank is that of the spreads and not of the constant beside large logarithms.
  const Eigen::RowVectorXd centre = design.colwise().mean();
  Eigen::MatrixXd spread = design.rightCols(design.cols() - 1);
  spread.rowwise() -= centre.tail(design.cols() - 1);
  Eigen::ColPivHouseholderQR<Eigen::MatrixXd> solver(spread);
  constexpr double kLeastSpread =
      1e-2;  // Sizes within a per cent, or D a fixed multiple of N but for rounding.
  solver.setThreshold(kLeastSpread);
  if (solver.rank() < spread.cols() || spread.cwiseAbs().maxCoeff() < kLeastSpread) return std::nullopt;
  const Eigen::VectorXd slopes =
      solver.solve(values.array().matrix() - Eigen::VectorXd::Constant(values.size(), values.mean()));
  LawLine line;
  line.constant = values.mean() - centre.tail(slopes.size()).dot(slopes);
  if (use_params) line.params_exponent = slopes[0];
  if (use_tokens) line.tokens_exponent = slopes[slopes.size() - 1];
  return line;
}

std::vector<BaselineLaw> fit_baselines(std::span<const LawRun> runs, bool joint) {
  constexpr double kTransferSlope = -0.5;
  const std::vector<LawOptimum> lowest = lowest_runs(runs, joint);
  if (lowest.empty()) return {};
  std::vector<BaselineLaw> laws = recipes_through(lowest);
  const std::vector<LawOptimum> vertices = parabola_optima(runs, joint);
  if (const auto line = line_through(vertices, &LawOptimum::lr, true, false))
    laws.push_back({LawMethod::quadratic, *line, std::nullopt});
  laws.push_back({LawMethod::fixed_slope, fixed_slope_through(vertices, kTransferSlope), std::nullopt});
  return laws;
}

std::vector<BaselineLaw> fit_baselines(std::span<const LawOptimum> optima) {
  if (optima.empty()) return {};
  std::vector<BaselineLaw> laws = recipes_through(optima);
  laws.push_back({LawMethod::fixed_slope, fixed_slope_through(optima, -0.5), std::nullopt});
  return laws;
}

}  // namespace ablate
