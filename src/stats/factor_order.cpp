#include "stats/factor_order.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "stats/estimators.hpp"
#include "stats/order.hpp"

namespace ablate {

namespace {

struct MeanSquare {
  double ms = 0, df = 0;
};

/// Factor x seed, as the error of a run that would make level means as uncertain. `means`: by the model.
MeanSquare stratum(const UnitTable& design, std::size_t order, const LevelMeans& means) {
  if (!design.crossed) {
    const SeedStratum found = stratum_of_focus(design, order);
    return {found.ms, found.df};
  }
  const std::vector<std::vector<double>> table = seed_level_means(design);
  std::vector<std::size_t> levels;
  for (std::size_t level = 0; level < design.level_weights[0].size(); ++level)
    if (!design.level_weights[0][level].empty()) levels.push_back(level);
  const StrataError error = strata_error(table, levels);
  const double difference = 2 * error.ms / static_cast<double>(table.size());  // Its variance.
  const double of_run = means.covariance(0, 0) + means.covariance(1, 1) - 2 * means.covariance(0, 1);
  return {difference / of_run, error.df};
}

}  // namespace

std::optional<double> probability_of_order(const Designs& designs, const Contrasts& contrasts, std::size_t a,
                                           std::size_t b) {
  const std::size_t factors[] = {std::min(a, b), std::max(a, b)};
  const FactorContrasts *one = contrasts.of(factors[0]), *other = contrasts.of(factors[1]);
  if (!one || !other) return std::nullopt;
  const auto both = designs.of({factors[0], factors[1]});
  if (!both || both->focus_columns[0] == both->focus_columns[1] || is_too_large(*both, one->order, true))
    return std::nullopt;
  const CodedRuns coded = both->with_block();
  std::vector<std::size_t> columns(both->treatment_columns());
  std::iota(columns.begin(), columns.end(), std::size_t{0});
  std::vector<Term> terms = terms_up_to(columns, one->order);
  if (coded.columns() > columns.size()) terms.push_back({columns.size()});
  const LinearModel model(coded, terms);
  std::vector<LevelMeans> means;
  for (const std::size_t column : both->focus_columns) {
    auto of_factor = level_means(model, coded.columns(), column, coded.sizes[column]);
    if (!of_factor || of_factor->mean.size() < 2) return std::nullopt;
    means.push_back(std::move(*of_factor));
  }
  MeanSquare error{model.error_ms(), static_cast<double>(model.error_df())};
  if (one->estimator == Estimator::strata || other->estimator == Estimator::strata)
    for (std::size_t i = 0; i < 2; ++i) {
      const MeanSquare own = stratum(*designs.of({factors[i]}), one->order, means[i]);
      if (own.ms > error.ms) error = own;
    }
  const auto order = order_probabilities(means, error.ms, error.df);
  if (!order) return std::nullopt;
  return std::clamp(a < b ? order->pairs[0][1] : order->pairs[1][0], kLeastProbability,
                    1 - kLeastProbability);
}

}  // namespace ablate
