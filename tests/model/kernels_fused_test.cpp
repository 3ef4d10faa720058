// The arithmetic of the kernels for GPUs, on the host, against formulas in double.
#include "model/kernels_fused.hpp"

#include <torch/torch.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdlib>

#include "cuda/kernels.hpp"
#include "model/kernel_choice.hpp"
#include "model/kernel_fixture.hpp"
#include "util/error.hpp"

using namespace ablate;

namespace {

/// A kernel's inputs: activations come in bf16 and in fp32, weights always in fp32.
struct FusedInputs {
  Tensors activations, weights;
};

/// Result and gradients of `ours` in both formats against those of `exact` in double, of the same numbers.
/// In bf16 each is off by its last digit at most, 2^-8 of it.
void expect_fused(const Computation& ours, const Computation& exact, const FusedInputs& inputs,
                  at::IntArrayRef result_shape, double fp32 = 2e-6) {
  for (const torch::ScalarType type : {torch::kFloat32, torch::kBFloat16}) {
    const torch::Tensor gradient = noise(result_shape, 99).to(type);
    Tensors leaves, wide;
    const auto add = [&](const Tensors& tensors, torch::ScalarType of) {
      for (const torch::Tensor& tensor : tensors) {
        leaves.push_back(tensor.to(of, /*non_blocking=*/false, /*copy=*/true).requires_grad_(true));
        wide.push_back(leaves.back().detach().to(torch::kFloat64));
      }
    };
    add(inputs.activations, type);
    add(inputs.weights, torch::kFloat32);
    const torch::Tensor result = ours(leaves);
    BOOST_CHECK(result.scalar_type() == type);
    Tensors got = torch::autograd::grad({result}, leaves, {gradient});
    got.insert(got.begin(), result);
    const Tensors want = with_gradients(exact, wide, torch::kFloat64, gradient);
    for (std::size_t i = 0; i < want.size(); ++i) {
      const double rounding = got[i].scalar_type() == torch::kBFloat16 ? 1.0 / 256 : fp32;
      BOOST_TEST(got[i].isfinite().all().item<bool>());
      BOOST_TEST(distance(got[i], want[i]) < rounding,
                 torch::toString(type) << ", tensor " << i << ": " << distance(got[i], want[i]));
    }
  }
}

using Shapes = std::vector<std::vector<std::int64_t>>;
/// Rows of one pack and of all layouts that there are, with widths that fill them and widths that do not.
const Shapes kNormShapes = {{1, 1},   {3, 7},    {2, 5, 80}, {70, 129},  {3, 257},   {5, 512},
                            {3, 768}, {3, 1000}, {2, 1024},  {20, 2048}, {18, 4000}, {2, 4096}};

}  // namespace

BOOST_AUTO_TEST_SUITE(fused_kernels)

BOOST_AUTO_TEST_CASE(rms_norm_agrees_with_its_formula_in_double) {
  for (const auto& shape : kNormShapes) BOOST_TEST_CONTEXT("width " << shape.back())
  expect_fused(
      [](const Tensors& in) { return fused::rms_norm(in[0], in[1], 1e-5); },
      [](const Tensors& in) { return in[0] * torch::rsqrt(in[0].square().mean(-1, true) + 1e-5) * in[1]; },
      {{noise(shape, 1) * 3}, {noise({shape.back()}, 2)}}, shape);
}

BOOST_AUTO_TEST_CASE(layer_norm_agrees_with_its_formula_in_double) {
  const auto exact = [](const Tensors& in) {
    const torch::Tensor apart = in[0] - in[0].mean(-1, true);
    return apart * torch::rsqrt(apart.square().mean(-1, true) + 1e-5) * in[1] + in[2];
  };
  for (const auto& shape : kNormShapes) BOOST_TEST_CONTEXT("width " << shape.back())
  expect_fused([](const Tensors& in) { return fused::layer_norm(in[0], in[1], in[2], 1e-5); }, exact,
               {{noise(shape, 1) * 3 + 2}, {noise({shape.back()}, 2), noise({shape.back()}, 3)}}, shape,
               3e-6);
}

