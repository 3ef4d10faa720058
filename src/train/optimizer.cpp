#include "train/optimizer.hpp"

#include <torch/torch.h>

#include <cmath>

#include "model/kernels.hpp"

namespace ablate {

namespace {

/// Norms of pieces of a flat tensor, whose own norm is the tensor's. One long sum of squares in fp32 would be
/// too small: by 0.1 % at 26 million numbers, by 3 % at 200 million.
void append_norms(const torch::Tensor& flat, std::vector<torch::Tensor>& norms) {
  constexpr std::int64_t kPiece = 4096;
  const std::int64_t whole = flat.numel() / kPiece * kPiece;
  norms.push_back(flat.narrow(0, 0, whole).view({-1, kPiece}).norm(2, {1}));
  norms.push_back(flat.slice(0, whole).norm().view({1}));
}

constexpr double kFactorDecay = -0.8, kLeastSquare = 1e-30;

}  // namespace

Optimizer::Factors Optimizer::make_factors(const torch::Tensor& param) {
  const auto options = param.options().requires_grad(false);
  if (param.dim() < 2) return {torch::zeros(param.sizes(), options), {}};
  std::vector<std::int64_t> columns = param.sizes().vec();
  columns.erase(columns.end() - 2);
  return {torch::zeros(param.sizes().slice(0, static_cast<std::size_t>(param.dim() - 1)), options),
          torch::zeros(columns, options)};
}

Optimizer::Optimizer(torch::nn::Module& model, const Train& train) : train_(train) {
  const torch::NoGradGuard no_grad;
  groups_.resize(2);
  groups_[0].decays = true;
  for (const auto& item : model.named_parameters())
    if (item.value().requires_grad())
      groups_[item.value().dim() >= 2 ? 0 : 1].params.emplace_back(item.key(), item.value());
  std::erase_if(groups_, [](const Group& group) { return group.params.empty(); });
  for (Group& group : groups_) {
    std::int64_t count = 0;
    for (const auto& [name, param] : group.params) count += param.numel();
    const auto options = group.params.front().second.options().requires_grad(false);
    group.values = torch::empty({count}, options);
    group.grads = torch::zeros({count}, options);
    if (train_.optimizer == OptimizerKind::adafactor) {
      for (const auto& [name, param] : group.params) group.factors.push_back(make_factors(param));
    } else {
      group.mean = torch::zeros({count}, options);
      group.square = torch::zeros({count}, options);
    }
    std::int64_t begin = 0;
    for (auto& [name, param] : group.params) {
      const torch::Tensor view = group.values.narrow(0, begin, param.numel()).view(param.sizes());
      view.copy_(param);
      param.set_data(view);
      param.mutable_grad() = group.grads.narrow(0, begin, param.numel()).view(param.sizes());
      begin += param.numel();
    }
    if (has_ema()) group.ema = group.values.clone();
    if (train_.precision == Precision::bf16) fill_places(model, group);
  }
}

void Optimizer::fill_places(torch::nn::Module& model, Group& group) {
  auto places = model.named_buffers();
  std::int64_t begin = 0;
  for (const auto& [name, param] : group.params) {
    if (torch::Tensor* const place = places.find(name + "_bf16")) {
      if (!group.copy.defined()) group.copy = group.values.to(torch::kBFloat16);
      place->set_data(group.copy.narrow(0, begin, param.numel()).view(param.sizes()));
    }
    begin += param.numel();
  }
}

void Optimizer::weights_have_changed() {
  for (Group& group : groups_)
    if (group.copy.defined()) group.copy.copy_(group.values);
}

void Optimizer::zero_grad() {
  for (Group& group : groups_) group.grads.zero_();
}

torch::Tensor Optimizer::step(std::int64_t step, double lr) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> norms;
  for (const Group& group : groups_) append_norms(group.grads, norms);
  const torch::Tensor norm = norms.empty() ? torch::zeros({}) : torch::cat(norms).norm();
  const torch::Tensor scale =
      train_.grad_clip > 0 ? (train_.grad_clip / (norm + 1e-6)).clamp_max(1.0) : torch::ones_like(norm);
  for (Group& group : groups_) {
    if (train_.optimizer == OptimizerKind::adafactor)
      adafactor_step(group, scale, step, lr);
    else
      adamw_step(group.values, group.grads, group.mean, group.square, scale, step,
                 {.lr = lr,
                  .beta1 = train_.beta1,
                  .beta2 = train_.beta2,
                  .epsilon = train_.epsilon,
                  .weight_decay = group.decays ? train_.weight_decay : 0},
                 group.copy);
    if (has_ema()) group.ema.lerp_(group.values, 1 - train_.ema);
  }
  return norm;
}

