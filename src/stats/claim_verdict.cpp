#include "stats/claim_verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "stats/contrasts.hpp"
#include "stats/design.hpp"
#include "stats/level_trend.hpp"
#include "stats/order.hpp"
#include "util/text.hpp"

namespace ablate {

template <>
std::span<const Named<ClaimState>> names_of<ClaimState>() {
  static constexpr Named<ClaimState> kNames[] = {{"supported", ClaimState::supported},
                                                 {"refuted", ClaimState::refuted},
                                                 {"undecided", ClaimState::undecided}};
  return kNames;
}

namespace {

std::size_t factor_of(const Observations& runs, const std::string& name) {
  std::vector<std::string> known;
  for (std::size_t i = 0; i < runs.factors.size(); ++i) {
    if (runs.factors[i].name == name) return i;
    known.push_back(runs.factors[i].name);
  }
  throw Error(fmt::format("no run differs in '{}'{}", printable(name), suggestion(name, known)));
}

/// Why levels of a continuous axis are not compared.
std::string no_levels(const Factor& factor) {
  return fmt::format("{} was sampled from a range: it has no levels to compare", factor.name);
}

std::size_t level_of(const Factor& factor, const std::string& level) {
  if (factor.continuous()) throw Error(no_levels(factor));
  const auto at = std::find(factor.levels.begin(), factor.levels.end(), level);
  if (at == factor.levels.end())
    throw Error(fmt::format("no run has {} = '{}'{}", factor.name, printable(level),
                            suggestion(level, factor.levels)));
  return static_cast<std::size_t>(at - factor.levels.begin());
}

/// The runs that the claim is about, without the axes that it fixes.
Observations branch_of(const Claim& claim, const Observations& runs) {
  Observations branch = runs;
  for (const auto& [axis, level] : claim.where) {
    const std::size_t factor = factor_of(branch, axis);
    const auto at = static_cast<double>(level_of(branch.factors[factor], level));
    std::erase_if(branch.runs, [&](const Observation& run) { return run.at[factor] != at; });
    const auto place = static_cast<std::ptrdiff_t>(factor);
    branch.factors.erase(branch.factors.begin() + place);
    for (Observation& run : branch.runs) {
      run.at.erase(run.at.begin() + place);
      if (!run.plots.empty()) run.plots.erase(run.plots.begin() + place);
    }
  }
  return branch;
}

const FactorContrasts* contrasts_of_factor(const Contrasts& contrasts, std::size_t factor) {
  for (const FactorContrasts& one : contrasts.factors)
    if (one.factor == factor) return &one;
  return nullptr;
}

/// Level `a` minus level `b`, whichever way the contrast is kept; no p where it is not.
TTest difference(const FactorContrasts& factor, std::size_t a, std::size_t b) {
  for (const Contrast& one : factor.contrasts) {
    if (one.a == a && one.b == b) return one.difference;
    if (one.a != b || one.b != a) continue;
    TTest turned = one.difference;
    turned.estimate = -turned.estimate;
    turned.t = -turned.t;
    turned.low = -one.difference.high;
    turned.high = -one.difference.low;
    return turned;
  }
  return {};
}

/// One-sided p of a true difference above `margin`.
std::optional<double> p_above(const TTest& test, double margin) {
  if (!test.testable()) return std::nullopt;
  return t_above((test.estimate - margin) / test.se, test.df);
}
std::optional<double> p_below(const TTest& test, double margin) {
  if (!test.testable()) return std::nullopt;
  return t_above((margin - test.estimate) / test.se, test.df);
}

std::optional<double> times(std::optional<double> p, double factor) {
  if (p) *p = std::min(1.0, factor * *p);
  return p;
}

void show(Evidence& evidence, const TTest& test, std::string of) {
  evidence.estimate = test.estimate;
  evidence.low = test.low;
  evidence.high = test.high;
  evidence.of = std::move(of);
  if (!test.testable()) evidence.why = "no test is possible: the runs leave no estimate of the error";
}

/// How many seeds would show that `test` lies beyond `margin`.
std::optional<SeedsNeeded> seeds_to_pass(const TTest& test, double margin, std::size_t seeds) {
  const double beyond = std::abs(test.estimate - margin);
  if (!test.testable() || seeds < 2 || !(beyond > 0)) return std::nullopt;
  return seeds_needed_for_power(beyond, test.se * std::sqrt(static_cast<double>(seeds)),
                                static_cast<std::int64_t>(seeds));
}

std::size_t count_seeds(const Observations& runs) {
  std::vector<std::uint64_t> seeds;
  for (const Observation& run : runs.runs)
    if (run.seed && run.end == RunEnd::finished) seeds.push_back(*run.seed);
  std::sort(seeds.begin(), seeds.end());
  return static_cast<std::size_t>(std::unique(seeds.begin(), seeds.end()) - seeds.begin());
}

Evidence weigh_better(const Claim& claim, const Observations& runs, const FactorContrasts& axis) {
  const Factor& factor = runs.factors[axis.factor];
  const std::size_t better = level_of(factor, claim.better), than = level_of(factor, claim.than);
  const TTest gain = runs.lower_is_better ? difference(axis, than, better) : difference(axis, better, than);
  Evidence evidence{.p_supported = times(p_above(gain, claim.margin), 2),
                    .p_refuted = times(p_below(gain, claim.margin), 2)};
  show(evidence, gain,
       runs.lower_is_better ? fmt::format("{} - {}", claim.than, claim.better)
                            : fmt::format("{} - {}", claim.better, claim.than));
  evidence.seeds_needed = seeds_to_pass(gain, claim.margin, count_seeds(runs));
  return evidence;
}

Evidence weigh_no_difference(const Claim& claim, const Observations& runs, const FactorContrasts& axis) {
  const Factor& factor = runs.factors[axis.factor];
  Evidence evidence{.p_supported = 0.0, .p_refuted = 1.0};
  const std::size_t levels = factor.levels.size();
  const double pairs = 0.5 * static_cast<double>(levels * (levels - 1));
  const auto apart = [](const TTest& test) { return std::abs(test.estimate); };
  TTest widest;
  for (std::size_t a = 0; a < levels; ++a)
    for (std::size_t b = a + 1; b < levels; ++b) {
      const TTest test = difference(axis, a, b);
      if (!test.testable()) {
        evidence = {};
        show(evidence, test, fmt::format("{} - {}", factor.levels[a], factor.levels[b]));
        return evidence;
      }
      evidence.p_supported = std::max(*evidence.p_supported, *equivalence(test, claim.margin).p);
      const double beyond = t_above((apart(test) - claim.margin) / test.se, test.df);
      evidence.p_refuted = std::min(*evidence.p_refuted, *times(beyond, 2 * pairs));
      if (widest.testable() && apart(test) <= apart(widest)) continue;
      widest = test;
      show(evidence, test, fmt::format("{} - {}", factor.levels[a], factor.levels[b]));
    }
  TTest size = widest;
  size.estimate = apart(widest);
  evidence.seeds_needed = seeds_to_pass(size, claim.margin, count_seeds(runs));
  return evidence;
}

/// The levels of a factor by their numbers, where they have them; else in the order of the axis.
std::vector<std::size_t> levels_in_order(const Factor& factor) {
  std::vector<std::size_t> order(factor.levels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (!factor.values.empty())
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return factor.values[a] < factor.values[b]; });
  return order;
}

Evidence weigh_steps(const Claim& claim, const Observations& runs, const FactorContrasts& axis) {
  const Factor& factor = runs.factors[axis.factor];
  const bool rises = claim.kind == ClaimKind::rises;
  const std::vector<std::size_t> order = levels_in_order(factor);
  Evidence evidence{.p_supported = 0.0, .p_refuted = 1.0};
  for (std::size_t i = 0; i + 1 < order.size(); ++i) {
    const std::size_t upper = order[i + 1], lower = order[i];
    const TTest step = rises ? difference(axis, upper, lower) : difference(axis, lower, upper);
    const std::string of =
        fmt::format("{} - {}", factor.levels[rises ? upper : lower], factor.levels[rises ? lower : upper]);
    if (!step.testable()) {
      evidence = {};
      show(evidence, step, of);
      return evidence;
    }
    evidence.p_refuted =
        std::min(*evidence.p_refuted, *times(p_below(step, 0), static_cast<double>(order.size() - 1)));
    if (*p_above(step, 0) < *evidence.p_supported) continue;
    evidence.p_supported = p_above(step, 0);
    show(evidence, step, of);
    evidence.seeds_needed = seeds_to_pass(step, 0, count_seeds(runs));
  }
  // Where each seed has every level, each step has an error of its own.
  if (const auto trend = trend_of(runs, axis.factor))
    if (const auto& p = rises ? trend->steps.p_rises : trend->steps.p_falls) evidence.p_supported = p;
  return evidence;
}

Evidence weigh_interaction(const Observations& runs, std::size_t a, std::size_t b) {
  Evidence evidence;
  for (const Interaction& one : interactions_of(runs))
    if ((one.a == a && one.b == b) || (one.a == b && one.b == a)) {
      evidence.p_supported = one.test.p;
      evidence.estimator = "F test";
    }
  evidence.of = fmt::format("{} x {}", runs.factors[a].name, runs.factors[b].name);
  if (!evidence.p_supported)
    evidence.why = "no test is possible: the runs cannot tell this interaction from the error";
  return evidence;
}

/// The effect of a two-level factor under each seed: upper level minus lower, over equally weighted cells.
/// Empty where a seed lacks a cell.
std::vector<double> effects_by_seed(const Observations& runs, std::size_t factor) {
  std::map<std::uint64_t, std::map<std::vector<double>, std::pair<double, double>>> scores;
  for (const Observation& run : runs.runs) {
    if (run.end != RunEnd::finished || !run.seed || std::isnan(run.at[factor])) return {};
    std::vector<double> others = run.at;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(factor));
    for (double& other : others)
      if (std::isnan(other)) other = -1;  // Does not apply: a setting like others, and NaN has no order.
    constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
    auto& pair = scores[*run.seed].try_emplace(others, std::pair{kMissing, kMissing}).first->second;
    (run.at[factor] > 0 ? pair.second : pair.first) = run.score;
  }
  std::vector<double> effects;
  for (const auto& [seed, cells] : scores) {
    double sum = 0;
    for (const auto& [others, pair] : cells) sum += pair.second - pair.first;
    if (!std::isfinite(sum) || cells.size() != scores.begin()->second.size()) return {};
    effects.push_back(sum / static_cast<double>(cells.size()));
  }
  return effects;
}

