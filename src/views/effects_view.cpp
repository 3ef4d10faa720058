#include "views/effects_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stats/design.hpp"
#include "stats/factor_order.hpp"
#include "util/text.hpp"
#include "views/choice_notes.hpp"
#include "views/number_text.hpp"
#include "views/result_tables.hpp"
#include "views/share_tables.hpp"
#include "views/sweep_observations.hpp"
#include "views/trend_tables.hpp"

namespace ablate {

template <>
std::span<const Named<Family>> names_of<Family>() {
  static constexpr Named<Family> kNames[] = {{"axis", Family::axis}, {"all", Family::all}};
  return kNames;
}

namespace {

/// Decimals that show two digits of the median half width of the intervals; of the numbers where there is
/// none.
int decimals_of(const Contrasts& contrasts) {
  std::vector<double> widths;
  for (const FactorContrasts& factor : contrasts.factors)
    for (const Contrast& one : factor.contrasts)
      if (std::isfinite(one.difference.high - one.difference.low))
        widths.push_back(0.5 * (one.difference.high - one.difference.low));
  for (const FactorContrasts& factor : contrasts.factors)
    for (const Contrast& one : factor.contrasts)
      if (const double size = std::abs(one.difference.estimate);
          widths.empty() && std::isfinite(size) && size > 0)
        return std::clamp(2 - static_cast<int>(std::floor(std::log10(size))), 0, 8);
  if (widths.empty()) return 3;
  std::nth_element(widths.begin(), widths.begin() + static_cast<std::ptrdiff_t>(widths.size() / 2),
                   widths.end());
  const double median = widths[widths.size() / 2];
  return median > 0 ? std::clamp(1 - static_cast<int>(std::floor(std::log10(median))), 0, 8) : 3;
}

TableCell signed_cell(double value, int decimals) {
  return std::isfinite(value) ? TableCell::number(value, fmt::format("{:+.{}f}", value, decimals))
                              : TableCell{"?"};
}

TableCell interval(double low, double high, int decimals) {
  if (!std::isfinite(low) || !std::isfinite(high)) return {"none"};
  return {fmt::format("[{}, {}]", signed_bound(low, decimals), signed_bound(high, decimals))};
}

/// The settings of a factor that are not differences of whole axes: "strata: error A x seed, 4 df".
std::string estimator_note(const ScoreEffects& effects, const FactorContrasts& factor) {
  if (factor.contrasts.empty())
    return effects.runs.factors[factor.factor].name +
           ": nothing to compare: fewer than two of its levels have results";
  return fmt::format("{}: {}; the error is {}", effects.runs.factors[factor.factor].name,
                     to_name(factor.estimator), factor.error);
}

/// "clip - siglip"
std::string pair_text(const Factor& factor, const Contrast& one) {
  return fmt::format("{} - {}", factor.levels[one.a], factor.levels[one.b]);
}

Table difference_table(const ScoreEffects& effects, const EffectsQuery& query) {
  const int decimals = decimals_of(effects.contrasts);
  Table table{.title = fmt::format("{}: differences between levels", effects.value),
              .columns = {{"axis", Align::left, true},
                          {"difference of", Align::left, true},
                          {"estimate", Align::right},
                          {"95 % interval", Align::right},
                          {"p", Align::right},
                          {"p (Holm)", Align::right},
                          {"verdict"}},
              .rows = {},
              .notes = {}};
  for (const FactorContrasts& factor : effects.contrasts.factors)
    for (const Contrast& one : factor.contrasts)
      table.rows.push_back({{effects.runs.factors[factor.factor].name},
                            {pair_text(effects.runs.factors[factor.factor], one)},
                            signed_cell(one.difference.estimate, decimals),
                            interval(one.difference.low, one.difference.high, decimals),
                            {p_text(one.difference.p)},
                            {p_text(p_in_family(one, query.family))},
                            {contrast_verdict(one, query, effects.runs.lower_is_better)}});
  return table;
}

/// Notes of each axis, and those that several share once.
void add_notes(Table& table, const ScoreEffects& effects, const EffectsQuery& query) {
  const auto add = [&](const std::string& note) {
    if (std::find(table.notes.begin(), table.notes.end(), note) == table.notes.end())
      table.notes.push_back(note);
  };
  add(
      fmt::format("verdicts on the first of the two, at 5 % after Holm's correction over {}; {} is better; "
                  "undecided: neither a difference "
                  "nor its absence is shown",
                  query.family == Family::axis ? "the pairs of an axis"
                                               : fmt::format("all {} pairs", effects.contrasts.family),
                  effects.runs.lower_is_better ? "lower" : "higher"));
  if (query.margin)
    add(fmt::format("equal: within {} either way, by two one-sided t tests", shortest(*query.margin)));
  for (const FactorContrasts& factor : effects.contrasts.factors) {
    add(estimator_note(effects, factor));
    for (const std::string& note : factor.notes)
      add(fmt::format("{}: {}", effects.runs.factors[factor.factor].name, note));
  }
  for (const std::string& note : effects.contrasts.notes) add(note);
  for (const std::string& note : effects.notes) add(note);
}

void add_trends(const Designs& designs, ScoreEffects& effects) {
  for (std::size_t f = 0; f < effects.runs.factors.size(); ++f) {
    const Factor& factor = effects.runs.factors[f];
    if (factor.values.empty()) continue;
    auto trend = trend_of(designs, f);
    if (!trend) continue;
    const bool per_doubling = trend->codes[0] != factor.values[trend->levels[0]];
    effects.trends.push_back({.factor = f, .per_doubling = per_doubling, .trend = std::move(*trend)});
  }
}

/// How sure the ranks are in which shares stand.
void add_orders(const Designs& designs, ScoreEffects& effects) {
  for (std::size_t branch = 0; branch < effects.shares.size(); ++branch) {
    std::optional<std::size_t> above;
    for (const Share& share : ranked_shares(effects.shares[branch].shares)) {
      if (share.term.size() > 1 || !std::isfinite(share.within)) continue;
      const std::size_t factor = factors_of_term(effects.shares[branch], share.term).front();
      if (above)
        if (const auto probability = probability_of_order(designs, effects.contrasts, *above, factor))
          effects.orders.push_back({branch, *above, factor, *probability});
      above = factor;
    }
  }
}

/// Whether axes were changed one at a time; then their changes, where all have a score.
bool add_changes(ScoreEffects& effects) {
  std::vector<double> sizes, errors;
  bool one_at_a_time = false;
  for (const FactorContrasts& factor : effects.contrasts.factors) {
    one_at_a_time |= factor.estimator == Estimator::one_at_a_time;
    for (const Contrast& one : factor.contrasts) {
      sizes.push_back(one.difference.estimate);
      errors.push_back(one.difference.se);
      effects.changes.push_back({.factor = factor.factor, .level = one.a, .baseline = one.b});
    }
  }
  if (!one_at_a_time) effects.changes.clear();
  if (!one_at_a_time) return false;
  const std::vector<ChangeShare> shares = change_shares(sizes, errors);
  for (std::size_t i = 0; i < shares.size(); ++i) effects.changes[i].share = shares[i];
  return true;
}

}  // namespace

const std::optional<double>& p_in_family(const Contrast& contrast, Family family) {
  return family == Family::axis ? contrast.p_holm_factor : contrast.p_holm;
}

const char* contrast_verdict(const Contrast& one, const EffectsQuery& query, bool lower_is_better) {
  const std::optional<double>& p = p_in_family(one, query.family);
  if (!p) return "no test";
  if (*p < 0.05) return (one.difference.estimate > 0) != lower_is_better ? "better" : "worse";
  if (query.margin) {
    const auto within = equivalence(one.difference, *query.margin).p;
    if (within && *within < 0.05) return "equal";
  }
  return "undecided";
}

std::string p_text(const std::optional<double>& p) {
  if (!p) return "no test";
  if (*p < 0.0005) return "< 0.001";
  return fmt::format("{:.3f}", *p);
}

std::vector<ScoreEffects> effects_of(Database& database, const SweepRecord& sweep,
                                     const EffectsQuery& query) {
  const std::vector<std::string> values = require_values(database, sweep, query.values);
  const std::vector<Observations> runs = load_observations(database, sweep, values);
  const std::vector<std::string> notes = observation_notes(database, sweep);
  std::vector<ScoreEffects> all;
  for (std::size_t i = 0; i < values.size(); ++i) {
    ScoreEffects one{.value = values[i], .runs = runs[i]};
    require_comparable(one.runs, sweep);
    const Designs designs(one.runs);
    one.contrasts = contrasts_of(designs, {.estimator = query.estimator});
    one.interactions = interactions_of(designs);
    one.notes = notes;
    add_trends(designs, one);
    if (std::any_of(one.runs.factors.begin(), one.runs.factors.end(),
                    [](const Factor& factor) { return factor.continuous(); }))
      one.functional = functional_anova(one.runs);
    else if (!add_changes(one))
      one.shares = factor_shares(one.runs);
    add_orders(designs, one);
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<Table> effects_tables(const ScoreEffects& effects, const EffectsQuery& query) {
  std::vector<Table> tables = share_tables(effects);
  if (!effects.contrasts.factors.empty()) {
    tables.push_back(difference_table(effects, query));
    add_notes(tables.back(), effects, query);
  }
  for (auto& table : {interaction_table(effects), trend_table(effects)})
    if (table) tables.push_back(*table);
  return tables;
}

}  // namespace ablate
