#include "views/cost_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "store/query.hpp"
#include "store/sweep_jobs.hpp"
#include "util/text.hpp"
#include "views/effects_view.hpp"
#include "views/law_report.hpp"
#include "views/result_tables.hpp"
#include "views/sweep_observations.hpp"
#include "views/test_json.hpp"

namespace ablate {

namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

double mean_seconds(const CellScore& cell, const std::vector<double>& of_run) {
  double sum = 0;
  for (const std::size_t run : cell.runs) sum += run < of_run.size() ? of_run[run] : kUnknown;
  return sum / static_cast<double>(cell.runs.size());
}

/// A level, or the number of a continuous axis; nothing where the axis does not apply.
std::optional<std::string> shown_level(const Factor& factor, double at) {
  if (std::isnan(at)) return std::nullopt;
  return factor.continuous() ? shortest(at) : factor.levels[static_cast<std::size_t>(at)];
}

/// "connector.kind = mlp, connector.tokens = 64"
std::string cell_text(const Observations& runs, const CellScore& cell) {
  std::vector<std::string> parts;
  for (std::size_t f = 0; f < runs.factors.size(); ++f)
    if (const auto level = shown_level(runs.factors[f], cell.at[f]))
      parts.push_back(fmt::format("{} = {}", runs.factors[f].name, *level));
  return parts.empty() ? "all runs" : join(parts, ", ");
}

/// By seeds where they tell an error, as contrasts are; else by the error of all runs.
TTest test_of(const DoublingEffect& effect) {
  const bool by_seed = std::isfinite(effect.seed_se);
  TTest test = t_test(effect.estimate, by_seed ? effect.seed_se : effect.se,
                      by_seed ? effect.seed_df : effect.df, std::abs(effect.estimate));
  if (!effect.p) test.p.reset();
  return test;
}

std::string cost_text(const ScoreCost& cost, double amount) {
  return cost.unit == "FLOPs" ? human_count(amount) : fmt::format("{:.6g}", amount);
}

TableCell seconds_cell(double seconds) {
  return std::isfinite(seconds) ? TableCell::number(seconds, human_duration(seconds)) : TableCell{"?"};
}

Table front_table(const ScoreCost& cost) {
  Table table{.title = fmt::format("{}: score against cost", cost.value),
              .columns = {{"cell", Align::left, true},
                          {cost.unit.empty() ? "cost" : cost.unit, Align::right},
                          {"time", Align::right},
                          {"score", Align::right},
                          {"behind by", Align::right}},
              .rows = {},
              .notes = {}};
  const std::vector<CellScore>& cells = cost.front.cells;
  std::vector<std::size_t> order(cells.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return cells[a].cost < cells[b].cost; });
  std::int64_t behind = 0;
  bool times = false;
  for (const std::size_t i : order) {
    const CellScore& cell = cells[i];
    if (!cell.on_front && !cell.within_interval) {
      ++behind;
      continue;
    }
    times |= std::isfinite(cost.seconds[i]);
    table.rows.push_back(
        {{cell_text(cost.runs, cell)},
         TableCell::number(cell.cost, cost_text(cost, cell.cost)),
         seconds_cell(cost.seconds[i]),
         TableCell::number(cell.score, fmt::format("{:.5g}", cell.score)),
         {cell.on_front ? "front" : fmt::format("{:.2g} +- {:.2g}", cell.behind, cell.half_width)}});
  }
  if (cells.empty()) {
    table.notes.emplace_back(cost.unit.empty()
                                 ? "what a run cost is not known: `ablate import --cost COLUMN` says it"
                                 : "no cell has a score and a cost");
    return table;
  }
  table.notes.push_back(
      fmt::format("front: no cell that costs as little is as good ({} is better); behind by: how much better "
                  "the best cell is that "
                  "costs no more, with half the 95 % interval, which holds 0 here, so that the cell may "
                  "belong to the front",
                  cost.runs.lower_is_better ? "lower" : "higher"));
  if (behind > 0)
    table.notes.push_back(fmt::format(
        "left out: {} {}", count_of(behind, "cell"),
        std::isnan(cost.front.error_ms)
            ? "behind the front; the runs do not tell their error, so nobody knows which may belong to it"
            : "plainly behind the front"));
  if (cost.unit == "FLOPs")
    table.notes.emplace_back(
        "FLOPs of all stages by formula, means over runs with the score; a stage that cells share counts in "
        "each");
  if (times)
    table.notes.emplace_back("time: of all attempts of these jobs, on whatever they ran, one after another");
  return table;
}

