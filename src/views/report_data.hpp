// What the figures and the movable tables of a sweep's page are made of, as src/report/page/page.js reads it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "store/sweeps.hpp"
#include "util/json.hpp"

namespace ablate {

/// Axes that vary, cells, runs with their scores, jobs with what differs in their recipes, and curves.
/// `scores`: as choose_values() has them. `most_points`: of all curves together; longer ones are thinned to
/// recorded points at even steps, and metrics that no longer fit are left out, losses last.
Json report_data(Database& database, const SweepRecord& sweep, const std::vector<std::string>& scores,
                 std::size_t most_points = 120'000);

}  // namespace ablate
