// AdamW over flat buffers: all parameters that train lie in a few large tensors, so that an update, a norm
// and a checkpoint are a few operations, whatever the model.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <string>
#include <utility>
#include <vector>

#include "config/experiment.hpp"

namespace ablate {

/// Decoupled decay in PyTorch's convention: w *= 1 - lr * weight_decay, on matrices alone (parameters of two
/// and more dimensions), not on biases, norms and scalars. MM1's "lambda = 0.1 eta" is weight_decay 0.1 here
/// (AXLearn's decay is not multiplied by the peak learning rate, so its lambda is already eta * 0.1).
class Optimizer {
 public:
  /// Moves the parameters of `model` that require a gradient into flat tensors; they stay usable as before.
  /// Where it trains in bf16, fills the places for copies (place_for_copy() in model/weights.hpp) of matrices
  /// among them, and keeps them true at each step.
  Optimizer(torch::nn::Module& model, const Train& train);

  void zero_grad();
  /// Clips the gradient to train.grad_clip by its global norm and updates. `step` counts from 1. Returns the
  /// norm before clipping, a scalar on the model's device. No host synchronisation.
  torch::Tensor step(std::int64_t step, double lr);

  /// What a checkpoint keeps beside the weights, by name: views, "exp_avg.decoder.norm.weight",
  /// "exp_avg_sq....", "ema....".
  std::vector<std::pair<std::string, torch::Tensor>> state() const;
  bool has_ema() const { return train_.ema > 0; }
  /// Exchanges weights and their moving average.
  void swap_ema();
  /// To be called when others have written the weights.
  void weights_have_changed();
  std::int64_t trainable() const;  ///< Parameters that train.

 private:
  struct Group {
    bool decays = false;
    std::vector<std::pair<std::string, torch::Tensor>> params;
    torch::Tensor values, grads, mean, square, ema;  ///< [n] fp32
    torch::Tensor copy;  ///< [n] bf16, of the values; undefined where there is no place for any of it.
  };
  static void fill_places(torch::nn::Module& model, Group& group);
  std::vector<std::pair<std::string, torch::Tensor>> views(const std::string& prefix,
                                                           torch::Tensor Group::*member) const;
  Train train_;
  std::vector<Group> groups_;
};

}  // namespace ablate
