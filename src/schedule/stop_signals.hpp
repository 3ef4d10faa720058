// Ctrl-C and SIGTERM as a count and a descriptor that wakes poll().
#pragma once

#include "schedule/scheduler.hpp"
#include "util/file.hpp"

namespace ablate {

/// Counts SIGINT, SIGTERM and SIGHUP (this one unless it was ignored, as under nohup) for as long as it
/// lives, then puts the old handlers back. At most one at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  const StopRequests& requests() const;
  /// Becomes readable when a signal comes; whoever waits for it reads it empty (it does not block).
  int fd() const { return reader_.get(); }

 private:
  Fd reader_, writer_;
};

}  // namespace ablate
