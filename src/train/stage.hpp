// What one stage trains: its model, its data, and the gradient of one step.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/encoder_objective.hpp"
#include "model/weights.hpp"
#include "train/stopwatch.hpp"
#include "train/train.hpp"

namespace ablate {

/// A stage in training. One step is load(), then accumulate(); both see every example of the step's batch
/// once.
struct TrainingStage {
  virtual ~TrainingStage() = default;

  virtual torch::nn::Module& model() = 0;
  virtual Weights weights() const = 0;
  /// Fetches the examples of the next step.
  virtual void load() = 0;
  /// Adds the gradient of their mean loss to the parameters, micro-batch by micro-batch: the same for any
  /// size of micro-batch, up to rounding. Metrics begin with "loss", without regularisers, which follow; they
  /// are detached scalars on the device.
  /// `step` counts from 1.
  virtual StepMetrics accumulate(std::int64_t step, Stopwatch& watch) = 0;
  /// Is called after an optimiser step.
  virtual void after_update() {}

  /// What the loaded step consists of: FLOPs forward and backward, tokens, pictures.
  struct Work {
    double flops = 0, tokens = 0, images = 0;
  };
  virtual Work work() const = 0;

  /// What was read so far: for metric events, and for checkpoints.
  virtual std::vector<std::pair<std::string, double>> data_metrics() const = 0;
  /// Where the data stand after the loaded step, and what was read: {"position", "tally"}, for a checkpoint.
  virtual Json data_state() const = 0;
};

/// What is expected of a user whose recipe names no tokenizer.
constexpr const char* kNoTokenizer = "`ablate data tokenizer` trains one";

/// Build the model of a stage, fill its weights (from a parent, an init file, or at random), and open its
/// data at `data_state` (null: from the beginning). Throw Error, DataError.
std::unique_ptr<TrainingStage> make_encoder_stage(const TrainingJob& job, torch::Device device,
                                                  const Json& data_state);
std::unique_ptr<TrainingStage> make_decoder_stage(const TrainingJob& job, torch::Device device,
                                                  const Json& data_state);

}  // namespace ablate
