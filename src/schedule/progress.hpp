// What the scheduler tells while it works: printing stays out of its loop.
#pragma once

#include <cstdint>
#include <string>

#include "store/jobs.hpp"

namespace ablate {

struct Progress {
  virtual ~Progress() = default;
  /// An attempt was submitted, and begins when there is room for it.
  virtual void queued(const JobRecord&, const AttemptRecord&) {}
  virtual void started(const JobRecord&, const AttemptRecord&) {}
  /// A worker that outlived an earlier `ablate run` is watched from now on.
  virtual void adopted(const JobRecord&, const AttemptRecord&) {}
  /// The attempt ended; `next` is the job's state now (waiting: it will be tried again).
  virtual void ended(const JobRecord&, const AttemptRecord&, JobState /*next*/) {}
  /// At most a few times a second, and after every event: time to redraw.
  virtual void tick() {}
  /// A line for the reader: "stopping: 3 jobs have failed (--max-failures 3)".
  virtual void note(const std::string&) {}
};

}  // namespace ablate
