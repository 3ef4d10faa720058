#include "schedule/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/names.hpp"
#include "journal/attempt_folder.hpp"
#include "plan/job_name.hpp"
#include "plan/trajectory.hpp"
#include "schedule/attempt_files.hpp"
#include "schedule/job_queue.hpp"
#include "schedule/supervisor.hpp"
#include "store/blocked.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

std::vector<JobNode> job_nodes(const std::vector<JobRecord>& jobs) {
  std::vector<JobNode> nodes;
  ShorterJobs<std::string> shorter(jobs.size());
  for (const JobRecord& job : jobs) {
    shorter.add(nodes.size(), job.trajectory, job.steps);
    nodes.push_back({.parents = parent_indices(jobs, job),
                     .priority = {.replicates = job.replicates, .order = job.order},
                     .memory_bytes = job.memory_bytes,
                     .state = job.state});
    if (nodes.back().parents.size() != job.parents.size())
      throw Error(fmt::format("job {}: a job that it builds on is not part of the sweep", job.key));
  }
  const auto found = shorter.find();
  for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i].goes_on_from = found[i];
  return nodes;
}

class Scheduler {
 public:
  Scheduler(Database& database, std::int64_t sweep_id, std::int64_t invocation_id, AttemptRunner& runner,
            const Clock& clock, Progress& progress, const StopRequests& stop, const ScheduleOptions& options)
      : database_(database),
        sweep_id_(sweep_id),
        invocation_id_(invocation_id),
        runner_(runner),
        clock_(clock),
        progress_(progress),
        stop_(stop),
        options_(options),
        jobs_(load_jobs(database, sweep_id)),
        queue_(job_nodes(jobs_)),
        fruitless_(queue_.size()),
        slots_(options.devices),
        running_(database, runner, clock, options) {}

  ScheduleResult run();
  std::size_t num_running() const { return running_.attempts().size(); }

 private:
  void settle_leftovers();
  void settle_foreign(AttemptRecord attempt);
  bool may_start() const;
  /// An attempt that is written down and not started yet.
  struct Submission {
    std::size_t job = 0;
    AttemptRecord attempt;
    AttemptRequest request;
  };
  bool start_ready();
  void prepare(std::size_t index, Placement placement, std::vector<Submission>& bundle);
  void submit(std::vector<Submission>& bundle);
  void watch(const Submission& submission, const StartResult& result);
  void record(const Submission& submission, const StartResult& result);
  void refuse(Submission& submission, const std::string& message);
  void end_unstarted(Submission& submission, const std::string& message, JobState next);
  void heed_start(const RunningAttempt& running);
  void heed_starts() {
    for (const RunningAttempt& running : running_.attempts()) heed_start(running);
  }
  void set_state(std::size_t index, JobState state);
  void wait();
  void end(RunningAttempt& running, const std::optional<ExitStatus>& exit);
  void count_failure(std::size_t index);
  void heed_stop_requests();
  void heed_database();
  void heed_cancel_requests();
  void heed_stop_policy();
  void reload_states();
  void keep_finished(bool at_end);
  ScheduleResult result() const;

  Database& database_;
  const std::int64_t sweep_id_, invocation_id_;
  AttemptRunner& runner_;
  const Clock& clock_;
  Progress& progress_;
  const StopRequests& stop_;
  const ScheduleOptions& options_;
  std::vector<JobRecord> jobs_;  ///< By id; the queue names them by their indices.
  JobQueue queue_;
  std::vector<std::int64_t>
      fruitless_;  ///< Of each job: attempts in a row without progress, in this `ablate run`.
  Slots slots_;
  Supervisor running_;
  std::int64_t attempts_ = 0, adopted_ = 0, failures_ = 0;
  int stops_heeded_ = 0;
  std::int64_t seen_version_ = 0;
  bool states_changed_ =
      false;  ///< Another process or the stop policy has written: jobs may be cancelled, or wait again.
  bool has_finished_ = false;  ///< Jobs, since the last checkpoint.
  double next_checkpoint_ = 0;
};

ScheduleResult Scheduler::run() {
  seen_version_ = database_.data_version();
  settle_leftovers();
  for (;;) {
    heed_stop_requests();
    while (start_ready()) {
    }
    progress_.tick();
    keep_finished(running_.attempts().empty());
    if (running_.attempts().empty()) return result();
    wait();
    if (!running_.look()) continue;
    heed_starts();
    heed_stop_policy();
    if (states_changed_) reload_states();
  }
}

