#include "data/sub_images.hpp"

#include <boost/test/unit_test.hpp>

#include "data/encoded_pictures.hpp"
#include "data/fixture.hpp"
#include "data/mixture.hpp"

BOOST_AUTO_TEST_SUITE(sub_images)

using namespace ablate;

namespace {

constexpr std::int64_t kSide = 8, kTokens = 4;

TileGrid grid(std::int64_t width, std::int64_t height) {
  return choose_tiles(SubImages::grid, width, height, 336);
}

/// View `index` of [views, R, R, 3].
Image view_of(const std::vector<std::uint8_t>& views, std::int64_t index, std::int64_t side) {
  const std::ptrdiff_t bytes = side * side * 3;
  return {side, side, {views.begin() + index * bytes, views.begin() + (index + 1) * bytes}};
}

Segment picture_segment(std::string bytes) {
  return {"", std::make_shared<const Picture>(std::move(bytes)), true};
}

MixtureSettings settings_with(SubImages sub_images, std::int64_t seq_len) {
  MixtureSettings settings;
  settings.seq_len = seq_len;
  settings.image_tokens = kTokens;
  settings.resolution = kSide;
  settings.sub_images = sub_images;
  return settings;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_grid_is_the_one_that_llava_chooses) {
  // By LLaVA-NeXT's rule, written out in Python, of 336 px.
  BOOST_TEST((grid(640, 480) == TileGrid{2, 2}));
  BOOST_TEST((grid(1344, 1344) == TileGrid{2, 2}));
  BOOST_TEST((grid(900, 700) == TileGrid{2, 2}));
  BOOST_TEST((grid(300, 300) == TileGrid{1, 2}));  // All hold it whole; the first of the smallest.
  BOOST_TEST((grid(672, 336) == TileGrid{2, 1}));
  BOOST_TEST((grid(336, 672) == TileGrid{1, 2}));
  BOOST_TEST((grid(1000, 300) == TileGrid{3, 1}));
  BOOST_TEST((grid(300, 1000) == TileGrid{1, 3}));
  BOOST_TEST((grid(4000, 1000) == TileGrid{3, 1}));
  BOOST_TEST((grid(1, 5000) == TileGrid{1, 2}));  // Scaled to no width at all, in each of them.
  BOOST_TEST((choose_tiles(SubImages::quadrants, 4000, 1000, 336) == TileGrid{2, 2}));
  BOOST_TEST((choose_tiles(SubImages::none, 4000, 1000, 336) == TileGrid{}));
  BOOST_TEST((TileGrid{2, 2}.views() == 5));
  BOOST_TEST((TileGrid{3, 1}.views() == 4));
  BOOST_TEST((TileGrid{}.views() == 1));
}

BOOST_AUTO_TEST_CASE(a_picture_that_is_not_decoded_has_the_grid_of_its_header) {
  const auto chosen = [](std::string bytes) {
    return choose_tiles(SubImages::grid, Picture(std::move(bytes)), kSide);
  };
  BOOST_TEST((chosen(encode_png(test_picture(60, 20))) == TileGrid{3, 1}));
  BOOST_TEST((chosen(encode_jpeg(test_picture(20, 60))) == TileGrid{1, 3}));
  BOOST_TEST((chosen("no picture") == TileGrid{}));
}

BOOST_AUTO_TEST_CASE(the_whole_comes_first_and_then_the_tiles_by_rows) {
  const Image image = test_picture(50, 34);
  const Picture picture = encode_png(image);
  for (const ImageFit fit : {ImageFit::stretch, ImageFit::crop, ImageFit::pad})
    for (const TileGrid tiles : {TileGrid{2, 2}, TileGrid{3, 1}, TileGrid{1, 3}}) {
      const std::vector<std::uint8_t> views = load_views(picture, tiles, kSide, fit);
      BOOST_TEST_REQUIRE(views.size() == static_cast<std::size_t>(tiles.views() * kSide * kSide * 3));
      BOOST_TEST((view_of(views, 0, kSide).pixels == load_picture(picture, kSide, fit).pixels));
      const Image fitted = fit_image(image, tiles.columns * kSide, tiles.rows * kSide, fit);
      BOOST_TEST(fitted.width == tiles.columns * kSide);
      for (std::int64_t y = 0; y < fitted.height; ++y)
        for (std::int64_t x = 0; x < fitted.width; ++x) {
          const Image tile = view_of(views, 1 + y / kSide * tiles.columns + x / kSide, kSide);
          const auto at = static_cast<std::size_t>((y * fitted.width + x) * 3);
          const auto in_tile = static_cast<std::size_t>((y % kSide * kSide + x % kSide) * 3);
          if (tile.pixels[in_tile] != fitted.pixels[at] || tile.pixels[in_tile + 2] != fitted.pixels[at + 2])
            BOOST_FAIL("pixel " << x << ", " << y << " is not where it belongs");
        }
    }
  BOOST_TEST((load_views(picture, {}, kSide, ImageFit::crop) ==
              load_picture(picture, kSide, ImageFit::crop).pixels));
  BOOST_CHECK_THROW(load_views(Picture("no picture"), {2, 2}, kSide, ImageFit::crop), BrokenDocument);
}

BOOST_AUTO_TEST_CASE(a_fit_to_a_rectangle_keeps_what_it_says) {
  // Left half red, right half blue; as wide as high.
  Image image{40, 40, {}};
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < 40; ++x)
      image.pixels.insert(image.pixels.end(), {static_cast<std::uint8_t>(x < 20 ? 255 : 0), 0,
                                               static_cast<std::uint8_t>(x < 20 ? 0 : 255)});
  const auto column = [](const Image& fitted, std::int64_t x) {
    return fitted.pixels[static_cast<std::size_t>(((fitted.height / 2) * fitted.width + x) * 3)];
  };
  const Image padded = fit_image(image, 30, 10, ImageFit::pad);  // 10 x 10, in the middle.
  BOOST_TEST(column(padded, 9) == 255);
  BOOST_TEST(padded.pixels[static_cast<std::size_t>((5 * 30 + 9) * 3 + 1)] == 255);  // White, not red.
  BOOST_TEST(padded.pixels[static_cast<std::size_t>((5 * 30 + 11) * 3 + 1)] == 0);
  BOOST_TEST(column(padded, 11) == 255);
  BOOST_TEST(column(padded, 18) == 0);
  const Image cropped = fit_image(image, 10, 30, ImageFit::crop);  // The middle third of the width.
  BOOST_TEST(cropped.width == 10);
  BOOST_TEST(cropped.height == 30);
  BOOST_TEST(column(cropped, 3) == 255);
  BOOST_TEST(column(cropped, 6) == 0);
}

