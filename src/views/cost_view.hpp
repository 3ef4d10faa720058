// What a score costs: which cells no other cell beats at its price, and what a doubling of cost buys.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/table.hpp"
#include "stats/observations.hpp"
#include "stats/pareto.hpp"
#include "store/sweeps.hpp"
#include "util/json.hpp"

namespace ablate {

/// Of one score.
struct ScoreCost {
  std::string value;
  std::string
      unit;  ///< Of cost: "FLOPs", by formula; of an imported sweep its column of costs; empty: not known.
  Observations runs;
  ParetoFront front;
  /// Of each cell of `front`, the mean over its runs of how long all attempts of their jobs took; a stage
  /// that cells share counts in each. NaN: not known.
  std::vector<double> seconds;
  std::vector<std::optional<DoublingEffect>> doublings;  ///< Of each factor of `runs`.
};

struct CostReport {
  std::vector<ScoreCost> scores;
};

/// Of each replicate of a planned sweep how long all attempts of its jobs took, as the view `runs` has it;
/// NaN where a job has not been tried.
std::vector<double> load_run_seconds(Database& database, std::int64_t sweep_id);

/// `values`: scores and metrics; empty: all scores. Throws Error as choose_values() does.
CostReport cost_of(Database& database, const SweepRecord& sweep, const std::vector<std::string>& values);
/// Of each score the cells on the front, and those that may belong to it; then the effect of a doubling.
std::vector<Table> cost_tables(const ScoreCost& cost);
/// Of each score all cells.
Json cost_json(const CostReport& report);

}  // namespace ablate
