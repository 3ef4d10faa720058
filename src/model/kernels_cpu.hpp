// The kernels of the CPU in fp32, and the arithmetic that they share.
//
// The same input gives the same bits on every run. Work is divided into blocks whose size depends on the
// shapes alone and sums are taken block by block, so that the number of threads does not matter either,
// except where a product of whole matrices (head_loss, or attention over one row with one key-value head) is
// left to BLAS, which may divide it differently.
#pragma once

#include <torch/types.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "cuda/kernels.hpp"
#include "model/kernels.hpp"

// Compiles a function for each level of x86-64; the program takes the best one for its machine when it
// starts. The loops that stand in such functions are written for GCC to vectorise.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define ABLATE_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define ABLATE_CLONES
#endif
// Into the clones: a function that is called is not cloned with its caller.
#define ABLATE_INLINE inline __attribute__((always_inline))

namespace ablate {
/// head_loss on any device, chunk by chunk, with its gradients computed in the forward pass.
HeadLoss chunked_head_loss(const torch::Tensor& hidden, const torch::Tensor& weight,
                           const torch::Tensor& targets, const torch::Tensor& weights, double z_loss,
                           std::int64_t chunk_rows);
}  // namespace ablate

namespace ablate::cpu {

torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double epsilon);
torch::Tensor swiglu(const torch::Tensor& gate_up);
torch::Tensor attention(const torch::Tensor& qkv, std::int64_t heads, std::int64_t kv_heads,
                        const Visibility& visibility, const Rotary& rotary);
void adamw_step(torch::Tensor& param, const torch::Tensor& grad, torch::Tensor& mean, torch::Tensor& square,
                const torch::Tensor& grad_scale, std::int64_t step, const AdamW& settings);

/// The same for all values of one step.
cuda::AdamWFactors adamw_factors(std::int64_t step, const AdamW& settings);

/// e^x within 1e-7 of its value for -87 < x < 88, and 0 below. x = k ln 2 + r with |r| <= ln 2 / 2, so that
/// e^x = 2^k e^r; the polynomial of e^r and the two parts of ln 2 are those of expf in Cephes (Moshier 1992).
ABLATE_INLINE float fast_exp(float x) {
  constexpr float kRound = 12582912;  // 1.5 * 2^23: adding it rounds to a whole number, kept in the low bits.
  const float shifted = x * 1.44269504f + kRound;
  const float k = shifted - kRound;
  const float r = (x - k * 0.693359375f) - k * -2.12194440e-4f;
  float poly = 1.9875691500e-4f;
  poly = poly * r + 1.3981999507e-3f;
  poly = poly * r + 8.3334519073e-3f;
  poly = poly * r + 4.1665795894e-2f;
  poly = poly * r + 1.6666665459e-1f;
  poly = poly * r + 5.0000001201e-1f;
  poly = poly * r * r + r + 1;
  const float power = std::bit_cast<float>((std::bit_cast<std::uint32_t>(shifted) << 23) + 0x3f800000u);
  return x < -87.0f ? 0.0f : poly * power;
}

/// The sum of term(i), 0 <= i < n: 16 partial sums side by side, which a compiler may not introduce itself.
template <class Term>
ABLATE_INLINE float sum_of(std::int64_t n, const Term& term) {
  float partial[16] = {};
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int j = 0; j < 16; ++j) partial[j] += term(i + j);
  for (int j = 0; i < n; ++i, ++j) partial[j] += term(i);
  for (int width = 8; width > 0; width /= 2)
    for (int j = 0; j < width; ++j) partial[j] += partial[j + width];
  return partial[0];
}

/// The greatest of x[0, n), n > 0. Vectors by hand: GCC 12 keeps an array of partial maxima in memory.
ABLATE_INLINE float max_of(const float* x, std::int64_t n) {
  using Lanes = float __attribute__((vector_size(32)));
  float greatest = x[0];
  std::int64_t i = 0;
  if (n >= 16) {
    Lanes low, high;
    std::memcpy(&low, x, sizeof(Lanes));
    std::memcpy(&high, x + 8, sizeof(Lanes));
    for (i = 16; i + 16 <= n; i += 16) {
      Lanes next_low, next_high;
      std::memcpy(&next_low, x + i, sizeof(Lanes));
      std::memcpy(&next_high, x + i + 8, sizeof(Lanes));
      low = low > next_low ? low : next_low;
      high = high > next_high ? high : next_high;
    }
    low = low > high ? low : high;
    for (int j = 0; j < 8; ++j) greatest = std::max(greatest, low[j]);
  }
  for (; i < n; ++i) greatest = std::max(greatest, x[i]);
  return greatest;
}

/// x[i] = e^(x[i] - shift) for 0 <= i < n; returns their sum.
ABLATE_INLINE float exp_in_place(float* x, std::int64_t n, float shift) {
  float sum = 0;
  for (std::int64_t first = 0; first < n; first += 1024) {  // 1024 values stay in the nearest cache.
    const std::int64_t count = std::min<std::int64_t>(1024, n - first);
    float* const part = x + first;
    for (std::int64_t i = 0; i < count; ++i) part[i] = fast_exp(part[i] - shift);
    sum += sum_of(count, [part](std::int64_t i) { return part[i]; });
  }
  return sum;
}

}  // namespace ablate::cpu
