// Building blocks of the transformers. Shape letters: B batch, T tokens, D width.
//
// Each layer computes in the number format of its input: weights are kept in fp32, and cast where they are
// used or taken from a copy in bf16. `append_weights` lists a layer's weights under Hugging Face's names,
// with a prefix that ends in a dot.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <memory>
#include <string>

#include "config/experiment.hpp"
#include "model/feed_forward.hpp"
#include "model/visibility.hpp"
#include "model/weights.hpp"

namespace ablate {

/// y = x W^T + b, W [out, in].
struct LinearImpl : torch::nn::Module {
  LinearImpl(std::int64_t in, std::int64_t out, bool with_bias);
  torch::Tensor forward(const torch::Tensor& x);
  void append_weights(Weights& weights, const std::string& prefix, Init init) const;
  /// The weight in that number format.
  torch::Tensor weight_in(torch::ScalarType type) const { return in_format(weight, weight_bf16, type); }
  torch::Tensor weight, bias;  ///< `bias` is undefined without one.
  torch::Tensor weight_bf16;   ///< See place_for_copy().
};
TORCH_MODULE(Linear);

/// Layer normalisation with weight and bias (Ba et al. 2016), in fp32.
struct LayerNormImpl : torch::nn::Module {
  LayerNormImpl(std::int64_t width, double norm_epsilon);
  torch::Tensor forward(const torch::Tensor& x);
  void append_weights(Weights& weights, const std::string& prefix) const;
  torch::Tensor weight, bias;
  double epsilon;
};
TORCH_MODULE(LayerNorm);

torch::Tensor activate(const torch::Tensor& x, Activation activation);

/// What the blocks of one vision or text tower have in common.
struct TowerShape {
  std::int64_t width = 0, layers = 0, heads = 0, mlp_width = 0;
  bool biases = true;  ///< Whether attention's and the MLP's matrices have them.
  Activation activation = Activation::gelu;
  double norm_epsilon = 1e-5;
};

/// Pre-norm transformer block: x + attention(norm(x)), x + mlp(norm(x)). Names as in Hugging Face's CLIP:
/// layer_norm1, self_attn.{q,k,v,out}_proj, layer_norm2, mlp.{fc1,fc2}.
struct TowerBlockImpl : torch::nn::Module {
  explicit TowerBlockImpl(const TowerShape& shape);
  torch::Tensor forward(const torch::Tensor& x, const Visibility& visibility);  // [B, T, D]
  void append_weights(Weights& weights, const std::string& prefix) const;

  TowerShape shape;
  LayerNorm norm1, norm2;
  Linear qkv, out;  ///< qkv [3 D, D]: queries, keys, values.
  std::shared_ptr<FeedForward> mlp;
};
TORCH_MODULE(TowerBlock);

/// `layers` blocks, each recomputed in the backward pass where `recompute` says so (activation
/// checkpointing: same numbers, less memory).
struct TowerImpl : torch::nn::Module {
  explicit TowerImpl(const TowerShape& shape);
  torch::Tensor forward(torch::Tensor x, const Visibility& visibility, bool recompute);
  void append_weights(Weights& weights, const std::string& prefix) const;  ///< "encoder.layers.0." ...
  std::int64_t head_width;
  std::vector<TowerBlock> blocks;
};
TORCH_MODULE(Tower);

}  // namespace ablate
