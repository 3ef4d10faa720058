// An attempt that the scheduler watches.
#pragma once

#include <filesystem>
#include <optional>

#include "schedule/ending.hpp"
#include "schedule/watch.hpp"
#include "store/intake.hpp"
#include "store/jobs.hpp"

namespace ablate {

struct RunningAttempt {
  std::size_t job = 0;  ///< Its index in the queue; the queue's size for a job of another sweep.
  AttemptRecord attempt;
  std::filesystem::path folder;
  Watch watch;
  IntakeResult said;
};

/// Takes what is new in its journal into the database; all of it when the process is gone (`ended`). A queued
/// attempt that tells something runs from now on. False
/// when the journal was cut short: then the attempt counts as failed. Throws Error when the database or the
/// disk gives out.
bool read_journal_of(Database& database, RunningAttempt& running, bool ended, double monotonic);

/// What is known of it now that its process is gone.
Ending describe_ending(const RunningAttempt& running, const std::optional<ExitStatus>& exit,
                       std::int64_t fruitless, std::int64_t halvings);

/// Size of its log.
std::int64_t log_bytes_of(const RunningAttempt& running);

}  // namespace ablate
