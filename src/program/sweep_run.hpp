// Brings one sweep to its end, as `ablate run` does and each round of a learning-rate search.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "program/planning.hpp"
#include "schedule/scheduler.hpp"
#include "store/database.hpp"
#include "store/results.hpp"
#include "util/file.hpp"

namespace ablate {

struct RunOptions {
  std::filesystem::path database;
  std::vector<Device> devices;
  /// Of ScheduleOptions; nothing: as the sweep's [run] says.
  std::optional<std::int64_t> retries;
  std::optional<double> timeout, heartbeat;
  std::int64_t max_failures = ScheduleOptions{}.max_failures;
  bool replace = false;  ///< See claim_name().
  SeedChange seeds = {};
  bool leave_stopped = false;        ///< Jobs that were stopped early stay so; else they go on.
  std::vector<std::string> command;  ///< The words of the command line, for the record.
  ReadingSource reading = {};
};

struct RunOutcome {
  ScheduleResult jobs;
  double seconds = 0;
};

/// A sweep that is planned and saved, and the right to run its database's jobs. It comes in two steps, so
/// that a front end can look at what was planned, and say so, before anything starts.
class SweepRun {
 public:
  /// Plans the sweep, saves the plan, and takes the lock of the database, which it makes where there is none.
  /// Throws Error for data that are missing (then nothing is made), and when another process runs jobs on the
  /// database.
  SweepRun(Sweep sweep, const RunOptions& options);

  Database& database() { return database_; }
  std::int64_t sweep_id() const { return sweep_id_; }
  const PlannedSweep& planned() const { return planned_; }
  /// How many jobs that were stopped early go on, since this sweep needs them.
  std::int64_t num_resumed() const { return num_resumed_; }
  const std::vector<Device>& devices() const { return schedule_.devices; }

  /// Where another process has planned the sweep anew since: how many of this plan's jobs without a result it
  /// no longer has.
  std::optional<std::int64_t> count_dropped();

  /// Runs what is left; see run_schedule(). `stop` is asked again and again; `policy` may end jobs early.
  RunOutcome run(AttemptRunner& runner, Progress& progress, const StopRequests& stop,
                 StopPolicy* policy = nullptr);

 private:
  ScheduleOptions schedule_;
  std::vector<std::string> command_;
  FileLock lock_;
  Database database_;
  PlannedSweep planned_;
  std::int64_t sweep_id_ = 0, num_resumed_ = 0;
};

}  // namespace ablate
