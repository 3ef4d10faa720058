// Held to plain loops over tokens in fp64, written from the description of the gating alone.
#include "model/mixture_of_experts.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "golden.hpp"
#include "model/decoder.hpp"
#include "model/token_dispatch.hpp"
#include "model/vision_language_model.hpp"

using namespace ablate;
namespace tt = boost::test_tools;

namespace {

Llm sparse_llm(const Moe& moe) {
  return {.layers = 4, .width = 16, .heads = 4, .kv_heads = 2, .mlp_width = 24, .vocab_size = 13, .moe = moe};
}

MixtureOfExperts golden_experts(const Moe& moe) {
  MixtureOfExperts experts(sparse_llm(moe));
  Weights weights;
  experts->append_weights(weights, "", Init::normal(1), Init::normal(1));
  golden::fill(weights);
  const torch::NoGradGuard no_grad;
  experts->router.mul_(8);  // Else all experts are nearly as likely.
  return experts;
}

/// [B, T] bool: the last `count` positions of the first row.
torch::Tensor padding_of(std::int64_t B, std::int64_t T, std::int64_t count) {
  torch::Tensor padding = torch::zeros({B, T}, torch::kBool);
  padding[0].narrow(0, T - count, count).fill_(true);
  return padding;
}

/// Whether each choice is kept, by the seats that are left: experts [B, T, k] of one group a row.
std::vector<bool> kept_choices(const torch::Tensor& experts, const torch::Tensor& padding,
                               std::int64_t num_experts, std::int64_t capacity) {
  const std::int64_t B = experts.size(0), T = experts.size(1), k = experts.size(2);
  std::vector<bool> kept(static_cast<std::size_t>(B * T * k));
  for (std::int64_t b = 0; b < B; ++b)
    for (std::int64_t e = 0; e < num_experts; ++e) {
      std::int64_t seats = capacity == 0 ? std::numeric_limits<std::int64_t>::max() : capacity;
      for (std::int64_t rank = 0; rank < k; ++rank)
        for (std::int64_t t = 0; t < T; ++t) {
          const bool asks = experts[b][t][rank].item<std::int64_t>() == e &&
                            !(padding.defined() && padding[b][t].item<bool>());
          if (asks && seats > 0) {
            --seats;
            kept[static_cast<std::size_t>((b * T + t) * k + rank)] = true;
          }
        }
    }
  return kept;
}

struct Reference {
  torch::Tensor y, load_balance, router_z;  ///< fp64, differentiable; sums over sequences.
  std::vector<double> load;
  double dropped = 0;
};

/// The layer token by token. `layer` gives weights, which may be fp64 copies that require gradients.
Reference in_loops(const torch::Tensor& x, const torch::Tensor& padding, const Moe& moe,
                   const torch::Tensor& router, const torch::Tensor& gate_up, const torch::Tensor& down,
                   std::int64_t capacity) {
  const std::int64_t B = x.size(0), T = x.size(1), E = moe.experts, F = down.size(2);
  Reference found{.y = torch::zeros_like(x),
                  .load_balance = torch::zeros({}, torch::kFloat64),
                  .router_z = torch::zeros({}, torch::kFloat64),
                  .load = std::vector<double>(static_cast<std::size_t>(E))};
  torch::Tensor choices = torch::zeros({B, T, moe.top_k}, torch::kInt64);
  std::vector<torch::Tensor> probabilities;
  for (std::int64_t b = 0; b < B; ++b) {
    torch::Tensor first = torch::zeros({E}, torch::kFloat64), mean = torch::zeros({E}, torch::kFloat64),
                  square = torch::zeros({}, torch::kFloat64);
    double count = 0;
    for (std::int64_t t = 0; t < T; ++t) {
      const torch::Tensor logits = torch::mv(router, x[b][t]);
      const torch::Tensor exponentials = logits.exp();
      const torch::Tensor p = probabilities.emplace_back(exponentials / exponentials.sum());
      std::set<std::int64_t> taken;
      for (std::int64_t rank = 0; rank < moe.top_k; ++rank) {
        std::int64_t best = -1;
        for (std::int64_t e = 0; e < E; ++e)
          if (!taken.count(e) && (best < 0 || p[e].item<double>() > p[best].item<double>())) best = e;
        taken.insert(best);
        choices[b][t][rank] = best;
      }
      if (padding.defined() && padding[b][t].item<bool>()) continue;
      count += 1;
      first[choices[b][t][0].item<std::int64_t>()] += 1;
      mean = mean + p;
      square = square + exponentials.sum().log().square();
      for (const std::int64_t e : taken) ++found.load[static_cast<std::size_t>(e)];
    }
    found.load_balance = found.load_balance + static_cast<double>(E) * (first / count * mean / count).sum();
    found.router_z = found.router_z + square / count;
  }
  const std::vector<bool> kept = kept_choices(choices, padding, E, capacity);
  std::vector<torch::Tensor> rows;
  for (std::int64_t b = 0; b < B; ++b)
    for (std::int64_t t = 0; t < T; ++t) {
      const std::int64_t token = b * T + t;
      torch::Tensor sum = torch::zeros({x.size(2)}, torch::kFloat64),
                    gates = torch::zeros({}, torch::kFloat64);
      const torch::Tensor& p = probabilities[static_cast<std::size_t>(token)];
      for (std::int64_t rank = 0; rank < moe.top_k; ++rank)
        gates = gates + p[choices[b][t][rank].item<std::int64_t>()];
      for (std::int64_t rank = 0; rank < moe.top_k; ++rank) {
        const std::int64_t e = choices[b][t][rank].item<std::int64_t>();
        const bool real = !(padding.defined() && padding[b][t].item<bool>());
        if (!kept[static_cast<std::size_t>(token * moe.top_k + rank)]) {
          found.dropped += real;
          continue;
        }
        const torch::Tensor hidden = torch::mv(gate_up[e], x[b][t]);
        const torch::Tensor gate = hidden.narrow(0, 0, F), up = hidden.narrow(0, F, F);
        const torch::Tensor answer = torch::mv(down[e], gate * torch::sigmoid(gate) * up);
        sum = sum + answer * (moe.top_k > 1 ? p[e] / gates : p[e]);
      }
      rows.push_back(sum);
    }
  found.y = torch::stack(rows).view(x.sizes());
  return found;
}

double largest_difference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a.to(torch::kFloat64) - b.to(torch::kFloat64)).abs().max().item<double>();
}