/// By draws of the level means from a least-squares model with the error that contrasts have.
Evidence weigh_order(const Observations& runs, const Contrasts& contrasts, std::size_t a, std::size_t b) {
  Evidence evidence{.estimator = "probability of the order"};
  evidence.why = "no test is possible: the runs leave no estimate of the error";
  const auto design = Designs(runs).of({std::min(a, b), std::max(a, b)});
  const FactorContrasts* first = contrasts_of_factor(contrasts, a);
  if (!design || !first || design->focus_columns[0] == design->focus_columns[1]) return evidence;
  const CodedRuns coded = design->with_block();
  std::vector<std::size_t> columns(design->treatment_columns());
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = i;
  std::vector<Term> terms = terms_up_to(columns, first->order);
  if (coded.columns() > columns.size()) terms.push_back({columns.size()});
  const LinearModel model(coded, terms);
  std::vector<LevelMeans> means;
  for (const std::size_t column : design->focus_columns)
    if (auto one = level_means(model, coded.columns(), column, coded.sizes[column]))
      means.push_back(std::move(*one));
  if (means.size() < 2) return evidence;
  const auto order = order_probabilities(means, model.error_ms(), static_cast<double>(model.error_df()));
  if (!order) return evidence;
  evidence.why.clear();
  const double probability = a < b ? order->pairs[0][1] : order->pairs[1][0];
  evidence.p_supported = std::min(1.0, 2 * (1 - probability));
  evidence.p_refuted = std::min(1.0, 2 * probability);
  return evidence;
}

