#include "views/effects_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stats/design.hpp"
#include "util/text.hpp"
#include "views/law_report.hpp"
#include "views/result_tables.hpp"
#include "views/sweep_observations.hpp"

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
  return {fmt::format("[{:+.{}f}, {:+.{}f}]", low, decimals, high, decimals)};
}

const std::optional<double>& corrected(const Contrast& contrast, Family family) {
  return family == Family::axis ? contrast.p_holm_factor : contrast.p_holm;
}

/// What a difference decides, at 5 %, corrected over the family.
std::string verdict(const Contrast& one, const EffectsQuery& query, bool lower_is_better) {
  const std::optional<double>& p = corrected(one, query.family);
  if (!p) return "no test";
  if (*p < 0.05) return (one.difference.estimate > 0) != lower_is_better ? "better" : "worse";
  if (query.margin) {
    const auto within = equivalence(one.difference, *query.margin).p;
    if (within && *within < 0.05) return "equal";
  }
  return "undecided";
}

/// The settings of a factor that are not differences of whole axes: "strata: error A x seed, 4 df".
std::string estimator_note(const ScoreEffects& effects, const FactorContrasts& factor) {
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
                            {p_text(corrected(one, query.family))},
                            {verdict(one, query, effects.runs.lower_is_better)}});
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
}

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

/// "connector.kind x connector.tokens"
std::string term_text(const Observations& runs, const BranchShares& branch, const Term& term) {
  std::vector<std::string> names;
  for (const std::size_t column : term) names.push_back(runs.factors[branch.factors[column]].name);
  return join(names, " x ");
}

