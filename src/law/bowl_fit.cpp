#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "law/bowl_cells.hpp"
#include "law/bowl_misfit.hpp"
#include "law/bowl_problem.hpp"
#include "law/bowl_profile.hpp"

namespace ablate {

namespace {

constexpr double kSteepnessMin = 0.05, kSteepnessMax = 3;  // p and q, per octave.
constexpr double kNormal95 = 1.959963984540054;
/// A spread below this (log loss) is rounding of exact data, and would make standard errors vanish.
constexpr double kLeastNoise = 1e-6;

/// Runs of public searches differ by 0.06 to 0.16 % of loss from one another. The prior weighs three runs.
constexpr double kUsualNoise = 1e-3, kNoiseWeight = 3;

struct BowlCell {
  CellRuns runs;
  CellOptimum optimum;
};

std::vector<BowlCell> usable_cells(std::span<const LawRun> runs, const BowlOptions& options) {
  std::vector<BowlCell> cells;
  for (CellRuns& group : group_cells(runs, options.joint)) {
    choose_window(runs, options, group);
    if (group.used.empty()) continue;
    BowlCell cell{std::move(group), {}};
    const LawRun& first = runs[cell.runs.all.front()];
    CellOptimum& found = cell.optimum;
    found.params = first.params;
    found.tokens = first.tokens;
    found.batch = options.joint ? 0 : first.batch;
    found.runs = cell.runs.all.size();
    found.used = cell.runs.used.size();
    found.rates = distinct_values(runs, cell.runs.used, &LawRun::lr).size();
    found.lr = axis_of(runs, cell.runs, &LawRun::lr);
    if (options.joint) found.batch_axis = axis_of(runs, cell.runs, &LawRun::batch);
    found.lowest_loss = runs[cell.runs.lowest].loss;
    for (const std::size_t i : cell.runs.all)
      if (runs[i].diverged) found.lowest_diverged_lr = std::min(found.lowest_diverged_lr, runs[i].lr);
    cells.push_back(std::move(cell));
  }
  return cells;
}

/// An optimum may move to one grid step outside the range tried, and no further.
void bound_axis(BowlProblem& problem, int parameter, const CellAxis& axis) {
  problem.start[parameter] = axis.argmin;
  problem.low[parameter] = axis.low - axis.step;
  problem.high[parameter] = axis.high + axis.step;
}

BowlProblem make_problem(std::span<const LawRun> runs, const std::vector<BowlCell>& cells, bool joint) {
  BowlProblem problem;
  problem.joint = joint;
  problem.cells = static_cast<int>(cells.size());
  const int count = problem.parameters();
  problem.start = Eigen::VectorXd::Zero(count);
  problem.start.head<kShapeParameters>() << std::log(0.5), std::log(0.5), std::log(0.006), 0.5, std::log(0.5),
      std::log(0.5), std::log(0.006);
  problem.low = Eigen::VectorXd::Constant(count, -20);
  problem.high = Eigen::VectorXd::Constant(count, 20);
  for (const BowlParameter steepness : {kLogP, kLogQ, kLogP2, kLogQ2}) {
    problem.low[steepness] = std::log(kSteepnessMin);
    problem.high[steepness] = std::log(kSteepnessMax);
  }
  if (!joint)
    for (const BowlParameter unused : {kRidge, kLogP2, kLogQ2, kLogK2})
      problem.low[unused] = problem.high[unused] = problem.start[unused];
  for (int cell = 0; cell < problem.cells; ++cell) {
    const BowlCell& members = cells[static_cast<std::size_t>(cell)];
    bound_axis(problem, BowlProblem::x_of(cell), members.optimum.lr);
    const int y = BowlProblem::y_of(cell);
    if (joint)
      bound_axis(problem, y, members.optimum.batch_axis);
    else
      problem.low[y] = problem.high[y] = problem.start[y];
    for (const std::size_t i : members.runs.used)
      problem.points.push_back({cell, std::log2(runs[i].lr), joint ? std::log2(runs[i].batch) : 0,
                                std::log(runs[i].loss), runs[i].weight});
  }
  return problem;
}

/// Standard deviation from the median absolute residual, for the degrees of freedom that the fit left, after
/// as many as kNoiseWeight runs of the usual noise (the mean of the variance under an inverse gamma prior).
/// Where the fit leaves next to none, residuals are small whatever the noise is.
double robust_noise(const BowlProblem& problem, const Eigen::VectorXd& residuals) {
  std::vector<double> sizes;
  for (Eigen::Index i = 0; i < residuals.size(); ++i)
    sizes.push_back(std::abs(residuals[i]) * std::sqrt(problem.points[static_cast<std::size_t>(i)].weight));
  std::nth_element(sizes.begin(), sizes.begin() + sizes.size() / 2, sizes.end());
  const double n = static_cast<double>(residuals.size());
  const double fitted = (problem.joint ? 3.0 : 2.0) * problem.cells + (problem.joint ? 7 : 3);
  const double squares = n * std::pow(1.4826 * sizes[sizes.size() / 2], 2);
  const double robust = std::sqrt((kNoiseWeight * kUsualNoise * kUsualNoise + squares) /
                                  (kNoiseWeight - 2 + std::max(n - fitted, 0.0)));
  return std::max(robust, kLeastNoise);
}

/// Standard deviation between repeats of the same settings; 0 where there are none. Where no seeds are given
/// it holds what repeats differ in at all rates alike (the seed's data), so it errs to the safe side.
double repeat_noise(std::span<const LawRun> runs, const std::vector<BowlCell>& cells) {
  double squares = 0, repeats = 0;
  for (const BowlCell& cell : cells)
    for (const std::size_t i : cell.runs.used) {
      squares += runs[i].repeat_squares;
      repeats += runs[i].repeats;
    }
  return repeats > 0 ? std::sqrt(squares / repeats) : 0;
}

/// Fills in what the solution says of one axis; at an edge the error is at least one grid step and the
/// interval is open on that side.
void finish_axis(CellAxis& axis, double variance, bool diverged_above) {
  axis.se = std::hypot(std::sqrt(variance), axis.shape_se, axis.gap_se);
  mark_edge(axis, diverged_above);
  if (axis.edge != LawEdge::none) axis.se = std::max(axis.se, axis.step);
  axis.interval = {axis.optimum - kNormal95 * axis.se, axis.optimum + kNormal95 * axis.se};
}

}  // namespace

BowlFit fit_bowls(std::span<const LawRun> runs, const BowlOptions& options) {
  BowlFit fit;
  fit.joint = options.joint;
  std::vector<BowlCell> cells = usable_cells(runs, options);
  if (cells.empty()) return fit;
  const BowlProblem problem = make_problem(runs, cells, options.joint);
  const BowlSolution solution = solve(problem);
  fit.lr = problem.lr_bowl(solution.theta);
  fit.batch = problem.batch_bowl(solution.theta);
  fit.ridge = options.joint ? solution.theta[kRidge] : 0;
  fit.iterations = solution.iterations;
  fit.noise = std::max(robust_noise(problem, solution.residuals), repeat_noise(runs, cells));
  ArrowMatrix information = solution.data_hessian;
  information *= std::pow(kHuberScale / fit.noise, 2);
  // An optimum of which the runs say nothing (a flat cell) keeps an error of eight octaves.
  for (Eigen::Index i = 0; i < information.size(); ++i)
    information.add_to_diagonal(i, solution.prior_hessian[i] + 1.0 / 64);
  const std::vector<ArrowMatrix::CellBlock> covariances = information.inverse_cells();

  std::size_t point = 0;
  for (int index = 0; index < problem.cells; ++index) {
    BowlCell& cell = cells[static_cast<std::size_t>(index)];
    CellOptimum& found = cell.optimum;
    const auto block = static_cast<std::size_t>(index);
    const ArrowMatrix::CellBlock& covariance = covariances[block];
    const Eigen::Matrix2d by_shape =
        shape_covariance(fit, information.cells[block], information.cross[block]);
    const auto place = [&](CellAxis& axis, double LawRun::*values, int parameter, double shape_variance) {
      axis.optimum = solution.theta[parameter];
      take_misfit(axis, shape_variance, gap_around(runs, cell.runs, values, axis));
    };
    place(found.lr, &LawRun::lr, BowlProblem::x_of(index), by_shape(0, 0));
    finish_axis(found.lr, covariance(0, 0),
                std::log2(found.lowest_diverged_lr) > found.lr.high - found.lr.step / 2 &&
                    std::isfinite(found.lowest_diverged_lr));
    if (options.joint) {
      place(found.batch_axis, &LawRun::batch, BowlProblem::y_of(index), by_shape(1, 1));
      finish_axis(found.batch_axis, covariance(1, 1), false);
    }
    found.fitted_loss = std::exp(solution.intercepts[index]);
    found.convex = is_convex(runs, cell.runs, std::max(fit.noise, kHuberScale / 2));
    for (const std::size_t run : cell.runs.used)
      fit.residuals.push_back({run, static_cast<std::size_t>(index), solution.residuals[point++]});
    fit.cells.push_back(found);
  }
  widen_edges(runs, fit);
  return fit;
}

}  // namespace ablate
