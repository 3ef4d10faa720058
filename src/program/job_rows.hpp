// Jobs as lists show them: with their newest attempt, and with what blocks them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "store/database.hpp"
#include "store/states.hpp"

namespace ablate {

struct JobRow {
  std::int64_t id = 0;
  std::string key, stage, task;
  std::uint64_t seed = 0;
  JobState state = JobState::waiting;
  std::vector<std::int64_t> parents;  ///< Ids.
  std::int64_t steps = 0;
  std::int64_t attempts = 0;
  double seconds = 0;            ///< Of all attempts.
  std::int64_t step = 0;         ///< The rest: of the newest attempt.
  std::string failure, message;  ///< Of a job that is cancelled or stopped early: cancel_words().
  std::string folder;            ///< Relative to the database's folder; empty: there is no attempt.
  std::optional<std::size_t>
      blocked_by;  ///< Of a waiting job: the one without a result (an index) that blocks it.
};

/// The jobs of a sweep, or of all, parents before children.
std::vector<JobRow> load_job_rows(Database& database, std::optional<std::int64_t> sweep_id);
/// Those in one state alone; their `blocked_by` is not looked for.
std::vector<JobRow> load_rows_in(Database& database, std::optional<std::int64_t> sweep_id, JobState state);

/// "blocked" for a dependent of a job without a result, else the state's name.
std::string shown_state(const JobRow& row);
/// Why a job is cancelled or stopped early: "cancelled by `ablate cancel`", "stopped early: ...".
std::string cancel_words(JobState state);
/// What became of a job that blocks others: "failed", "was cancelled", "was stopped early".
std::string ended_words(JobState state);
/// Where an attempt's output is: PATH/log.txt.
std::filesystem::path log_path(const Database& database, const JobRow& row);

}  // namespace ablate
