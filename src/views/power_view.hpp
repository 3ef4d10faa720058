// How many seeds a difference between levels calls for: what `ablate power` shows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/table.hpp"
#include "stats/power.hpp"
#include "store/sweeps.hpp"
#include "util/json.hpp"

namespace ablate {

struct PowerQuery {
  std::vector<std::string> values;  ///< Scores and metrics; empty: all scores.
  std::vector<std::string> axes;    ///< Empty: all that vary.
  /// Seeds are counted for finding such a difference (80 %, two-sided 5 %), or for such an interval; both in
  /// units of the score, above 0. Without either: for the interval that is half as wide as now.
  std::optional<double> difference, half_width;
};

/// What the runs know of one pair of levels.
struct PairPower {
  std::string axis, a, b;
  std::int64_t seeds = 0;  ///< As SeedDesign has them; of runs under own seeds the fewer of the two levels.
  std::int64_t runs_a = 0, runs_b = 0;  ///< Of own seeds.
  double sd = 0;
  Limits sd_limits;       ///< 95 %.
  double half_width = 0;  ///< Of the interval now.
  double asked = 0;       ///< The difference or half width that seeds are counted for.
  SeedsNeeded needed;
  std::optional<SpreadParts> parts;  ///< None: the error over examples is not known.
  bool by_outcomes = false;          ///< The parts are had from the outcome of every example; else from the
                                     ///< standard errors of scores, as if each run had examples of its own.
};
struct ScorePower {
  std::string value;
  SeedDesign design = SeedDesign::paired;
  std::vector<PairPower> pairs;
  std::vector<std::string> notes;
};

/// Throws Error as choose_values() does, and for an axis that does not vary.
std::vector<ScorePower> power_of(Database& database, const SweepRecord& sweep, const PowerQuery& query);
Table power_table(const ScorePower& power, const PowerQuery& query);
Json power_json(const ScorePower& power);

}  // namespace ablate
