#include "program/status.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "journal/attempt_folder.hpp"
#include "program/run_lock.hpp"
#include "schedule/backends.hpp"
#include "util/clock.hpp"
#include "util/process.hpp"

namespace ablate {

namespace {

RunningStatus look_at(const Database& database, RunningJob job, const AttemptRunner& runner, bool has_owner) {
  const AttemptRequest request{.attempt = job.attempt,
                               .job_folder = (database.folder() / job.folder).parent_path()};
  const bool is_here = job.host.empty() || job.host == host_name();
  RunningStatus status{.job = std::move(job)};
  status.heard_at = status.job.last_event_at.value_or(status.job.started_at);
  std::error_code failed;
  const auto grew = std::filesystem::last_write_time(request.folder().journal(), failed);
  if (!failed)
    status.heard_at = std::max(
        status.heard_at,
        std::chrono::duration<double>(std::chrono::file_clock::to_sys(grew).time_since_epoch()).count());
  // With one, what has just ended is taken in at this moment.
  status.is_gone = !has_owner && is_here && !runner.is_alive(request);
  return status;
}

}  // namespace

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
  return progress.queued == 0 && progress.running == 0 && progress.waiting == 0;
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
  status.owner = find_owner(database.path());
  const auto runner = make_runner(kDefaultBackend);
  for (RunningJob& job : load_running(database, only))
    status.running.push_back(look_at(database, std::move(job), *runner, status.owner.has_value()));
  std::int64_t failed = 0;
  for (const SweepStatus& entry : status.sweeps) failed += total_progress(entry.stages).failed;
  if (failed > 0) status.failed = load_rows_in(database, only, JobState::failed);
  status.now = SystemClock().now();
  return status;
}

bool is_settled(const Status& status) {
  for (const SweepStatus& entry : status.sweeps)
    if (!is_settled(total_progress(entry.stages))) return false;
  return true;
}

}  // namespace ablate
