// Trains one stage of an experiment. No LibTorch in this header: the worker includes it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "config/experiment.hpp"
#include "util/json.hpp"

namespace ablate {

/// What to train, and how to run it.
struct TrainingJob {
  Experiment experiment;  ///< Data sources and init files as paths of this machine.
  Stage stage = Stage::llm;
  std::uint64_t seed = 0;
  std::map<std::string, std::filesystem::path> parents;  ///< Stage name to the folder with its model.

  std::string device = "auto";
  std::int64_t threads = 1;
  std::int64_t micro_batch_halvings = 0;
  std::filesystem::path folder;  ///< Checkpoints and the trained model go here.
  std::filesystem::path
      resume_path;  ///< A checkpoint of this job, or of one with another last step; empty: from the start.
  std::int64_t resume_step = 0;
  bool keep_last = false;  ///< Leave a checkpoint at the last step, too.
};

struct OutOfMemory : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct TrainingHooks {
  /// At log steps: the values of one step. Steps count from 1.
  std::function<void(std::int64_t step, std::vector<std::pair<std::string, double>> values)> metric;
  /// A checkpoint is on the disk; its path is relative to the job's folder.
  std::function<void(std::int64_t step, const std::string& path)> checkpoint;
  /// Asks whether to leave a checkpoint and return.
  std::function<bool()> stop_requested;
};

/// The weights of a trained model in its job's folder, and of a checkpoint in its own.
constexpr const char* kModelFile = "model.safetensors";

/// Trains to the last step and leaves kModelFile (with a moving average: of that). Returns the detail for a
/// `finished` event; nothing when it was asked to stop and has left a checkpoint.
///
/// On the CPU, with the same number of threads, the weights after step n are the same bits however often the
/// training was interrupted and resumed.
///
/// Throws Error for what a user can mend (a checkpoint or init file that does not fit, a GPU that is not
/// there), DataError, Diverged, OutOfMemory; any other exception is a defect.
std::optional<Json> train_stage(const TrainingJob& job, const TrainingHooks& hooks);

}  // namespace ablate
