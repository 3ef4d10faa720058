#include "model/kernels_fused.hpp"

#include <torch/torch.h>

#include "cuda/kernels.hpp"
#include "model/compat.hpp"
#include "model/kernel_choice.hpp"
#include "model/kernels_cpu.hpp"

namespace ablate::fused {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

cuda::Format format_of(const torch::Tensor& x) {
  if (x.scalar_type() == torch::kBFloat16) return cuda::Format::bf16;
  TORCH_CHECK(x.scalar_type() == torch::kFloat32, "found activations in ", x.scalar_type(),
              "; expected bf16 or fp32");
  return cuda::Format::fp32;
}

const float* floats(const torch::Tensor& x) { return x.defined() ? x.data_ptr<float>() : nullptr; }
float* floats(torch::Tensor& x) { return x.defined() ? x.data_ptr<float>() : nullptr; }

cuda::NormRows norm_rows(const torch::Tensor& x, bool centred, double epsilon) {
  return {.format = format_of(x),
          .centred = centred,
          .rows = x.numel() / x.size(-1),
          .width = x.size(-1),
          .epsilon = static_cast<float>(epsilon)};
}

torch::Tensor norm_forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& weight,
                           const torch::Tensor& bias, double epsilon) {
  const cuda::NormRows shape = norm_rows(x, bias.defined(), epsilon);
  const auto per_row = x.options().dtype(torch::kFloat32);
  torch::Tensor y = torch::empty_like(x), scales = torch::empty({shape.rows}, per_row);
  torch::Tensor means = shape.centred ? torch::empty({shape.rows}, per_row) : torch::Tensor();
  cuda::norm_forward(compat::place_of(x), shape, y.data_ptr(), floats(means), floats(scales), x.data_ptr(),
                     floats(weight), floats(bias));
  context->save_for_backward({x, weight, scales, means});
  return y;
}

struct NormGradients {
  torch::Tensor x, weight, bias;
};
NormGradients norm_backward(AutogradContext* context, const torch::Tensor& gradient) {
  const tensor_list saved = context->get_saved_variables();
  const torch::Tensor &x = saved[0], &weight = saved[1], dy = gradient.contiguous();
  const cuda::NormRows shape = norm_rows(x, saved[3].defined(), 0);
  const cuda::Place place = compat::place_of(x);
  const auto parts = [&] {
    return torch::empty({cuda::norm_parts(place, shape), shape.width}, weight.options());
  };
  NormGradients made{torch::empty_like(x), parts(), shape.centred ? parts() : torch::Tensor()};
  cuda::norm_backward(place, shape, made.x.data_ptr(), floats(made.weight), floats(made.bias), dy.data_ptr(),
                      x.data_ptr(), floats(saved[3]), floats(saved[2]), floats(weight));
  made.weight = made.weight.sum(0);
  if (shape.centred) made.bias = made.bias.sum(0);
  return made;
}

struct RmsNormFunction : torch::autograd::Function<RmsNormFunction> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& weight,
                               double epsilon) {
    return norm_forward(context, x, weight, torch::Tensor(), epsilon);
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const NormGradients made = norm_backward(context, gradients[0]);
    return {made.x, made.weight, torch::Tensor()};
  }
};

struct LayerNormFunction : torch::autograd::Function<LayerNormFunction> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& weight,
                               const torch::Tensor& bias, double epsilon) {
    return norm_forward(context, x, weight, bias, epsilon);
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const NormGradients made = norm_backward(context, gradients[0]);
    return {made.x, made.weight, made.bias, torch::Tensor()};
  }
};

struct SwigluFunction : torch::autograd::Function<SwigluFunction> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& gate_up) {
    std::vector<std::int64_t> shape = gate_up.sizes().vec();
    const std::int64_t width = shape.back() /= 2;
    torch::Tensor y = torch::empty(shape, gate_up.options());
    cuda::swiglu_forward(compat::place_of(y), format_of(y), y.numel() / width, width, y.data_ptr(),
                         gate_up.data_ptr());
    context->save_for_backward({gate_up});
    return y;
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const torch::Tensor gate_up = context->get_saved_variables()[0], dy = gradients[0].contiguous();
    const std::int64_t width = dy.size(-1);
    torch::Tensor dgate_up = torch::empty_like(gate_up);
    cuda::swiglu_backward(compat::place_of(dy), format_of(dy), dy.numel() / width, width, dgate_up.data_ptr(),
                          dy.data_ptr(), gate_up.data_ptr());
    return {dgate_up};
  }
};

/// Heads [B, T, heads, C] with equal steps from token to token, copied where need be.
torch::Tensor with_even_steps(const torch::Tensor& x) {
  const bool even = x.stride(3) == 1 && (x.size(0) == 1 || x.stride(0) == x.size(1) * x.stride(1));
  return even ? x : x.contiguous();
}
cuda::Heads heads_at(const torch::Tensor& x) {
  return {.at = x.data_ptr(), .heads = x.size(2), .token_step = x.stride(1), .head_step = x.stride(2)};
}
cuda::HeadParts parts_at(const Heads& parts) {
  return {.queries = heads_at(parts.queries), .keys = heads_at(parts.keys), .values = heads_at(parts.values)};
}

