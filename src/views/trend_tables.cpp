#include "views/trend_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "views/share_tables.hpp"

namespace ablate {

namespace {

/// Two-sided.
std::optional<double> two_sided(const std::optional<RankTest>& test) {
  if (!test || !test->p_rises) return std::nullopt;
  return 2 * std::min(*test->p_rises, 1 - *test->p_rises);
}

std::string steps_text(const StepTest& steps) {
  if (!steps.p_rises || !steps.p_falls) return "no test";
  if (*steps.p_rises < 0.05) return "rises";
  if (*steps.p_falls < 0.05) return "falls";
  return "not shown";
}

}  // namespace

std::optional<Table> interaction_table(const ScoreEffects& effects) {
  std::vector<Interaction> tested;
  for (const Interaction& one : effects.interactions)
    if (one.test.p) tested.push_back(one);
  if (tested.empty()) return std::nullopt;
  std::stable_sort(tested.begin(), tested.end(), [](const Interaction& a, const Interaction& b) {
    return *a.preferred().p < *b.preferred().p;
  });
  std::vector<std::optional<double>> p;
  for (const Interaction& one : tested) p.push_back(one.preferred().p);
  const std::vector<std::optional<double>> adjusted = holm(p);
  Table table{
      .title = fmt::format("{}: does one axis act otherwise at other levels of another?", effects.value),
      .columns = {{"axes", Align::left, true},
                  {"F", Align::right},
                  {"df", Align::right},
                  {"p", Align::right},
                  {"p (Holm)", Align::right},
                  {"p pooled", Align::right}},
      .rows = {},
      .notes = {}};
  bool by_seed = false;
  for (std::size_t i = 0; i < tested.size(); ++i) {
    const FTest& test = tested[i].preferred();
    by_seed |= tested[i].by_seed.p.has_value();
    table.rows.push_back({{axes_text(effects.runs, {tested[i].a, tested[i].b})},
                          TableCell::number(test.f, fmt::format("{:.2f}", test.f)),
                          {fmt::format("{:g}, {:g}", test.df1, test.df2)},
                          {p_text(test.p)},
                          {p_text(adjusted[i])},
                          {p_text(tested[i].test.p)}});
  }
  table.notes.push_back(fmt::format(
      "F tests of interactions{}; Holm's correction is over {}",
      by_seed ? " against how seeds differ in them" : "",
      tested.size() == 1 ? "this pair alone" : fmt::format("the {} pairs of axes", tested.size())));
  if (by_seed)
    table.notes.emplace_back(
        "pooled: against one error of all runs, which is sharper, and right only if seeds shift all cells "
        "alike");
  return table;
}

std::optional<Table> trend_table(const ScoreEffects& effects) {
  Table table{.title = fmt::format("{}: trends along axes of numbers", effects.value),
              .columns = {{"axis", Align::left, true},
                          {"slope per"},
                          {"estimate", Align::right},
                          {"95 % interval", Align::right},
                          {"p", Align::right},
                          {"p by ranks", Align::right},
                          {"every step"}},
              .rows = {},
              .notes = {}};
  bool page = false, jonckheere = false;
  for (const AxisTrend& one : effects.trends) {
    const TTest& slope = one.trend.slope;
    if (!slope.p) continue;
    page |= one.trend.page.has_value();
    jonckheere |= one.trend.jonckheere.has_value();
    const auto by_ranks = two_sided(one.trend.page ? one.trend.page : one.trend.jonckheere);
    table.rows.push_back({{effects.runs.factors[one.factor].name},
                          {one.per_doubling ? "doubling" : "unit"},
                          TableCell::number(slope.estimate, fmt::format("{:+.3g}", slope.estimate)),
                          {fmt::format("[{:+.3g}, {:+.3g}]", slope.low, slope.high)},
                          {p_text(slope.p)},
                          {by_ranks ? p_text(by_ranks) : ""},
                          {steps_text(one.trend.steps)}});
  }
  if (table.rows.empty()) return std::nullopt;
  table.notes.emplace_back("p is two-sided, of no slope, and not corrected for other axes");
  if (page || jonckheere)
    table.notes.push_back(fmt::format("by ranks: {}, two-sided", !jonckheere ? "Page's test within seeds"
                                                                 : !page
                                                                     ? "Jonckheere and Terpstra's test"
                                                                     : "Page's test within seeds, Jonckheere "
                                                                       "and Terpstra's without"));
  table.notes.emplace_back(
      "every step: whether all differences of neighbouring levels are above 0, or all below (5 %); not "
      "shown: neither "
      "is");
  return table;
}

}  // namespace ablate
