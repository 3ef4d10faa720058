// Patches as the square grid that they come from.
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace ablate {

/// The side of a square number. Throws Error for any other.
std::int64_t square_side(std::int64_t count);
/// Adaptive averages: bin i of o covers rows floor(i g / o) up to ceil((i + 1) g / o). [N, g^2, V] -> [N,
/// o^2, V].
torch::Tensor pool_grid(const torch::Tensor& features, std::int64_t out_side);

}  // namespace ablate
