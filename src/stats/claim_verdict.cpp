#include "stats/claim_verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "stats/contrasts.hpp"
#include "stats/design.hpp"
#include "stats/factor_order.hpp"
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

/// The same difference, taken the other way.
TTest turned(TTest test) {
  test.estimate = -test.estimate;
  test.t = -test.t;
  std::swap(test.low, test.high);
  test.low = -test.low;
  test.high = -test.high;
  return test;
}

/// Level `a` minus level `b`, whichever way the contrast is kept; no p where it is not.
TTest difference(const FactorContrasts& factor, std::size_t a, std::size_t b) {
  for (const Contrast& one : factor.contrasts) {
    if (one.a == a && one.b == b) return one.difference;
    if (one.a == b && one.b == a) return turned(one.difference);
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

/// "no run with kind = c has the score": of a level that the claim speaks of; empty where all have some.
std::string level_without_score(const Claim& claim, const Observations& runs) {
  for (const std::string& axis : claim.axes) {
    const std::size_t factor = factor_of(runs, axis);
    std::vector<bool> scored(runs.factors[factor].levels.size(), false);
    for (const Observation& run : runs.runs)
      if (run.end == RunEnd::finished && !std::isnan(run.at[factor]))
        scored[static_cast<std::size_t>(run.at[factor])] = true;
    for (std::size_t level = 0; level < scored.size(); ++level) {
      const std::string& label = runs.factors[factor].levels[level];
      const bool meant = claim.kind != ClaimKind::better || label == claim.better || label == claim.than;
      if (meant && !scored[level]) return fmt::format("no run with {} = {} has the score", axis, label);
    }
  }
  return "";
}

/// How many seeds would show that `test` lies beyond `margin`.
std::optional<SeedsNeeded> seeds_to_pass(const TTest& test, double margin, std::size_t seeds) {
  const double beyond = std::abs(test.estimate - margin);
  if (!test.testable() || seeds < 2 || !(beyond > 0)) return std::nullopt;
  return seeds_needed_for_power(beyond, test.se * std::sqrt(static_cast<double>(seeds)),
                                static_cast<std::int64_t>(seeds));
}

/// 0 where an axis was sampled: there points are what varies, and more seeds of them would not help.
std::size_t count_seeds(const Observations& runs) {
  if (std::any_of(runs.factors.begin(), runs.factors.end(),
                  [](const Factor& one) { return one.continuous(); }))
    return 0;
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

/// Of two levels there is one step, and it is no trend.
Evidence weigh_steps(const Claim& claim, const Observations& runs, const FactorContrasts& axis) {
  const Factor& factor = runs.factors[axis.factor];
  const bool rises = claim.kind == ClaimKind::rises;
  std::vector<std::size_t> order = {0, 1};
  std::vector<TTest> steps;
  if (const auto trend = trend_of(runs, axis.factor)) {
    order = trend->levels;
    steps = trend->step_tests;
  } else {
    if (!factor.values.empty() && factor.values[0] > factor.values[1]) order = {1, 0};
    steps = {difference(axis, order[1], order[0])};
  }
  Evidence evidence{.p_supported = 0.0, .p_refuted = 1.0};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::size_t upper = order[i + 1], lower = order[i];
    const TTest step = rises ? steps[i] : turned(steps[i]);
    const std::string of =
        fmt::format("{} - {}", factor.levels[rises ? upper : lower], factor.levels[rises ? lower : upper]);
    if (!step.testable()) {
      evidence = {};
      show(evidence, step, of);
      return evidence;
    }
    evidence.p_refuted =
        std::min(*evidence.p_refuted, *times(p_below(step, 0), static_cast<double>(steps.size())));
    if (*p_above(step, 0) < *evidence.p_supported) continue;
    evidence.p_supported = p_above(step, 0);
    show(evidence, step, of);
    evidence.seeds_needed = seeds_to_pass(step, 0, count_seeds(runs));
  }
  return evidence;
}

Evidence weigh_interaction(const Observations& runs, std::size_t a, std::size_t b) {
  Evidence evidence;
  for (const Interaction& one : interactions_of(runs))
    if ((one.a == a && one.b == b) || (one.a == b && one.b == a)) {
      evidence.p_supported = one.preferred().p;
      evidence.estimator = one.by_seed.p ? "F test by seed" : "F test";
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

Evidence weigh_order(const Observations& runs, const Contrasts& contrasts, std::size_t a, std::size_t b) {
  Evidence evidence{.estimator = "probability of the order"};
  if (const auto probability = probability_of_order(Designs(runs), contrasts, a, b)) {
    evidence.p_supported = std::min(1.0, 2 * (1 - *probability));
    evidence.p_refuted = std::min(1.0, 2 * *probability);
  } else {
    evidence.why = "no test is possible: the runs leave no estimate of the error";
  }
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
  if (const std::string missing = level_without_score(claim, branch); !missing.empty())
    return {.why = missing};
  if (claim.kind == ClaimKind::interaction)
    return weigh_interaction(branch, a, factor_of(branch, claim.axes.back()));
  const Contrasts contrasts =
      contrasts_of(branch, {.baselines = std::vector<std::optional<std::size_t>>(branch.factors.size())});
  if (claim.kind == ClaimKind::outweighs)
    return weigh_outweighs(branch, contrasts, a, factor_of(branch, claim.axes.back()));
  const FactorContrasts* axis = contrasts.of(a);
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
