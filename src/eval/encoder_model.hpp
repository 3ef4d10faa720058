// A trained encoder, as evaluations use it.
#pragma once

#include <torch/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/document.hpp"
#include "data/stream.hpp"
#include "eval/evaluate.hpp"
#include "model/contrastive.hpp"

namespace ablate {

/// Captioned pictures as the encoder takes them, those that could be read.
struct EncoderExamples {
  std::vector<std::size_t> documents;  ///< Which ones they are.
  std::vector<EncoderBatch> batches;   ///< On the CPU; run.encoder_micro_batch in each, by default 64.
};

class EncoderModel {
 public:
  /// Loads the model of a job's stage encoder. Throws Error.
  explicit EncoderModel(const EvaluationJob& job);

  EncoderExamples load(const std::vector<Document>& captioned, ReadReport& report) const;
  /// Vectors of length 1 [N, E] on the CPU, for contrastive encoders. Stops between batches (StopRequested).
  torch::Tensor embed_pictures(const EncoderExamples& examples, const std::function<bool()>& stop_requested);
  torch::Tensor embed_texts(const std::vector<std::string>& texts,
                            const std::function<bool()>& stop_requested);
  /// What the encoder was trained to lower, on each batch: "loss", and what else there is (train/task.hpp).
  std::vector<StepMetrics> losses(const EncoderExamples& examples,
                                  const std::function<bool()>& stop_requested);

 private:
  ContrastiveObjective& contrastive();

  const Experiment recipe_;
  const torch::Device device_;
  std::shared_ptr<const Tokenizer> tokenizer_;  ///< Null where no captions are needed.
  std::int64_t batch_;
  std::shared_ptr<EncoderObjective> objective_;
};

}  // namespace ablate
