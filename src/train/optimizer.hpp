// AdamW and Adafactor over flat buffers: all parameters that train lie in a few large tensors, so that an
// update, a norm and a checkpoint are a few operations, whatever the model.
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
///
/// Adafactor (Shazeer and Stern 2018, algorithms 4 and 5), without a mean gradient and without steps in
/// proportion to the size of a parameter, so that the learning rate is that of the schedule. With G the
/// gradient, step t:
///   b = 1 - t^-0.8
///   R = b R + (1 - b) mean over the last dimension of (G^2 + 1e-30), C likewise over the last but one
///   U = G / sqrt(R C / mean(R)), over the last two dimensions of a matrix or of each of a stack of them;
///   of a vector U = G / sqrt(V), V = b V + (1 - b) (G^2 + 1e-30)
///   w -= lr * U / max(1, RMS(U)), after the decay
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
  /// "exp_avg_sq....", of Adafactor "exp_avg_sq_row....", "exp_avg_sq_col....", or for vectors
  /// "exp_avg_sq...."; "ema....".
  std::vector<std::pair<std::string, torch::Tensor>> state() const;
  bool has_ema() const { return train_.ema > 0; }
  /// Exchanges weights and their moving average.
  void swap_ema();
  /// To be called when others have written the weights.
  void weights_have_changed();
  std::int64_t trainable() const;  ///< Parameters that train.

 private:
  struct Factors {
    torch::Tensor rows,
        columns;  ///< [..., n] and [..., m] of [..., n, m]; of a vector as it is, and undefined.
  };
  struct Group {
    bool decays = false;
    std::vector<std::pair<std::string, torch::Tensor>> params;
    torch::Tensor values, grads, ema;  ///< [n] fp32
    torch::Tensor mean, square;        ///< [n] fp32, of AdamW.
    std::vector<Factors> factors;      ///< Of Adafactor, for each parameter.
    torch::Tensor copy;  ///< [n] bf16, of the values; undefined where there is no place for any of it.
  };
  void adafactor_step(Group& group, const torch::Tensor& scale, std::int64_t step, double lr) const;
  static Factors make_factors(const torch::Tensor& param);
  static void fill_places(torch::nn::Module& model, Group& group);
  std::vector<std::pair<std::string, torch::Tensor>> views(const std::string& prefix,
                                                           torch::Tensor Group::*member) const;
  Train train_;
  std::vector<Group> groups_;
};

}  // namespace ablate
