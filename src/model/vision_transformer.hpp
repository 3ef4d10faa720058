// The vision encoder: a ViT of any width, depth, patch and resolution.
//
// Shape letters: N pictures, R pixels on a side, p patch, P patches (R / p)^2, T = P (+ 1 with a class
// token), D width.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <cstdint>
#include <string>

#include "config/experiment.hpp"
#include "model/layers.hpp"
#include "model/visibility.hpp"
#include "model/weights.hpp"

namespace ablate {

/// Order of the 3 p^2 values within a patch: that of a convolution's kernel, or AIM's.
enum class PatchOrder { channel_row_column, row_column_channel };

/// pixels [N, R, R, 3] uint8 -> [N, P, 3 p^2] of `dtype`: (value / 255 - mean) / std, patches row by row.
torch::Tensor patchify(const torch::Tensor& pixels, const Encoder& encoder, PatchOrder order,
                       torch::ScalarType dtype);
/// The inverse of patchify up to normalisation: patches [N, P, 3 p^2] -> [N, R, R, 3], in their own scale.
torch::Tensor unpatchify(const torch::Tensor& patches, std::int64_t patch, PatchOrder order);

/// Position embeddings of a square grid [side^2, D] brought to another side by antialiased bicubic
/// interpolation (as open_clip does); the same tensor when the sides are equal.
torch::Tensor resize_positions(const torch::Tensor& positions, std::int64_t from_side, std::int64_t to_side);
/// Fixed sine-cosine embeddings [side^2, D]: the first half of the channels encodes x, the second y, each
/// sines then cosines (He et al. 2022, MAE).
torch::Tensor sine_positions(std::int64_t side, std::int64_t width);

/// The epsilon of every LayerNorm of an encoder and its text tower.
double norm_epsilon(const Encoder& encoder);
/// The blocks of the encoder.
TowerShape vision_shape(const Encoder& encoder);

/// What distinguishes the encoders of the losses:
///   clip    class token, norm before the blocks, learned positions, no bias in the patch projection (CLIP)
///   siglip  learned positions, bias in the patch projection (SigLIP); vae likewise
///   aim     fixed sine-cosine positions, bias in the patch projection, a norm after it, no biases in the
///           blocks (AIM)
struct VisionTransformerImpl : torch::nn::Module {
  /// `resolution` decides on the number of positions.
  VisionTransformerImpl(const Encoder& encoder, std::int64_t resolution);

  /// Patches of patchify(.., channel_row_column) -> [N, T, D] after the final norm; the class token first.
  /// Everyone sees everyone without `visibility`.
  torch::Tensor forward(const torch::Tensor& patches, const Visibility* visibility = nullptr);
  /// The same without the class token: what a connector gets. [N, P, D]
  torch::Tensor patch_features(const torch::Tensor& patches);

  /// Under Hugging Face's names: "embeddings.patch_embedding.weight" [D, 3, p, p], "encoder.layers.0...".
  /// AIM's norm after the patch projection is listed as "embeddings.norm.".
  void append_weights(Weights& weights, const std::string& prefix) const;
  std::int64_t class_tokens() const { return class_embedding.defined() ? 1 : 0; }

  Encoder encoder;
  std::int64_t side;              ///< Patches on a side.
  Linear patch_embedding;         ///< [D, 3 p^2]
  torch::Tensor class_embedding;  ///< [D], clip only.
  torch::Tensor positions;        ///< [T, D]: a parameter, for aim a buffer.
  LayerNorm pre_norm{nullptr}, post_norm;
  Tower tower;
  bool recompute = false;  ///< Activation checkpointing.
};
TORCH_MODULE(VisionTransformer);

}  // namespace ablate