/// Attempts that an earlier scheduler left queued or running.
void Scheduler::settle_leftovers() {
  for (AttemptRecord& attempt : load_open_attempts(database_)) {
    const auto index = find_row(jobs_, attempt.job_id);
    if (!index) {
      settle_foreign(std::move(attempt));
      continue;
    }
    const JobRecord& job = jobs_[*index];
    const AttemptRequest request = locate_attempt(database_, attempt);
    const double now = clock_.monotonic();
    const double age = std::max(0.0, clock_.now() - attempt.started_at);
    RunningAttempt running{
        .job = *index,
        .attempt = attempt,
        .folder = request.folder().path,
        .watch = {.is_queued = attempt.state == AttemptState::queued, .started = now - age, .grew_at = now},
        .said = {}};
    slots_.take_on(attempt.placement);
    const WorkerState found = runner_.adopt(request);
    if (found == WorkerState::gone) {
      if (job.cancel != CancelReason::none) running.watch.stop = StopReason::cancel;
      end(running, std::nullopt);
      continue;
    }
    ++adopted_;
    progress_.adopted(job, attempt);
    running_.add(std::move(running));
    if (found == WorkerState::running && attempt.state == AttemptState::queued) running_.begin(attempt.id);
    if (job.cancel != CancelReason::none) running_.cancel(job.id);
  }
}

/// An attempt of another sweep: buried when it is gone; one that lives is that sweep's matter.
void Scheduler::settle_foreign(AttemptRecord attempt) {
  const AttemptRequest request = locate_attempt(database_, attempt);
  if (runner_.is_alive(request)) {
    progress_.note(fmt::format("{} of another sweep is still running: left alone", attempt.folder));
    return;
  }
  RunningAttempt running{.job = queue_.size(),
                         .attempt = std::move(attempt),
                         .folder = request.folder().path,
                         .watch = {},
                         .said = {}};
  if (get_job(database_, request.job_folder.filename().string()).cancel != CancelReason::none)
    running.watch.stop = StopReason::cancel;
  end(running, std::nullopt);
}

bool Scheduler::may_start() const {
  const bool too_many_failed = options_.max_failures > 0 && failures_ >= options_.max_failures;
  return stops_heeded_ == 0 && !too_many_failed;
}

/// Submits all that is ready and has a place, in one bundle. False when there was nothing. Nothing overtakes
/// the first in line, so that a large job's turn comes.
bool Scheduler::start_ready() {
  std::vector<Submission> bundle;
  bool any = false;
  try {
    while (may_start()) {
      const auto index = queue_.first_ready();
      if (!index) break;
      const auto placement = slots_.take(jobs_[*index].memory_bytes);
      if (!placement) break;
      any = true;
      prepare(*index, *placement, bundle);
    }
    if (!bundle.empty()) submit(bundle);
  } catch (const Error& error) {
    for (Submission& submission : bundle) end_unstarted(submission, error.what(), JobState::waiting);
    throw;
  }
  return any;
}

/// Writes an attempt down and makes its files. Throws Error when that fails for every attempt.
void Scheduler::prepare(std::size_t index, Placement placement, std::vector<Submission>& bundle) {
  const JobRecord& job = jobs_[index];
  placement.time_limit = options_.timeout;
  auto attempt = begin_attempt(database_, job, invocation_id_, placement, clock_.now());
  if (!attempt) {  // Another process has changed it meanwhile.
    slots_.release(placement);
    const JobState state = get_job(database_, job.key).state;
    set_state(index, state == JobState::waiting ? JobState::cancelled : state);
    return;
  }
  set_state(index, JobState::queued);
  ++attempts_;
  if (!attempt->resume_job.empty())
    progress_.note(fmt::format("{} {} goes on from step {} of job {}",
                               job_title(to_name(job.stage), job.task), short_key(job.key),
                               attempt->resume_step, short_key(attempt->resume_job)));
  Submission submission{.job = index, .attempt = std::move(*attempt), .request = {}};
  std::vector<std::pair<std::string, std::int64_t>> parents;
  for (const std::size_t parent : queue_.parents(index))
    parents.emplace_back(to_name(jobs_[parent].stage), jobs_[parent].id);
  try {
    submission.request = prepare_attempt(database_, job, submission.attempt, parents, options_);
  } catch (const Error& error) {
    return refuse(submission, error.what());
  }
  bundle.push_back(std::move(submission));
}