torch::Tensor random_choices(const char* name, std::int64_t B, std::int64_t T, std::int64_t k,
                             std::int64_t E) {
  return golden::numbers(name, {B, T, E}).argsort(-1, /*descending=*/false).narrow(-1, 0, k).contiguous();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mixture_of_experts)

BOOST_AUTO_TEST_CASE(choices_are_dropped_in_the_order_of_their_rank_and_place) {
  // Expert 0 has two seats: both go to first choices, before the second choice of the first token.
  const torch::Tensor four = torch::tensor({1, 0, 0, 1, 0, 1, 0, 1}, torch::kInt64).view({1, 4, 2});
  for (const auto& dispatch : {sort_by_expert(four, {}, 2, 2), seat_by_expert(four, {}, 2, 2)}) {
    const torch::Tensor kept = torch::tensor({1, 0, 1, 1, 1, 0, 0, 0}, torch::kFloat32).view({4, 2});
    BOOST_TEST(torch::equal(dispatch.kept, kept));
  }
  for (const std::int64_t k : {1, 2, 3})
    for (const std::int64_t capacity : {0, 1, 2, 5, 12})
      for (const bool padded : {false, true}) {
        BOOST_TEST_CONTEXT("top " << k << ", capacity " << capacity << (padded ? ", padded" : "")) {
          const std::int64_t B = 3, T = 12, E = 5;
          const torch::Tensor experts = random_choices("choices", B, T, k, E);
          const torch::Tensor padding = padded ? padding_of(B, T, 4) : torch::Tensor();
          const std::vector<bool> expected = kept_choices(experts, padding, E, capacity);
          std::vector<TokenDispatch> made = {sort_by_expert(experts, padding, E, capacity)};
          if (capacity > 0) made.push_back(seat_by_expert(experts, padding, E, capacity));
          BOOST_TEST(made[0].choices.size(0) == std::count(expected.begin(), expected.end(), true));
          for (const TokenDispatch& dispatch : made) {
            std::set<std::int64_t> rows;
            for (std::int64_t choice = 0; choice < B * T * k; ++choice) {
              const bool kept = dispatch.kept.flatten()[choice].item<double>() > 0;
              BOOST_TEST(kept == expected[static_cast<std::size_t>(choice)]);
              if (!kept) continue;
              const auto row = dispatch.rows.flatten()[choice].item<std::int64_t>();
              const auto e = static_cast<std::size_t>(experts.flatten()[choice].item<std::int64_t>());
              BOOST_TEST(rows.insert(row).second);
              BOOST_TEST(dispatch.choices[row].item<std::int64_t>() == choice);
              BOOST_TEST(row < dispatch.ends[e]);
              BOOST_TEST(row >= (e == 0 ? 0 : dispatch.ends[e - 1]));
              BOOST_TEST(dispatch.filled[row].item<double>() == 1);
            }
            BOOST_TEST(dispatch.filled.sum().item<double>() == static_cast<double>(rows.size()));
          }
        }
      }
}

