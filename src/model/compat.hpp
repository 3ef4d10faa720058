// What differs between LibTorch 1.13.1 (Debian 12) and 2.x stands here and in compat.cpp, nowhere else.
#pragma once

#include <torch/types.h>

#include <exception>
#include <string>

#include "model/visibility.hpp"

namespace ablate::compat {

/// softmax(q k^T / sqrt(C)) v over what each position sees. q, k, v [B, H, T, C].
torch::Tensor scaled_dot_product_attention(const torch::Tensor& q, const torch::Tensor& k,
                                           const torch::Tensor& v, const Visibility& visibility);

/// Name of GPU 0, and most bytes that LibTorch's allocator has had in use there. Only where there is a GPU.
std::string gpu_name();
double gpu_peak_memory();
/// Whether an exception says that memory has run out.
bool is_out_of_memory(const std::exception& error);

}  // namespace ablate::compat
