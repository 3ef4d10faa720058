#include "schedule/job_queue.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "store/blocked.hpp"

namespace ablate {

JobQueue::JobQueue(std::vector<JobNode> jobs)
    : jobs_(std::move(jobs)),
      children_(jobs_.size()),
      longer_(jobs_.size()),
      unfinished_parents_(jobs_.size()),
      rank_(jobs_.size()),
      by_rank_(jobs_.size()) {
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    for (const std::size_t parent : jobs_[i].parents) {
      children_.at(parent).push_back(i);
      if (jobs_[parent].state != JobState::finished) ++unfinished_parents_[i];
    }
    if (jobs_[i].goes_on_from) longer_.at(*jobs_[i].goes_on_from).push_back(i);
  }
  std::iota(by_rank_.begin(), by_rank_.end(), std::size_t{0});
  const auto priority = [&](std::size_t i) {
    const JobNode::Priority& of = jobs_[i].priority;
    return std::tuple(-of.replicates, -static_cast<std::int64_t>(children_[i].size()), of.order, i);
  };
  std::sort(by_rank_.begin(), by_rank_.end(),
            [&](std::size_t a, std::size_t b) { return priority(a) < priority(b); });
  for (std::size_t rank = 0; rank < by_rank_.size(); ++rank) rank_[by_rank_[rank]] = rank;
  for (std::size_t i = 0; i < jobs_.size(); ++i)
    if (is_ready(i)) ready_.insert(rank_[i]);
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
    place(child);
  }
  for (const std::size_t job : longer_[index]) place(job);
  place(index);
}

bool JobQueue::is_ready(std::size_t index) const {
  const JobNode& job = jobs_[index];
  if (job.state != JobState::waiting || unfinished_parents_[index] > 0) return false;
  if (!job.goes_on_from) return true;
  const JobState shorter = state(*job.goes_on_from);
  return shorter != JobState::waiting && !is_under_way(shorter);
}

void JobQueue::place(std::size_t index) {
  if (is_ready(index))
    ready_.insert(rank_[index]);
  else
    ready_.erase(rank_[index]);
}

JobQueue::Counts JobQueue::count() const {
  Counts counts;
  const auto blockers = find_blockers(
      size(),
      [&](std::size_t i) { return state(i); }, [&](std::size_t i) -> const auto& { return parents(i); });
  for (std::size_t i = 0; i < size(); ++i) {
    switch (state(i)) {
      case JobState::waiting:
        ++(blockers[i] ? counts.blocked : counts.waiting);
        break;
      case JobState::queued:
        ++counts.queued;
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
      case JobState::stopped_early:
        ++counts.stopped_early;
        break;
    }
  }
  return counts;
}

}  // namespace ablate
