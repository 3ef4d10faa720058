// AIM: the encoder predicts each patch's pixels from the patches before it (El-Nouby et al. 2024, "Scalable
// pre-training of large autoregressive image models").
//
// Shape letters: B pictures, R pixels on a side, P patches, V values of a patch (3 p^2), H width of the head.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "model/encoder_objective.hpp"
#include "model/feed_forward.hpp"
#include "model/layers.hpp"
#include "model/visibility.hpp"

namespace ablate {

/// What is predicted: each patch's values with their mean taken off, over sqrt(variance + 1e-6), the variance
/// with V - 1 below. [B, P, V] fp32 -> the same.
torch::Tensor aim_targets(const torch::Tensor& patches);
/// predictions [B, P - 1, V] (q predicts patch q + 1), targets [B, P, V], prefix [B] int64 -> [B]: the mean
/// squared errors of a picture's patches with number >= prefix, added up. The loss is their sum over all
/// pictures, divided by the number of such patches in all of them.
torch::Tensor aim_errors(const torch::Tensor& predictions, const torch::Tensor& targets,
                         const torch::Tensor& prefix);

/// Residual MLP of the head: x + mlp(norm(x)), four times as wide inside, no biases.
struct AimHeadBlockImpl : torch::nn::Module {
  explicit AimHeadBlockImpl(const Encoder& encoder);
  torch::Tensor forward(const torch::Tensor& x);
  void append_weights(Weights& weights, const std::string& prefix) const;

  LayerNorm norm;
  std::shared_ptr<FeedForward> mlp;
};
TORCH_MODULE(AimHeadBlock);

struct AimObjective final : PictureObjective {
  AimObjective(const Encoder& encoder, std::uint64_t seed);

  /// Sums over targets.
  StepMetrics picture_sums(const EncoderBatch& batch, std::uint64_t first_picture) override;
  /// Targets.
  torch::Tensor picture_counts(std::int64_t pictures, std::uint64_t first_picture) const override;
  /// The head's names are our own: "aim_head.".
  void append_weights(Weights& weights) const override;

  /// The prefix of each picture, 1 to P - 1, on the CPU: [pictures] int64.
  torch::Tensor draw_prefixes(std::int64_t pictures, std::uint64_t first_picture) const;
  /// [B, R, R, 3] uint8 -> [B, P - 1, V] fp32. `visibility`, by see_prefix(), must outlive the backward pass.
  torch::Tensor predict(const torch::Tensor& pixels, const Visibility& visibility);

  torch::Tensor positions;  ///< [P, H], a buffer.
  Linear head_in;           ///< To the head's width.
  std::vector<AimHeadBlock> blocks;
  LayerNorm head_norm;
  Linear head_out;  ///< To the pixels, in row_column_channel order.

 private:
  Visibility visibility_;  ///< The last batch's.
};

}  // namespace ablate
