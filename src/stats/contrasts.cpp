#include "stats/contrasts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stats/contrast_choice.hpp"
#include "stats/estimators.hpp"
#include "stats/summary.hpp"

namespace ablate {

template <>
std::span<const Named<Estimator>> names_of<Estimator>() {
  using enum Estimator;
  static constexpr Named<Estimator> table[] = {
      {"strata", strata},     {"paired", paired}, {"blocks", blocks},
      {"model", model},       {"welch", welch},   {"highest-interaction", highest_interaction},
      {"additive", additive}, {"lenth", lenth},   {"one-at-a-time", one_at_a_time}};
  return table;
}

namespace {

constexpr double kSuspicious = 0.05;

/// One factor's way from design to differences.
struct Judge {
  const Observations& sweep;
  const ContrastOptions& options;
  const UnitTable& design;
  FactorContrasts& out;
  std::vector<LevelPair> pairs;
  std::vector<std::size_t> levels;  // That have a unit.
  double scale;

  const std::vector<double>& weights(std::size_t level) const { return design.level_weights[0][level]; }
  std::size_t columns() const { return design.treatment_columns(); }

  void add(const LevelPair& pair, const TTest& difference) {
    out.contrasts.push_back({.a = pair.first, .b = pair.second, .difference = difference});
  }
  void add_mean(std::size_t level, const TTest& mean) { out.means.push_back({.level = level, .mean = mean}); }

