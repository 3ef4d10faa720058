#include "train/optimizer.hpp"

#include <torch/torch.h>

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "model/layers.hpp"

using namespace ablate;
namespace tt = boost::test_tools;

namespace {

/// A matrix and a vector.
struct TwoWeights : torch::nn::Module {
  TwoWeights()
      : matrix(register_parameter("matrix", torch::linspace(-1, 1, 12).view({3, 4}).clone())),
        bias(register_parameter("bias", torch::linspace(0.5, 1.5, 3))) {}
  torch::Tensor loss(std::int64_t step) {
    const torch::Tensor x = torch::linspace(-1, static_cast<double>(step), 8).view({2, 4});
    return torch::linear(x, matrix, bias).square().mean();
  }
  torch::Tensor matrix, bias;
};

Train settings() {
  return {.weight_decay = 0.1, .beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8, .grad_clip = 0};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(optimizer)

BOOST_AUTO_TEST_CASE(updates_are_those_of_pytorchs_adamw) {
  TwoWeights ours, theirs;
  Optimizer optimizer(ours, settings());
  const auto options = [](double decay) {
    return torch::optim::AdamWOptions(1e-2).betas({0.9, 0.95}).eps(1e-8).weight_decay(decay);
  };
  torch::optim::AdamW decayed({theirs.matrix}, options(0.1)), plain({theirs.bias}, options(0));
  for (std::int64_t step = 1; step <= 20; ++step) {
    optimizer.zero_grad();
    ours.loss(step).backward();
    optimizer.step(step, 1e-2);
    theirs.zero_grad();
    theirs.loss(step).backward();
    decayed.step();
    plain.step();
  }
  BOOST_TEST(torch::allclose(ours.matrix, theirs.matrix, 1e-5, 1e-6));
  BOOST_TEST(torch::allclose(ours.bias, theirs.bias, 1e-5, 1e-6));
}

BOOST_AUTO_TEST_CASE(decay_multiplies_matrices_by_one_minus_lr_times_decay_and_nothing_else) {
  TwoWeights model;
  const torch::Tensor matrix = model.matrix.detach().clone(), bias = model.bias.detach().clone();
  Optimizer optimizer(model, settings());
  optimizer.zero_grad();
  optimizer.step(1, 1e-2);
  BOOST_TEST(torch::allclose(model.matrix, matrix * (1 - 1e-2 * 0.1), 1e-6, 0));
  BOOST_TEST(torch::equal(model.bias, bias));
}

BOOST_AUTO_TEST_CASE(the_gradient_is_clipped_by_its_global_norm) {
  TwoWeights free, clipped;
  Train train = settings();
  Optimizer without(free, train);
  free.loss(5).backward();
  const torch::Tensor norm = torch::cat({free.matrix.grad().flatten(), free.bias.grad()}).norm();
  BOOST_TEST(without.step(1, 0).item<double>() == norm.item<double>(), tt::tolerance(1e-6));

  train.grad_clip = norm.item<double>() / 4;
  Optimizer with(clipped, train);
  clipped.loss(5).backward();
  BOOST_TEST(with.step(1, 0).item<double>() == norm.item<double>(), tt::tolerance(1e-6));
  // The first mean is (1 - beta1) times the clipped gradient.
  const torch::Tensor mean = with.state().front().second;
  BOOST_TEST(torch::allclose(mean, 0.1 * clipped.matrix.grad() / 4, 1e-4, 1e-7));
}

BOOST_AUTO_TEST_CASE(the_norm_of_many_numbers_is_exact) {
  struct Wide : torch::nn::Module {
    Wide() : weight(register_parameter("weight", torch::zeros({30'000'001}))) {}
    torch::Tensor weight;
  } model;
  Optimizer optimizer(model, settings());
  model.weight.mutable_grad().fill_(0.1);
  BOOST_TEST(optimizer.step(1, 0).item<double>() == 0.1 * std::sqrt(30'000'001.0), tt::tolerance(2e-5));
}

BOOST_AUTO_TEST_CASE(frozen_parameters_stay_and_have_no_state) {
  TwoWeights model;
  model.bias.set_requires_grad(false);
  const torch::Tensor bias = model.bias.clone();
  Optimizer optimizer(model, settings());
  BOOST_TEST(optimizer.trainable() == 12);
  BOOST_TEST(optimizer.state().size() == 2u);
  model.loss(1).backward();
  optimizer.step(1, 0.1);
  BOOST_TEST(torch::equal(model.bias, bias));
}

BOOST_AUTO_TEST_CASE(copies_in_bf16_are_the_weights_cast_whoever_writes_them) {
  struct TwoLayers : torch::nn::Module {
    TwoLayers()
        : first(register_module("first", Linear(8, 6, true))),
          second(register_module("second", Linear(6, 4, false))) {
      const torch::NoGradGuard no_grad;
      for (torch::Tensor& param : parameters())
        param.copy_(torch::linspace(-1, 1, param.numel()).view(param.sizes()));
    }
    Linear first, second;
  } model;
  Train train = settings();
  train.ema = 0.5;
  train.precision = Precision::bf16;
  Optimizer optimizer(model, train);
  const auto are_true = [&] {
    for (const Linear& layer : {model.first, model.second})
      if (!torch::equal(layer->weight_bf16, layer->weight.to(torch::kBFloat16))) return false;
    return true;
  };
  BOOST_TEST(are_true());
  const torch::Tensor x = torch::linspace(-1, 1, 16).view({2, 8}).to(torch::kBFloat16);
  model.second(model.first(x)).to(torch::kFloat32).square().sum().backward();
  const torch::Tensor grad = model.first->weight.grad().clone(),
                      before = model.first->weight.detach().clone();
  BOOST_TEST((grad != 0).any().item<bool>());
  optimizer.step(1, 0.1);
  BOOST_TEST(!torch::equal(model.first->weight, before));
  BOOST_TEST(are_true());
  optimizer.swap_ema();
  BOOST_TEST(are_true());
  {
    const torch::NoGradGuard no_grad;
    model.first->weight.copy_(before);
  }
  BOOST_TEST(!are_true());
  optimizer.weights_have_changed();
  BOOST_TEST(are_true());

  // Without copies, the same gradient.
  TwoLayers plain;
  train.precision = Precision::fp32;
  Optimizer other(plain, train);
  BOOST_TEST(plain.first->weight_bf16.numel() == 0);
  plain.second(plain.first(x)).to(torch::kFloat32).square().sum().backward();
  BOOST_TEST(torch::equal(plain.first->weight.grad(), grad));
}

BOOST_AUTO_TEST_CASE(the_moving_average_follows_the_weights_and_can_take_their_place) {
  TwoWeights model;
  Train train = settings();
  train.ema = 0.75;
  Optimizer optimizer(model, train);
  torch::Tensor expected = model.matrix.detach().clone();
  for (std::int64_t step = 1; step <= 3; ++step) {
    optimizer.zero_grad();
    model.loss(step).backward();
    optimizer.step(step, 0.1);
    expected = 0.75 * expected + 0.25 * model.matrix.detach();
  }
  const torch::Tensor weights = model.matrix.detach().clone();
  optimizer.swap_ema();
  BOOST_TEST(torch::allclose(model.matrix, expected, 1e-5, 1e-6));
  optimizer.swap_ema();
  BOOST_TEST(torch::equal(model.matrix, weights));
}

BOOST_AUTO_TEST_SUITE_END()
