#include "model/aim.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include "model/device_copy.hpp"
#include "model/recompute.hpp"
#include "util/random.hpp"

namespace ablate {

namespace {

constexpr std::int64_t kAimHeadRatio = 4;
constexpr double kAimVarianceEpsilon = 1e-6;

}  // namespace

torch::Tensor aim_targets(const torch::Tensor& patches) {
  const torch::Tensor centred = patches - patches.mean(-1, /*keepdim=*/true);
  const torch::Tensor variance =
      centred.square().sum(-1, /*keepdim=*/true) / static_cast<double>(patches.size(-1) - 1);
  return centred * torch::rsqrt(variance + kAimVarianceEpsilon);
}

torch::Tensor aim_errors(const torch::Tensor& predictions, const torch::Tensor& targets,
                         const torch::Tensor& prefix) {
  const std::int64_t P = targets.size(1);
  const torch::Tensor errors = (predictions - targets.narrow(1, 1, P - 1)).square().mean(-1);  // [B, P - 1]
  const torch::Tensor counted = torch::arange(1, P, prefix.options()) >= prefix.unsqueeze(1);
  return (errors * counted).sum(1);
}

AimHeadBlockImpl::AimHeadBlockImpl(const Encoder& encoder)
    : norm(register_module("norm", LayerNorm(encoder.aim_head_width, norm_epsilon(encoder)))),
      mlp(make_feed_forward({.kind = FeedForwardKind::mlp,
                             .width = encoder.aim_head_width,
                             .hidden_width = kAimHeadRatio * encoder.aim_head_width,
                             .biases = false,
                             .activation = encoder.activation},
                            *this)) {}

torch::Tensor AimHeadBlockImpl::forward(const torch::Tensor& x) { return x + mlp->forward(norm(x)); }

// Xavier throughout, as in MAE.
void AimHeadBlockImpl::append_weights(Weights& weights, const std::string& prefix) const {
  const std::int64_t H = norm->weight.size(0);
  const Init init = Init::xavier(H, kAimHeadRatio * H);
  norm->append_weights(weights, prefix + "norm.");
  mlp->append_weights(weights, prefix, init, init);
}

AimObjective::AimObjective(const Encoder& config, std::uint64_t random_seed)
    : PictureObjective(config, random_seed),
      positions(register_buffer("positions", sine_positions(vision->side, config.aim_head_width))),
      head_in(register_module("head_in", Linear(config.width, config.aim_head_width, /*with_bias=*/true))),
      head_norm(register_module("head_norm", LayerNorm(config.aim_head_width, norm_epsilon(config)))),
      head_out(register_module("head_out", Linear(config.aim_head_width, 3 * config.patch * config.patch,
                                                  /*with_bias=*/true))) {
  for (std::int64_t i = 0; i < config.aim_head_layers; ++i)
    blocks.push_back(register_module(fmt::format("block{}", i), AimHeadBlock(config)));
}

torch::Tensor AimObjective::draw_prefixes(std::int64_t pictures, std::uint64_t first_picture) const {
  const RandomStream random(seed, "aim prefix");
  const std::uint64_t choices = static_cast<std::uint64_t>(positions.size(0) - 1);
  torch::Tensor prefixes = torch::empty({pictures}, torch::kInt64);
  for (std::int64_t i = 0; i < pictures; ++i)
    prefixes.data_ptr<std::int64_t>()[i] =
        1 + static_cast<std::int64_t>(random.below(choices, first_picture + static_cast<std::uint64_t>(i)));
  return prefixes;
}

torch::Tensor AimObjective::predict(const torch::Tensor& pixels, const Visibility& visibility) {
  const std::int64_t predicted = positions.size(0) - 1;  // The last patch has no patch after it.
  const torch::Tensor patches = patchify(pixels, encoder, PatchOrder::channel_row_column, compute);
  const torch::Tensor features = vision->forward(patches, &visibility);
  torch::Tensor x = head_in(features.narrow(1, 0, predicted)) + positions.narrow(0, 0, predicted).to(compute);
  for (AimHeadBlock& block : blocks)
    x = maybe_recompute(vision->recompute, x, [&block](const torch::Tensor& in) { return block(in); });
  return head_out(head_norm(x)).to(torch::kFloat32);
}

StepMetrics AimObjective::picture_sums(const EncoderBatch& batch, std::uint64_t first_picture) {
  const torch::Tensor prefix =
      copy_to_device(draw_prefixes(batch.pixels.size(0), first_picture), positions.device());
  // The backward pass of attention still reads it.
  visibility_ = see_prefix(prefix, positions.size(0));
  const torch::Tensor targets =
      aim_targets(patchify(batch.pixels, encoder, PatchOrder::row_column_channel, torch::kFloat32));
  return {{"loss", aim_errors(predict(batch.pixels, visibility_), targets, prefix)}};
}

torch::Tensor AimObjective::picture_counts(std::int64_t pictures, std::uint64_t first_picture) const {
  return positions.size(0) - draw_prefixes(pictures, first_picture).to(torch::kFloat64);
}

void AimObjective::append_weights(Weights& weights) const {
  const std::int64_t H = positions.size(1), V = head_out->weight.size(0);
  vision->append_weights(weights, "vision_model.");
  head_in->append_weights(weights, "aim_head.in_proj.", Init::xavier(encoder.width, H));
  for (std::size_t i = 0; i < blocks.size(); ++i)
    blocks[i]->append_weights(weights, fmt::format("aim_head.layers.{}.", i));
  head_norm->append_weights(weights, "aim_head.norm.");
  head_out->append_weights(weights, "aim_head.out_proj.", Init::xavier(H, V));
}

}  // namespace ablate
