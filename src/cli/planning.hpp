// From a sweep's file to its plan and what the database knows of it.
#pragma once

#include <vector>

#include "cli/command.hpp"
#include "cli/estimate.hpp"
#include "config/sweep.hpp"
#include "plan/plan.hpp"
#include "store/database.hpp"

namespace ablate {

struct PlannedSweep {
  Sweep sweep;
  Plan plan;
  JobStates states;  ///< Of the plan's jobs.
  std::vector<JobTime> measured;
  std::optional<FormerFile> former;  ///< That the sweep's name is taken over from.
};

/// Reads the data and asks the database. It may be null: nothing is known then. `remember`: content hashes of
/// data are kept in the database. `replace`: see claim_name(), which is asked first. Names the data that it
/// reads on standard error when that is a terminal.
PlannedSweep plan_sweep(Sweep sweep, Database* database, bool remember, bool replace);
OptionSpec replace_option();
/// "the sweep 'a' was that of OLD, which is gone; it is that of NEW now", or `saved`: what would become of
/// it. Empty when the name is taken from no file.
std::string former_line(const PlannedSweep& planned, bool saved);

/// A source among Plan::missing_data, and what it lacks where it is there itself.
std::string describe_missing(const std::string& path);

}  // namespace ablate
