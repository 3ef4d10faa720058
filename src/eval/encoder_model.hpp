// A trained encoder, as evaluations use it.
#pragma once

#include <torch/types.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/document.hpp"
#include "data/stream.hpp"
#include "eval/evaluate.hpp"
#include "model/contrastive.hpp"

namespace ablate {

/// Captioned pictures as the encoder takes them, those that could be read.
struct EncoderExamples {
  std::vector<std::size_t> documents;  ///< Which ones they are.
  std::vector<std::string> ids;        ///< The ids of these documents.
  std::vector<EncoderBatch> batches;   ///< On the CPU; run.encoder_micro_batch in each, by default 64.
};

class EncoderModel {
 public:
  /// Loads the model of a job's stage encoder. Throws Error.
  explicit EncoderModel(const EvaluationJob& job);

  EncoderExamples load(const std::vector<Document>& captioned, ReadReport& report) const;

  // All of these stop between batches (StopRequested), and throw Diverged for vectors that are not finite.

  bool is_contrastive() const;
  /// Contrastive encoders give vectors of length 1 [N, E] on the CPU: of the pictures, of their captions, of
  /// any texts.
  torch::Tensor embed_pictures(const EncoderExamples& examples, const std::function<bool()>& stop_requested);
  torch::Tensor embed_captions(const EncoderExamples& examples, const std::function<bool()>& stop_requested);
  torch::Tensor embed_texts(const std::vector<std::string>& texts,
                            const std::function<bool()>& stop_requested);
  /// What a contrastive encoder was trained to lower, among B pictures and their captions [B, E] alone.
  struct BlockLosses {
    torch::Tensor logits;  ///< [B, B] on the CPU.
    torch::Tensor losses;  ///< [B]; their mean is the loss.
  };
  BlockLosses block_losses(const torch::Tensor& pictures, const torch::Tensor& captions);

  /// What other encoders were trained to lower: the sums of each picture ("loss" and what else there is), and
  /// the counts by which their totals are divided.
  struct PictureSums {
    std::vector<std::pair<std::string, std::vector<double>>> sums;
    std::vector<double> counts;
  };
  PictureSums picture_sums(const EncoderExamples& examples, const std::function<bool()>& stop_requested);

 private:
  ContrastiveObjective& contrastive();

  const Experiment recipe_;
  const torch::Device device_;
  std::shared_ptr<const Tokenizer> tokenizer_;  ///< Null where no captions are needed.
  const std::int64_t batch_;
  std::shared_ptr<EncoderObjective> objective_;
};

}  // namespace ablate
