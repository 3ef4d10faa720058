// Pictures: decoding of JPEG, PNG and WebP, and the square that the encoder sees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/experiment.hpp"

namespace ablate {

/// 8-bit sRGB, rows from the top, `pixels[(y * width + x) * 3 + channel]`.
struct Image {
  std::int64_t width = 0, height = 0;
  std::vector<std::uint8_t> pixels;  ///< [height, width, 3]
};

/// Larger pictures are refused before memory is taken for them: 64 million pixels (192 MB as RGB).
constexpr std::int64_t kMaxPixels = 64'000'000;
/// Longest side that is accepted: what JPEG allows.
constexpr std::int64_t kMaxSide = 65'535;

enum class ImageFormat { jpeg, png, webp };

struct ImageInfo {
  ImageFormat format = ImageFormat::jpeg;
  std::int64_t width = 0, height = 0;
};

/// Reads the header only. The format is told by the content, whatever the file is called. Throws
/// BrokenDocument (`where` empty) for anything that is no JPEG, PNG or WebP, and for one that is too large.
ImageInfo read_image_info(std::string_view bytes);

/// Decodes the whole picture. Transparent pixels are laid over white; 16-bit, grey, palette and CMYK become
/// 8-bit RGB. `enough`: a JPEG may be decoded at the smallest of libjpeg's scales (n/8) at which neither side
/// is below `enough`, where the picture is larger (0: at full size). Throws BrokenDocument for a picture that
/// is damaged, truncated or too large.
Image decode_image(std::string_view bytes, std::int64_t enough = 0);

/// Resamples with Catmull-Rom (bicubic, a = -0.5), widened when it shrinks, so that nothing aliases. In whole
/// numbers and in the steps of Pillow's BICUBIC: the same pixels to the last bit, on every machine.
Image resize_image(const Image& image, std::int64_t width, std::int64_t height);

/// The picture at `width` x `height`, which for one view is a square: `stretch` changes the aspect ratio,
/// `crop` keeps the middle of the side that is too long, `pad` keeps all and fills up with white.
Image fit_image(const Image& image, std::int64_t width, std::int64_t height, ImageFit fit);

/// Columns and rows [x, x + width) x [y, y + height).
Image cut_image(const Image& image, std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height);

/// The picture as PNG, for pages and shards.
std::string encode_png(const Image& image);

}  // namespace ablate
