// Our kernels for GPUs, by pointers; model/kernels_fused.hpp has them by tensors. Each moves its data once,
// 16 bytes an access where a row's place allows it. Without nvcc they run on the host alone, as they do there
// in tests.
//
// Activations are in bf16 or fp32; sums, statistics and weights are in fp32. Nothing is allocated, nothing
// waits for the device, and the same input gives the same bits each time on one kind of card.
#pragma once

#include <cstdint>

namespace ablate::cuda {

/// Where a kernel runs: on a stream of the current device, or on the host, which must have the memory.
struct Place {
  bool on_gpu = false;
  void* stream = nullptr;  ///< cudaStream_t
  int processors = 1;      ///< Multiprocessors of the device.
};

/// Whether the kernels have been compiled for the device.
bool has_device_code();

/// The number format of activations.
enum class Format { fp32, bf16 };

/// Rows that are normalised: y = (x - mean) * scale * weight + bias, scale = 1 / sqrt(variance + epsilon).
/// Without `centred`, mean and bias are 0 (RMSNorm).
struct NormRows {
  Format format;
  bool centred;
  std::int64_t rows, width;
  float epsilon;
};
/// The widest rows that there are kernels for.
std::int64_t widest_norm(Format format);
/// x and y [rows, width]; weight, bias [width]; writes means, scales [rows] for the backward pass. `bias` and
/// `means` only when centred. Reads and writes each activation once: 4 bytes a number in bf16.
void norm_forward(const Place& place, const NormRows& shape, void* y, float* means, float* scales,
                  const void* x, const float* weight, const float* bias);
/// Rows of the partial sums that norm_backward writes.
std::int64_t norm_parts(const Place& place, const NormRows& shape);
/// dx, and partial sums over rows of the gradients of weight and bias [norm_parts, width]: their sums over
/// the parts are the gradients. 6 bytes a number in bf16.
void norm_backward(const Place& place, const NormRows& shape, void* dx, float* dweight_parts,
                   float* dbias_parts, const void* dy, const void* x, const float* means, const float* scales,
                   const float* weight);

/// y = silu(gate) * up. gate_up [rows, 2 width], the gate first; y, dy [rows, width]. 6 and 10 bytes a number
/// of y in bf16.
void swiglu_forward(const Place& place, Format format, std::int64_t rows, std::int64_t width, void* y,
                    const void* gate_up);
void swiglu_backward(const Place& place, Format format, std::int64_t rows, std::int64_t width, void* dgate_up,
                     const void* dy, const void* gate_up);

/// The heads of some tokens: head h of token t begins at at[t * token_step + h * head_step].
struct Heads {
  void* at = nullptr;
  std::int64_t heads = 0, token_step = 0, head_step = 0;
};
struct HeadParts {
  Heads queries, keys, values;
};
struct HeadShape {
  Format format;
  std::int64_t tokens, head_width;
  std::int64_t angles;  ///< Rows of cosines and sines; token t has row t % angles.
};
/// Copies heads of one layout to another, queries and keys turned by their token's angle: pairs (i, i +
/// head_width / 2). Direction -1 turns back, which is the gradient. cosines, sines [angles, head_width / 2].
/// 4 bytes a number in bf16.
void turn_heads(const Place& place, const HeadShape& shape, const HeadParts& to, const HeadParts& from,
                const float* cosines, const float* sines, float direction);

struct LogitRows {
  Format format;
  std::int64_t rows, classes;
  float z_loss;
  bool gradient;
};
/// losses [rows]: cross entropy in nats, and log Z; of a target that is no class no number. With `gradient`
/// the logits [rows, classes] become d(weight * (loss + z_loss * log_z^2)) / d(logits). 4 bytes a logit in
/// bf16 of the memory's, where a cache keeps the rows that are worked on, else 6.
void cross_entropy(const Place& place, const LogitRows& shape, void* logits, float* losses, float* log_z,
                   const std::int64_t* targets, const float* weights);

/// What all numbers have in common in one step of adamw_step() (model/kernels.hpp).
struct AdamWFactors {
  float decay;  ///< 1 - lr * weight_decay
  float beta1, beta2, one_minus_beta1, one_minus_beta2;
  float rate;        ///< lr / (1 - beta1^step)
  float root_scale;  ///< 1 / sqrt(1 - beta2^step)
  float epsilon;
};
struct AdamWTensors {
  std::int64_t count;
  float* param;
  const float* grad;
  float *mean, *square;
  const float* grad_scale;  ///< One number.
  void* copy;               ///< The new parameters in bf16; may be null.
};
/// 28 bytes a parameter, and 2 for a copy.
void adamw(const Place& place, const AdamWTensors& tensors, const AdamWFactors& factors);

}  // namespace ablate::cuda
