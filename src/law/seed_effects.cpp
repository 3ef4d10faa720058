#include "law/seed_effects.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace ablate {

namespace {

/// What runs that are repeats of one another have in common.
auto setting_of(const LawRun& run) {
  return std::tuple(run.batch, run.lr, std::isnan(run.weight_decay) ? -1 : run.weight_decay, run.schedule);
}

struct SeededRun {
  LawRun* run = nullptr;
  Eigen::Index setting = 0, seed = 0;
  double weight = 0;  ///< The run's; less where it is an outlier.
};

/// The runs that take part, with settings and seeds counted from 0.
struct SeededScan {
  std::vector<SeededRun> runs;
  Eigen::Index settings = 0, seeds = 0;
};

SeededScan seeded_runs(std::span<LawRun> scan) {
  SeededScan found;
  std::map<decltype(setting_of(scan[0])), Eigen::Index> settings;
  std::map<std::string, Eigen::Index> seeds;
  for (LawRun& run : scan) {
    if (run.seed.empty() || run.diverged || !std::isfinite(run.loss)) continue;
    const auto setting = settings.try_emplace(setting_of(run), settings.size()).first->second;
    found.runs.push_back(
        {&run, setting, seeds.try_emplace(run.seed, seeds.size()).first->second, run.weight});
  }
  found.settings = static_cast<Eigen::Index>(settings.size());
  found.seeds = static_cast<Eigen::Index>(seeds.size());
  return found;
}

/// Of all medians of one value or more the nearest to `wanted`.
double median_near(std::vector<double> values, double wanted) {
  std::sort(values.begin(), values.end());
  return std::clamp(wanted, values[(values.size() - 1) / 2], values[values.size() / 2]);
}

/// The median loss of each setting that two seeds or more share; NaN for the others.
std::vector<double> shared_centres(const SeededScan& scan) {
  std::vector<std::vector<double>> losses(static_cast<std::size_t>(scan.settings));
  std::vector<std::set<Eigen::Index>> seeds(losses.size());
  for (const SeededRun& one : scan.runs) {
    losses[static_cast<std::size_t>(one.setting)].push_back(one.run->loss);
    seeds[static_cast<std::size_t>(one.setting)].insert(one.seed);
  }
  std::vector<double> centres(losses.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const double mean = std::accumulate(losses[i].begin(), losses[i].end(), 0.0) / std::ssize(losses[i]);
    if (seeds[i].size() > 1) centres[i] = median_near(losses[i], mean);
  }
  return centres;
}

/// What each seed adds to the centres, as its median; nothing where it shares fewer than two.
std::vector<double> usual_effects(const SeededScan& scan, const std::vector<double>& centres) {
  std::vector<std::vector<double>> apart(static_cast<std::size_t>(scan.seeds));
  for (const SeededRun& one : scan.runs)
    if (const double centre = centres[static_cast<std::size_t>(one.setting)]; !std::isnan(centre))
      apart[static_cast<std::size_t>(one.seed)].push_back(one.run->loss - centre);
  std::vector<double> effects;
  for (std::vector<double>& of_seed : apart)
    effects.push_back(of_seed.size() < 2 ? 0 : median_near(std::move(of_seed), 0));
  return effects;
}

/// Takes off what each seed usually adds.
void level_seeds(const SeededScan& scan) {
  constexpr int kRounds = 20;
  constexpr double kUnmoved = 1e-9;
  double moved = 1;
  for (int round = 0; round < kRounds && moved > kUnmoved; ++round) {
    const std::vector<double> effects = usual_effects(scan, shared_centres(scan));
    moved = 0;
    for (const SeededRun& one : scan.runs) {
      const double effect = effects[static_cast<std::size_t>(one.seed)];
      one.run->loss -= effect;
      moved = std::max(moved, std::abs(effect));
    }
  }
}

/// A run that differs from other seeds' by more than three times what is usual counts less, lest what it
/// alone suffered be taken for what its seed adds everywhere.
void weigh_outliers(std::span<const LawRun> runs, SeededScan& scan) {
  constexpr double kUsual = 1e-3, kFar = 3, kPerMedian = 1.4826;  // kUsual is a part of the loss.
  std::vector<LawRun> leveled = without_usual_seed_effects(runs);
  const SeededScan level = seeded_runs(leveled);
  const std::vector<double> centres = shared_centres(level);
  std::vector<double> apart, sizes;
  for (const SeededRun& one : level.runs) {
    const double centre = centres[static_cast<std::size_t>(one.setting)];
    // No logarithm: what is no loss is refused later, and must be a number until then.
    apart.push_back(std::isnan(centre) ? 0 : std::abs(one.run->loss - centre) / std::max(centre, 1e-9));
    if (!std::isnan(centre)) sizes.push_back(apart.back());
  }
  if (sizes.empty()) return;
  const double far = kFar * std::max(kUsual, kPerMedian * median_near(sizes, 0));
  for (std::size_t i = 0; i < apart.size(); ++i)
    if (apart[i] > far) scan.runs[i].weight *= far / apart[i];
}

}  // namespace

SeedEffects remove_seed_effects(std::span<LawRun> runs) {
  SeededScan scan = seeded_runs(runs);
  if (scan.seeds < 2) return {1, static_cast<std::size_t>(scan.seeds)};
  weigh_outliers(runs, scan);
  // The normal equations of rate + seed, from which the settings' means are eliminated. They are singular by
  // one for each group of seeds; the shortest solution is the one whose seeds add nothing on average.
  Eigen::MatrixXd weight = Eigen::MatrixXd::Zero(scan.settings, scan.seeds);
  Eigen::VectorXd setting_sum = Eigen::VectorXd::Zero(scan.settings);
  for (const SeededRun& one : scan.runs) {
    weight(one.setting, one.seed) += one.weight;
    setting_sum(one.setting) += one.weight * one.run->loss;
  }
  const Eigen::VectorXd total = weight.rowwise().sum();
  const Eigen::MatrixXd share = total.cwiseInverse().asDiagonal() * weight;
  Eigen::MatrixXd normal = -weight.transpose() * share;
  normal.diagonal() += weight.colwise().sum().transpose();
  Eigen::VectorXd right = -share.transpose() * setting_sum;
  for (const SeededRun& one : scan.runs) right(one.seed) += one.weight * one.run->loss;
  Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> solver;
  solver.setThreshold(1e-9);
  solver.compute(normal);
  const Eigen::VectorXd effect = solver.solve(right);
  for (const SeededRun& one : scan.runs) one.run->loss -= effect(one.seed);

  const auto repeats = static_cast<double>(scan.runs.size()) - static_cast<double>(scan.settings);
  const auto used = static_cast<double>(solver.rank());
  return {repeats > 0 ? std::max(0.0, 1 - used / repeats) : 1,
          static_cast<std::size_t>(scan.seeds - solver.rank())};
}

std::vector<LawRun> without_usual_seed_effects(std::span<const LawRun> scan) {
  std::vector<LawRun> runs(scan.begin(), scan.end());
  level_seeds(seeded_runs(runs));
  const auto is_loss = [](const LawRun& run) { return run.loss > 0 || !std::isfinite(run.loss); };
  return std::all_of(runs.begin(), runs.end(), is_loss) ? runs
                                                        : std::vector<LawRun>(scan.begin(), scan.end());
}

}  // namespace ablate
