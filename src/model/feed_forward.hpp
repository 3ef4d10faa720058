// Feed-forward layers: what a transformer block does at each position by itself, beside attention. A new one
// is a value of FeedForwardKind, a class, and a line in make_feed_forward().
//
// Shape letters: D width, F hidden width.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <memory>
#include <string>

#include "config/experiment.hpp"
#include "model/weights.hpp"

namespace ablate {

enum class FeedForwardKind {
  mlp,    ///< fc2(activate(fc1(x))): Vaswani et al. 2017, section 3.3
  swiglu  ///< down(silu(gate(x)) * up(x)), without biases: Shazeer 2020
};

struct FeedForwardShape {
  FeedForwardKind kind = FeedForwardKind::mlp;
  std::int64_t width = 0;         ///< D
  std::int64_t hidden_width = 0;  ///< F
  // Of `mlp` alone.
  bool biases = true;
  Activation activation = Activation::gelu;
};

struct FeedForward : torch::nn::Module {
  virtual torch::Tensor forward(const torch::Tensor& x) = 0;  ///< [..., D] -> [..., D]
  /// Hugging Face's names: "fc1", "fc2"; "gate_proj", "up_proj", "down_proj". Matrices that read x start as
  /// `first`, those that the result comes out of as `last`.
  virtual void append_weights(Weights& weights, const std::string& prefix, Init first, Init last) const = 0;
};

/// Its layers become layers of `block`: parameters, and with them the optimiser's state in checkpoints, are
/// called after the block ("block0.fc1.weight").
std::shared_ptr<FeedForward> make_feed_forward(const FeedForwardShape& shape, torch::nn::Module& block);

}  // namespace ablate
