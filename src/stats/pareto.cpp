#include "stats/pareto.hpp"

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <map>

#include "stats/cell_seed_fit.hpp"
#include "stats/functional_basis.hpp"

namespace ablate {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kSquaresRounding = 1e-12;  // Of a sum of squares.
constexpr int kCurveDegree = 3;             // Of what a continuous axis does to cost and score.
constexpr double kOwnCost = 0.5;            // The part of what others leave of log cost that is the factor's.

/// RunGroups of runs that are equal in something, as indices from 0 in the order of their occurrence.
template <typename Key>
struct RunGroups {
  std::map<Key, std::size_t> index;
  std::vector<std::size_t> of_run;
  void add(const Key& key) { of_run.push_back(index.emplace(key, index.size()).first->second); }
  std::size_t size() const { return index.size(); }
};

/// A level, or "does not apply", as something that can be compared.
std::vector<double> comparable(std::vector<double> at) {
  for (double& level : at)
    if (std::isnan(level)) level = -1e300;
  return at;
}

bool all_have_seeds(const Observations& observations, const std::vector<std::size_t>& runs) {
  return std::all_of(runs.begin(), runs.end(),
                     [&](std::size_t run) { return observations.runs[run].seed.has_value(); });
}

/// Of counts, whose dependent columns differ by rounding alone.
Eigen::CompleteOrthogonalDecomposition<MatrixXd> decomposed(const MatrixXd& counts) {
  Eigen::CompleteOrthogonalDecomposition<MatrixXd> solver;
  solver.setThreshold(1e-9);
  solver.compute(counts);
  return solver;
}

/// Fills in who beats whom.
void find_front(ParetoFront& front, bool lower_is_better, const CellSeedFit& fit) {
  const double sign = lower_is_better ? -1 : 1;
  std::vector<CellScore>& cells = front.cells;
  std::vector<std::size_t> by_cost(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) by_cost[i] = i;
  std::sort(by_cost.begin(), by_cost.end(), [&](std::size_t a, std::size_t b) {
    if (cells[a].cost != cells[b].cost) return cells[a].cost < cells[b].cost;
    return sign * cells[a].score > sign * cells[b].score;
  });
  std::optional<std::size_t> best;
  for (const std::size_t i : by_cost) {
    CellScore& cell = cells[i];
    const bool better = !best || sign * cell.score > sign * cells[*best].score;
    // Two cells of equal score and cost are both on the front.
    cell.on_front = better || (cell.score == cells[*best].score && cell.cost == cells[*best].cost);
    if (better) best = i;
    if (cell.on_front) continue;
    cell.beaten_by = best;
    cell.behind = sign * (cells[*best].score - cell.score);
    if (std::isnan(fit.error_ms)) continue;
    const VectorXd shares =
        fit.seed_share.row(static_cast<Index>(i)) - fit.seed_share.row(static_cast<Index>(*best));
    const double variance = 1 / static_cast<double>(cell.runs.size()) +
                            1 / static_cast<double>(cells[*best].runs.size()) +
                            shares.dot(fit.inverse * shares);
    cell.half_width = boost::math::quantile(boost::math::students_t(fit.error_df), 0.975) *
                      std::sqrt(fit.error_ms * variance);
    cell.within_interval = cell.behind <= cell.half_width;
  }
}

/// Indicators of the levels of one grouping but the first.
template <typename Key>
MatrixXd indicators(const RunGroups<Key>& groups) {
  MatrixXd columns = MatrixXd::Zero(static_cast<Index>(groups.of_run.size()),
                                    std::max<Index>(static_cast<Index>(groups.size()) - 1, 0));
  for (std::size_t i = 0; i < groups.of_run.size(); ++i)
    if (groups.of_run[i] > 0) columns(static_cast<Index>(i), static_cast<Index>(groups.of_run[i]) - 1) = 1;
  return columns;
}

/// What a factor may do: anything at each of its levels, a cubic curve where it is continuous.
MatrixXd factor_columns(const Observations& observations, std::size_t factor,
                        const std::vector<std::size_t>& runs) {
  if (observations.factors[factor].continuous()) {
    const AxisFunctions axis = axis_functions(observations, factor, runs);
    return axis.values.leftCols(axis.count(kCurveDegree));
  }
  RunGroups<double> levels;
  for (const std::size_t run : runs) levels.add(observations.runs[run].at[factor]);
  return indicators(levels);
}

/// One run for each point of a sample, over its seeds.
Observations point_runs(const Observations& observations) {
  Observations points{
      .factors = observations.factors, .runs = {}, .lower_is_better = observations.lower_is_better};
  for (const CellScore& cell : pareto_front(observations).cells) {
    Observation run;
    run.at = cell.at;
    run.score = cell.score;
    run.cost = cell.cost;
    points.runs.push_back(std::move(run));
  }
  return points;
}

}  // namespace

