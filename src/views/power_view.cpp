#include "views/power_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stats/contrasts.hpp"
#include "util/text.hpp"
#include "views/choice_notes.hpp"
#include "views/law_report.hpp"
#include "views/outcome_spread.hpp"
#include "views/result_tables.hpp"
#include "views/sweep_observations.hpp"

namespace ablate {

namespace {

/// Of each seed, the difference of two levels and its error over examples where each of its scores has one:
/// the mean over the cells that both levels have there.
struct SeedDifferences {
  std::vector<double> differences, errors;
};

SeedDifferences differences_by_seed(const Observations& runs, const LevelPairs& pairs) {
  SeedDifferences all;
  for (const auto& of_seed : pairs) {
    const auto n = static_cast<double>(of_seed.second.size());
    double sum = 0, variance = 0;
    for (const auto& pair : of_seed.second) {
      const Observation &a = runs.runs[pair.first], &b = runs.runs[pair.second];
      sum += a.score - b.score;
      variance += a.standard_error * a.standard_error + b.standard_error * b.standard_error;
    }
    all.differences.push_back(sum / n);
    all.errors.push_back(std::sqrt(variance) / n);
  }
  return all;
}

void check_axes(const std::vector<std::string>& axes, const Observations& runs, const SweepRecord& sweep) {
  std::vector<std::string> known;
  for (const Factor& factor : runs.factors) known.push_back(factor.name);
  for (const std::string& axis : axes)
    if (std::find(known.begin(), known.end(), axis) == known.end())
      throw Error(fmt::format("no axis '{}' varies in sweep '{}'{}", printable(axis), sweep.name,
                              suggestion(axis, known)));
}

/// Of runs that have a seed of their own each: the spread of one is that of which the contrast's error is
/// made. None where a level has fewer than two, or nothing varies.
std::optional<PairPower> own_seeds_power(const Observations& runs, std::size_t factor, const Contrast& one,
                                         const PowerQuery& query) {
  std::int64_t of_a = 0, of_b = 0;
  for (const Observation& run : runs.runs) {
    if (!std::isfinite(run.score)) continue;
    of_a += run.at[factor] == static_cast<double>(one.a);
    of_b += run.at[factor] == static_cast<double>(one.b);
  }
  const double sd =
      one.difference.se / std::sqrt(1 / static_cast<double>(of_a) + 1 / static_cast<double>(of_b));
  if (std::min(of_a, of_b) < 2 || !(sd > 0)) return std::nullopt;
  const TTest& now = one.difference;
  const double half_width = (now.high - now.low) / 2;
  const Limits limits = sd_limits(sd, now.df);
  const double asked = query.difference   ? *query.difference
                       : query.half_width ? *query.half_width
                                          : half_width / 2;
  const auto needed = [&](double of) {
    return query.difference ? seeds_for_power(asked, of, 0.8, 0.05, SeedDesign::own)
                            : seeds_for_half_width(asked, of, 0.95, SeedDesign::own);
  };
  const Factor& axis = runs.factors[factor];
  return PairPower{.axis = axis.name,
                   .a = axis.levels[one.a],
                   .b = axis.levels[one.b],
                   .seeds = std::min(of_a, of_b),
                   .runs_a = of_a,
                   .runs_b = of_b,
                   .sd = sd,
                   .sd_limits = limits,
                   .half_width = half_width,
                   .asked = asked,
                   .needed = {needed(sd), needed(limits.low), needed(limits.high)},
                   .parts = {}};
}

PairPower pair_power(const Observations& runs, std::size_t factor, const Contrast& one,
                     const PowerQuery& query, KeptOutcomes& kept) {
  const Factor& axis = runs.factors[factor];
  PairPower pair{.axis = axis.name, .a = axis.levels[one.a], .b = axis.levels[one.b]};
  pair.seeds = static_cast<std::int64_t>(one.seeds);
  pair.sd = one.sd;
  pair.sd_limits = sd_limits(one.sd, static_cast<double>(one.seeds) - 1);
  pair.half_width = half_width_of_seeds(pair.seeds, one.sd);
  pair.asked = query.difference   ? *query.difference
               : query.half_width ? *query.half_width
                                  : 0.5 * pair.half_width;
  pair.needed = query.difference ? seeds_needed_for_power(pair.asked, one.sd, pair.seeds)
                                 : seeds_needed_for_half_width(pair.asked, one.sd, pair.seeds);
  const LevelPairs pairs = pairs_of_levels(runs, factor, one.a, one.b);
  pair.parts = kept.split(pairs);
  pair.by_outcomes = pair.parts.has_value();
  if (pair.by_outcomes) return pair;
  const SeedDifferences seeds = differences_by_seed(runs, pairs);
  pair.parts = split_spread(seeds.differences, seeds.errors);
  return pair;
}

void note_continuous(const Observations& runs, const PowerQuery& query, std::vector<std::string>& notes) {
  for (const Factor& factor : runs.factors)
    if (factor.continuous() && (query.axes.empty() || std::find(query.axes.begin(), query.axes.end(),
                                                                factor.name) != query.axes.end()))
      notes.push_back(fmt::format("{} was sampled from a range: it has no levels to compare", factor.name));
}

/// Nothing where no two levels share a seed.
std::optional<std::vector<FactorContrasts>> paired_contrasts(const Observations& runs) {
  const bool any = std::any_of(runs.runs.begin(), runs.runs.end(),
                               [](const Observation& run) { return run.seed.has_value(); });
  if (!any) return std::nullopt;
  try {
    return contrasts_of(runs, {.estimator = Estimator::paired}).factors;
  } catch (const Error&) {
    return std::nullopt;
  }
}

const char* more_words(const std::optional<SpreadParts>& parts) {
  if (!parts) return "?";
  switch (better_doubled(*parts)) {
    case MoreOf::seeds:
      return "seeds";
    case MoreOf::examples:
      return "examples";
    case MoreOf::either:
      break;
  }
  return "either";
}

std::string count_text(const std::optional<std::int64_t>& seeds) {
  return seeds ? with_commas(*seeds) : "over " + with_commas(kMostSeeds);
}

/// Of one seed's difference, but for those of questions, which are of the mean.
Json parts_json(const PairPower& pair) {
  if (!pair.parts) return {};
  return {{"seeds", number_json(pair.parts->seeds)},
          {"examples", number_json(pair.parts->examples)},
          {"questions", number_json(pair.parts->questions)},
          {"by", pair.by_outcomes ? "outcomes" : "standard-errors"}};
}

Json count_json(const std::optional<std::int64_t>& seeds) { return seeds ? Json(*seeds) : Json(); }

}  // namespace

std::vector<ScorePower> power_of(Database& database, const SweepRecord& sweep, const PowerQuery& query) {
  const std::vector<std::string> values = require_values(database, sweep, query.values);
  const std::vector<Observations> observed = load_observations(database, sweep, values);
  const std::vector<std::string> notes = observation_notes(database, sweep);
  std::vector<ScorePower> all;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Observations& runs = observed[i];
    require_comparable(runs, sweep);
    check_axes(query.axes, runs, sweep);
    ScorePower score{.value = values[i]};
    KeptOutcomes kept(database, sweep, values[i]);
    note_continuous(runs, query, score.notes);
    const auto paired = paired_contrasts(runs);
    const bool own = !paired;
    if (own) score.design = SeedDesign::own;
    for (const FactorContrasts& factor : own ? contrasts_of(runs).factors : *paired) {
      const std::string& axis = runs.factors[factor.factor].name;
      if (!query.axes.empty() && std::find(query.axes.begin(), query.axes.end(), axis) == query.axes.end())
        continue;
      for (const Contrast& one : factor.contrasts)
        if (own) {
          if (const auto pair = own_seeds_power(runs, factor.factor, one, query))
            score.pairs.push_back(*pair);
          else
            score.notes.push_back(fmt::format(
                "{}: {} - {}: a level has fewer than two runs, or nothing varies", axis,
                runs.factors[factor.factor].levels[one.a], runs.factors[factor.factor].levels[one.b]));
        } else if (one.seeds > 1 && one.sd > 0)
          score.pairs.push_back(pair_power(runs, factor.factor, one, query, kept));
        else
          score.notes.push_back(fmt::format(
              "{}: {} - {}: {}, so nothing is known of the spread", axis,
              runs.factors[factor.factor].levels[one.a], runs.factors[factor.factor].levels[one.b],
              one.seeds > 1 ? "all seeds agree" : "under fewer than two common seeds"));
    }
    for (const std::string& note : notes) score.notes.push_back(note);
    if (!kept.problem().empty())
      score.notes.push_back(fmt::format("outcomes of examples cannot be read: {}", kept.problem()));
    all.push_back(std::move(score));
  }
  return all;
}

