// The training jobs of a search in the database, and those that a planned round would add.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "store/database.hpp"
#include "store/law_runs.hpp"

namespace ablate {

/// The jobs of one stage of some sweeps, and what tells their experiments apart.
struct SearchJobs {
  std::vector<std::string> names;  ///< Of the sweeps.
  std::vector<TrainedJob> jobs;
  std::vector<JobContext> contexts;  ///< One for each job.

  std::string name() const;  ///< "sweeps search, search-law-1"
  /// Sweeps share jobs: each counts once, with all evaluations that it has in any of them.
  void add(TrainedJob job, JobContext context);
};

SearchJobs load_search(Database& database, const std::vector<std::string>& sweeps, Stage stage);
/// Adds a plan's jobs as they will be when all have ended, without what they will have found. Throws Error
/// where it has none of the stage.
void add_planned(const Plan& plan, Stage stage, SearchJobs& found);

}  // namespace ablate
