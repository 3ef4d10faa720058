// The loss of the head through chunks of rows: the logits of a chunk, their loss, and the gradients of hidden
// and weight, which need nothing from the backward pass but a factor.
#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <cmath>

#include "model/kernels_cpu.hpp"
#include "model/kernels_fused.hpp"

namespace ablate {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

/// The loss of one row of logits: cross entropy, and log Z. With `gradient` the logits become
/// d(weight * loss) / d(logits), else they are spent.
ABLATE_CLONES void logits_row(float* logits, std::int64_t classes, std::int64_t target, float weight,
                              float z_loss, bool gradient, float& cross_entropy, float& log_z) {
  const float greatest = cpu::max_of(logits, classes), of_target = logits[target] - greatest;
  const float sum = cpu::exp_in_place(logits, classes, greatest);
  cross_entropy = std::log(sum) - of_target;
  log_z = greatest + std::log(sum);
  if (!gradient) return;
  const float factor = weight * (1 + 2 * z_loss * log_z) / sum;
  for (std::int64_t i = 0; i < classes; ++i) logits[i] *= factor;
  logits[target] -= weight;
}

/// Rows of the head's input, and what becomes of them.
struct HeadRows {
  torch::Tensor hidden, targets, weights;  ///< [n, D], [n], [n]
  torch::Tensor cross_entropy, log_z;      ///< [n], written.
  HeadRows narrow(std::int64_t first, std::int64_t rows) const {
    const auto part = [=](const torch::Tensor& x) { return x.narrow(0, first, rows); };
    return {part(hidden), part(targets), part(weights), part(cross_entropy), part(log_z)};
  }
};

/// On the CPU in fp32, in place: logits [n, V] become their gradient.
void loss_of_logits(const HeadRows& rows, const torch::Tensor& logits, double z_loss, bool gradient) {
  const std::int64_t classes = logits.size(1);
  float* const values = logits.data_ptr<float>();
  const std::int64_t* const target = rows.targets.data_ptr<std::int64_t>();
  const float* const weight = rows.weights.data_ptr<float>();
  float *const losses = rows.cross_entropy.data_ptr<float>(), *const log_z = rows.log_z.data_ptr<float>();
  at::parallel_for(0, logits.size(0), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      TORCH_CHECK_INDEX(target[i] >= 0 && target[i] < classes, "target ", target[i], " of ", classes,
                        " classes");
      logits_row(values + i * classes, classes, target[i], weight[i], static_cast<float>(z_loss), gradient,
                 losses[i], log_z[i]);
    }
  });
}

/// The same anywhere, by LibTorch's operators; returns the gradient in fp32, undefined without `gradient`.
torch::Tensor loss_of_logits_anywhere(const HeadRows& rows, const torch::Tensor& logits, double z_loss,
                                      bool gradient) {
  const torch::Tensor wide = logits.to(torch::kFloat32), target = rows.targets.unsqueeze(1);
  const torch::Tensor log_z = wide.logsumexp(-1);
  rows.log_z.copy_(log_z);
  rows.cross_entropy.copy_(log_z - wide.gather(1, target).squeeze(1));
  if (!gradient) return {};
  const torch::Tensor factors = rows.weights * (1 + 2 * z_loss * log_z);
  return (wide - log_z.unsqueeze(1))
      .exp_()
      .mul_(factors.unsqueeze(1))
      .scatter_add_(1, target, -rows.weights.unsqueeze(1));
}

struct HeadGradients {
  bool wanted_hidden = false, wanted_weight = false;
  torch::Tensor hidden, weight;  ///< Of the total, where wanted.
};

