#include "model/layers.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>

#include "model/kernels.hpp"
#include "model/recompute.hpp"

namespace ablate {

LinearImpl::LinearImpl(std::int64_t in, std::int64_t out, bool with_bias)
    : weight(register_parameter("weight", empty_weight({out, in}))),
      bias(with_bias ? register_parameter("bias", empty_weight({out})) : torch::Tensor()),
      weight_bf16(place_for_copy(*this, "weight")) {}

torch::Tensor LinearImpl::forward(const torch::Tensor& x) {
  return torch::linear(x, weight_in(x.scalar_type()), bias.defined() ? bias.to(x.dtype()) : bias);
}

void LinearImpl::append_weights(Weights& weights, const std::string& prefix, Init init) const {
  weights.push_back({prefix + "weight", weight, init});
  if (bias.defined()) weights.push_back({prefix + "bias", bias, Init::constant(0)});
}

LayerNormImpl::LayerNormImpl(std::int64_t width, double norm_epsilon)
    : weight(register_parameter("weight", empty_weight({width}))),
      bias(register_parameter("bias", empty_weight({width}))),
      epsilon(norm_epsilon) {}

torch::Tensor LayerNormImpl::forward(const torch::Tensor& x) { return layer_norm(x, weight, bias, epsilon); }

void LayerNormImpl::append_weights(Weights& weights, const std::string& prefix) const {
  weights.push_back({prefix + "weight", weight, Init::constant(1)});
  weights.push_back({prefix + "bias", bias, Init::constant(0)});
}

torch::Tensor activate(const torch::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::gelu:
      return torch::gelu(x);
    case Activation::quick_gelu:
      return x * torch::sigmoid(1.702 * x);
    case Activation::gelu_tanh:
      return torch::gelu(x, "tanh");
  }
  throw std::logic_error("unknown activation");
}

TowerBlockImpl::TowerBlockImpl(const TowerShape& tower)
    : shape(tower),
      norm1(register_module("norm1", LayerNorm(tower.width, tower.norm_epsilon))),
      norm2(register_module("norm2", LayerNorm(tower.width, tower.norm_epsilon))),
      qkv(register_module("qkv", Linear(tower.width, 3 * tower.width, tower.biases))),
      out(register_module("out", Linear(tower.width, tower.width, tower.biases))),
      mlp(make_feed_forward({.kind = FeedForwardKind::mlp,
                             .width = tower.width,
                             .hidden_width = tower.mlp_width,
                             .biases = tower.biases,
                             .activation = tower.activation},
                            *this)) {}

torch::Tensor TowerBlockImpl::forward(const torch::Tensor& x, const Visibility& visibility) {
  const torch::Tensor mixed =
      x + out(attention(qkv(norm1(x)), shape.heads, shape.heads, visibility, {}));  // [B, T, D]
  return mixed + mlp->forward(norm2(mixed));
}

// Standard deviations as open_clip has them (Radford et al. 2021, section 2.5): the residual branches'
// last matrices shrink with the depth.
void TowerBlockImpl::append_weights(Weights& weights, const std::string& prefix) const {
  const double d = static_cast<double>(shape.width);
  const double depth = 1 / std::sqrt(2.0 * static_cast<double>(shape.layers));
  const char* const kNames[] = {"q_proj", "k_proj", "v_proj"};
  norm1->append_weights(weights, prefix + "layer_norm1.");
  for (std::int64_t i = 0; i < 3; ++i) {
    const std::string name = fmt::format("{}self_attn.{}.", prefix, kNames[i]);
    weights.push_back({name + "weight", qkv->weight.narrow(0, i * shape.width, shape.width),
                       Init::normal(1 / std::sqrt(d))});
    if (shape.biases)
      weights.push_back(
          {name + "bias", qkv->bias.narrow(0, i * shape.width, shape.width), Init::constant(0)});
  }
  out->append_weights(weights, prefix + "self_attn.out_proj.", Init::normal(depth / std::sqrt(d)));
  norm2->append_weights(weights, prefix + "layer_norm2.");
  mlp->append_weights(weights, prefix + "mlp.", Init::normal(1 / std::sqrt(2 * d)),
                      Init::normal(depth / std::sqrt(d)));
}

TowerImpl::TowerImpl(const TowerShape& shape) : head_width(shape.width / shape.heads) {
  for (std::int64_t i = 0; i < shape.layers; ++i)
    blocks.push_back(register_module(fmt::format("block{}", i), TowerBlock(shape)));
}

torch::Tensor TowerImpl::forward(torch::Tensor x, const Visibility& visibility, bool recompute) {
  const Visibility seen = prepared(visibility, x, head_width);
  for (TowerBlock& block : blocks)
    x = maybe_recompute(recompute, x, [&block, seen](const torch::Tensor& in) { return block(in, seen); });
  return x;
}

void TowerImpl::append_weights(Weights& weights, const std::string& prefix) const {
  for (std::size_t i = 0; i < blocks.size(); ++i)
    blocks[i]->append_weights(weights, fmt::format("{}encoder.layers.{}.", prefix, i));
}

}  // namespace ablate
