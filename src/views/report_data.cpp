#include "views/report_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include "stats/pivot.hpp"
#include "store/query.hpp"
#include "store/results.hpp"
#include "store/sweep_jobs.hpp"
#include "util/text.hpp"
#include "views/cost_view.hpp"
#include "views/law_report.hpp"
#include "views/recipe_difference.hpp"
#include "views/report_curves.hpp"
#include "views/sweep_observations.hpp"

namespace ablate {

namespace {

constexpr std::size_t kKeyDigits = 8;  // Of a job's key, as lists show it.

Json axes_json(const std::vector<RunRecord>& runs, const SweepRecord& sweep) {
  Json axes = Json::array();
  for (const std::string& name : varying_axes(runs, sweep.axes))
    for (const PlanAxis& axis : sweep.axes)
      if (axis.name == name) axes.push_back({{"name", name}, {"levels", axis.levels}});
  return axes;
}

/// By the numbers of the cells, ascending; and the place of each number.
Json cells_json(const std::vector<RunRecord>& runs, const Json& axes,
                std::map<std::int64_t, std::size_t>& places) {
  std::map<std::int64_t, const RunRecord*> cells;
  for (const RunRecord& run : runs) cells.emplace(run.cell, &run);
  Json json = Json::array();
  for (const auto& [number, run] : cells) {
    Json at = Json::array();
    for (const Json& axis : axes) {
      const auto level = run->levels.find(axis["name"]);
      at.push_back(level == run->levels.end() ? -1 : static_cast<int>(level->second.index));
    }
    places.emplace(number, json.size());
    json.push_back({{"number", number}, {"label", run->label}, {"at", std::move(at)}});
  }
  return json;
}

Json runs_json(const std::vector<RunRecord>& runs, const std::vector<std::string>& scores,
               const std::vector<Observations>& seen, const SweepRecord& sweep,
               const std::map<std::int64_t, std::size_t>& cells, const SweepJobs& jobs,
               const std::vector<double>& seconds) {
  Json json = {{"cell", Json::array()},  {"seed", Json::array()},    {"state", Json::array()},
               {"cost", Json::array()},  {"seconds", Json::array()}, {"jobs", Json::array()},
               {"scores", Json::array()}};
  const auto& names = sweep.imported ? sweep.imported->seed_names : std::vector<std::string>();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const RunRecord& run = runs[i];
    json["cell"].push_back(cells.at(run.cell));
    const bool named = run.seed >= 1 && run.seed <= names.size();
    json["seed"].push_back(named ? names[run.seed - 1] : std::to_string(static_cast<std::int64_t>(run.seed)));
    json["state"].push_back(run.diverged ? "diverged" : to_name(run.state));
    Json of_run = Json::array();
    if (!sweep.imported)
      for (const std::int64_t job : run.jobs) of_run.push_back(jobs.find(job));
    json["jobs"].push_back(std::move(of_run));
    json["seconds"].push_back(i < seconds.size() ? number_json(rounded(seconds[i])) : Json());
    json["cost"].push_back(seen.empty() ? Json() : number_json(rounded(seen.front().runs[i].cost)));
  }
  for (const std::string& score : scores) {  // Of all runs, whether or not levels are compared by them.
    Json values = Json::array();
    for (const RunRecord& run : runs) values.push_back(number_json(value_of(run, score).value_or(NAN)));
    json["scores"].push_back(std::move(values));
  }
  return json;
}

/// The jobs of a sweep, and of their parts the keys in which some of the same section differ.
void add_jobs(Database& database, const SweepJobs& jobs, Json& report) {
  Json table = {{"key", Json::array()}, {"stage", Json::array()}, {"parts", Json::array()}};
  std::set<std::int64_t> ids;
  {
    Query query(database, "SELECT id, key, stage, task, parts FROM job WHERE id BETWEEN ? AND ? ORDER BY id");
    query.bind(jobs.first_id(), jobs.last_id());
    while (query.step()) {
      if (jobs.find(query.integer(0)) < 0) continue;
      table["key"].push_back(query.text(1).substr(0, kKeyDigits));
      table["stage"].push_back(query.view(3).empty() ? query.text(2) : query.text(2) + " " + query.text(3));
      const auto parts = Json::parse(query.view(4)).get<std::vector<std::int64_t>>();
      ids.insert(parts.begin(), parts.end());
      table["parts"].push_back(parts);
    }
  }
  std::map<std::int64_t, std::map<std::string, Json>> parts;
  std::map<std::string, std::map<std::string, std::int64_t>> values_of_key;  // How many parts have which.
  std::map<std::string, std::int64_t> parts_of_section;
  std::map<std::int64_t, std::string> section_of;
  {
    Query query(database, "SELECT section, json FROM part WHERE id = ?");
    for (const std::int64_t id : ids) {
      query.bind(id);
      if (!query.step()) continue;
      section_of[id] = query.text(0);
      ++parts_of_section[section_of[id]];
      flatten_recipe(Json::parse(query.view(1)), section_of[id], parts[id]);
      for (const auto& [key, value] : parts[id]) ++values_of_key[key][value.dump()];
    }
  }
  Json kept = Json::object();
  for (auto& [id, recipe] : parts) {
    Json differing = Json::object();
    for (auto& [key, value] : recipe) {
      const auto& values = values_of_key[key];
      if (values.size() == 1 && values.begin()->second == parts_of_section[section_of[id]]) continue;
      std::optional<Json> named = value;
      name_paths(database, named);
      differing[key] = *named;
    }
    if (!differing.empty()) kept[std::to_string(id)] = std::move(differing);
  }
  report["jobs"] = std::move(table);
  report["parts"] = std::move(kept);
}

}  // namespace

Json report_data(Database& database, const SweepRecord& sweep, const std::vector<std::string>& scores,
                 std::size_t most_points) {
  const ReadTransaction snapshot(database);
  std::vector<RunRecord> runs = load_runs(database, sweep.id, scores);
  const std::vector<Observations> seen = load_observations(database, sweep, scores);
  const SweepJobs jobs = load_sweep_jobs(database, sweep.id);
  Json report = {{"sweep", sweep.name}, {"imported", sweep.imported.has_value()}, {"scores", Json::array()}};
  for (std::size_t i = 0; i < scores.size(); ++i)
    report["scores"].push_back({{"name", scores[i]}, {"lower", seen[i].lower_is_better}});
  report["axes"] = axes_json(runs, sweep);
  std::map<std::int64_t, std::size_t> cells;
  report["cells"] = cells_json(runs, report["axes"], cells);
  report["runs"] = runs_json(runs, scores, seen, sweep, cells, jobs,
                             sweep.imported ? std::vector<double>{} : load_run_seconds(database, sweep.id));
  report["curves"] = Json::array();
  if (!sweep.imported) {
    report["curves"] = curves_json(database, jobs, most_points);
    add_jobs(database, jobs, report);
  } else {
    report["jobs"] = {{"key", Json::array()}, {"stage", Json::array()}, {"parts", Json::array()}};
    report["parts"] = Json::object();
  }
  return report;
}

}  // namespace ablate