BOOST_AUTO_TEST_CASE(tables_of_either_kind_give_the_same_sums_and_gradients) {
  const std::int64_t B = 2, T = 10, k = 2, E = 4, D = 6, O = 5, capacity = 3;
  const torch::Tensor experts = random_choices("choices", B, T, k, E), padding = padding_of(B, T, 3);
  const auto run = [&](const TokenDispatch& dispatch) {
    torch::Tensor x = golden::numbers("x", {B * T, D}).requires_grad_(),
                  weight = golden::numbers("weight", {E, O, D}).requires_grad_(),
                  gates = golden::numbers("gates", {B * T, k}).requires_grad_();
    const torch::Tensor y = combine_rows(grouped_linear(gather_tokens(x, dispatch), weight, dispatch.ends),
                                         gates * dispatch.kept, dispatch);
    (y * golden::numbers("dy", {B * T, O})).sum().backward();
    return std::vector<torch::Tensor>{y, x.grad(), weight.grad(), gates.grad()};
  };
  const auto sorted = run(sort_by_expert(experts, padding, E, capacity)),
             seated = run(seat_by_expert(experts, padding, E, capacity));
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    BOOST_TEST(sorted[i].abs().max().item<double>() > 0);
    BOOST_TEST(largest_difference(sorted[i], seated[i]) < 1e-6, "part " << i);
  }
}

BOOST_AUTO_TEST_CASE(nothing_but_padding_is_no_mistake) {
  MixtureOfExperts experts = golden_experts({.experts = 4});
  const torch::Tensor x = golden::numbers("x", {1, 3, 16}).requires_grad_();
  const torch::Tensor y = experts(x, torch::ones({1, 3}, torch::kBool));
  y.sum().backward();
  BOOST_TEST(y.abs().max().item<double>() == 0);
  BOOST_TEST(x.grad().abs().max().item<double>() == 0);
  BOOST_TEST(experts->gate_up.grad().abs().max().item<double>() == 0);
  BOOST_TEST(experts->routing.load.sum().item<double>() == 0);
}

BOOST_AUTO_TEST_CASE(results_losses_and_gradients_are_those_of_loops_over_tokens) {
  for (const std::int64_t k : {1, 2, 3})
    for (const double factor : {0.0, 1.0, 2.5}) {
      BOOST_TEST_CONTEXT("top " << k << ", capacity factor " << factor) {
        const Moe moe{.experts = 5,
                      .top_k = k,
                      .capacity_factor = factor,
                      .load_balance_loss = 0.3,
                      .router_z_loss = 0.2};
        const std::int64_t B = 2, T = 11;
        MixtureOfExperts layer = golden_experts(moe);
        layer->sequence_weight = 0.25;
        torch::Tensor x = (golden::numbers("x", {B, T, 16}) * 4).requires_grad_();
        const torch::Tensor padding = padding_of(B, T, 3), dy = golden::numbers("dy", {B, T, 16});
        const torch::Tensor y = layer(x, padding);
        (y * dy).sum().backward();

        std::vector<torch::Tensor> copies;
        for (const torch::Tensor& tensor : {x, layer->router, layer->gate_up, layer->down})
          copies.push_back(tensor.detach().to(torch::kFloat64).requires_grad_());
        const auto capacity = static_cast<std::int64_t>(std::floor(factor * T / 5));
        const Reference expected =
            in_loops(copies[0], padding, moe, copies[1], copies[2], copies[3], capacity);
        const torch::Tensor auxiliary = (expected.load_balance * 0.3 + expected.router_z * 0.2) * 0.25;
        ((expected.y * dy).sum() + auxiliary).backward();
        BOOST_TEST(largest_difference(y, expected.y) < 1e-5);
        const torch::Tensor gradients[] = {x.grad(), layer->router.grad(), layer->gate_up.grad(),
                                           layer->down.grad()};
        for (std::size_t i = 0; i < 4; ++i) {
          const double most = copies[i].grad().abs().max().item<double>();
          BOOST_TEST(most > 1e-3);
          BOOST_TEST(largest_difference(gradients[i], copies[i].grad()) < 1e-5 * std::max(1.0, most),
                     "gradient " << i);
        }
        BOOST_TEST(layer->routing.load_balance.item<double>() == expected.load_balance.item<double>(),
                   tt::tolerance(1e-5));
        BOOST_TEST(layer->routing.router_z.item<double>() == expected.router_z.item<double>(),
                   tt::tolerance(1e-5));
        BOOST_TEST(layer->routing.dropped.item<double>() == expected.dropped);
        if (factor <= 1) BOOST_TEST((expected.dropped > 0) == (factor == 1));
        for (std::size_t e = 0; e < 5; ++e)
          BOOST_TEST(layer->routing.load[static_cast<std::int64_t>(e)].item<double>() == expected.load[e]);
      }
    }
}

