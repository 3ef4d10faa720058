#include "stats/contrast_choice.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "stats/estimators.hpp"

namespace ablate {

namespace {

constexpr double kUnlikeSpread = 0.05;
constexpr double kFewErrorDf = 3;

bool two_levels(const UnitTable& design) {
  return std::all_of(design.units.sizes.begin(), design.units.sizes.end(),
                     [](std::size_t n) { return n == 2; });
}

/// Of one unit a cell: with interactions of this order, those above are the error.
std::size_t order_below_error(std::size_t columns) { return columns <= 2 ? 1 : 2; }

double df_above(const UnitTable& design, std::size_t order) {
  return CellFit::of(design, order, false)->error_df();
}

Choice by_replicates(const UnitTable& design) {
  const std::string unpaired = design.points ? "Each level has points of its own: nothing is paired."
                                             : "Runs have seeds of their own: nothing is paired.";
  const std::size_t columns = design.treatment_columns();
  if (columns > 1) {
    Choice choice{.estimator = Estimator::model, .order = estimable_order(design, false, true)};
    choice.notes.push_back(unpaired);
    return choice;
  }
  std::vector<std::vector<double>> samples;
  for (std::vector<double>& sample : level_samples(design))
    if (!sample.empty()) samples.push_back(std::move(sample));
  const FTest spread = levene_test(samples);
  if (spread.p && *spread.p < kUnlikeSpread)
    return {
        .estimator = Estimator::welch,
        .notes = {unpaired, fmt::format("Levels differ in spread (Levene p = {:.2g}): each pair has its own "
                                        "error.",
                                        *spread.p)}};
  return {.estimator = Estimator::model, .notes = {unpaired}};
}

Choice by_single_replicate(const UnitTable& design) {
  const std::size_t columns = design.treatment_columns(), order = order_below_error(columns);
  if (columns == 1)
    return {.estimator = Estimator::model, .notes = {"One run a level: differences have no error."}};
  if (design.cells != design.grid)
    return {.estimator = Estimator::additive,
            .notes = {"One run a cell, and cells are missing: all interactions are in the error."}};
  const double df = df_above(design, order);
  if (df < kFewErrorDf && columns > 2 && two_levels(design))
    return {.estimator = Estimator::lenth,
            .order = order,
            .notes = {"One run a cell of two-level factors: the small effects are the error."}};
  Choice choice{.estimator = Estimator::highest_interaction, .order = order};
  choice.notes.push_back(
      fmt::format("One run a cell: interactions of {} factors{} are the error, noise and real "
                  "interaction alike.",
                  order + 1, columns > order + 1 ? " and more" : ""));
  return choice;
}

Choice by_design(const UnitTable& design, bool one_at_a_time) {
  const std::size_t columns = design.treatment_columns();
  if (one_at_a_time) return {.estimator = Estimator::one_at_a_time};
  if (design.block.empty()) return design.replicated ? by_replicates(design) : by_single_replicate(design);
  const auto& weights = design.level_weights[0];
  const bool level_is_column = std::all_of(weights.begin(), weights.end(), [](const std::vector<double>& of) {
    return std::count_if(of.begin(), of.end(), [](double weight) { return weight != 0; }) <= 1;
  });
  if (design.crossed && columns == 1 && level_is_column)
    return {
        .estimator = Estimator::blocks,
        .notes = {fmt::format("Every level ran under the same {} seeds, which are blocks.", design.seeds)}};
  if (design.crossed && (design.seeds >= 3 || !design.blocks_are_seeds))
    return {.estimator = Estimator::strata,
            .order = columns,
            .notes = {fmt::format("Every cell ran under the same {} seeds: factor x seed is the error.",
                                  design.seeds)}};
  const std::size_t order = design.crossed ? columns : estimable_order(design, true, false);
  const FTest differs = seed_interaction(design, order);
  const bool pooled = !differs.p || *differs.p >= kPooledAbove;
  Choice choice{.estimator = pooled ? Estimator::blocks : Estimator::strata, .order = order};
  const char* const error = pooled
                                ? "one pooled error, as if seeds shifted all cells alike"
                                : "seeds do more than shift all cells alike, so factor x seed is the error";
  if (design.crossed) {
    choice.notes.push_back(fmt::format("Every cell ran under the same two seeds: {}.", error));
    return choice;
  }
  choice.notes.push_back(fmt::format(
      "{} {}: least squares, levels compared over equally weighted settings{}; {}.",
      design.cells < design.grid ? "Not all combinations of levels ran under all" : "Some cells lack some",
      design.blocks_are_seeds ? "seeds" : "stages",
      choice.order == 1 && columns > 1 ? ", main effects alone" : "", error));
  for (const Term& term : CellFit::confounded(design, choice.order, true)) {
    std::string name;
    for (const std::size_t column : term) name += (name.empty() ? "" : " x ") + design.names[column];
    choice.notes.push_back(
        fmt::format("The interaction {} cannot be told from the {}: each ran part of the cells.", name,
                    design.blocks_are_seeds ? "seeds" : "stages"));
  }
  return choice;
}

void require(bool holds, Estimator estimator, const std::string& found, const char* expected) {
  if (!holds)
    throw Error(fmt::format("estimator '{}' does not fit this design: {}; expected {}", to_name(estimator),
                            found, expected));
}

/// The order of a least-squares estimator that was asked for.
std::size_t order_for(const UnitTable& design, Estimator estimator) {
  const std::size_t columns = design.treatment_columns();
  switch (estimator) {
    case Estimator::blocks:
      return design.crossed && design.blocks_are_seeds ? columns : estimable_order(design, true, false);
    case Estimator::model:
      if (!design.replicated)
        return columns == 1 || design.cells != design.grid ? 1 : order_below_error(columns);
      return estimable_order(design, false, true);
    case Estimator::highest_interaction:
    case Estimator::lenth:
      return order_below_error(columns);
    case Estimator::strata:
      return design.crossed ? columns : estimable_order(design, true, false);
    case Estimator::paired:
    case Estimator::welch:
    case Estimator::additive:
    case Estimator::one_at_a_time:
      return 1;
  }
  return 1;
}

void check_fits(const UnitTable& design, Estimator estimator) {
  const std::string seeds = fmt::format("{} of {} cells have runs, {} seeds are shared, {} runs",
                                        design.cells, design.grid, design.seeds, design.units.runs());
  switch (estimator) {
    case Estimator::strata:
      return require(design.crossed || (design.blocks_are_seeds && design.seeds > 1), estimator, seeds,
                     "seeds that cells share, or 'model'");
    case Estimator::paired:
      return require(design.seeds > 1, estimator, seeds, "at least two seeds that cells share, or 'model'");
    case Estimator::blocks:
      return require(!design.block.empty(), estimator, seeds, "seeds or stages that cells share, or 'model'");
    case Estimator::welch:
      return require(design.treatment_columns() == 1, estimator,
                     fmt::format("{} factors", design.treatment_columns()), "one factor, or 'model'");
    case Estimator::lenth:
      return require(design.cells == design.grid && !design.replicated && two_levels(design), estimator,
                     seeds, "one run in each cell of a grid of two-level factors");
    case Estimator::highest_interaction:
      return require(design.treatment_columns() > 1, estimator, "1 factor", "two or more");
    case Estimator::model:
    case Estimator::additive:
    case Estimator::one_at_a_time:
      return;
  }
}

}  // namespace

Choice choose_estimator(const UnitTable& design, const ContrastOptions& options, bool one_at_a_time) {
  Choice choice;
  if (options.estimator) {
    check_fits(design, *options.estimator);
    choice = {.estimator = *options.estimator, .order = order_for(design, *options.estimator)};
  } else {
    choice = by_design(design, one_at_a_time);
  }
  if (options.order) choice.order = std::clamp<std::size_t>(*options.order, 1, design.treatment_columns());
  return choice;
}

}  // namespace ablate
