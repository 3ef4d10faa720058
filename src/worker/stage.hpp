// What a stage gets and gives. A stage is one function: add its file, and its line to the table in
// stages.cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "journal/attempt_folder.hpp"
#include "journal/event.hpp"
#include "journal/outcomes.hpp"
#include "worker/job.hpp"

namespace ablate {

/// A failure that has a kind of its own: `throw StageFailure(FailureKind::data, "model: no such file")`.
/// Diverged counts as diverged, an Error as config, any other exception as error.
struct StageFailure : std::runtime_error {
  StageFailure(FailureKind what_kind, const std::string& message)
      : std::runtime_error(message), kind(what_kind) {}
  FailureKind kind;
};

struct StageContext {
  const Job& job;
  const AttemptSpec& spec;
  std::filesystem::path folder;          ///< The attempt's: everything that the stage writes goes here.
  std::function<void(Event)> write;      ///< To the journal.
  std::function<bool()> stop_requested;  ///< SIGTERM has come: leave a checkpoint and return.

  void metric(std::int64_t step, std::vector<std::pair<std::string, double>> values) const;
  void checkpoint(std::int64_t step, const std::string& path) const;
  /// `outcomes`: what save_outcomes() gave for the score; empty: none kept.
  void score(const std::string& name, double value, std::int64_t n, std::optional<double> standard_error,
             const std::string& outcomes) const;
  /// Writes what became of the examples of all scores, before the first of these is told. Returns the hash of
  /// the file; empty where there are no outcomes, or more than a file of them may hold.
  std::string save_outcomes(std::span<const ExampleOutcomes> outcomes) const;
  /// A setting of the [run] table; `fallback` where it has none. Throws Error below `least`.
  std::int64_t run_setting(const char* key, std::int64_t fallback, std::int64_t least) const;
  /// Folder of the finished attempt of a parent stage. Throws Error when there is none.
  std::filesystem::path parent(const std::string& stage) const;
  /// Writes a file of the attempt, whole and to the disk. Throws std::runtime_error: a full disk is no
  /// mistake in the job.
  void save(const std::string& name, std::string_view content) const;
};

/// Detail for the `finished` event; nothing when it was asked to stop and has left a checkpoint.
using StageResult = std::optional<Json>;
using StageFunction = StageResult (*)(const StageContext&);

/// Throws Error listing what this build has when it lacks the stage or the task.
StageFunction get_stage(const Job& job);

}  // namespace ablate
