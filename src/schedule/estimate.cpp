#include "schedule/estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "config/names.hpp"
#include "store/blocked.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

/// What `ablate run` takes a job for: it goes on with what was stopped early.
JobState state_for_run(const std::optional<JobState>& state) {
  return !state || state == JobState::stopped_early ? JobState::waiting : *state;
}

}  // namespace

const JobTime* SlotSpeed::find(Stage stage, const std::string& task) const {
  for (const JobTime& entry : measured)
    if (entry.stage == stage && entry.task == task && entry.kind == kind) return &entry;
  return nullptr;
}

double SlotSpeed::flops_of_slot(double flops) const {
  return kind == DeviceKind::cpu ? flops / static_cast<double>(std::max<std::int64_t>(1, threads)) : flops;
}

double SlotSpeed::seconds(Stage stage, const std::string& task, std::int64_t jobs, double flops) const {
  const double work = flops_of_slot(flops);
  const double assumed = kind == DeviceKind::cpu ? kAssumedCpuThreadFlops : kAssumedGpuFlops;
  const JobTime* found = find(stage, task);
  if (!found) return work / assumed;
  const double fastest = std::max(assumed, found->fit.proven_flops_per_second());
  return std::max(found->fit.seconds(work, static_cast<double>(jobs)), work / fastest);
}

SlotSpeed slot_speed(const std::vector<Device>& devices, std::vector<JobTime> measured) {
  SlotSpeed speed;
  speed.measured = std::move(measured);
  speed.slots = 0;
  for (const Device& device : devices) {
    speed.slots += device.slots;
    speed.threads = device.threads;
    if (device.kind != DeviceKind::cpu) speed.kind = device.kind;
  }
  return speed;
}

std::optional<double> StageEstimate::seconds_per_job() const {
  if (to_run == 0) return std::nullopt;
  return seconds_left / static_cast<double>(to_run);
}

std::vector<bool> find_blocked(const Plan& plan, const JobStates& states) {
  const auto blockers = find_blockers(
      plan.jobs.size(), [&](std::size_t i) { return state_for_run(states[i]); },
      [&](std::size_t i) -> const auto& { return plan.jobs[i].parents; });
  std::vector<bool> blocked;
  for (const auto& blocker : blockers) blocked.push_back(blocker.has_value());
  return blocked;
}

std::vector<StageEstimate> estimate_stages(const Plan& plan, const JobStates& states,
                                           const SlotSpeed& speed) {
  const std::vector<bool> blocked = find_blocked(plan, states);
  std::vector<StageEstimate> estimates;
  for (const Named<Stage>& entry : names_of<Stage>()) {
    StageEstimate sum{.stage = entry.value};
    std::map<std::string, TaskEstimate> tasks;
    for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
      const PlannedJob& job = plan.jobs[i];
      if (job.stage != entry.value) continue;
      const double seconds = speed.seconds(job);
      ++sum.jobs;
      TaskEstimate& task = tasks[job.task];
      ++task.jobs;
      sum.before_sharing += job.replicates;
      sum.params = std::max(sum.params, job.cost.params);
      sum.memory_bytes = std::max(sum.memory_bytes, job.cost.memory_bytes);
      sum.job_flops = std::max(sum.job_flops, job.flops_to_run());
      sum.flops += job.flops_to_run();
      const JobState state = state_for_run(states[i]);
      sum.finished += state == JobState::finished;
      sum.failed += state == JobState::failed;
      sum.cancelled += state == JobState::cancelled;
      sum.blocked += blocked[i];
      sum.running += is_under_way(state);
      if (state == JobState::finished || is_given_up(state) || blocked[i]) continue;
      ++sum.to_run;
      sum.flops_left += job.flops_to_run();
      sum.seconds_left += seconds;
      task.largest_to_run = std::max(task.largest_to_run, speed.flops_of_slot(job.flops_to_run()));
    }
    for (auto& [name, task] : tasks) {
      task.task = name;
      task.measured = speed.find(entry.value, name);
      sum.tasks.push_back(task);
    }
    if (sum.jobs > 0) estimates.push_back(std::move(sum));
  }
  return estimates;
}

std::optional<double> run_seconds_left(const std::vector<StageProgress>& start,
                                       const std::vector<StageProgress>& now, double elapsed,
                                       const SlotSpeed& speed) {
  const auto finished = [&](const std::vector<StageProgress>& stages) {
    double seconds = 0;
    for (const StageProgress& stage : stages)
      for (const TaskProgress& task : stage.tasks)
        seconds += speed.seconds(stage.stage, task.task, task.jobs_finished, task.flops_finished);
    return seconds;
  };
  double left = 0;
  for (const StageProgress& stage : now)
    for (const TaskProgress& task : stage.tasks)
      left += speed.seconds(stage.stage, task.task, task.jobs_left, task.flops_left);
  const double done = finished(now) - finished(start);
  if (!(done > 0 && left > 0)) return std::nullopt;
  return elapsed * left / done;
}

Budget parse_budget(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error == std::errc() && std::isfinite(number) && number >= 0) {
    if (unit.empty() || unit == "flops" || unit == "FLOPs") return {.is_flops = true, .amount = number};
    if (const auto seconds = parse_duration(text)) return {.is_flops = false, .amount = *seconds};
  }
  throw Error(fmt::format(
      "--budget is '{}'; expected slot time such as 30m, 10h or 2d, or FLOPs such as 1e18", text));
}

BudgetFit fit_budget(const Plan& plan, const JobStates& states, const SlotSpeed& speed,
                     const Budget& budget) {
  BudgetFit result;
  std::vector<bool> paid(plan.jobs.size());
  for (std::size_t i = 0; i < paid.size(); ++i) paid[i] = states[i] == JobState::finished;
  for (std::size_t replicate = 0; replicate < plan.num_replicates(); ++replicate) {
    const auto jobs = plan.jobs_of(replicate);
    if (std::any_of(jobs.begin(), jobs.end(),
                    [&](std::uint32_t job) { return is_given_up(state_for_run(states[job])); })) {
      ++result.blocked;
      continue;
    }
    double cost = 0;
    std::int64_t unpaid = 0;
    for (const std::uint32_t job : jobs) {
      if (paid[job]) continue;
      const PlannedJob& planned = plan.jobs[job];
      cost += budget.is_flops ? planned.flops_to_run() : speed.seconds(planned);
      ++unpaid;
    }
    if (result.used + cost > budget.amount) {
      result.first_out = replicate;
      result.first_out_cost = cost;
      break;
    }
    for (const std::uint32_t job : jobs) paid[job] = true;
    result.used += cost;
    result.jobs += unpaid;
    ++result.runs;
  }
  return result;
}

std::string describe_cell(const Plan& plan, const Cell& cell) {
  std::vector<std::string> levels;
  if (!cell.label.empty()) levels.push_back(cell.label);
  for (std::size_t axis = 0; axis < plan.axes.size() && axis < cell.levels.size(); ++axis)
    if (cell.levels[axis] >= 0)
      levels.push_back(fmt::format("{}={}", plan.axes[axis].name,
                                   plan.axes[axis].levels[static_cast<std::size_t>(cell.levels[axis])]));
  return levels.empty() ? "the experiment as it is" : join(levels, ", ");
}

}  // namespace ablate
