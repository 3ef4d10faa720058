#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <sstream>

#include "config/sweep.hpp"
#include "config/sweep_mistakes.hpp"
#include "util/file.hpp"

using namespace ablate;
using namespace ablate::sweep_mistakes;

BOOST_FIXTURE_TEST_SUITE(load, WithExperiment)

BOOST_AUTO_TEST_CASE(all_mistakes_of_all_files_come_at_once_with_their_places) {
  write("experiment.toml", "[train.vlm]\npeak_rl = 0.1\n");
  BOOST_TEST(mistakes(*this, kHead + "seed = 3\n[[axis]]\nkey = 'demo.step'\nlevels = [1]\n", true) ==
             "sweep.toml:2:1: unknown key 'seed'; did you mean 'seeds'?\n"
             "    2 | seed = 3\n"
             "      | ^\n"
             "sweep.toml:4:7: unknown key 'demo.step'; did you mean 'demo.steps'?\n"
             "    4 | key = 'demo.step'\n"
             "      |       ^\n"
             "experiment.toml:2:1: unknown key 'peak_rl' in [train.vlm]; did you mean 'peak_lr'?\n"
             "    2 | peak_rl = 0.1\n"
             "      | ^\n");
}

BOOST_AUTO_TEST_CASE(a_sweep_knows_the_file_of_its_experiment) {
  write("recipes/base.toml", "stages = ['demo']\n");
  write("recipes/wide.toml", "base = 'base.toml'\ndemo.width = 64\n");
  const auto sweep = write("sweeps/sweep.toml", "experiment = '../recipes/wide.toml'\n");
  BOOST_TEST(load_sweep(sweep).experiment_file == path / "recipes/wide.toml");
  // Not what it builds on, and not by its place among the files that were read.
  const Sweep alone = load_sweep_or_experiment(path / "recipes/wide.toml");
  BOOST_TEST(alone.experiment_file == path / "recipes/wide.toml");
  BOOST_TEST(alone.file == alone.experiment_file);
}

BOOST_AUTO_TEST_CASE(files_that_cannot_be_read_are_named) {
  BOOST_TEST(mistakes(*this, "experiment = 'no.toml'")
                 .find("no.toml: cannot be opened: No such file or directory") != std::string::npos);
  BOOST_TEST(mistakes(*this, "seeds = 2") ==
             "sweep.toml: has no 'experiment'; expected the path of an experiment file\n");
  BOOST_CHECK_EXCEPTION(load_sweep(path), ConfigError, [&](const ConfigError& error) {
    return std::string(error.what()).ends_with("is a folder; expected a file");
  });
}

BOOST_AUTO_TEST_CASE(hostile_files_are_refused) {
  BOOST_TEST(mistakes(*this, std::string(2 << 20, '#'))
                 .ends_with("is 2097152 bytes long; expected at most 1048576\n"));
  BOOST_TEST(mistakes(*this, "a = 1\nb = \"\xff\"\n") ==
             "sweep.toml:2:6: byte 0xff is not valid UTF-8; expected a text file in UTF-8\n");
  BOOST_TEST(mistakes(*this, "x = " + std::string(5000, '[')).starts_with("sweep.toml:1:"));
  std::string dots = "a";
  for (int i = 0; i < 100000; ++i) dots += ".a";
  BOOST_TEST(mistakes(*this, dots + " = 1") ==
             "sweep.toml:1:34: a key with more than 16 dots; expected keys such as train.vlm.steps\n");
  BOOST_TEST(mistakes(*this, kHead + "description = 'wait" + std::string(50, '.') + "'\n") == "none");
  BOOST_TEST(mistakes(*this, "x = 'a\n").starts_with("sweep.toml:1:"));
  BOOST_TEST(mistakes(*this, kHead + "seeds = 1979-05-27\n") ==
             "sweep.toml:2:9: 'seeds' has the wrong type; expected an integer (3 means 0, 1, 2) or a list of "
             "integers\n");
}

