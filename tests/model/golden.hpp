// Small encoders with weights and inputs that golden/encoders.py builds alike.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/experiment.hpp"
#include "model/encoder_objective.hpp"
#include "model/weights.hpp"

namespace ablate::golden {

/// 32 bits for each index: XXH32's finaliser over the index and FNV-1a of the name.
inline std::vector<std::uint32_t> bits(std::string_view name, std::int64_t count) {
  std::uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  std::vector<std::uint32_t> drawn;
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint32_t x = static_cast<std::uint32_t>(i) * 2654435761u + hash;
    x = (x ^ x >> 15) * 2246822519u;
    x = (x ^ x >> 13) * 3266489917u;
    drawn.push_back(x ^ x >> 16);
  }
  return drawn;
}

/// Uniform in [-0.25, 0.25).
inline torch::Tensor numbers(std::string_view name, torch::IntArrayRef shape) {
  torch::Tensor made = at::empty(shape, at::kFloat);
  const auto drawn = bits(name, made.numel());
  for (std::size_t i = 0; i < drawn.size(); ++i)
    made.data_ptr<float>()[i] = static_cast<float>((drawn[i] * 0x1p-32 - 0.5) * 0.5);
  return made;
}

inline void fill(const Weights& weights) {
  const torch::NoGradGuard no_grad;
  for (const Weight& weight : weights) {
    const bool scales = weight.name.find("norm") != std::string::npos && weight.name.ends_with(".weight");
    if (weight.name == "logit_scale")
      weight.tensor.fill_(2.0);
    else if (weight.name == "logit_bias")
      weight.tensor.fill_(-1.5);
    else
      weight.tensor.copy_(numbers(weight.name, weight.tensor.sizes()) + (scales ? 1 : 0));
  }
}

inline Encoder tiny_encoder(EncoderLoss loss) {
  Encoder encoder;
  encoder.loss = loss;
  encoder.resolution = 12;
  encoder.patch = 4;
  encoder.width = 16;
  encoder.layers = encoder.heads = 2;
  encoder.mlp_width = 24;
  if (loss == EncoderLoss::clip) encoder.activation = Activation::quick_gelu;
  if (loss == EncoderLoss::siglip) encoder.activation = Activation::gelu_tanh;
  encoder.text = {.width = 12,
                  .layers = 2,
                  .heads = 3,
                  .mlp_width = 20,
                  .vocab_size = 11,
                  .context = 6,
                  .embed_width = 8};
  encoder.aim_head_layers = 2;
  encoder.aim_head_width = 8;
  encoder.vae_latent_width = 3;
  encoder.vae_decoder_layers = 1;
  encoder.vae_kl_weight = 1e-2;
  return encoder;
}

/// Up to 5 pictures with their captions.
inline EncoderBatch tiny_batch(std::int64_t pictures) {
  EncoderBatch batch{at::empty({pictures, 12, 12, 3}, at::kByte), at::empty({pictures, 6}, at::kLong),
                     at::empty({pictures}, at::kLong)};
  const auto pixels = bits("pixels", batch.pixels.numel()), tokens = bits("tokens", batch.tokens.numel());
  for (std::size_t i = 0; i < pixels.size(); ++i)
    batch.pixels.data_ptr<std::uint8_t>()[i] = static_cast<std::uint8_t>(pixels[i] & 255);
  for (std::size_t i = 0; i < tokens.size(); ++i) batch.tokens.data_ptr<std::int64_t>()[i] = tokens[i] % 11;
  constexpr std::int64_t kLengths[] = {2, 6, 4, 1, 5};
  for (std::int64_t i = 0; i < pictures; ++i) batch.lengths.data_ptr<std::int64_t>()[i] = kLengths[i];
  return batch;
}

inline EncoderBatch part_of(const EncoderBatch& batch, std::int64_t first, std::int64_t count) {
  return {batch.pixels.narrow(0, first, count), batch.tokens.narrow(0, first, count),
          batch.lengths.narrow(0, first, count)};
}

/// An objective with these weights.
inline std::shared_ptr<EncoderObjective> tiny_objective(EncoderLoss loss, std::uint64_t seed = 3) {
  auto made = make_encoder_objective(tiny_encoder(loss), seed);
  Weights weights;
  made->append_weights(weights);
  fill(weights);
  return made;
}

}  // namespace ablate::golden
