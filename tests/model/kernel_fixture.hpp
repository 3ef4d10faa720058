// What tests of kernels have in common: inputs, and values that come from definitions in double.
#pragma once

#include <torch/torch.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <limits>

#include "model/kernels.hpp"

namespace ablate {

inline torch::Tensor noise(at::IntArrayRef shape, std::uint64_t seed) {
  return torch::randn(shape, torch::make_generator<at::CPUGeneratorImpl>(seed), torch::kFloat32);
}

/// The greatest difference, relative to the greatest value where that is above 1.
inline double distance(const torch::Tensor& a, const torch::Tensor& b) {
  BOOST_REQUIRE_EQUAL(a.sizes(), b.sizes());
  const torch::Tensor x = a.detach().to(torch::kFloat64), y = b.detach().to(torch::kFloat64);
  return (x - y).abs().max().item<double>() / std::max(1.0, y.abs().max().item<double>());
}

using Tensors = std::vector<torch::Tensor>;
using Computation = std::function<torch::Tensor(const Tensors&)>;

/// The result, then the gradients of `inputs` for the result's gradient `seed_gradient` (cast to its type).
inline Tensors with_gradients(const Computation& compute, const Tensors& inputs, torch::Dtype type,
                              const torch::Tensor& seed_gradient) {
  Tensors leaves;
  for (const torch::Tensor& input : inputs)
    leaves.push_back(input.detach().to(type, /*non_blocking=*/false, /*copy=*/true).requires_grad_(true));
  const torch::Tensor result = compute(leaves);
  Tensors all = torch::autograd::grad({result}, leaves, {seed_gradient.to(type)});
  all.insert(all.begin(), result.detach());
  return all;
}

inline void expect_close(const Computation& ours, const Computation& exact, const Tensors& inputs,
                         at::IntArrayRef shape, double tolerance) {
  const torch::Tensor gradient = noise(shape, 99);
  const Tensors got = with_gradients(ours, inputs, torch::kFloat32, gradient);
  const Tensors want = with_gradients(exact, inputs, torch::kFloat64, gradient);
  for (std::size_t i = 0; i < want.size(); ++i) {
    BOOST_TEST(got[i].isfinite().all().item<bool>());
    BOOST_TEST(distance(got[i], want[i]) < tolerance, "tensor " << i << ": " << distance(got[i], want[i]));
  }
}

/// Attention by its definition, in the numbers of qkv.
inline torch::Tensor exact_attention(const torch::Tensor& qkv, std::int64_t heads, std::int64_t kv_heads,
                                     const Visibility& visibility, const Rotary& rotary) {
  const std::int64_t B = qkv.size(0), T = qkv.size(1), C = qkv.size(2) / (heads + 2 * kv_heads);
  const torch::Tensor parts = qkv.view({B, T, heads + 2 * kv_heads, C}).transpose(1, 2);
  const auto rotate = [&](const torch::Tensor& x) {
    if (!rotary.cosines.defined()) return x;
    const torch::Tensor cosines = rotary.cosines.unsqueeze(1), sines = rotary.sines.unsqueeze(1);
    const auto half = x.chunk(2, -1);
    return torch::cat({half[0] * cosines - half[1] * sines, half[1] * cosines + half[0] * sines}, -1);
  };
  const torch::Tensor q = rotate(parts.narrow(1, 0, heads));
  const torch::Tensor k = rotate(parts.narrow(1, heads, kv_heads)).repeat_interleave(heads / kv_heads, 1);
  const torch::Tensor v = parts.narrow(1, heads + kv_heads, kv_heads).repeat_interleave(heads / kv_heads, 1);
  const torch::Tensor keys = torch::arange(T).view({1, 1, 1, T});
  torch::Tensor seen =
      (keys >= visibility.begin.view({-1, 1, T, 1})) & (keys < visibility.end.view({-1, 1, T, 1}));
  if (visibility.gap_begin.defined())
    seen = seen & ((keys < visibility.gap_begin.view({-1, 1, T, 1})) |
                   (keys >= visibility.gap_end.view({-1, 1, T, 1})));
  const torch::Tensor scores = torch::matmul(q, k.transpose(2, 3)) / std::sqrt(static_cast<double>(C));
  const torch::Tensor hidden = scores.masked_fill(~seen, -std::numeric_limits<double>::infinity());
  return torch::matmul(hidden.softmax(-1), v).transpose(1, 2).reshape({B, T, heads * C});
}

/// Rows of two and three documents and of padding at the end.
inline torch::Tensor some_documents(std::int64_t rows, std::int64_t tokens) {
  const torch::Tensor documents = torch::empty({rows, tokens}, torch::kInt32);
  for (std::int64_t b = 0; b < rows; ++b)
    for (std::int64_t t = 0; t < tokens; ++t)
      documents[b][t] = t >= tokens - 3 ? -1 : static_cast<int>(t * (b + 2) / tokens);
  return documents;
}

/// A trunk and three branches in each of those documents; some have no trunk.
inline torch::Tensor some_branches(const torch::Tensor& documents) {
  const torch::Tensor branches = torch::zeros_like(documents);
  for (std::int64_t b = 0; b < documents.size(0); ++b)
    for (std::int64_t t = 0, first = 0; t < documents.size(1); ++t) {
      const int document = documents[b][t].item<int>();
      if (t > 0 && documents[b][t - 1].item<int>() != document) first = t;
      branches[b][t] = static_cast<int>(std::min<std::int64_t>(3, (t - first) / 5 + document % 2));
    }
  return branches;
}

inline std::vector<Visibility> all_kinds(std::int64_t rows, std::int64_t tokens) {
  return {
      see_all(tokens, torch::kCPU), see_causal(tokens, torch::kCPU),
      see_prefix(torch::arange(rows) * tokens / rows + 1, tokens),
      see_documents(some_documents(rows, tokens), torch::kCPU),
      see_documents(some_documents(rows, tokens), torch::kCPU, some_branches(some_documents(rows, tokens)))};
}

inline Rotary rotary_of(std::int64_t rows, std::int64_t tokens, std::int64_t width) {
  return make_rotary(torch::arange(tokens).unsqueeze(0) + torch::arange(rows).unsqueeze(1), width, 1e4);
}

/// The loss of the head by its formula. in: hidden, weight.
inline torch::Tensor exact_head(const Tensors& in, const torch::Tensor& targets, const torch::Tensor& weights,
                                double z_loss) {
  const torch::Tensor logits = torch::matmul(in[0], in[1].t()), log_z = logits.logsumexp(-1);
  const torch::Tensor losses = log_z - logits.gather(1, targets.unsqueeze(1)).squeeze(1);
  return (weights.to(in[0].dtype()) * (losses + z_loss * log_z.square())).sum();
}

struct HeadCase {
  HeadCase(std::int64_t rows, std::int64_t width, std::int64_t classes)
      : hidden(noise({rows, width}, 1)),
        weight(noise({classes, width}, 2) / std::sqrt(static_cast<double>(width))),
        targets((torch::arange(rows) * 7919) % classes),
        weights(noise({rows}, 3).abs()) {
    weights.index_put_({torch::indexing::Slice(0, torch::indexing::None, 3)}, 0);
  }
  torch::Tensor hidden, weight, targets, weights;
};

}  // namespace ablate