BOOST_AUTO_TEST_CASE(experiments_build_on_others) {
  write("base.toml", "[llm]\npreset = '9m'\nlayers = 6\n[train.vlm]\nsteps = 5000\nbatch = 7\n");
  write("experiment.toml", "base = 'base.toml'\n[llm]\nheads = 2\n[train.vlm]\nbatch = 9\n");
  const Sweep sweep =
      load_sweep(write("sweep.toml", kHead + "[override]\n'llm.heads' = 8\ntrain.vlm.beta1 = 0.5\n"));
  BOOST_TEST(sweep.experiment.llm.width == 256);
  BOOST_TEST(sweep.experiment.llm.layers ==
             6);  // Beside the preset: the key wins, whatever the order in the file.
  BOOST_TEST(sweep.experiment.llm.heads == 8);
  BOOST_TEST(sweep.experiment.train_vlm.steps == 5000);
  BOOST_TEST(sweep.experiment.train_vlm.batch == 9);
  BOOST_TEST(sweep.experiment.train_vlm.beta1 == 0.5);
  BOOST_TEST(sweep.name == "sweep");
  BOOST_TEST(sweep.seeds.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_circle_of_bases_ends) {
  write("experiment.toml", "base = 'other.toml'\n");
  write("other.toml", "base = 'experiment.toml'\n");
  BOOST_TEST(mistakes(*this, kHead).starts_with("other.toml:1:8: 'base' leads back to "));
}

BOOST_AUTO_TEST_CASE(a_later_preset_replaces_the_shape_below_it) {
  write("experiment.toml", "[llm]\nlayers = 3\n");
  const Sweep sweep = load_sweep(write("sweep.toml", kHead + "[override.llm]\npreset = '85m'\n"));
  BOOST_TEST(sweep.experiment.llm.layers == 12);
}

BOOST_AUTO_TEST_CASE(names_of_axes_and_labels_of_levels_say_what_varies) {
  const auto axis = [&](const std::string& text) { return mistakes(*this, kHead + "[[axis]]\n" + text); };
  BOOST_TEST(axis("key = 'demo.width'\nname = 'demo.noise'\nlevels = [4]\n") ==
             "sweep.toml:4:8: the axis is named 'demo.noise', a key that it does not vary: it varies "
             "'demo.width'; expected another name, or none\n");
  BOOST_TEST(axis("name = 'demo.noise'\nlevels = [{label='a', 'demo.width'=4}]\n") ==
             "sweep.toml:3:8: the axis is named 'demo.noise', a key that none of its levels sets; expected "
             "another name\n");
  const std::string expected = " sets; expected a label that is no other level's value\n";
  BOOST_TEST(axis("key = 'demo.width'\nlevels = [{label='8', value=16}, {label='16', value=8}, 4]\n") ==
             "sweep.toml:4:11: axis 'demo.width': the label '8' is what the level '16'" + expected +
                 "sweep.toml:4:34: axis 'demo.width': the label '16' is what the level '8'" + expected);
  BOOST_TEST(axis("name = 'demo.width'\nlevels = [{label='4', 'demo.width'=4}, {label='a'}]\n") == "none");
}

BOOST_AUTO_TEST_CASE(axes_are_checked) {
  BOOST_TEST(mistakes(*this, kHead + "[[axis]]\nkey = 'demo.width'\nlevels = []\n") ==
             "sweep.toml:4:10: axis 'demo.width' has no level: the grid would be empty\n");
  BOOST_TEST(mistakes(*this, kHead + "[[axis]]\nkey = 'demo.width'\n") ==
             "sweep.toml:3:7: axis 'demo.width' has no 'levels'; expected a list\n");
  BOOST_TEST(mistakes(*this, kHead + "[[axis]]\nkey = 'demo.width'\nlevels = [4, 4]\n") ==
             "sweep.toml:4:14: axis 'demo.width' has the level '4' twice\n");
  BOOST_TEST(
      mistakes(*this, kHead + "[[axis]]\nkey = 'demo.width'\nlevels = [4, {label='four', value=4}]\n") ==
      "sweep.toml:4:14: axis 'demo.width': the level 'four' sets the same values as '4'\n");
  BOOST_TEST(
      mistakes(*this, kHead + "[[axis]]\nlevels = [4]\n")
          .starts_with("sweep.toml:2:1: an axis without 'key' or 'name'; expected the key that varies\n"));
  BOOST_TEST(mistakes(*this, kHead + "[[axis]]\nname = 'size'\nlevels = [4]\n") ==
             "sweep.toml:4:11: axis 'size' has no 'key'; expected levels such as { label = \"...\", KEY = "
             "VALUE }\n");
  BOOST_TEST(
      mistakes(
          *this,
          kHead +
              "[[axis]]\nkey = 'demo.width'\nlevels = [4]\n[[axis]]\nkey = 'demo.width'\nlevels = [5]\n") ==
      "sweep.toml:6:7: a second axis named 'demo.width', as in line 3; expected one axis for a key, or axes "
      "of "
      "different names whose 'when' exclude one another\n");
  BOOST_TEST(mistakes(*this, kHead + "[[axis]]\nkey = 'demo.width'\nlevels = [4, 'x']\n") ==
             "sweep.toml:4:14: 'demo.width' is x (a text); expected an integer from 1 to 4096\n");
  BOOST_TEST(
      mistakes(
          *this,
          kHead +
              "design = "
              "'zip'\n[[axis]]\nkey='demo.width'\nlevels=[4,8]\n[[axis]]\nkey='demo.steps'\nlevels=[1]\n") ==
      "sweep.toml:7:5: 'demo.steps' has 1 levels and 'demo.width' has 2; zip takes them in pairs, expected "
      "equal numbers\n");
}

BOOST_AUTO_TEST_CASE(a_repeated_level_is_one_mistake_however_often_it_is_there) {
  const std::string head = kHead + "[[axis]]\nkey = 'demo.peak_lr'\n";
  BOOST_TEST(mistakes(*this, head + "levels = [0.001, 1e-3, 1.0e-03, 0.1]\n") ==
             "sweep.toml:4:18: axis 'demo.peak_lr' has the level '0.001' 3 times\n");
  BOOST_TEST(mistakes(*this, head + "levels = [0.1, 0.2, 0.1, 0.2]\n") ==
             "sweep.toml:4:21: axis 'demo.peak_lr' has the level '0.1' twice\n"
             "sweep.toml:4:26: axis 'demo.peak_lr' has the level '0.2' twice\n");
  BOOST_TEST(mistakes(*this, head + "levels = [{label='a', demo.width=4}, {label='a', demo.width=8}]\n") ==
             "sweep.toml:4:38: axis 'demo.peak_lr' has the level 'a' twice\n");
}

BOOST_AUTO_TEST_CASE(a_level_is_not_called_as_an_axis_that_does_not_apply_is_shown) {
  const std::string axis = kHead + "[[axis]]\nname = 'opt'\n";
  const auto mistake = [](int column, const std::string& label) {
    return fmt::format(
        "sweep.toml:4:{}: axis 'opt': tables would show the level as '{}', like an axis that does not apply; "
        "expected a level with another label: {{ label = \"none\", ... }}\n",
        column, label);
  };
  BOOST_TEST(mistakes(*this, axis + "levels = [{label='-', demo.width=4}, {label='a', demo.width=8}]\n") ==
             mistake(11, "-"));
  BOOST_TEST(mistakes(*this, axis + "levels = [{label=' ', demo.width=4}, {label='-'}]\n") ==
             mistake(11, " ") + mistake(38, "-"));
  BOOST_TEST(mistakes(*this, axis + "levels = [{label='--', demo.width=4}, {label='a', demo.width=8}]\n") ==
             "none");
  // With what nobody sees: U+00A0, U+200B.
  for (const std::string label : {"- ", " -", "\xc2\xa0", "\xe2\x80\x8b", "\xc2\xa0-\xe2\x80\x8b"})
    BOOST_TEST(mistakes(*this, axis + "levels = [{label='" + label + "', demo.width=4}]\n") ==
               mistake(11, label));
  // A label that the level's value gives.
  BOOST_TEST(mistakes(*this, kHead + "[[axis]]\nkey = 'llm.init'\nlevels = ['', '-', 'a']\n")
                 .starts_with("sweep.toml:4:11: axis 'llm.init': tables would show the level as ''"));
}

BOOST_AUTO_TEST_CASE(what_a_message_quotes_is_printable_and_bounded) {
  const auto of_axis = [&](const std::string& axis) { return mistakes(*this, kHead + "[[axis]]\n" + axis); };
  BOOST_TEST(of_axis("key = \"d\\u001b[31m\\u0000w\"\nlevels = [4]\n") ==
             "sweep.toml:3:7: unknown key 'd?[31m?w'\n");
  BOOST_TEST(of_axis("key = 'demo.width'\nlevels = [\"a\\n\\r\\u001bb\"]\n") ==
             "sweep.toml:4:11: 'demo.width' is a???b (a text); expected an integer from 1 to 4096\n");
  const std::string many(4000, 'a');
  BOOST_TEST(of_axis("key = '" + many + "'\nlevels = [4]\n") ==
             "sweep.toml:3:7: unknown key '" + std::string(60, 'a') + "...'\n");
  BOOST_TEST(of_axis("key = 'demo.width'\nlevels = [4]\nwhen = '" + many + "'\n") ==
             "sweep.toml:5:9: unknown key '" + std::string(60, 'a') + "...'\n");
  const std::string file = mistakes(*this, "experiment = \"a\\u0000\\u001b" + many + "\"\n");
  BOOST_TEST(file.find("/a??aaa") != std::string::npos, file);
  BOOST_TEST(file.size() < 1200);
}

BOOST_AUTO_TEST_CASE(axes_and_included_cells_have_names_that_are_seen) {
  const std::string axis = "[[axis]]\nkey = 'demo.width'\nlevels = [4, 8]\n";
  for (const std::string name : {"", " ", "-", " - ", "\xe2\x80\x8b"}) {
    const auto mistake = [&](const std::string& key) {
      return fmt::format(
          "'{0}' is '{1}', which is what tables show where there is none; expected another "
          "text, or no '{0}'\n",
          key, name);
    };
    BOOST_TEST(mistakes(*this, kHead + axis + "name = '" + name + "'\n") ==
               "sweep.toml:5:8: " + mistake("name"));
    BOOST_TEST(mistakes(*this, kHead + axis + "[[include]]\nlabel = '" + name + "'\ndemo.width = 3\n") ==
               "sweep.toml:6:9: " + mistake("label"));
  }
  BOOST_TEST(mistakes(*this, kHead + axis + "name = '--'\n[[include]]\nlabel = '--'\ndemo.width = 2\n") ==
             "none");
}

BOOST_AUTO_TEST_CASE(no_mistake_is_shown_that_only_follows_from_another) {
  const std::string axis = "[[axis]]\nkey = 'demo.width'\nlevels = [4, 8]\n";
  // A misspelt key has no levels to compare, and conditions mean the key that was meant.
  BOOST_TEST(mistakes(*this, kHead + "[[axis]]\nkey = 'demo.widht'\nlevels = [4, 8, 16, 32]\n"
                                     "[[exclude]]\nwhen = 'width == 8'\n") ==
             "sweep.toml:3:7: unknown key 'demo.widht'; did you mean 'demo.width'?\n");
  // Levels that are wrong in themselves; what is right is compared still.
  BOOST_TEST(mistakes(*this, kHead + "[[axis]]\nkey = 'demo.width'\nlevels = ['x', 'x', 0, 8, 8]\n") ==
             "sweep.toml:4:11: 'demo.width' is x (a text); expected an integer from 1 to 4096\n"
             "sweep.toml:4:16: 'demo.width' is x (a text); expected an integer from 1 to 4096\n"
             "sweep.toml:4:21: 'demo.width' is 0; expected an integer from 1 to 4096\n"
             "sweep.toml:4:27: axis 'demo.width' has the level '8' twice\n");
  const char* const single[][2] = {
      {"[[axis]]\nkee = 'demo.width'\nlevels = [4, 8]\n", "unknown key 'kee'"},
      {"[[axis]]\nkey = 'demo.width'\nlevel = [4, 8]\n", "unknown key 'level'"},
      {"[[axis]]\nkey = 'demo.width'\nlevels = 4\n", "'levels' has the wrong type; expected a list"},
      {"[[axis]]\nkey = 3\nlevels = [4, 8]\n", "'key' has the wrong type"},
      {"desing = 'sample'\nsamples = 3\n[[axis]]\nkey = 'demo.peak_lr'\nrange = [0.1, 1]\n",
       "unknown key 'desing'"},
      {"design = 'sampel'\nsamples = 3\n[[axis]]\nkey = 'demo.peak_lr'\nrange = [0.1, 1]\n",
       "'design' has an unknown"},
      {"design = 'sample'\nsample = 3\n[[axis]]\nkey = 'demo.peak_lr'\nrange = [0.1, 1]\n",
       "unknown key 'sample'"},
      {"design = 'zip'\n[[axis]]\nkey = 'demo.width'\nlevels = []\n[[axis]]\nkey = 'demo.steps'\nlevels = "
       "[1, 2]\n",
       "axis 'demo.width' has no level"},
      {"combin = 'union'\n[[block]]\n[[block.axis]]\nkey = 'demo.width'\nlevels = [4, 8]\n"
       "[[block]]\n[[block.axis]]\nkey = 'demo.width'\nlevels = [16]\n",
       "unknown key 'combin'"},
      {"[[axis]]\nkey = 'demo.width'\nlevels = [4, 8]\n[[exclude]]\nwen = 'width == 8'\n",
       "unknown key 'wen'"},
  };
  for (const auto& [text, expected] : single) {
    const std::string found = mistakes(*this, kHead + text);
    BOOST_TEST(found.find(expected) != std::string::npos, found);
    BOOST_TEST(std::count(found.begin(), found.end(), '\n') == 1, found);
  }
  BOOST_TEST(mistakes(*this, "experimnt = 'experiment.toml'\n" + axis) ==
             "sweep.toml:1:1: unknown key 'experimnt'; did you mean 'experiment'?\n");
  // An experiment in the place of a sweep is one mistake.
  BOOST_TEST(mistakes(*this, "stages = ['demo']\n[demo]\nsteps = 3\n") ==
             "sweep.toml: is an experiment; expected a sweep, which names one: experiment = \"...\"\n");
  // Two axes without a name are two mistakes, and no third.
  const std::string nameless =
      mistakes(*this, kHead + "[[axis]]\nlevels = [1, 1]\n[[axis]]\nlevels = [{label='b'}]\n");
  BOOST_TEST(std::count(nameless.begin(), nameless.end(), '\n') == 2, nameless);
  const std::string empty =
      mistakes(*this, kHead + "[[axis]]\nname = 'x'\nlevels = [{label='as it is'}, {}, {}]\n");
  BOOST_TEST(std::count(empty.begin(), empty.end(), '\n') == 2, empty);
  BOOST_TEST(empty.find("a level that sets nothing") != std::string::npos, empty);
}

BOOST_AUTO_TEST_CASE(blocks_of_a_union_share_an_axis_and_mean_the_same_by_its_levels) {
  const auto block = [](const std::string& levels, const std::string& more = "") {
    return "[[block]]\n[[block.axis]]\nname = 'size'\nlevels = [" + levels + "]\n" + more;
  };
  const std::string head = kHead + "combine = 'union'\n", a = "{label='a', demo.width=4}",
                    b = "{label='b', demo.width=8}";
  BOOST_TEST(mistakes(*this, head + block(a) + block(a + ", " + b)) == "none");
  BOOST_TEST(mistakes(*this, head + block(a) + block("{label='a', demo.width=16}")) ==
             "sweep.toml:10:11: axis 'size': the level 'a' sets other values than in line 6; expected "
             "another label, or "
             "another name for the axis\n");
  BOOST_TEST(
      mistakes(*this, head + block(a) + block(b, "when = 'demo.steps > 1'\n")) ==
      "sweep.toml:8:1: axis 'size' has another 'when' than in line 4; expected the same, or another name\n");
  BOOST_TEST(mistakes(*this, head + block(a, "[[block.axis]]\nname = 'size'\nlevels = [" + b + "]\n"))
                 .find("a second axis named 'size', as in line 4") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(two_misspelt_keys_are_both_shown_however_many_levels_they_have) {
  std::string levels = "[1";
  for (int i = 2; i <= 40; ++i) levels += ", " + std::to_string(i);
  BOOST_TEST(mistakes(*this, kHead + "[[axis]]\nkey = 'demo.widht'\nlevels = " + levels +
                                 "]\n[[axis]]\nkey = 'demo.noize'\nlevels = [0.1, 0.2]\n") ==
             "sweep.toml:3:7: unknown key 'demo.widht'; did you mean 'demo.width'?\n"
             "sweep.toml:6:7: unknown key 'demo.noize'; did you mean 'demo.noise'?\n");
}

BOOST_AUTO_TEST_CASE(a_key_is_set_once_in_one_place) {
  BOOST_TEST(
      mistakes(*this,
               kHead + "[[axis]]\nkey = 'demo.width'\nlevels = [4, {label='b', value=8, demo.width=16}]\n") ==
      "sweep.toml:4:46: 'demo.width' is set twice here, the first time in line 4\n");
  BOOST_TEST(mistakes(*this, kHead + "[override]\n'demo.width' = 8\ndemo.width = 16\n") ==
             "sweep.toml:4:14: 'demo.width' is set twice here, the first time in line 3\n");
  BOOST_TEST(mistakes(*this, kHead + "[[include]]\n'demo.width' = 8\ndemo.width = 16\n") ==
             "sweep.toml:4:14: 'demo.width' is set twice here, the first time in line 3\n");
}

BOOST_AUTO_TEST_CASE(labels_of_included_cells_tell_them_apart) {
  BOOST_TEST(
      mistakes(*this, kHead + "[[include]]\nlabel = 'big'\ndemo.width = 8\n"
                              "[[include]]\nlabel = 'big'\ndemo.width = 16\n") ==
      "sweep.toml:6:9: a second [[include]] labelled 'big', as in line 3; expected labels that tell the "
      "cells apart\n");
  // One that has no label is named by its place, and another one cannot have that name.
  BOOST_TEST(mistakes(*this, kHead + "[[include]]\nlabel = 'include 2'\ndemo.width = 8\n"
                                     "[[include]]\ndemo.width = 16\n") ==
             "sweep.toml:5:1: a second [[include]] labelled 'include 2', as in line 3; expected labels that "
             "tell the cells apart\n");
}

BOOST_AUTO_TEST_CASE(a_seed_is_no_key_and_the_message_says_where_seeds_stand) {
  const std::string about =
      "unknown key 'seed'; seeds stand at the top of a sweep, each cell runs under each of them: seeds = [0, "
      "1, "
      "2]\n";
  BOOST_TEST(mistakes(*this, kHead + "[[axis]]\nkey = 'seed'\nlevels = [0, 1, 2]\n") ==
             "sweep.toml:3:7: " + about);
  BOOST_TEST(mistakes(*this, kHead + "[override]\nseed = 3\n") == "sweep.toml:3:1: " + about);
  BOOST_TEST(mistakes(*this, kHead + "[[exclude]]\nwhen = 'seed == 0'\n") == "sweep.toml:3:9: " + about);
}

BOOST_AUTO_TEST_CASE(a_link_to_a_sweep_is_that_sweep) {
  std::filesystem::create_directory(path / "links");
  const auto file = write("sweep.toml", kHead);
  std::filesystem::create_symlink(file, path / "links" / "other.toml");
  const Sweep sweep = load_sweep(path / "links" / "other.toml");
  BOOST_TEST(sweep.name == "sweep");
  BOOST_TEST(sweep.file == load_sweep(file).file);
  BOOST_TEST(read_sweep_name(path / "links" / "other.toml").value() == "sweep");
  write("named.toml", "name = 'of its own'\n" + kHead);
  BOOST_TEST(read_sweep_name(path / "named.toml").value() == "of its own");
  BOOST_TEST(!read_sweep_name(path / "absent.toml"));
}

BOOST_AUTO_TEST_CASE(an_experiment_reads_the_same_data_whichever_way_leads_to_it) {
  namespace fs = std::filesystem;
  write("deep/real/base.toml", "[data]\ntokenizer = '../t.model'\n");
  write("deep/real/experiment.toml", "base = '../real/base.toml'\n[data]\ntext = ['../text']\n");
  fs::create_directory_symlink(path / "deep" / "real", path / "linked");
  const std::string folder = real_path(path / "deep").string();
  for (const char* way :
       {"deep/real/experiment.toml", "linked/experiment.toml", "linked/../real/experiment.toml"}) {
    for (const bool by_sweep : {false, true}) {
      const Sweep sweep = by_sweep
                              ? load_sweep(write("sweep.toml", "experiment = '" + std::string(way) + "'\n"))
                              : load_sweep_or_experiment(path / way);
      BOOST_TEST(sweep.experiment.data.text == std::vector<std::string>{folder + "/text"},
                 boost::test_tools::per_element());
      BOOST_TEST(sweep.experiment.data.tokenizer == folder + "/t.model");
    }
  }
}

BOOST_AUTO_TEST_CASE(sample_designs_are_checked) {
  const std::string axis = "[[axis]]\nkey = 'demo.peak_lr'\n";
  BOOST_TEST(mistakes(*this, kHead + "design = 'sample'\n" + axis + "range = [0.01, 1]\n") ==
             "sweep.toml:2:10: a sample design without 'samples'; expected how many points\n");
  BOOST_TEST(mistakes(*this, kHead + "samples = 3\n" + axis + "levels = [1]\n") ==
             "sweep.toml:2:11: 'samples' belongs to design = \"sample\"; this one is grid\n");
  const std::string head = kHead + "design = 'sample'\nsamples = 3\n";
  BOOST_TEST(
      mistakes(*this, head + axis + "range = [1, 0.01]\n") ==
      "sweep.toml:6:9: 'range' is wrong; expected [lowest, highest], two different numbers in this order\n");
  BOOST_TEST(mistakes(*this, head + axis + "range = [0, 1]\nscale = 'log'\n") ==
             "sweep.toml:6:9: 'range' begins at 0; a log scale needs numbers above zero\n");
  BOOST_TEST(mistakes(*this, head + axis + "range = [0, 1000]\n") ==
             "sweep.toml:6:9: 'demo.peak_lr' is 1000; expected a number from 0 to 100\n");
  BOOST_TEST(mistakes(*this, head + axis + "range = [0, 1]\nscale = 'logg'\n") ==
             "sweep.toml:7:9: 'scale' has an unknown name 'logg'; did you mean 'log'?\n");
}

BOOST_AUTO_TEST_CASE(expressions_are_bound_to_keys) {
  const std::string axis = "[[axis]]\nkey = 'demo.width'\nlevels = [4]\n";
  BOOST_TEST(mistakes(*this, kHead + axis + "when = 'tokesn > 3'\n") ==
             "sweep.toml:5:9: unknown key 'tokesn'; did you mean 'connector.tokens'?\n");
  BOOST_TEST(mistakes(*this, kHead + axis + "when = 'width >'\n") ==
             "sweep.toml:5:16: the expression ends too early; expected a value\n");
  BOOST_TEST(mistakes(*this, kHead + "[override]\ndemo.width = '= steps / 2'\n")
                 .starts_with("sweep.toml:3:17: 'steps' may mean train.encoder.steps or "));
  BOOST_TEST(mistakes(*this, kHead + axis + "when = 'width > 3'\n") == "none");
  BOOST_TEST(mistakes(*this, kHead + "[[exclude]]\nname = 'x'\n") ==
             "sweep.toml:2:1: an [[exclude]] without 'when'; expected a condition\n");
}

BOOST_AUTO_TEST_CASE(seeds_are_a_number_or_a_list) {
  BOOST_TEST(
      load_sweep(write("s.toml", kHead + "seeds = 3\n")).seeds == (std::vector<std::uint64_t>{0, 1, 2}),
      boost::test_tools::per_element());
  BOOST_TEST(
      load_sweep(write("s.toml", kHead + "seeds = [7, 5]\n")).seeds == (std::vector<std::uint64_t>{7, 5}),
      boost::test_tools::per_element());
  BOOST_TEST(mistakes(*this, kHead + "seeds = 0\n") ==
             "sweep.toml:2:9: 'seeds' is wrong; expected an integer from 1 to 10000\n");
  BOOST_TEST(
      mistakes(*this, kHead + "seeds = [1, 1, -2]\n") ==
      "sweep.toml:2:13: seed 1 is listed twice\nsweep.toml:2:16: a seed is an integer of at least 0\n");
}

BOOST_AUTO_TEST_CASE(paths_are_relative_to_the_file_that_names_them) {
  write("deep/experiment.toml", "[data]\ncaptions = ['shards', '/absolute']\ntokenizer = '../tok.model'\n");
  const Sweep sweep = load_sweep(write("sweep.toml", "experiment = 'deep/experiment.toml'\n"));
  BOOST_TEST(sweep.experiment.data.captions[0] == (path / "deep/shards").string());
  BOOST_TEST(sweep.experiment.data.captions[1] == "/absolute");
  BOOST_TEST(sweep.experiment.data.tokenizer == (path / "tok.model").string());
}

BOOST_AUTO_TEST_CASE(keys_of_the_experiment_at_the_top_of_a_sweep_are_explained) {
  BOOST_TEST(mistakes(*this, kHead + "[llm]\nlayers = 2\n") ==
             "sweep.toml:2:2: unknown key 'llm'; keys of the experiment are set under [override] or varied "
             "by an [[axis]]\n");
}

BOOST_AUTO_TEST_SUITE_END()
