// Encoder, connector and decoder as one model; without pictures, the decoder alone.
//
// Shape letters: B sequences, T positions, N pictures, k visual tokens, D width, M targets.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <memory>

#include "config/experiment.hpp"
#include "model/connector.hpp"
#include "model/decoder.hpp"
#include "model/sequence_batch.hpp"
#include "model/vision_transformer.hpp"

namespace ablate {

/// Fuyu's way (encoder.loss none): patches go through one linear map into the decoder, with a learned newline
/// after each row of them. [N, P, 3 p^2] -> [N, P + side, D]
struct PatchProjectionImpl : torch::nn::Module {
  PatchProjectionImpl(const Encoder& encoder, std::int64_t llm_width);
  torch::Tensor forward(const torch::Tensor& patches);
  /// "vision_embed_tokens.{weight,bias}" and "image_newline".
  void append_weights(Weights& weights, const std::string& prefix) const;
  Linear projection;
  torch::Tensor newline;  ///< [D]
};
TORCH_MODULE(PatchProjection);

struct VisionLanguageModel : torch::nn::Module {
  /// `resolution` is that of the pictures; with 0 the model reads text alone.
  VisionLanguageModel(const Experiment& experiment, std::int64_t resolution);

  /// Pictures as the decoder reads them [N, k, D]; pixels [N, R, R, 3].
  torch::Tensor visual_tokens(const torch::Tensor& pixels);
  /// What the decoder reads [B, T, D]: text, and pictures in their places. Throws std::runtime_error when the
  /// batch has not k positions for each picture.
  torch::Tensor embed(const SequenceBatch& batch);
  /// Hidden states [B, T, D].
  torch::Tensor hidden(const SequenceBatch& batch);
  /// Sum over targets of their weights * `target_weight` * (cross entropy + z_loss * log(Z)^2).
  /// target_weight: a scalar on the batch's device.
  HeadLoss loss(const SequenceBatch& batch, const torch::Tensor& target_weight, double z_loss);

  void set_recompute(bool on);
  bool reads_pictures() const { return patch_projection || vision; }
  /// The weights of each part under the names of LLaVA's files: "vision_tower.vision_model....",
  /// "multi_modal_projector....", "language_model...."; those of a decoder alone have no prefix.
  Weights vision_weights() const;
  Weights connector_weights() const;
  Weights decoder_weights() const;
  Weights weights() const;  ///< All of them.

  Encoder encoder;
  torch::ScalarType compute = torch::kFloat32;  ///< Number format of the arithmetic.
  VisionTransformer vision{nullptr};
  std::shared_ptr<VisualConnector> connector;
  PatchProjection patch_projection{nullptr};
  Decoder decoder;
};

}  // namespace ablate
