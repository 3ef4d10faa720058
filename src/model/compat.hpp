// What differs between LibTorch 1.13.1 (Debian 12) and 2.x stands here and in compat.cpp, nowhere else.
#pragma once

#include <torch/types.h>

#include "model/visibility.hpp"

namespace ablate::compat {

/// softmax(q k^T / sqrt(C)) v over what each position sees. q, k, v [B, H, T, C].
torch::Tensor scaled_dot_product_attention(const torch::Tensor& q, const torch::Tensor& k,
                                           const torch::Tensor& v, const Visibility& visibility);

}  // namespace ablate::compat