ParetoFront pareto_front(const Observations& observations) {
  std::vector<std::size_t> runs;
  std::map<std::vector<double>, bool> has_cost;
  for (const Observation& run : observations.runs)
    if (std::isfinite(run.score) && std::isfinite(run.cost)) has_cost[comparable(run.at)] = true;
  for (std::size_t run = 0; run < observations.runs.size(); ++run)
    if (std::isfinite(observations.runs[run].score) && has_cost.count(comparable(observations.runs[run].at)))
      runs.push_back(run);
  ParetoFront front;
  if (runs.empty()) return front;
  RunGroups<std::vector<double>> cells;
  RunGroups<std::uint64_t> seeds;
  const bool shared = all_have_seeds(observations, runs);
  for (const std::size_t run : runs) {
    cells.add(comparable(observations.runs[run].at));
    if (shared) seeds.add(*observations.runs[run].seed);
  }
  if (seeds.size() == runs.size() || seeds.size() == 1) seeds = {};
  std::vector<CellRun> scores;
  for (std::size_t i = 0; i < runs.size(); ++i)
    scores.push_back(
        {cells.of_run[i], seeds.size() > 0 ? seeds.of_run[i] : 0, observations.runs[runs[i]].score});
  const CellSeedFit fit = fit_cells_and_seeds(scores, cells.size(), seeds.size());
  front.error_ms = fit.error_ms;
  front.error_df = fit.error_df;
  front.cells.resize(cells.size());
  for (std::size_t i = 0; i < runs.size(); ++i) front.cells[cells.of_run[i]].runs.push_back(runs[i]);
  for (std::size_t c = 0; c < cells.size(); ++c) {
    CellScore& cell = front.cells[c];
    cell.at = observations.runs[cell.runs[0]].at;
    double cost = 0, costs = 0;
    for (const std::size_t run : cell.runs) {
      if (!std::isfinite(observations.runs[run].cost)) continue;
      cost += observations.runs[run].cost;
      ++costs;
    }
    cell.score = fit.cell_mean[static_cast<Index>(c)];
    cell.cost = cost / costs;
  }
  find_front(front, observations.lower_is_better, fit);
  return front;
}

