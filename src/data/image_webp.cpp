#include <fmt/format.h>
#include <webp/decode.h>

#include "data/image_formats.hpp"

namespace ablate {

namespace {

const std::uint8_t* webp_bytes(std::string_view bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

const char* describe_status(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      return "the data end too early";
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return "a feature that libwebp does not know";
    case VP8_STATUS_OUT_OF_MEMORY:
      return "no memory for it";
    default:
      return "the data are damaged";
  }
}

[[noreturn]] void fail_webp(VP8StatusCode status) {
  fail_document(ProblemKind::image, fmt::format("WebP that cannot be read: {}", describe_status(status)));
}

WebPBitstreamFeatures read_features(std::string_view bytes) {
  WebPBitstreamFeatures features;
  const VP8StatusCode status = WebPGetFeatures(webp_bytes(bytes), bytes.size(), &features);
  if (status != VP8_STATUS_OK) fail_webp(status);
  check_image_size(ImageFormat::webp, features.width, features.height);
  if (features.has_animation)
    fail_document(ProblemKind::image, "an animated WebP; expected a picture that stands still");
  return features;
}

/// Decodes into memory of the caller, which is as large as the checked header says.
std::vector<std::uint8_t> decode_webp_pixels(std::string_view bytes, const WebPBitstreamFeatures& features,
                                             WEBP_CSP_MODE mode, int channels) {
  std::vector<std::uint8_t> pixels(
      static_cast<std::size_t>(std::int64_t{features.width} * features.height * channels));
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) throw std::logic_error("libwebp of another version than its headers");
  config.input = features;
  config.output.colorspace = mode;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {pixels.data(), features.width * channels, pixels.size()};
  const VP8StatusCode status = WebPDecode(webp_bytes(bytes), bytes.size(), &config);
  WebPFreeDecBuffer(&config.output);
  if (status != VP8_STATUS_OK) fail_webp(status);
  return pixels;
}

}  // namespace

ImageInfo read_webp_info(std::string_view bytes) {
  const WebPBitstreamFeatures features = read_features(bytes);
  return {ImageFormat::webp, features.width, features.height};
}

RgbaImage decode_webp_rgba(std::string_view bytes) {
  const WebPBitstreamFeatures features = read_features(bytes);
  return {features.width, features.height, decode_webp_pixels(bytes, features, MODE_RGBA, 4)};
}

Image decode_webp(std::string_view bytes) {
  const WebPBitstreamFeatures features = read_features(bytes);
  if (features.has_alpha) return lay_over_white(decode_webp_rgba(bytes));
  return {features.width, features.height, decode_webp_pixels(bytes, features, MODE_RGB, 3)};
}

}  // namespace ablate
