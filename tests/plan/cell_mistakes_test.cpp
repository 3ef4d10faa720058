// What cells cannot be: mistakes that only the combination of levels shows.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "plan/cells_fixture.hpp"

using namespace ablate;

BOOST_FIXTURE_TEST_SUITE(cell_mistakes, WithExperiment)

BOOST_AUTO_TEST_CASE(computed_values_that_do_not_fit_are_explained) {
  const std::string axis_text = axis("demo.resolution", "[2, 8]");
  BOOST_TEST(mistakes(axis_text + "[override]\ndemo.width = '=resolution / 3'\n") ==
             "sweep.toml:6:14: 'demo.width' is computed as 0.6666666666666666; expected an integer");
  BOOST_TEST(mistakes(axis_text + "[override]\ndemo.width = '=resolution - 2'\n") ==
             "sweep.toml:6:14: 'demo.width' is 0; expected an integer from 1 to 4096");
  BOOST_TEST(mistakes(axis_text + "[override]\ndemo.width = '=demo.batch'\ndemo.batch = '=demo.width'\n") ==
             "sweep.toml:6:14: 'demo.width' is computed from itself: demo.batch");
  BOOST_TEST(mistakes(axis_text + "[override]\ndemo.width = '=resolution / (resolution - 2)'\n") ==
             "sweep.toml:6:14: division by zero");
}

BOOST_AUTO_TEST_CASE(a_condition_that_cannot_be_evaluated_is_shown_at_its_own_place) {
  BOOST_TEST(mistakes(axis("demo.width", "[4, 8]", "when = 'batch > \"x\"'\n") +
                      axis("demo.noise", "[0.1, 0.2]", "when = 'demo.steps > 1'\n"))
                 .starts_with("sweep.toml:5:9: 'batch' may mean "));
  BOOST_TEST(mistakes(axis("demo.width", "[4, 8]", "when = 'demo.batch > \"x\"'\n") +
                      axis("demo.noise", "[0.1, 0.2]", "when = 'demo.steps > 1'\n")) ==
             "sweep.toml:5:22: expected a number, found a text");
  BOOST_TEST(mistakes(axis("demo.width", "[4, 8]", "when = '1 / (demo.steps - 7) > 0'\n") +
                      "[[include]]\ndemo.steps = 7\n") == "none");
  BOOST_TEST(mistakes(axis("demo.width", "[4, 8]") + "[[exclude]]\nwhen = 'width + 1'\n") ==
             "sweep.toml:6:9: expected a condition (true or false), found a number");
}

BOOST_AUTO_TEST_CASE(contradictions_are_shown_at_the_level_with_the_cells_they_are_in) {
  BOOST_TEST(mistakes(axis("demo.resolution", "[2, 3]") + axis("demo.width", "[4, 8]")) ==
             "sweep.toml:4:14: 'demo.resolution' is 3; expected 2, 4, 8 or 16 (in 2 of 4 cells, first: "
             "demo.resolution = 3, "
             "demo.width = 4; an [[exclude]] rule can take them out)");
  BOOST_TEST(mistakes(axis("demo.resolution", "[2, 3]") + "[[exclude]]\nwhen = 'resolution == 3'\n") ==
             "none");
  BOOST_TEST(mistakes(axis("demo.width", "[4, 8]") + "[override]\ndemo.resolution = 3\n") ==
             "sweep.toml:6:19: 'demo.resolution' is 3; expected 2, 4, 8 or 16 (in all 2 cells)");
  // Of several keys, the one that the sweep sets.
  write("experiment.toml",
        "stages = ['llm']\n[data]\ntext = ['t.txt']\ntokenizer = 't.model'\n[train.llm]\nwarmup_steps = 9\n");
  BOOST_TEST(mistakes("[override]\ntrain.llm.steps = 8\n") ==
             "sweep.toml:3:19: 'train.llm.warmup_steps' is 9; expected at most 'train.llm.steps' (8)");
  write("experiment.toml", "stages = ['demo']\n");
}

