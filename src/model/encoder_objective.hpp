// What an encoder is pre-trained with. A new one is a value of EncoderLoss, a file, and a line in
// make_encoder_objective().
//
// Shape letters: B pictures of one micro-batch, R pixels on a side, C tokens of a caption, E embedding width.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/experiment.hpp"
#include "data/pairs.hpp"
#include "model/vision_transformer.hpp"
#include "model/weights.hpp"

namespace ablate {

/// A micro-batch of pictures with their captions, on the model's device, or on the host before it is copied
/// there.
struct EncoderBatch {
  torch::Tensor pixels;   ///< [B, R, R, 3] uint8
  torch::Tensor tokens;   ///< [B, C] int64; pad after `lengths`. Undefined where no captions are needed.
  torch::Tensor lengths;  ///< [B] int64: tokens up to and with document_end.
};

/// The pictures (and captions, where they have tokens) of `pairs`, none of them broken, on the host. R:
/// `resolution`. With `device` in memory that copies to it start from.
EncoderBatch make_encoder_batch(std::span<const Pair> pairs, std::int64_t resolution,
                                torch::Device device = torch::kCPU);
EncoderBatch copy_to_device(const EncoderBatch& batch, torch::Device device);

/// Named scalars of one step: on the model's device, detached; read back at log steps alone.
using StepMetrics = std::vector<std::pair<std::string, torch::Tensor>>;

struct EncoderObjective : torch::nn::Module {
  EncoderObjective(const Encoder& encoder, std::uint64_t seed);

  /// Adds the gradient of the step's mean loss to the parameters: the same for any division of the step's
  /// pictures into micro-batches, up to rounding. `first_picture`: how many pictures earlier steps have had;
  /// random numbers (AIM's prefixes, the VAE's noise) are a pure function of the picture's number. Returns
  /// "loss" first, then what else the loss consists of.
  virtual StepMetrics accumulate(const std::vector<EncoderBatch>& micro_batches,
                                 std::uint64_t first_picture) = 0;
  /// All weights under Hugging Face's names ("vision_model...." and the head's own).
  virtual void append_weights(Weights& weights) const = 0;
  /// Is called after an optimiser step: CLIP keeps its temperature within bounds.
  virtual void after_update() {}
  /// Whether `tokens` and `lengths` are read.
  virtual bool needs_captions() const { return false; }

  Encoder encoder;
  std::uint64_t seed;
  torch::ScalarType compute = torch::kFloat32;  ///< Number format of the arithmetic.
  VisionTransformer vision;
};

/// A loss that is a sum over pictures by a count of what it sums: AIM, the VAE. So any division of pictures
/// into batches leads to the same number, in training as in evaluation.
struct PictureObjective : EncoderObjective {
  using EncoderObjective::EncoderObjective;

  StepMetrics accumulate(const std::vector<EncoderBatch>& micro_batches, std::uint64_t first_picture) final;

  /// The sums of each picture, [B] fp32 on the model's device: "loss" first, then what else it consists of.
  /// `first_picture`: the number of the first one, which its random numbers depend on.
  virtual StepMetrics picture_sums(const EncoderBatch& batch, std::uint64_t first_picture) = 0;
  /// What the sums over those pictures are divided by: [pictures] fp64 on the CPU, each above 0.
  virtual torch::Tensor picture_counts(std::int64_t pictures, std::uint64_t first_picture) const = 0;
};

/// Throws Error for EncoderLoss::none, which has no encoder.
std::shared_ptr<EncoderObjective> make_encoder_objective(const Encoder& encoder, std::uint64_t seed);

}  // namespace ablate
