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

namespace {

/// A matrix, a stack of matrices and a vector, as in golden/adafactor.py.
struct ThreeWeights : torch::nn::Module {
  ThreeWeights() {
    for (const auto& [name, shape] : {std::pair("matrix", std::vector<std::int64_t>{3, 4}),
                                      std::pair("stack", std::vector<std::int64_t>{2, 3, 2}),
                                      std::pair("bias", std::vector<std::int64_t>{3})}) {
      torch::Tensor weights = torch::zeros(shape);
      for (std::int64_t i = 0; i < weights.numel(); ++i)
        weights.view(-1)[i] = 0.5 * std::sin(1 + 0.9 * static_cast<double>(i));
      register_parameter(name, weights);
    }
  }
  void set_gradients(std::int64_t step) {
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& param : parameters()) {
      const torch::Tensor i = torch::arange(param.numel(), torch::kFloat32).view(param.sizes());
      param.mutable_grad().copy_(0.3 * param + (0.5 + 0.1 * i) * (0.7 * i + 1.3 * step).cos());
    }
  }
};

Train adafactor_settings() {
  Train train = settings();
  train.optimizer = OptimizerKind::adafactor;
  return train;
}

}  // namespace

BOOST_AUTO_TEST_CASE(updates_of_adafactor_are_those_of_its_formulas) {
  // golden/adafactor.py
  const std::vector<std::vector<double>> expected = {
      {0.35781184, 0.407245257, 0.142985235, -0.237888565, -0.447723828, -0.321464882, 0.0491569059,
       0.390777579, 0.435309308, 0.147346015, -0.244161236, -0.462848223},
      {0.352935245, 0.404058729, 0.139117999, -0.235937437, -0.444586794, -0.322379707, 0.05177502,
       0.389577149, 0.432076768, 0.154327356, -0.245333868, -0.46031169},
      {0.367943601, 0.432777277, 0.156801215}};
  ThreeWeights model;
  Optimizer optimizer(model, adafactor_settings());
  for (std::int64_t step = 1; step <= 24; ++step) {
    model.set_gradients(step);
    optimizer.step(step, 1e-2);
  }
  const std::vector<torch::Tensor> params = model.parameters();
  for (std::size_t i = 0; i < params.size(); ++i)
    BOOST_TEST(torch::allclose(params[i].flatten(), torch::tensor(expected[i], torch::kFloat32), 0, 2e-6),
               params[i]);
}

BOOST_AUTO_TEST_CASE(adafactor_goes_on_from_what_a_checkpoint_keeps_of_it) {
  ThreeWeights model;
  Optimizer optimizer(model, adafactor_settings());
  // Rows and columns of 3 x 4 and of twice 3 x 2, and a vector; AdamW would keep 54 numbers.
  std::int64_t kept = 0;
  for (const auto& [name, tensor] : optimizer.state()) kept += tensor.numel();
  BOOST_TEST(kept == (3 + 4) + 2 * (3 + 2) + 3);
  ThreeWeights other;
  Optimizer later(other, adafactor_settings());
  for (std::int64_t step = 1; step <= 6; ++step) {
    if (step == 4) {
      const torch::NoGradGuard no_grad;
      for (std::size_t i = 0; i < later.state().size(); ++i)
        later.state()[i].second.copy_(optimizer.state()[i].second);
      for (std::size_t i = 0; i < other.parameters().size(); ++i)
        other.parameters()[i].copy_(model.parameters()[i]);
    }
    model.set_gradients(step);
    optimizer.step(step, 1e-2);
    if (step < 4) continue;
    other.set_gradients(step);
    later.step(step, 1e-2);
  }
  for (std::size_t i = 0; i < other.parameters().size(); ++i)
    BOOST_TEST(torch::equal(other.parameters()[i], model.parameters()[i]));
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
