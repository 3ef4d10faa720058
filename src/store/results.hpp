// What tables, curves and progress displays are made of. Reads only.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/experiment.hpp"
#include "store/database.hpp"
#include "store/states.hpp"

namespace ablate {

/// What the examples of an evaluation say about the error of its score.
struct ExampleError {
  std::int64_t n = 0;  ///< Examples; 0: not known.
  double standard_error =
      std::numeric_limits<double>::quiet_NaN();  ///< NaN: not known, as of a single example.
  /// Equal for evaluations of a sweep that were asked for with the same keys and data.
  std::size_t settings = 0;
};

/// One of the levels of an axis. Levels go in the order of the axis.
struct AxisLevel {
  std::size_t index = 0;  ///< In the axis, as the sweep was planned last.
  std::string label;
  auto operator<=>(const AxisLevel&) const = default;
};

/// A cell under one seed, with what it scored.
struct RunRecord {
  std::int64_t cell = 0;
  std::string label;
  std::map<std::string, AxisLevel> levels;  ///< By the name of the axis; one that does not apply is absent.
  std::uint64_t seed = 0;
  JobState state = JobState::waiting;  ///< The worst of its jobs, as in the view `runs`.
  /// One of its trainings failed since its loss was no number or rose without end, or the evaluation of the
  /// held-out loss since that was no number; what else was evaluated says nothing of the training.
  bool diverged = false;
  std::vector<std::int64_t> jobs;                ///< Ids, upstream first.
  std::map<std::string, double> values;          ///< Scores, and last values of metrics.
  std::map<std::string, ExampleError> examples;  ///< Of those values that are scores.
  /// For each value that some job of the sweep has: the state of the job that gives it here, or of what it
  /// waits for. Finished, where no job of this run gives it.
  std::map<std::string, JobState> states;
  /// Of what gives a value; of the run, where `states` has none.
  JobState state_of(const std::string& value) const;
};

/// The runs of a sweep with the values asked for; a value is a score's name ("fewshot/4"), a metric of a
/// stage
/// ("vlm/loss"), or one of these with ":min" or ":max" after it. Empty `names`: all scores, and no metrics.
/// A metric's values are those of finished jobs: what others wrote last is not final. Never reads a curve.
std::vector<RunRecord> load_runs(Database& database, std::int64_t sweep_id,
                                 const std::vector<std::string>& names);
/// The names that load_runs can give for a sweep: scores first, then "stage/metric".
std::vector<std::string> known_values(Database& database, std::int64_t sweep_id);

/// An evaluation of which no job has a score yet, so that the names of its scores are not known.
struct UnscoredEvaluation {
  std::string task;
  std::vector<std::pair<std::string, std::int64_t>> jobs;  ///< How many are "failed", "blocked", ...
};
/// Those that a sweep plans, in the order of their first jobs.
std::vector<UnscoredEvaluation> load_unscored(Database& database, std::int64_t sweep_id);

struct CurvePoint {
  std::int64_t step = 0;
  double value = 0;  ///< NaN where the database has NULL.
};
std::vector<CurvePoint> load_curve(Database& database, std::int64_t job_id, const std::string& metric);

/// Jobs of one stage, of `eval` of one task: those that are done, and those that still can be.
struct TaskProgress {
  std::string task;
  std::int64_t jobs_finished = 0, jobs_left = 0;
  double flops_finished = 0, flops_left = 0;
};

/// Jobs of a sweep by stage and state.
struct StageProgress {
  Stage stage = Stage::encoder;
  std::int64_t waiting = 0, queued = 0, running = 0, finished = 0, failed = 0, cancelled = 0,
               stopped_early = 0;
  std::int64_t blocked = 0;         ///< They would wait, but depend on a job without a result.
  double flops_left = 0;            ///< Of waiting, blocked, queued and running jobs.
  std::vector<TaskProgress> tasks;  ///< In the order of their first jobs.
  std::int64_t total() const {
    return waiting + blocked + queued + running + finished + failed + cancelled + stopped_early;
  }
};
std::vector<StageProgress> load_progress(Database& database, std::int64_t sweep_id);

struct RunningJob {
  std::string key, stage, task, device;
  std::string folder;  ///< Of its attempt, relative to the database's folder.
  std::string host;    ///< As the worker said; empty: not yet.
  std::int64_t attempt = 0, resume_step = 0, step = 0, steps = 0;
  double started_at = 0;
  std::optional<double> last_event_at;
};
std::vector<RunningJob> load_running(Database& database, std::optional<std::int64_t> sweep_id);

}  // namespace ablate
