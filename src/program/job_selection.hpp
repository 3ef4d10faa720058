// The jobs that a command is about: chosen by sweep, stage and state, or by keys.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "program/job_rows.hpp"

namespace ablate {

/// States as people ask for them: the stored ones, and "blocked".
std::vector<std::string> shown_states();

/// Of a sweep, by name or file, else all; only those in one of the shown states and stages; of all, where
/// none is named.
std::vector<JobRow> select_jobs(Database& database, const std::optional<std::string>& sweep,
                                const std::vector<std::string>& states,
                                const std::vector<std::string>& stages);

/// Ids of the jobs that these keys name. Throws Error for a key that is unknown or names several.
std::vector<std::int64_t> ids_of_keys(Database& database, const std::vector<std::string>& keys);

}  // namespace ablate
