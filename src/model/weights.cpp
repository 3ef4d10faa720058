#include "model/weights.hpp"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <cmath>

#include "model/random_numbers.hpp"
#include "util/random.hpp"

namespace ablate {

namespace {

constexpr std::int64_t kGrain = 1 << 14;
thread_local torch::Device g_weight_device = torch::kCPU;

/// The gradient of a copy is that of the weight.
struct CopyFunction : torch::autograd::Function<CopyFunction> {
  static torch::Tensor forward(torch::autograd::AutogradContext*, const torch::Tensor&,
                               const torch::Tensor& copy) {
    return copy.detach();
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext*,
                                               torch::autograd::tensor_list gradients) {
    return {gradients[0].to(torch::kFloat32), torch::Tensor()};
  }
};

}  // namespace

torch::Tensor place_for_copy(torch::nn::Module& module, const std::string& parameter) {
  return module.register_buffer(parameter + "_bf16", torch::empty({0}, torch::kBFloat16));
}

torch::Tensor in_format(const torch::Tensor& weight, const torch::Tensor& copy, torch::ScalarType type) {
  if (copy.numel() == 0 || copy.scalar_type() != type) return weight.to(type);
  return CopyFunction::apply(weight, copy);
}

torch::Tensor empty_weight(torch::IntArrayRef shape) {
  return torch::empty(shape, torch::TensorOptions(torch::kFloat32).device(g_weight_device));
}

WeightDevice::WeightDevice(torch::Device device) : before_(g_weight_device) { g_weight_device = device; }
WeightDevice::~WeightDevice() { g_weight_device = before_; }

Init Init::xavier(std::int64_t fan_in, std::int64_t fan_out) {
  return uniform(std::sqrt(6.0 / static_cast<double>(fan_in + fan_out)));
}

void initialise(const Weights& weights, std::uint64_t seed) {
  const torch::NoGradGuard no_grad;
  for (const Weight& weight : weights) {
    const std::int64_t count = weight.tensor.numel();
    switch (weight.init.kind) {
      case Init::Kind::constant:
        weight.tensor.fill_(weight.init.value);
        break;
      case Init::Kind::normal:
        weight.tensor.copy_(normal_numbers(seed, weight.name, 0, count, torch::kCPU)
                                .mul_(weight.init.value)
                                .view(weight.tensor.sizes()));
        break;
      case Init::Kind::uniform: {
        const RandomStream random(seed, weight.name);
        torch::Tensor numbers = torch::empty({count}, torch::kFloat32);
        float* values = numbers.data_ptr<float>();
        at::parallel_for(0, count, kGrain, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i)
            values[i] = static_cast<float>((2 * random.uniform(static_cast<std::uint64_t>(i)) - 1) *
                                           weight.init.value);
        });
        weight.tensor.copy_(numbers.view(weight.tensor.sizes()));
        break;
      }
    }
  }
}

}  // namespace ablate
