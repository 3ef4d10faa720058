#include "views/power_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "stats/contrasts.hpp"
#include "util/text.hpp"
#include "views/law_report.hpp"
#include "views/result_tables.hpp"
#include "views/sweep_observations.hpp"

namespace ablate {

namespace {

/// Of each seed, the difference of two levels and its error over examples where each of its scores has one:
/// the mean over the cells that both levels have there.
struct SeedDifferences {
  std::vector<double> differences, errors;
};

SeedDifferences differences_by_seed(const Observations& runs, std::size_t factor, std::size_t a,
                                    std::size_t b) {
  struct Cell {
    const Observation* of_a = nullptr;
    const Observation* of_b = nullptr;
  };
  std::map<std::uint64_t, std::map<std::vector<double>, Cell>> cells;
  for (const Observation& run : runs.runs) {
    if (run.end != RunEnd::finished || !run.seed) continue;
    const double level = run.at[factor];
    if (level != static_cast<double>(a) && level != static_cast<double>(b)) continue;
    std::vector<double> others = run.at;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(factor));
    for (double& other : others)
      if (std::isnan(other)) other = -1;  // does not apply: a setting like others
    Cell& cell = cells[*run.seed][others];
    (level == static_cast<double>(a) ? cell.of_a : cell.of_b) = &run;
  }
  SeedDifferences all;
  for (const auto& [seed, settings] : cells) {
    double sum = 0, variance = 0, n = 0;
    for (const auto& [others, cell] : settings) {
      if (!cell.of_a || !cell.of_b) continue;
      sum += cell.of_a->score - cell.of_b->score;
      variance += std::pow(cell.of_a->standard_error, 2) + std::pow(cell.of_b->standard_error, 2);
      ++n;
    }
    if (n == 0) continue;
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

PairPower pair_power(const Observations& runs, std::size_t factor, const Contrast& one,
                     const PowerQuery& query) {
  const Factor& axis = runs.factors[factor];
  PairPower pair{.axis = axis.name, .a = axis.levels[one.a], .b = axis.levels[one.b]};
  pair.seeds = static_cast<std::int64_t>(one.seeds);
  pair.sd = one.sd;
  pair.sd_limits = sd_limits(one.sd, static_cast<double>(one.seeds) - 1);
  pair.half_width = paired_half_width(pair.seeds, one.sd);
  pair.asked = query.difference   ? *query.difference
               : query.half_width ? *query.half_width
                                  : 0.5 * pair.half_width;
  pair.needed = query.difference ? seeds_needed_for_power(pair.asked, one.sd, pair.seeds)
                                 : seeds_needed_for_half_width(pair.asked, one.sd, pair.seeds);
  const SeedDifferences seeds = differences_by_seed(runs, factor, one.a, one.b);
  if (const auto parts = split_spread(seeds.differences, seeds.errors))
    pair.better_doubled = better_doubled(*parts);
  return pair;
}

/// Nothing, and a note, where no seed is shared.
std::vector<FactorContrasts> paired_contrasts(const Observations& runs, std::vector<std::string>& notes) {
  try {
    return contrasts_of(runs, {.estimator = Estimator::paired}).factors;
  } catch (const Error& error) {
    notes.push_back(fmt::format("nothing is known of the spread: {}", error.what()));
    return {};
  }
}

const char* more_words(const std::optional<MoreOf>& more) {
  if (!more) return "?";
  switch (*more) {
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

Json count_json(const std::optional<std::int64_t>& seeds) { return seeds ? Json(*seeds) : Json(); }

}  // namespace

std::vector<ScorePower> power_of(Database& database, const SweepRecord& sweep, const PowerQuery& query) {
  const std::vector<std::string> values = choose_values(database, sweep, query.values);
  const std::vector<Observations> observed = load_observations(database, sweep, values);
  std::vector<ScorePower> all;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Observations& runs = observed[i];
    check_axes(query.axes, runs, sweep);
    ScorePower score{.value = values[i]};
    for (const FactorContrasts& factor : paired_contrasts(runs, score.notes)) {
      const std::string& axis = runs.factors[factor.factor].name;
      if (!query.axes.empty() && std::find(query.axes.begin(), query.axes.end(), axis) == query.axes.end())
        continue;
      for (const Contrast& one : factor.contrasts)
        if (one.seeds > 1 && one.sd > 0)
          score.pairs.push_back(pair_power(runs, factor.factor, one, query));
        else
          score.notes.push_back(fmt::format(
              "{}: {} - {}: {}, so nothing is known of the spread", axis,
              runs.factors[factor.factor].levels[one.a], runs.factors[factor.factor].levels[one.b],
              one.seeds > 1 ? "all seeds agree" : "under fewer than two common seeds"));
    }
    all.push_back(std::move(score));
  }
  return all;
}

Table power_table(const ScorePower& power, const PowerQuery& query) {
  Table table{.title = fmt::format("{}: seeds for a difference between levels", power.value),
              .columns = {{"axis", Align::left, true},
                          {"difference of", Align::left, true},
                          {"seeds", Align::right},
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
         TableCell::integer(pair.seeds),
         TableCell::number(pair.sd, fmt::format("{:.2g}", pair.sd)),
         TableCell::number(pair.half_width, fmt::format("{:.2g}", pair.half_width)),
         {count_text(pair.needed.likely)},
         {fmt::format("{} to {}", count_text(pair.needed.low), count_text(pair.needed.high))},
         {more_words(pair.better_doubled)}});
  table.notes.push_back(query.difference
                            ? fmt::format("seeds needed: to find a true difference of {} with 80 % "
                                          "probability (paired t, two-sided 5 %)",
                                          shortest(*query.difference))
                            : fmt::format("seeds needed: for a 95 % interval of {} either way",
                                          query.half_width ? shortest(*query.half_width)
                                                           : std::string("half of today's half width")));
  table.notes.push_back(
      "range: what the spread of so few seeds allows; three know their sd only within the factors "
      "0.52 and 6.3");
  table.notes.push_back(
      "more of: whether twice the seeds or twice the examples narrow the interval more; ?: the error "
      "over examples is not known");
  return table;
}

Json power_json(const ScorePower& power) {
  Json json = {{"value", power.value}, {"notes", power.notes}, {"pairs", Json::array()}};
  for (const PairPower& pair : power.pairs)
    json["pairs"].push_back(
        {{"axis", pair.axis},
         {"a", pair.a},
         {"b", pair.b},
         {"seeds", pair.seeds},
         {"sd", number_json(pair.sd)},
         {"sd_low", number_json(pair.sd_limits.low)},
         {"sd_high", number_json(pair.sd_limits.high)},
         {"half_width", number_json(pair.half_width)},
         {"asked", number_json(pair.asked)},
         {"needed", count_json(pair.needed.likely)},
         {"needed_low", count_json(pair.needed.low)},
         {"needed_high", count_json(pair.needed.high)},
         {"more_of", pair.better_doubled ? Json(more_words(pair.better_doubled)) : Json()}});
  return json;
}

}  // namespace ablate