void turn_heads(const Heads& to, const Heads& from, const Rotary& rotary, float direction) {
  const torch::Tensor& any = to.queries;
  const std::int64_t C = any.size(3);
  cuda::turn_heads(compat::place_of(any),
                   {.format = format_of(any),
                    .tokens = any.size(0) * any.size(1),
                    .head_width = C,
                    .angles = rotary.cosines.numel() / (C / 2)},
                   parts_at(to), parts_at(from), floats(rotary.cosines), floats(rotary.sines), direction);
}

/// From packed qkv to three tensors, and back.
struct SplitFunction : torch::autograd::Function<SplitFunction> {
  static tensor_list forward(AutogradContext* context, const torch::Tensor& qkv, std::int64_t heads,
                             std::int64_t kv_heads, const Rotary& rotary) {
    const Heads packed = reference::split_heads(qkv, heads, kv_heads, {});
    const auto like = [](const torch::Tensor& part) { return torch::empty(part.sizes(), part.options()); };
    const Heads made{like(packed.queries), like(packed.keys), like(packed.values)};
    turn_heads(made, packed, rotary, 1);
    context->save_for_backward({rotary.cosines, rotary.sines});
    return {made.queries, made.keys, made.values};
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const tensor_list saved = context->get_saved_variables();
    for (torch::Tensor& gradient : gradients) gradient = with_even_steps(gradient);
    const Heads given{gradients[0], gradients[1], gradients[2]};
    const std::int64_t heads = given.queries.size(2), kv_heads = given.keys.size(2);
    const torch::Tensor dqkv = torch::empty(
        {given.queries.size(0), given.queries.size(1), (heads + 2 * kv_heads) * given.queries.size(3)},
        given.queries.options());
    turn_heads(reference::split_heads(dqkv, heads, kv_heads, {}), given, {saved[0], saved[1]}, -1);
    return {dqkv, {}, {}, {}};
  }
};

}  // namespace

bool are_for(const torch::Tensor& x) {
  return x.is_cuda() && x.numel() > 0 && cuda::has_device_code() && gpu_kernels() == GpuKernels::fused &&
         (x.scalar_type() == torch::kBFloat16 || x.scalar_type() == torch::kFloat32);
}

bool has_norm_for(const torch::Tensor& x) { return x.size(-1) <= cuda::widest_norm(format_of(x)); }

torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double epsilon) {
  return RmsNormFunction::apply(x.contiguous(), weight.contiguous(), epsilon);
}

torch::Tensor layer_norm(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                         double epsilon) {
  return LayerNormFunction::apply(x.contiguous(), weight.contiguous(), bias.contiguous(), epsilon);
}

torch::Tensor swiglu(const torch::Tensor& gate_up) { return SwigluFunction::apply(gate_up.contiguous()); }

Heads split_heads(const torch::Tensor& qkv, std::int64_t heads, std::int64_t kv_heads, const Rotary& rotary) {
  const tensor_list made = SplitFunction::apply(
      qkv.contiguous(), heads, kv_heads, Rotary{rotary.cosines.contiguous(), rotary.sines.contiguous()});
  return {made[0], made[1], made[2]};
}

void adamw_step(torch::Tensor& param, const torch::Tensor& grad, torch::Tensor& mean, torch::Tensor& square,
                const torch::Tensor& grad_scale, std::int64_t step, const AdamW& settings,
                const torch::Tensor& copy) {
  cuda::adamw(compat::place_of(param),
              {.count = param.numel(),
               .param = param.data_ptr<float>(),
               .grad = grad.data_ptr<float>(),
               .mean = mean.data_ptr<float>(),
               .square = square.data_ptr<float>(),
               .grad_scale = grad_scale.data_ptr<float>(),
               .copy = copy.defined() ? copy.data_ptr() : nullptr},
              cpu::adamw_factors(step, settings));
}

void loss_of_logits(const torch::Tensor& logits, const torch::Tensor& targets, const torch::Tensor& weights,
                    double z_loss, bool gradient, const torch::Tensor& cross_entropy,
                    const torch::Tensor& log_z) {
  cuda::cross_entropy(compat::place_of(logits),
                      {.format = format_of(logits),
                       .rows = logits.size(0),
                       .classes = logits.size(1),
                       .z_loss = static_cast<float>(z_loss),
                       .gradient = gradient},
                      logits.data_ptr(), cross_entropy.data_ptr<float>(), log_z.data_ptr<float>(),
                      targets.data_ptr<std::int64_t>(), weights.data_ptr<float>());
}

}  // namespace ablate::fused
