#include "model/kernels.hpp"

#include <torch/torch.h>

#include "model/compat.hpp"
#include "model/kernel_choice.hpp"
#include "model/kernels_cpu.hpp"
#include "model/kernels_fused.hpp"

namespace ablate {

namespace {

bool is_ours(const torch::Tensor& x) { return x.is_cpu() && x.scalar_type() == torch::kFloat32; }

/// Whether attention of x goes document by document.
bool goes_by_documents(const Visibility& visibility, const torch::Tensor& x, std::int64_t head_width) {
  return visibility.borders.defined() && gpu_attention() == GpuAttention::varlen &&
         compat::has_document_attention(x, head_width);
}

}  // namespace

Rotary make_rotary(const torch::Tensor& positions, std::int64_t head_width, double theta) {
  const auto options = torch::TensorOptions(torch::kFloat32).device(positions.device());
  const torch::Tensor exponents = torch::arange(head_width / 2, options.dtype(torch::kFloat64)) *
                                  (-2.0 / static_cast<double>(head_width));
  const torch::Tensor frequencies = torch::pow(theta, exponents).to(torch::kFloat32);
  const torch::Tensor angles = positions.to(torch::kFloat32).unsqueeze(-1) * frequencies;  // [B, T, C / 2]
  return {angles.cos(), angles.sin()};
}

torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double epsilon) {
  if (fused::are_for(x) && fused::has_norm_for(x)) return fused::rms_norm(x, weight, epsilon);
  return is_ours(x) && is_ours(weight) ? cpu::rms_norm(x, weight, epsilon)
                                       : reference::rms_norm(x, weight, epsilon);
}

torch::Tensor layer_norm(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                         double epsilon) {
  if (fused::are_for(x) && fused::has_norm_for(x)) return fused::layer_norm(x, weight, bias, epsilon);
  return reference::layer_norm(x, weight, bias, epsilon);
}

torch::Tensor swiglu(const torch::Tensor& gate_up) {
  if (fused::are_for(gate_up)) return fused::swiglu(gate_up);
  return is_ours(gate_up) ? cpu::swiglu(gate_up) : reference::swiglu(gate_up);
}

Heads split_heads(const torch::Tensor& qkv, std::int64_t heads, std::int64_t kv_heads, const Rotary& rotary) {
  const bool turns = rotary.cosines.defined();
  return turns && fused::are_for(qkv) ? fused::split_heads(qkv, heads, kv_heads, rotary)
                                      : reference::split_heads(qkv, heads, kv_heads, rotary);
}

Visibility prepared(const Visibility& visibility, const torch::Tensor& x, std::int64_t head_width) {
  if (is_ours(x) || x.is_meta() || goes_by_documents(visibility, x, head_width)) return visibility;
  return with_added_mask(visibility, x.scalar_type());
}

torch::Tensor attention(const torch::Tensor& qkv, std::int64_t heads, std::int64_t kv_heads,
                        const Visibility& visibility, const Rotary& rotary) {
  if (is_ours(qkv)) return cpu::attention(qkv, heads, kv_heads, visibility, rotary);
  const Heads parts = split_heads(qkv, heads, kv_heads, rotary);
  if (!goes_by_documents(visibility, qkv, parts.queries.size(3))) return reference::attend(parts, visibility);
  return compat::document_attention(parts.queries, parts.keys, parts.values, visibility).flatten(2);
}

HeadLoss head_loss(const torch::Tensor& hidden, const torch::Tensor& weight, const torch::Tensor& targets,
                   const torch::Tensor& weights, double z_loss, std::int64_t chunk_rows) {
  // By LibTorch's operators logits of 256 MiB and less are faster whole.
  const bool large = hidden.size(0) * weight.size(0) > std::int64_t{1} << 26 || chunk_rows > 0;
  const bool ours = (is_ours(hidden) && is_ours(weight)) || fused::are_for(hidden);
  return ours || (large && !hidden.is_meta())
             ? chunked_head_loss(hidden, weight, targets, weights, z_loss, chunk_rows)
             : reference::head_loss(hidden, weight, targets, weights, z_loss, chunk_rows);
}

void adamw_step(torch::Tensor& param, const torch::Tensor& grad, torch::Tensor& mean, torch::Tensor& square,
                const torch::Tensor& grad_scale, std::int64_t step, const AdamW& settings,
                const torch::Tensor& copy) {
  const bool ours = is_ours(param) && param.is_contiguous() && grad.is_contiguous() && mean.is_contiguous() &&
                    square.is_contiguous();
  if (fused::are_for(param))
    return fused::adamw_step(param, grad, mean, square, grad_scale, step, settings, copy);
  if (ours)
    cpu::adamw_step(param, grad, mean, square, grad_scale, step, settings);
  else if (!compat::fused_adamw(param, grad, mean, square, grad_scale, step, settings))
    reference::adamw_step(param, grad, mean, square, grad_scale, step, settings);
  if (copy.defined()) copy.copy_(param);
}

}  // namespace ablate
