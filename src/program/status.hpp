// How far sweeps are, what runs now, and what failed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "program/job_rows.hpp"
#include "store/results.hpp"
#include "store/sweeps.hpp"

namespace ablate {

/// Jobs of all stages together.
StageProgress total_progress(const std::vector<StageProgress>& stages);
/// Whether nothing will run any more: all jobs are finished, failed, cancelled or blocked.
bool is_settled(const StageProgress& progress);

/// Steps a second of the attempt, and the seconds that it still needs; NaN while they cannot be told.
struct Pace {
  double steps_per_second = 0, seconds_left = 0;
};
Pace pace_of(const RunningJob& job);

/// A job whose attempt has not ended, as far as the database knows.
struct RunningStatus {
  RunningJob job;
  /// Nobody runs this database, and its worker lives no more on this machine: the next `ablate run` ends the
  /// attempt
  /// by what its journal says. False for a worker of another machine: nobody can tell.
  bool is_gone = false;
  double heard_at = 0;  ///< When its journal grew last, read or not.
};

struct SweepStatus {
  SweepRecord sweep;
  std::vector<StageProgress> stages;
};

struct Status {
  std::vector<SweepStatus> sweeps;
  std::vector<RunningStatus> running;
  std::vector<JobRow> failed;
  std::optional<std::string> owner;  ///< Who runs jobs on the database; nothing when nobody does.
  double now = 0;
};

/// Of one sweep, by name or file, or of all.
Status load_status(Database& database, const std::optional<std::string>& sweep);
/// Whether nothing will run any more in any of its sweeps.
bool is_settled(const Status& status);

}  // namespace ablate
