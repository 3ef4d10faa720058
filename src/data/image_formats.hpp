// What decoders and the users of transparent pictures share. Private to this module.
#pragma once

#include "data/image.hpp"
#include "data/problem.hpp"

namespace ablate {

/// 8-bit sRGB and opacity, `pixels[(y * width + x) * 4 + channel]`; the colours are not multiplied by the
/// opacity.
struct RgbaImage {
  std::int64_t width = 0, height = 0;
  std::vector<std::uint8_t> pixels;  ///< [height, width, 4]
};

/// "JPEG", as messages say it.
const char* format_name(ImageFormat format);
/// Throws BrokenDocument when either side is zero or the picture is too large to decode.
void check_image_size(ImageFormat format, std::int64_t width, std::int64_t height);

/// Big-endian number at `offset`, as in PNG and IDX. `offset` + 4 must not be beyond the end.
std::uint32_t read_big_endian(std::string_view bytes, std::size_t offset);

ImageInfo read_jpeg_info(std::string_view bytes);
ImageInfo read_png_info(std::string_view bytes);
ImageInfo read_webp_info(std::string_view bytes);
Image decode_jpeg(std::string_view bytes, std::int64_t enough);
Image decode_png(std::string_view bytes);
Image decode_webp(std::string_view bytes);
RgbaImage decode_png_rgba(std::string_view bytes);
RgbaImage decode_webp_rgba(std::string_view bytes);

/// With its transparency; what has none is opaque everywhere. `has_alpha` tells which.
RgbaImage decode_rgba(std::string_view bytes, std::int64_t enough, bool& has_alpha);
Image lay_over_white(const RgbaImage& image);

/// resize_image for 1, 3 or 4 channels.
std::vector<std::uint8_t> resample(const std::vector<std::uint8_t>& pixels, std::int64_t channels,
                                   std::int64_t width, std::int64_t height, std::int64_t new_width,
                                   std::int64_t new_height);

}  // namespace ablate
