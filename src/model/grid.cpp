#include "model/grid.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>

#include "util/error.hpp"

namespace ablate {

std::int64_t square_side(std::int64_t count) {
  const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(count))));
  if (side * side != count)
    throw Error(fmt::format("found {} tokens; expected a square number, since a grid is pooled", count));
  return side;
}

torch::Tensor pool_grid(const torch::Tensor& features, std::int64_t out_side) {
  const std::int64_t N = features.size(0), V = features.size(2), side = square_side(features.size(1));
  if (side == out_side) return features;
  if (side % out_side == 0) {  // Even bins: a mean over two dimensions keeps the layout.
    const std::int64_t bin = side / out_side;
    return features.view({N, out_side, bin, out_side, bin, V}).mean({2, 4}).view({N, out_side * out_side, V});
  }
  const torch::Tensor grid = features.transpose(1, 2).reshape({N, V, side, side});
  return torch::adaptive_avg_pool2d(grid, {out_side, out_side}).flatten(2).transpose(1, 2);  // [N, o^2, V]
}

}  // namespace ablate
