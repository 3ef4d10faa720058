// Watches attempts that were submitted: reads their journals as they grow and stops those that pass a limit
// or are no longer wanted.
#pragma once

#include <optional>
#include <vector>

#include "schedule/runner.hpp"
#include "schedule/running_attempt.hpp"
#include "schedule/scheduler.hpp"
#include "store/database.hpp"
#include "util/clock.hpp"

namespace ablate {

class Supervisor {
 public:
  Supervisor(Database& database, AttemptRunner& runner, const Clock& clock, const ScheduleOptions& options)
      : database_(database), runner_(runner), clock_(clock), options_(options) {}

  void add(RunningAttempt running);
  /// Writes down what the runner knows an attempt by, and that it runs. The attempt, until another one is
  /// added or taken out.
  const RunningAttempt& record(std::int64_t attempt_id, const std::string& handle, bool is_running);
  /// The attempt of that id, which is then no longer watched.
  std::optional<RunningAttempt> take_out(std::int64_t attempt_id);
  const std::vector<RunningAttempt>& attempts() const { return running_; }
  /// The runner says that a queued attempt has begun.
  void begin(std::int64_t attempt_id);

  /// Seconds until look() has something to do.
  double pause() const;
  /// Reads all journals and enforces time-outs, heartbeat, size limits and grace. True when it did: it was
  /// time.
  bool look();
  /// Asks all attempts to leave a checkpoint, or kills them.
  void interrupt_all();
  void kill_all();
  void cancel(std::int64_t job_id);

 private:
  std::vector<RunningAttempt>::iterator find(std::int64_t attempt_id);
  void stop(RunningAttempt& running, StopReason reason, const std::string& message);
  void kill(RunningAttempt& running);

  Database& database_;
  AttemptRunner& runner_;
  const Clock& clock_;
  const ScheduleOptions& options_;
  std::vector<RunningAttempt> running_;
  double next_look_ = 0;
  bool behind_ = false;  ///< A journal holds more than was read at once.
};

}  // namespace ablate
