#include <fmt/format.h>
#include <turbojpeg.h>

#include <memory>

#include "data/image_formats.hpp"

namespace ablate {

namespace {

struct TurboJpegDelete {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using TurboJpeg = std::unique_ptr<void, TurboJpegDelete>;

struct JpegHeader {
  int width = 0, height = 0;
  bool is_cmyk = false;
};

/// A pixel counts as damaged where the decoder only warns: the warnings are of data that end early or cannot
/// be read. A bound on the scans of a progressive picture holds off files that decode for minutes.
constexpr int kJpegFlags = TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS;

[[noreturn]] void fail_jpeg(const TurboJpeg& decoder) {
  fail_document(ProblemKind::image,
                fmt::format("JPEG that cannot be read: {}", tjGetErrorStr2(decoder.get())));
}

const unsigned char* jpeg_bytes(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

TurboJpeg make_decoder() {
  TurboJpeg decoder(tjInitDecompress());
  if (!decoder) throw std::bad_alloc();
  return decoder;
}

JpegHeader read_jpeg_header(const TurboJpeg& decoder, std::string_view bytes) {
  JpegHeader header;
  int subsampling = -1, colours = -1;
  // It also fails, with the size in place, for rare chroma subsamplings that can be decoded all the same.
  const int failed = tjDecompressHeader3(decoder.get(), jpeg_bytes(bytes), bytes.size(), &header.width,
                                         &header.height, &subsampling, &colours);
  if (failed && (header.width < 1 || header.height < 1 || colours < 0)) fail_jpeg(decoder);
  header.is_cmyk = colours == TJCS_CMYK || colours == TJCS_YCCK;
  check_image_size(ImageFormat::jpeg, header.width, header.height);
  return header;
}

/// The smallest n/8 at which neither side is below `enough`.
tjscalingfactor find_scale(const JpegHeader& header, std::int64_t enough) {
  for (int eighths = 1; enough > 0 && eighths < 8; ++eighths) {
    const tjscalingfactor scale = {eighths, 8};
    if (TJSCALED(header.width, scale) >= enough && TJSCALED(header.height, scale) >= enough) return scale;
  }
  return {1, 1};
}

/// CMYK as Adobe writes it, and Pillow reads it: 255 is no ink.
std::vector<std::uint8_t> cmyk_to_rgb(const std::vector<std::uint8_t>& cmyk) {
  std::vector<std::uint8_t> rgb(cmyk.size() / 4 * 3);
  for (std::size_t i = 0; i < cmyk.size() / 4; ++i)
    for (std::size_t channel = 0; channel < 3; ++channel)
      rgb[i * 3 + channel] = static_cast<std::uint8_t>((cmyk[i * 4 + channel] * cmyk[i * 4 + 3] + 127) / 255);
  return rgb;
}

}  // namespace

ImageInfo read_jpeg_info(std::string_view bytes) {
  const JpegHeader header = read_jpeg_header(make_decoder(), bytes);
  return {ImageFormat::jpeg, header.width, header.height};
}

Image decode_jpeg(std::string_view bytes, std::int64_t enough) {
  const TurboJpeg decoder = make_decoder();
  const JpegHeader header = read_jpeg_header(decoder, bytes);
  const tjscalingfactor scale = find_scale(header, enough);
  const int width = TJSCALED(header.width, scale), height = TJSCALED(header.height, scale);
  const int channels = header.is_cmyk ? 4 : 3;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(std::int64_t{width} * height * channels));
  if (tjDecompress2(decoder.get(), jpeg_bytes(bytes), bytes.size(), pixels.data(), width, 0, height,
                    header.is_cmyk ? TJPF_CMYK : TJPF_RGB, kJpegFlags) != 0)
    fail_jpeg(decoder);
  if (header.is_cmyk) pixels = cmyk_to_rgb(pixels);
  return {width, height, std::move(pixels)};
}

}  // namespace ablate
