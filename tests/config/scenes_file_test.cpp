#include "config/scenes_file.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>

#include "config/diagnostics.hpp"
#include "scratch.hpp"

using namespace ablate;

namespace {

/// What is wrong with a scenes file, without the scratch folder's path and the lines of source.
std::string scene_mistakes(const Scratch& scratch, const std::string& text) {
  try {
    load_scenes_file(scratch.write("scenes.toml", text));
  } catch (const ConfigError& error) {
    std::istringstream lines(error.what());
    std::string kept;
    for (std::string line; std::getline(lines, line);) {
      if (const std::size_t at = line.find(scratch.path.string() + "/"); at != std::string::npos)
        line.erase(0, at + scratch.path.string().size() + 1);
      if (!line.starts_with("   ")) kept += line + "\n";
    }
    return kept;
  }
  return "none";
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(scenes_file, Scratch)

BOOST_AUTO_TEST_CASE(keys_are_read_and_the_others_have_defaults) {
  const ScenesFile scenes = load_scenes_file(write("a/scenes.toml",
                                                   "description = 'small things'\n"
                                                   "[scenes]\nbank = ['../bank', '/data/more']\nseed = 7\n"
                                                   "grid = 3\nobjects = [2, 9]\nobject_size = [0.5, 1]\n"
                                                   "alt_noise = 1\nnovel_share = 0.25\n"));
  BOOST_TEST(scenes.bank.size() == 2u);
  BOOST_TEST(scenes.bank[0] == path / "bank");
  BOOST_TEST(scenes.bank[1] == "/data/more");
  BOOST_TEST(scenes.seed == 7);
  BOOST_TEST(scenes.grid == 3);
  BOOST_TEST((scenes.objects == std::vector<std::int64_t>{2, 9}));
  BOOST_TEST((scenes.object_size == std::vector<double>{0.5, 1}));
  BOOST_TEST(scenes.alt_noise == 1);
  BOOST_TEST(scenes.novel_share == 0.25);
  BOOST_TEST(scenes.canvas == 64);
  BOOST_TEST((scenes.shots == std::vector<std::int64_t>{1, 2}));
}

BOOST_AUTO_TEST_CASE(all_mistakes_come_at_once_with_their_places) {
  BOOST_TEST(
      scene_mistakes(*this,
                     "sead = 1\n[scenes]\nbank = 'bank'\nobjcts = [1, 2]\ngrid = 2.5\ncanvas = 4\n"
                     "objects = 3\nobject_size = [0.9, 0.5]\ncolours = 9\nways = 27\nshots = [0, 1]\n") ==
      "scenes.toml:1:1: unknown key 'sead'; expected one of: scenes, description\n"
      "scenes.toml:3:8: 'bank' is bank; expected a list of paths\n"
      "scenes.toml:4:1: unknown key 'objcts' in [scenes]; did you mean 'objects'?\n"
      "scenes.toml:5:8: 'grid' is 2.5; expected an integer from 1 to 32\n"
      "scenes.toml:6:10: 'canvas' is 4; expected an integer from 8 to 4096, px\n"
      "scenes.toml:7:11: 'objects' is 3; expected a list of 2 integers, each from 1 to 1024\n"
      "scenes.toml:8:15: 'object_size' is [0.9, 0.5]; expected the smaller one first\n"
      "scenes.toml:9:11: 'colours' is 9; expected an integer from 0 to 8\n"
      "scenes.toml:10:8: 'ways' is 27; expected an integer from 2 to 26\n"
      "scenes.toml:11:9: 'shots' is [0, 1]; expected a list of 2 integers, each from 1 to 16\n");
}

BOOST_AUTO_TEST_CASE(a_file_without_what_it_needs_says_so) {
  BOOST_TEST(scene_mistakes(*this, "") ==
             "scenes.toml: has no table [scenes]; expected one with at least 'bank'\n");
  BOOST_TEST(scene_mistakes(*this, "scenes = 3") ==
             "scenes.toml:1:10: 'scenes' is a value; expected a table [scenes]\n");
  BOOST_TEST(scene_mistakes(*this, "[scenes]\nseed = 1") ==
             "scenes.toml:1:1: [scenes] has no 'bank'; expected a list of paths to pictures\n");
  BOOST_TEST(scene_mistakes(*this, "[scenes]\nbank = []") ==
             "scenes.toml:2:8: 'bank' is []; expected a list of paths\n");
  BOOST_TEST(scene_mistakes(*this, "[scenes]\nbank = ['']") ==
             "scenes.toml:2:8: 'bank' holds an empty text; expected a path\n");
  BOOST_TEST(scene_mistakes(*this, "[scenes\n").starts_with("scenes.toml:1:8: not valid TOML: "));
  BOOST_CHECK_EXCEPTION(load_scenes_file(path / "none.toml"), ConfigError, [](const ConfigError& error) {
    return std::string(error.what()).find("cannot be opened") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(keys_that_contradict_each_other_are_named) {
  BOOST_TEST(
      scene_mistakes(*this, "[scenes]\nbank = ['b']\ngrid = 2\nobjects = [1, 5]\n") ==
      "scenes.toml:4:11: 'objects' goes to 5, but a grid of 2 has 4 places; expected at most one thing "
      "for each place\n");
  BOOST_TEST(scene_mistakes(*this, "[scenes]\nbank = ['b']\ngrid = 1\n") ==
             "scenes.toml:3:8: 'objects' goes to 4, but a grid of 1 has 1 places; expected at most one thing "
             "for each place\n");
  BOOST_TEST(
      scene_mistakes(*this, "[scenes]\nbank = ['b']\ngrid = 20\n") ==
      "scenes.toml:3:8: a canvas of 64 px has places of 3 px in a grid of 20; expected at least 4 px\n");
}

BOOST_AUTO_TEST_CASE(every_key_is_explained) {
  BOOST_TEST(scenes_keys().size() == 15u);
  for (const ScenesKey& key : scenes_keys()) {
    BOOST_TEST(key.doc.ends_with('.'), key.key);
    BOOST_TEST((key.key == "bank" || !key.fallback.empty()), key.key);
  }
  BOOST_TEST(scenes_keys()[7].key == "object_size");
  BOOST_TEST(scenes_keys()[7].type == "a list of 2 numbers, each from 0.05 to 1");
  BOOST_TEST(scenes_keys()[7].fallback == "[0.7, 0.95]");
}

BOOST_AUTO_TEST_SUITE_END()
