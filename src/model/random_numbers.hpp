// Random numbers as tensors: each a pure function of (seed, purpose, index), whatever the device.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string_view>

namespace ablate {

/// Standard normal numbers [count], fp32 on `device`: number i is RandomStream(seed, purpose).normal(first +
/// i). They are drawn where they are to be; another device's may differ in the last bit.
torch::Tensor normal_numbers(std::uint64_t seed, std::string_view purpose, std::uint64_t first,
                             std::int64_t count, torch::Device device);

namespace reference {
/// The same by LibTorch's operators, as devices other than the CPU draw them.
torch::Tensor normal_numbers(std::uint64_t seed, std::string_view purpose, std::uint64_t first,
                             std::int64_t count, torch::Device device);
}  // namespace reference

}  // namespace ablate