BOOST_AUTO_TEST_CASE(a_tokenizer_that_is_there_is_held_to_the_vocabularies) {
  write("experiment.toml", "stages = ['llm']\n[data]\ntext = ['t.txt']\ntokenizer = 't.model'\n");
  const auto mistake = [&](const PieceCount& count_pieces) {
    const std::string text = "experiment = 'experiment.toml'\n" + axis("llm.vocab_size", "[256, 257]", "\n");
    try {
      make_plan(
          load_sweep(write("sweep.toml", text)), [](const std::string&, SourceKind) { return std::string(); },
          count_pieces);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("none");
  };
  const std::string file = (path / "t.model").string();
  std::string asked;
  const std::string found = mistake([&](const std::string& named, ChatFormat) {
    asked = named;
    return 257;
  });
  BOOST_TEST(asked == file);
  BOOST_TEST(found.find("sweep.toml:4:11: 'llm.vocab_size' is 256; expected at least 257, the pieces of " +
                        file + " (in 1 of 2 cells, first: llm.vocab_size = 256; ") != std::string::npos,
             found);
  BOOST_TEST(mistake([](const std::string&, ChatFormat) { return 256; }) == "none");
  BOOST_TEST(mistake([](const std::string&, ChatFormat) { return std::nullopt; }) == "none");
  const std::string none = mistake([](const std::string&, ChatFormat) -> std::optional<std::int64_t> {
    throw Error("it is no SentencePiece model");
  });
  BOOST_TEST(
      none.find("experiment.toml:4:13: it is no SentencePiece model (in all 2 cells)") != std::string::npos,
      none);
}

BOOST_AUTO_TEST_CASE(an_axis_that_changes_no_job_is_refused) {
  BOOST_TEST(mistakes(axis("llm.layers", "[2, 3]")) ==
             "sweep.toml:3:7: axis 'llm.layers' changes no job: its keys do not matter to the stages demo of "
             "any cell");
  BOOST_TEST(mistakes(axis("run.log_interval", "[1, 2]"))
                 .starts_with("sweep.toml:3:7: axis 'run.log_interval' changes no job"));
  BOOST_TEST(
      mistakes(axis("demo.width", "['=demo.resolution * 4', 32]")) ==
      "sweep.toml:3:7: axis 'demo.width' changes no job: its levels 'demo.resolution * 4' and '32' have "
      "equal values, demo.width = 32");
  BOOST_TEST(mistakes(axis("demo.noise", "[0, 1]") +
                      axis("demo.width", "['=demo.resolution * 4', '=4 * demo.resolution', 32]"))
                 .find("axis 'demo.width' changes no job: its levels 'demo.resolution * 4' and '4 * "
                       "demo.resolution' have equal values, demo.width = 32") != std::string::npos);
  write("experiment.toml",
        "stages = ['llm']\n[data]\ntext = ['t.txt']\ntokenizer = 't.model'\n[train.llm]\nschedule = "
        "'constant'\n");
  BOOST_TEST(mistakes(axis("train.llm.min_lr_ratio", "[0.1, 0.2]")) ==
             "sweep.toml:3:7: axis 'train.llm.min_lr_ratio' changes no job: its keys do not matter to the "
             "stages llm of any cell, or its levels mean the same to them");
  write("experiment.toml", "stages = ['demo']\n");
  BOOST_TEST(mistakes("design = 'zip'\n" + axis("demo.width", "[2, 3]") + axis("llm.layers", "[2, 3]"))
                 .starts_with("sweep.toml:7:7: axis 'llm.layers' changes no job"));
}

BOOST_AUTO_TEST_CASE(two_axes_that_set_one_key_in_a_cell_are_refused) {
  const std::string width = axis("demo.width", "[8, 32]");  // Levels in line 4.
  const std::string variant =
      "[[axis]]\nname = 'variant'\nlevels = [{ label = 'wide', demo.width = 64 }, { label = 'fine', "
      "demo.resolution = 8 }]\n";
  const auto conflict = [&](const std::string& text) {
    std::string found = mistakes(text);
    const std::size_t at = found.find(path.string());
    if (at != std::string::npos) found.erase(at, path.string().size() + 1);
    return found;
  };
  BOOST_TEST(
      conflict(width + variant) ==
      "sweep.toml:7:42: axes 'demo.width' (sweep.toml:4) and 'variant' both set demo.width in 2 cells, "
      "first: "
      "demo.width = 8, variant = wide; expected one axis for a key, or 'when' conditions that exclude one "
      "another");
  // The same in all cells: not that the first axis changed no job.
  BOOST_TEST(conflict(width +
                      "[[axis]]\nname = 'size'\nlevels = [{ label = 'a', demo.width = 16 }, { label = 'b', "
                      "demo.width = 64 }]\n")
                 .starts_with(
                     "sweep.toml:7:39: axes 'demo.width' (sweep.toml:4) and 'size' both set demo.width in 4 "
                     "cells, first: demo.width = 8, size = a; "));
  // A section sets its keys; a computed value sets a key; both designs.
  for (const char* level :
       {"{ label = 'a', demo = { width = 16, steps = 5 } }", "{ label = 'a', demo.width = '=demo.batch' }"})
    for (const char* design : {"", "design = 'zip'\n", "design = 'one-at-a-time'\n"}) {
      const std::string text = design + axis("demo.width", "[8, 32]") +
                               "[[axis]]\nname = 'other'\nlevels = [" + level +
                               ", { label = 'b', demo.steps = 9 }]\n";
      BOOST_TEST(conflict(text).find("and 'other' both set demo.width in ") != std::string::npos,
                 conflict(text));
    }
}

BOOST_AUTO_TEST_CASE(axes_that_never_meet_in_a_cell_may_set_one_key) {
  const std::string small =
      "[[axis]]\nname = 'small'\nkey = 'demo.width'\nlevels = [4, 8]\nwhen = 'resolution == 4'\n";
  const std::string large =
      "[[axis]]\nname = 'large'\nkey = 'demo.width'\nlevels = [16, 32]\nwhen = 'resolution == 8'\n";
  BOOST_TEST(labels(plan(axis("demo.resolution", "[4, 8]") + small + large)) ==
             "4 4 - | 4 8 - | 8 - 16 | 8 - 32");
  BOOST_TEST(
      mistakes(axis("demo.resolution", "[4, 8]") + small +
               "[[axis]]\nname = 'large'\nkey = 'demo.width'\nlevels = [16, 32]\nwhen = 'resolution >= 4'\n")
          .find("axes 'small' (") != std::string::npos);
  // Blocks of a union are never in one cell: the level that the experiment has (32) is no second value.
  const std::string blocks =
      "combine = 'union'\n[[block]]\n[[block.axis]]\nkey = 'demo.width'\nlevels = [4, 8]\n"
      "[[block]]\n[[block.axis]]\nname = 'size'\nlevels = [{ label = 'a', demo.width = 32 }, { label = 'b', "
      "demo.width = 64 }]\n";
  BOOST_TEST(labels(plan(blocks)) == "4 - | 8 - | - a | - b");
  // Nor is the same value twice: both labels are true, and the cell that both blocks have is one.
  const std::string as_it_is =
      "combine = 'union'\n[[block]]\n[[block.axis]]\nkey = 'demo.width'\nlevels = [4, 32]\n";
  BOOST_TEST(labels(plan(as_it_is + blocks.substr(blocks.find("[[block]]", blocks.find("[[block]]") + 1)))) ==
             "4 - | 32 a | - b");
  BOOST_TEST(
      labels(plan(
          "design = 'zip'\n" + axis("demo.width", "[8, 32]") +
          "[[axis]]\nname = 'size'\nlevels = [{ label = 'a', demo.width = 8 }, { label = 'b', demo.width "
          "= 32 }]\n")) == "8 a | 32 b");
  // Cells that a rule takes out do not count.
  BOOST_TEST(
      mistakes(axis("demo.width", "[8, 32]") +
               "[[axis]]\nname = 'variant'\nlevels = [{ label = 'wide', demo.width = 64 }, { label = 'fine', "
               "demo.noise = 0.1 }, { label = 'coarse', demo.noise = 0.9 }]\n[[exclude]]\nwhen = 'width == "
               "64'\n") == "none");
}

BOOST_AUTO_TEST_CASE(mistakes_of_cells_are_shown_beside_axes_that_meet) {
  try {
    plan(axis("demo.resolution", "[2, 3]") + axis("demo.width", "[8, 32]") +
         "[[axis]]\nname = 'size'\nlevels = [{ label = 'a', demo.width = 64 }, { label = 'b', demo.steps = 5 "
         "}]\n");
    BOOST_ERROR("expected mistakes");
  } catch (const ConfigError& error) {
    BOOST_TEST(error.count == 2u, error.what());
    BOOST_TEST(std::string(error.what()).find("'demo.resolution' is 3") != std::string::npos);
    BOOST_TEST(std::string(error.what()).find("both set demo.width") != std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()
