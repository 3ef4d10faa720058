// Activation checkpointing: computing a block again in the backward pass instead of keeping its
// intermediate tensors.
#pragma once

#include <torch/types.h>

#include <functional>

namespace ablate {

/// `block(x)`; where `recompute` says so, nothing but x is kept for the backward pass, which computes the
/// block once more: the same numbers (Chen et al. 2016). `block` must be a pure function of x and of weights,
/// and outlive the backward pass with all that it refers to.
torch::Tensor maybe_recompute(bool recompute, const torch::Tensor& x,
                              std::function<torch::Tensor(const torch::Tensor&)> block);

}  // namespace ablate
