#include "views/tidy_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "program/law_input.hpp"
#include "store/law_runs.hpp"
#include "store/results.hpp"
#include "store/sweeps.hpp"
#include "views/axis_columns.hpp"
#include "views/sql_rows.hpp"

namespace ablate {

template <>
std::span<const Named<Tidy>> names_of<Tidy>() {
  using enum Tidy;
  static constexpr Named<Tidy> kTable[] = {
      {"runs", runs}, {"metrics", metrics}, {"scores", scores}, {"jobs", jobs}};
  return kTable;
}

namespace {

/// Jobs of the sweep ?1, or of all. A value that is there and NULL is no number; a standard error is not
/// known.
#define ABLATE_OF_SWEEP " WHERE ?1 IS NULL OR j.id IN (SELECT job_id FROM sweep_jobs WHERE sweep_id = ?1)"
constexpr const char* kMetrics =
    "SELECT j.key, j.stage, j.seed, n.name AS metric, m.step, coalesce(m.value, 'NaN') AS value, m.attempt "
    "FROM job j"
    " JOIN metric_point m ON m.job_id = j.id JOIN metric_name n ON n.id = m.name_id" ABLATE_OF_SWEEP
    " ORDER BY j.id, m.name_id, m.step";
/// Earlier versions wrote 0 as the standard error of a single example.
constexpr const char* kScores =
    "SELECT j.key, j.stage, j.task, j.seed, s.name, coalesce(s.value, 'NaN') AS value, s.n,"
    " CASE WHEN s.n = 1 THEN NULL ELSE s.stderr END AS stderr, s.attempt FROM job j"
    " JOIN score_value s ON s.job_id = j.id" ABLATE_OF_SWEEP " ORDER BY j.id, s.name";
constexpr const char* kJobs =
    "SELECT v.key, v.stage, v.task, v.seed, v.state, v.steps, v.params, v.flops, v.memory_bytes, v.attempts, "
    "v.seconds,"
    " v.parents, v.config FROM job j JOIN jobs v ON v.id = j.id" ABLATE_OF_SWEEP " ORDER BY j.id";
#undef ABLATE_OF_SWEEP

/// What a learning-rate search needs of the training jobs of one stage, by the job's id: the columns that
/// `ablate law` reads of a file, with the same numbers as it takes from the sweep.
class SearchColumns {
 public:
  explicit SearchColumns(Stage stage) : stage_(stage) {}
  void load(Database& database, std::int64_t sweep_id) {
    for (const TrainedJob& job : load_trained_jobs(database, sweep_id, stage_)) {
      const auto loss = job.metrics.find("loss");
      settings_.emplace(job.id, Trained{settings_of(job, stage_), job.key, to_name(job.state),
                                        loss != job.metrics.end() && std::isnan(loss->second)});
    }
  }
  void add_names(std::vector<Column>& columns) const {
    if (settings_.empty()) return;
    for (const char* name : {"N", "D", "batch_tokens", "peak_lr", "weight_decay", "schedule", "state", "key"})
      columns.push_back({fmt::format("{}/{}", to_name(stage_), name)});
  }
  void add_cells(const RunRecord& run, std::vector<TableCell>& row) const {
    if (settings_.empty()) return;
    const Trained* found = nullptr;
    for (const std::int64_t job : run.jobs)
      if (const auto place = settings_.find(job); place != settings_.end()) found = &place->second;
    if (found == nullptr) return void(row.insert(row.end(), 8, TableCell::null()));
    const LawRun& set = found->settings;
    for (const double value : {set.params, set.tokens, set.batch, set.lr, set.weight_decay})
      row.push_back(TableCell::number(value));
    for (const std::string& text : {set.schedule, found->state, found->key}) row.push_back({text});
  }
  /// Whether a finished job's last loss is no number.
  bool has_no_number(const RunRecord& run) const {
    return std::any_of(run.jobs.begin(), run.jobs.end(), [&](std::int64_t job) {
      const auto place = settings_.find(job);
      return place != settings_.end() && place->second.no_number;
    });
  }

 private:
  struct Trained {
    LawRun settings;
    std::string key, state;
    bool no_number = false;  ///< Its last loss is none, though it finished.
  };
  Stage stage_;
  std::map<std::int64_t, Trained> settings_;
};

/// 0 or 1; nothing for a run that may still diverge, or was not let.
TableCell diverged_cell(const RunRecord& run, bool no_number) {
  const bool ended = run.state == JobState::finished || run.state == JobState::failed;
  return run.diverged || no_number || ended ? TableCell::integer(run.diverged || no_number)
                                            : TableCell::null();
}

/// One row for each run, one column for each axis and value of any of the sweeps.
std::int64_t export_runs(Database& database, const std::vector<SweepRecord>& sweeps, Format format,
                         const RowStream::Sink& sink) {
  std::vector<Column> columns = {{"sweep"}, {"cell"}, {"label"}, {"seed"}, {"state"}, {"diverged"}};
  std::vector<std::string> axes, values;
  std::vector<SearchColumns> searches = {SearchColumns(Stage::llm), SearchColumns(Stage::vlm)};
  const auto add = [](std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const SweepRecord& sweep : sweeps) {
    for (const PlanAxis& axis : sweep.axes) add(axes, axis.name);
    for (const std::string& name : known_values(database, sweep.id)) add(values, name);
    for (SearchColumns& search : searches) search.load(database, sweep.id);
  }
  const std::size_t place = columns.size();
  for (const SearchColumns& search : searches) search.add_names(columns);
  for (const std::string& name : values) columns.push_back({name});
  insert_axis_columns(columns, place, axes, values);
  RowStream stream(format, columns, sink);
  for (const SweepRecord& sweep : sweeps) {
    for (const RunRecord& run : load_runs(database, sweep.id, known_values(database, sweep.id))) {
      const bool no_number = std::any_of(searches.begin(), searches.end(), [&](const SearchColumns& search) {
        return search.has_no_number(run);
      });
      std::vector<TableCell> row = {
          {sweep.name},
          TableCell::integer(run.cell),
          {run.label},
          {fmt::format("{}", static_cast<std::int64_t>(run.seed)), static_cast<std::int64_t>(run.seed)},
          {to_name(run.state)},
          diverged_cell(run, no_number)};
      for (const std::string& axis : axes) {
        const auto found = run.levels.find(axis);
        row.push_back(found == run.levels.end() ? TableCell::null() : TableCell{found->second.label});
      }
      for (const SearchColumns& search : searches) search.add_cells(run, row);
      for (const std::string& name : values) {
        const auto found = run.values.find(name);
        row.push_back(found == run.values.end() ? TableCell::null() : TableCell::exact(found->second));
      }
      stream.add(std::move(row));
    }
  }
  stream.finish();
  return stream.rows();
}

}  // namespace

std::int64_t write_tidy(Database& database, Tidy what, const std::optional<std::string>& sweep, Format format,
                        const RowStream::Sink& sink) {
  std::optional<SweepRecord> only;
  if (sweep) only = get_sweep(database, *sweep);
  const auto id = only ? std::optional(only->id) : std::nullopt;
  switch (what) {
    case Tidy::runs:
      return export_runs(database, only ? std::vector{*only} : load_sweeps(database), format, sink);
    case Tidy::metrics:
      return write_query(database, kMetrics, id, format, sink);
    case Tidy::scores:
      return write_query(database, kScores, id, format, sink);
    case Tidy::jobs:
      return write_query(database, kJobs, id, format, sink);
  }
  return 0;
}

}  // namespace ablate
