// Where the error of a difference between levels comes from, seeds or examples, by what became of each
// example.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "stats/observations.hpp"
#include "stats/paired_examples.hpp"
#include "stats/power.hpp"
#include "store/sweep_jobs.hpp"
#include "store/sweeps.hpp"

namespace ablate {

/// Of each seed, the runs of two levels that differ in nothing else: indices into Observations::runs, those
/// of `a` first.
using LevelPairs = std::map<std::uint64_t, std::vector<std::pair<std::size_t, std::size_t>>>;
LevelPairs pairs_of_levels(const Observations& runs, std::size_t factor, std::size_t a, std::size_t b);

/// The outcomes that evaluations of a sweep have kept of one score.
class KeptOutcomes {
 public:
  KeptOutcomes(Database& database, const SweepRecord& sweep, std::string score);
  /// Of the mean difference over the pairs of a seed: by question where all seeds were asked the same ones,
  /// else by the error over examples of each seed. None: under fewer than two seeds, outcomes are not kept of
  /// every run, or the runs of a seed were not asked the same.
  std::optional<SpreadParts> split(const LevelPairs& pairs);
  /// What was missing or damaged; empty: nothing.
  const std::string& problem() const { return problem_; }

 private:
  std::shared_ptr<const SeedOutcomes> load(std::size_t run);

  Database& database_;
  std::string score_, problem_;
  std::vector<std::vector<std::int64_t>> jobs_;  // Of each run, those that have kept outcomes.
  std::map<std::int64_t, std::shared_ptr<const SeedOutcomes>> known_;
  std::size_t bytes_ = 0;  // Of those.
};

}  // namespace ablate
