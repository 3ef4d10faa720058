// What CLIP and SigLIP have in common: pictures and captions as vectors of length 1, and a loss over the
// table of their products.
//
// Shape letters: B pictures, R pixels on a side, C tokens of a caption, E embedding width, T tokens of the
// encoder, D its width.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "model/encoder_objective.hpp"
#include "model/text_tower.hpp"

namespace ablate {

// Losses of single pictures, [B], whose mean is the loss. logits [B, B], a row for each picture; fp32.

/// Cross entropy of the picture's own caption among all captions, and the other way round, averaged (Radford
/// et al. 2021, figure 3).
torch::Tensor clip_losses(const torch::Tensor& logits);
/// A yes-no question for each pair: so the loss is a sum over pairs divided by B, not B^2 (Zhai et al. 2023,
/// eq. 1). Picture and caption have half each of a pair that does not belong together.
torch::Tensor siglip_losses(const torch::Tensor& logits);

/// Rows of length 1, fp32; one of zeros stays so.
torch::Tensor to_length_one(const torch::Tensor& rows);

struct ContrastiveObjective : EncoderObjective {
  ContrastiveObjective(const Encoder& encoder, std::uint64_t seed);

  /// With several micro-batches each is computed twice: the loss needs all of them at once, the memory only
  /// holds one (Gao et al. 2021, "Scaling deep contrastive learning batch size under memory limited setup").
  StepMetrics accumulate(const std::vector<EncoderBatch>& micro_batches, std::uint64_t first_picture) final;
  bool needs_captions() const final { return true; }

  /// [B, R, R, 3] uint8 -> [B, E] fp32, of length 1.
  torch::Tensor embed_pictures(const torch::Tensor& pixels);
  /// [B, C] and [B] -> [B, E] fp32, of length 1.
  torch::Tensor embed_captions(const torch::Tensor& tokens, const torch::Tensor& lengths);
  /// exp(logit_scale) pictures captions^T + logit_bias.
  torch::Tensor logits(const torch::Tensor& pictures, const torch::Tensor& captions) const;
  /// Losses of single pictures among all of the table: [B, B] logits -> [B].
  virtual torch::Tensor picture_losses(const torch::Tensor& logits) const = 0;

  TextTransformer text;
  torch::Tensor logit_scale;  ///< The logarithm of the factor; CLIP [], SigLIP [1].
  torch::Tensor logit_bias;   ///< [1], SigLIP only.

 protected:
  /// Tokens of the encoder [B, T, D] -> [B, E].
  virtual torch::Tensor pool(const torch::Tensor& tokens) = 0;
};

std::shared_ptr<ContrastiveObjective> make_clip_objective(const Encoder& encoder, std::uint64_t seed);
std::shared_ptr<ContrastiveObjective> make_siglip_objective(const Encoder& encoder, std::uint64_t seed);

}  // namespace ablate
