// The states of jobs and attempts, and how they follow one another.
#pragma once

#include "config/names.hpp"

namespace ablate {

/// A job's state, kept in the database:
///
///     waiting -> queued -> running -> finished
///        ^          |         |-----> failed       (retry: -> waiting)
///        |          |         |-----> cancelled    (retry: -> waiting)
///        |          |         |-----> stopped-early (retry, or the run of a sweep: -> waiting)
///        +----------+---------+  an attempt ended in a way that another may mend
///
/// *Queued*: an attempt of it was handed to what runs attempts, and has not begun. On this machine that
/// passes at once; a batch system may take days. It may end like a running one. *Cancelled* is what the user
/// wanted for everyone; *stopped-early* is what one search could do without, and any sweep that is run takes
/// up again. A waiting dependent of one of these or of a failed one is *blocked*: derived, not stored.
enum class JobState { waiting, queued, running, finished, failed, cancelled, stopped_early };

/// Whether an attempt of the job was submitted and has not ended.
constexpr bool is_under_way(JobState state) {
  return state == JobState::queued || state == JobState::running;
}

/// Whether the job has ended without a result: what builds on it is blocked.
constexpr bool is_given_up(JobState state) {
  return state == JobState::failed || state == JobState::cancelled || state == JobState::stopped_early;
}

/// An attempt's state. `queued`: submitted, and not begun. `lost`: its process ended, or was given up,
/// without a last word in its journal.
enum class AttemptState { queued, running, finished, failed, lost, cancelled };

/// Who had a job cancelled: job.cancel in the database, by number. Only what was stopped early may be said to
/// have been worse than others, and be started again without `ablate retry`: its state is another.
enum class CancelReason {
  none = 0,
  user = 1,  ///< `ablate cancel`.
  early_stop =
      2,  ///< `ablate law run --stop-early`: it was clearly behind others of its size, seed and batch.
};

template <>
std::span<const Named<JobState>> names_of<JobState>();
template <>
std::span<const Named<AttemptState>> names_of<AttemptState>();

}  // namespace ablate
