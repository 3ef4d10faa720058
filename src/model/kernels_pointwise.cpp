// Kernels of the CPU that go over their tensors once, row by row: normalisation, SwiGLU and AdamW.
#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <cmath>

#include "model/kernels_cpu.hpp"

namespace ablate::cpu {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

constexpr std::int64_t kBlockValues = 16384;  ///< Values of one block of work: 64 KiB, about a cache.

/// Calls work(first, last) for blocks of `block` of the `count` things, on all threads.
template <class Work>
void for_blocks(std::int64_t count, std::int64_t block, const Work& work) {
  at::parallel_for(0, (count + block - 1) / block, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) work(i * block, std::min(count, (i + 1) * block));
  });
}

std::int64_t rows_in_block(std::int64_t width) { return std::max<std::int64_t>(1, kBlockValues / width); }

ABLATE_CLONES void norm_rows(float* __restrict y, float* __restrict scales, const float* __restrict x,
                             const float* __restrict weight, std::int64_t rows, std::int64_t width,
                             float epsilon) {
  for (std::int64_t row = 0; row < rows; ++row, x += width, y += width) {
    const float square = sum_of(width, [x](std::int64_t i) { return x[i] * x[i]; });
    const float scale = 1 / std::sqrt(square / static_cast<float>(width) + epsilon);
    for (std::int64_t i = 0; i < width; ++i) y[i] = x[i] * scale * weight[i];
    scales[row] = scale;
  }
}

/// With s the row's scale: dx = s (dy w - x s^2 mean(dy w x)), dweight = sum over rows of dy x s.
ABLATE_CLONES void norm_rows_backward(float* __restrict dx, float* __restrict dweight,
                                      const float* __restrict dy, const float* __restrict scales,
                                      const float* __restrict x, const float* __restrict weight,
                                      std::int64_t rows, std::int64_t width) {
  for (std::int64_t row = 0; row < rows; ++row, x += width, dx += width, dy += width) {
    const float scale = scales[row];
    const float dot = sum_of(width, [=](std::int64_t i) { return dy[i] * weight[i] * x[i]; });
    const float shift = scale * scale * scale * dot / static_cast<float>(width);
    for (std::int64_t i = 0; i < width; ++i) {
      dx[i] = dy[i] * weight[i] * scale - x[i] * shift;
      dweight[i] += dy[i] * x[i] * scale;
    }
  }
}

struct RmsNormFunction : torch::autograd::Function<RmsNormFunction> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& weight,
                               double epsilon) {
    const std::int64_t width = x.size(-1), rows = x.numel() / width;
    torch::Tensor y = torch::empty_like(x);
    const torch::Tensor scales = torch::empty({rows}, x.options());
    float* const to = y.data_ptr<float>();
    float* const scale = scales.data_ptr<float>();
    const float* const from = x.data_ptr<float>();
    for_blocks(rows, rows_in_block(width), [&](std::int64_t first, std::int64_t last) {
      norm_rows(to + first * width, scale + first, from + first * width, weight.data_ptr<float>(),
                last - first, width, static_cast<float>(epsilon));
    });
    context->save_for_backward({x, weight, scales});
    return y;
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const tensor_list saved = context->get_saved_variables();
    const torch::Tensor dy = gradients[0].contiguous(), x = saved[0], weight = saved[1], scales = saved[2];
    const std::int64_t width = x.size(-1), rows = x.numel() / width, block = rows_in_block(width);
    torch::Tensor dx = torch::empty_like(x);
    // One sum for each block, added in the order of the blocks: the same bits for any number of threads.
    const torch::Tensor sums = torch::zeros({(rows + block - 1) / block, width}, x.options());
    for_blocks(rows, block, [&](std::int64_t first, std::int64_t last) {
      norm_rows_backward(dx.data_ptr<float>() + first * width, sums.data_ptr<float>() + first / block * width,
                         dy.data_ptr<float>() + first * width, scales.data_ptr<float>() + first,
                         x.data_ptr<float>() + first * width, weight.data_ptr<float>(), last - first, width);
    });
    torch::Tensor dweight = torch::zeros_like(weight);
    float* const to = dweight.data_ptr<float>();
    const float* from = sums.data_ptr<float>();
    for (std::int64_t i = 0; i < sums.size(0); ++i, from += width)
      for (std::int64_t j = 0; j < width; ++j) to[j] += from[j];
    return {dx, dweight, torch::Tensor()};
  }
};

ABLATE_INLINE float sigmoid(float x) { return 1 / (1 + fast_exp(std::min(-x, 87.0f))); }

ABLATE_CLONES void swiglu_rows(float* __restrict y, const float* __restrict gate_up, std::int64_t rows,
                               std::int64_t width) {
  for (std::int64_t row = 0; row < rows; ++row, y += width, gate_up += 2 * width) {
    const float *const gate = gate_up, *const up = gate_up + width;
    for (std::int64_t i = 0; i < width; ++i) y[i] = gate[i] * sigmoid(gate[i]) * up[i];
  }
}

