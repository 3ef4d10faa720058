// Journals into the database: each event counts exactly once.
#pragma once

#include "store/database.hpp"
#include "store/jobs.hpp"

namespace ablate {

/// What an attempt's journal has said so far, as far as it was read.
struct IntakeResult {
  std::int64_t events = 0;             ///< Read by this call.
  std::int64_t metrics = 0;            ///< Metric rows written by this call.
  bool more = false;                   ///< The journal holds more than one call takes: call again.
  bool finished = false;               ///< It has its `finished` event.
  std::optional<FailureKind> failure;  ///< It has its `failed` event.
  std::string message;                 ///< Of that event.
  std::int64_t step = 0, total_steps = 0;
  double last_event_at = 0;
  std::int64_t journal_bytes = 0;  ///< Size of the file now.
};

/// Reads an attempt's journal from where the database left it and writes rows and new position in one
/// transaction. `started` removes the points of the job after the step that the attempt resumes from (all
/// points and scores when it starts from scratch); points are kept by (job, metric, step), so a step told
/// twice counts once, the later value. A queued attempt that tells something is running. A journal of an
/// attempt that has ended gives no rows: its lines are counted as late. A `started` that claims another
/// attempt's number counts as malformed, but is followed: the folder says whose it is. `ended`: the process
/// is gone (see read_journal). `attempt` is brought up to date. Where nothing is new, nothing is written.
IntakeResult take_in(Database& database, AttemptRecord& attempt, bool ended);

}  // namespace ablate
