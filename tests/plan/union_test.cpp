// What the blocks of a union share: one experiment is one cell, under the levels that it has on every axis.
#include <boost/test/unit_test.hpp>

#include "plan/cells_fixture.hpp"

BOOST_FIXTURE_TEST_SUITE(unions, ablate::WithExperiment)

using namespace ablate;

namespace {

const std::string kUnion = "combine = 'union'\n";

std::string block(const std::string& axes, const std::string& head = "") {
  return "[[block]]\n" + head + axes;
}
std::string block_axis(const std::string& key, const std::string& levels, const std::string& more = "") {
  return "[[block.axis]]\nkey = '" + key + "'\nlevels = " + levels + "\n" + more;
}
const std::string kOneAtATime = "design = 'one-at-a-time'\n";

}  // namespace

BOOST_AUTO_TEST_CASE(a_baseline_that_no_level_has_is_the_level_of_the_other_blocks_cells) {
  // The experiment has width 32 and 300 steps: width 32 of the one block is the baseline of the other.
  const std::string widths = block(block_axis("demo.width", "[8, 32]")),
                    steps = block(block_axis("demo.steps", "[20, 30]"), kOneAtATime);
  const Plan made = plan(kUnion + widths + steps);
  BOOST_TEST(labels(made) == "8 300 | 32 300 | 32 20 | 32 30");
  BOOST_TEST(made.warnings.empty());
  BOOST_TEST(made.jobs.size() == 4u);
  BOOST_TEST(
      account(made).starts_with("block 1: 2 levels of 1 axis: 2\nblock 2: the baseline and 2 changes "
                                "of one axis: 5\ncells that an earlier block has too: 4\n"));
  BOOST_TEST(labels(plan(kUnion + steps + widths)) == "300 32 | 20 32 | 30 32 | 300 8");
  // With neither baseline among the levels.
  BOOST_TEST(labels(plan(kUnion + block(block_axis("demo.width", "[8, 16]"), kOneAtATime) + steps)) ==
             "32 300 | 8 300 | 16 300 | 32 20 | 32 30");
}

BOOST_AUTO_TEST_CASE(a_baseline_is_the_level_that_a_later_block_writes_down) {
  BOOST_TEST(labels(plan(kUnion + block(block_axis("demo.steps", "[20, 30]"), kOneAtATime) +
                         block(block_axis("demo.steps", "[{ label = 'long', value = 300 }, 40]")))) ==
             "long | 20 | 30 | 40");
  // A level that sets nothing is the experiment as it is.
  const std::string plain =
      "[[block.axis]]\nname = 'variant'\nlevels = [{ label = 'short', demo.steps = 9 }, "
      "{ label = 'plain' }]\n";
  BOOST_TEST(labels(plan(kUnion + block(plain, kOneAtATime) + block(block_axis("demo.width", "[8, 32]")))) ==
             "plain 32 | short 32 | plain 8");
}

BOOST_AUTO_TEST_CASE(a_cell_has_the_levels_of_other_blocks_that_its_values_are) {
  // 'small' has 20 steps, as the level 20 says; 'large' has 40, of which the axis has no level.
  const std::string size =
      "[[block.axis]]\nname = 'size'\nlevels = [{ label = 'small', demo.width = 8, demo.steps = 20 }, "
      "{ label = 'large', demo.width = 64, demo.steps = 40 }]\n";
  BOOST_TEST(labels(plan(kUnion + block(size) + block(block_axis("demo.steps", "[20, 30]"), kOneAtATime))) ==
             "small 20 | large - | - 300 | - 20 | - 30");
  // The baseline of several keys.
  BOOST_TEST(labels(plan(kUnion + block(size, kOneAtATime) + block(block_axis("demo.steps", "[20, 300]")))) ==
             "baseline 300 | small 20 | large - | - 20");
}

