// What matters in a sweep, and how sure that is: what `ablate effects` shows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/table.hpp"
#include "stats/contrasts.hpp"
#include "stats/functional_anova.hpp"
#include "stats/level_trend.hpp"
#include "stats/observations.hpp"
#include "stats/shares.hpp"
#include "store/sweeps.hpp"
#include "util/json.hpp"

namespace ablate {

/// Which differences one correction for many comparisons is over.
enum class Family {
  axis,  ///< All pairs of levels of an axis.
  all,   ///< All pairs of all axes.
};
template <>
std::span<const Named<Family>> names_of<Family>();

struct EffectsQuery {
  std::vector<std::string> values;     ///< Scores and metrics; empty: all scores.
  std::optional<Estimator> estimator;  ///< None: what the design calls for.
  Family family = Family::axis;
  std::optional<double> margin;  ///< Above 0: whether levels are equivalent within it.
};

/// Of an axis whose levels are numbers.
struct AxisTrend {
  std::size_t factor = 0;
  bool per_doubling = false;  ///< One step of the slope is a doubling of the level; else 1.
  LevelTrend trend;
};

/// Of one score.
/// Two axes that follow each other where shares are ranked.
struct FactorOrder {
  std::size_t branch = 0;  ///< Of ScoreEffects::shares.
  std::size_t first = 0, second = 0;
  double probability = 0;  ///< That the level means of the first vary more: probability_of_order().
};

/// A change of one axis from the baseline of a one-at-a-time design.
struct ChangeEffect {
  std::size_t factor = 0, level = 0, baseline = 0;
  ChangeShare share;
};

struct ScoreEffects {
  std::string value;
  Observations runs;
  Contrasts contrasts;
  std::vector<Interaction> interactions;
  std::vector<AxisTrend> trends;
  std::vector<FactorOrder> orders;          ///< One for each rank but the last of each branch.
  std::vector<BranchShares> shares;         ///< None where an axis is continuous: then `functional`.
  std::vector<ChangeEffect> changes;        ///< In place of shares where one axis at a time was changed.
  std::vector<FunctionalAnova> functional;  ///< Else none.
  std::vector<std::string> notes;           ///< On cells that were chosen for their scores.
};

/// Throws Error as choose_values() does, where no axis varies, and where the estimator asked for does not
/// fit.
std::vector<ScoreEffects> effects_of(Database& database, const SweepRecord& sweep, const EffectsQuery& query);

/// Shares of variance; then, where there are some, differences between levels, interactions and trends.
std::vector<Table> effects_tables(const ScoreEffects& effects, const EffectsQuery& query);
Json effects_json(const ScoreEffects& effects, const EffectsQuery& query);

/// What a difference decides at 5 %, corrected over the family: "better", "worse", "equal", "undecided", "no
/// test".
const char* contrast_verdict(const Contrast& one, const EffectsQuery& query, bool lower_is_better);
/// Of the family that is asked for.
const std::optional<double>& p_in_family(const Contrast& contrast, Family family);

/// "0.034", "< 0.001"; "no test" without a p.
std::string p_text(const std::optional<double>& p);

}  // namespace ablate