Evidence weigh_outweighs(const Observations& runs, const Contrasts& contrasts, std::size_t a, std::size_t b) {
  Evidence evidence;
  std::vector<double> first, second;
  if (runs.factors[a].levels.size() == 2 && runs.factors[b].levels.size() == 2)
    first = effects_by_seed(runs, a), second = effects_by_seed(runs, b);
  if (first.size() > 1 && first.size() == second.size()) {
    const Outweighs test = outweighs(first, second);
    evidence.p_supported = times(test.p, 2);
    evidence.p_refuted = times(test.p_reverse, 2);
    evidence.estimate = test.estimate;
    evidence.estimator = "sum and difference by seed";
    if (!test.p) evidence.why = "no test is possible: the seeds show no spread";
  } else {
    evidence = weigh_order(runs, contrasts, a, b);
  }
  evidence.of = fmt::format("effect of {} - effect of {}", runs.factors[a].name, runs.factors[b].name);
  return evidence;
}

}  // namespace

Evidence weigh(const Claim& claim, const Observations& runs) {
  const Observations branch = branch_of(claim, runs);
  const std::size_t a = factor_of(branch, claim.axes.front());
  for (const std::string& axis : claim.axes)
    if (const Factor& factor = branch.factors[factor_of(branch, axis)]; factor.continuous())
      return {.why = no_levels(factor)};
  if (claim.kind == ClaimKind::interaction)
    return weigh_interaction(branch, a, factor_of(branch, claim.axes.back()));
  const Contrasts contrasts =
      contrasts_of(branch, {.baselines = std::vector<std::optional<std::size_t>>(branch.factors.size())});
  if (claim.kind == ClaimKind::outweighs)
    return weigh_outweighs(branch, contrasts, a, factor_of(branch, claim.axes.back()));
  const FactorContrasts* axis = contrasts_of_factor(contrasts, a);
  if (!axis) return {.why = fmt::format("no two levels of {} have a score", branch.factors[a].name)};
  Evidence evidence = claim.kind == ClaimKind::better          ? weigh_better(claim, branch, *axis)
                      : claim.kind == ClaimKind::no_difference ? weigh_no_difference(claim, branch, *axis)
                                                               : weigh_steps(claim, branch, *axis);
  evidence.estimator = to_name(axis->estimator);
  if (axis->failures.p && *axis->failures.p < 0.05)
    evidence.warnings.push_back(
        fmt::format("runs fail more at some levels of {} than at others", branch.factors[a].name));
  if (axis->unlike_spread)
    evidence.warnings.push_back(
        fmt::format("{}: {}", branch.factors[a].name, spread_words(*axis->unlike_spread, branch.factors[a])));
  return evidence;
}

std::vector<ClaimVerdict> judge(std::vector<Evidence> all, double alpha) {
  std::vector<std::optional<double>> smaller;
  for (const Evidence& one : all)
    smaller.push_back(one.p_supported && one.p_refuted ? std::min(one.p_supported, one.p_refuted)
                      : one.p_supported                ? one.p_supported
                                                       : one.p_refuted);
  const auto corrected = holm(smaller);
  std::vector<ClaimVerdict> verdicts;
  for (std::size_t i = 0; i < all.size(); ++i) {
    ClaimVerdict one{.evidence = std::move(all[i]), .p_holm = corrected[i]};
    const bool supports = one.evidence.p_supported &&
                          (!one.evidence.p_refuted || *one.evidence.p_supported <= *one.evidence.p_refuted);
    if (one.p_holm && *one.p_holm < alpha)
      one.verdict = supports ? ClaimState::supported : ClaimState::refuted;
    verdicts.push_back(std::move(one));
  }
  return verdicts;
}

}  // namespace ablate