std::optional<Table> doubling_table(const ScoreCost& cost) {
  Table table{.title = fmt::format("{}: what a doubling of cost brings", cost.value),
              .columns = {{"axis that changes cost", Align::left, true},
                          {"change of the score", Align::right},
                          {"95 % interval", Align::right},
                          {"p", Align::right}},
              .rows = {},
              .notes = {}};
  for (std::size_t f = 0; f < cost.doublings.size(); ++f) {
    if (!cost.doublings[f]) continue;
    const TTest test = test_of(*cost.doublings[f]);
    table.rows.push_back({{cost.runs.factors[f].name},
                          TableCell::number(test.estimate, fmt::format("{:+.3g}", test.estimate)),
                          {test.p ? fmt::format("[{:+.3g}, {:+.3g}]", test.low, test.high) : "none"},
                          {p_text(test.p)}});
  }
  if (table.rows.empty()) return std::nullopt;
  for (std::size_t f = 0; f < cost.doublings.size(); ++f)
    if (cost.doublings[f] && cost.doublings[f]->doublings < 1)
      table.notes.push_back(
          fmt::format("{}: cost spans {:.2g} doublings in all: a whole one is far beyond what ran",
                      cost.runs.factors[f].name, cost.doublings[f]->doublings));
  table.notes.emplace_back(
      "slope of the score on log2 of cost, the other axes and seeds held; its error is how the slopes of "
      "seeds "
      "differ, from three seeds on; p is not corrected for other axes");
  return table;
}

Json cells_json(const ScoreCost& cost) {
  Json cells = Json::array();
  for (std::size_t i = 0; i < cost.front.cells.size(); ++i) {
    const CellScore& cell = cost.front.cells[i];
    Json levels = Json::object();
    for (std::size_t f = 0; f < cost.runs.factors.size(); ++f)
      if (const auto level = shown_level(cost.runs.factors[f], cell.at[f]))
        levels[cost.runs.factors[f].name] = *level;
    cells.push_back({{"levels", std::move(levels)},
                     {"runs", cell.runs.size()},
                     {"cost", number_json(cell.cost)},
                     {"seconds", number_json(cost.seconds[i])},
                     {"score", number_json(cell.score)},
                     {"on_front", cell.on_front},
                     {"beaten_by", cell.beaten_by ? Json(*cell.beaten_by) : Json()},
                     {"behind", number_json(cell.behind)},
                     {"half_width", number_json(cell.half_width)},
                     {"may_be_on_front", cell.on_front || cell.within_interval}});
  }
  return cells;
}

}  // namespace

std::vector<double> load_run_seconds(Database& database, std::int64_t sweep_id) {
  const SweepJobs jobs = load_sweep_jobs(database, sweep_id);
  std::unordered_map<std::int64_t, double> of_job;
  Query query(database, "SELECT id, seconds FROM jobs WHERE id BETWEEN ? AND ?");
  query.bind(jobs.first_id(), jobs.last_id());
  while (query.step()) of_job.emplace(query.integer(0), query.real(1));
  std::vector<double> seconds;
  for (const SweepJobs::Need& need : jobs.needs) {
    if (need.replicate >= seconds.size()) seconds.resize(need.replicate + 1, 0);
    const auto found = of_job.find(jobs.ids[need.job]);
    seconds[need.replicate] += found == of_job.end() ? kUnknown : found->second;
  }
  return seconds;
}

CostReport cost_of(Database& database, const SweepRecord& sweep, const std::vector<std::string>& values) {
  const std::vector<std::string> chosen = choose_values(database, sweep, values);
  std::vector<Observations> observed = load_observations(database, sweep, chosen);
  const std::vector<double> of_run =
      sweep.imported ? std::vector<double>{} : load_run_seconds(database, sweep.id);
  CostReport report;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    ScoreCost one{.value = chosen[i],
                  .unit = sweep.imported ? sweep.imported->cost : std::string("FLOPs"),
                  .runs = std::move(observed[i])};
    one.front = pareto_front(one.runs);
    for (const CellScore& cell : one.front.cells) one.seconds.push_back(mean_seconds(cell, of_run));
    for (std::size_t f = 0; f < one.runs.factors.size(); ++f)
      one.doublings.push_back(effect_per_doubling(one.runs, f));
    report.scores.push_back(std::move(one));
  }
  return report;
}

std::vector<Table> cost_tables(const ScoreCost& cost) {
  std::vector<Table> tables = {front_table(cost)};
  if (const auto doublings = doubling_table(cost)) tables.push_back(*doublings);
  return tables;
}

Json cost_json(const CostReport& report) {
  Json scores = Json::array();
  for (const ScoreCost& cost : report.scores) {
    Json json = {{"value", cost.value},
                 {"unit", cost.unit.empty() ? Json() : Json(cost.unit)},
                 {"lower_is_better", cost.runs.lower_is_better},
                 {"error_ms", number_json(cost.front.error_ms)},
                 {"error_df", number_json(cost.front.error_df)},
                 {"cells", cells_json(cost)},
                 {"per_doubling", Json::array()}};
    for (std::size_t f = 0; f < cost.doublings.size(); ++f) {
      if (!cost.doublings[f]) continue;
      Json entry = test_json(test_of(*cost.doublings[f]));
      entry["axis"] = cost.runs.factors[f].name;
      json["per_doubling"].push_back(std::move(entry));
    }
    scores.push_back(std::move(json));
  }
  return scores;
}

}  // namespace ablate
