#include "model/vae.hpp"

#include <torch/torch.h>

#include "model/random_numbers.hpp"

namespace ablate {

namespace {

/// Beyond these the exponential leaves fp32, or the noise has no effect.
constexpr double kLeastLogVariance = -30, kMostLogVariance = 20;

TowerShape vae_decoder_shape(const Encoder& encoder) {
  TowerShape shape = vision_shape(encoder);
  shape.layers = encoder.vae_decoder_layers;
  return shape;
}

}  // namespace

torch::Tensor vae_divergence(const torch::Tensor& mean, const torch::Tensor& log_variance) {
  const torch::Tensor terms = mean.square() + log_variance.exp() - 1 - log_variance;
  return terms.sum({1, 2}) / 2;
}

VaeObjective::VaeObjective(const Encoder& config, std::uint64_t random_seed)
    : PictureObjective(config, random_seed),
      positions(register_buffer("positions", sine_positions(vision->side, config.width))),
      latent_projection(register_module(
          "latent_projection", Linear(config.width, 2 * config.vae_latent_width, /*with_bias=*/true))),
      decoder_in(
          register_module("decoder_in", Linear(config.vae_latent_width, config.width, /*with_bias=*/true))),
      decoder(register_module("decoder", Tower(vae_decoder_shape(config)))),
      decoder_norm(register_module("decoder_norm", LayerNorm(config.width, norm_epsilon(config)))),
      decoder_out(register_module(
          "decoder_out", Linear(config.width, 3 * config.patch * config.patch, /*with_bias=*/true))) {}

torch::Tensor VaeObjective::decode(const torch::Tensor& latents) {
  const torch::Tensor x = decoder_in(latents.to(compute)) + positions.to(compute);
  return decoder_out(decoder_norm(decoder(x, see_all(positions.size(0), x.device()), vision->recompute)))
      .to(torch::kFloat32);
}

StepMetrics VaeObjective::picture_sums(const EncoderBatch& batch, std::uint64_t first_picture) {
  const std::int64_t numbers = positions.size(0) * encoder.vae_latent_width;  // Of one picture.
  const torch::Tensor patches =
      patchify(batch.pixels, encoder, PatchOrder::channel_row_column, torch::kFloat32);
  const auto latent =
      latent_projection(vision->patch_features(patches.to(compute))).to(torch::kFloat32).chunk(2, -1);
  const torch::Tensor log_variance = latent[1].clamp(kLeastLogVariance, kMostLogVariance);
  const torch::Tensor noise =
      normal_numbers(seed, "vae noise", first_picture * static_cast<std::uint64_t>(numbers),
                     patches.size(0) * numbers, patches.device());
  const torch::Tensor drawn = latent[0] + (log_variance / 2).exp() * noise.view_as(log_variance);

  const torch::Tensor reconstruction = (decode(drawn) - patches).square().mean({1, 2});
  const torch::Tensor kl =
      vae_divergence(latent[0], log_variance) / static_cast<double>(patches.size(1) * patches.size(2));
  return {
      {"loss", reconstruction + encoder.vae_kl_weight * kl}, {"reconstruction", reconstruction}, {"kl", kl}};
}

torch::Tensor VaeObjective::picture_counts(std::int64_t pictures, std::uint64_t) const {
  return torch::ones({pictures}, torch::kFloat64);
}

// Xavier, as in MAE's decoder.
void VaeObjective::append_weights(Weights& weights) const {
  const std::int64_t D = encoder.width, Z = encoder.vae_latent_width, V = decoder_out->weight.size(0);
  vision->append_weights(weights, "vision_model.");
  latent_projection->append_weights(weights, "latent_projection.", Init::xavier(D, 2 * Z));
  decoder_in->append_weights(weights, "decoder.in_proj.", Init::xavier(Z, D));
  decoder->append_weights(weights, "decoder.");
  decoder_norm->append_weights(weights, "decoder.norm.");
  decoder_out->append_weights(weights, "decoder.out_proj.", Init::xavier(D, V));
}

}  // namespace ablate
