// Trainings that differ in their last step alone: each can go on from the end of a shorter one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ablate {

/// For each job the one that it goes on from: of those of its trajectory with fewer steps, the one with most.
/// A default trajectory is none.
template <typename Trajectory>
class ShorterJobs {
 public:
  explicit ShorterJobs(std::size_t jobs) : shorter_(jobs) {}
  void add(std::size_t job, const Trajectory& trajectory, std::int64_t steps) {
    if (trajectory != Trajectory{}) groups_[trajectory].emplace_back(steps, job);
  }
  std::vector<std::optional<std::size_t>> find() {
    for (auto& [trajectory, jobs] : groups_) {
      std::sort(jobs.begin(), jobs.end());
      for (std::size_t i = 1; i < jobs.size(); ++i) shorter_[jobs[i].second] = jobs[i - 1].second;
    }
    return std::move(shorter_);
  }

 private:
  std::unordered_map<Trajectory, std::vector<std::pair<std::int64_t, std::size_t>>> groups_;
  std::vector<std::optional<std::size_t>> shorter_;
};

}  // namespace ablate
