// Numbers in memory as kernels read and write them: bf16 or fp32, several at a time, computed with in fp32.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#ifdef __CUDACC__
#include <cuda_bf16.h>
#endif

// What is compiled for the host and, by nvcc, for the device as well.
#ifdef __CUDACC__
#define ABLATE_BOTH __host__ __device__ __forceinline__
#define ABLATE_UNROLL _Pragma("unroll")
#else
#define ABLATE_BOTH inline
#define ABLATE_UNROLL
#endif

namespace ablate::cuda {

/// The upper half of an fp32 number, which is what bf16 is.
struct Bf16 {
  std::uint16_t bits;
};

ABLATE_BOTH float float_of_bits(std::uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

/// To the nearest bf16, ties to even; no number stays none.
ABLATE_BOTH std::uint32_t bf16_bits(float x) {
#ifdef __CUDA_ARCH__
  return __bfloat16_as_ushort(__float2bfloat16_rn(x));
#else
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return x != x ? 0x7fc0 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
#endif
}

ABLATE_BOTH float widen(float x) { return x; }
ABLATE_BOTH float widen(Bf16 x) { return float_of_bits(std::uint32_t{x.bits} << 16); }
ABLATE_BOTH void narrow(float x, float* to) { *to = x; }
ABLATE_BOTH void narrow(float x, Bf16* to) { to->bits = static_cast<std::uint16_t>(bf16_bits(x)); }

/// e^x; on the device the fast one, within |x| 2^-23 of it as a share.
ABLATE_BOTH float exp_of(float x) {
#ifdef __CUDA_ARCH__
  return __expf(x);
#else
  return std::exp(x);
#endif
}

constexpr std::int64_t divided_up(std::int64_t count, std::int64_t by) { return (count + by - 1) / by; }

/// What one access to memory moves at most.
struct alignas(16) Words {
  std::uint32_t at[4];
};

ABLATE_BOTH bool has_whole_words(const void* address) {
  return reinterpret_cast<std::uintptr_t>(address) % sizeof(Words) == 0;
}

ABLATE_BOTH Words read_words(const void* from) {
#ifdef __CUDA_ARCH__
  const uint4 read = *static_cast<const uint4*>(from);
  return {read.x, read.y, read.z, read.w};
#else
  Words words;
  std::memcpy(&words, from, sizeof words);
  return words;
#endif
}

ABLATE_BOTH void write_words(void* to, const Words& words) {
#ifdef __CUDA_ARCH__
  *static_cast<uint4*>(to) = make_uint4(words.at[0], words.at[1], words.at[2], words.at[3]);
#else
  std::memcpy(to, &words, sizeof words);
#endif
}

ABLATE_BOTH void unpack(const Words& words, const float*, float* to) {
  ABLATE_UNROLL for (int i = 0; i < 4; ++i) to[i] = float_of_bits(words.at[i]);
}
ABLATE_BOTH void unpack(const Words& words, const Bf16*, float* to) {
  ABLATE_UNROLL for (int i = 0; i < 4; ++i) {
    to[2 * i] = float_of_bits(words.at[i] << 16);
    to[2 * i + 1] = float_of_bits(words.at[i] & 0xffff0000u);
  }
}
ABLATE_BOTH Words pack(const float* from, const float*) {
  Words words;
  std::memcpy(&words, from, sizeof words);
  return words;
}
ABLATE_BOTH Words pack(const float* from, const Bf16*) {
  Words words;
  ABLATE_UNROLL for (int i = 0; i < 4; ++i) words.at[i] = bf16_bits(from[2 * i]) | bf16_bits(from[2 * i + 1])
                                                                                       << 16;
  return words;
}

/// Numbers of one access of 16 bytes.
template <class X>
constexpr int kPack = static_cast<int>(sizeof(Words) / sizeof(X));

/// The first N of the `left` numbers at `from`, `fill` where there are fewer. N is a multiple of kPack<X>.
template <int N, class X>
ABLATE_BOTH void load(const X* from, std::int64_t left, float (&to)[N], float fill = 0) {
  static_assert(N % kPack<X> == 0);
  if (left >= N && has_whole_words(from)) {
    ABLATE_UNROLL for (int i = 0; i < N; i += kPack<X>) unpack(read_words(from + i), from, to + i);
  } else {
    ABLATE_UNROLL for (int i = 0; i < N; ++i) to[i] = i < left ? widen(from[i]) : fill;
  }
}

/// Writes the first `left` numbers, at most N.
template <int N, class X>
ABLATE_BOTH void store(X* to, std::int64_t left, const float (&from)[N]) {
  static_assert(N % kPack<X> == 0);
  if (left >= N && has_whole_words(to)) {
    ABLATE_UNROLL for (int i = 0; i < N; i += kPack<X>) write_words(to + i, pack(from + i, to));
  } else {
    ABLATE_UNROLL for (int i = 0; i < N; ++i) if (i < left) narrow(from[i], to + i);
  }
}

}  // namespace ablate::cuda
