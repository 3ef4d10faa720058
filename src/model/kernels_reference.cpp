// The kernels by LibTorch's operators.
#include <torch/torch.h>

#include <cmath>

#include "model/compat.hpp"
#include "model/kernels.hpp"

namespace ablate::reference {

torch::Tensor rotate(const torch::Tensor& x, const Rotary& rotary) {
  const torch::Tensor cosines = rotary.cosines.unsqueeze(2), sines = rotary.sines.unsqueeze(2);
  const auto halves = x.to(torch::kFloat32).chunk(2, -1);
  return torch::cat({halves[0] * cosines - halves[1] * sines, halves[1] * cosines + halves[0] * sines}, -1)
      .to(x.dtype());
}

torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double epsilon) {
  const torch::Tensor wide = x.to(torch::kFloat32);
  const torch::Tensor scale = torch::rsqrt(wide.square().mean(-1, true) + epsilon);
  return (wide * scale).to(x.dtype()) * weight.to(x.dtype());
}

torch::Tensor layer_norm(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                         double epsilon) {
  return torch::layer_norm(x.to(weight.dtype()), {x.size(-1)}, weight, bias, epsilon).to(x.dtype());
}

torch::Tensor swiglu(const torch::Tensor& gate_up) {
  const auto halves = gate_up.chunk(2, -1);
  return torch::silu(halves[0]) * halves[1];
}

Heads split_heads(const torch::Tensor& qkv, std::int64_t heads, std::int64_t kv_heads, const Rotary& rotary) {
  const std::int64_t C = qkv.size(2) / (heads + 2 * kv_heads);
  const auto parts = qkv.view({qkv.size(0), qkv.size(1), heads + 2 * kv_heads, C})
                         .split_with_sizes({heads, kv_heads, kv_heads}, 2);
  if (!rotary.cosines.defined()) return {parts[0], parts[1], parts[2]};
  return {rotate(parts[0], rotary), rotate(parts[1], rotary), parts[2]};
}

torch::Tensor attention(const torch::Tensor& qkv, std::int64_t heads, std::int64_t kv_heads,
                        const Visibility& visibility, const Rotary& rotary) {
  return attend(reference::split_heads(qkv, heads, kv_heads, rotary), visibility);
}

torch::Tensor attend(const Heads& heads, const Visibility& visibility) {
  const std::int64_t B = heads.queries.size(0), T = heads.queries.size(1), H = heads.queries.size(2);
  const std::int64_t K = heads.keys.size(2), C = heads.queries.size(3);
  const auto repeat = [&](const torch::Tensor& x) {
    // Masked attention with fewer key heads falls back to the slowest kernel.
    return K == H ? x : x.unsqueeze(3).expand({B, T, K, H / K, C}).reshape({B, T, H, C});
  };
  const torch::Tensor mixed =
      compat::scaled_dot_product_attention(heads.queries.transpose(1, 2), repeat(heads.keys).transpose(1, 2),
                                           repeat(heads.values).transpose(1, 2), visibility);
  return mixed.transpose(1, 2).reshape({B, T, H * C});
}

torch::Tensor attend_documents(const Heads& heads, const Visibility& visibility) {
  const torch::Tensor borders = visibility.borders.cpu();
  const auto border = borders.accessor<std::int32_t, 1>();
  const std::int64_t B = heads.queries.size(0), T = heads.queries.size(1);
  std::vector<torch::Tensor> documents;
  for (std::int64_t i = 0; i + 1 < borders.size(0); ++i) {
    const std::int64_t length = border[i + 1] - border[i];
    if (length == 0) continue;
    const auto part = [&](const torch::Tensor& x) {
      return x.flatten(0, 1).narrow(0, border[i], length).unsqueeze(0);  // [1, length, heads, C]
    };
    documents.push_back(attend({part(heads.queries), part(heads.keys), part(heads.values)},
                               see_causal(length, borders.device())));
  }
  return torch::cat(documents, 1).view({B, T, -1});
}

HeadLoss head_loss(const torch::Tensor& hidden, const torch::Tensor& weight, const torch::Tensor& targets,
                   const torch::Tensor& weights, double z_loss, std::int64_t) {
  const torch::Tensor logits = torch::linear(hidden, weight.to(hidden.dtype())).to(torch::kFloat32);
  const torch::Tensor log_z = logits.logsumexp(-1);
  const torch::Tensor cross_entropy = log_z - logits.gather(1, targets.unsqueeze(1)).squeeze(1);
  return {(weights * (cross_entropy + z_loss * log_z.square())).sum(), cross_entropy.detach()};
}

void adamw_step(torch::Tensor& param, const torch::Tensor& grad, torch::Tensor& mean, torch::Tensor& square,
                const torch::Tensor& grad_scale, std::int64_t step, const AdamW& settings) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor scaled = grad * grad_scale;
  const double n = static_cast<double>(step);
  param.mul_(1 - settings.lr * settings.weight_decay);
  mean.mul_(settings.beta1).add_(scaled, 1 - settings.beta1);
  square.mul_(settings.beta2).addcmul_(scaled, scaled, 1 - settings.beta2);
  const torch::Tensor divisor = (square / (1 - std::pow(settings.beta2, n))).sqrt_().add_(settings.epsilon);
  param.addcdiv_(mean, divisor, -settings.lr / (1 - std::pow(settings.beta1, n)));
}

}  // namespace ablate::reference
