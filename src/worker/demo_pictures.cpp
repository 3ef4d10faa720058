#include "worker/demo_pictures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "util/hash.hpp"

namespace ablate {

namespace {

/// Lanes of the random numbers of one picture.
enum Lane : std::uint64_t { shape_lane, radius_lane, x_lane, y_lane, first_noise_lane = 16 };

constexpr std::int64_t kMinRadius = 4, kMaxRadius = 5;

/// Whether the pixel at (dx, dy) from the centre belongs to the shape.
bool is_inside(std::int64_t shape, std::int64_t dx, std::int64_t dy, std::int64_t radius) {
  const std::int64_t across = std::abs(dx), along = std::abs(dy);
  const std::int64_t square = std::max(across, along);
  const std::int64_t distance2 = dx * dx + dy * dy;
  if (square > radius) return false;
  switch (shape) {
    case 0:
      return distance2 <= radius * radius;  // disc
    case 1:
      return distance2 <= radius * radius && distance2 > (radius - 2) * (radius - 2);  // ring
    case 2:
      return true;  // square
    case 3:
      return square > radius - 2;  // frame
    case 4:
      return across <= 1 || along <= 1;  // cross
    case 5:
      return std::abs(across - along) <= 1;  // diagonal cross
    case 6:
      return 2 * across <= dy + radius;  // triangle
    default:
      return (dy + radius) / 2 % 2 == 0;  // bars
  }
}

}  // namespace

DemoPictures::DemoPictures(std::uint64_t seed, std::string_view purpose, std::int64_t resolution,
                           double noise)
    : series_(fmt::format("{} {} {}", seed, purpose, noise)),
      random_(seed, fmt::format("demo pictures, {}", purpose)),
      resolution_(resolution),
      noise_(noise) {}

std::int64_t DemoPictures::draw(std::uint64_t index, std::span<double> pixels) const {
  const auto shape = static_cast<std::int64_t>(random_.below(Demo::kShapes, index, shape_lane));
  const auto radius =
      kMinRadius + static_cast<std::int64_t>(random_.below(kMaxRadius - kMinRadius + 1, index, radius_lane));
  const auto places = static_cast<std::uint64_t>(Demo::kPictureSide - 2 * radius);
  const auto x0 = radius + static_cast<std::int64_t>(random_.below(places, index, x_lane));
  const auto y0 = radius + static_cast<std::int64_t>(random_.below(places, index, y_lane));
  const std::int64_t side = Demo::kPictureSide / resolution_;  // of the square that becomes one pixel
  const double share = 1.0 / static_cast<double>(side * side);
  std::fill(pixels.begin(), pixels.end(), 0.0);
  for (std::int64_t y = 0; y < Demo::kPictureSide; ++y) {
    for (std::int64_t x = 0; x < Demo::kPictureSide; ++x) {
      const auto lane = static_cast<std::uint64_t>(first_noise_lane + y * Demo::kPictureSide + x);
      const double grey = is_inside(shape, x - x0, y - y0, radius) ? 1.0 : 0.0;
      pixels[static_cast<std::size_t>(y / side * resolution_ + x / side)] +=
          share * (grey + noise_ * random_.normal(index, lane));
    }
  }
  return shape;
}

std::uint64_t DemoPictures::identity(std::uint64_t index) const {
  return hash128(fmt::format("{} {}", series_, index)).low;
}

}  // namespace ablate