ABLATE_CLONES void swiglu_rows_backward(float* __restrict dgate_up, const float* __restrict dy,
                                        const float* __restrict gate_up, std::int64_t rows,
                                        std::int64_t width) {
  for (std::int64_t row = 0; row < rows; ++row, dy += width, gate_up += 2 * width, dgate_up += 2 * width) {
    const float *const gate = gate_up, *const up = gate_up + width;
    float *const dgate = dgate_up, *const dup = dgate_up + width;
    for (std::int64_t i = 0; i < width; ++i) {
      const float s = sigmoid(gate[i]);
      dgate[i] = dy[i] * up[i] * s * (1 + gate[i] * (1 - s));
      dup[i] = dy[i] * gate[i] * s;
    }
  }
}

struct SwigluFunction : torch::autograd::Function<SwigluFunction> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& gate_up) {
    std::vector<std::int64_t> shape = gate_up.sizes().vec();
    const std::int64_t width = shape.back() /= 2;
    torch::Tensor y = torch::empty(shape, gate_up.options());
    for_blocks(y.numel() / width, rows_in_block(width), [&](std::int64_t first, std::int64_t last) {
      swiglu_rows(y.data_ptr<float>() + first * width, gate_up.data_ptr<float>() + first * 2 * width,
                  last - first, width);
    });
    context->save_for_backward({gate_up});
    return y;
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const torch::Tensor gate_up = context->get_saved_variables()[0], dy = gradients[0].contiguous();
    const std::int64_t width = dy.size(-1);
    torch::Tensor dgate_up = torch::empty_like(gate_up);
    for_blocks(dy.numel() / width, rows_in_block(width), [&](std::int64_t first, std::int64_t last) {
      swiglu_rows_backward(dgate_up.data_ptr<float>() + first * 2 * width,
                           dy.data_ptr<float>() + first * width,
                           gate_up.data_ptr<float>() + first * 2 * width, last - first, width);
    });
    return {dgate_up};
  }
};

ABLATE_CLONES void adamw_values(float* __restrict param, const float* __restrict grad, float* __restrict mean,
                                float* __restrict square, std::int64_t n, float grad_scale,
                                const cuda::AdamWFactors& factors) {
  const cuda::AdamWFactors f = factors;
  for (std::int64_t i = 0; i < n; ++i) {
    const float g = grad[i] * grad_scale;
    const float m = f.beta1 * mean[i] + f.one_minus_beta1 * g;
    const float v = f.beta2 * square[i] + f.one_minus_beta2 * (g * g);
    mean[i] = m;
    square[i] = v;
    param[i] = param[i] * f.decay - f.rate * m / (std::sqrt(v) * f.root_scale + f.epsilon);
  }
}

}  // namespace

torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double epsilon) {
  if (x.numel() == 0) return reference::rms_norm(x, weight, epsilon);
  return RmsNormFunction::apply(x.contiguous(), weight.contiguous(), epsilon);
}

torch::Tensor swiglu(const torch::Tensor& gate_up) {
  if (gate_up.numel() == 0) return reference::swiglu(gate_up);
  return SwigluFunction::apply(gate_up.contiguous());
}

cuda::AdamWFactors adamw_factors(std::int64_t step, const AdamW& settings) {
  const double n = static_cast<double>(step);
  const auto narrow = [](double x) { return static_cast<float>(x); };
  return {.decay = narrow(1 - settings.lr * settings.weight_decay),
          .beta1 = narrow(settings.beta1),
          .beta2 = narrow(settings.beta2),
          .one_minus_beta1 = narrow(1 - settings.beta1),
          .one_minus_beta2 = narrow(1 - settings.beta2),
          .rate = narrow(settings.lr / (1 - std::pow(settings.beta1, n))),
          .root_scale = narrow(1 / std::sqrt(1 - std::pow(settings.beta2, n))),
          .epsilon = narrow(settings.epsilon)};
}

void adamw_step(torch::Tensor& param, const torch::Tensor& grad, torch::Tensor& mean, torch::Tensor& square,
                const torch::Tensor& grad_scale, std::int64_t step, const AdamW& settings) {
  const cuda::AdamWFactors factors = adamw_factors(step, settings);
  const float scale = grad_scale.item<float>();
  float* const p = param.data_ptr<float>();
  const float* const g = grad.data_ptr<float>();
  float* const m = mean.data_ptr<float>();
  float* const v = square.data_ptr<float>();
  for_blocks(param.numel(), kBlockValues, [&](std::int64_t first, std::int64_t last) {
    adamw_values(p + first, g + first, m + first, v + first, last - first, scale, factors);
  });
}

}  // namespace ablate::cpu