BOOST_AUTO_TEST_CASE(norms_are_those_of_libtorch) {
  const torch::Tensor x = noise({6, 48}, 1), weight = noise({48}, 2), bias = noise({48}, 3);
  BOOST_TEST(distance(fused::rms_norm(x, weight, 1e-5), reference::rms_norm(x, weight, 1e-5)) < 1e-6);
  BOOST_TEST(distance(fused::layer_norm(x, weight, bias, 1e-5),
                      reference::layer_norm(x, weight, bias, 1e-5)) < 1e-6);
  BOOST_TEST(
      torch::equal(fused::rms_norm(x.t().contiguous().t(), weight, 1e-5), fused::rms_norm(x, weight, 1e-5)));
}

BOOST_AUTO_TEST_CASE(rows_that_begin_anywhere_are_normalised_alike) {
  const torch::Tensor weight = noise({65}, 2).narrow(0, 1, 64);  // Not at a multiple of 16 bytes.
  for (const torch::ScalarType type : {torch::kFloat32, torch::kBFloat16}) {
    const torch::Tensor x = noise({3, 64}, 1).to(type),
                        shifted = torch::cat({x.flatten().narrow(0, 0, 1), x.flatten()});
    BOOST_TEST(torch::equal(fused::rms_norm(shifted.narrow(0, 1, 3 * 64).view({3, 64}), weight, 1e-5),
                            fused::rms_norm(x, weight.clone(), 1e-5)));
  }
}

BOOST_AUTO_TEST_CASE(there_are_norms_for_rows_of_some_thousands) {
  BOOST_TEST(fused::has_norm_for(torch::empty({1, 8192}, torch::kBFloat16)));
  BOOST_TEST(!fused::has_norm_for(torch::empty({1, 8193}, torch::kBFloat16)));
  BOOST_TEST(fused::has_norm_for(torch::empty({1, 4096})));
  BOOST_TEST(!fused::has_norm_for(torch::empty({1, 4097})));
  BOOST_CHECK_THROW(fused::has_norm_for(torch::empty({1, 8}, torch::kFloat64)), c10::Error);
}

BOOST_AUTO_TEST_CASE(swiglu_agrees_with_its_formula_in_double) {
  const auto exact = [](const Tensors& in) {
    const auto half = in[0].chunk(2, -1);
    return half[0] * torch::sigmoid(half[0]) * half[1];
  };
  const auto ours = [](const Tensors& in) { return fused::swiglu(in[0]); };
  for (const std::int64_t width : {1, 7, 8, 30, 352, 2049}) BOOST_TEST_CONTEXT("width " << width)
  expect_fused(ours, exact, {{noise({2, 5, 2 * width}, 1) * 4}, {}}, {2, 5, width});
  const torch::Tensor extreme = torch::tensor({-1e4f, -200.0f, -88.0f, 88.0f, 200.0f, 1e4f});
  expect_fused(ours, exact, {{torch::cat({extreme, torch::ones(6)})}, {}}, {6});
}

BOOST_AUTO_TEST_CASE(heads_are_split_and_turned_as_the_formula_says) {
  struct Shape {
    std::int64_t B, T, H, K, C;
  };
  for (const Shape& s :
       {Shape{1, 1, 1, 1, 2}, Shape{2, 5, 4, 2, 32}, Shape{3, 9, 3, 3, 80}, Shape{2, 7, 4, 1, 6}})
    for (const std::int64_t rows : {std::int64_t{1}, s.B}) {
      const Rotary rotary = rotary_of(rows, s.T, s.C);
      const auto joined = [](const Heads& heads) {  // As one tensor, for one gradient.
        return torch::cat({heads.queries, heads.keys, heads.values}, 2);
      };
      const auto ours = [&](const Tensors& in) {
        return joined(fused::split_heads(in[0], s.H, s.K, rotary));
      };
      const auto exact = [&](const Tensors& in) {
        const torch::Tensor heads = in[0].view({s.B, s.T, s.H + 2 * s.K, s.C});
        const auto half = heads.narrow(2, 0, s.H + s.K).chunk(2, -1);
        const torch::Tensor cosines = rotary.cosines.unsqueeze(2), sines = rotary.sines.unsqueeze(2);
        const torch::Tensor turned =
            torch::cat({half[0] * cosines - half[1] * sines, half[1] * cosines + half[0] * sines}, -1);
        return torch::cat({turned, heads.narrow(2, s.H + s.K, s.K)}, 2);
      };
      BOOST_TEST_CONTEXT("C " << s.C << ", rows of angles " << rows)
      expect_fused(ours, exact, {{noise({s.B, s.T, (s.H + 2 * s.K) * s.C}, 1)}, {}},
                   {s.B, s.T, s.H + 2 * s.K, s.C});
    }
}

