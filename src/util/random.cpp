#include "util/random.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "util/hash.hpp"

namespace ablate {

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = kMultiplier0 * counter[0];
    const std::uint64_t product1 = kMultiplier1 * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

RandomStream::RandomStream(std::uint64_t seed, std::string_view purpose) {
  const std::uint64_t mixed = hash128(fmt::format("{}/{}", seed, purpose)).low;
  key_ = {static_cast<std::uint32_t>(mixed), static_cast<std::uint32_t>(mixed >> 32)};
}

std::array<std::uint32_t, 4> RandomStream::draw(std::uint64_t index, std::uint64_t lane) const {
  return philox({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                 static_cast<std::uint32_t>(lane), static_cast<std::uint32_t>(lane >> 32)},
                key_);
}

std::uint64_t RandomStream::bits(std::uint64_t index, std::uint64_t lane) const {
  const auto words = draw(index, lane);
  return words[0] | static_cast<std::uint64_t>(words[1]) << 32;
}

double RandomStream::uniform(std::uint64_t index, std::uint64_t lane) const {
  return static_cast<double>(bits(index, lane) >> 11) * 0x1p-53;
}

double RandomStream::normal(std::uint64_t index, std::uint64_t lane) const {
  const auto words = draw(index, lane);
  const double radius_uniform = (words[0] + 1.0) * 0x1p-32;  // In (0, 1]: its logarithm is finite.
  const double angle = 2 * std::numbers::pi * words[1] * 0x1p-32;
  return std::sqrt(-2 * std::log(radius_uniform)) * std::cos(angle);
}

std::uint64_t RandomStream::below(std::uint64_t bound, std::uint64_t index, std::uint64_t lane) const {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>(Wide(bits(index, lane)) * bound >> 64);
}

}  // namespace ablate
