// Where attempts run, behind an interface that tests can fake.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "journal/attempt_folder.hpp"
#include "journal/placement.hpp"
#include "util/error.hpp"
#include "util/process.hpp"

namespace ablate {

/// No attempt at all can be started: the worker program is missing, the machine gives no more processes.
struct RunnerError : Error {
  using Error::Error;
};

/// What a runner needs to start or find an attempt.
struct AttemptRequest {
  std::int64_t attempt_id = 0;
  std::int64_t attempt = 1;          ///< Its number.
  std::filesystem::path job_folder;  ///< Absolute; job.json and attempt.json are in place.
  Placement placement;
  /// What start() returned for it. Empty: it was not started, or nobody could write that down any more.
  std::string handle = {};

  AttemptFolder folder() const { return {JobFolder{job_folder}.attempt(attempt)}; }
};

/// What became of one attempt of a bundle that was to be started.
struct StartResult {
  enum class Outcome {
    running,      ///< Its worker runs.
    queued,       ///< It was handed over and begins when there is room for it: wait() tells.
    refused,      ///< It cannot be started; another one may.
    unavailable,  ///< None can be started, as RunnerError says.
  };
  Outcome outcome = Outcome::running;
  std::string handle =
      {};  ///< By which this runner finds it again; for nobody else to read. Of the first two.
  std::string message = {};  ///< Why not; of the other two.

  bool is_started() const { return outcome == Outcome::running || outcome == Outcome::queued; }
};

/// Where an attempt stands that was started earlier.
enum class WorkerState { gone, queued, running };

/// An attempt whose process is gone.
struct WorkerEnd {
  std::int64_t attempt_id = 0;
  std::optional<ExitStatus> exit;  ///< Nothing for a process that was adopted: its parent was another.
};

/// What happened while a runner waited.
struct WorkerNews {
  std::vector<std::int64_t> begun;  ///< Ids of attempts that were queued and run now.
  std::vector<WorkerEnd> ended;
  bool empty() const { return begun.empty() && ended.empty(); }
};

struct AttemptRunner {
  virtual ~AttemptRunner() = default;
  /// Starts a bundle of attempts: one by one, as one array of a batch system, or in one process. One result
  /// for each, in their order. Throws nothing.
  virtual std::vector<StartResult> start(std::span<const AttemptRequest> bundle) = 0;
  /// Watches an attempt that an earlier scheduler started, unless it is gone.
  virtual WorkerState adopt(const AttemptRequest& request) = 0;
  /// Whether an attempt that anybody started is queued or running, without watching it.
  virtual bool is_alive(const AttemptRequest& request) const = 0;
  /// Waits until an attempt begins or ends, a signal comes to this process, or `seconds` are over. Never
  /// returns an end twice.
  virtual WorkerNews wait(double seconds) = 0;
  /// Asks an attempt to leave a checkpoint (SIGTERM), or ends it (SIGKILL). One that is queued does
  /// not begin any more, and ends.
  virtual void terminate(std::int64_t attempt_id) = 0;
  virtual void kill(std::int64_t attempt_id) = 0;
};

}  // namespace ablate
