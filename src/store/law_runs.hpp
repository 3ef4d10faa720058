// What a learning-rate search has found: the training jobs of a sweep with configuration, loss and scores.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "config/experiment.hpp"
#include "store/database.hpp"
#include "store/states.hpp"
#include "util/json.hpp"

namespace ablate {

/// An evaluation of a trained model that has given no score.
struct MissingEvaluation {
  std::string task;  ///< What its scores' names begin with: "heldout-loss".
  JobState state = JobState::waiting;
  std::string failure;  ///< As that of a TrainedJob.
};

struct TrainedJob {
  std::int64_t id = 0;
  std::string key;
  std::uint64_t seed = 0;
  JobState state = JobState::waiting;
  std::string failure;                    ///< Of its last attempt: "diverged", "crashed", ...; empty: none.
  Json config;                            ///< Resolved: {"train.llm": {"peak_lr": 0.001, ...}, ...}.
  std::int64_t steps = 0;                 ///< Planned.
  std::int64_t last_step = 0;             ///< Of its curves: how far it got.
  double flops = 0;                       ///< By formula.
  double evaluation_flops = 0;            ///< Likewise, of the evaluations of this sweep that have finished.
  std::map<std::string, double> metrics;  ///< Last values ("loss") of a finished job: final ones; else none.
  std::map<std::string, double> scores;   ///< Of the evaluations of this sweep that look at it.
  std::vector<MissingEvaluation> unscored;  ///< Evaluations of this sweep that are not finished, or failed.
};

/// The jobs of one stage of a sweep, in the order in which they were planned.
std::vector<TrainedJob> load_trained_jobs(Database& database, std::int64_t sweep_id, Stage stage);

/// What a training job hangs on and what looks at it, for telling experiments apart.
struct JobContext {
  Json upstream;  ///< Resolved configurations of the jobs that it builds on, as TrainedJob::config.
  struct Evaluation {
    std::string task;
    Json config;
    std::map<std::string, double> scores;  ///< Empty unless it has finished.
    JobState state = JobState::waiting;
    std::string failure;  ///< As that of a TrainedJob.
    double flops = 0;     ///< By formula.
  };
  std::vector<Evaluation> evaluations;  ///< Of this sweep.
};
/// By job, of one stage of a sweep.
std::map<std::int64_t, JobContext> load_contexts(Database& database, std::int64_t sweep_id, Stage stage);

/// Where a job is now.
struct JobPosition {
  JobState state = JobState::waiting;
  std::int64_t last_step = 0;  ///< Of its curve of losses.
};
JobPosition load_position(Database& database, std::int64_t job_id);

/// Mean of a job's losses with from < step <= to; NaN where none of them is a number.
double mean_loss(Database& database, std::int64_t job_id, std::int64_t from, std::int64_t to);

}  // namespace ablate