HeadLoss chunks_of_head(const torch::Tensor& hidden, const torch::Tensor& weight,
                        const torch::Tensor& targets, const torch::Tensor& weights, double z_loss,
                        std::int64_t chunk_rows, HeadGradients& gradients) {
  const torch::NoGradGuard no_grad;
  const std::int64_t N = hidden.size(0), V = weight.size(0);
  const bool ours = hidden.is_cpu() && hidden.scalar_type() == torch::kFloat32;
  const bool gradient = gradients.wanted_hidden || gradients.wanted_weight;
  const torch::Tensor narrow_weight = weight.to(hidden.dtype());
  const auto wide = hidden.options().dtype(torch::kFloat32);
  const HeadRows all{hidden, targets, weights, torch::empty({N}, wide), torch::empty({N}, wide)};
  if (gradients.wanted_hidden) gradients.hidden = torch::empty_like(hidden);
  if (gradients.wanted_weight) gradients.weight = torch::zeros_like(weight);

  const torch::Tensor buffer = torch::empty({std::min(N, chunk_rows), V}, hidden.options());
  for (std::int64_t first = 0; first < N; first += chunk_rows) {
    const std::int64_t n = std::min(chunk_rows, N - first);
    const HeadRows rows = all.narrow(first, n);
    torch::Tensor logits = buffer.narrow(0, 0, n);
    at::mm_out(logits, rows.hidden, narrow_weight.t());
    if (ours)
      loss_of_logits(rows, logits, z_loss, gradient);
    else if (fused::are_for(logits))
      fused::loss_of_logits(logits, rows.targets, rows.weights, z_loss, gradient, rows.cross_entropy,
                            rows.log_z);
    else if (const torch::Tensor made = loss_of_logits_anywhere(rows, logits, z_loss, gradient); gradient)
      logits.copy_(made);
    if (gradients.wanted_hidden) {
      torch::Tensor part = gradients.hidden.narrow(0, first, n);
      at::mm_out(part, logits, narrow_weight);
    }
    if (gradients.wanted_weight) {
      if (weight.scalar_type() == hidden.scalar_type())
        gradients.weight.addmm_(logits.t(), rows.hidden);
      else
        gradients.weight.add_(torch::mm(logits.t(), rows.hidden));  // The sum over chunks is in fp32.
    }
  }
  const torch::Tensor log_z = all.log_z.to(torch::kFloat64);
  const torch::Tensor losses = weights * (all.cross_entropy + z_loss * log_z.square());
  return {losses.sum().to(torch::kFloat32), all.cross_entropy};
}

struct HeadLossFunction : torch::autograd::Function<HeadLossFunction> {
  static tensor_list forward(AutogradContext* context, const torch::Tensor& hidden,
                             const torch::Tensor& weight, const torch::Tensor& targets,
                             const torch::Tensor& weights, double z_loss, std::int64_t chunk_rows) {
    HeadGradients gradients{hidden.requires_grad(), weight.requires_grad(), {}, {}};
    const HeadLoss loss = chunks_of_head(hidden, weight, targets, weights, z_loss, chunk_rows, gradients);
    context->mark_non_differentiable({loss.cross_entropy});
    context->saved_data["hidden"] = gradients.hidden;
    context->saved_data["weight"] = gradients.weight;
    return {loss.total, loss.cross_entropy};
  }
  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    TORCH_CHECK(!context->saved_data.empty(), "head_loss has no second backward pass");
    tensor_list made = {context->saved_data["hidden"].toTensor(), context->saved_data["weight"].toTensor()};
    context->saved_data.clear();  // Held by nobody else, a gradient is taken over rather than copied.
    const bool is_one = gradients[0].is_cpu() && gradients[0].item<float>() == 1;
    for (torch::Tensor& gradient : made)
      if (gradient.defined() && !is_one) gradient.mul_(gradients[0]);
    return {made[0], made[1], {}, {}, {}, {}};
  }
};

}  // namespace

HeadLoss chunked_head_loss(const torch::Tensor& hidden, const torch::Tensor& weight,
                           const torch::Tensor& targets, const torch::Tensor& weights, double z_loss,
                           std::int64_t chunk_rows) {
  if (chunk_rows <= 0) {
    // A few MiB on the CPU: the logits stay in its caches. Elsewhere large products are what counts.
    const std::int64_t logits = hidden.is_cpu() ? std::int64_t{1} << 22 : std::int64_t{1} << 26;
    chunk_rows = std::max<std::int64_t>(64, logits / weight.size(0));
  }
  const torch::Tensor rows = hidden.contiguous(), matrix = weight.contiguous();
  if (!torch::GradMode::is_enabled() || !(rows.requires_grad() || matrix.requires_grad())) {
    HeadGradients none;
    return chunks_of_head(rows, matrix, targets.contiguous(), weights.contiguous(), z_loss, chunk_rows, none);
  }
  const tensor_list made = HeadLossFunction::apply(rows, matrix, targets.contiguous(),
                                                   weights.contiguous().detach(), z_loss, chunk_rows);
  return {made[0], made[1]};
}

}  // namespace ablate
