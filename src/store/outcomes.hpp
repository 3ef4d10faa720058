// The outcome of each example of a score, where its evaluation has left it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "journal/outcomes.hpp"
#include "store/database.hpp"

namespace ablate {

/// Those of a finished evaluation by the names of its scores. A score that is no mean over examples has none,
/// nor has one that an older ablate-worker measured. Throws Error, naming the file, where it is missing or
/// damaged, and where outcomes do not make the score that the database has.
std::map<std::string, ExampleOutcomes> load_outcomes(Database& database, std::int64_t job_id);

}  // namespace ablate
