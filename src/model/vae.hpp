// A variational autoencoder over patches (Kingma and Welling 2014), an encoder objective beside MM1's own.
//
// Shape letters: B pictures, R pixels on a side, P patches, V values of a patch (3 p^2), D width, Z latent
// numbers of a patch.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "model/encoder_objective.hpp"
#include "model/layers.hpp"
#include "model/visibility.hpp"

namespace ablate {

/// Divergence of N(mean, exp(log_variance)) from N(0, 1), nats, summed over a picture's latent numbers.
/// [B, P, Z] each -> [B] (Kingma and Welling 2014, appendix B).
torch::Tensor vae_divergence(const torch::Tensor& mean, const torch::Tensor& log_variance);

/// loss = reconstruction + encoder.vae_kl_weight * kl, both per pixel value, averaged over pictures:
///   reconstruction  mean squared error over the values of patchify(), the pixels as the encoder sees them
///   kl              vae_divergence() / (3 R^2)
struct VaeObjective final : PictureObjective {
  VaeObjective(const Encoder& encoder, std::uint64_t seed);

  /// "loss", "reconstruction", "kl".
  StepMetrics picture_sums(const EncoderBatch& batch, std::uint64_t first_picture) override;
  /// One for each picture: all have as many pixels.
  torch::Tensor picture_counts(std::int64_t pictures, std::uint64_t first_picture) const override;
  /// The names of what follows the encoder are our own: "latent_projection.", "decoder.".
  void append_weights(Weights& weights) const override;

  /// [B, P, Z] -> [B, P, V] fp32.
  torch::Tensor decode(const torch::Tensor& latents);

  torch::Tensor positions;   ///< [P, D], a buffer.
  Linear latent_projection;  ///< [2 Z, D]: mean and logarithm of the variance.
  Linear decoder_in;
  Tower decoder;
  LayerNorm decoder_norm;
  Linear decoder_out;
};

}  // namespace ablate