/// The main effects' p and shares, ranked; what the data cannot tell stands at the end.
Table share_table(const ScoreEffects& effects, const BranchShares& branch) {
  Table table{.title = fmt::format("{}: shares of the variance within seeds", effects.value),
              .columns = {{"axis", Align::left, true},
                          {"share", Align::right},
                          {"95 % interval", Align::right},
                          {"p", Align::right},
                          {fmt::format("0{:>{}}", "100 %", kShareBarWidth - 1)}},
              .rows = {},
              .notes = {}};
  std::vector<Share> ranked = branch.shares.shares;
  std::stable_sort(ranked.begin(), ranked.end(), [](const Share& a, const Share& b) {
    return (std::isfinite(a.within) ? a.within : -2) > (std::isfinite(b.within) ? b.within : -2);
  });
  for (const Share& share : ranked)
    table.rows.push_back({{term_text(effects.runs, branch, share.term)},
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
  if (!branch.conditional.empty()) {
    std::vector<std::string> names;
    for (const std::size_t factor : branch.conditional) names.push_back(effects.runs.factors[factor].name);
    table.notes.push_back(fmt::format("over the runs that {} applies to", join(names, " and ")));
  }
  table.notes.push_back(
      "#: up to the lower limit, =: up to the estimate, -: up to the upper limit; estimates are "
      "unbiased, so below 0 at times where there is no effect");
  table.notes.push_back(fmt::format(
      "{} runs{}; shares speak of the levels that were chosen", branch.shares.runs,
      branch.shares.num_seeds > 1 ? fmt::format(" under {} seeds, which account for {} of all variance",
                                                branch.shares.num_seeds, percent(branch.shares.seeds))
                                  : ""));
  return table;
}

Json limits_json(const Limits& limits) {
  return {{"low", number_json(limits.low)}, {"high", number_json(limits.high)}};
}

Json p_json(const std::optional<double>& p) { return p ? Json(*p) : Json(); }

Json test_json(const TTest& test) {
  return {{"estimate", number_json(test.estimate)},
          {"se", number_json(test.se)},
          {"df", number_json(test.df)},
          {"t", number_json(test.t)},
          {"low", number_json(test.low)},
          {"high", number_json(test.high)},
          {"p", p_json(test.p)}};
}

Json f_json(const FTest& test) {
  return {{"f", number_json(test.f)}, {"df1", test.df1}, {"df2", test.df2}, {"p", p_json(test.p)}};
}

Json branch_json(const ScoreEffects& effects, const BranchShares& branch) {
  Json json = {{"runs", branch.shares.runs},
               {"seeds", branch.shares.num_seeds},
               {"share_of_seeds", number_json(branch.shares.seeds)},
               {"overlap", number_json(branch.shares.overlap)},
               {"unexplained", number_json(branch.shares.unexplained)},
               {"error_ms", number_json(branch.shares.error_ms)},
               {"error_df", number_json(branch.shares.error_df)},
               {"only_where_applies", Json::array()},
               {"terms", Json::array()}};
  for (const std::size_t factor : branch.conditional)
    json["only_where_applies"].push_back(effects.runs.factors[factor].name);
  for (const Share& share : branch.shares.shares)
    json["terms"].push_back({{"term", term_text(effects.runs, branch, share.term)},
                             {"ss", number_json(share.ss)},
                             {"df", share.df},
                             {"f", number_json(share.f)},
                             {"p", p_json(share.p)},
                             {"share", number_json(share.within)},
                             {"share_limits", limits_json(share.within_limits)},
                             {"eta2", number_json(share.eta2)},
                             {"omega2", number_json(share.omega2)},
                             {"epsilon2", number_json(share.epsilon2)},
                             {"partial", number_json(share.partial)},
                             {"partial_limits", limits_json(share.partial_limits)}});
  return json;
}

Json contrast_json(const Factor& factor, const Contrast& one, const EffectsQuery& query,
                   bool lower_is_better) {
  Json json = test_json(one.difference);
  json["a"] = factor.levels[one.a];
  json["b"] = factor.levels[one.b];
  json["p_holm_axis"] = p_json(one.p_holm_factor);
  json["p_holm_all"] = p_json(one.p_holm);
  json["verdict"] = verdict(one, query, lower_is_better);
  if (query.margin) json["p_equivalent"] = p_json(equivalence(one.difference, *query.margin).p);
  return json;
}

Json factor_json(const ScoreEffects& effects, const FactorContrasts& one, const EffectsQuery& query) {
  const Factor& factor = effects.runs.factors[one.factor];
  Json json = {{"axis", factor.name},
               {"levels", factor.levels},
               {"estimator", to_name(one.estimator)},
               {"error", one.error},
               {"notes", one.notes},
               {"means_of_these_seeds", one.these_seeds},
               {"means", Json::array()},
               {"differences", Json::array()},
               {"seed_interaction", f_json(one.seed_interaction)},
               {"failures_p", p_json(one.failures.p)}};
  for (const MarginalMean& mean : one.means) {
    Json entry = test_json(mean.mean);
    entry.erase("t"), entry.erase("p");
    entry["level"] = factor.levels[mean.level];
    json["means"].push_back(std::move(entry));
  }
  for (const Contrast& contrast : one.contrasts)
    json["differences"].push_back(contrast_json(factor, contrast, query, effects.runs.lower_is_better));
  return json;
}

}  // namespace

std::string p_text(const std::optional<double>& p) {
  if (!p) return "no test";
  if (*p < 0.0005) return "< 0.001";
  return fmt::format("{:.3f}", *p);
}

std::vector<ScoreEffects> effects_of(Database& database, const SweepRecord& sweep,
                                     const EffectsQuery& query) {
  const std::vector<std::string> values = choose_values(database, sweep, query.values);
  const std::vector<Observations> runs = load_observations(database, sweep, values);
  std::vector<ScoreEffects> all;
  for (std::size_t i = 0; i < values.size(); ++i) {
    ScoreEffects one{.value = values[i], .runs = runs[i]};
    if (one.runs.factors.empty())
      throw Error(fmt::format("sweep '{}': no axis varies; expected an axis with two levels", sweep.name));
    const Designs designs(one.runs);
    one.contrasts = contrasts_of(designs, {.estimator = query.estimator});
    one.interactions = interactions_of(designs);
    one.shares = factor_shares(one.runs);
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<Table> effects_tables(const ScoreEffects& effects, const EffectsQuery& query) {
  std::vector<Table> tables;
  for (const BranchShares& branch : effects.shares) tables.push_back(share_table(effects, branch));
  tables.push_back(difference_table(effects, query));
  add_notes(tables.back(), effects, query);
  return tables;
}

Json effects_json(const ScoreEffects& effects, const EffectsQuery& query) {
  Json json = {{"value", effects.value},           {"lower_is_better", effects.runs.lower_is_better},
               {"family", to_name(query.family)},  {"pairs_in_family", effects.contrasts.family},
               {"notes", effects.contrasts.notes}, {"axes", Json::array()},
               {"shares", Json::array()},          {"interactions", Json::array()}};
  for (const FactorContrasts& factor : effects.contrasts.factors)
    json["axes"].push_back(factor_json(effects, factor, query));
  for (const BranchShares& branch : effects.shares) json["shares"].push_back(branch_json(effects, branch));
  for (const Interaction& one : effects.interactions) {
    Json entry = f_json(one.test);
    entry["axes"] = {effects.runs.factors[one.a].name, effects.runs.factors[one.b].name};
    entry["ss"] = number_json(one.ss);
    json["interactions"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace ablate
