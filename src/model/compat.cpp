#include "model/compat.hpp"

#include <torch/torch.h>
#include <torch/version.h>

#define ABLATE_TORCH_AT_LEAST(major, minor) \
  (TORCH_VERSION_MAJOR > (major) || (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

namespace ablate::compat {

namespace {

/// The dense mask, where the visibility does not bring one along: [B, 1, T, T], true: sees.
torch::Tensor dense_mask(const Visibility& visibility) {
  if (visibility.mask.defined()) return visibility.mask;
  const torch::Tensor keys =
      torch::arange(visibility.begin.size(1), visibility.begin.options()).view({1, 1, -1});
  return ((keys >= visibility.begin.unsqueeze(2)) & (keys < visibility.end.unsqueeze(2))).unsqueeze(1);
}

}  // namespace

torch::Tensor scaled_dot_product_attention(const torch::Tensor& q, const torch::Tensor& k,
                                           const torch::Tensor& v, const Visibility& visibility) {
  const bool masked = visibility.kind == Visibility::Kind::intervals;
  const bool causal = visibility.kind == Visibility::Kind::causal;
#if ABLATE_TORCH_AT_LEAST(2, 0)
  return at::scaled_dot_product_attention(q, k, v, masked ? dense_mask(visibility) : torch::Tensor(), 0.0,
                                          causal);
#else
  return std::get<0>(at::_scaled_dot_product_attention(
      q, k, v, masked ? dense_mask(visibility) : torch::Tensor(), 0.0, /*need_attn_weights=*/false, causal));
#endif
}

}  // namespace ablate::compat
