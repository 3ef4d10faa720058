#include "cli/estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "config/names.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

const Throughput* find_measured(const SlotSpeed& speed, Stage stage) {
  for (const Throughput& entry : speed.measured)
    if (entry.stage == stage && entry.device == speed.kind && entry.flops_per_second > 0) return &entry;
  return nullptr;
}

bool is_lost(const std::optional<JobState>& state) {
  return state == JobState::failed || state == JobState::cancelled;
}

}  // namespace

double SlotSpeed::flops_per_second(Stage stage) const {
  const double per_slot =
      kind == "cpu" ? static_cast<double>(threads) : 1;  // Measured and assumed: for one thread.
  const Throughput* found = find_measured(*this, stage);
  if (found) return found->flops_per_second * per_slot;
  return kind == "cpu" ? kAssumedCpuThreadFlops * per_slot : kAssumedGpuFlops;
}

std::int64_t SlotSpeed::measured_attempts(Stage stage) const {
  const Throughput* found = find_measured(*this, stage);
  return found ? found->attempts : 0;
}

SlotSpeed slot_speed(const std::vector<Device>& devices, std::vector<Throughput> measured) {
  SlotSpeed speed;
  speed.measured = std::move(measured);
  speed.slots = 0;
  for (const Device& device : devices) {
    speed.slots += device.slots;
    speed.threads = device.threads;
    if (device.name != "cpu") speed.kind = "cuda";
  }
  return speed;
}

std::vector<StageEstimate> estimate_stages(const Plan& plan, const JobStates& states,
                                           const SlotSpeed& speed) {
  std::vector<StageEstimate> estimates;
  for (const Named<Stage>& entry : names_of<Stage>()) {
    StageEstimate sum{.stage = entry.value};
    for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
      const PlannedJob& job = plan.jobs[i];
      if (job.stage != entry.value) continue;
      const double seconds = job.cost.flops / speed.flops_per_second(job.stage);
      ++sum.jobs;
      sum.before_sharing += job.replicates;
      sum.params = std::max(sum.params, job.cost.params);
      sum.memory_bytes = std::max(sum.memory_bytes, job.cost.memory_bytes);
      sum.job_flops = std::max(sum.job_flops, job.cost.flops);
      sum.job_seconds = std::max(sum.job_seconds, seconds);
      sum.flops += job.cost.flops;
      sum.finished += states[i] == JobState::finished;
      sum.running += states[i] == JobState::running;
      if (states[i] == JobState::finished) continue;
      if (is_lost(states[i])) {
        ++sum.failed;
        continue;
      }
      ++sum.to_run;
      sum.flops_left += job.cost.flops;
      sum.seconds_left += seconds;
    }
    if (sum.jobs > 0) estimates.push_back(sum);
  }
  return estimates;
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
    if (std::any_of(jobs.begin(), jobs.end(), [&](std::uint32_t job) { return is_lost(states[job]); })) {
      ++result.blocked;
      continue;
    }
    double cost = 0;
    std::int64_t unpaid = 0;
    for (const std::uint32_t job : jobs) {
      if (paid[job]) continue;
      const PlannedJob& planned = plan.jobs[job];
      cost +=
          budget.is_flops ? planned.cost.flops : planned.cost.flops / speed.flops_per_second(planned.stage);
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