Table power_table(const ScorePower& power, const PowerQuery& query) {
  if (power.pairs.empty())
    return {.title = power.value + ": nothing is known of the spread", .notes = power.notes};
  const bool own = power.design == SeedDesign::own;
  Table table{.title = fmt::format("{}: seeds for a difference between levels", power.value),
              .columns = {{"axis", Align::left, true},
                          {"difference of", Align::left, true},
                          {own ? "runs" : "seeds", Align::right},
                          {"sd", Align::right},
                          {"95 % half width", Align::right},
                          {"seeds needed", Align::right},
                          {"range", Align::right},
                          {"more of"}},
              .rows = {},
              .notes = power.notes};
  for (const PairPower& pair : power.pairs)
    table.rows.push_back(
        {{pair.axis},
         {fmt::format("{} - {}", pair.a, pair.b)},
         own && pair.runs_a != pair.runs_b ? TableCell{fmt::format("{}, {}", pair.runs_a, pair.runs_b)}
                                           : TableCell::integer(pair.seeds),
         TableCell::number(pair.sd, fmt::format("{:.2g}", pair.sd)),
         TableCell::number(pair.half_width, fmt::format("{:.2g}", pair.half_width)),
         {count_text(pair.needed.likely)},
         {fmt::format("{} to {}", count_text(pair.needed.low), count_text(pair.needed.high))},
         {more_words(pair.parts)}});
  if (own) {  // Nothing splits the spread of single runs.
    table.columns.pop_back();
    for (auto& row : table.rows) row.pop_back();
  }
  table.notes.push_back(query.difference
                            ? fmt::format("seeds needed: to find a true difference of {} with 80 % "
                                          "probability ({}, two-sided 5 %)",
                                          shortest(*query.difference), own ? "two groups, t" : "paired t")
                            : fmt::format("seeds needed: for a 95 % interval of {} either way",
                                          query.half_width ? shortest(*query.half_width)
                                                           : std::string("half of today's half width")));
  if (own)
    table.notes.push_back(
        "no two levels share a seed: runs and seeds needed are those of each level, sd that of one run; "
        "shared "
        "seeds would pair them");
  table.notes.push_back(
      "range: what the spread of so few seeds allows; three know their sd only within the factors "
      "0.52 and 6.3");
  if (!own)
    table.notes.push_back(
        "more of: whether twice the seeds or twice the examples narrow the interval more; ?: the error "
        "over examples is not known");
  const auto by_outcomes = std::count_if(power.pairs.begin(), power.pairs.end(),
                                         [](const PairPower& pair) { return pair.by_outcomes; });
  const auto known = std::count_if(power.pairs.begin(), power.pairs.end(),
                                   [](const PairPower& pair) { return pair.parts.has_value(); });
  if (by_outcomes > 0)
    table.notes.push_back(
        fmt::format("that is known of {} from the outcome of every example; seeds needed are for these "
                    "examples, and other ones "
                    "would add to the error",
                    count_of(by_outcomes, "pair")));
  if (known > by_outcomes)
    table.notes.push_back(
        fmt::format("that is known of {} from standard errors, as if each run had examples of its own",
                    count_of(known - by_outcomes, "pair")));
  return table;
}

Json power_json(const ScorePower& power) {
  Json json = {{"value", power.value},
               {"paired", power.design == SeedDesign::paired},
               {"notes", power.notes},
               {"pairs", Json::array()}};
  for (const PairPower& pair : power.pairs)
    json["pairs"].push_back({{"axis", pair.axis},
                             {"a", pair.a},
                             {"b", pair.b},
                             {"seeds", pair.seeds},
                             {"runs_a", pair.runs_a > 0 ? Json(pair.runs_a) : Json()},
                             {"runs_b", pair.runs_b > 0 ? Json(pair.runs_b) : Json()},
                             {"sd", number_json(pair.sd)},
                             {"sd_low", number_json(pair.sd_limits.low)},
                             {"sd_high", number_json(pair.sd_limits.high)},
                             {"half_width", number_json(pair.half_width)},
                             {"asked", number_json(pair.asked)},
                             {"needed", count_json(pair.needed.likely)},
                             {"needed_low", count_json(pair.needed.low)},
                             {"needed_high", count_json(pair.needed.high)},
                             {"more_of", pair.parts ? Json(more_words(pair.parts)) : Json()},
                             {"variances", parts_json(pair)}});
  return json;
}

}  // namespace ablate
