#include "schedule/supervisor.hpp"

#include <algorithm>

namespace ablate {

namespace {

/// How often the journals of running attempts are read; what ends is read at once.
constexpr double kLookSeconds = 0.5;

}  // namespace

void Supervisor::add(RunningAttempt running) { running_.push_back(std::move(running)); }

std::vector<RunningAttempt>::iterator Supervisor::find(std::int64_t attempt_id) {
  return std::find_if(running_.begin(), running_.end(),
                      [&](const RunningAttempt& running) { return running.attempt.id == attempt_id; });
}

const RunningAttempt& Supervisor::record(std::int64_t attempt_id, const std::string& handle,
                                         bool is_running) {
  RunningAttempt& running = *find(attempt_id);
  record_submission(database_, running.attempt, handle, is_running, clock_.now());
  return running;
}

std::optional<RunningAttempt> Supervisor::take_out(std::int64_t attempt_id) {
  const auto found = find(attempt_id);
  if (found == running_.end()) return std::nullopt;
  RunningAttempt running = std::move(*found);
  running_.erase(found);
  return running;
}

void Supervisor::begin(std::int64_t attempt_id) {
  const auto running = find(attempt_id);
  if (running == running_.end()) return;
  WriteTransaction transaction(database_);
  record_start(database_, running->attempt, clock_.now());
  transaction.commit();
  if (running->watch.is_queued) running->watch.start(clock_.monotonic());
}

double Supervisor::pause() const { return behind_ ? 0 : std::max(0.0, next_look_ - clock_.monotonic()); }

bool Supervisor::look() {
  const double now = clock_.monotonic();
  if (now < next_look_ && !behind_) return false;
  next_look_ = now + kLookSeconds;
  behind_ = false;
  for (RunningAttempt& running : running_) {
    if (!read_journal_of(database_, running, /*ended=*/false, now)) kill(running);
    behind_ = behind_ || running.said.more;
    Watch& watch = running.watch;
    watch.log_bytes = log_bytes_of(running);
    if (watch.stop == StopReason::none) {
      const Overdue overdue = find_overdue(watch, options_, now);
      if (overdue.reason != StopReason::none) stop(running, overdue.reason, overdue.message);
    } else if (now - watch.asked_at >= options_.grace) {
      kill(running);
    }
  }
  return true;
}

void Supervisor::interrupt_all() {
  for (RunningAttempt& running : running_)
    if (running.watch.stop == StopReason::none) stop(running, StopReason::interrupt, "interrupted");
}

void Supervisor::kill_all() {
  for (RunningAttempt& running : running_) kill(running);
}

void Supervisor::cancel(std::int64_t job_id) {
  for (RunningAttempt& running : running_)
    if (running.attempt.job_id == job_id && running.watch.stop == StopReason::none)
      stop(running, StopReason::cancel, "cancelled");
}

void Supervisor::stop(RunningAttempt& running, StopReason reason, const std::string& message) {
  running.watch.stop = reason;
  running.watch.stop_message = message;
  running.watch.asked_at = clock_.monotonic();
  if (reason == StopReason::flood)
    kill(running);
  else
    runner_.terminate(running.attempt.id);
}

void Supervisor::kill(RunningAttempt& running) {
  if (running.watch.killed) return;
  running.watch.killed = true;
  runner_.kill(running.attempt.id);
}

}  // namespace ablate
