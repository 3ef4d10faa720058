// A mixture of experts in place of a decoder block's MLP: a router sends each token to a few of many SwiGLUs
// (Lepikhin et al. 2021, GShard; losses as in Zoph et al. 2022, ST-MoE).
//
// Shape letters: B sequences, T positions, N = B T, D width, F hidden width, E experts, k choices, L layers.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "config/experiment.hpp"
#include "model/weights.hpp"

namespace ablate {

/// How the tokens of a micro-batch went to the experts: sums, to be added up over the micro-batches of a
/// step. Padding does not count, places of pictures do. Not differentiable; of one layer, or of L layers
/// stacked.
struct Routing {
  torch::Tensor load;     ///< [E] fp32: choices of each expert, before any is dropped.
  torch::Tensor dropped;  ///< Scalar: choices that were dropped.
  /// Scalar: over sequences, E sum_e f_e P_e, where f_e is the share of tokens whose first choice is e and
  /// P_e the mean of their probabilities of e. 1 where either is uniform.
  torch::Tensor load_balance;
  torch::Tensor router_z;  ///< Scalar: over sequences, the mean over tokens of log(sum_e exp(logit_e))^2.

  Routing& operator+=(const Routing& other);
};
Routing stack(const std::vector<Routing>& layers);
/// Of the sums of a step over `sequences`, L layers stacked, in words of metrics, scalars:
/// "load_balance_loss" and "router_z_loss" (means over sequences and layers, without their weights),
/// "busiest_expert" (the largest share of a layer's choices that one expert gets), "load_entropy" (of those
/// shares, over log E, mean over layers: 1 is uniform), "dropped_share" (of all choices).
std::vector<std::pair<std::string, torch::Tensor>> routing_metrics(const Routing& sums,
                                                                   std::int64_t sequences);

/// y = sum over the k likeliest experts e of g_e * expert_e(x): p = softmax(router x) in fp32; g are their p
/// divided by the sum of these (p itself where k is 1: Fedus et al. 2022). In training (is_training()) an
/// expert takes floor(capacity_factor T / E) tokens of a sequence, at least 1; what it drops is taken out of
/// the sum, and no other gate changes.
struct MixtureOfExpertsImpl : torch::nn::Module {
  explicit MixtureOfExpertsImpl(const Llm& llm);
  /// x [B, T, D]; padding [B, T] bool, undefined: there is none. Padding's result is 0.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& padding);
  /// Mixtral's names: "gate.weight" (the router), "experts.0.w1.weight" (gate), w2 (down), w3 (up).
  void append_weights(Weights& weights, const std::string& prefix, Init first, Init last) const;

  Moe moe;
  torch::Tensor router;                   ///< [E, D]
  torch::Tensor gate_up, down;            ///< [E, 2 F, D], [E, D, F]
  torch::Tensor gate_up_bf16, down_bf16;  ///< See place_for_copy().
  /// What the auxiliary losses of one sequence in this layer count for in the loss of a step. Their gradient
  /// is added where that of the result passes; the result itself stays as it is.
  double sequence_weight = 0;
  Routing routing;  ///< Of the last forward pass in training.
};
TORCH_MODULE(MixtureOfExperts);

/// A decoder's weights under the names that they have in a dense one, each expert under that of the MLP which
/// it starts as a copy of; routers, which a dense decoder has not, are left out (sparse upcycling:
/// Komatsuzaki et al. 2023).
Weights under_dense_names(const Weights& weights);

}  // namespace ablate
