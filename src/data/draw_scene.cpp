// Paints scenes.
#include <algorithm>
#include <cmath>

#include "data/image_formats.hpp"
#include "data/scenes.hpp"
#include "util/random.hpp"

namespace ablate {

namespace {

/// Grey noise of about normal distribution, the sum of four random bytes (Irwin and Hall 1927): the exact one
/// would take longer than the whole scene.
void add_noise(const Scene& scene, Image& image) {
  constexpr double kByteDeviation = 73.9003;  ///< sqrt((256^2 - 1) / 12)
  constexpr std::uint64_t kBytes = 0x00FF00FF00FF00FF;
  const RandomStream stream(scene.noise_seed, "background");
  const double factor = scene.noise / (2 * kByteDeviation);
  std::uint64_t bits = 0;
  for (std::size_t pixel = 0; pixel * 3 < image.pixels.size(); ++pixel) {
    if (pixel % 2 == 0) bits = stream.bits(pixel / 2);
    // The four bytes at even places, then those at odd ones.
    const std::uint64_t bytes = (pixel % 2 == 0 ? bits : bits >> 8) & kBytes;
    const std::uint64_t sum =
        (bytes & 0xFFFF) + (bytes >> 16 & 0xFFFF) + (bytes >> 32 & 0xFFFF) + (bytes >> 48);
    const auto shift = static_cast<int>(std::lround((static_cast<double>(sum) - 2 * 255) * factor));
    for (std::size_t channel = 0; channel < 3; ++channel) {
      std::uint8_t& value = image.pixels[pixel * 3 + channel];
      value = static_cast<std::uint8_t>(std::clamp(value + shift, 0, 255));
    }
  }
}

int divide_by_255(int value) { return (value + 127) / 255; }

/// What one pixel of an item puts over the background: its colour, multiplied by its opacity.
struct Paint {
  int rgb[3], opacity;
};

/// A tint takes the place of the colour and keeps how light it is.
Paint mix_paint(const std::uint8_t* pixel, std::int64_t channels, const std::array<std::uint8_t, 3>* tint) {
  if (channels == 1) {
    const int opacity = pixel[0];
    const auto tone = [&](std::size_t channel) {
      return tint ? divide_by_255((*tint)[channel] * opacity) : 0;
    };
    return {{tone(0), tone(1), tone(2)}, opacity};
  }
  // Resampling can leave a colour a little above its opacity.
  const int opacity = pixel[3];
  Paint paint{
      {std::min<int>(pixel[0], opacity), std::min<int>(pixel[1], opacity), std::min<int>(pixel[2], opacity)},
      opacity};
  if (tint) {
    // ITU-R BT.601.
    const int lightness = (299 * paint.rgb[0] + 587 * paint.rgb[1] + 114 * paint.rgb[2] + 500) / 1000;
    for (std::size_t channel = 0; channel < 3; ++channel)
      paint.rgb[channel] = divide_by_255((*tint)[channel] * lightness);
  }
  return paint;
}

void draw_object(const Scene& scene, const SceneObject& object, Image& image) {
  const BankItem& item = scene.bank->items[static_cast<std::size_t>(object.item)];
  const std::int64_t longer = std::max(item.width, item.height);
  const auto scaled = [&](std::int64_t side) {
    return std::max<std::int64_t>(1, (side * object.size + longer / 2) / longer);
  };
  const std::int64_t width = scaled(item.width), height = scaled(item.height);
  const std::int64_t left = object.x + (object.size - width) / 2, top = object.y + (object.size - height) / 2;
  const auto pixels = resample(item.pixels, item.channels, item.width, item.height, width, height);
  const std::array<std::uint8_t, 3>* tint =
      object.colour < 0 ? nullptr : &scene_colours()[static_cast<std::size_t>(object.colour)].rgb;
  const std::uint8_t* pixel = pixels.data();
  for (std::int64_t y = 0; y < height; ++y) {
    std::uint8_t* to = &image.pixels[static_cast<std::size_t>(((top + y) * image.width + left) * 3)];
    for (std::int64_t x = 0; x < width; ++x, pixel += item.channels, to += 3) {
      const Paint paint = mix_paint(pixel, item.channels, tint);
      for (int channel = 0; channel < 3; ++channel)
        to[channel] = static_cast<std::uint8_t>(paint.rgb[channel] +
                                                divide_by_255(to[channel] * (255 - paint.opacity)));
    }
  }
}

}  // namespace

Image draw_scene(const Scene& scene) {
  Image image{scene.canvas, scene.canvas, {}};
  image.pixels.resize(static_cast<std::size_t>(scene.canvas * scene.canvas * 3));
  for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = scene.background[i % 3];
  if (scene.noise > 0) add_noise(scene, image);
  for (const SceneObject& object : scene.objects) draw_object(scene, object, image);
  return image;
}

}  // namespace ablate
