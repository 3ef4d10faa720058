#include "store/results.hpp"

#include <fmt/format.h>

#include <cmath>
#include <set>
#include <unordered_map>

#include "store/query.hpp"
#include "store/sweep_jobs.hpp"
#include "util/json.hpp"

namespace ablate {

namespace {

/// A value that was asked for: "vlm/loss:min".
struct Wanted {
  enum class Which { last, min, max };
  std::string full;    ///< As it was asked for: the key in RunRecord::values.
  std::string name;    ///< Without ":min".
  std::string metric;  ///< "loss" for "vlm/loss"; empty where it cannot be a metric.
  std::string stage;
  Which which = Which::last;
};

Wanted parse_wanted(const std::string& full) {
  Wanted wanted{full, full, "", ""};
  const auto cut = [&](std::string_view ending, Wanted::Which which) {
    if (!full.ends_with(ending)) return;
    wanted.name = full.substr(0, full.size() - ending.size());
    wanted.which = which;
  };
  cut(":min", Wanted::Which::min);
  cut(":max", Wanted::Which::max);
  if (const auto slash = wanted.name.find('/'); slash != std::string::npos) {
    wanted.stage = wanted.name.substr(0, slash);
    wanted.metric = wanted.name.substr(slash + 1);
  }
  return wanted;
}

struct JobColumns {
  std::vector<std::string> stage;
  std::vector<std::string> tasks;     ///< Of each kind.
  std::vector<std::size_t> kind;      ///< Equal for the jobs of one stage and task; counted from 0.
  std::vector<std::size_t> settings;  ///< Equal for jobs with the same parts of the recipe.
  std::vector<JobState> state;
  std::vector<bool> diverged;
};

JobColumns load_job_columns(Database& database, const SweepJobs& jobs) {
  JobColumns columns;
  Query query(
      database,
      "SELECT id, stage, task, shown_state, parts,"
      " state = 'failed' AND (stage <> 'eval' OR task = 'heldout-loss') AND (SELECT a.failure FROM attempt a"
      " WHERE a.job_id = job.id ORDER BY a.number DESC LIMIT 1) = 'diverged'"
      " FROM job WHERE id BETWEEN ? AND ? ORDER BY id");
  query.bind(jobs.first_id(), jobs.last_id());
  std::map<std::pair<std::string, std::string>, std::size_t> kinds;
  std::unordered_map<std::string, std::size_t> settings;
  while (columns.stage.size() < jobs.ids.size() && query.step()) {
    if (query.integer(0) != jobs.ids[columns.stage.size()]) continue;
    columns.stage.push_back(query.text(1));
    const auto [kind, is_new] = kinds.try_emplace({columns.stage.back(), query.text(2)}, kinds.size());
    columns.kind.push_back(kind->second);
    if (is_new) columns.tasks.push_back(query.text(2));
    columns.state.push_back(from_name<JobState>(query.view(3)));
    columns.settings.push_back(settings.try_emplace(query.text(4), settings.size()).first->second);
    columns.diverged.push_back(query.integer(5) != 0);
  }
  if (columns.stage.size() < jobs.ids.size())
    throw Error(fmt::format("{}: is damaged: a job of the sweep is missing", database.path().string()));
  return columns;
}

struct JobValue {
  std::string name;
  double value = 0;
  std::optional<ExampleError> examples;  ///< Of a score.
};
/// Values by the index of their job in SweepJobs::ids.
struct JobValues {
  std::vector<std::vector<JobValue>> of_job;
  std::map<std::string, std::set<std::size_t>> kinds;  ///< By name: the kinds of jobs that give it.
};

/// From columns n and stderr, and of the job that they are of. Earlier versions wrote 0 as the standard error
/// of a single example.
ExampleError example_error(const Query& query, int n_column, int error_column, std::size_t settings) {
  ExampleError error{.n = query.integer(n_column), .settings = settings};
  if (error.n != 1) error.standard_error = query.real(error_column);
  return error;
}

void add_all_scores(Database& database, const SweepJobs& jobs, const JobColumns& columns, JobValues& values) {
  Query query(database,
              "SELECT job_id, name, value, n, stderr FROM score_value WHERE job_id BETWEEN ? AND ?");
  query.bind(jobs.first_id(), jobs.last_id());
  while (query.step()) {
    const auto place = jobs.find(query.integer(0));
    if (place < 0) continue;
    const auto job = static_cast<std::size_t>(place);
    JobValue value{query.text(1), query.real(2), example_error(query, 3, 4, columns.settings[job])};
    values.kinds[value.name].insert(columns.kind[job]);
    values.of_job[job].push_back(std::move(value));
  }
}

void add_score(Database& database, const SweepJobs& jobs, const JobColumns& columns, const Wanted& wanted,
               JobValues& values) {
  Query query(database,
              "SELECT job_id, value, n, stderr FROM score_value WHERE job_id BETWEEN ? AND ? AND name = ?");
  query.bind(jobs.first_id(), jobs.last_id(), wanted.name);
  while (query.step()) {
    const auto place = jobs.find(query.integer(0));
    if (place < 0) continue;
    const auto job = static_cast<std::size_t>(place);
    values.kinds[wanted.full].insert(columns.kind[job]);
    values.of_job[job].push_back(
        {wanted.full, query.real(1), example_error(query, 2, 3, columns.settings[job])});
  }
}

void add_metric(Database& database, const SweepJobs& jobs, const JobColumns& columns, const Wanted& wanted,
                JobValues& values) {
  if (wanted.metric.empty()) return;
  Query query(
      database,
      "SELECT job_id, last_value, min_value, max_value FROM metric_summary WHERE job_id BETWEEN ? AND ?"
      " AND name_id = (SELECT id FROM metric_name WHERE name = ?)");
  query.bind(jobs.first_id(), jobs.last_id(), wanted.metric);
  while (query.step()) {
    const auto job = jobs.find(query.integer(0));
    if (job < 0 || columns.stage[static_cast<std::size_t>(job)] != wanted.stage) continue;
    values.kinds[wanted.full].insert(columns.kind[static_cast<std::size_t>(job)]);
    if (columns.state[static_cast<std::size_t>(job)] != JobState::finished) continue;
    values.of_job[static_cast<std::size_t>(job)].push_back(
        {wanted.full, query.real(1 + static_cast<int>(wanted.which)), std::nullopt});
  }
}

/// As in the view `runs`: the state that a reader must know of first.
JobState worse(JobState a, JobState b) {
  using enum JobState;
  for (const JobState state : {failed, cancelled, stopped_early, running, queued, waiting})
    if (a == state || b == state) return state;
  return finished;
}

/// For each job that has not finished the worst of its state and of those of the jobs that it builds on.
std::vector<JobState> states_with_parents(Database& database, const SweepJobs& jobs,
                                          const JobColumns& columns) {
  std::vector<JobState> states = columns.state;
  Query query(database,
              "SELECT id, parents FROM job WHERE id BETWEEN ? AND ? AND state <> 'finished'"
              " ORDER BY id");  // Parents before children.
  query.bind(jobs.first_id(), jobs.last_id());
  while (query.step()) {
    const auto job = jobs.find(query.integer(0));
    if (job < 0) continue;
    JobState& state = states[static_cast<std::size_t>(job)];
    for (const auto id : Json::parse(query.view(1)).get<std::vector<std::int64_t>>())
      if (const auto parent = jobs.find(id); parent >= 0)
        state = worse(state, states[static_cast<std::size_t>(parent)]);
  }
  return states;
}

/// Says of each run and value how far the jobs are that give it.
void add_value_states(Database& database, const SweepJobs& jobs, const JobColumns& columns,
                      const JobValues& values, std::vector<RunRecord>& runs) {
  std::map<std::size_t, std::vector<std::string>> names_of_kind;
  std::map<std::string, JobState> none;
  for (const auto& [name, kinds] : values.kinds) {
    none.emplace(name, JobState::finished);
    for (const std::size_t kind : kinds) names_of_kind[kind].push_back(name);
  }
  for (RunRecord& run : runs) run.states = none;
  const std::vector<JobState> states = states_with_parents(database, jobs, columns);
  for (const SweepJobs::Need& need : jobs.needs)
    if (const auto names = names_of_kind.find(columns.kind[need.job]); names != names_of_kind.end())
      for (const std::string& name : names->second) {
        JobState& state = runs[need.replicate].states[name];
        state = worse(state, states[need.job]);
      }
}

/// The levels of each axis by their labels, of which an axis has each once.
using AxisLevels = std::map<std::string, std::map<std::string, std::size_t>>;

AxisLevels load_axis_levels(Database& database, std::int64_t sweep_id) {
  AxisLevels levels;
  // Not by json_each(): a sampled axis has thousands of labels, and SQLite parses them all for each.
  Query query(database, "SELECT axes FROM sweep WHERE id = ?", sweep_id);
  if (!query.step()) return levels;
  for (const Json& axis : Json::parse(query.view(0))) {
    auto& of_axis = levels[axis.at("name").get<std::string>()];
    for (const Json& label : axis.at("levels")) of_axis.emplace(label.get<std::string>(), of_axis.size());
  }
  return levels;
}

struct CellRow {
  std::string label;
  std::map<std::string, AxisLevel> levels;
};

std::vector<CellRow> load_cells(Database& database, std::int64_t sweep_id) {
  const AxisLevels axes = load_axis_levels(database, sweep_id);
  std::vector<CellRow> cells;
  Query query(database, "SELECT label, levels FROM cell WHERE sweep_id = ? ORDER BY number", sweep_id);
  while (query.step()) {
    CellRow& cell = cells.emplace_back(CellRow{query.text(0), {}});
    for (const auto& [axis, label] : Json::parse(query.view(1)).get<std::map<std::string, std::string>>()) {
      const auto levels = axes.find(axis);
      if (levels == axes.end() || levels->second.count(label) == 0)
        throw Error(fmt::format("{}: is damaged: a cell has '{}' = '{}', which no axis of its sweep has",
                                database.path().string(), axis, label));
      cell.levels[axis] = {levels->second.at(label), label};
    }
  }
  return cells;
}

std::vector<RunRecord> load_replicates(Database& database, std::int64_t sweep_id) {
  const std::vector<CellRow> cells = load_cells(database, sweep_id);
  std::vector<RunRecord> runs;
  Query query(database, "SELECT cell, seed FROM replicate WHERE sweep_id = ? ORDER BY number", sweep_id);
  while (query.step()) {
    RunRecord& run = runs.emplace_back();
    run.cell = query.integer(0);
    run.label = cells.at(static_cast<std::size_t>(run.cell)).label;
    run.levels = cells[static_cast<std::size_t>(run.cell)].levels;
    run.seed = static_cast<std::uint64_t>(query.integer(1));
    run.state = JobState::finished;
  }
  return runs;
}

}  // namespace

JobState RunRecord::state_of(const std::string& value) const {
  const auto found = states.find(value);
  return found == states.end() ? state : found->second;
}

std::vector<RunRecord> load_runs(Database& database, std::int64_t sweep_id,
                                 const std::vector<std::string>& names) {
  const ReadTransaction snapshot(database);
  std::vector<RunRecord> runs = load_replicates(database, sweep_id);
  const SweepJobs jobs = load_sweep_jobs(database, sweep_id);
  const JobColumns columns = load_job_columns(database, jobs);
  JobValues values;
  values.of_job.resize(jobs.ids.size());
  if (names.empty()) add_all_scores(database, jobs, columns, values);
  for (const std::string& name : names) {
    // The name as it stands goes before one that was cut: a score may be called "x:min". Later ones
    // overwrite.
    const Wanted wanted = parse_wanted(name);
    add_metric(database, jobs, columns, wanted, values);
    if (wanted.name != name) add_score(database, jobs, columns, wanted, values);
    add_score(database, jobs, columns, Wanted{name, name, "", ""}, values);
  }
  for (const SweepJobs::Need& need : jobs.needs) {
    RunRecord& run = runs.at(need.replicate);
    run.state = worse(run.state, columns.state[need.job]);
    run.diverged = run.diverged || columns.diverged[need.job];
    run.jobs.push_back(jobs.ids[need.job]);
    for (const auto& [name, value, examples] : values.of_job[need.job]) {
      run.values[name] = value;
      if (examples)
        run.examples[name] = *examples;
      else
        run.examples.erase(name);
    }
  }
  add_value_states(database, jobs, columns, values, runs);
  return runs;
}

std::vector<std::string> known_values(Database& database, std::int64_t sweep_id) {
  const ReadTransaction snapshot(database);
  const SweepJobs jobs = load_sweep_jobs(database, sweep_id);
  const JobColumns columns = load_job_columns(database, jobs);
  std::set<std::string> scores, metrics;
  {
    Query query(database, "SELECT job_id, name FROM score_value WHERE job_id BETWEEN ? AND ?");
    query.bind(jobs.first_id(), jobs.last_id());
    while (query.step())
      if (jobs.find(query.integer(0)) >= 0) scores.insert(query.text(1));
  }
  Query query(database,
              "SELECT m.job_id, n.name FROM metric_summary m JOIN metric_name n ON n.id = m.name_id"
              " WHERE m.job_id BETWEEN ? AND ?");
  query.bind(jobs.first_id(), jobs.last_id());
  while (query.step())
    if (const auto job = jobs.find(query.integer(0)); job >= 0)
      metrics.insert(fmt::format("{}/{}", columns.stage[static_cast<std::size_t>(job)], query.view(1)));
  std::vector<std::string> names(scores.begin(), scores.end());
  names.insert(names.end(), metrics.begin(), metrics.end());
  return names;
}

std::vector<UnscoredEvaluation> load_unscored(Database& database, std::int64_t sweep_id) {
  const ReadTransaction snapshot(database);
  const SweepJobs jobs = load_sweep_jobs(database, sweep_id);
  const JobColumns columns = load_job_columns(database, jobs);
  std::set<std::size_t> scored;  // Kinds.
  Query query(database, "SELECT DISTINCT job_id FROM score_value WHERE job_id BETWEEN ? AND ?");
  query.bind(jobs.first_id(), jobs.last_id());
  while (query.step())
    if (const auto job = jobs.find(query.integer(0)); job >= 0)
      scored.insert(columns.kind[static_cast<std::size_t>(job)]);
  const std::vector<JobState> states = states_with_parents(database, jobs, columns);
  std::map<std::size_t, std::map<std::string, std::int64_t>> counts;
  for (std::size_t job = 0; job < jobs.ids.size(); ++job) {
    if (columns.stage[job] != to_name(Stage::eval) || scored.count(columns.kind[job]) > 0) continue;
    const bool blocked = columns.state[job] == JobState::waiting && is_given_up(states[job]);
    ++counts[columns.kind[job]][blocked ? "blocked" : to_name(columns.state[job])];
  }
  std::vector<UnscoredEvaluation> unscored;
  for (const auto& [kind, of_kind] : counts)
    unscored.push_back({columns.tasks[kind], {of_kind.begin(), of_kind.end()}});
  return unscored;
}

std::vector<CurvePoint> load_curve(Database& database, std::int64_t job_id, const std::string& metric) {
  std::vector<CurvePoint> curve;
  Query query(database,
              "SELECT step, value FROM metric_point"
              " WHERE job_id = ? AND name_id = (SELECT id FROM metric_name WHERE name = ?) ORDER BY step",
              job_id, metric);
  while (query.step()) curve.push_back({query.integer(0), query.real(1)});
  return curve;
}

}  // namespace ablate
