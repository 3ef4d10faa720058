#include "model/kernels.hpp"

#include <torch/torch.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "model/compat.hpp"
#include "model/kernel_fixture.hpp"

using namespace ablate;

namespace {

using torch::indexing::Slice;

/// What `compute` gives on one thread and on two.
std::pair<Tensors, Tensors> on_one_and_two_threads(const std::function<Tensors()>& compute) {
  const int before = torch::get_num_threads();
  torch::set_num_threads(1);
  Tensors one = compute();
  torch::set_num_threads(2);
  Tensors two = compute();
  torch::set_num_threads(before);
  return {std::move(one), std::move(two)};
}

void expect_equal(const Tensors& a, const Tensors& b) {
  BOOST_REQUIRE_EQUAL(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) BOOST_TEST(torch::equal(a[i], b[i]), "tensor " << i);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kernels)

BOOST_AUTO_TEST_CASE(rms_norm_agrees_with_its_formula_in_double) {
  for (const std::vector<std::int64_t>& shape : std::vector<std::vector<std::int64_t>>{
           {1, 1}, {3, 7}, {2, 5, 80}, {300, 129}, {257, 128}, {4, 20000}}) {
    const Tensors inputs = {noise(shape, 1) * 3, noise({shape.back()}, 2)};
    expect_close(
        [](const Tensors& in) { return rms_norm(in[0], in[1], 1e-5); },
        [](const Tensors& in) { return in[0] * torch::rsqrt(in[0].square().mean(-1, true) + 1e-5) * in[1]; },
        inputs, shape, 2e-6);
  }
  const torch::Tensor x = noise({6, 32}, 1), weight = noise({32}, 2);
  BOOST_TEST(distance(rms_norm(x, weight, 1e-5), reference::rms_norm(x, weight, 1e-5)) < 1e-6);
  BOOST_TEST(torch::equal(rms_norm(x.t().contiguous().t(), weight, 1e-5), rms_norm(x, weight, 1e-5)));
}

BOOST_AUTO_TEST_CASE(swiglu_agrees_with_its_formula_in_double) {
  const auto exact = [](const Tensors& in) {
    const auto half = in[0].chunk(2, -1);
    return half[0] * torch::sigmoid(half[0]) * half[1];
  };
  const auto ours = [](const Tensors& in) { return swiglu(in[0]); };
  for (const std::int64_t width : {1, 7, 16, 352, 20000})
    expect_close(ours, exact, {noise({5, 2 * width}, 1) * 4}, {5, width}, 1e-6);
  const torch::Tensor extreme = torch::tensor({-1e4f, -200.0f, -88.0f, 88.0f, 200.0f, 1e4f});
  expect_close(ours, exact, {torch::cat({extreme, torch::ones(6)})}, {6}, 1e-6);
}

BOOST_AUTO_TEST_CASE(attention_agrees_with_its_definition_for_all_shapes_and_visibilities) {
  struct Shape {
    std::int64_t B, T, H, K, C;
  };
  for (const Shape& s : {Shape{1, 1, 1, 1, 8}, Shape{2, 9, 2, 2, 8}, Shape{3, 64, 4, 2, 32},
                         Shape{2, 100, 3, 3, 64}, Shape{2, 150, 4, 1, 80}, Shape{1, 131, 2, 2, 32}})
    for (const Visibility& visibility : all_kinds(s.B, s.T))
      for (const Rotary& rotary : {Rotary{}, rotary_of(1, s.T, s.C), rotary_of(s.B, s.T, s.C)}) {
        const torch::Tensor qkv = noise({s.B, s.T, (s.H + 2 * s.K) * s.C}, 1);
        BOOST_TEST_CONTEXT("T " << s.T << " C " << s.C << " kind " << static_cast<int>(visibility.kind)) {
          expect_close(
              [&](const Tensors& in) { return attention(in[0], s.H, s.K, visibility, rotary); },
              [&](const Tensors& in) { return exact_attention(in[0], s.H, s.K, visibility, rotary); }, {qkv},
              {s.B, s.T, s.H * s.C}, 5e-6);
          BOOST_TEST(distance(attention(qkv, s.H, s.K, visibility, rotary),
                              reference::attention(qkv, s.H, s.K, visibility, rotary)) < 5e-6);
        }
      }
}

BOOST_AUTO_TEST_CASE(the_gradient_of_attention_is_that_of_finite_differences) {
  const torch::Tensor qkv = noise({1, 6, 4 * 4}, 1), gradient = noise({1, 6, 2 * 4}, 2).to(torch::kFloat64);
  const Visibility visibility =
      see_documents(torch::tensor({{0, 0, 0, 1, 1, -1}}, torch::kInt32), torch::kCPU);
  const torch::Tensor got =
      with_gradients([&](const Tensors& in) { return attention(in[0], 2, 1, visibility, {}); }, {qkv},
                     torch::kFloat32, gradient)[1];
  const auto value = [&](const torch::Tensor& x) {
    return (reference::attention(x, 2, 1, visibility, {}) * gradient).sum().item<double>();
  };
  const torch::Tensor point = qkv.to(torch::kFloat64), want = torch::zeros_like(point);
  for (std::int64_t i = 0; i < point.numel(); ++i) {
    const torch::Tensor step = torch::zeros_like(point);
    step.view(-1)[i] = 1e-5;
    want.view(-1)[i] = (value(point + step) - value(point - step)) / 2e-5;
  }
  BOOST_TEST(distance(got, want) < 2e-6);
}

BOOST_AUTO_TEST_CASE(a_mask_that_is_added_lets_see_the_same) {
  const float hidden = -std::numeric_limits<float>::infinity();
  const Visibility visibility = see_documents(torch::tensor({{0, 0, 1, -1}}, torch::kInt32), torch::kCPU);
  BOOST_TEST(!with_added_mask(see_causal(4, torch::kCPU), torch::kFloat32).mask.defined());
  const torch::Tensor mask = with_added_mask(visibility, torch::kFloat32).mask;
  const torch::Tensor want = torch::tensor({{0.f, hidden, hidden, hidden},
                                            {0.f, 0.f, hidden, hidden},
                                            {hidden, hidden, 0.f, hidden},
                                            {hidden, hidden, hidden, 0.f}});
  BOOST_TEST(torch::equal(mask, want.view({1, 1, 4, 4})));

  for (const torch::ScalarType type : {torch::kFloat32, torch::kBFloat16})
    for (Visibility kind : all_kinds(2, 40)) {
      if (kind.kind != Visibility::Kind::intervals) continue;
      kind.mask = dense_mask(kind);
      const Visibility added = with_added_mask(kind, type);
      BOOST_CHECK(added.mask.scalar_type() == type);
      const auto attend = [&](const Visibility& seen) {
        return with_gradients([&](const Tensors& in) { return reference::attention(in[0], 4, 2, seen, {}); },
                              {noise({2, 40, 8 * 16}, 1)}, type, noise({2, 40, 4 * 16}, 2));
      };
      const Tensors bools = attend(kind), numbers = attend(added);
      for (std::size_t i = 0; i < bools.size(); ++i) BOOST_TEST(torch::equal(bools[i], numbers[i]));
    }
}

BOOST_AUTO_TEST_CASE(documents_of_a_pack_do_not_touch_each_other) {
  const std::int64_t T = 150, C = 32, first = 40, length = 70;
  torch::Tensor documents = torch::zeros({1, T}, torch::kInt32);
  documents.index_put_({0, Slice(first, first + length)}, 1);
  documents.index_put_({0, Slice(first + length, T)}, 2);
  const torch::Tensor positions =
      torch::cat({torch::arange(first), torch::arange(length), torch::arange(T - first - length)})
          .unsqueeze(0);
  const Rotary rotary = make_rotary(positions, C, 1e4);
  const Visibility visibility = see_documents(documents, torch::kCPU);
  const torch::Tensor head = noise({500, 4 * C}, 5), targets = torch::arange(T), weights = torch::ones({T});
  const auto compute = [&](const torch::Tensor& qkv) {
    const Tensors made =
        with_gradients([&](const Tensors& in) { return attention(in[0], 4, 2, visibility, rotary); }, {qkv},
                       torch::kFloat32, noise({1, T, 4 * C}, 9));
    return Tensors{made[0][0], made[1][0],
                   head_loss(made[0][0], head, targets, weights, 0, /*chunk_rows=*/32).cross_entropy};
  };
  const torch::Tensor qkv = noise({1, T, 8 * C}, 1);
  torch::Tensor changed = qkv.clone();
  changed.narrow(1, first, length).mul_(-17).add_(3);
  const Tensors before = compute(qkv), after = compute(changed);
  for (std::size_t i = 0; i < before.size(); ++i) {
    BOOST_TEST(torch::equal(before[i].narrow(0, 0, first), after[i].narrow(0, 0, first)));
    BOOST_TEST(torch::equal(before[i].narrow(0, first + length, T - first - length),
                            after[i].narrow(0, first + length, T - first - length)));
    BOOST_TEST(!torch::equal(before[i], after[i]));
  }
  const torch::Tensor alone = attention(qkv.narrow(1, first, length), 4, 2, see_causal(length, torch::kCPU),
                                        make_rotary(torch::arange(length).unsqueeze(0), C, 1e4));
  BOOST_TEST(distance(before[0].narrow(0, first, length), alone[0]) < 1e-5);
}

BOOST_AUTO_TEST_CASE(attention_takes_scores_of_any_size) {
  const torch::Tensor qkv = noise({1, 70, 3 * 16}, 1) * 200;  // Scores to about 1e5.
  expect_close(
      [](const Tensors& in) { return attention(in[0], 1, 1, see_causal(70, torch::kCPU), {}); },
      [](const Tensors& in) { return exact_attention(in[0], 1, 1, see_causal(70, torch::kCPU), {}); }, {qkv},
      {1, 70, 16}, 2e-2);
}

BOOST_AUTO_TEST_CASE(head_loss_agrees_with_its_formula_in_double) {
  for (const std::int64_t classes : {2, 101, 2049})
    for (const std::int64_t chunk_rows : {0, 1, 10, 37, 1000})
      for (const double z_loss : {0.0, 1e-2}) {
        const HeadCase c(37, 24, classes);
        expect_close(
            [&](const Tensors& in) {
              return head_loss(in[0], in[1], c.targets, c.weights, z_loss, chunk_rows).total;
            },
            [&](const Tensors& in) { return exact_head(in, c.targets, c.weights, z_loss); },
            {c.hidden, c.weight}, {}, 3e-6);
      }
  const HeadCase c(20, 8, 50);
  const HeadLoss ours = head_loss(c.hidden, c.weight, c.targets, c.weights, 1e-3);
  const HeadLoss theirs = reference::head_loss(c.hidden, c.weight, c.targets, c.weights, 1e-3);
  BOOST_TEST(distance(ours.total, theirs.total) < 1e-6);
  BOOST_TEST(distance(ours.cross_entropy, theirs.cross_entropy) < 1e-6);
  BOOST_TEST(!ours.total.requires_grad());
}

BOOST_AUTO_TEST_CASE(head_loss_gives_the_gradients_that_are_asked_for) {
  const HeadCase c(20, 8, 50);
  const auto whole = with_gradients(
      [&](const Tensors& in) { return head_loss(in[0], in[1], c.targets, c.weights, 0).total; },
      {c.hidden, c.weight}, torch::kFloat32, torch::ones({}));
  torch::Tensor hidden = c.hidden.clone().requires_grad_(true),
                weight = c.weight.clone().requires_grad_(true);
  const HeadLoss of_hidden = head_loss(hidden, c.weight, c.targets, c.weights, 0);
  BOOST_TEST(!of_hidden.cross_entropy.requires_grad());
  of_hidden.total.backward();
  head_loss(c.hidden, weight, c.targets, c.weights, 0).total.backward();
  BOOST_TEST(torch::equal(hidden.grad(), whole[1]));
  BOOST_TEST(torch::equal(weight.grad(), whole[2]));
  head_loss(hidden, weight, c.targets, c.weights, 0).total.backward();  // Adds to what is there.
  BOOST_TEST(torch::equal(weight.grad(), whole[2] * 2));
  const torch::NoGradGuard no_grad;
  BOOST_TEST(!head_loss(hidden, weight, c.targets, c.weights, 0).total.requires_grad());
}

BOOST_AUTO_TEST_CASE(chunks_of_the_head_in_bf16_agree_with_the_whole) {
  const HeadCase c(40, 16, 60);
  const auto run = [&](bool chunked) {
    torch::Tensor hidden = c.hidden.to(torch::kBFloat16).requires_grad_(true);
    torch::Tensor weight = c.weight.clone().requires_grad_(true);
    const HeadLoss loss = chunked ? head_loss(hidden, weight, c.targets, c.weights, 1e-3, /*chunk_rows=*/7)
                                  : reference::head_loss(hidden, weight, c.targets, c.weights, 1e-3);
    (loss.total * 0.5).backward();
    BOOST_TEST((hidden.grad().dtype() == torch::kBFloat16 && weight.grad().dtype() == torch::kFloat32));
    return Tensors{loss.total, loss.cross_entropy, hidden.grad(), weight.grad()};
  };
  const Tensors got = run(true), want = run(false);
  for (std::size_t i = 0; i < want.size(); ++i)
    BOOST_TEST(distance(got[i], want[i]) < 2e-2, "tensor " << i << ": " << distance(got[i], want[i]));
}

BOOST_AUTO_TEST_CASE(logits_of_ten_thousand_give_finite_losses) {
  const torch::Tensor hidden = torch::tensor({{1e4f}, {-1e4f}}),
                      weight = torch::tensor({{1.0f}, {-1.0f}, {0.0f}});
  const torch::Tensor targets = torch::tensor({0, 0}, torch::kInt64);
  const auto made = with_gradients(
      [&](const Tensors& in) { return head_loss(in[0], in[1], targets, torch::ones({2}), 0).total; },
      {hidden, weight}, torch::kFloat32, torch::ones({}));
  BOOST_TEST(made[0].item<double>() == 2e4);
  for (const torch::Tensor& x : made) BOOST_TEST(x.isfinite().all().item<bool>());
  BOOST_CHECK_THROW(head_loss(hidden, weight, targets + 3, torch::ones({2}), 0), c10::Error);
}

BOOST_AUTO_TEST_CASE(adamw_agrees_with_a_loop_in_double) {
  const std::int64_t n = 40001;
  const AdamW settings{.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8, .weight_decay = 0.1};
  torch::Tensor param = noise({n}, 1), mean = torch::zeros({n}), square = torch::zeros({n});
  torch::Tensor p = param.to(torch::kFloat64), m = torch::zeros_like(p), v = torch::zeros_like(p);
  for (std::int64_t step = 1; step <= 5; ++step) {
    const torch::Tensor grad = noise({n}, 10 + static_cast<std::uint64_t>(step)), scale = torch::tensor(0.3f);
    adamw_step(param, grad, mean, square, scale, step, settings);
    auto [pa, ma, va] = std::tuple(p.accessor<double, 1>(), m.accessor<double, 1>(), v.accessor<double, 1>());
    const auto ga = grad.accessor<float, 1>();
    const double rate = settings.lr / (1 - std::pow(0.9, step)), correction = 1 - std::pow(0.95, step);
    for (std::int64_t i = 0; i < n; ++i) {
      const double g = static_cast<double>(ga[i]) * 0.3f;
      ma[i] = 0.9 * ma[i] + 0.1 * g;
      va[i] = 0.95 * va[i] + 0.05 * g * g;
      pa[i] = pa[i] * (1 - 1e-3) - rate * ma[i] / (std::sqrt(va[i] / correction) + 1e-8);
    }
  }
  BOOST_TEST(distance(param, p) < 1e-6);
  BOOST_TEST(distance(mean, m) < 1e-6);
  BOOST_TEST(distance(square, v) < 1e-6);
}

BOOST_AUTO_TEST_CASE(adamw_without_a_gradient_decays_the_weights) {
  torch::Tensor param = noise({100}, 1), mean = torch::zeros({100}), square = torch::zeros({100});
  const torch::Tensor before = param.clone();
  adamw_step(param, torch::zeros({100}), mean, square, torch::ones({}), 1, {.lr = 0.5, .weight_decay = 0.5});
  BOOST_TEST(torch::equal(param, before * 0.75));
}

BOOST_AUTO_TEST_CASE(the_number_of_threads_does_not_change_a_bit) {
  const torch::Tensor x = noise({500, 136}, 1), weight = noise({136}, 2), grad = noise({500, 136}, 3);
  const torch::Tensor qkv = noise({2, 150, 8 * 32}, 4), dout = noise({2, 150, 4 * 32}, 5);
  const torch::Tensor dswiglu = noise({500, 68}, 6);
  const Visibility visibility = see_documents(some_documents(2, 150), torch::kCPU);
  const auto compute = [&] {
    Tensors all = with_gradients([](const Tensors& in) { return rms_norm(in[0], in[1], 1e-5); }, {x, weight},
                                 torch::kFloat32, grad);
    for (const Tensors& more :
         {with_gradients([](const Tensors& in) { return swiglu(in[0]); }, {x}, torch::kFloat32, dswiglu),
          with_gradients(
              [&](const Tensors& in) { return attention(in[0], 4, 2, visibility, rotary_of(1, 150, 32)); },
              {qkv}, torch::kFloat32, dout)})
      all.insert(all.end(), more.begin(), more.end());
    torch::Tensor param = x.flatten().clone(), mean = torch::zeros_like(param), square = mean.clone();
    adamw_step(param, grad.flatten(), mean, square, torch::ones({}), 1, {.lr = 0.1, .weight_decay = 0.1});
    all.insert(all.end(), {param, mean, square});
    return all;
  };
  const auto [one, two] = on_one_and_two_threads(compute);
  expect_equal(one, two);
}

BOOST_AUTO_TEST_CASE(the_same_input_gives_the_same_bits_again) {
  const HeadCase c(130, 32, 700);
  const auto compute = [&] {
    return with_gradients(
        [&](const Tensors& in) { return head_loss(in[0], in[1], c.targets, c.weights, 1e-3).total; },
        {c.hidden, c.weight}, torch::kFloat32, torch::ones({}));
  };
  expect_equal(compute(), compute());
}

BOOST_AUTO_TEST_CASE(shapes_come_out_right_without_data) {
  const auto meta = torch::TensorOptions(torch::kMeta);
  BOOST_TEST(rms_norm(torch::empty({2, 3, 8}, meta), torch::empty({8}, meta), 1e-5).sizes() ==
             at::IntArrayRef({2, 3, 8}));
  BOOST_TEST(swiglu(torch::empty({2, 3, 8}, meta)).sizes() == at::IntArrayRef({2, 3, 4}));
  BOOST_TEST(attention(torch::empty({2, 5, 48}, meta), 2, 2, see_all(5, torch::kMeta), {}).sizes() ==
             at::IntArrayRef({2, 5, 16}));
}

BOOST_AUTO_TEST_CASE(libtorchs_fused_adamw_takes_the_same_steps_where_there_is_one) {
  torch::Tensor ours = torch::linspace(-1, 1, 1000), theirs = ours.clone();
  torch::Tensor mean = torch::zeros({1000}), square = torch::zeros({1000});
  torch::Tensor their_mean = mean.clone(), their_square = square.clone();
  const AdamW settings{.lr = 1e-2, .weight_decay = 0.1};
  for (std::int64_t step = 1; step <= 5; ++step) {
    const torch::Tensor grad = torch::linspace(0.5, static_cast<double>(step), 1000);
    const torch::Tensor scale = torch::tensor(0.25f);
    if (!compat::fused_adamw(theirs, grad.clone(), their_mean, their_square, scale, step, settings)) {
      BOOST_TEST_MESSAGE("this LibTorch has no fused AdamW");
      return;
    }
    reference::adamw_step(ours, grad, mean, square, scale, step, settings);
  }
  BOOST_TEST(torch::allclose(ours, theirs, 1e-5, 1e-6));
  BOOST_TEST(torch::allclose(square, their_square, 1e-5, 1e-9));
}

BOOST_AUTO_TEST_SUITE_END()
