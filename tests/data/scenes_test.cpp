#include "data/scenes.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <set>

#include "data/problem.hpp"
#include "data/scenes_fixture.hpp"
#include "data/shard.hpp"
#include "data/source.hpp"
#include "scratch.hpp"

using namespace ablate;

BOOST_FIXTURE_TEST_SUITE(scenes, WithScenes)

BOOST_AUTO_TEST_CASE(a_document_is_a_function_of_its_number) {
  for (const DataRole role : {DataRole::captions, DataRole::interleaved, DataRole::text, DataRole::sft}) {
    std::set<std::string> texts;
    for (const std::int64_t number : {0, 1, 2, 3, 4, 5, 6, 7, 99'999'999}) {
      const Document once = make(role, number), again = make(role, number);
      BOOST_TEST(once.id == "scenes.toml: " + std::to_string(number));
      BOOST_REQUIRE_EQUAL(once.segments.size(), again.segments.size());
      std::string all;
      for (std::size_t i = 0; i < once.segments.size(); ++i) {
        BOOST_TEST(once.segments[i].text == again.segments[i].text);
        if (once.segments[i].picture)
          BOOST_TEST((draw_scene(scene_of(once.segments[i])).pixels ==
                      draw_scene(scene_of(again.segments[i])).pixels));
        all += once.segments[i].text;
      }
      texts.insert(all + once.synthetic_caption);
    }
    BOOST_TEST(texts.size() > 5u);
  }
  const Document first = make(DataRole::text, 0);
  file.seed = 1;
  BOOST_TEST(make(DataRole::text, 0).segments[0].text != first.segments[0].text);
}

BOOST_AUTO_TEST_CASE(things_stand_apart_in_their_places) {
  std::set<std::size_t> counts;
  for (file.grid = 1; file.grid <= 7; file.grid += 2) {
    file.canvas = 61;  // No multiple of the grid.
    file.objects = {1, std::min<std::int64_t>(file.grid * file.grid, 9)};
    file.object_size = {0.3, 1};
    for (std::int64_t number = 0; number < 500; ++number) {
      const Document document = make(DataRole::captions, number);
      const Scene& scene = scene_of(document.segments[0]);
      counts.insert(scene.objects.size());
      BOOST_TEST(static_cast<std::int64_t>(scene.objects.size()) <= file.objects[1]);
      const SceneObject* before = nullptr;
      for (const SceneObject& object : scene.objects) {
        if (before)
          BOOST_TEST((std::pair(before->row, before->column) < std::pair(object.row, object.column)));
        before = &object;
        const double side = 61.0 / static_cast<double>(file.grid);
        BOOST_TEST(object.size >= 0.3 * (side - 1) - 0.5);
        BOOST_TEST(object.size <= std::ceil(side));
        BOOST_TEST(object.x >= std::floor(static_cast<double>(object.column) * side));
        BOOST_TEST(object.y >= std::floor(static_cast<double>(object.row) * side));
        BOOST_TEST(object.x + object.size <= std::ceil(static_cast<double>(object.column + 1) * side));
        BOOST_TEST(object.y + object.size <= std::ceil(static_cast<double>(object.row + 1) * side));
        BOOST_TEST((object.colour >= 0 && object.colour < 6));
        for (const SceneObject& other : scene.objects)
          BOOST_TEST((&other == &object || other.x + other.size <= object.x ||
                      object.x + object.size <= other.x || other.y + other.size <= object.y ||
                      object.y + object.size <= other.y));
      }
      if (number % 50 == 0) BOOST_TEST(draw_scene(scene).pixels.size() == 61u * 61 * 3);
    }
  }
  BOOST_TEST(counts.size() == 9u);
}

