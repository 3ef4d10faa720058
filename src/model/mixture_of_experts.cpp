#include "model/mixture_of_experts.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "model/kernels.hpp"
#include "model/token_dispatch.hpp"

namespace ablate {

namespace {

constexpr double kRouterDeviation = 0.02, kGateEpsilon = 1e-9;

/// Adds the gradient of `loss`, as of a term of the loss, to the backward pass of y.
struct AddLoss : torch::autograd::Function<AddLoss> {
  static torch::Tensor forward(torch::autograd::AutogradContext*, const torch::Tensor& y,
                               const torch::Tensor&) {
    return y.detach();
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext*,
                                               torch::autograd::tensor_list gradients) {
    return {gradients[0], torch::ones({}, gradients[0].options().dtype(torch::kFloat32))};
  }
};

/// The k largest of each row, the largest first; of equals the one that comes first. [N, E] -> [N, k]
torch::Tensor largest(const torch::Tensor& probabilities, std::int64_t k) {
  torch::Tensor left = probabilities.detach();
  std::vector<torch::Tensor> found;
  for (std::int64_t rank = 0; rank < k; ++rank) {
    found.push_back(left.argmax(-1, /*keepdim=*/true));
    if (rank + 1 < k) left = left.scatter(1, found.back(), -1);
  }
  return torch::cat(found, 1);
}

}  // namespace

Routing& Routing::operator+=(const Routing& other) {
  load += other.load;
  dropped += other.dropped;
  load_balance += other.load_balance;
  router_z += other.router_z;
  return *this;
}

Routing stack(const std::vector<Routing>& layers) {
  const auto of = [&](torch::Tensor Routing::*member) {
    std::vector<torch::Tensor> values;
    for (const Routing& layer : layers) values.push_back(layer.*member);
    return torch::stack(values);
  };
  return {of(&Routing::load), of(&Routing::dropped), of(&Routing::load_balance), of(&Routing::router_z)};
}

std::vector<std::pair<std::string, torch::Tensor>> routing_metrics(const Routing& sums,
                                                                   std::int64_t sequences) {
  const auto E = static_cast<double>(std::max<std::int64_t>(sums.load.size(1), 2));
  const torch::Tensor share = sums.load / sums.load.sum(1, /*keepdim=*/true).clamp_min(1);
  const torch::Tensor entropy = -(share * share.clamp_min(1e-30).log()).sum(1) / std::log(E);
  const auto mean = [&](const torch::Tensor& sum) { return sum.mean() / static_cast<double>(sequences); };
  return {{"load_balance_loss", mean(sums.load_balance)},
          {"router_z_loss", mean(sums.router_z)},
          {"busiest_expert", share.max()},
          {"load_entropy", entropy.mean()},
          {"dropped_share", sums.dropped.sum() / sums.load.sum().clamp_min(1)}};
}

MixtureOfExpertsImpl::MixtureOfExpertsImpl(const Llm& llm)
    : moe(llm.moe),
      router(register_parameter("router", empty_weight({moe.experts, llm.width}))),
      gate_up(register_parameter("gate_up", empty_weight({moe.experts, 2 * llm.mlp_width, llm.width}))),
      down(register_parameter("down", empty_weight({moe.experts, llm.width, llm.mlp_width}))),
      gate_up_bf16(place_for_copy(*this, "gate_up")),
      down_bf16(place_for_copy(*this, "down")) {}

torch::Tensor MixtureOfExpertsImpl::forward(const torch::Tensor& x, const torch::Tensor& padding) {
  const std::int64_t B = x.size(0), T = x.size(1), E = moe.experts;
  const torch::Tensor tokens = x.flatten(0, 1);                                    // [N, D]
  const torch::Tensor logits = torch::linear(tokens.to(torch::kFloat32), router);  // [N, E]
  const torch::Tensor probabilities = torch::softmax(logits, -1);
  const torch::Tensor experts = largest(probabilities, moe.top_k);  // [N, k]
  torch::Tensor gates = probabilities.gather(1, experts);
  if (moe.top_k > 1) gates = gates / (gates.sum(1, /*keepdim=*/true) + kGateEpsilon);

  const bool bounded = is_training() && moe.capacity_factor > 0;
  const auto capacity = std::max<std::int64_t>(
      1, static_cast<std::int64_t>(moe.capacity_factor * static_cast<double>(T) / static_cast<double>(E)));
  const torch::Tensor by_position = experts.view({B, T, moe.top_k});
  // On a GPU nothing waits for the device where there is a bound, so that steps can be recorded.
  const TokenDispatch dispatch = bounded && !x.is_cpu()
                                     ? seat_by_expert(by_position, padding, E, capacity)
                                     : sort_by_expert(by_position, padding, E, bounded ? capacity : 0);
  const torch::Tensor gathered = gather_tokens(tokens, dispatch);  // [M, D]
  const torch::Tensor hidden =
      swiglu(grouped_linear(gathered, in_format(gate_up, gate_up_bf16, x.scalar_type()), dispatch.ends));
  const torch::Tensor answers =
      grouped_linear(hidden, in_format(down, down_bf16, x.scalar_type()), dispatch.ends);
  const torch::Tensor y =
      combine_rows(answers, (gates * dispatch.kept).to(x.dtype()), dispatch).view(x.sizes());
  if (!is_training()) return y;

  const torch::Tensor real = padding.defined() ? padding.logical_not().to(torch::kFloat32).unsqueeze(-1)
                                               : torch::ones({B, T, 1}, logits.options());  // [B, T, 1]
  const torch::Tensor count = real.sum(1).clamp_min(1);                                     // [B, 1]
  const torch::Tensor chosen =
      (by_position.unsqueeze(-1) == torch::arange(E, experts.options())).to(torch::kFloat32) *
      real.unsqueeze(-1);  // [B, T, k, E]
  const torch::Tensor first = chosen.select(2, 0).sum(1) / count,
                      probability = (probabilities.view({B, T, E}) * real).sum(1) / count;  // [B, E]
  const torch::Tensor load_balance = (first * probability).sum() * E;
  const torch::Tensor router_z =
      ((torch::logsumexp(logits, -1).square().view({B, T, 1}) * real).sum(1) / count).sum();
  const torch::Tensor load = chosen.sum(at::IntArrayRef{0, 1, 2});
  routing = {load, load.sum() - dispatch.kept.sum(), load_balance.detach(), router_z.detach()};
  const torch::Tensor auxiliary =
      (load_balance * moe.load_balance_loss + router_z * moe.router_z_loss) * sequence_weight;
  return auxiliary.requires_grad() && sequence_weight > 0 ? AddLoss::apply(y, auxiliary) : y;
}

void MixtureOfExpertsImpl::append_weights(Weights& weights, const std::string& prefix, Init first,
                                          Init last) const {
  const std::int64_t F = down.size(2);
  weights.push_back({prefix + "gate.weight", router, Init::normal(kRouterDeviation)});
  for (std::int64_t e = 0; e < moe.experts; ++e) {
    const std::string name = fmt::format("{}experts.{}.", prefix, e);
    weights.push_back({name + "w1.weight", gate_up.select(0, e).narrow(0, 0, F), first});
    weights.push_back({name + "w2.weight", down.select(0, e), last});
    weights.push_back({name + "w3.weight", gate_up.select(0, e).narrow(0, F, F), first});
  }
}

Weights under_dense_names(const Weights& weights) {
  constexpr const char* kSparse = "block_sparse_moe.";
  constexpr std::pair<const char*, const char*> kNames[] = {{".w1.weight", "gate_proj.weight"},
                                                            {".w2.weight", "down_proj.weight"},
                                                            {".w3.weight", "up_proj.weight"}};
  Weights renamed;
  for (Weight weight : weights) {
    const std::size_t at = weight.name.find(kSparse);
    if (at == std::string::npos) {
      renamed.push_back(std::move(weight));
      continue;
    }
    for (const auto& [sparse, dense] : kNames)
      if (weight.name.ends_with(sparse))
        renamed.push_back({weight.name.substr(0, at) + "mlp." + dense, weight.tensor, weight.init});
  }
  return renamed;
}

}  // namespace ablate