/// Leaves in `bundle` what was not started and is not settled when it throws.
void Scheduler::submit(std::vector<Submission>& bundle) {
  const std::vector<Submission> submitted = std::exchange(bundle, {});
  std::vector<AttemptRequest> requests;
  for (const Submission& submission : submitted) requests.push_back(submission.request);
  const std::vector<StartResult> results = runner_.start(requests);
  std::vector<const StartResult*> reasons;  // of what was not started
  for (std::size_t i = 0; i < results.size(); ++i)
    if (!results[i].is_started()) {
      bundle.push_back(submitted[i]);
      reasons.push_back(&results[i]);
    }
  // All are watched before one is written down: what gives out then is told how many live.
  for (std::size_t i = 0; i < results.size(); ++i)
    if (results[i].is_started()) watch(submitted[i], results[i]);
  for (std::size_t i = 0; i < results.size(); ++i)
    if (results[i].is_started()) record(submitted[i], results[i]);
  for (const StartResult* reason : reasons) {
    if (reason->outcome == StartResult::Outcome::unavailable) throw RunnerError(reason->message);
    Submission refused = std::move(bundle.front());
    bundle.erase(bundle.begin());
    refuse(refused, reason->message);
  }
}

void Scheduler::watch(const Submission& submission, const StartResult& result) {
  const double now = clock_.monotonic();
  running_.add(
      {.job = submission.job,
       .attempt = submission.attempt,
       .folder = submission.request.folder().path,
       .watch = {.is_queued = result.outcome == StartResult::Outcome::queued, .started = now, .grew_at = now},
       .said = {}});
}

void Scheduler::record(const Submission& submission, const StartResult& result) {
  const bool is_running = result.outcome == StartResult::Outcome::running;
  const RunningAttempt& running = running_.record(submission.attempt.id, result.handle, is_running);
  if (!is_running) progress_.queued(jobs_[submission.job], running.attempt);
  heed_start(running);
}

/// Is it this attempt that cannot be started, or can nothing be written at all? Then throws Error.
void Scheduler::refuse(Submission& submission, const std::string& message) {
  try {
    check_jobs_folder(database_);
  } catch (const Error&) {
    end_unstarted(submission, message, JobState::waiting);
    throw;
  }
  end_unstarted(submission, message, JobState::failed);
}

/// Takes over that an attempt of the sweep has begun.
void Scheduler::heed_start(const RunningAttempt& running) {
  if (running.attempt.state != AttemptState::running || queue_.state(running.job) != JobState::queued) return;
  set_state(running.job, JobState::running);
  progress_.started(jobs_[running.job], running.attempt);
}

void Scheduler::set_state(std::size_t index, JobState state) {
  jobs_[index].state = state;
  queue_.set_state(index, state);
}

void Scheduler::end_unstarted(Submission& submission, const std::string& message, JobState next) {
  const std::size_t index = submission.job;
  AttemptRecord& attempt = submission.attempt;
  slots_.release(attempt.placement);
  set_state(index, next);
  const AttemptEnd end{
      .state = AttemptState::failed, .exit = {}, .failure = "start", .message = message, .job_state = next};
  end_attempt(database_, attempt.id, end, clock_.now());
  attempt.state = end.state;
  attempt.failure = end.failure;
  attempt.message = end.message;
  progress_.ended(jobs_[index], attempt, next);
  if (next == JobState::failed) count_failure(index);
}

void Scheduler::wait() {
  const WorkerNews news = runner_.wait(running_.pause());
  // Requests first: an attempt that left because it was asked to did not crash.
  heed_stop_requests();
  heed_database();
  for (const std::int64_t begun : news.begun) running_.begin(begun);
  heed_starts();
  for (const WorkerEnd& gone : news.ended)
    if (auto running = running_.take_out(gone.attempt_id)) end(*running, gone.exit);
}

/// Reads the rest of the journal and settles attempt and job.
void Scheduler::end(RunningAttempt& running, const std::optional<ExitStatus>& exit) {
  if (running.watch.stop != StopReason::flood)
    read_journal_of(database_, running, /*ended=*/true, clock_.monotonic());
  const bool is_ours = running.job < queue_.size();
  if (is_ours) heed_start(running);
  const Ending ending = describe_ending(running, exit, is_ours ? fruitless_[running.job] : 0,
                                        is_ours ? jobs_[running.job].micro_batch_halvings : 0);
  const AttemptEnd decided = decide_end(ending, options_.retries);
  const double now = clock_.now();
  AttemptRecord& attempt = running.attempt;
  end_attempt(database_, attempt.id, decided, now);
  if (!is_ours) return;

  JobRecord& job = jobs_[running.job];
  fruitless_[running.job] = is_fruitless(ending, decided) ? fruitless_[running.job] + 1 : 0;
  job.micro_batch_halvings += decided.halve_micro_batch ? 1 : 0;
  slots_.release(attempt.placement);
  const JobState next = get_job(database_, job.key).state;  // It may have been cancelled, and by whom.
  set_state(running.job, next);
  attempt.state = decided.state;
  attempt.failure = decided.failure;
  attempt.message = decided.message;
  attempt.ended_at = now;
  if (exit) attempt.exit_code = exit->code, attempt.signal = exit->signal;
  progress_.ended(job, attempt, next);
  has_finished_ = has_finished_ || next == JobState::finished;
  if (next == JobState::failed) count_failure(running.job);
}

