#include "law/seed_effects.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace ablate {

namespace {

/// What runs that are repeats of one another have in common.
auto setting_of(const LawRun& run) {
  return std::tuple(run.lr, std::isnan(run.weight_decay) ? -1 : run.weight_decay, run.schedule);
}

struct SeededRun {
  LawRun* run = nullptr;
  Eigen::Index setting = 0, seed = 0;
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
    found.runs.push_back({&run, setting, seeds.try_emplace(run.seed, seeds.size()).first->second});
  }
  found.settings = static_cast<Eigen::Index>(settings.size());
  found.seeds = static_cast<Eigen::Index>(seeds.size());
  return found;
}

}  // namespace

SeedEffects remove_seed_effects(std::span<LawRun> runs) {
  const SeededScan scan = seeded_runs(runs);
  if (scan.seeds < 2) return {1, static_cast<std::size_t>(scan.seeds)};
  // The normal equations of rate + seed, from which the settings' means are eliminated. They are singular by
  // one for each group of seeds; the shortest solution is the one whose seeds add nothing on average.
  Eigen::MatrixXd weight = Eigen::MatrixXd::Zero(scan.settings, scan.seeds);
  Eigen::VectorXd setting_sum = Eigen::VectorXd::Zero(scan.settings);
  for (const SeededRun& one : scan.runs) {
    weight(one.setting, one.seed) += one.run->weight;
    setting_sum(one.setting) += one.run->weight * one.run->loss;
  }
  const Eigen::VectorXd total = weight.rowwise().sum();
  const Eigen::MatrixXd share = total.cwiseInverse().asDiagonal() * weight;
  Eigen::MatrixXd normal = -weight.transpose() * share;
  normal.diagonal() += weight.colwise().sum().transpose();
  Eigen::VectorXd right = -share.transpose() * setting_sum;
  for (const SeededRun& one : scan.runs) right(one.seed) += one.run->weight * one.run->loss;
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

}  // namespace ablate
