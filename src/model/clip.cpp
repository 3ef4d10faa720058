// CLIP (Radford et al. 2021): a class token, a projection, a softmax over the batch.
#include <torch/torch.h>

#include <cmath>

#include "model/contrastive.hpp"

namespace ablate {

namespace {

struct ClipObjective final : ContrastiveObjective {
  ClipObjective(const Encoder& config, std::uint64_t random_seed)
      : ContrastiveObjective(config, random_seed),
        visual_projection(register_module(
            "visual_projection", Linear(config.width, config.text.embed_width, /*with_bias=*/false))) {
    logit_scale = register_parameter("logit_scale", empty_weight({}));
  }

  void append_weights(Weights& weights) const override {
    weights.push_back({"logit_scale", logit_scale, Init::constant(std::log(1 / 0.07))});
    text->append_weights(weights);
    vision->append_weights(weights, "vision_model.");
    visual_projection->append_weights(weights, "visual_projection.",
                                      Init::normal(1 / std::sqrt(static_cast<double>(encoder.width))));
  }
  // At most 100: section 2.5. At least 1: open_clip.
  void after_update() override {
    const torch::NoGradGuard no_grad;
    logit_scale.clamp_(0, std::log(100.0));
  }

  torch::Tensor picture_losses(const torch::Tensor& table) const override { return clip_losses(table); }

  Linear visual_projection;

 protected:
  torch::Tensor pool(const torch::Tensor& tokens) override { return visual_projection(tokens.select(1, 0)); }
};

}  // namespace

torch::Tensor clip_losses(const torch::Tensor& logits) {
  const torch::Tensor own = torch::arange(logits.size(0), logits.options().dtype(torch::kInt64));
  const auto entropy = [&](const torch::Tensor& table) {
    return torch::cross_entropy_loss(table, own, /*weight=*/{}, at::Reduction::None);
  };
  return (entropy(logits) + entropy(logits.t())) / 2;
}

std::shared_ptr<ContrastiveObjective> make_clip_objective(const Encoder& encoder, std::uint64_t seed) {
  return std::make_shared<ClipObjective>(encoder, seed);
}

}  // namespace ablate
