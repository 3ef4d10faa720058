// Counter-based random numbers: each is a pure function of (seed, purpose, index).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ablate {

/// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): four 32-bit words for
/// each 128-bit counter and 64-bit key.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

/// The stream of one purpose ("data order", "weights") under one seed. Any draw can be made at any time, in
/// any order and by any thread, and always gives the same number.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::string_view purpose);
  std::uint64_t bits(std::uint64_t index, std::uint64_t lane = 0) const;
  double uniform(std::uint64_t index, std::uint64_t lane = 0) const;  ///< In [0, 1), 53 random bits.
  double normal(std::uint64_t index,
                std::uint64_t lane = 0) const;  ///< Mean 0, variance 1 (Box and Muller 1958).
  /// In 0 .. bound-1 (bound >= 1), by multiplication (Lemire 2019) without rejection: bias below bound /
  /// 2^64.
  std::uint64_t below(std::uint64_t bound, std::uint64_t index, std::uint64_t lane = 0) const;
  /// Of philox(), whose counter is {index, lane}: for those who draw many at once.
  std::array<std::uint32_t, 2> key() const { return key_; }

 private:
  std::array<std::uint32_t, 4> draw(std::uint64_t index, std::uint64_t lane) const;
  std::array<std::uint32_t, 2> key_;
};

}  // namespace ablate
