#include "schedule/simulation.hpp"

#include <algorithm>
#include <queue>

#include "schedule/job_queue.hpp"

namespace ablate {

namespace {

std::vector<JobNode> job_nodes(const Plan& plan, const JobStates& states) {
  std::vector<JobNode> nodes;
  for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
    const PlannedJob& planned = plan.jobs[i];
    JobState state = states[i].value_or(JobState::waiting);
    // It will be gone on with.
    if (is_under_way(state) || state == JobState::stopped_early) state = JobState::waiting;
    nodes.push_back({.parents = {planned.parents.begin(), planned.parents.end()},
                     .priority = {.replicates = planned.replicates, .order = static_cast<std::int64_t>(i)},
                     .memory_bytes = planned.cost.memory_bytes,
                     .state = state});
    if (planned.goes_on_from) nodes.back().goes_on_from = *planned.goes_on_from;
  }
  return nodes;
}

}  // namespace

std::vector<SimulatedStart> simulate_run(const Plan& plan, const JobStates& states,
                                         const std::vector<Device>& devices, const SlotSpeed& speed) {
  JobQueue queue(job_nodes(plan, states));
  Slots slots(devices);
  std::vector<SimulatedStart> starts;
  const auto ends_later = [&](std::size_t a, std::size_t b) {
    const double end_a = starts[a].start + starts[a].seconds, end_b = starts[b].start + starts[b].seconds;
    return end_a != end_b ? end_a > end_b : a > b;
  };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(ends_later)> running(ends_later);
  double now = 0;
  for (;;) {
    while (const auto next = queue.first_ready()) {
      const auto placement = slots.take(queue.memory_bytes(*next));
      if (!placement) break;
      const PlannedJob& job = plan.jobs[*next];
      starts.push_back({*next, *placement, now, speed.seconds(job)});
      queue.set_state(*next, JobState::running);
      running.push(starts.size() - 1);
    }
    if (running.empty()) return starts;
    const SimulatedStart ended = starts[running.top()];
    running.pop();
    now = ended.start + ended.seconds;
    slots.release(ended.placement);
    queue.set_state(ended.job, JobState::finished);
  }
}

double seconds_of(const std::vector<SimulatedStart>& starts) {
  double end = 0;
  for (const SimulatedStart& start : starts) end = std::max(end, start.start + start.seconds);
  return end;
}

}  // namespace ablate
