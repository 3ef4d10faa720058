// The states of jobs and attempts, and how they follow one another.
#pragma once

#include "config/names.hpp"

namespace ablate {

/// A job's state, kept in the database:
///
///     waiting -> running -> finished
///        ^          |-----> failed       (retry: -> waiting)
///        |          |-----> cancelled    (retry: -> waiting)
///        +----------+  an attempt ended in a way that another may mend
///
/// A waiting job behind a failed or cancelled one is *blocked*: derived, not stored.
enum class JobState { waiting, running, finished, failed, cancelled };

/// An attempt's state. `lost`: its process ended, or was given up, without a last word in its journal.
enum class AttemptState { running, finished, failed, lost, cancelled };

template <>
std::span<const Named<JobState>> names_of<JobState>();
template <>
std::span<const Named<AttemptState>> names_of<AttemptState>();

}  // namespace ablate
