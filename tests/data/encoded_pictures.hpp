// Pictures that tests encode themselves.
#pragma once

#include <png.h>
#include <turbojpeg.h>
#include <webp/encode.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "data/image.hpp"

namespace ablate {

/// Smooth waves with edges and some noise, by a formula in whole numbers that other languages can repeat.
inline Image test_picture(std::int64_t width, std::int64_t height) {
  Image image{width, height, {}};
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      for (std::int64_t c = 0; c < 3; ++c)
        image.pixels.push_back(static_cast<std::uint8_t>(
            ((x * x / 7 + y * (c + 3) + (x / 9 + y / 7) % 2 * 90 + x * y * 31 % 17) / (c + 1)) % 256));
  return image;
}

inline std::string encode_jpeg(const Image& image, int quality = 90, int flags = 0,
                               int subsampling = TJSAMP_420) {
  tjhandle encoder = tjInitCompress();
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  tjCompress2(encoder, image.pixels.data(), static_cast<int>(image.width), 0, static_cast<int>(image.height),
              TJPF_RGB, &bytes, &size, subsampling, quality, flags);
  std::string result(reinterpret_cast<char*>(bytes), size);
  tjFree(bytes);
  tjDestroy(encoder);
  return result;
}

/// `cmyk`: 4 bytes a pixel, as they are stored.
inline std::string encode_cmyk_jpeg(const std::vector<std::uint8_t>& cmyk, int width, int height) {
  tjhandle encoder = tjInitCompress();
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  tjCompress2(encoder, cmyk.data(), width, 0, height, TJPF_CMYK, &bytes, &size, TJSAMP_444, 100, 0);
  std::string result(reinterpret_cast<char*>(bytes), size);
  tjFree(bytes);
  tjDestroy(encoder);
  return result;
}

inline std::string encode_webp(const Image& image, float quality) {
  std::uint8_t* bytes = nullptr;
  const int width = static_cast<int>(image.width), height = static_cast<int>(image.height);
  const std::size_t size =
      quality >= 100 ? WebPEncodeLosslessRGB(image.pixels.data(), width, height, width * 3, &bytes)
                     : WebPEncodeRGB(image.pixels.data(), width, height, width * 3, quality, &bytes);
  std::string result(reinterpret_cast<char*>(bytes), size);
  WebPFree(bytes);
  return result;
}

inline std::string encode_rgba_webp(const std::vector<std::uint8_t>& rgba, int width, int height) {
  std::uint8_t* bytes = nullptr;
  const std::size_t size = WebPEncodeLosslessRGBA(rgba.data(), width, height, width * 4, &bytes);
  std::string result(reinterpret_cast<char*>(bytes), size);
  WebPFree(bytes);
  return result;
}

/// A PNG of any kind: `rows` as libpng wants them, packed, 16-bit numbers big-endian.
struct PngSpec {
  png_uint_32 width = 0, height = 0;
  int depth = 8, colour_type = PNG_COLOR_TYPE_RGB;
  bool is_interlaced = false;
  std::vector<png_color> palette = {};
  std::vector<png_byte> palette_alpha = {};
};
inline std::string encode_any_png(const PngSpec& spec, const std::string& rows) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  const std::size_t row_size = rows.size() / spec.height;
  std::vector<png_bytep> pointers;
  for (std::size_t y = 0; y < spec.height; ++y)
    pointers.push_back(reinterpret_cast<png_bytep>(const_cast<char*>(rows.data() + y * row_size)));
  png_set_write_fn(
      png, &bytes,
      [](png_structp self, png_bytep data, png_size_t size) {
        static_cast<std::string*>(png_get_io_ptr(self))->append(reinterpret_cast<char*>(data), size);
      },
      nullptr);
  png_set_IHDR(png, info, spec.width, spec.height, spec.depth, spec.colour_type,
               spec.is_interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE,
               PNG_FILTER_TYPE_BASE);
  if (!spec.palette.empty())
    png_set_PLTE(png, info, spec.palette.data(), static_cast<int>(spec.palette.size()));
  if (!spec.palette_alpha.empty())
    png_set_tRNS(png, info, spec.palette_alpha.data(), static_cast<int>(spec.palette_alpha.size()), nullptr);
  png_set_rows(png, info, pointers.data());
  png_write_png(png, info, PNG_TRANSFORM_IDENTITY, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

/// The size that the header claims, with a right checksum.
inline std::string with_png_size(std::string bytes, std::uint32_t width, std::uint32_t height) {
  const auto put = [&](std::size_t at, std::uint32_t value) {
    for (int i = 0; i < 4; ++i)
      bytes[at + static_cast<std::size_t>(i)] = static_cast<char>(value >> (24 - 8 * i));
  };
  put(16, width);
  put(20, height);
  put(29, static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(bytes.data() + 12), 17)));
  return bytes;
}

inline std::string with_jpeg_size(std::string bytes, int width, int height) {
  std::size_t at = bytes.find("\xFF\xC0");
  if (at == std::string::npos) at = bytes.find("\xFF\xC2");
  const int sides[] = {height, width};
  for (std::size_t i = 0; i < 2; ++i) {
    bytes[at + 5 + 2 * i] = static_cast<char>(sides[i] >> 8);
    bytes[at + 6 + 2 * i] = static_cast<char>(sides[i]);
  }
  return bytes;
}

/// Of a lossless WebP: two times 14 bits after its signature byte.
inline std::string with_webp_size(std::string bytes, std::uint32_t width, std::uint32_t height) {
  const std::uint32_t bits = (width - 1) | (height - 1) << 14;
  for (int i = 0; i < 4; ++i) {
    char& byte = bytes[21 + static_cast<std::size_t>(i)];
    const auto kept = i == 3 ? static_cast<unsigned char>(byte) & 0xF0u : 0u;
    byte = static_cast<char>((bits >> (8 * i) & 0xFF) | kept);
  }
  return bytes;
}

}  // namespace ablate
