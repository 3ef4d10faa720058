// When a running attempt has to be stopped: pure.
#pragma once

#include <cstdint>
#include <string>

#include "schedule/ending.hpp"
#include "schedule/scheduler.hpp"

namespace ablate {

/// What the scheduler keeps an eye on. Times are Clock::monotonic(). Of a queued attempt nothing is due: its
/// times count from its start on.
struct Watch {
  bool is_queued = false;
  double started = 0;
  double grew_at = 0;  ///< When the journal was last seen to grow.
  std::int64_t journal_bytes = 0, log_bytes = 0;
  StopReason stop = StopReason::none;  ///< Why it has been asked to leave.
  std::string stop_message;
  double asked_at = 0;
  bool killed = false;

  /// It is no longer queued.
  void start(double now);
};

/// A limit that the attempt has passed; `reason` is none when there is no such.
struct Overdue {
  StopReason reason = StopReason::none;
  std::string message;
};
Overdue find_overdue(const Watch& watch, const ScheduleOptions& options, double now);

}  // namespace ablate