BOOST_AUTO_TEST_CASE(a_picture_takes_the_places_of_all_its_views) {
  const auto& tokenizer = *small_tokenizer();
  const Document document = {.id = "d",
                             .segments = {{"a red", nullptr, true},
                                          picture_segment(encode_png(test_picture(20, 20))),
                                          {"a blue", nullptr, true},
                                          picture_segment(encode_png(test_picture(60, 20)))}};
  const auto images_of = [&](SubImages sub_images) {
    return tokenize(document, tokenizer, {kTokens, sub_images, kSide}).images;
  };
  const auto quadrants = images_of(SubImages::quadrants), whole = images_of(SubImages::none);
  BOOST_TEST(quadrants[0].views == 5);
  BOOST_TEST(quadrants[0].tokens == 5 * kTokens);
  BOOST_TEST(whole[0].views == 1);
  BOOST_TEST(quadrants[1].start - whole[1].start == 4 * kTokens);
  const auto by_shape = images_of(SubImages::grid);
  BOOST_TEST(by_shape[1].views == 4);  // 3 x 1 and the whole.
  BOOST_TEST(by_shape[1].tokens == 4 * kTokens);

  Document with_whole = document;
  with_whole.segments[1].whole = true;
  const auto mixed = tokenize(with_whole, tokenizer, {kTokens, SubImages::quadrants, kSide}).images;
  BOOST_TEST(mixed[0].views == 1);
  BOOST_TEST(mixed[1].views == 5);
}

BOOST_AUTO_TEST_CASE(a_sequence_has_the_pixels_of_all_views_in_order) {
  const std::string first = encode_png(test_picture(30, 30)), second = encode_png(test_picture(48, 16));
  const Document document = {.id = "d",
                             .segments = {picture_segment(first),
                                          {"a red coat", nullptr, true},
                                          picture_segment(second),
                                          {"a blue coat", nullptr, true}}};
  const MixtureSettings settings = settings_with(SubImages::grid, 200);
  SequencePlan plan;
  plan.documents.push_back(tokenize(document, *small_tokenizer(), settings.layout()));
  const Sequence sequence = load_sequence(std::move(plan), settings, small_tokenizer()->special());
  std::vector<std::uint8_t> expected;
  for (const auto& [bytes, tiles] : {std::pair(first, TileGrid{2, 2}), std::pair(second, TileGrid{3, 1})}) {
    const auto views = load_views(Picture(bytes), tiles, kSide, ImageFit::stretch);
    expected.insert(expected.end(), views.begin(), views.end());
  }
  BOOST_TEST((sequence.pixels == expected));
  BOOST_TEST(sequence.images.size() == 2u);
  BOOST_TEST(sequence.images[0].views + sequence.images[1].views == 9);
  for (const ImagePlace& image : sequence.images)
    for (std::int64_t i = -1; i <= image.tokens; ++i)
      BOOST_TEST((sequence.tokens[static_cast<std::size_t>(image.start + i)] ==
                  (i < 0              ? small_tokenizer()->special().image_start
                   : i < image.tokens ? small_tokenizer()->special().pad
                                      : small_tokenizer()->special().image_end)));
}

BOOST_AUTO_TEST_CASE(a_document_is_never_cut_inside_the_views_of_a_picture) {
  Document document = {.id = "d", .segments = {}};
  for (int i = 0; i < 6; ++i) {
    document.segments.push_back(picture_segment(encode_png(test_picture(16, 16))));
    document.segments.push_back({"a red coat and a blue hat", nullptr, true});
  }
  const std::int64_t longest = 5 * kTokens + 2 + 12;
  const auto parts = cut_document(
      tokenize(document, *small_tokenizer(), {kTokens, SubImages::quadrants, kSide}), longest, 16);
  std::size_t pictures = 0;
  for (const TokenizedDocument& part : parts) {
    BOOST_TEST(std::ssize(part.tokens) <= longest);
    for (const PlacedPicture& image : part.images) {
      BOOST_TEST(image.start >= 1);
      BOOST_TEST(image.start + image.tokens < std::ssize(part.tokens));
      BOOST_TEST(image.views == 5);
    }
    pictures += part.images.size();
  }
  BOOST_TEST(pictures == 6u);
}

BOOST_AUTO_TEST_CASE(a_picture_of_five_views_must_leave_room_for_text) {
  MixtureSettings settings = settings_with(SubImages::quadrants, 5 * kTokens + 2);
  settings.sources = {{DataRole::captions, {"nowhere"}, 1}};
  BOOST_CHECK_EXCEPTION(Mixture(settings, small_tokenizer()), Error, [](const Error& error) {
    return std::string(error.what()).find("a picture of 20 tokens") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()
