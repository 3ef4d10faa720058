#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "law/bowl_misfit.hpp"
#include "law/bowl_problem.hpp"
#include "law/bowl_profile.hpp"
#include "law/bowl_scans.hpp"

namespace ablate {

namespace {

constexpr double kSteepnessMin = 0.05, kSteepnessMax = 3;  // p and q, per octave.
constexpr double kNormal95 = 1.959963984540054;
/// A spread below this (log loss) is rounding of exact data, and would make standard errors vanish.
constexpr double kLeastNoise = 1e-6;

/// Runs of public searches differ by 0.06 to 0.16 % of loss from one another. The prior weighs three runs.
constexpr double kUsualNoise = 1e-3, kNoiseWeight = 3;

struct BowlScan {
  ScanRuns runs;
  RateWalls walls;
  ScanOptimum optimum;
};

std::vector<BowlScan> usable_scans(std::span<const LawRun> runs, const BowlOptions& options) {
  std::vector<BowlScan> scans;
  for (ScanRuns& group : group_scans(runs, options.joint)) {
    choose_window(runs, options, group);
    if (group.used.empty()) continue;
    const RateWalls walls = walls_of(runs, options, group);
    BowlScan scan{std::move(group), walls, {}};
    const LawRun& first = runs[scan.runs.all.front()];
    ScanOptimum& found = scan.optimum;
    found.params = first.params;
    found.tokens = first.tokens;
    found.batch = options.joint ? 0 : first.batch;
    found.runs = count_runs(runs, scan.runs.all);
    found.used = count_runs(runs, scan.runs.used);
    found.rates = distinct_values(runs, scan.runs.used, &LawRun::lr).size();
    found.lr = axis_of(runs, scan.runs, &LawRun::lr);
    if (options.joint) found.batch_axis = axis_of(runs, scan.runs, &LawRun::batch);
    found.lowest_loss = runs[scan.runs.lowest].loss;
    for (const std::size_t i : scan.runs.all)
      if (runs[i].diverged) found.lowest_diverged_lr = std::min(found.lowest_diverged_lr, runs[i].lr);
    scans.push_back(std::move(scan));
  }
  return scans;
}

/// An optimum may move to one grid step outside the range tried, and no further.
void bound_axis(BowlProblem& problem, int parameter, const ScanAxis& axis) {
  problem.start[parameter] = axis.argmin;
  problem.low[parameter] = axis.low - axis.step;
  problem.high[parameter] = axis.high + axis.step;
}

BowlProblem make_problem(std::span<const LawRun> runs, const std::vector<BowlScan>& scans,
                         const BowlOptions& options) {
  const bool joint = options.joint;
  BowlProblem problem;
  problem.joint = joint;
  problem.scans = static_cast<int>(scans.size());
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
  for (int scan = 0; scan < problem.scans; ++scan) {
    const BowlScan& members = scans[static_cast<std::size_t>(scan)];
    bound_axis(problem, BowlProblem::x_of(scan), members.optimum.lr);
    const int x = BowlProblem::x_of(scan);
    problem.low[x] = std::max(problem.low[x], members.walls.between.low);
    problem.high[x] = std::min(problem.high[x], members.walls.between.high);
    const int y = BowlProblem::y_of(scan);
    if (joint)
      bound_axis(problem, y, members.optimum.batch_axis);
    else
      problem.low[y] = problem.high[y] = problem.start[y];
    for (const std::size_t i : members.runs.used)
      problem.points.push_back({scan, std::log2(runs[i].lr), joint ? std::log2(runs[i].batch) : 0,
                                std::log(runs[i].loss),
                                weight_in_fit(runs[i], members.optimum.lowest_loss, options)});
  }
  return problem;
}

double fitted_parameters(const BowlProblem& problem) {
  return (problem.joint ? 3.0 : 2.0) * problem.scans + (problem.joint ? 7 : 3);
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
  const double squares = n * std::pow(1.4826 * sizes[sizes.size() / 2], 2);
  const double robust = std::sqrt((kNoiseWeight * kUsualNoise * kUsualNoise + squares) /
                                  (kNoiseWeight - 2 + std::max(n - fitted_parameters(problem), 0.0)));
  return std::max(robust, kLeastNoise);
}

/// Standard deviation between repeats of the same settings; 0 where there are none. Where no seeds are given
/// it holds what repeats differ in at all rates alike (the seed's data), so it errs to the safe side.
double repeat_noise(std::span<const LawRun> runs, const std::vector<BowlScan>& scans) {
  double squares = 0, repeats = 0;
  for (const BowlScan& scan : scans)
    for (const std::size_t i : scan.runs.used) {
      squares += runs[i].repeat_squares;
      repeats += runs[i].repeats;
    }
  return repeats > 0 ? std::sqrt(squares / repeats) : 0;
}

/// Standard deviation of the losses that count for the digits with which they were written.
double rounding_noise(std::span<const LawRun> runs, const std::vector<BowlScan>& scans) {
  double squares = 0, count = 0;
  for (const BowlScan& scan : scans)
    for (const std::size_t i : scan.runs.used) squares += runs[i].rounding * runs[i].rounding, ++count;
  return std::sqrt(squares / count);
}

/// An optimum that is held back by a wall may be anywhere near it.
void widen_at_wall(ScanAxis& axis, const LogRange& between) {
  constexpr double kHeldBack = 1e-3;
  if (axis.optimum > between.high - kHeldBack || axis.optimum < between.low + kHeldBack)
    axis.gap_se = std::max(axis.gap_se, axis.step / std::sqrt(12.0));
}

/// Fills in what the solution says of one axis; at an edge the error is at least one grid step and the
/// interval is open on that side.
void finish_axis(ScanAxis& axis, double variance, bool diverged_above) {
  axis.se = std::hypot(std::sqrt(variance), axis.shape_se, axis.gap_se);
  mark_edge(axis, diverged_above);
  if (axis.edge != LawEdge::none) axis.se = std::max(axis.se, axis.step);
  axis.interval = {axis.optimum - kNormal95 * axis.se, axis.optimum + kNormal95 * axis.se};
}

/// Huber's loss with residuals in units of the problem's scale, as minus a log likelihood; what the fit takes
/// of the freedom of the runs says nothing of their noise.
double evidence_against(const BowlProblem& problem, const BowlSolution& solution) {
  double cost = 0, runs = 0;
  for (Eigen::Index i = 0; i < solution.residuals.size(); ++i) {
    const double weight = problem.points[static_cast<std::size_t>(i)].weight;
    cost += weight * huber(solution.residuals[i] / problem.scale);
    runs += weight;
  }
  // Runs beyond the window count by a part only, and yet hold parameters.
  runs = std::max(runs, static_cast<double>(problem.points.size()));
  // Where the fit leaves no freedom any larger scale would cost less: there the prior of the noise speaks.
  return cost + std::max(runs - fitted_parameters(problem), kNoiseWeight) * std::log(problem.scale);
}

/// Solves with the scale that the runs are likeliest under, and returns their noise as it is seen from there.
/// Far below the noise Huber's loss is a sum of sizes, whose solution passes through as many runs as it has
/// parameters: what it misses at the median is next to nothing, and no noise is seen from there. The usual
/// scale stays unless another is clearly better; and twice the usual one tells of noise, but what it gains in
/// best rates is less than what runs off the bowl then cost.
double solve_at_likeliest_scale(BowlProblem& problem, BowlSolution& solution) {
  constexpr double kLargest = 0.04, kClearly = 3;
  const double usual = problem.scale;
  const BowlSolution at_usual = solve(problem);
  solution = at_usual;
  double best_scale = usual, lowest = evidence_against(problem, solution) - kClearly;
  for (double scale = 2 * usual; scale <= kLargest; scale *= 2) {
    problem.scale = scale;
    BowlSolution solved = solve(problem);
    const double against = evidence_against(problem, solved);
    if (against >= lowest) continue;
    lowest = against, best_scale = scale, solution = std::move(solved);
  }
  const double noise = robust_noise(problem, solution.residuals);
  problem.scale = best_scale;
  if (best_scale == 2 * usual) problem.scale = usual, solution = at_usual;
  return noise;
}

/// Of a scan far steeper than others the shared bowl may have its optimum beyond runs that lose for sure: it
/// is looked for again, on this side of half of the way there.
void hold_between_losses(std::span<const LawRun> runs, const BowlOptions& options, double noise,
                         std::vector<BowlScan>& scans, BowlProblem& problem, BowlSolution& solution) {
  constexpr double kSureNoises = 6;
  BowlOptions nearer = options;
  nearer.wide_window = std::min(options.wide_window, kSureNoises * noise);
  bool held = false;
  for (int scan = 0; scan < problem.scans; ++scan) {
    BowlScan& members = scans[static_cast<std::size_t>(scan)];
    const int x = BowlProblem::x_of(scan);
    const LogRange between = walls_of(runs, nearer, members.runs).between;
    if (solution.theta[x] >= between.low && solution.theta[x] <= between.high) continue;
    members.walls.between = between;
    problem.low[x] = std::max(problem.low[x], between.low);
    problem.high[x] = std::min(problem.high[x], between.high);
    held = true;
  }
  if (held) solution = solve(problem);
}

/// What runs and pulls say of all parameters; `scale` is the fit's in units of the noise.
ArrowMatrix information_of(const BowlSolution& solution, double scale) {
  ArrowMatrix information = solution.data_hessian;
  information *= scale * scale;
  // An optimum of which the runs say nothing (a flat scan) keeps an error of eight octaves.
  for (Eigen::Index i = 0; i < information.size(); ++i)
    information.add_to_diagonal(i, solution.prior_hessian[i] + 1.0 / 64);
  return information;
}

}  // namespace

BowlFit fit_bowls(std::span<const LawRun> runs, const BowlOptions& options) {
  BowlFit fit;
  fit.joint = options.joint;
  std::vector<BowlScan> scans = usable_scans(runs, options);
  if (scans.empty()) return fit;
  BowlProblem problem = make_problem(runs, scans, options);
  const double rounding = rounding_noise(runs, scans);
  problem.scale = std::max(problem.scale, rounding);
  BowlSolution solution;
  const double likeliest_noise = solve_at_likeliest_scale(problem, solution);
  const auto noise_of = [&](const BowlSolution& solved) {
    return std::max(
        {likeliest_noise, robust_noise(problem, solved.residuals), repeat_noise(runs, scans), rounding});
  };
  const double free_noise = noise_of(solution);
  if (!options.joint) hold_between_losses(runs, options, free_noise, scans, problem, solution);
  fit.lr = problem.lr_bowl(solution.theta);
  fit.batch = problem.batch_bowl(solution.theta);
  fit.ridge = options.joint ? solution.theta[kRidge] : 0;
  fit.iterations = solution.iterations;
  fit.noise = noise_of(solution);
  fit.scale = problem.scale;
  const ArrowMatrix information = information_of(solution, fit.scale / fit.noise);
  const std::vector<ArrowMatrix::ScanBlock> covariances = information.inverse_scans();

  std::size_t point = 0;
  for (int index = 0; index < problem.scans; ++index) {
    BowlScan& scan = scans[static_cast<std::size_t>(index)];
    ScanOptimum& found = scan.optimum;
    const auto block = static_cast<std::size_t>(index);
    const ArrowMatrix::ScanBlock& covariance = covariances[block];
    const Eigen::Matrix2d by_shape =
        shape_covariance(fit, information.scans[block], information.cross[block]);
    const auto place = [&](ScanAxis& axis, double LawRun::*values, int parameter, double shape_variance) {
      axis.optimum = solution.theta[parameter];
      take_misfit(axis, shape_variance, gap_around(runs, scan.runs, values, axis));
    };
    place(found.lr, &LawRun::lr, BowlProblem::x_of(index), by_shape(0, 0));
    widen_at_wall(found.lr, scan.walls.between);
    finish_axis(found.lr, covariance(0, 0),
                std::log2(found.lowest_diverged_lr) > found.lr.high - found.lr.step / 2 &&
                    std::isfinite(found.lowest_diverged_lr));
    if (!options.joint) {
      found.lr.interval.low = std::max(found.lr.interval.low, scan.walls.walls.low);
      found.lr.interval.high = std::min(found.lr.interval.high, scan.walls.walls.high);
    }
    if (options.joint) {
      place(found.batch_axis, &LawRun::batch, BowlProblem::y_of(index), by_shape(1, 1));
      finish_axis(found.batch_axis, covariance(1, 1), false);
    }
    found.fitted_loss = std::exp(solution.intercepts[index]);
    found.convex = is_convex(runs, scan.runs, std::max(free_noise, kHuberScale / 2));
    for (const std::size_t run : scan.runs.used) {
      fit.residuals.push_back(
          {run, static_cast<std::size_t>(index), solution.residuals[point], problem.points[point].weight});
      ++point;
    }
    fit.scans.push_back(found);
  }
  widen_edges(runs, fit);
  return fit;
}

}  // namespace ablate
