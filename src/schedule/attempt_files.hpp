// Writes what a worker reads: job.json and attempt.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "schedule/runner.hpp"
#include "schedule/scheduler.hpp"
#include "store/database.hpp"
#include "store/jobs.hpp"

namespace ablate {

/// Where an attempt is and what it is known by, for the runner.
AttemptRequest locate_attempt(const Database& database, const AttemptRecord& attempt);

/// Writes both files of a new attempt. `parents`: the stage's name and the job of each parent; of the
/// options, the [run] table and the sources are told to the worker. Throws Error.
AttemptRequest prepare_attempt(Database& database, const JobRecord& job, const AttemptRecord& attempt,
                               const std::vector<std::pair<std::string, std::int64_t>>& parents,
                               const ScheduleOptions& options);

/// Throws Error when nothing can be written below the database's folder: then every job would fail to start.
void check_jobs_folder(const Database& database);

}  // namespace ablate
