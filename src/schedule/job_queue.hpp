// Which job comes next, and which never can: pure, without database and processes.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "store/states.hpp"

namespace ablate {

/// What the queue has to know of a job. Jobs are named by their index.
struct JobNode {
  /// Which of two ready jobs goes first, where the number of their children does not decide.
  struct Priority {
    std::int64_t replicates = 0;  ///< How many replicates need it: more go first.
    std::int64_t order = 0;       ///< Its place in the plan: lower ones go first.
  };
  std::vector<std::size_t> parents;  ///< Indices; they stand before their children.
  Priority priority;
  double memory_bytes = 0;  ///< By estimate, on its device.
  JobState state = JobState::waiting;
  /// A shorter training that it goes on from: waited for while it may still end, however it ends.
  std::optional<std::size_t> goes_on_from = {};
};

/// The jobs of a sweep and what they wait for. Ready is a waiting job whose parents are all finished, and
/// whose shorter training is neither waiting nor under way; first
/// among them is the one that most replicates need, then the one with most children, then the earliest in the
/// plan. A change of state costs O(log jobs + children), never O(jobs).
class JobQueue {
 public:
  explicit JobQueue(std::vector<JobNode> jobs);

  std::size_t size() const { return jobs_.size(); }
  const std::vector<std::size_t>& parents(std::size_t index) const { return jobs_[index].parents; }
  double memory_bytes(std::size_t index) const { return jobs_[index].memory_bytes; }
  JobState state(std::size_t index) const { return jobs_[index].state; }

  /// The first ready job; nothing when no job is ready.
  std::optional<std::size_t> first_ready() const;
  void set_state(std::size_t index, JobState state);

  struct Counts {
    std::int64_t waiting = 0;  ///< Without the blocked ones.
    std::int64_t blocked = 0;  ///< Waiting dependents of jobs without a result: they can never start.
    std::int64_t queued = 0, running = 0, finished = 0, failed = 0, cancelled = 0, stopped_early = 0;
  };
  /// O(jobs).
  Counts count() const;

 private:
  bool is_ready(std::size_t index) const;
  void place(std::size_t index);
  std::vector<JobNode> jobs_;
  std::vector<std::vector<std::size_t>> children_;
  std::vector<std::vector<std::size_t>> longer_;  ///< Of each job: those that go on from it.
  std::vector<std::size_t> unfinished_parents_;
  std::vector<std::size_t> rank_;     ///< Of each job: its place in the order of priority.
  std::vector<std::size_t> by_rank_;  ///< The inverse.
  std::set<std::size_t> ready_;       ///< Ranks.
};

}  // namespace ablate
