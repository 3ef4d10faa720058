// Where attempts run, behind an interface that tests can fake.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "util/error.hpp"
#include "util/process.hpp"

namespace ablate {

/// No attempt at all can be started: the worker program is missing, the machine gives no more processes.
struct RunnerError : Error {
  using Error::Error;
};

/// What a runner needs to start or find an attempt.
struct RunRequest {
  std::int64_t attempt_id = 0;
  std::int64_t attempt = 1;          ///< Its number.
  std::filesystem::path job_folder;  ///< Absolute; job.json and attempt.json are in place.
  std::string device = "cpu";        ///< "cpu", "cuda:1"
  std::int64_t threads = 1;
};

/// An attempt whose process is gone.
struct RunEnd {
  std::int64_t attempt_id = 0;
  std::optional<ExitStatus> exit;  ///< Nothing for a process that was adopted: its parent was another.
};

struct JobRunner {
  virtual ~JobRunner() = default;
  /// Starts the worker; its process id. Throws RunnerError when no job can be started, Error when this one
  /// cannot.
  virtual std::int64_t start(const RunRequest& request) = 0;
  /// Watches a worker that an earlier scheduler started, when it still lives. False: it is gone.
  virtual bool adopt(const RunRequest& request, std::optional<std::int64_t> pid) = 0;
  /// Waits until a process ends, a signal comes to this process, or `seconds` are over. Never returns an
  /// attempt twice.
  virtual std::vector<RunEnd> wait(double seconds) = 0;
  /// Asks an attempt to leave behind a checkpoint (SIGTERM), or ends it (SIGKILL).
  virtual void terminate(std::int64_t attempt_id) = 0;
  virtual void kill(std::int64_t attempt_id) = 0;
};

}  // namespace ablate
