// The files of a job's folder: what the scheduler hands to a worker, and where the worker answers.
//
//   results/jobs/KEY/job.json           what to compute: the resolved configuration of all attempts
//   results/jobs/KEY/N/attempt.json     how to run attempt N: AttemptSpec
//   results/jobs/KEY/N/lock             locked while the worker process lives; holds its process id
//   results/jobs/KEY/N/journal.jsonl    what it tells
//   results/jobs/KEY/N/log.txt          what it prints
//   results/jobs/KEY/N/outcomes         of an evaluation, where it has them: what became of each example
//                                       (outcomes.hpp)
//   results/jobs/KEY/N/...              checkpoints and outputs, named by its journal
//
// The protocol of a worker: `ablate-worker results/jobs/KEY [--attempt N]`. It reads the first two files,
// writes only below its attempt's folder, and exits with 0 after a `finished` event, 2 after `failed` of
// kind config, 1 after any other `failed`, and 130 when SIGTERM made it leave after a checkpoint. Any
// program that keeps to this can be a worker.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "journal/placement.hpp"
#include "util/json.hpp"

namespace ablate {

/// attempt.json: nothing in it may change the result.
struct AttemptSpec {
  std::int64_t attempt = 1;
  Placement placement;  ///< Of its cards, CUDA_VISIBLE_DEVICES lets the worker see no others.
  std::int64_t micro_batch_halvings =
      0;                         ///< Halve the micro-batch so many times: earlier attempts ran out of memory.
  std::int64_t resume_step = 0;  ///< 0: from scratch.
  std::filesystem::path resume_path;  ///< Absolute; empty: from scratch.
  bool keep_last = false;  ///< Leave a checkpoint at the last step, too: a longer job goes on from it.
  std::map<std::string, std::filesystem::path>
      parents;  ///< Stage name to the folder of its finished attempt, absolute.
  std::map<std::string, std::filesystem::path>
      sources;  ///< Content hash, as job.json has it, to the file or folder, absolute.
  /// Content hash to the file that says what its source held when the job was planned (data_promise.hpp),
  /// absolute. A source that has none here is not checked.
  std::map<std::string, std::filesystem::path> promises;
  Json run = Json::object();  ///< The [run] table: log_interval, checkpoint_interval, ...

  Json to_json() const;
  /// Throws Error naming the key that is missing or wrong.
  static AttemptSpec from_json(const Json& json);
};

constexpr const char* kOutcomesFile = "outcomes";

/// The paths above.
struct JobFolder {
  std::filesystem::path path;
  std::filesystem::path job() const { return path / "job.json"; }
  std::filesystem::path attempt(std::int64_t number) const { return path / std::to_string(number); }
};
struct AttemptFolder {
  std::filesystem::path path;
  std::filesystem::path spec() const { return path / "attempt.json"; }
  std::filesystem::path lock() const { return path / "lock"; }
  std::filesystem::path journal() const { return path / "journal.jsonl"; }
  std::filesystem::path log() const { return path / "log.txt"; }
  std::filesystem::path outcomes() const { return path / kOutcomesFile; }
};

}  // namespace ablate
