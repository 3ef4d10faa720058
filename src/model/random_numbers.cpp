#include "model/random_numbers.hpp"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <numbers>

#include "util/random.hpp"

namespace ablate {

namespace {

constexpr std::int64_t kLowWord = 0xFFFFFFFF;

torch::Tensor low_word(const torch::Tensor& x) { return x.bitwise_and(kLowWord); }
/// The shift repeats the sign, which the mask takes off.
torch::Tensor high_word(const torch::Tensor& x) {
  return torch::bitwise_right_shift(x, 32).bitwise_and_(kLowWord);
}

struct Words {
  torch::Tensor first, second;  ///< int64 of 0 .. 2^32 - 1
};

/// The first two words of philox() (util/random.hpp) for the counters {index, 0} of consecutive indices. A
/// product of two words takes all 64 bits: that of signed integers has the same ones.
Words draw_words(const std::array<std::uint32_t, 2>& key, std::uint64_t first, std::int64_t count,
                 torch::Device device) {
  const auto begin = static_cast<std::int64_t>(first);
  const torch::Tensor index =
      torch::arange(begin, begin + count, torch::TensorOptions(torch::kInt64).device(device));
  torch::Tensor c0 = low_word(index), c1 = high_word(index), c2 = torch::zeros_like(c0), c3 = c2;
  std::uint32_t key0 = key[0], key1 = key[1];
  for (int round = 0; round < 10; ++round) {
    const torch::Tensor product0 = c0 * std::int64_t{0xD2511F53}, product1 = c2 * std::int64_t{0xCD9E8D57};
    c0 = high_word(product1).bitwise_xor_(c1).bitwise_xor_(std::int64_t{key0});
    c1 = low_word(product1);
    c2 = high_word(product0).bitwise_xor_(c3).bitwise_xor_(std::int64_t{key1});
    c3 = low_word(product0);
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  return {c0, c1};
}

}  // namespace

torch::Tensor reference::normal_numbers(std::uint64_t seed, std::string_view purpose, std::uint64_t first,
                                        std::int64_t count, torch::Device device) {
  const Words words = draw_words(RandomStream(seed, purpose).key(), first, count, device);
  const torch::Tensor radius = words.first.to(torch::kFloat64).add_(1).mul_(0x1p-32).log_().mul_(-2).sqrt_();
  const torch::Tensor angle = words.second.to(torch::kFloat64).mul_(2 * std::numbers::pi * 0x1p-32);
  return (radius * angle.cos()).to(torch::kFloat32);
}

torch::Tensor normal_numbers(std::uint64_t seed, std::string_view purpose, std::uint64_t first,
                             std::int64_t count, torch::Device device) {
  if (!device.is_cpu()) return reference::normal_numbers(seed, purpose, first, count, device);
  constexpr std::int64_t kGrain = 1 << 14;
  const RandomStream random(seed, purpose);
  torch::Tensor numbers = torch::empty({count}, torch::kFloat32);
  float* values = numbers.data_ptr<float>();
  at::parallel_for(0, count, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      values[i] = static_cast<float>(random.normal(first + static_cast<std::uint64_t>(i)));
  });
  return numbers;
}

}  // namespace ablate
