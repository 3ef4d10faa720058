// Checkpoints: all that an exact resumption needs.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>

#include "train/optimizer.hpp"
#include "train/stage.hpp"
#include "train/train.hpp"

namespace ablate {

/// The checkpoints of one attempt: folders "checkpoint-STEP" with model.safetensors (Hugging Face's names),
/// optimizer.safetensors and state.json. Each is written under another name and renamed when it is whole and
/// on the disk; all but the last `keep` are removed.
class Checkpoints {
 public:
  Checkpoints(const TrainingJob& job, const TrainingHooks& hooks) : job_(job), hooks_(hooks) {}
  /// `totals`: Meter::totals().
  void save(std::int64_t step, double first_loss, const Json& totals, const TrainingStage& stage,
            const Optimizer& optimizer);

 private:
  const TrainingJob& job_;
  const TrainingHooks& hooks_;
  std::deque<std::string> names_;
};

/// state.json of job.resume_path, checked to be of this stage, seed and step. Throws Error.
Json load_checkpoint_state(const TrainingJob& job);
/// Weights and optimiser state of job.resume_path. Throws Error when they do not fit; nothing is half loaded
/// then that a job would go on with.
void load_checkpoint(const TrainingJob& job, const TrainingStage& stage, Optimizer& optimizer);

}  // namespace ablate