BOOST_AUTO_TEST_CASE(levels_that_are_computed_are_those_whose_values_a_cell_has) {
  // 32 = 2 x 16: the experiment's own width is the level that doubles the batch, where it is the
  // experiment's.
  write("experiment.toml", "stages = ['demo']\ndemo.batch = 16\ndemo.width = 32\n");
  const std::string batches = block(block_axis("demo.batch", "[16, 64]"));
  BOOST_TEST(labels(plan(kUnion + batches + block(block_axis("demo.width", "['=demo.batch * 2', 8]")))) ==
             "16 demo.batch * 2 | 64 - | 16 8");
  // A baseline that is computed is so in every cell that leaves its key alone.
  write("experiment.toml", "stages = ['demo']\ndemo.batch = 16\ndemo.width = '=demo.batch * 2'\n");
  BOOST_TEST(labels(plan(kUnion + batches + block(block_axis("demo.width", "[8]"), kOneAtATime))) ==
             "16 demo.batch * 2 | 64 demo.batch * 2 | 16 8");
}

BOOST_AUTO_TEST_CASE(an_axis_of_another_block_has_a_level_only_where_it_applies) {
  const std::string widths = block(block_axis("demo.width", "[8, 32]"));
  const std::string steps = block_axis("demo.steps", "[20, 30]", "when = 'demo.width == 32'\n");
  BOOST_TEST(labels(plan(kUnion + widths + block(steps, kOneAtATime))) == "8 - | 32 300 | 32 20 | 32 30");
  // Its own block's, too, where the condition does not hold: one cell, not two.
  const std::string noise = block(block_axis("demo.noise", "[0.1, 0.2]", "when = 'demo.width == 8'\n"));
  const Plan folded = plan(kUnion + widths + noise);
  BOOST_TEST(labels(folded) == "8 - | 32 -");
  // And those of extra cells.
  BOOST_TEST(labels(plan(axis("demo.width", "[8, 32]") +
                         axis("demo.steps", "[20, 300]", "when = 'demo.width == 32'\n") +
                         "[[include]]\nlabel = 'tiny'\ndemo.width = 4\n")) == "8 - | 32 20 | 32 300 | 4 -");
}

BOOST_AUTO_TEST_CASE(levels_of_other_blocks_change_no_value) {
  // The preset's own layers, not those that the experiment has beside another preset.
  write("experiment.toml", "[llm]\npreset = '9m'\n");
  const Sweep loaded = load_sweep(write("sweep.toml", "experiment = 'experiment.toml'\n" + kUnion +
                                                          block(block_axis("llm.layers", "[4, 12]")) +
                                                          block(block_axis("llm.preset", "['1m', '9m']"))));
  CellExpander expander(loaded);
  std::string found;
  expander.expand([&](const Cell& cell, const Experiment& made) {
    found += expander.describe(cell) + ": " + std::to_string(made.llm.layers) + "x" +
             std::to_string(made.llm.width) + "\n";
  });
  BOOST_TEST(found ==
             "llm.layers = 4, llm.preset = 9m: 4x256\nllm.layers = 12, llm.preset = 9m: 12x256\n"
             "llm.preset = 1m: 5x128\n");
}

BOOST_AUTO_TEST_CASE(rules_and_extra_cells_of_a_union_see_each_experiment_once) {
  const std::string blocks = kUnion + block(block_axis("demo.width", "[8, 32]")) +
                             block(block_axis("demo.steps", "[20, 30]"), kOneAtATime);
  const Plan made = plan("seeds = 2\n" + blocks +
                         "[[exclude]]\nname = 'known'\nwhen = 'width == 32 and "
                         "steps == 300'\n[[include]]\nlabel = 'tiny'\ndemo.width = 2\n");
  BOOST_TEST(labels(made) == "8 300 | 32 20 | 32 30 | 2 300");
  BOOST_TEST(account(made).find("cells that an earlier block has too: 4\nexclude 'known': 3\n") !=
             std::string::npos);
  BOOST_TEST(made.num_replicates() == 8u);
}

BOOST_AUTO_TEST_SUITE_END()
