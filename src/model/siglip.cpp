// SigLIP (Zhai et al. 2023): attention pooling, and a sigmoid for each pair.
#include <torch/torch.h>

#include <cmath>

#include "model/compat.hpp"
#include "model/contrastive.hpp"
#include "model/feed_forward.hpp"

namespace ablate {

namespace {

/// One learned query looks at all patches; a residual MLP follows (Hugging Face's
/// SiglipMultiheadAttentionPoolingHead, big_vision's MAPHead).
struct PoolingHeadImpl : torch::nn::Module {
  explicit PoolingHeadImpl(const Encoder& encoder)
      : heads(encoder.heads),
        mlp_width(encoder.mlp_width),
        probe(register_parameter("probe", empty_weight({1, 1, encoder.width}))),
        qkv(register_module("qkv", Linear(encoder.width, 3 * encoder.width, /*with_bias=*/true))),
        out(register_module("out", Linear(encoder.width, encoder.width, /*with_bias=*/true))),
        norm(register_module("norm", LayerNorm(encoder.width, norm_epsilon(encoder)))),
        mlp(make_feed_forward({.kind = FeedForwardKind::mlp,
                               .width = encoder.width,
                               .hidden_width = encoder.mlp_width,
                               .biases = true,
                               .activation = encoder.activation},
                              *this)) {}

  torch::Tensor forward(const torch::Tensor& tokens) {  // [B, P, D] -> [B, D]
    const std::int64_t B = tokens.size(0), P = tokens.size(1), D = tokens.size(2), C = D / heads;
    const torch::Tensor weight = qkv->weight_in(tokens.scalar_type()), bias = qkv->bias.to(tokens.dtype());
    const torch::Tensor query =
        torch::linear(probe.to(tokens.dtype()), weight.narrow(0, 0, D), bias.narrow(0, 0, D));
    const torch::Tensor pairs = torch::linear(tokens, weight.narrow(0, D, 2 * D), bias.narrow(0, D, 2 * D))
                                    .view({B, P, 2, heads, C})
                                    .permute({2, 0, 3, 1, 4});  // [2, B, heads, P, C]
    const torch::Tensor mixed = compat::scaled_dot_product_attention(
        query.view({1, heads, 1, C}).expand({B, -1, -1, -1}).contiguous(), pairs[0], pairs[1], Visibility());
    const torch::Tensor pooled = out(mixed.reshape({B, D}));
    return pooled + mlp->forward(norm(pooled));
  }

  // Glorot and Bengio's, as in big_vision.
  void append_weights(Weights& weights, const std::string& prefix) const {
    const std::int64_t D = probe.size(2), F = mlp_width;
    weights.push_back({prefix + "probe", probe, Init::xavier(1, D)});
    weights.push_back({prefix + "attention.in_proj_weight", qkv->weight, Init::xavier(D, D)});
    weights.push_back({prefix + "attention.in_proj_bias", qkv->bias, Init::constant(0)});
    out->append_weights(weights, prefix + "attention.out_proj.", Init::xavier(D, D));
    norm->append_weights(weights, prefix + "layernorm.");
    mlp->append_weights(weights, prefix + "mlp.", Init::xavier(D, F), Init::xavier(F, D));
  }

  std::int64_t heads, mlp_width;
  torch::Tensor probe;  ///< [1, 1, D]
  Linear qkv, out;
  LayerNorm norm;
  std::shared_ptr<FeedForward> mlp;
};
TORCH_MODULE(PoolingHead);

struct SiglipObjective final : ContrastiveObjective {
  SiglipObjective(const Encoder& config, std::uint64_t random_seed)
      : ContrastiveObjective(config, random_seed), head(register_module("head", PoolingHead(config))) {
    logit_scale = register_parameter("logit_scale", empty_weight({1}));
    logit_bias = register_parameter("logit_bias", empty_weight({1}));
  }

  // The bias begins where almost every pair is held for a wrong one, as almost every pair is: section 3.2.
  void append_weights(Weights& weights) const override {
    weights.push_back({"logit_scale", logit_scale, Init::constant(std::log(10.0))});
    weights.push_back({"logit_bias", logit_bias, Init::constant(-10)});
    text->append_weights(weights);
    vision->append_weights(weights, "vision_model.");
    head->append_weights(weights, "vision_model.head.");
  }
  torch::Tensor picture_losses(const torch::Tensor& table) const override { return siglip_losses(table); }

  PoolingHead head;

 protected:
  torch::Tensor pool(const torch::Tensor& tokens) override { return head(tokens); }
};

}  // namespace

// -log sigmoid(l) = softplus(l) - l on the diagonal, -log sigmoid(-l) = softplus(l) off it.
torch::Tensor siglip_losses(const torch::Tensor& logits) {
  const torch::Tensor apart = torch::softplus(logits);
  return (apart.sum(0) + apart.sum(1)) / 2 - logits.diagonal();
}

std::shared_ptr<ContrastiveObjective> make_siglip_objective(const Encoder& encoder, std::uint64_t seed) {
  return std::make_shared<SiglipObjective>(encoder, seed);
}

}  // namespace ablate
