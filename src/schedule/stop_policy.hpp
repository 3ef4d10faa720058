// Which jobs to stop before they have ended, by what they have recorded.
#pragma once

#include <cstdint>
#include <vector>

#include "store/database.hpp"
#include "store/states.hpp"

namespace ablate {

struct StopDecision {
  std::int64_t job_id = 0;
  CancelReason reason = CancelReason::early_stop;  ///< Not `none`. A user's cancel goes before it.
};

/// A rule by which jobs are ended that are not worth going on with. The scheduler asks it each time that it
/// has taken in what running jobs tell, a few times a second, and cancels what it names: a job that is queued
/// or running leaves a checkpoint, a waiting one does not start, one that has ended is left as it is.
struct StopPolicy {
  virtual ~StopPolicy() = default;
  /// `database` has all that was recorded, and is read only; `now` is Clock::monotonic().
  virtual std::vector<StopDecision> decide(Database& database, double now) = 0;
};

}  // namespace ablate
