// Learning curves of a sweep, thinned for a page.
#pragma once

#include <cstddef>

#include "store/sweep_jobs.hpp"
#include "util/json.hpp"

namespace ablate {

/// To five significant digits, which is more than a figure shows.
double rounded(double value);

/// [{"name": "vlm/loss", "thinned": true, "curves": {PLACE OF JOB: [[STEP, ...], [VALUE, ...]]}}, ...]:
/// losses first. Points are recorded ones, of each job those at or after even parts of its planned steps and
/// the last one, so that jobs of equal length keep equal steps; a value that is not finite is null. At most
/// `most_points` in all: metrics that would leave a curve fewer than 12 are left out, but for the first one.
Json curves_json(Database& database, const SweepJobs& jobs, std::size_t most_points);

}  // namespace ablate
