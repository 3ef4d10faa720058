#include <zlib.h>

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "data/document.hpp"
#include "data/encoded_pictures.hpp"
#include "data/problem.hpp"
#include "util/random.hpp"

using namespace ablate;

namespace {

/// What is wrong with a picture; "" when it decodes.
std::string image_problem(const std::string& bytes, ProblemKind kind = ProblemKind::image) {
  try {
    decode_image(bytes);
  } catch (const BrokenDocument& broken) {
    BOOST_TEST((broken.problem.kind == kind), broken.what());
    BOOST_TEST(broken.problem.where == "");
    return broken.problem.message;
  }
  return "";
}

double mean_difference(const Image& a, const Image& b) {
  BOOST_REQUIRE_EQUAL(a.pixels.size(), b.pixels.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(a.pixels.size());
}

std::vector<int> pixel_at(const Image& image, std::int64_t x, std::int64_t y) {
  const auto at = image.pixels.begin() + (y * image.width + x) * 3;
  return {at, at + 3};
}

Image flat_image(std::int64_t width, std::int64_t height, std::uint8_t value) {
  return {width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(width * height * 3), value)};
}

/// Waves without edges or noise, which JPEG keeps well.
Image smooth_picture(std::int64_t width, std::int64_t height) {
  Image image{width, height, {}};
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c)
        image.pixels.push_back(
            static_cast<std::uint8_t>(128 + 100 * std::sin(0.05 * static_cast<double>(x) + c) *
                                                std::cos(0.04 * static_cast<double>(y))));
  return image;
}

struct Encoded {
  const char* name;
  std::string bytes;
};

