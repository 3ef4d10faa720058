#include "stats/level_trend.hpp"

#include <algorithm>
#include <cmath>

#include "stats/contrast_choice.hpp"
#include "stats/estimators.hpp"

namespace ablate {

namespace {

/// Slope and steps of marginal means.
void by_least_squares(const UnitTable& design, LevelTrend& trend) {
  const Choice choice = choose_estimator(design, {}, false);
  const std::shared_ptr<const CellFit> shared = CellFit::of(design, choice.order, true);
  const CellFit& fit = *shared;
  const bool by_stratum = choice.estimator == Estimator::strata;
  const SeedStratum stratum = by_stratum ? stratum_of_focus(design, choice.order) : SeedStratum{};
  const double ms = by_stratum ? stratum.ms : fit.error_ms(), df = by_stratum ? stratum.df : fit.error_df();
  const double scale = scale_of(design.units.y);
  const auto tested = [&](const std::vector<double>& of_levels) -> TTest {
    std::vector<double> column(design.units.sizes[design.focus_columns[0]], 0);
    for (std::size_t i = 0; i < of_levels.size(); ++i)
      for (std::size_t k = 0; k < column.size(); ++k)
        column[k] += of_levels[i] * design.level_weights[0][trend.levels[i]][k];
    const auto found =
        fit.estimate(weights_of(design.treatment_columns(), design.focus_columns[0], std::move(column)));
    if (!found) return {};
    return t_test(found->value, std::sqrt(found->variance * ms), df, scale * scale_of(of_levels));
  };
  trend.slope = tested(slope_weights(trend.codes));
  for (std::size_t i = 1; i < trend.levels.size(); ++i) {
    std::vector<double> step(trend.levels.size(), 0);
    step[i - 1] = -1;
    step[i] = 1;
    trend.step_tests.push_back(tested(step));
  }
}

}  // namespace

std::optional<LevelTrend> trend_of(const Designs& designs, std::size_t factor,
                                   const std::vector<double>& codes) {
  const Factor& axis = designs.sweep().factors[factor];
  if (axis.continuous()) return std::nullopt;
  const std::shared_ptr<const UnitTable> design = designs.of({factor});
  if (!design) return std::nullopt;
  LevelTrend trend;
  for (std::size_t level = 0; level < axis.levels.size(); ++level)
    if (!design->level_weights[0][level].empty()) trend.levels.push_back(level);
  const std::vector<double>& order = codes.empty() ? axis.values : codes;
  if (!order.empty())
    std::stable_sort(trend.levels.begin(), trend.levels.end(),
                     [&](std::size_t a, std::size_t b) { return order[a] < order[b]; });
  if (trend.levels.size() < 3) return std::nullopt;
  std::vector<double> values;
  if (!order.empty())
    for (const std::size_t level : trend.levels) values.push_back(order[level]);
  trend.codes = codes.empty() ? trend_codes(values, trend.levels.size()) : values;
  if (design->crossed) {
    const std::vector<std::vector<double>> means = seed_level_means(*design);
    SeedTable table;
    for (const std::vector<double>& row : means) {
      table.emplace_back();
      for (const std::size_t level : trend.levels) table.back().push_back(row[level]);
    }
    trend.by_seed = true;
    trend.slope = slope_by_seed(table, trend.codes);
    trend.page = page_test(table);
    trend.step_tests = steps_by_seed(table);
    trend.steps = every_step(trend.step_tests);
    return trend;
  }
  by_least_squares(*design, trend);
  trend.steps = every_step(trend.step_tests);
  if (design->block.empty() && design->replicated) {
    const std::vector<std::vector<double>> samples = level_samples(*design);
    std::vector<std::vector<double>> ordered;
    for (const std::size_t level : trend.levels) ordered.push_back(samples[level]);
    trend.jonckheere = jonckheere_test(ordered);
  }
  return trend;
}

}  // namespace ablate
