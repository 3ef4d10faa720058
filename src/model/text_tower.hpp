// The text tower that a contrastive encoder is trained against.
//
// Shape letters: B captions, C tokens of a caption, D width, E embedding width.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <cstdint>

#include "config/experiment.hpp"
#include "model/layers.hpp"
#include "model/visibility.hpp"
#include "model/weights.hpp"

namespace ablate {

/// What distinguishes the two:
///   clip    causal; the embedding is that of the caption's last token, projected without bias (Radford et
///           al. 2021, section 2.4)
///   siglip  everyone sees everyone, padding included; that of the last position, projected with bias to the
///           vision encoder's width (Zhai et al. 2023; Hugging Face's SiglipTextModel)
struct TextTransformerImpl : torch::nn::Module {
  explicit TextTransformerImpl(const Encoder& encoder);

  /// tokens [B, C], lengths [B], both int64 -> [B, E], computed in `dtype`.
  torch::Tensor forward(const torch::Tensor& tokens, const torch::Tensor& lengths, torch::ScalarType dtype,
                        bool recompute);
  /// Hugging Face's names: "text_model...." and "text_projection.weight" or "text_model.head.".
  void append_weights(Weights& weights) const;

  EncoderLoss loss;
  torch::Tensor token_embedding;  ///< [vocabulary, D]
  torch::Tensor positions;        ///< [context, D]
  Tower tower;
  LayerNorm final_norm;
  Linear projection;
};
TORCH_MODULE(TextTransformer);

}  // namespace ablate