BOOST_AUTO_TEST_CASE(a_scene_is_drawn_as_it_is_described) {
  auto own = std::make_shared<Bank>(*bank);
  own->items[0] = {
      0, 2, 1, 4, {100, 50, 0, 255, 0, 40, 0, 51}};  // The second pixel is a fifth of (0, 200, 0).
  own->items[1] = {0, 1, 2, 1, {255, 51}};
  Scene scene{.bank = own, .canvas = 8, .background = {250, 250, 250}};
  scene.objects = {{.item = 0, .x = 1, .y = 1, .size = 2},
                   {.item = 1, .colour = 0, .x = 4, .y = 4, .size = 2},
                   {.item = 1, .x = 6, .y = 0, .size = 2}};
  const Image image = draw_scene(scene);
  const auto at = [&](int x, int y) {
    const auto pixel = image.pixels.begin() + (y * 8 + x) * 3;
    return std::vector<int>(pixel, pixel + 3);
  };
  BOOST_TEST((at(0, 0) == std::vector{250, 250, 250}));
  BOOST_TEST((at(1, 1) == std::vector{100, 50, 0}));
  BOOST_TEST((at(2, 1) == std::vector{200, 240, 200}));
  BOOST_TEST((at(4, 4) == std::vector{220, 30, 30}));
  BOOST_TEST((at(4, 5) == std::vector{244, 206, 206}));  // 4/5 of 250, 1/5 of 220 and 30.
  BOOST_TEST((at(5, 4) == std::vector{250, 250, 250}));  // Centred, but an odd pixel is left.
  BOOST_TEST((at(6, 0) == std::vector{0, 0, 0}));        // Without a tint, in black.
  // A tint keeps how light things are: white becomes the colour itself.
  own->items[0].pixels = {255, 255, 255, 255, 0, 0, 0, 255};
  scene.objects = {{.item = 0, .colour = 2, .x = 0, .y = 0, .size = 2}};
  const Image tinted = draw_scene(scene);
  BOOST_TEST((std::vector<int>(tinted.pixels.begin(), tinted.pixels.begin() + 6) ==
              std::vector{30, 60, 230, 0, 0, 0}));
}

BOOST_AUTO_TEST_CASE(background_noise_has_its_deviation) {
  Scene scene{.bank = bank, .canvas = 128, .background = {128, 128, 128}, .noise = 20, .noise_seed = 5};
  const Image image = draw_scene(scene);
  double sum = 0, squares = 0, lagged = 0, before = 0;
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    const double value = image.pixels[i] - 128.0;
    sum += value, squares += value * value, lagged += value * before;
    before = value;
  }
  const double count = 128 * 128;  // Standard errors: 0.16 of the mean, 0.11 of the deviation.
  BOOST_TEST(std::abs(sum / count) < 0.7);
  BOOST_TEST(std::abs(std::sqrt(squares / count) - 20) < 0.6);
  BOOST_TEST(std::abs(lagged / squares) < 0.04);
  scene.noise_seed = 6;
  BOOST_TEST((draw_scene(scene).pixels != image.pixels));
}

BOOST_AUTO_TEST_CASE(a_scenes_file_is_a_shard) {
  const Scratch scratch;
  std::string images =
      std::string("\0\0\x08\x03\0\0\0\x04\0\0\0\x02\0\0\0\x02", 16) + std::string(16, '\x80');
  scratch.write("train-images-idx3-ubyte", images);
  scratch.write("train-labels-idx1-ubyte", std::string("\0\0\x08\x01\0\0\0\x04\x01\x02\x01\x02", 12));
  const auto path = scratch.write("scenes.toml", "[scenes]\nbank = ['.']\ndocuments = 10\n");
  const auto shard = open_scene_shard({path, "scenes.toml", DataRole::captions});
  const Listing first = shard->list(0, 7), rest = shard->list(first.next, 7);
  BOOST_TEST(first.entries.size() == 7u);
  BOOST_TEST(!first.end);
  BOOST_TEST(rest.entries.size() == 3u);
  BOOST_TEST(rest.end);
  BOOST_TEST(rest.entries[2].offset == 9);
  BOOST_TEST(shard->list(rest.next, 7).entries.empty());
  const Document document = shard->read(rest.entries[2]);
  BOOST_TEST(document.id == "scenes.toml: 9");
  BOOST_TEST(load_picture(*document.segments[0].picture, 32, ImageFit::pad).width == 32);
  scratch.write("scenes.toml", "[scenes]\nbank = ['.']\nways = 3\n");
  BOOST_CHECK_EXCEPTION(open_scene_shard({path, "scenes.toml", DataRole::sft}), DataError,
                        [](const DataError& error) {
                          return std::string(error.what())
                              .ends_with("'ways' is 3, but the bank has 2 labels; expected at most as many");
                        });
}

BOOST_AUTO_TEST_CASE(a_scenes_file_is_known_however_it_is_spaced) {
  const Scratch scratch;
  for (const std::string head : {"[scenes]\n", "# a\n  [ scenes ]  # b\r\n"})
    BOOST_TEST(is_scenes_file(scratch.write("s.toml", head + "bank = [\"bank\"]\n")));
  BOOST_TEST(!is_scenes_file(scratch.write("e.toml", "stages = [\"vlm\"]\n")));
  BOOST_TEST(!is_scenes_file(scratch.path / "absent.toml"));
}

BOOST_AUTO_TEST_SUITE_END()
