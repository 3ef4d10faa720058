// From a sweep's file to its plan and what the database knows of it.
#pragma once

#include <vector>

#include "cli/estimate.hpp"
#include "config/sweep.hpp"
#include "plan/plan.hpp"
#include "store/database.hpp"

namespace ablate {

struct PlannedSweep {
  Sweep sweep;
  Plan plan;
  JobStates states;  ///< Of the plan's jobs.
  std::vector<Throughput> measured;
};

/// `database` may be null: nothing is known then. `remember`: content hashes of data are kept in the
/// database. Names the data that it reads on standard error when that is a terminal.
PlannedSweep plan_sweep(Sweep sweep, Database* database, bool remember);

/// A source among Plan::missing_data, and what it lacks where it is there itself.
std::string describe_missing(const std::string& path);

}  // namespace ablate