  /// Means inside each seed, t over seeds: they speak of seeds in general.
  void means_over_seeds() {
    const std::vector<std::vector<double>> table = seed_level_means(design);
    for (const std::size_t level : levels) {
      std::vector<double> of_level;
      for (const std::vector<double>& row : table) of_level.push_back(row[level]);
      add_mean(level, t_test(of_level, scale, options.level));
    }
  }
  void by_strata() {
    const std::vector<std::vector<double>> table = seed_level_means(design);
    const StrataError error = strata_error(table, levels);
    const auto seeds = static_cast<double>(table.size());
    for (const LevelPair& pair : pairs) {
      double estimate = 0;
      for (const std::vector<double>& row : table) estimate += (row[pair.first] - row[pair.second]) / seeds;
      add(pair, t_test(estimate, std::sqrt(2 * error.ms / seeds), error.df, scale, options.level));
    }
    means_over_seeds();
    out.error = fmt::format("{} x seed", sweep.factors[out.factor].name);
  }
  void by_pairs() {
    for (const LevelPair& pair : pairs) {
      const std::vector<double> differences = seed_differences(design, pair.first, pair.second);
      add(pair, t_test(differences, scale, options.level));
      out.contrasts.back().seeds = differences.size();
      out.contrasts.back().sd = summarize(differences).sd;
      if (out.contrasts.back().difference.se == 0) out.contrasts.back().sd = 0;
    }
    if (design.crossed) {
      means_over_seeds();
    } else {
      out.notes.emplace_back(
          "Each pair is compared over the settings and seeds that both of its levels have.");
    }
    out.error = "the spread of one difference a seed";
  }
  void by_least_squares(bool with_block, bool by_stratum = false) {
    const std::shared_ptr<const CellFit> shared = CellFit::of(design, out.order, with_block);
    const CellFit& fit = *shared;
    const SeedStratum stratum = by_stratum ? stratum_of_focus(design, out.order) : SeedStratum{};
    const double ms = by_stratum ? stratum.ms : fit.error_ms(), df = by_stratum ? stratum.df : fit.error_df();
    const auto tested = [&](const std::vector<double>& column) -> std::optional<TTest> {
      const auto found = fit.estimate(weights_of(columns(), design.focus_columns[0], column));
      if (!found) return std::nullopt;
      return t_test(found->value, std::sqrt(found->variance * ms), df, scale, options.level);
    };
    for (const std::size_t level : levels)
      if (const auto mean = tested(weights(level))) add_mean(level, *mean);
    for (const LevelPair& pair : pairs) {
      std::vector<double> column = weights(pair.first);
      for (std::size_t k = 0; k < column.size(); ++k) column[k] -= weights(pair.second)[k];
      const auto difference = tested(column);
      if (difference)
        add(pair, *difference);
      else
        out.notes.push_back(fmt::format("{} against {} cannot be estimated: no settings connect them.",
                                        sweep.factors[out.factor].levels[pair.first],
                                        sweep.factors[out.factor].levels[pair.second]));
    }
    out.error = by_stratum ? fmt::format("{} x seed, after least squares", sweep.factors[out.factor].name)
                           : fmt::format("residuals of least squares with {}{}",
                                         out.order == 1 ? "main effects"
                                         : out.order >= columns()
                                             ? "all interactions"
                                             : fmt::format("interactions up to order {}", out.order),
                                         !with_block || design.block.empty() ? ""
                                         : design.blocks_are_seeds           ? " and seeds as blocks"
                                                                   : " and trained stages as blocks");
    if (std::isnan(ms))
      out.notes.emplace_back(
          df > 0 ? "The residuals are exactly zero, so there is no error estimate: no interval, no p."
                 : "No degree of freedom is left for an error: no interval, no p.");
    else if (df == 1)
      out.notes.emplace_back(
          "The error has one degree of freedom (t = 12.7): hardly anything can be decided.");
    out.these_seeds = with_block && !design.block.empty() && !by_stratum;
  }
  void by_welch() {
    const std::vector<std::vector<double>> samples = level_samples(design);
    for (const std::size_t level : levels) add_mean(level, t_test(samples[level], scale, options.level));
    for (const LevelPair& pair : pairs)
      add(pair, welch_test(samples[pair.first], samples[pair.second], options.level));
    out.error = "the spread of both levels, Satterthwaite's degrees of freedom";
  }
  void by_lenth() {
    const Lenth found = ablate::lenth(two_level_effects(design));
    const std::vector<std::vector<double>> samples = level_samples(design);
    const auto mean = [&](std::size_t level) { return summarize(samples[level]).mean; };
    for (const LevelPair& pair : pairs)
      add(pair, t_test(mean(pair.first) - mean(pair.second), found.pse, found.df, scale, options.level));
    for (const std::size_t level : levels)
      add_mean(level, t_test(mean(level), found.pse / std::sqrt(2.0), found.df, scale, options.level));
    out.error = "Lenth's pseudo standard error";
  }
  void run() {
    switch (out.estimator) {
      case Estimator::strata:
        return design.crossed ? by_strata() : by_least_squares(true, true);
      case Estimator::paired:
        return by_pairs();
      case Estimator::blocks:
      case Estimator::one_at_a_time:
        return by_least_squares(true);
      case Estimator::additive:
        return by_least_squares(true);
      case Estimator::model:
      case Estimator::highest_interaction:
        return by_least_squares(false);
      case Estimator::welch:
        return by_welch();
      case Estimator::lenth:
        return by_lenth();
    }
  }
};

void count_failures(const Observations& sweep, FactorContrasts& out) {
  const Factor& factor = sweep.factors[out.factor];
  out.failure_counts.resize(factor.levels.size());
  for (const Observation& run : sweep.runs) {
    if (run.end == RunEnd::unknown || std::isnan(run.at[out.factor])) continue;
    FailureCount& count = out.failure_counts[static_cast<std::size_t>(run.at[out.factor])];
    ++(run.end == RunEnd::failed ? count.failed : count.finished);
  }
  const auto compared = std::count_if(out.failure_counts.begin(), out.failure_counts.end(),
                                      [](const FailureCount& one) { return one.finished > 0; });
  for (std::size_t level = 0; level < factor.levels.size(); ++level) {
    const auto& [failed, finished] = out.failure_counts[level];
    if (finished == 0 && compared > 1)
      out.notes.push_back(fmt::format("Level {} is in no difference: {}.", factor.levels[level],
                                      failed == 0   ? "it has no score yet"
                                      : failed == 1 ? "its only run failed"
                                                    : fmt::format("all of its {} runs failed", failed)));
  }
  out.failures = failure_test(out.failure_counts);
  if (out.failures.p && *out.failures.p < kSuspicious)
    out.notes.push_back(fmt::format(
        "Runs fail at some levels more than at others (p = {:.2g}): where bad runs fail, the levels that "
        "lose them look better than they are.",
        *out.failures.p));
}

void note_seed_interaction(FactorContrasts& out) {
  const FTest& test = out.seed_interaction;
  if (!test.p || *test.p >= kSuspicious) return;
  const bool pooled = out.estimator == Estimator::blocks || out.estimator == Estimator::additive;
  out.notes.push_back(fmt::format(
      "The effect differs between seeds (factor x seed: F = {:.2f}, p = {:.2g}){}", test.f, *test.p,
      pooled ? ": one pooled error is too narrow here; strata or paired are right."
             : "; the error in use holds that."));
}

/// One error for all pairs, of designs whose residuals are noise.
void note_unlike_spread(const Observations& sweep, const UnitTable& design, FactorContrasts& out) {
  const bool with_block = out.estimator != Estimator::model;
  if (out.estimator != Estimator::strata && out.estimator != Estimator::blocks &&
      out.estimator != Estimator::model && out.estimator != Estimator::one_at_a_time)
    return;
  if (!design.replicated) return;
  out.unlike_spread = unlike_spread(design, *CellFit::of(design, out.order, with_block));
  if (!out.unlike_spread) return;
  out.notes.push_back(spread_words(*out.unlike_spread, sweep.factors[out.factor]) +
                      (design.seeds > 1 ? "; estimator 'paired' has an error of its own for each pair" : ""));
}

/// Two factors, one run a cell: is there an interaction of the simplest kind?
void note_additivity(const UnitTable& design, FactorContrasts& out) {
  if (out.estimator != Estimator::highest_interaction || design.treatment_columns() != 2 || design.replicated)
    return;
  const std::size_t columns = design.units.sizes[1];
  std::vector<double> table(design.units.runs());
  for (std::size_t i = 0; i < table.size(); ++i)
    table[static_cast<std::size_t>(design.units.level(i, 0)) * columns +
          static_cast<std::size_t>(design.units.level(i, 1))] = design.units.y[i];
  out.additivity = tukey_one_df(table, columns);
  if (out.additivity.p && *out.additivity.p < kSuspicious)
    out.notes.push_back(fmt::format(
        "The two factors interact (Tukey's test: p = {:.2g}): a difference of means holds for none of the "
        "other factor's levels.",
        *out.additivity.p));
}

/// Pairs of levels that have units: all, or each with the baseline, which stands second.
std::vector<LevelPair> pairs_of(const std::vector<std::size_t>& levels, std::optional<std::size_t> baseline) {
  std::vector<LevelPair> pairs;
  for (const std::size_t a : levels)
    for (const std::size_t b : levels) {
      if (baseline ? b == *baseline && a != b : a < b) pairs.emplace_back(a, b);
    }
  return pairs;
}

}  // namespace

void correct(Contrasts& contrasts) {
  std::vector<std::optional<double>> all;
  for (FactorContrasts& factor : contrasts.factors) {
    std::vector<std::optional<double>> own;
    for (const Contrast& contrast : factor.contrasts) own.push_back(contrast.difference.p);
    all.insert(all.end(), own.begin(), own.end());
    const auto adjusted = holm(own);
    for (std::size_t i = 0; i < own.size(); ++i) factor.contrasts[i].p_holm_factor = adjusted[i];
  }
  const auto adjusted = holm(all);
  std::size_t next = 0;
  for (FactorContrasts& factor : contrasts.factors)
    for (Contrast& contrast : factor.contrasts) contrast.p_holm = adjusted[next++];
  contrasts.family = static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const auto& p) { return p.has_value(); }));
}

