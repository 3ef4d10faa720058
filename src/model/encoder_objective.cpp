#include "model/encoder_objective.hpp"

#include <torch/torch.h>

#include <algorithm>

#include "model/aim.hpp"
#include "model/contrastive.hpp"
#include "model/device_copy.hpp"
#include "model/vae.hpp"
#include "util/error.hpp"

namespace ablate {

EncoderObjective::EncoderObjective(const Encoder& config, std::uint64_t random_seed)
    : encoder(config),
      seed(random_seed),
      vision(register_module("vision", VisionTransformer(config, config.resolution))) {}

EncoderBatch make_encoder_batch(std::span<const Pair> pairs, std::int64_t resolution, torch::Device device) {
  const auto B = static_cast<std::int64_t>(pairs.size()),
             C = static_cast<std::int64_t>(pairs.front().tokens.size());
  EncoderBatch batch{.pixels = empty_for(device, {B, resolution, resolution, 3}, torch::kUInt8)};
  auto* pixel = batch.pixels.data_ptr<std::uint8_t>();
  for (const Pair& pair : pairs) pixel = std::copy(pair.pixels.begin(), pair.pixels.end(), pixel);
  if (C == 0) return batch;
  batch.tokens = empty_for(device, {B, C}, torch::kInt64);
  batch.lengths = empty_for(device, {B}, torch::kInt64);
  auto* token = batch.tokens.data_ptr<std::int64_t>();
  auto* length = batch.lengths.data_ptr<std::int64_t>();
  for (const Pair& pair : pairs) {
    token = std::copy(pair.tokens.begin(), pair.tokens.end(), token);
    *length++ = pair.length;
  }
  return batch;
}

EncoderBatch copy_to_device(const EncoderBatch& batch, torch::Device device) {
  EncoderBatch moved{.pixels = copy_to_device(batch.pixels, device)};
  if (!batch.tokens.defined()) return moved;
  moved.tokens = copy_to_device(batch.tokens, device);
  moved.lengths = copy_to_device(batch.lengths, device);
  return moved;
}

StepMetrics PictureObjective::accumulate(const std::vector<EncoderBatch>& micro_batches,
                                         std::uint64_t first_picture) {
  std::int64_t pictures = 0;
  for (const EncoderBatch& batch : micro_batches) pictures += batch.pixels.size(0);
  const double count = picture_counts(pictures, first_picture).sum().item<double>();
  StepMetrics means;
  for (const EncoderBatch& batch : micro_batches) {
    StepMetrics parts = picture_sums(batch, first_picture);
    for (auto& [name, part] : parts) part = part.sum() / count;
    parts.front().second.backward();
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (means.size() == i) means.emplace_back(parts[i].first, torch::zeros_like(parts[i].second));
      means[i].second += parts[i].second.detach();
    }
    first_picture += static_cast<std::uint64_t>(batch.pixels.size(0));
  }
  return means;
}

std::shared_ptr<EncoderObjective> make_encoder_objective(const Encoder& encoder, std::uint64_t seed) {
  switch (encoder.loss) {
    case EncoderLoss::clip:
      return make_clip_objective(encoder, seed);
    case EncoderLoss::siglip:
      return make_siglip_objective(encoder, seed);
    case EncoderLoss::aim:
      return std::make_shared<AimObjective>(encoder, seed);
    case EncoderLoss::vae:
      return std::make_shared<VaeObjective>(encoder, seed);
    case EncoderLoss::none:
      break;
  }
  throw Error("encoder.loss is none: there is no encoder to train; expected clip, siglip, aim or vae");
}

}  // namespace ablate