/// One of each kind whose damage looks different.
std::vector<Encoded> encoded_samples() {
  const Image image = test_picture(45, 38);
  PngSpec interlaced{45, 38};
  interlaced.is_interlaced = true;
  return {{"jpeg", encode_jpeg(image)},
          {"progressive jpeg", encode_jpeg(image, 90, TJFLAG_PROGRESSIVE)},
          {"png", encode_png(image)},
          {"interlaced png", encode_any_png(interlaced, {image.pixels.begin(), image.pixels.end()})},
          {"webp", encode_webp(image, 80)},
          {"lossless webp", encode_webp(image, 100)}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(image)

BOOST_AUTO_TEST_CASE(the_format_is_told_by_the_content) {
  const Image image = test_picture(45, 38);
  for (const auto& [bytes, format] :
       {std::pair(encode_jpeg(image), ImageFormat::jpeg), std::pair(encode_png(image), ImageFormat::png),
        std::pair(encode_webp(image, 80), ImageFormat::webp)}) {
    const ImageInfo info = read_image_info(bytes);
    BOOST_TEST((info.format == format));
    BOOST_TEST(info.width == 45);
    BOOST_TEST(info.height == 38);
  }
  BOOST_TEST(image_problem("") == "an empty file; expected a JPEG, PNG or WebP");
  BOOST_TEST(image_problem("<html>404</html>") ==
             "16 bytes that begin with 3c 68 74 6d 6c 3e 34 30; expected a JPEG, PNG or WebP");
  BOOST_TEST(image_problem("GIF") == "3 bytes that begin with 47 49 46; expected a JPEG, PNG or WebP");
}

BOOST_AUTO_TEST_CASE(pixels_come_back) {
  const Image image = test_picture(45, 38), smooth = smooth_picture(90, 70);
  BOOST_TEST((decode_image(encode_png(image)).pixels == image.pixels));
  BOOST_TEST((decode_image(encode_webp(image, 100)).pixels == image.pixels));
  BOOST_TEST(mean_difference(decode_image(encode_jpeg(smooth, 95)), smooth) < 1.5);
  BOOST_TEST(mean_difference(decode_image(encode_jpeg(smooth, 95, TJFLAG_PROGRESSIVE)), smooth) < 1.5);
  BOOST_TEST(mean_difference(decode_image(encode_webp(smooth, 95)), smooth) < 2.5);
}

BOOST_AUTO_TEST_CASE(png_of_every_depth_becomes_rgb) {
  // Grey: the values of the depth are spread over 0..255.
  BOOST_TEST((decode_image(encode_any_png({8, 1, 1, PNG_COLOR_TYPE_GRAY}, "\xA0")).pixels[6] == 255));
  const Image two = decode_image(encode_any_png({4, 1, 2, PNG_COLOR_TYPE_GRAY}, "\x1B"));
  BOOST_TEST((pixel_at(two, 1, 0) == std::vector{85, 85, 85}));
  BOOST_TEST((pixel_at(two, 2, 0) == std::vector{170, 170, 170}));
  const Image four = decode_image(encode_any_png({2, 1, 4, PNG_COLOR_TYPE_GRAY}, "\x5F"));
  BOOST_TEST((pixel_at(four, 0, 0) == std::vector{85, 85, 85}));
  const Image deep = decode_image(
      encode_any_png({1, 1, 16, PNG_COLOR_TYPE_RGB}, std::string("\x80\x80\x00\x00\xFF\xFF", 6)));
  BOOST_TEST((pixel_at(deep, 0, 0) == std::vector{128, 0, 255}));
  // Transparent: over white.
  const Image palette =
      decode_image(encode_any_png({.width = 4,
                                   .height = 1,
                                   .depth = 2,
                                   .colour_type = PNG_COLOR_TYPE_PALETTE,
                                   .palette = {{10, 20, 30}, {200, 0, 0}, {0, 100, 0}, {0, 0, 0}},
                                   .palette_alpha = {255, 255, 51, 0}},
                                  "\x1B"));
  BOOST_TEST((pixel_at(palette, 0, 0) == std::vector{10, 20, 30}));
  BOOST_TEST((pixel_at(palette, 1, 0) == std::vector{200, 0, 0}));
  BOOST_TEST((pixel_at(palette, 2, 0) == std::vector{204, 224, 204}));  // 255 - 255 / 5; 100 / 5 + 204.
  BOOST_TEST((pixel_at(palette, 3, 0) == std::vector{255, 255, 255}));
  const Image faint =
      decode_image(encode_any_png({1, 1, 8, PNG_COLOR_TYPE_RGB_ALPHA}, std::string("\xFF\x00\x00\x33", 4)));
  BOOST_TEST((pixel_at(faint, 0, 0) == std::vector{255, 204, 204}));
  const Image grey =
      decode_image(encode_any_png({1, 1, 8, PNG_COLOR_TYPE_GRAY_ALPHA}, std::string("\x00\x33", 2)));
  BOOST_TEST((pixel_at(grey, 0, 0) == std::vector{204, 204, 204}));
  const Image image = test_picture(45, 38);
  PngSpec interlaced{45, 38};
  interlaced.is_interlaced = true;
  BOOST_TEST((decode_image(encode_any_png(interlaced, {image.pixels.begin(), image.pixels.end()})).pixels ==
              image.pixels));
}

BOOST_AUTO_TEST_CASE(transparent_webp_lies_over_white) {
  const Image image = decode_image(encode_rgba_webp({255, 0, 0, 51, 10, 20, 30, 255}, 2, 1));
  BOOST_TEST((pixel_at(image, 0, 0) == std::vector{255, 204, 204}));
  BOOST_TEST((pixel_at(image, 1, 0) == std::vector{10, 20, 30}));
}

BOOST_AUTO_TEST_CASE(jpeg_of_other_colours_becomes_rgb) {
  const Image grey = decode_image(encode_jpeg(smooth_picture(40, 40), 95, 0, TJSAMP_GRAY));
  BOOST_TEST(pixel_at(grey, 7, 9)[0] == pixel_at(grey, 7, 9)[2]);
  // Adobe stores CMYK inverted: 255 is no ink. Without ink white, with black ink black, without cyan red.
  const auto cmyk = [](std::uint8_t c, std::uint8_t m, std::uint8_t y, std::uint8_t k) {
    std::vector<std::uint8_t> pixels;
    for (int i = 0; i < 64; ++i) pixels.insert(pixels.end(), {c, m, y, k});
    const std::vector<int> rgb = pixel_at(decode_image(encode_cmyk_jpeg(pixels, 8, 8)), 4, 4);
    std::vector<bool> high;
    for (const int value : rgb) {
      BOOST_TEST((value < 4 || value > 251));
      high.push_back(value > 128);
    }
    return high;
  };
  BOOST_TEST((cmyk(255, 255, 255, 255) == std::vector{true, true, true}));
  BOOST_TEST((cmyk(255, 255, 255, 0) == std::vector{false, false, false}));
  BOOST_TEST((cmyk(255, 0, 0, 255) == std::vector{true, false, false}));
}

BOOST_AUTO_TEST_CASE(a_jpeg_is_decoded_no_larger_than_enough) {
  const Image image = smooth_picture(400, 300);
  const std::string bytes = encode_jpeg(image);
  const auto size = [&](std::int64_t enough) {
    const Image decoded = decode_image(bytes, enough);
    return std::pair(decoded.width, decoded.height);
  };
  BOOST_TEST((size(0) == std::pair<std::int64_t, std::int64_t>(400, 300)));
  BOOST_TEST((size(1) == std::pair<std::int64_t, std::int64_t>(50, 38)));
  BOOST_TEST((size(38) == std::pair<std::int64_t, std::int64_t>(50, 38)));
  BOOST_TEST((size(39) == std::pair<std::int64_t, std::int64_t>(100, 75)));
  BOOST_TEST((size(100) == std::pair<std::int64_t, std::int64_t>(150, 113)));
  BOOST_TEST((size(300) == std::pair<std::int64_t, std::int64_t>(400, 300)));
  BOOST_TEST((size(5000) == std::pair<std::int64_t, std::int64_t>(400, 300)));
  BOOST_TEST(mean_difference(resize_image(decode_image(bytes, 64), 64, 64), resize_image(image, 64, 64)) < 2);
}

BOOST_AUTO_TEST_CASE(what_is_too_large_is_refused_by_its_header) {
  const Image image = test_picture(45, 38);
  const std::string large = " of 12,000 x 14,000 pixels; at most 64,000,000 are read";
  BOOST_TEST(image_problem(with_jpeg_size(encode_jpeg(image), 12000, 14000), ProblemKind::image_size) ==
             "JPEG" + large);
  BOOST_TEST(image_problem(with_png_size(encode_png(image), 12000, 14000), ProblemKind::image_size) ==
             "PNG" + large);
  BOOST_TEST(image_problem(with_webp_size(encode_webp(image, 100), 12000, 14000), ProblemKind::image_size) ==
             "WebP" + large);
  BOOST_TEST(image_problem(with_png_size(encode_png(image), 70000, 2), ProblemKind::image_size) ==
             "PNG of 70,000 x 2 pixels; at most 65,535 on a side are read");
  BOOST_TEST(image_problem(with_png_size(encode_png(image), 0x7FFFFFFF, 0x7FFFFFFF), ProblemKind::image_size)
                 .starts_with("PNG of 2,147,483,647 x"));
  BOOST_CHECK_THROW(read_image_info(with_jpeg_size(encode_jpeg(image), 12000, 14000)), BrokenDocument);
}

BOOST_AUTO_TEST_CASE(more_pixels_than_the_bytes_can_hold_take_no_memory) {
  const std::string png = with_png_size(encode_png(flat_image(8, 8, 0)), 8000, 8000);
  BOOST_TEST(image_problem(png).find("the data end too early") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(sizes_of_zero_are_damage) {
  const Image image = test_picture(45, 38);
  BOOST_TEST(image_problem(with_png_size(encode_png(image), 0, 7)) == "PNG of 0 x 7 pixels");
  BOOST_TEST(image_problem(with_jpeg_size(encode_jpeg(image), 0, 7)) != "");
  BOOST_TEST(image_problem(with_jpeg_size(encode_jpeg(image), 7, 0)) != "");
}

BOOST_AUTO_TEST_CASE(what_is_cut_short_is_damage) {
  // Of a PNG, the last 12 bytes are an empty chunk; of a JPEG, the last 2 its end; a WebP may be padded by
  // one.
  for (const auto& [name, bytes] : encoded_samples())
    for (std::size_t size = 0; size + 14 < bytes.size(); size += size < 100 ? 1 : 17)
      BOOST_TEST(image_problem(bytes.substr(0, size)) != "", name << " of " << size << " bytes");
  const std::string jpeg = encode_jpeg(test_picture(45, 38));
  BOOST_TEST(image_problem(jpeg.substr(0, jpeg.size() - 2)) ==
             "JPEG that cannot be read: Premature end of JPEG file");
}

BOOST_AUTO_TEST_CASE(damaged_bytes_are_decoded_or_refused) {
  const RandomStream random(1, "damage");
  std::uint64_t draw = 0;
  std::size_t refused = 0;
  for (const auto& [name, bytes] : encoded_samples()) {
    for (int trial = 0; trial < 1500; ++trial) {
      std::string damaged = bytes;
      for (int flips = 1 + trial % 4; flips > 0; --flips) {
        // Headers are short but matter most.
        const std::uint64_t reach = trial % 2 ? damaged.size() : 40;
        damaged[random.below(reach, draw, 0)] ^= static_cast<char>(1 << random.below(8, draw, 1));
        ++draw;
      }
      try {
        const Image image = decode_image(damaged, trial % 3 ? 0 : 16);
        BOOST_TEST(static_cast<std::int64_t>(image.pixels.size()) == image.width * image.height * 3);
      } catch (const BrokenDocument& broken) {
        ++refused;
      }
    }
  }
  BOOST_TEST(refused > 3000u);
}

BOOST_AUTO_TEST_CASE(resized_pixels_are_those_of_pillow) {
  // Pillow 9.4 on the picture of test_picture(120, 90), `zlib.crc32(np.asarray(image.resize(size,
  // Image.BICUBIC)).tobytes())`, and the pixel in its middle.
  struct Golden {
    std::int64_t width, height;
    std::uint32_t checksum;
    std::vector<int> middle;
  };
  const Golden golden[] = {{64, 64, 0x39fc1f73, {163, 98, 207}},   {33, 57, 0x598fb576, {141, 88, 230}},
                           {120, 31, 0x2b6ac8c8, {138, 91, 255}},  {200, 90, 0x6aa0bcf8, {142, 93, 248}},
                           {224, 224, 0x71fce76b, {139, 92, 246}}, {1, 1, 0xa653d82e, {128, 129, 129}},
                           {7, 301, 0xefbae86c, {100, 113, 162}}};
  const Image image = test_picture(120, 90);
  for (const Golden& expected : golden) {
    const Image resized = resize_image(image, expected.width, expected.height);
    BOOST_TEST(pixel_at(resized, expected.width / 2, expected.height / 2) == expected.middle,
               boost::test_tools::per_element());
    BOOST_TEST(crc32(0, resized.pixels.data(), static_cast<uInt>(resized.pixels.size())) ==
               expected.checksum);
  }
}

BOOST_AUTO_TEST_CASE(resizing_keeps_what_it_should) {
  const Image image = test_picture(45, 38);
  BOOST_TEST((resize_image(image, 45, 38).pixels == image.pixels));
  for (const std::int64_t side : {1, 7, 64, 200})
    BOOST_TEST((resize_image(flat_image(45, 38, 77), side, side + 3).pixels ==
                flat_image(side, side + 3, 77).pixels));
  // Catmull-Rom reproduces straight lines: 8 x becomes 4 x - 2 at twice the size, away from the borders.
  Image ramp{32, 1, {}};
  for (int x = 0; x < 32; ++x) ramp.pixels.insert(ramp.pixels.end(), 3, static_cast<std::uint8_t>(8 * x));
  const Image wide = resize_image(ramp, 64, 1);
  for (std::int64_t x = 4; x < 60; ++x) BOOST_TEST(pixel_at(wide, x, 0)[0] == 4 * x - 2);
  // A pattern finer than the new pixels becomes its mean, not a new pattern.
  Image stripes{64, 64, {}};
  for (int i = 0; i < 64 * 64; ++i)
    stripes.pixels.insert(stripes.pixels.end(), 3, static_cast<std::uint8_t>(i % 2 ? 255 : 0));
  const Image even = resize_image(stripes, 9, 9);
  for (const std::uint8_t value : even.pixels) BOOST_TEST(std::abs(value - 127) < 8);
}

BOOST_AUTO_TEST_CASE(each_fit_makes_a_square) {
  // Left third red, the others blue; twice as wide as high.
  Image image{60, 30, {}};
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 60; ++x)
      image.pixels.insert(image.pixels.end(), {static_cast<std::uint8_t>(x < 20 ? 255 : 0), 0,
                                               static_cast<std::uint8_t>(x < 20 ? 0 : 255)});
  const std::vector red{255, 0, 0}, blue{0, 0, 255}, white{255, 255, 255};
  const Image stretched = fit_image(image, 12, 12, ImageFit::stretch);
  BOOST_TEST((pixel_at(stretched, 1, 0) == red));
  BOOST_TEST((pixel_at(stretched, 8, 11) == blue));
  // Columns 15 to 44: red up to 5 of 30.
  const Image cropped = fit_image(image, 12, 12, ImageFit::crop);
  BOOST_TEST((pixel_at(cropped, 0, 6) == red));
  BOOST_TEST((pixel_at(cropped, 4, 6) == blue));
  const Image padded = fit_image(image, 12, 12, ImageFit::pad);
  BOOST_TEST((pixel_at(padded, 6, 2) == white));
  BOOST_TEST((pixel_at(padded, 1, 5) == red));
  BOOST_TEST((pixel_at(padded, 8, 8) == blue));
  BOOST_TEST((pixel_at(padded, 6, 9) == white));
  for (const ImageFit fit : {ImageFit::stretch, ImageFit::crop, ImageFit::pad}) {
    BOOST_TEST(fit_image(image, 12, 12, fit).pixels.size() == 12u * 12 * 3);
    BOOST_TEST(fit_image(flat_image(1, 5000, 9), 7, 7, fit).pixels.size() == 7u * 7 * 3);
  }
}

BOOST_AUTO_TEST_CASE(a_picture_is_loaded_at_the_resolution) {
  const Picture picture = encode_jpeg(smooth_picture(400, 300));
  for (const ImageFit fit : {ImageFit::stretch, ImageFit::crop, ImageFit::pad}) {
    const Image loaded = load_picture(picture, 48, fit);
    BOOST_TEST(loaded.width == 48);
    BOOST_TEST(loaded.height == 48);
    // What is cut off may differ by half a pixel of the smaller picture that is decoded.
    BOOST_TEST(mean_difference(loaded, fit_image(smooth_picture(400, 300), 48, 48, fit)) < 5);
  }
  BOOST_CHECK_THROW(load_picture(Picture("no picture"), 48, ImageFit::pad), BrokenDocument);
}

BOOST_AUTO_TEST_CASE(a_picture_is_shrunk_in_its_own_shape_and_never_enlarged) {
  const Picture picture = encode_jpeg(smooth_picture(400, 300));
  const Image shrunk = load_shrunk_picture(picture, 100);
  BOOST_TEST(shrunk.width == 100);
  BOOST_TEST(shrunk.height == 75);
  BOOST_TEST(mean_difference(shrunk, resize_image(smooth_picture(400, 300), 100, 75)) < 5);
  BOOST_TEST(load_shrunk_picture(picture, 500).width == 400);
  const Image line = load_shrunk_picture(encode_png(flat_image(1, 5000, 9)), 100);
  BOOST_TEST(line.width == 1);
  BOOST_TEST(line.height == 100);
  BOOST_CHECK_THROW(load_shrunk_picture(Picture("no picture"), 48), BrokenDocument);
}

BOOST_AUTO_TEST_SUITE_END()
