// What becomes of a job when an attempt has ended: the rules of retrying, pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "journal/event.hpp"
#include "store/jobs.hpp"
#include "util/process.hpp"

namespace ablate {

/// Why the scheduler stops an attempt.
enum class StopReason {
  none,
  interrupt,  ///< The user has asked the scheduler to stop.
  cancel,     ///< The job was cancelled.
  timeout,    ///< It takes longer than it may.
  heartbeat,  ///< Its journal does not grow.
  flood,      ///< It writes without end.
};

/// All that is known of an attempt whose process is gone.
struct Ending {
  bool finished = false;               ///< Its journal has the `finished` event.
  std::optional<FailureKind> failure;  ///< Its journal has the `failed` event.
  std::string message;                 ///< Of that event.
  std::optional<ExitStatus> exit;      ///< Nothing when nobody saw it end.
  StopReason stop = StopReason::none;
  std::string stop_message;  ///< "took longer than 10 s"
  std::string log_line;      ///< The line of its log that says most, or empty.
  bool has_journal = false;  ///< At least one event was read.
  bool progressed = false;   ///< It left a checkpoint after the step that it resumed from.
  std::int64_t fruitless =
      0;  ///< Attempts of this job, in a row before this one, that were lost without progress.
  std::int64_t halvings = 0;  ///< Of the micro-batch, so far.
};

constexpr std::int64_t kMaxHalvings = 10;

/// The rules, first that applies:
///   flood                        lost, job failed: it would flood again
///   `failed` in the journal      out-of-memory: job waits with half the micro-batch, at most kMaxHalvings
///   times;
///                                any other kind: job failed
///   `finished` in the journal    finished, whatever the exit status: that event is written last, after the
///   outputs, and a
///                                crash while tearing down takes nothing back (nor could an adopted worker's
///                                be seen)
///   cancel                       cancelled, job cancelled
///   interrupt                    cancelled, job waits: it goes on from its checkpoint; not held against it
///   exit code 2, no journal      failed as 'config': the worker did not understand its arguments
///   timeout, heartbeat, all else lost; job waits while it progresses or has been fruitless at most `retries`
///   times in a
///                                row, then it fails as 'timeout', 'no-heartbeat' or 'crashed'
AttemptEnd decide_end(const Ending& ending, std::int64_t retries);

/// Whether the attempt counts as one more fruitless one.
bool is_fruitless(const Ending& ending, const AttemptEnd& end);

}  // namespace ablate