BOOST_AUTO_TEST_CASE(gradients_of_heads_may_lie_in_any_order) {
  const torch::Tensor qkv = noise({2, 6, 8 * 16}, 1);
  const Rotary rotary = rotary_of(2, 6, 16);
  const auto gradient_of = [&](bool transposed) {
    const torch::Tensor leaf = qkv.clone().requires_grad_(true);
    const Heads heads = fused::split_heads(leaf, 4, 2, rotary);
    const auto place = [&](torch::Tensor gradient) {
      return transposed ? gradient.transpose(1, 2).contiguous().transpose(1, 2) : gradient;
    };
    return torch::autograd::grad({heads.queries, heads.keys}, {leaf},
                                 {place(noise({2, 6, 4, 16}, 2)), place(noise({2, 6, 2, 16}, 3))})[0];
  };
  BOOST_TEST(torch::equal(gradient_of(true), gradient_of(false)));
  BOOST_TEST(
      (gradient_of(false).narrow(2, 6 * 16, 2 * 16) == 0).all().item<bool>());  // Nothing of the values.
}

BOOST_AUTO_TEST_CASE(the_loss_of_logits_agrees_with_its_formula_in_double) {
  for (const std::int64_t classes : {2, 101, 4096, 5000})
    for (const torch::ScalarType type : {torch::kFloat32, torch::kBFloat16})
      for (const double z_loss : {0.0, 1e-2})
        for (const double shift : {0.0, 300.0}) {
          torch::Tensor logits = (noise({9, classes}, 1) * 3 + shift).to(type);
          const torch::Tensor exact = logits.to(torch::kFloat64).requires_grad_(true);
          const torch::Tensor targets = (torch::arange(9) * 7919) % classes, weights = noise({9}, 2);
          torch::Tensor losses = torch::empty({9}), log_z = torch::empty({9});
          const torch::Tensor before = logits.clone();
          fused::loss_of_logits(logits, targets, weights, z_loss, /*gradient=*/false, losses, log_z);
          BOOST_TEST(torch::equal(logits, before));
          fused::loss_of_logits(logits, targets, weights, z_loss, /*gradient=*/true, losses, log_z);

          const torch::Tensor exact_log_z = exact.logsumexp(-1);
          const torch::Tensor exact_losses = exact_log_z - exact.gather(1, targets.unsqueeze(1)).squeeze(1);
          (weights * (exact_losses + z_loss * exact_log_z.square())).sum().backward();
          BOOST_TEST_CONTEXT(classes << " classes in " << torch::toString(type) << ", z_loss " << z_loss) {
            BOOST_TEST(distance(losses, exact_losses) < 1e-5);
            BOOST_TEST(distance(log_z, exact_log_z) < 1e-6);
            const double digits = type == torch::kBFloat16 ? 1.0 / 256 : 5e-5;
            BOOST_TEST(distance(logits, exact.grad()) < digits);
          }
        }
}