std::optional<DoublingEffect> effect_per_doubling(const Observations& all, std::size_t factor) {
  const bool sampled =
      std::any_of(all.factors.begin(), all.factors.end(), [](const Factor& one) { return one.continuous(); });
  const Observations observations = sampled ? point_runs(all) : all;
  std::vector<std::size_t> runs;
  for (std::size_t run = 0; run < observations.runs.size(); ++run) {
    const Observation& seen = observations.runs[run];
    if (std::isfinite(seen.score) && seen.cost > 0 && std::isfinite(seen.cost) &&
        !std::isnan(seen.at[factor]))
      runs.push_back(run);
  }
  if (runs.empty()) return std::nullopt;
  const auto n = static_cast<Index>(runs.size());
  std::vector<MatrixXd> parts = {MatrixXd::Ones(n, 1)};
  for (std::size_t other = 0; other < observations.factors.size(); ++other) {
    const bool applies = std::none_of(runs.begin(), runs.end(), [&](std::size_t run) {
      return std::isnan(observations.runs[run].at[other]);
    });
    if (other != factor && applies) parts.push_back(factor_columns(observations, other, runs));
  }
  RunGroups<std::uint64_t> seeds;
  if (all_have_seeds(observations, runs)) {
    for (const std::size_t run : runs) seeds.add(*observations.runs[run].seed);
    if (seeds.size() < runs.size()) parts.push_back(indicators(seeds));
  }
  Index columns = 0;
  for (const MatrixXd& part : parts) columns += part.cols();
  MatrixXd rest(n, columns);
  columns = 0;
  for (const MatrixXd& part : parts) {
    rest.middleCols(columns, part.cols()) = part;
    columns += part.cols();
  }
  VectorXd log_cost(n), y(n);
  for (Index i = 0; i < n; ++i) {
    log_cost[i] = std::log2(observations.runs[runs[static_cast<std::size_t>(i)]].cost);
    y[i] = observations.runs[runs[static_cast<std::size_t>(i)]].score;
  }
  // What the other columns leave of cost and score (Frisch and Waugh 1933).
  const Eigen::CompleteOrthogonalDecomposition<MatrixXd> solver = decomposed(rest.transpose() * rest);
  const VectorXd mean_cost = VectorXd::Constant(n, log_cost.mean()),
                 mean_score = VectorXd::Constant(n, y.mean());
  const auto left_of = [&](const MatrixXd& v) -> MatrixXd {
    return v - rest * solver.solve(rest.transpose() * v);
  };
  const VectorXd cost = left_of(log_cost - mean_cost), score = left_of(y - mean_score);
  constexpr double kConstant = 1e-9;  // In doublings: cost that varies less does not vary.
  if (!(cost.norm() > kConstant * std::sqrt(static_cast<double>(n)))) return std::nullopt;
  const MatrixXd own = left_of(factor_columns(observations, factor, runs));
  if (own.cols() == 0) return std::nullopt;
  const VectorXd by_factor = own * decomposed(own.transpose() * own).solve(own.transpose() * cost);
  if (by_factor.squaredNorm() < kOwnCost * cost.squaredNorm()) return std::nullopt;
  DoublingEffect effect;
  effect.estimate = cost.dot(score) / cost.squaredNorm();
  effect.doublings = log_cost.maxCoeff() - log_cost.minCoeff();
  effect.df = static_cast<double>(n - solver.rank() - 1);
  const double squares = (score - effect.estimate * cost).squaredNorm();
  effect.se = std::numeric_limits<double>::quiet_NaN();
  if (effect.df < 1 || !(squares > kSquaresRounding * kSquaresRounding * (y - mean_score).squaredNorm()))
    return effect;
  effect.se = std::sqrt(squares / effect.df / cost.squaredNorm());
  effect.p = 2 * boost::math::cdf(boost::math::complement(boost::math::students_t(effect.df),
                                                          std::abs(effect.estimate / effect.se)));
  constexpr std::size_t kSeedsForError = 3;
  if (seeds.size() >= kSeedsForError && seeds.size() < runs.size()) {
    VectorXd pull = VectorXd::Zero(static_cast<Index>(seeds.size()));  // Of each seed on the slope.
    for (Index i = 0; i < n; ++i)
      pull[static_cast<Index>(seeds.of_run[static_cast<std::size_t>(i)])] +=
          cost(i, 0) * (score(i, 0) - effect.estimate * cost(i, 0));
    const auto count = static_cast<double>(seeds.size());
    effect.seed_df = count - 1;
    effect.seed_se = std::sqrt(pull.squaredNorm() * count / (count - 1)) / cost.squaredNorm();
  }
  return effect;
}

}  // namespace ablate