const FactorContrasts* Contrasts::of(std::size_t factor) const {
  const auto found = std::find_if(factors.begin(), factors.end(),
                                  [&](const FactorContrasts& one) { return one.factor == factor; });
  return found == factors.end() ? nullptr : &*found;
}

Contrasts contrasts_of(const Designs& designs, const ContrastOptions& options) {
  const Observations& sweep = designs.sweep();
  Contrasts found;
  const auto changes = one_at_a_time_baseline(sweep);
  if (changes && !options.estimator)
    found.notes.emplace_back(
        "One change at a time from a baseline: each level is compared with the baseline, and interactions "
        "cannot be "
        "seen.");
  for (std::size_t f = 0; f < sweep.factors.size(); ++f) {
    if (sweep.factors[f].continuous()) continue;
    FactorContrasts out{.factor = f};
    const std::shared_ptr<const UnitTable> design = designs.of({f});
    std::vector<std::size_t> levels;
    if (design)
      for (std::size_t level = 0; level < sweep.factors[f].levels.size(); ++level)
        if (!design->level_weights[0][level].empty()) levels.push_back(level);
    count_failures(sweep, out);
    if (levels.size() < 2) {
      if (sweep.factors[f].levels.size() < 2) continue;
      out.notes.emplace_back(levels.empty() ? "No level has a score that can be compared."
                                            : "Only one level has a score: nothing to compare it with.");
      found.factors.push_back(std::move(out));
      continue;
    }
    std::optional<std::size_t> baseline;
    if (f < options.baselines.size()) baseline = options.baselines[f];
    if (!baseline && changes && options.baselines.empty()) baseline = (*changes)[f];
    out.notes.insert(out.notes.end(), design->notes.begin(), design->notes.end());
    const Choice choice = choose_estimator(*design, options, changes.has_value());
    out.estimator = choice.estimator;
    out.order = choice.order;
    out.notes.insert(out.notes.end(), choice.notes.begin(), choice.notes.end());
    out.seed_interaction = seed_interaction(*design, choice.order);
    Judge judge{.sweep = sweep,
                .options = options,
                .design = *design,
                .out = out,
                .pairs = pairs_of(levels, baseline),
                .levels = levels,
                .scale = scale_of(design->units.y)};
    judge.run();
    note_seed_interaction(out);
    note_unlike_spread(sweep, *design, out);
    note_additivity(*design, out);
    found.factors.push_back(std::move(out));
  }
  correct(found);
  return found;
}

}  // namespace ablate
