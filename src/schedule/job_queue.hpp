// Which job comes next, and which never can: pure, without database and processes.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "store/jobs.hpp"

namespace ablate {

/// The jobs of a sweep and what they wait for. Jobs are named by their index. Ready is a waiting job whose
/// parents are all finished; first among them is the one that most replicates need, then the one with most
/// children, then the earliest in the plan. A change of state costs O(log jobs + children), never O(jobs).
class JobQueue {
 public:
  explicit JobQueue(std::vector<JobRecord> jobs);

  const JobRecord& job(std::size_t index) const { return jobs_[index]; }
  JobRecord& job(std::size_t index) { return jobs_[index]; }
  std::size_t size() const { return jobs_.size(); }
  std::optional<std::size_t> find(std::int64_t job_id) const;

  /// The first ready job; nothing when no job is ready.
  std::optional<std::size_t> first_ready() const;
  void set_state(std::size_t index, JobState state);

  struct Counts {
    std::int64_t waiting = 0;  ///< Without the blocked ones.
    std::int64_t blocked = 0;  ///< Waiting behind a failed or cancelled job: they can never start.
    std::int64_t running = 0, finished = 0, failed = 0, cancelled = 0;
  };
  /// O(jobs).
  Counts count() const;

 private:
  bool is_ready(std::size_t index) const {
    return jobs_[index].state == JobState::waiting && unfinished_parents_[index] == 0;
  }
  std::vector<JobRecord> jobs_;
  std::unordered_map<std::int64_t, std::size_t> index_of_;
  std::vector<std::vector<std::size_t>> children_;
  std::vector<std::size_t> unfinished_parents_;
  std::vector<std::size_t> rank_;     ///< Of each job: its place in the order of priority.
  std::vector<std::size_t> by_rank_;  ///< The inverse.
  std::set<std::size_t> ready_;       ///< Ranks.
};

}  // namespace ablate
