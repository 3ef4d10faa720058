#include "views/share_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stats/order.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::size_t kShareBarWidth = 20;

/// "####==--": '#' up to the lower limit of a share, '=' up to the estimate, '-' up to the upper limit.
std::string share_bar(double share, const Limits& limits) {
  const auto place = [](double value) {
    return static_cast<std::size_t>(std::lround(std::clamp(value, 0.0, 1.0) * kShareBarWidth));
  };
  if (!std::isfinite(share)) return "";
  const bool known = std::isfinite(limits.low) && std::isfinite(limits.high);
  const std::size_t low = known ? std::min(place(limits.low), place(share)) : 0;
  std::string drawn(low, '#');
  drawn.append(place(share) - low, '=');
  if (known && place(limits.high) > drawn.size()) drawn.append(place(limits.high) - drawn.size(), '-');
  return drawn;
}

std::string percent(double share) {
  return std::isfinite(share) ? fmt::format("{:.1f} %", 100 * share) : std::string("?");
}

TableCell percent_interval(const Limits& limits) {
  if (!std::isfinite(limits.low) || !std::isfinite(limits.high)) return {"none"};
  return {fmt::format("[{:.1f}, {:.1f}]", 100 * limits.low, 100 * limits.high)};
}

constexpr const char* kBarNote =
    "#: up to the lower limit, =: up to the estimate, -: up to the upper limit; estimates are unbiased, so "
    "below 0 at "
    "times where there is no effect";

/// What is not known stands last.
double rank_of(double share) { return std::isfinite(share) ? share : -2; }

void add_branch_note(Table& table, const Observations& runs, const std::vector<std::size_t>& conditional) {
  if (conditional.empty()) return;
  std::vector<std::string> names;
  for (const std::size_t factor : conditional) names.push_back(runs.factors[factor].name);
  table.notes.push_back(fmt::format("over the runs that {} applies to", join(names, " and ")));
}

/// "order: a before b 99 %, b before c 61 %"; empty where nothing is known.
std::string order_text(const ScoreEffects& effects, std::size_t branch) {
  std::vector<std::string> parts;
  bool told = true;
  for (const FactorOrder& one : effects.orders) {
    if (one.branch != branch) continue;
    parts.push_back(fmt::format("{} before {} {}", effects.runs.factors[one.first].name,
                                effects.runs.factors[one.second].name,
                                one.probability > 0.9995 ? "> 99.9 %" : percent(one.probability)));
    told &= one.probability >= kOrderTold;
  }
  if (parts.empty()) return "";
  return fmt::format("probability of the order: {}{}", join(parts, ", "),
                     told ? "" : fmt::format("; below {:g} % the data cannot tell", 100 * kOrderTold));
}

/// The main effects' p and shares, ranked; what the data cannot tell stands at the end.
Table share_table(const ScoreEffects& effects, std::size_t index) {
  const BranchShares& branch = effects.shares[index];
  Table table{.title = fmt::format("{}: shares of the variance within seeds", effects.value),
              .columns = {{"axis", Align::left, true},
                          {"share", Align::right},
                          {"95 % interval", Align::right},
                          {"p", Align::right},
                          {fmt::format("0{:>{}}", "100 %", kShareBarWidth - 1)}},
              .rows = {},
              .notes = {}};
  for (const Share& share : ranked_shares(branch.shares))
    table.rows.push_back({{axes_text(effects.runs, factors_of_term(branch, share.term))},
                          TableCell::number(share.within, percent(share.within)),
                          percent_interval(share.within_limits),
                          {p_text(share.p)},
                          {share_bar(share.within, share.within_limits)}});
  if (std::abs(branch.shares.overlap) > 0.0005)
    table.rows.push_back({{"(of several axes, not told apart)"},
                          TableCell::number(branch.shares.overlap, percent(branch.shares.overlap)),
                          {},
                          {},
                          {share_bar(branch.shares.overlap, {})}});
  table.rows.push_back({{"(noise, and what is in no row)"},
                        TableCell::number(branch.shares.unexplained, percent(branch.shares.unexplained)),
                        {},
                        {},
                        {share_bar(branch.shares.unexplained, {})}});
  add_branch_note(table, effects.runs, branch.conditional);
  table.notes.emplace_back(kBarNote);
  if (const std::string order = order_text(effects, index); !order.empty()) table.notes.push_back(order);
  table.notes.push_back(
      branch.shares.runs == 0
          ? std::string("no runs are left that tell shares")
          : fmt::format("{}{}; shares speak of the levels that were chosen",
                        count_of(static_cast<std::int64_t>(branch.shares.runs), "run"),
                        branch.shares.num_seeds > 1
                            ? fmt::format(" under {} seeds, which account for {} of all variance",
                                          branch.shares.num_seeds, percent(branch.shares.seeds))
                            : ""));
  return table;
}

