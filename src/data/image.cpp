#include "data/image.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "data/image_formats.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

ImageFormat detect_format(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xD8\xFF")) return ImageFormat::jpeg;
  if (bytes.starts_with("\x89PNG\r\n\x1A\n")) return ImageFormat::png;
  if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP")) return ImageFormat::webp;
  if (bytes.empty()) fail_document(ProblemKind::image, "an empty file; expected a JPEG, PNG or WebP");
  std::string start;
  for (const char c : bytes.substr(0, 8))
    start += fmt::format("{}{:02x}", start.empty() ? "" : " ", static_cast<unsigned char>(c));
  fail_document(ProblemKind::image, fmt::format("{} bytes that begin with {}; expected a JPEG, PNG or WebP",
                                                with_commas(static_cast<std::int64_t>(bytes.size())), start));
}

Image pad_image(const Image& image, std::int64_t width, std::int64_t height) {
  Image padded{width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(width * height * 3), 255)};
  const std::int64_t x = (width - image.width) / 2, y = (height - image.height) / 2;
  for (std::int64_t row = 0; row < image.height; ++row)
    std::copy_n(image.pixels.begin() + row * image.width * 3, image.width * 3,
                padded.pixels.begin() + ((y + row) * width + x) * 3);
  return padded;
}

}  // namespace

const char* format_name(ImageFormat format) {
  switch (format) {
    case ImageFormat::jpeg:
      return "JPEG";
    case ImageFormat::png:
      return "PNG";
    case ImageFormat::webp:
      return "WebP";
  }
  return "";
}

void check_image_size(ImageFormat format, std::int64_t width, std::int64_t height) {
  const auto found = [&] {
    return fmt::format("{} of {} x {} pixels", format_name(format), with_commas(width), with_commas(height));
  };
  if (width < 1 || height < 1) fail_document(ProblemKind::image, found());
  if (width > kMaxSide || height > kMaxSide)
    fail_document(ProblemKind::image_size,
                  fmt::format("{}; at most {} on a side are read", found(), with_commas(kMaxSide)));
  if (width * height > kMaxPixels)
    fail_document(ProblemKind::image_size,
                  fmt::format("{}; at most {} are read", found(), with_commas(kMaxPixels)));
}

std::uint32_t read_big_endian(std::string_view bytes, std::size_t offset) {
  std::uint32_t value = 0;
  for (const char c : bytes.substr(offset, 4)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

ImageInfo read_image_info(std::string_view bytes) {
  switch (detect_format(bytes)) {
    case ImageFormat::jpeg:
      return read_jpeg_info(bytes);
    case ImageFormat::png:
      return read_png_info(bytes);
    case ImageFormat::webp:
      return read_webp_info(bytes);
  }
  return {};
}

Image decode_image(std::string_view bytes, std::int64_t enough) {
  switch (detect_format(bytes)) {
    case ImageFormat::jpeg:
      return decode_jpeg(bytes, enough);
    case ImageFormat::png:
      return decode_png(bytes);
    case ImageFormat::webp:
      return decode_webp(bytes);
  }
  return {};
}

RgbaImage decode_rgba(std::string_view bytes, std::int64_t enough, bool& has_alpha) {
  RgbaImage result;
  switch (detect_format(bytes)) {
    case ImageFormat::jpeg: {
      const Image image = decode_jpeg(bytes, enough);
      result = {image.width, image.height, {}};
      result.pixels.reserve(image.pixels.size() / 3 * 4);
      for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
        result.pixels.insert(result.pixels.end(), &image.pixels[i], &image.pixels[i] + 3);
        result.pixels.push_back(255);
      }
      break;
    }
    case ImageFormat::png:
      result = decode_png_rgba(bytes);
      break;
    case ImageFormat::webp:
      result = decode_webp_rgba(bytes);
      break;
  }
  has_alpha = false;
  for (std::size_t i = 3; i < result.pixels.size() && !has_alpha; i += 4) has_alpha = result.pixels[i] < 255;
  return result;
}

Image lay_over_white(const RgbaImage& image) {
  Image result{image.width, image.height, std::vector<std::uint8_t>(image.pixels.size() / 4 * 3)};
  const std::uint8_t* from = image.pixels.data();
  for (std::uint8_t *to = result.pixels.data(), *end = to + result.pixels.size(); to != end;
       from += 4, to += 3)
    for (int channel = 0; channel < 3; ++channel)
      to[channel] = static_cast<std::uint8_t>((from[channel] * from[3] + 255 * (255 - from[3]) + 127) / 255);
  return result;
}

Image cut_image(const Image& image, std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height) {
  Image cut{width, height, {}};
  cut.pixels.reserve(static_cast<std::size_t>(width * height * 3));
  for (std::int64_t row = y; row < y + height; ++row) {
    const auto begin = image.pixels.begin() + (row * image.width + x) * 3;
    cut.pixels.insert(cut.pixels.end(), begin, begin + width * 3);
  }
  return cut;
}

Image fit_image(const Image& image, std::int64_t width, std::int64_t height, ImageFit fit) {
  const bool is_wider = image.width * height > image.height * width;  // Than what it is to become.
  /// `side` * to / from, rounded, and at least 1.
  const auto scaled = [](std::int64_t side, std::int64_t to, std::int64_t from) {
    return std::max<std::int64_t>(1, (side * to + from / 2) / from);
  };
  switch (fit) {
    case ImageFit::stretch:
      return resize_image(image, width, height);
    case ImageFit::crop: {
      const std::int64_t cut_width = is_wider ? scaled(image.height, width, height) : image.width;
      const std::int64_t cut_height = is_wider ? image.height : scaled(image.width, height, width);
      if (cut_width == image.width && cut_height == image.height) return resize_image(image, width, height);
      return resize_image(cut_image(image, (image.width - cut_width) / 2, (image.height - cut_height) / 2,
                                    cut_width, cut_height),
                          width, height);
    }
    case ImageFit::pad:
      return pad_image(
          is_wider ? resize_image(image, width, std::min(height, scaled(image.height, width, image.width)))
                   : resize_image(image, std::min(width, scaled(image.width, height, image.height)), height),
          width, height);
  }
  return {};
}

}  // namespace ablate
