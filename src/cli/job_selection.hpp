// The options by which commands choose jobs: --sweep, --stage, --state, or keys.
#pragma once

#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/job_rows.hpp"

namespace ablate {

/// States as people ask for them: the stored ones, and "blocked".
std::vector<std::string> shown_states();
OptionSpec state_option(std::vector<std::string> states);
OptionSpec stage_option();

/// Of the sweep --sweep or SWEEP, else all; filtered by --stage and --state where the command has them.
std::vector<JobRow> select_jobs(Database& database, const std::optional<std::string>& sweep,
                                const std::vector<std::string>& states,
                                const std::vector<std::string>& stages);

/// Ids of the jobs that JOB... name; Throws Error for a key that is unknown or names several.
std::vector<std::int64_t> ids_of_keys(Database& database, const std::vector<std::string>& keys);

}  // namespace ablate