BOOST_AUTO_TEST_CASE(equal_experts_are_the_dense_layer) {
  for (const std::int64_t k : {2, 3}) {
    MixtureOfExperts experts = golden_experts({.experts = 4, .top_k = k, .capacity_factor = 0});
    torch::nn::Module block;
    const auto dense =
        make_feed_forward({.kind = FeedForwardKind::swiglu, .width = 16, .hidden_width = 24}, block);
    Weights weights;
    dense->append_weights(weights, "mlp.", Init::normal(1), Init::normal(1));
    golden::fill(weights);
    const torch::NoGradGuard no_grad;
    experts->gate_up.copy_(block.named_parameters()["gate_up.weight"].expand_as(experts->gate_up));
    experts->down.copy_(block.named_parameters()["down.weight"].expand_as(experts->down));
    const torch::Tensor x = golden::numbers("x", {3, 20, 16}) * 4;
    const torch::Tensor expected = dense->forward(x);
    BOOST_TEST(expected.abs().max().item<double>() > 0.1);
    BOOST_TEST(largest_difference(experts->forward(x, {}), expected) < 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(the_balance_loss_is_1_where_the_router_is_uniform) {
  MixtureOfExperts experts = golden_experts({.experts = 8, .capacity_factor = 0});
  const torch::NoGradGuard no_grad;
  experts->router.zero_();
  experts(golden::numbers("x", {3, 20, 16}), padding_of(3, 20, 5));
  BOOST_TEST(experts->routing.load_balance.item<double>() == 3.0, tt::tolerance(1e-6));  // Three sequences.
  BOOST_TEST(experts->routing.router_z.item<double>() == 3 * std::pow(std::log(8.0), 2), tt::tolerance(1e-6));
  const auto metrics = routing_metrics(stack({experts->routing, experts->routing}), 3);
  BOOST_TEST(metrics[0].first == "load_balance_loss");
  BOOST_TEST(metrics[0].second.item<double>() == 1.0, tt::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(metrics_are_of_the_load) {
  const auto options = torch::kFloat32;
  const Routing one{torch::tensor({6.0f, 2.0f}, options), torch::tensor(1.0f), torch::tensor(4.0f),
                    torch::tensor(2.0f)},
      other{torch::tensor({4.0f, 4.0f}, options), torch::tensor(3.0f), torch::tensor(2.0f),
            torch::tensor(6.0f)};
  Routing sums = stack({one, other});
  sums += stack({one, other});
  std::map<std::string, double> found;
  for (const auto& [name, value] : routing_metrics(sums, 2)) found[name] = value.item<double>();
  const double entropy = -(0.75 * std::log(0.75) + 0.25 * std::log(0.25)) / std::log(2.0);
  const std::map<std::string, double> expected = {{"load_balance_loss", 3.0},
                                                  {"router_z_loss", 4.0},
                                                  {"busiest_expert", 0.75},
                                                  {"load_entropy", (entropy + 1) / 2},
                                                  {"dropped_share", 4.0 / 16}};
  BOOST_TEST(found.size() == expected.size());
  for (const auto& [name, value] : expected) BOOST_TEST(found[name] == value, tt::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(in_evaluation_nothing_is_dropped_and_no_token_matters_to_another) {
  const torch::NoGradGuard no_grad;
  MixtureOfExperts experts = golden_experts({.experts = 4, .capacity_factor = 0.5});
  const torch::Tensor x = golden::numbers("x", {1, 24, 16}) * 4;
  torch::Tensor other = x.clone();
  other.narrow(1, 0, 12).copy_(golden::numbers("other", {1, 12, 16}) * 4);
  const auto last = [&](const torch::Tensor& input) {
    return experts->forward(input, {}).narrow(1, 12, 12).clone();
  };
  BOOST_TEST(largest_difference(last(x), last(other)) > 1e-3);  // In training, who comes first is served.
  BOOST_TEST(experts->routing.dropped.item<double>() > 0);
  experts->eval();
  BOOST_TEST(largest_difference(last(x), last(other)) < 1e-6);
  BOOST_TEST(largest_difference(last(x), experts->forward(x.narrow(1, 12, 12), {})) < 1e-6);
}

BOOST_AUTO_TEST_CASE(weights_have_mixtrals_names_and_those_of_the_dense_layers_that_they_copy) {
  Decoder decoder(sparse_llm({.experts = 3, .every = 2}));
  Weights weights;
  decoder->append_weights(weights, "language_model.");
  std::map<std::string, torch::Tensor> by_name;
  for (const Weight& weight : weights) BOOST_TEST(by_name.emplace(weight.name, weight.tensor).second);
  const std::string layer = "language_model.model.layers.1.";
  BOOST_TEST(by_name.at(layer + "block_sparse_moe.gate.weight").sizes() == at::IntArrayRef({3, 16}));
  BOOST_TEST(by_name.at(layer + "block_sparse_moe.experts.2.w1.weight").sizes() == at::IntArrayRef({24, 16}));
  BOOST_TEST(by_name.at(layer + "block_sparse_moe.experts.0.w2.weight").sizes() == at::IntArrayRef({16, 24}));
  BOOST_TEST(by_name.at(layer + "block_sparse_moe.experts.1.w3.weight").sizes() == at::IntArrayRef({24, 16}));
  BOOST_TEST(by_name.count("language_model.model.layers.0.mlp.up_proj.weight") == 1u);
  BOOST_TEST(by_name.count(layer + "mlp.up_proj.weight") == 0u);

  Llm dense_llm = decoder->llm;
  dense_llm.moe.experts = 0;
  Decoder dense(dense_llm);
  Weights dense_weights;
  dense->append_weights(dense_weights, "language_model.");
  std::set<std::string> dense_names, renamed;
  for (const Weight& weight : dense_weights) dense_names.insert(weight.name);
  for (const Weight& weight : under_dense_names(weights)) renamed.insert(weight.name);
  BOOST_TEST(renamed == dense_names, tt::per_element());
  BOOST_TEST(under_dense_names(weights).size() == dense_weights.size() + 2 * 2 * 3);
}

BOOST_AUTO_TEST_CASE(recomputing_blocks_with_experts_changes_no_bit) {
  const auto gradient = [](bool recompute) {
    Decoder decoder(sparse_llm({.experts = 4, .every = 2, .capacity_factor = 1}));
    Weights weights;
    decoder->append_weights(weights, "");
    golden::fill(weights);
    decoder->train_routers(2);
    decoder->recompute = recompute;
    const torch::Tensor x = golden::numbers("x", {2, 30, 16}).requires_grad_();
    decoder(x, torch::arange(30).expand({2, 30}), see_causal(30, torch::kCPU), padding_of(2, 30, 7))
        .square()
        .sum()
        .backward();
    std::vector<torch::Tensor> parts = {x.grad().flatten(), decoder->routing().load.flatten()};
    for (const torch::Tensor& parameter : decoder->blocks[3]->parameters())
      parts.push_back(parameter.grad().flatten());
    return torch::cat(parts);
  };
  BOOST_TEST(torch::equal(gradient(false), gradient(true)));
}

BOOST_AUTO_TEST_SUITE_END()
