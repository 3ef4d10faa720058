#include <fmt/format.h>
#include <png.h>

#include "data/image_formats.hpp"

namespace ablate {

namespace {

/// The signature, and IHDR up to the height.
constexpr std::size_t kPngHeaderBytes = 24;
/// What deflate at most makes of one byte (zlib's technical details); a picture that claims more is refused
/// before memory is taken for it.
constexpr std::int64_t kMaxInflation = 1032;

/// libpng's simplified interface: errors come back as values, so nothing jumps over destructors.
struct PngImage : png_image {
  PngImage() : png_image{} { version = PNG_IMAGE_VERSION; }
  ~PngImage() { png_image_free(this); }
  PngImage(const PngImage&) = delete;
  PngImage& operator=(const PngImage&) = delete;
  [[noreturn]] void fail() const {
    fail_document(ProblemKind::image, fmt::format("PNG that cannot be read: {}", message));
  }
};

/// Leaves `image` ready to be finished in any format.
void begin_png(PngImage& image, std::string_view bytes) {
  const ImageInfo info = read_png_info(bytes);
  if (!png_image_begin_read_from_memory(&image, bytes.data(), bytes.size())) image.fail();
  check_image_size(ImageFormat::png, image.width, image.height);
  // One bit a pixel is the least that a PNG holds.
  if (info.width * info.height / 8 / kMaxInflation > static_cast<std::int64_t>(bytes.size()))
    fail_document(ProblemKind::image, fmt::format("PNG of {} x {} pixels in {} bytes: the data end too early",
                                                  info.width, info.height, bytes.size()));
  // 16-bit pictures that do not say otherwise are sRGB too, as other programs read them.
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
}

std::vector<std::uint8_t> finish_png(PngImage& image, png_uint_32 format) {
  image.format = format;
  std::vector<std::uint8_t> pixels(PNG_IMAGE_SIZE(image));
  if (!png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr)) image.fail();
  return pixels;
}

}  // namespace

ImageInfo read_png_info(std::string_view bytes) {
  if (bytes.size() < kPngHeaderBytes || bytes.substr(12, 4) != "IHDR")
    fail_document(ProblemKind::image, "PNG that cannot be read: no header");
  const std::int64_t width = read_big_endian(bytes, 16), height = read_big_endian(bytes, 20);
  check_image_size(ImageFormat::png, width, height);
  return {ImageFormat::png, width, height};
}

RgbaImage decode_png_rgba(std::string_view bytes) {
  PngImage image;
  begin_png(image, bytes);
  return {image.width, image.height, finish_png(image, PNG_FORMAT_RGBA)};
}

Image decode_png(std::string_view bytes) {
  PngImage image;
  begin_png(image, bytes);
  const std::int64_t width = image.width, height = image.height;
  if (image.format & PNG_FORMAT_FLAG_ALPHA)
    return lay_over_white({width, height, finish_png(image, PNG_FORMAT_RGBA)});
  return {width, height, finish_png(image, PNG_FORMAT_RGB)};
}

std::string encode_png(const Image& image) {
  PngImage png;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = PNG_FORMAT_RGB;
  std::string bytes(PNG_IMAGE_PNG_SIZE_MAX(png), '\0');
  png_alloc_size_t size = bytes.size();
  if (!png_image_write_to_memory(&png, bytes.data(), &size, 0, image.pixels.data(), 0, nullptr))
    throw std::runtime_error(
        fmt::format("PNG of {} x {} pixels cannot be written: {}", image.width, image.height, png.message));
  bytes.resize(size);
  return bytes;
}

}  // namespace ablate
