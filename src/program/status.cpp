#include "program/status.hpp"

#include <algorithm>
#include <limits>

#include "program/run_lock.hpp"
#include "util/clock.hpp"

namespace ablate {

StageProgress total_progress(const std::vector<StageProgress>& stages) {
  StageProgress total;
  for (const StageProgress& stage : stages) {
    total.waiting += stage.waiting;
    total.queued += stage.queued;
    total.running += stage.running;
    total.finished += stage.finished;
    total.failed += stage.failed;
    total.cancelled += stage.cancelled;
    total.stopped_early += stage.stopped_early;
    total.blocked += stage.blocked;
    total.flops_left += stage.flops_left;
  }
  return total;
}

bool is_settled(const StageProgress& progress) {
  return progress.queued == 0 && progress.running == 0 && progress.waiting == progress.blocked;
}

Pace pace_of(const RunningJob& job) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  const double seconds = job.last_event_at ? *job.last_event_at - job.started_at : 0;
  const auto steps = static_cast<double>(job.step - job.resume_step);
  if (!(seconds > 0) || steps <= 0) return {kUnknown, kUnknown};
  const double rate = steps / seconds;
  return {rate, static_cast<double>(std::max<std::int64_t>(0, job.steps - job.step)) / rate};
}

Status load_status(Database& database, const std::optional<std::string>& name) {
  Status status;
  std::optional<std::int64_t> only;
  std::vector<SweepRecord> sweeps;
  if (name) {
    sweeps.push_back(get_sweep(database, *name));
    only = sweeps.front().id;
  } else {
    sweeps = load_sweeps(database);
  }
  for (SweepRecord& sweep : sweeps) {
    auto stages = load_progress(database, sweep.id);
    status.sweeps.push_back({std::move(sweep), std::move(stages)});
  }
  status.running = load_running(database, only);
  std::int64_t failed = 0;
  for (const SweepStatus& entry : status.sweeps) failed += total_progress(entry.stages).failed;
  if (failed > 0) status.failed = load_rows_in(database, only, JobState::failed);
  status.runner = find_runner(database.path());
  status.now = SystemClock().now();
  return status;
}

bool is_settled(const Status& status) {
  for (const SweepStatus& entry : status.sweeps)
    if (!is_settled(total_progress(entry.stages))) return false;
  return true;
}

}  // namespace ablate
