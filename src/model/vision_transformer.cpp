#include "model/vision_transformer.hpp"

#include <torch/torch.h>

#include <cmath>
#include <vector>

namespace ablate {

namespace {

bool has_patch_bias(EncoderLoss loss) { return loss != EncoderLoss::clip; }
bool has_pre_norm(EncoderLoss loss) { return loss == EncoderLoss::clip || loss == EncoderLoss::aim; }

}  // namespace

torch::Tensor patchify(const torch::Tensor& pixels, const Encoder& encoder, PatchOrder order,
                       torch::ScalarType dtype) {
  const std::int64_t N = pixels.size(0), p = encoder.patch, side = pixels.size(1) / p;
  // Numbers rather than tensors of mean and deviation: those would have to be copied to the device.
  std::vector<torch::Tensor> channels;
  for (std::size_t c = 0; c < 3; ++c)
    channels.push_back(pixels.select(-1, static_cast<std::int64_t>(c))
                           .to(torch::kFloat32)
                           .mul_(1 / (255 * encoder.pixel_std[c]))
                           .sub_(encoder.pixel_mean[c] / encoder.pixel_std[c])
                           .to(dtype));
  const torch::Tensor grid = torch::stack(channels, 1).view({N, 3, side, p, side, p});
  const bool channel_first = order == PatchOrder::channel_row_column;
  return (channel_first ? grid.permute({0, 2, 4, 1, 3, 5}) : grid.permute({0, 2, 4, 3, 5, 1}))
      .reshape({N, side * side, 3 * p * p});
}

torch::Tensor unpatchify(const torch::Tensor& patches, std::int64_t patch, PatchOrder order) {
  const std::int64_t N = patches.size(0), R = patch * std::llround(std::sqrt(patches.size(1)));
  const std::int64_t side = R / patch;
  const bool channel_first = order == PatchOrder::channel_row_column;
  return (channel_first ? patches.reshape({N, side, side, 3, patch, patch}).permute({0, 1, 4, 2, 5, 3})
                        : patches.reshape({N, side, side, patch, patch, 3}).permute({0, 1, 3, 2, 4, 5}))
      .reshape({N, R, R, 3});
}

// open_clip asks for antialiasing in both directions; when the grid grows, that decides on the cubic's
// coefficient alone (-0.5).
torch::Tensor resize_positions(const torch::Tensor& positions, std::int64_t from_side, std::int64_t to_side) {
  if (from_side == to_side) return positions;
  const std::int64_t D = positions.size(1);
  const torch::Tensor grid = positions.view({1, from_side, from_side, D}).permute({0, 3, 1, 2}).contiguous();
  return at::_upsample_bicubic2d_aa(grid, {to_side, to_side}, /*align_corners=*/false)
      .permute({0, 2, 3, 1})
      .reshape({to_side * to_side, D});
}

torch::Tensor sine_positions(std::int64_t side, std::int64_t width) {
  TORCH_CHECK(width % 4 == 0, "sine positions: expected a width that 4 divides, got ", width);
  const torch::Tensor frequencies =
      torch::pow(10000.0, torch::arange(width / 4, torch::kFloat64) * (-4.0 / static_cast<double>(width)));
  const torch::Tensor angles = torch::arange(side, torch::kFloat64).unsqueeze(1) * frequencies;
  const torch::Tensor line = torch::cat({angles.sin(), angles.cos()}, 1);  // [side, D / 2]
  const torch::Tensor x = line.unsqueeze(0).expand({side, side, width / 2});
  const torch::Tensor y = line.unsqueeze(1).expand({side, side, width / 2});
  return torch::cat({x, y}, 2).view({side * side, width}).to(torch::kFloat32);
}

double norm_epsilon(const Encoder& encoder) { return encoder.loss == EncoderLoss::siglip ? 1e-6 : 1e-5; }

TowerShape vision_shape(const Encoder& encoder) {
  return {.width = encoder.width,
          .layers = encoder.layers,
          .heads = encoder.heads,
          .mlp_width = encoder.mlp_width,
          .biases = encoder.loss != EncoderLoss::aim,
          .activation = encoder.activation,
          .norm_epsilon = norm_epsilon(encoder)};
}

VisionTransformerImpl::VisionTransformerImpl(const Encoder& config, std::int64_t resolution)
    : encoder(config),
      side(resolution / config.patch),
      patch_embedding(register_module("patch_embedding", Linear(3 * config.patch * config.patch, config.width,
                                                                has_patch_bias(config.loss)))),
      class_embedding(config.loss == EncoderLoss::clip
                          ? register_parameter("class_embedding", empty_weight({config.width}))
                          : torch::Tensor()),
      positions(
          config.loss == EncoderLoss::aim
              ? register_buffer("positions", sine_positions(side, config.width))
              : register_parameter("positions", empty_weight({side * side + class_tokens(), config.width}))),
      pre_norm(has_pre_norm(config.loss)
                   ? register_module("pre_norm", LayerNorm(config.width, norm_epsilon(config)))
                   : LayerNorm(nullptr)),
      post_norm(register_module("post_norm", LayerNorm(config.width, norm_epsilon(config)))),
      tower(register_module("tower", Tower(vision_shape(config)))) {}

torch::Tensor VisionTransformerImpl::forward(const torch::Tensor& patches, const Visibility* visibility) {
  torch::Tensor x = patch_embedding(patches);  // [N, P, D]
  if (encoder.loss == EncoderLoss::aim) x = pre_norm(x);
  if (class_embedding.defined())
    x = torch::cat({class_embedding.to(x.dtype()).expand({x.size(0), 1, -1}), x}, 1);  // [N, T, D]
  x = x + positions.to(x.dtype());
  if (encoder.loss == EncoderLoss::clip) x = pre_norm(x);
  return post_norm(tower(x, visibility ? *visibility : see_all(x.size(1), x.device()), recompute));
}

torch::Tensor VisionTransformerImpl::patch_features(const torch::Tensor& patches) {
  return forward(patches).narrow(1, class_tokens(), side * side);
}

// Class token and positions as in open_clip; SigLIP's positions (big_vision) have the same deviation. The
// patch kernel: LeCun's 1 / sqrt(inputs), as in big_vision; for AIM xavier, as in MAE.
void VisionTransformerImpl::append_weights(Weights& weights, const std::string& prefix) const {
  const std::int64_t D = encoder.width, p = encoder.patch, inputs = 3 * p * p;
  const Init as_width = Init::normal(1 / std::sqrt(static_cast<double>(D)));
  const Init kernel = encoder.loss == EncoderLoss::aim
                          ? Init::xavier(inputs, D)
                          : Init::normal(1 / std::sqrt(static_cast<double>(inputs)));
  const std::string embeddings = prefix + "embeddings.";
  if (class_embedding.defined())
    weights.push_back({embeddings + "class_embedding", class_embedding, as_width});
  weights.push_back(
      {embeddings + "patch_embedding.weight", patch_embedding->weight.view({D, 3, p, p}), kernel});
  if (patch_embedding->bias.defined())
    weights.push_back({embeddings + "patch_embedding.bias", patch_embedding->bias, Init::constant(0)});
  if (encoder.loss == EncoderLoss::aim)
    pre_norm->append_weights(weights, embeddings + "norm.");
  else
    weights.push_back({embeddings + "position_embedding.weight", positions, as_width});
  // Spelt as in Hugging Face's files.
  if (encoder.loss == EncoderLoss::clip) pre_norm->append_weights(weights, prefix + "pre_layrnorm.");
  tower->append_weights(weights, prefix);
  post_norm->append_weights(weights, prefix + "post_layernorm.");
}

}  // namespace ablate
