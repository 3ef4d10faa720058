// What attention has read so far, so that a text can be written position by position.
//
// Shape letters: B rows, T positions, S room, H heads, K key-value heads, C width of a head.
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "model/kernels.hpp"

namespace ablate {

/// Keys (rotated) and values of one block, [B, S, K, C]; there is room after what a row has read.
struct KeyValues {
  torch::Tensor keys, values;
};

/// Those of the positions of qkv [B, T, (H + 2 K) C], as attention() takes it; `room` >= T of them will fit.
KeyValues keep_keys_values(const torch::Tensor& qkv, std::int64_t heads, std::int64_t kv_heads,
                           const Rotary& rotary, std::int64_t room);

/// Attention of the next position of each row, qkv [B, 1, (H + 2 K) C], over itself and the `lengths` [B]
/// int64 positions that its row has read; `longest` is the greatest of them. Adds it to `read`. Returns
/// [B, 1, H C].
torch::Tensor attend_next(const torch::Tensor& qkv, std::int64_t heads, std::int64_t kv_heads,
                          const Rotary& rotary, const torch::Tensor& lengths, std::int64_t longest,
                          KeyValues& read);

}  // namespace ablate
