#include "schedule/job_queue.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace ablate {

JobQueue::JobQueue(std::vector<JobRecord> jobs)
    : jobs_(std::move(jobs)),
      children_(jobs_.size()),
      unfinished_parents_(jobs_.size()),
      rank_(jobs_.size()),
      by_rank_(jobs_.size()) {
  for (std::size_t i = 0; i < jobs_.size(); ++i) index_of_.emplace(jobs_[i].id, i);
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    for (const std::int64_t parent : jobs_[i].parents) {
      const std::size_t above = index_of_.at(parent);
      children_[above].push_back(i);
      if (jobs_[above].state != JobState::finished) ++unfinished_parents_[i];
    }
  }
  std::iota(by_rank_.begin(), by_rank_.end(), std::size_t{0});
  const auto priority = [&](std::size_t i) {
    return std::tuple(-jobs_[i].replicates, -static_cast<std::int64_t>(children_[i].size()), jobs_[i].order,
                      i);
  };
  std::sort(by_rank_.begin(), by_rank_.end(),
            [&](std::size_t a, std::size_t b) { return priority(a) < priority(b); });
  for (std::size_t rank = 0; rank < by_rank_.size(); ++rank) rank_[by_rank_[rank]] = rank;
  for (std::size_t i = 0; i < jobs_.size(); ++i)
    if (is_ready(i)) ready_.insert(rank_[i]);
}

std::optional<std::size_t> JobQueue::find(std::int64_t job_id) const {
  const auto found = index_of_.find(job_id);
  return found == index_of_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::size_t> JobQueue::first_ready() const {
  return ready_.empty() ? std::nullopt : std::optional(by_rank_[*ready_.begin()]);
}

void JobQueue::set_state(std::size_t index, JobState state) {
  const JobState before = jobs_[index].state;
  if (before == state) return;
  jobs_[index].state = state;
  for (const std::size_t child : children_[index]) {
    if (state == JobState::finished) --unfinished_parents_[child];
    if (before == JobState::finished) ++unfinished_parents_[child];
    if (is_ready(child))
      ready_.insert(rank_[child]);
    else
      ready_.erase(rank_[child]);
  }
  if (is_ready(index))
    ready_.insert(rank_[index]);
  else
    ready_.erase(rank_[index]);
}

JobQueue::Counts JobQueue::count() const {
  Counts counts;
  std::vector<bool> dead(
      jobs_.size());  // Failed, cancelled, or behind such a job; parents stand before children.
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    const JobState state = jobs_[i].state;
    bool behind_dead = false;
    for (const std::int64_t parent : jobs_[i].parents)
      behind_dead = behind_dead || dead[index_of_.at(parent)];
    dead[i] = state == JobState::failed || state == JobState::cancelled ||
              (state == JobState::waiting && behind_dead);
    switch (state) {
      case JobState::waiting:
        ++(behind_dead ? counts.blocked : counts.waiting);
        break;
      case JobState::running:
        ++counts.running;
        break;
      case JobState::finished:
        ++counts.finished;
        break;
      case JobState::failed:
        ++counts.failed;
        break;
      case JobState::cancelled:
        ++counts.cancelled;
        break;
    }
  }
  return counts;
}

}  // namespace ablate
