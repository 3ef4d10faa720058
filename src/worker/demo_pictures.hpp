// Noisy drawings of eight shapes, each a pure function of (seed, purpose, index).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "config/experiment.hpp"
#include "util/random.hpp"

namespace ablate {

/// An endless series of grey pictures: a shape of random kind, size and place (1 on 0), Gaussian noise on
/// every pixel, and then the mean over squares. Noise is drawn before the mean is taken: all resolutions see
/// the same picture.
class DemoPictures {
 public:
  /// `purpose`: "training" or "held-out". `resolution` divides Demo::kPictureSide.
  DemoPictures(std::uint64_t seed, std::string_view purpose, std::int64_t resolution, double noise);

  std::int64_t pixels() const { return resolution_ * resolution_; }
  /// Draws picture `index` into `pixels` [resolution * resolution] and returns its shape, below
  /// Demo::kShapes.
  std::int64_t draw(std::uint64_t index, std::span<double> pixels) const;
  /// Equal for equal pictures, at whichever resolution they are seen.
  std::uint64_t identity(std::uint64_t index) const;

 private:
  std::string series_;  ///< What the pictures are a pure function of, but for the index.
  RandomStream random_;
  std::int64_t resolution_;
  double noise_;
};

}  // namespace ablate