void Scheduler::count_failure(std::size_t index) {
  ++failures_;
  if (failures_ == options_.max_failures)
    progress_.note(fmt::format("stopping: {} {} failed (--max-failures {}), the last was {}", failures_,
                               failures_ == 1 ? "job has" : "jobs have", options_.max_failures,
                               jobs_[index].key.substr(0, 8)));
}

/// The first request asks all attempts to leave a checkpoint, the second one ends them.
void Scheduler::heed_stop_requests() {
  const int requests = std::min(stop_.load(), 2);
  if (requests == stops_heeded_) return;
  stops_heeded_ = requests;
  progress_.note(requests == 1
                     ? "stopping: running jobs write a checkpoint and leave (again to end them at once)"
                     : "ending running jobs at once");
  running_.interrupt_all();
  if (requests == 2) running_.kill_all();
}

/// Looks for `ablate cancel`, when another process has written to the database.
void Scheduler::heed_database() {
  const std::int64_t version = database_.data_version();
  if (version == seen_version_) return;
  seen_version_ = version;
  states_changed_ = true;
  heed_cancel_requests();
}

void Scheduler::heed_cancel_requests() {
  for (const std::int64_t job : load_cancel_requests(database_)) running_.cancel(job);
}

void Scheduler::heed_stop_policy() {
  if (!options_.stop_policy) return;
  const auto decisions = options_.stop_policy->decide(database_, clock_.monotonic());
  if (decisions.empty()) return;
  for (const StopDecision& decision : decisions)
    cancel_jobs(database_, std::span(&decision.job_id, 1), decision.reason);
  heed_cancel_requests();
  states_changed_ = true;
}

/// Takes over what `ablate cancel` and `ablate retry` have done to jobs that do not run.
void Scheduler::reload_states() {
  states_changed_ = false;
  const auto is_idle = [](JobState state) { return !is_under_way(state) && state != JobState::finished; };
  for (const JobRecord& fresh : load_jobs(database_, sweep_id_)) {
    const auto index = find_row(jobs_, fresh.id);
    if (index && is_idle(fresh.state) && is_idle(jobs_[*index].state)) set_state(*index, fresh.state);
  }
}

/// Has the database's file by itself hold what is finished, so that a copy of it does, too. Not after each
/// job where many end in a second: each time the disk is waited for.
void Scheduler::keep_finished(bool at_end) {
  constexpr double kSeconds = 2;
  const double now = clock_.monotonic();
  if (!has_finished_ || (!at_end && now < next_checkpoint_)) return;
  database_.checkpoint();
  has_finished_ = false;
  next_checkpoint_ = now + kSeconds;
}

ScheduleResult Scheduler::result() const {
  const JobQueue::Counts counts = queue_.count();
  return {.finished = counts.finished,
          .failed = counts.failed,
          .cancelled = counts.cancelled,
          .stopped_early = counts.stopped_early,
          .blocked = counts.blocked,
          .waiting = counts.waiting + counts.queued + counts.running,
          .attempts = attempts_,
          .adopted = adopted_,
          .interrupted = stops_heeded_ > 0 && counts.waiting > 0};
}

}  // namespace

ScheduleResult run_schedule(Database& database, std::int64_t sweep_id, std::int64_t invocation_id,
                            AttemptRunner& runner, const Clock& clock, Progress& progress,
                            const StopRequests& stop, const ScheduleOptions& options) {
  Scheduler scheduler(database, sweep_id, invocation_id, runner, clock, progress, stop, options);
  try {
    return scheduler.run();
  } catch (const std::runtime_error& error) {
    const std::size_t left = scheduler.num_running();
    if (left == 0) throw;
    throw Error(fmt::format("{}; {} running {} left alone: the next `ablate run` takes over", error.what(),
                            left, left == 1 ? "job is" : "jobs are"));
  }
}

}  // namespace ablate
