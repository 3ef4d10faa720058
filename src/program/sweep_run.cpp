#include "program/sweep_run.hpp"

#include <unistd.h>

#include <set>

#include "config/fields.hpp"
#include "program/run_lock.hpp"
#include "store/jobs.hpp"
#include "store/sweeps.hpp"
#include "util/build_info.hpp"
#include "util/clock.hpp"
#include "util/process.hpp"

namespace ablate {

namespace {

ScheduleOptions schedule_options(const RunOptions& options, const Run& run) {
  ScheduleOptions schedule;
  schedule.devices = options.devices;
  schedule.retries = options.retries.value_or(run.retries);
  schedule.timeout = options.timeout.value_or(run.timeout);
  schedule.heartbeat = options.heartbeat.value_or(run.heartbeat);
  schedule.max_failures = options.max_failures;
  return schedule;
}

/// The lock is a file beside the database: its folder has to be there.
FileLock lock_database(const Sweep& sweep, const RunOptions& options) {
  std::error_code failed;
  if (!std::filesystem::exists(options.database, failed)) require_data(list_sweep(sweep, options.seeds));
  make_directories(database_file(options.database).parent_path());
  return take_run_lock(options.database, options.command);
}

InvocationRecord describe_invocation(const std::vector<std::string>& command) {
  InvocationRecord record;
  record.command = command;
  record.command.insert(record.command.begin(), "ablate");
  record.folder = std::filesystem::current_path().string();
  record.host = host_name();
  record.user = user_name();
  record.pid = ::getpid();
  record.version = build_info().version;
  if (const auto revision = capture({"git", "rev-parse", "HEAD"})) {
    record.git_revision = revision->substr(0, revision->find('\n'));
    const auto changes = capture({"git", "status", "--porcelain", "--untracked-files=no"});
    record.git_dirty = !changes || !changes->empty();
  }
  return record;
}

}  // namespace

SweepRun::SweepRun(Sweep sweep, const RunOptions& options)
    : schedule_(schedule_options(options, sweep.experiment.run)),
      command_(options.command),
      lock_(lock_database(sweep, options)),
      database_(options.database, Database::Mode::read_write),
      planned_(plan_sweep(std::move(sweep), &database_,
                          {.remember = true,
                           .replace = options.replace,
                           .seeds = options.seeds,
                           .reading = options.reading})) {
  require_data(planned_);
  schedule_.run = run_table(planned_.sweep.experiment);
  schedule_.sources = absolute_sources(planned_.plan);
  sweep_id_ = save_plan(database_, planned_.plan, planned_.sweep.file, schedule_.run, SystemClock().now(),
                        options.replace)
                  .sweep_id;
  if (!options.leave_stopped) num_resumed_ = resume_stopped_jobs(database_, sweep_id_);
}

std::optional<std::int64_t> SweepRun::count_dropped() {
  if (has_plan(database_, sweep_id_, planned_.plan)) return std::nullopt;
  std::set<std::string> kept;
  for (const JobRecord& job : load_jobs(database_, sweep_id_)) kept.insert(job.key);
  const JobStates states = find_states(database_, planned_.plan);
  std::int64_t dropped = 0;
  for (std::size_t i = 0; i < states.size(); ++i)
    dropped += states[i] != JobState::finished && !kept.contains(planned_.plan.jobs[i].key.hex());
  return dropped;
}

RunOutcome SweepRun::run(AttemptRunner& runner, Progress& progress, const StopRequests& stop,
                         StopPolicy* policy) {
  const SystemClock clock;
  schedule_.stop_policy = policy;
  const std::int64_t invocation = begin_invocation(database_, describe_invocation(command_), clock.now());
  const double began = clock.monotonic();
  const ScheduleResult result =
      run_schedule(database_, sweep_id_, invocation, runner, clock, progress, stop, schedule_);
  end_invocation(database_, invocation, clock.now());
  return {result, clock.monotonic() - began};
}

}  // namespace ablate
