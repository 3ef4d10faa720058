#include "views/outcome_spread.hpp"

#include <cmath>

#include "stats/summary.hpp"
#include "store/outcomes.hpp"
#include "store/query.hpp"

namespace ablate {

namespace {

/// That are kept in memory; others are read whenever they are needed.
constexpr std::size_t kMostOutcomeBytes = std::size_t{256} << 20;

/// The mean contribution of each question to the difference under one seed; none where questions or weights
/// differ.
std::optional<std::vector<double>> mean_contributions(
    const std::vector<std::pair<std::shared_ptr<const SeedOutcomes>, std::shared_ptr<const SeedOutcomes>>>&
        pairs) {
  std::vector<double> mean;
  for (const auto& pair : pairs) {
    const Pairing pairing = pair_outcomes({pair.first.get(), 1}, {pair.second.get(), 1});
    if (pairing.refusal || pair.first->questions != pairs.front().first->questions) return std::nullopt;
    const std::vector<double> z = contributions(*pair.first, *pair.second);
    mean.resize(z.size(), 0);
    for (std::size_t i = 0; i < z.size(); ++i) mean[i] += z[i] / static_cast<double>(pairs.size());
  }
  return mean;
}

}  // namespace

LevelPairs pairs_of_levels(const Observations& runs, std::size_t factor, std::size_t a, std::size_t b) {
  struct Sides {
    std::optional<std::size_t> of_a, of_b;
  };
  std::map<std::uint64_t, std::map<std::vector<double>, Sides>> settings;
  for (std::size_t i = 0; i < runs.runs.size(); ++i) {
    const Observation& run = runs.runs[i];
    if (run.end != RunEnd::finished || !run.seed) continue;
    const double level = run.at[factor];
    if (level != static_cast<double>(a) && level != static_cast<double>(b)) continue;
    std::vector<double> others = run.at;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(factor));
    for (double& other : others)
      if (std::isnan(other)) other = -1;  // does not apply: a setting like others
    Sides& sides = settings[*run.seed][others];
    (level == static_cast<double>(a) ? sides.of_a : sides.of_b) = i;
  }
  LevelPairs pairs;
  for (const auto& of_seed : settings)
    for (const auto& setting : of_seed.second)
      if (setting.second.of_a && setting.second.of_b)
        pairs[of_seed.first].emplace_back(*setting.second.of_a, *setting.second.of_b);
  return pairs;
}

KeptOutcomes::KeptOutcomes(Database& database, const SweepRecord& sweep, std::string score)
    : database_(database), score_(std::move(score)) {
  const SweepJobs jobs = load_sweep_jobs(database, sweep.id);
  std::unordered_set<std::int64_t> kept;
  Query query(
      database,
      "SELECT job_id FROM score_value WHERE job_id BETWEEN ? AND ? AND name = ? AND outcomes IS NOT NULL",
      jobs.first_id(), jobs.last_id(), score_);
  while (query.step()) kept.insert(query.integer(0));
  for (const SweepJobs::Need& need : jobs.needs) {
    if (need.replicate >= jobs_.size()) jobs_.resize(need.replicate + 1);
    if (kept.count(jobs.ids[need.job]) > 0) jobs_[need.replicate].push_back(jobs.ids[need.job]);
  }
}

std::shared_ptr<const SeedOutcomes> KeptOutcomes::load(std::size_t run) {
  if (run >= jobs_.size() || jobs_[run].empty()) return nullptr;
  const std::int64_t job = jobs_[run].back();
  const auto known = known_.find(job);
  if (known != known_.end()) return known->second;
  auto found = load_outcomes(database_, job);
  ExampleOutcomes& outcomes = found.at(score_);
  auto made = std::make_shared<SeedOutcomes>();
  made->questions = std::move(outcomes.questions);
  made->values = std::move(outcomes.values);
  made->weights = std::move(outcomes.weights);
  bytes_ += 16 * made->questions.size();
  if (bytes_ <= kMostOutcomeBytes) known_[job] = made;
  return made;
}

std::optional<SpreadParts> KeptOutcomes::split(const LevelPairs& pairs) {
  if (pairs.size() < 2 || !problem_.empty()) return std::nullopt;
  std::vector<std::vector<double>> by_seed;
  std::vector<double> differences, errors;
  std::vector<std::uint64_t> questions;
  bool same_questions = true;
  try {
    for (const auto& of_seed : pairs) {
      std::vector<std::pair<std::shared_ptr<const SeedOutcomes>, std::shared_ptr<const SeedOutcomes>>> loaded;
      for (const auto& pair : of_seed.second) {
        loaded.emplace_back(load(pair.first), load(pair.second));
        if (!loaded.back().first || !loaded.back().second) return std::nullopt;
      }
      auto mean = mean_contributions(loaded);
      if (!mean) return std::nullopt;
      if (by_seed.empty()) questions = loaded.front().first->questions;
      same_questions = same_questions && loaded.front().first->questions == questions;
      const Summary summary = summarize(*mean);
      differences.push_back(summary.mean);
      errors.push_back(summary.se);
      by_seed.push_back(std::move(*mean));
    }
  } catch (const Error& error) {
    problem_ = error.what();
    return std::nullopt;
  }
  return same_questions ? split_outcomes(by_seed) : split_spread(differences, errors);
}

}  // namespace ablate
