// Jobs and attempts as the scheduler needs them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/experiment.hpp"
#include "journal/placement.hpp"
#include "journal/reader.hpp"
#include "store/database.hpp"
#include "store/states.hpp"
#include "util/process.hpp"

namespace ablate {

struct JobRecord {
  std::int64_t id = 0;
  std::string key;
  Stage stage = Stage::encoder;
  std::string task;
  std::uint64_t seed = 0;
  std::vector<std::int64_t> parents;  ///< Ids.
  std::int64_t steps = 0;
  std::string trajectory;  ///< As PlannedJob has it; empty: none.
  double flops = 0, memory_bytes = 0;
  JobState state = JobState::waiting;
  CancelReason cancel =
      CancelReason::none;  ///< Of a queued or running job: asked for; of a cancelled one: why.
  std::int64_t micro_batch_halvings = 0;
  std::int64_t replicates = 0;  ///< How many replicates of the asked sweep need it.
  std::int64_t order = 0;       ///< Its place in that sweep: jobs of earlier replicates first.
};

/// The jobs of a sweep, parents before children.
std::vector<JobRecord> load_jobs(Database& database, std::int64_t sweep_id);
/// One job, by id or by a prefix of its key (at least 4 digits; a key goes before an id of the same digits).
/// Throws Error when none or several begin so, and for an imported run. `replicates` and `order` are 0.
JobRecord get_job(Database& database, const std::string& key_prefix);
/// The configuration that the worker reads: {"key", "stage", "task", "seed", "steps", "config": {section:
/// {...}}, "parents": {stage: key}}.
Json job_description(Database& database, std::int64_t job_id);

/// Hash and path of the data sources and init files that a configuration (as job_description has it) names.
std::map<std::string, std::filesystem::path> load_sources(Database& database, const Json& config);

struct InvocationRecord {
  std::vector<std::string> command;
  std::string folder, host, user, version, git_revision;
  std::int64_t pid = 0;
  bool git_dirty = false;
};
std::int64_t begin_invocation(Database& database, const InvocationRecord& invocation, double now);
void end_invocation(Database& database, std::int64_t invocation_id, double now);

struct AttemptRecord {
  std::int64_t id = 0, job_id = 0, number = 0;
  AttemptState state = AttemptState::queued;
  Placement placement;
  std::string folder;  ///< Relative to the database's folder: "jobs/<key>/<number>".
  std::string handle;  ///< What the runner knows it by; empty: it was not started, or nobody wrote it down.
  std::string host;
  std::int64_t resume_step = 0, step = 0;
  std::filesystem::path
      resume_path;         ///< Absolute; begin_attempt alone fills it in, the database has no such column.
  std::string resume_job;  ///< Key of the other job whose checkpoint that is; likewise.
  std::int64_t total_steps = 0;  ///< As the worker said; 0: not yet.
  std::string last_word;         ///< The end that its journal has: "finished", "failed" or "" for none yet.
  std::optional<std::int64_t> checkpoint_step;
  std::string checkpoint_path;
  double started_at = 0;  ///< When it was submitted; from its start on, when that was.
  std::optional<double> last_event_at, ended_at;
  std::optional<int> exit_code, signal;
  std::string failure, message;
  JournalPosition journal;
  JournalFaults faults;
  std::int64_t late = 0;
};
std::vector<AttemptRecord> load_attempts(Database& database, std::int64_t job_id);
AttemptRecord get_attempt(Database& database, std::int64_t attempt_id);
/// Attempts in state queued or running, of any sweep: what a scheduler that starts has to adopt or to bury.
std::vector<AttemptRecord> load_open_attempts(Database& database);

/// Makes a waiting job queued and writes down its next attempt, in one transaction, before any process is
/// started, and makes the attempt's folder. A number whose folder exists is passed over: it is of another
/// database in the same folder, of one that was lost, or of a job that was run by hand, and stays theirs. The
/// attempt resumes from the newest checkpoint that any attempt of the job has left (find_checkpoint), or goes
/// on from one of another job of its trajectory where that is further (find_other_checkpoint) and then has
/// that job's curves up to there. Nothing when the job is not waiting any more (cancelled meanwhile).
std::optional<AttemptRecord> begin_attempt(Database& database, const JobRecord& job,
                                           std::int64_t invocation_id, const Placement& placement,
                                           double now);
/// The newest checkpoint of a job: the last one of the highest attempt whose last one is still on the disk.
struct Checkpoint {
  std::int64_t step = 0;
  std::filesystem::path path;  ///< Absolute.
  std::int64_t job_id = 0;     ///< Whose it is, and that job's key.
  std::string job_key = {};
};
std::optional<Checkpoint> find_checkpoint(Database& database, std::int64_t job_id);
/// The furthest one that other jobs of its trajectory have on the disk, after `step` and before the job's
/// end. Those of jobs under way may be gone the next moment, and do not count; none, once an attempt of the
/// job has failed: a damaged one costs an attempt, not the job.
std::optional<Checkpoint> find_other_checkpoint(Database& database, const JobRecord& job, std::int64_t step);
/// Whether the database has a longer job of its trajectory, to which this one's end is a checkpoint.
bool has_longer_job(Database& database, const JobRecord& job);
/// Keeps the handle of a submitted attempt, which is running when the runner has begun it at once. `attempt`
/// is brought up to date.
void record_submission(Database& database, AttemptRecord& attempt, const std::string& handle, bool is_running,
                       double now);
/// Makes a queued attempt and its job running, within the caller's transaction; does nothing to another one.
/// `attempt` is brought up to date.
void record_start(Database& database, AttemptRecord& attempt, double now);

/// How an attempt ended, and what becomes of its job.
struct AttemptEnd {
  AttemptState state = AttemptState::finished;
  std::optional<ExitStatus> exit;  ///< Nothing when it was not our child.
  std::string failure;             ///< See attempt.failure in schema.sql.
  std::string message;             ///< First line of the error.
  JobState job_state = JobState::finished;
  bool halve_micro_batch = false;
};
/// Only a queued or running attempt can end; otherwise nothing changes and false is returned. A job that is
/// marked as cancelled becomes so where `job_state` says waiting, and keeps the reason: get_job() tells.
bool end_attempt(Database& database, std::int64_t attempt_id, const AttemptEnd& end, double now);

/// Waiting jobs become cancelled (or stopped early) at once; queued and running ones are marked for the
/// scheduler to stop. A user's cancel goes before an early stop, also one that was made. Returns how many of
/// each.
struct CancelResult {
  std::int64_t cancelled = 0, marked = 0, stopped = 0;
};
CancelResult cancel_jobs(Database& database, std::span<const std::int64_t> job_ids, CancelReason reason);
/// Key by id of finished jobs of which the folder is gone that their last finished attempt has left: what
/// builds on them would not find it.
std::map<std::int64_t, std::string> load_jobs_without_folder(Database& database);
/// Failed, cancelled and stopped jobs become waiting again, and those that load_jobs_without_folder() has.
/// Returns how many did.
std::int64_t retry_jobs(Database& database, std::span<const std::int64_t> job_ids);
/// Jobs of the sweep that were stopped early wait again; those that were to be stopped go on. Returns how
/// many.
std::int64_t resume_stopped_jobs(Database& database, std::int64_t sweep_id);
/// Ids of queued and running jobs that are marked as cancelled.
std::vector<std::int64_t> load_cancel_requests(Database& database);

}  // namespace ablate