/// "rate: from 0.0001 to 0.1, evenly in its logarithm"
std::string range_text(const Factor& factor) {
  const SampledRange& range = *factor.range;
  return fmt::format(
      "{}: from {} to {}, evenly{}{}", factor.name, shortest(range.low), shortest(range.high),
      range.log ? " in its logarithm" : "",
      range.seen ? "; it counts as sampled, since its many numbers hardly repeat, from such a range as "
                   "was seen"
                 : "");
}

/// Shares over the space that was sampled, ranked.
Table functional_table(const ScoreEffects& effects, const FunctionalAnova& anova) {
  Table table{.title = fmt::format("{}: shares of the variance over the sampled ranges", effects.value),
              .columns = {{"axis", Align::left, true},
                          {"share", Align::right},
                          {"95 % interval", Align::right},
                          {fmt::format("0{:>{}}", "100 %", kShareBarWidth - 1)}},
              .rows = {},
              .notes = {}};
  const auto add = [&](const std::string& what, double share_of_all, const Limits& limits) {
    table.rows.push_back({{what},
                          TableCell::number(share_of_all, percent(share_of_all)),
                          percent_interval(limits),
                          {share_bar(share_of_all, limits)}});
  };
  std::vector<FunctionalShare> ranked = anova.shares;
  std::stable_sort(ranked.begin(), ranked.end(), [](const FunctionalShare& a, const FunctionalShare& b) {
    return rank_of(a.of_total) > rank_of(b.of_total);
  });
  for (const FunctionalShare& one : ranked)
    add(axes_text(effects.runs, one.factors), one.of_total, one.of_total_limits);
  if (!ranked.empty()) add("(noise, and what is in no row)", anova.unexplained, anova.unexplained_limits);
  add_branch_note(table, effects.runs, anova.conditional);
  if (ranked.empty())
    table.notes.push_back(
        fmt::format("{} are too few to tell shares", count_of(static_cast<std::int64_t>(anova.runs), "run")));
  else
    table.notes.emplace_back(kBarNote);
  for (const std::size_t factor : anova.factors)
    if (effects.runs.factors[factor].continuous())
      table.notes.push_back(range_text(effects.runs.factors[factor]));
  if (ranked.empty()) return table;
  table.notes.push_back(fmt::format(
      "{} runs; functional analysis of variance by polynomials of degree {}{}; shares speak of these ranges, "
      "within "
      "seeds where runs share them",
      anova.runs, anova.main_degree,
      anova.pair_degree > 0 ? fmt::format(", pairs of degree {}", anova.pair_degree) : ", without pairs"));
  return table;
}

/// Changes from a baseline, the largest first.
Table change_table(const ScoreEffects& effects) {
  Table table{.title = fmt::format("{}: what each change weighs", effects.value),
              .columns = {{"axis", Align::left, true},
                          {"change", Align::left, true},
                          {"share", Align::right},
                          {fmt::format("0{:>{}}", "100 %", kShareBarWidth - 1)}},
              .rows = {},
              .notes = {}};
  std::vector<ChangeEffect> ranked = effects.changes;
  std::stable_sort(ranked.begin(), ranked.end(), [](const ChangeEffect& a, const ChangeEffect& b) {
    return rank_of(a.share.share) > rank_of(b.share.share);
  });
  for (const ChangeEffect& one : ranked) {
    const Factor& factor = effects.runs.factors[one.factor];
    table.rows.push_back({{factor.name},
                          {fmt::format("{} -> {}", factor.levels[one.baseline], factor.levels[one.level])},
                          TableCell::number(one.share.share, percent(one.share.share)),
                          {share_bar(one.share.share, {})}});
  }
  table.notes.emplace_back(
      "one axis was changed at a time: of the sum of the squared differences from the baseline, which speaks "
      "of these "
      "changes and not of the axes; shares of variance would need cells that change several");
  return table;
}

}  // namespace

std::string axes_text(const Observations& runs, const std::vector<std::size_t>& factors) {
  std::vector<std::string> names;
  for (const std::size_t factor : factors) names.push_back(runs.factors[factor].name);
  return join(names, " x ");
}

std::vector<Share> ranked_shares(const Shares& shares) {
  std::vector<Share> ranked = shares.shares;
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const Share& a, const Share& b) { return rank_of(a.within) > rank_of(b.within); });
  return ranked;
}

std::vector<std::size_t> factors_of_term(const BranchShares& branch, const Term& term) {
  std::vector<std::size_t> factors;
  for (const std::size_t column : term) factors.push_back(branch.factors[column]);
  return factors;
}

std::vector<Table> share_tables(const ScoreEffects& effects) {
  std::vector<Table> tables;
  if (!effects.changes.empty()) tables.push_back(change_table(effects));
  for (std::size_t i = 0; i < effects.shares.size(); ++i) tables.push_back(share_table(effects, i));
  for (const FunctionalAnova& anova : effects.functional)
    if (!anova.factors.empty()) tables.push_back(functional_table(effects, anova));
  return tables;
}

}  // namespace ablate
