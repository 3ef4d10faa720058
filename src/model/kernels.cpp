#include "model/kernels.hpp"

#include <torch/torch.h>

namespace ablate {

Rotary make_rotary(const torch::Tensor& positions, std::int64_t head_width, double theta) {
  const auto options = torch::TensorOptions(torch::kFloat32).device(positions.device());
  const torch::Tensor exponents = torch::arange(head_width / 2, options.dtype(torch::kFloat64)) *
                                  (-2.0 / static_cast<double>(head_width));
  const torch::Tensor frequencies = torch::pow(theta, exponents).to(torch::kFloat32);
  const torch::Tensor angles = positions.to(torch::kFloat32).unsqueeze(-1) * frequencies;  // [B, T, C / 2]
  return {angles.cos(), angles.sin()};
}

torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double epsilon) {
  return reference::rms_norm(x, weight, epsilon);
}
torch::Tensor swiglu(const torch::Tensor& gate_up) { return reference::swiglu(gate_up); }
torch::Tensor attention(const torch::Tensor& qkv, std::int64_t heads, std::int64_t kv_heads,
                        const Visibility& visibility, const Rotary& rotary) {
  return reference::attention(qkv, heads, kv_heads, visibility, rotary);
}
HeadLoss head_loss(const torch::Tensor& hidden, const torch::Tensor& weight, const torch::Tensor& targets,
                   const torch::Tensor& weights, double z_loss, std::int64_t chunk_rows) {
  return reference::head_loss(hidden, weight, targets, weights, z_loss, chunk_rows);
}
void adamw_step(torch::Tensor& param, const torch::Tensor& grad, torch::Tensor& mean, torch::Tensor& square,
                const torch::Tensor& grad_scale, std::int64_t step, const AdamW& settings) {
  reference::adamw_step(param, grad, mean, square, grad_scale, step, settings);
}

}  // namespace ablate
