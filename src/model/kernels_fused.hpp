// The kernels of src/cuda by tensors, differentiable: what model/kernels.hpp runs on a GPU. On a CPU they run
// the same arithmetic slowly, for tests.
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "model/kernels.hpp"

namespace ablate::fused {

/// Whether this build and this run (model/kernel_choice.hpp) have them for activations like x: on a GPU, in
/// bf16 or fp32, and not empty.
bool are_for(const torch::Tensor& x);

// As in model/kernels.hpp. Activations in bf16 or fp32, weights in fp32; the arithmetic is in fp32, and each
// result is rounded once.
torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double epsilon);
torch::Tensor layer_norm(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                         double epsilon);
/// Whether there are norms for rows as wide as those of x.
bool has_norm_for(const torch::Tensor& x);
torch::Tensor swiglu(const torch::Tensor& gate_up);
Heads split_heads(const torch::Tensor& qkv, std::int64_t heads, std::int64_t kv_heads, const Rotary& rotary);
void adamw_step(torch::Tensor& param, const torch::Tensor& grad, torch::Tensor& mean, torch::Tensor& square,
                const torch::Tensor& grad_scale, std::int64_t step, const AdamW& settings,
                const torch::Tensor& copy = {});

/// The loss of rows of logits [n, V]: cross_entropy and log_z [n] are written, and with `gradient` the logits
/// become d(sum of weights * (cross_entropy + z_loss log_z^2)) / d(logits), else they stay. targets [n]
/// int64, of which one that is no class gives no number; weights [n] fp32. Not differentiable.
void loss_of_logits(const torch::Tensor& logits, const torch::Tensor& targets, const torch::Tensor& weights,
                    double z_loss, bool gradient, const torch::Tensor& cross_entropy,
                    const torch::Tensor& log_z);

}  // namespace ablate::fused
