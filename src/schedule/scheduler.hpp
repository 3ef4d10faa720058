// Keeps the slots busy until the sweep is done.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "schedule/devices.hpp"
#include "schedule/progress.hpp"
#include "schedule/runner.hpp"
#include "schedule/stop_policy.hpp"
#include "store/database.hpp"
#include "util/clock.hpp"
#include "util/json.hpp"

namespace ablate {

struct ScheduleOptions {
  std::vector<Device> devices;
  std::int64_t retries = 2;  ///< Attempts in a row, of one `ablate run`, that may be lost without progress.
  double timeout = 0;        ///< Seconds that one attempt may run; 0: any.
  /// Seconds without journal growth after which a running attempt is given up; 0: never.
  double heartbeat = 600;
  std::int64_t max_failures = 3;  ///< So many failed jobs and nothing new is started; 0: never mind.
  double grace = 30;              ///< Seconds between SIGTERM and SIGKILL.
  std::int64_t max_journal_bytes = std::int64_t{1}
                                   << 30;  ///< A worker that writes more is stopped: it floods.
  std::int64_t max_log_bytes = std::int64_t{64} << 20;
  Json run = Json::object();  ///< The sweep's [run] table, for attempt.json.
  /// Where the sweep itself finds its contents, which another one may have found elsewhere since: hash to
  /// absolute path. Of those that it does not name the database knows the last place.
  std::map<std::string, std::filesystem::path> sources = {};
  StopPolicy* stop_policy = nullptr;  ///< Asked while jobs run; null: none is stopped before its end.
};

struct ScheduleResult {
  std::int64_t finished = 0, failed = 0, cancelled = 0, stopped_early = 0, blocked = 0,
               waiting = 0;   ///< Of the sweep's jobs, at the end.
  std::int64_t attempts = 0;  ///< Started by this call.
  std::int64_t adopted = 0;   ///< That an earlier scheduler had started, and that this call saw to their end.
  bool interrupted = false;   ///< Stopped by a signal: running jobs left a checkpoint and wait.
};

/// How often the user has asked to stop (SIGINT, SIGTERM): 1: let workers checkpoint and leave; 2: kill them.
using StopRequests = std::atomic<int>;

/// Runs the jobs of a sweep. First it settles attempts that an earlier scheduler left running: those that
/// live are adopted, those that are gone are ended from what their journals say. Throws Error when the
/// database or disk gives out; what was recorded until then stands, and the next call goes on from there.
ScheduleResult run_schedule(Database& database, std::int64_t sweep_id, std::int64_t invocation_id,
                            AttemptRunner& runner, const Clock& clock, Progress& progress,
                            const StopRequests& stop, const ScheduleOptions& options);

}  // namespace ablate