BOOST_AUTO_TEST_CASE(a_target_that_is_no_class_has_no_loss_and_harms_no_other) {
  torch::Tensor logits = noise({3, 10}, 1), losses = torch::empty({3}), log_z = torch::empty({3});
  fused::loss_of_logits(logits, torch::tensor({10, -1, 3}, torch::kInt64), torch::ones({3}), 0, true, losses,
                        log_z);
  BOOST_TEST(torch::equal(losses.isnan(), torch::tensor({true, true, false})));
  BOOST_TEST(log_z.isfinite().all().item<bool>());
}

BOOST_AUTO_TEST_CASE(logits_that_differ_by_ten_thousand_give_finite_numbers) {
  torch::Tensor logits = torch::tensor({{1e4f, -1e4f, 0.0f}, {-1e4f, -1e4f, -1e4f}});
  torch::Tensor losses = torch::empty({2}), log_z = torch::empty({2});
  fused::loss_of_logits(logits, torch::tensor({1, 1}, torch::kInt64), torch::ones({2}), 0, true, losses,
                        log_z);
  BOOST_TEST(losses[0].item<double>() == 2e4);
  BOOST_TEST(std::abs(losses[1].item<double>() - std::log(3.0)) < 1e-3);
  BOOST_TEST(distance(logits, torch::tensor({{1.0, -1.0, 0.0}, {1.0 / 3, -2.0 / 3, 1.0 / 3}})) < 1e-3);
}

BOOST_AUTO_TEST_CASE(adamw_agrees_with_pytorchs) {
  const std::int64_t n = 4099;  // Not a multiple of a pack.
  const AdamW settings{.lr = 1e-2, .beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8, .weight_decay = 0.1};
  torch::Tensor param = noise({n}, 1), mean = torch::zeros({n}), square = torch::zeros({n});
  torch::Tensor copy = torch::empty({n}, torch::kBFloat16);
  const torch::Tensor theirs = param.to(torch::kFloat64).requires_grad_(true);
  torch::optim::AdamW optimizer(
      {theirs}, torch::optim::AdamWOptions(1e-2).betas({0.9, 0.95}).eps(1e-8).weight_decay(0.1));
  for (std::int64_t step = 1; step <= 5; ++step) {
    const torch::Tensor grad = noise({n}, 10 + static_cast<std::uint64_t>(step));
    fused::adamw_step(param, grad, mean, square, torch::tensor(0.3f), step, settings, copy);
    theirs.mutable_grad() = grad.to(torch::kFloat64) * 0.3f;
    optimizer.step();
  }
  BOOST_TEST(distance(param, theirs) < 1e-6);
  BOOST_TEST(torch::equal(copy, param.to(torch::kBFloat16)));
}

BOOST_AUTO_TEST_CASE(no_cpu_takes_them) {
  BOOST_TEST(!fused::are_for(torch::empty({2, 8})));
  BOOST_TEST(!fused::are_for(torch::empty({2, 8}, torch::kBFloat16)));
}

BOOST_AUTO_TEST_CASE(the_environment_chooses_between_ours_and_libtorchs) {
  const auto choice_of = [](const char* value) {
    ::setenv("ABLATE_GPU_KERNELS", value, /*overwrite=*/1);
    return gpu_kernels();
  };
  BOOST_CHECK(choice_of("reference") == GpuKernels::reference);
  BOOST_CHECK(choice_of("fused") == GpuKernels::fused);
  BOOST_CHECK(choice_of("") == GpuKernels::fused);
  BOOST_CHECK_EXCEPTION(choice_of("fuse"), Error, [](const Error& error) {
    return std::string(error.what()) == "ABLATE_GPU_KERNELS: found 'fuse'; expected fused or reference";
  });
  ::unsetenv("ABLATE_GPU_KERNELS");
  BOOST_CHECK(gpu_kernels() == GpuKernels::fused);
  BOOST_CHECK(gpu_attention() == GpuAttention::varlen);
  ::setenv("ABLATE_GPU_ATTENTION", "mask", /*overwrite=*/1);
  BOOST_CHECK(gpu_attention() == GpuAttention::mask);
  ::unsetenv("ABLATE_GPU_ATTENTION");
}

BOOST_AUTO_TEST_SUITE_END()
