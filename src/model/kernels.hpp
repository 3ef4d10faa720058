// The functions that training time goes into. On the CPU in fp32 most are one pass of our own, forward and
// backward, with no intermediate tensors; on a GPU those that model/kernels_fused.hpp names are; elsewhere it
// is LibTorch's operators. All are differentiable once, and on a CPU give the same bits for the same input
// whatever else runs. Any thread may call them: they keep no state.
//
// Shape letters: B batch, T positions, D width, H heads, K key-value heads, C width of a head, F MLP width, V
// vocabulary, N rows.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "model/visibility.hpp"

namespace ablate {

/// y = x / sqrt(mean(x^2) + epsilon) * weight over the last dimension, in fp32 (Zhang and Sennrich 2019).
/// x [..., D], weight [D].
torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double epsilon);

/// y = (x - mean) / sqrt(variance + epsilon) * weight + bias over the last dimension, in fp32 (Ba et al.
/// 2016). x [..., D]; weight, bias [D]. LibTorch's on a CPU.
torch::Tensor layer_norm(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                         double epsilon);

/// silu(gate) * up. gate_up [..., 2 F], the gate first; returns [..., F] (Shazeer 2020).
torch::Tensor swiglu(const torch::Tensor& gate_up);

/// Cosines and sines of rotary embeddings [B, T, C / 2], fp32: angle = position * theta^(-2 i / C) (Su et al.
/// 2021). Undefined tensors: no rotation.
struct Rotary {
  torch::Tensor cosines, sines;
};
/// positions [B, T], any whole type, on the device of the result.
Rotary make_rotary(const torch::Tensor& positions, std::int64_t head_width, double theta);

/// Queries [B, T, H, C], keys and values [B, T, K, C] of packed qkv, as attention() has it; queries and keys
/// are rotated.
struct Heads {
  torch::Tensor queries, keys, values;
};
Heads split_heads(const torch::Tensor& qkv, std::int64_t heads, std::int64_t kv_heads, const Rotary& rotary);

/// What attention() of heads of width C needs to know of a visibility, made once for all layers that work on
/// x: the mask in the form that is added, except where attention goes without one.
Visibility prepared(const Visibility& visibility, const torch::Tensor& x, std::int64_t head_width);

/// softmax(q k^T / sqrt(C)) v for each head, over what each position sees; queries and keys rotated first
/// (pairs are i and i + C / 2, as in Llama). qkv [B, T, (H + 2 K) C]: H heads of queries, K of keys, K of
/// values; query head h uses key-value head h / (H / K). Returns [B, T, H C].
torch::Tensor attention(const torch::Tensor& qkv, std::int64_t heads, std::int64_t kv_heads,
                        const Visibility& visibility, const Rotary& rotary);

/// The loss of a language model's head without its logits in memory.
struct HeadLoss {
  torch::Tensor total;  ///< Scalar, differentiable: sum of weights * (cross entropy + z_loss * log(Z)^2).
  torch::Tensor cross_entropy;  ///< [N] fp32, nats; not differentiable.
};
/// hidden [N, D] @ weight [V, D]^T are the logits; targets [N] int64, each in [0, V); weights [N] fp32. Z is
/// the softmax's denominator (z-loss: Chowdhery et al. 2022, section 5). Works through `chunk_rows` rows at a
/// time.
HeadLoss head_loss(const torch::Tensor& hidden, const torch::Tensor& weight, const torch::Tensor& targets,
                   const torch::Tensor& weights, double z_loss, std::int64_t chunk_rows = 0);

/// One step of AdamW over one flat tensor (Loshchilov and Hutter 2019, algorithm 2), PyTorch's convention:
///   p *= 1 - lr weight_decay
///   m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2, with g = grad * grad_scale
///   p -= lr / (1 - beta1^step) m / (sqrt(v / (1 - beta2^step)) + epsilon)
/// All [n] fp32 on one device, `grad_scale` a scalar tensor there (clipping). `step` counts from 1. In place.
/// `copy`, where it is defined, becomes the new p in bf16.
struct AdamW {
  double lr = 0, beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, weight_decay = 0;
};
void adamw_step(torch::Tensor& param, const torch::Tensor& grad, torch::Tensor& mean, torch::Tensor& square,
                const torch::Tensor& grad_scale, std::int64_t step, const AdamW& settings,
                const torch::Tensor& copy = {});

/// The same functions by LibTorch's operators alone, on any device: what tests hold the kernels to.
namespace reference {
/// Turns pairs (i, i + C / 2). x [B, T, H, C].
torch::Tensor rotate(const torch::Tensor& x, const Rotary& rotary);
torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double epsilon);
torch::Tensor layer_norm(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                         double epsilon);
torch::Tensor swiglu(const torch::Tensor& gate_up);
Heads split_heads(const torch::Tensor& qkv, std::int64_t heads, std::int64_t kv_heads, const Rotary& rotary);
torch::Tensor attention(const torch::Tensor& qkv, std::int64_t heads, std::int64_t kv_heads,
                        const Visibility& visibility, const Rotary& rotary);
/// attention() of heads that have been split.
torch::Tensor attend(const Heads& heads, const Visibility& visibility);
/// The same document by document, where the visibility has borders.
torch::Tensor attend_documents(const Heads& heads, const Visibility& visibility);
HeadLoss head_loss(const torch::Tensor& hidden, const torch::Tensor& weight, const torch::Tensor& targets,
                   const torch::Tensor& weights, double z_loss, std::int64_t chunk_rows = 0);
void adamw_step(torch::Tensor& param, const torch::Tensor& grad, torch::Tensor& mean, torch::Tensor& square,
                const torch::Tensor& grad_scale, std::int64_t step, const AdamW& settings);
}  // namespace reference

}  // namespace ablate