void Optimizer::adafactor_step(Group& group, const torch::Tensor& scale, std::int64_t step, double lr) const {
  const double share = std::pow(static_cast<double>(step), kFactorDecay);  // 1 - b
  for (std::size_t i = 0; i < group.params.size(); ++i) {
    const torch::Tensor& param = group.params[i].second;
    Factors& factors = group.factors[i];
    const torch::Tensor grad = param.grad() * scale, square = grad.square() + kLeastSquare;
    torch::Tensor update;
    if (factors.columns.defined()) {
      factors.rows.lerp_(square.mean(-1), share);
      factors.columns.lerp_(square.mean(-2), share);
      const torch::Tensor relative = factors.rows / factors.rows.mean(-1, /*keepdim=*/true);
      update = grad * relative.rsqrt().unsqueeze(-1) * factors.columns.rsqrt().unsqueeze(-2);
    } else {
      factors.rows.lerp_(square, share);
      update = grad * factors.rows.rsqrt();
    }
    update /= update.square().mean().sqrt().clamp_min(1);
    if (group.decays) param.mul_(1 - lr * train_.weight_decay);
    param.sub_(update, lr);
  }
  if (group.copy.defined()) group.copy.copy_(group.values);
}

std::vector<std::pair<std::string, torch::Tensor>> Optimizer::views(const std::string& prefix,
                                                                    torch::Tensor Group::*member) const {
  std::vector<std::pair<std::string, torch::Tensor>> found;
  for (const Group& group : groups_) {
    std::int64_t begin = 0;
    for (const auto& [name, param] : group.params) {
      found.emplace_back(prefix + name, (group.*member).narrow(0, begin, param.numel()).view(param.sizes()));
      begin += param.numel();
    }
  }
  return found;
}

std::vector<std::pair<std::string, torch::Tensor>> Optimizer::state() const {
  std::vector<std::pair<std::string, torch::Tensor>> all;
  const auto append = [&](const char* prefix, torch::Tensor Group::*member) {
    const auto more = views(prefix, member);
    all.insert(all.end(), more.begin(), more.end());
  };
  if (train_.optimizer == OptimizerKind::adafactor) {
    for (const Group& group : groups_)
      for (std::size_t i = 0; i < group.params.size(); ++i) {
        const auto& [rows, columns] = group.factors[i];
        const std::string& name = group.params[i].first;
        all.emplace_back((columns.defined() ? "exp_avg_sq_row." : "exp_avg_sq.") + name, rows);
        if (columns.defined()) all.emplace_back("exp_avg_sq_col." + name, columns);
      }
  } else {
    append("exp_avg.", &Group::mean);
    append("exp_avg_sq.", &Group::square);
  }
  if (has_ema()) append("ema.", &Group::ema);
  return all;
}

void Optimizer::swap_ema() {
  const torch::NoGradGuard no_grad;
  for (Group& group : groups_) {
    const torch::Tensor weights = group.values.clone();
    group.values.copy_(group.ema);
    group.ema.copy_(weights);
  }
  weights_have_changed();
}

std::int64_t Optimizer::trainable() const {
  std::int64_t count = 0;
  for (const Group& group : groups_) count += group.values.numel();
  return count;
}

}  // namespace ablate
