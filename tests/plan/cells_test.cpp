#include "plan/cells.hpp"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <set>

#include "plan/cells_fixture.hpp"

using namespace ablate;

BOOST_FIXTURE_TEST_SUITE(cells, WithExperiment)

BOOST_AUTO_TEST_CASE(a_sweep_without_axes_is_the_experiment) {
  const Plan one = plan("seeds = 2\n");
  BOOST_TEST(one.cells.size() == 1u);
  BOOST_TEST(one.jobs.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_grid_is_the_full_product_first_axis_slowest) {
  BOOST_TEST(labels(plan(axis("demo.width", "[4, 8]") + axis("demo.resolution", "[2, 4, 8]"))) ==
             "4 2 | 4 4 | 4 8 | 8 2 | 8 4 | 8 8");
}

BOOST_AUTO_TEST_CASE(zip_takes_levels_in_step) {
  BOOST_TEST(labels(plan("design = 'zip'\n" + axis("demo.width", "[4, 8]") +
                         axis("demo.resolution", "[2, 4]"))) == "4 2 | 8 4");
}

BOOST_AUTO_TEST_CASE(one_at_a_time_changes_one_axis_from_the_experiment_as_it_is) {
  // The experiment has width 32 and resolution 8: one is among the levels, the other is not.
  const Plan made =
      plan("design = 'one-at-a-time'\n" + axis("demo.width", "[4, 32]") + axis("demo.resolution", "[2, 4]"));
  BOOST_TEST(labels(made) == "32 8 | 4 8 | 32 2 | 32 4");
  BOOST_TEST(account(made).starts_with("the baseline and 3 changes of one axis: 4\n"));
}

BOOST_AUTO_TEST_CASE(a_label_that_is_made_up_is_never_that_of_another_level) {
  // The experiment has width 32 and resolution 8.
  const std::string design = "design = 'one-at-a-time'\n";
  BOOST_TEST(
      mistakes(design + axis("demo.width", "[{ label = '32', value = 5 }, 7]")) ==
      "sweep.toml:5:11: axis 'demo.width': the level '32' has the label of the experiment as it is, which "
      "has other values; expected another label");
  const std::string size =
      "[[axis]]\nname = 'size'\nlevels = [{ label = 'baseline', demo.width = 4, "
      "demo.resolution = 4 }, { label = 'big', demo.width = 64, demo.resolution = 4 }]\n";
  BOOST_TEST(mistakes(design + size).starts_with("sweep.toml:5:11: axis 'size': the level 'baseline' has "));
  // Nor is it none: the experiment has no weights to begin with.
  BOOST_TEST(
      mistakes(design + axis("llm.init", "['a', 'b']")) ==
      "sweep.toml:4:7: axis 'llm.init': tables would show the experiment as it is as '', like an axis that "
      "does not apply; expected a level with another label: { label = \"none\", ... }");
  // A level that sets what the experiment has, or nothing, is the baseline under whatever label.
  BOOST_TEST(labels(plan(design + axis("demo.width", "[{ label = 'usual', value = 32 }, 7]"))) ==
             "usual | 7");
  BOOST_TEST(labels(plan(design + "[[axis]]\nname = 'size'\nlevels = [{ label = 'baseline' }, { label = "
                                  "'big', demo.width = 64 }]\n")) == "baseline | big");
  // In a later block of a union, too.
  const auto block = [](const std::string& how, const std::string& levels) {
    return "[[block]]\ndesign = '" + how + "'\n[[block.axis]]\nkey = 'demo.width'\nlevels = " + levels + "\n";
  };
  BOOST_TEST(mistakes("combine = 'union'\n" + block("one-at-a-time", "[4, 8]") +
                      block("grid", "[{ label = '32', value = 5 }]"))
                 .starts_with(
                     "sweep.toml:12:11: axis 'demo.width': the level '32' has the label of the experiment"));
  BOOST_TEST(labels(plan("combine = 'union'\n" + block("one-at-a-time", "[4, 8]") +
                         block("grid", "[32, 5]"))) == "32 | 4 | 8 | 5");
  // The values of an extra cell and the points of a sample have made-up labels, too.
  BOOST_TEST(
      mistakes(axis("demo.width", "[{ label = '9', value = 5 }, 7]") +
               "[[include]]\nlabel = 'nine'\ndemo.width = 9\n")
          .starts_with("sweep.toml:4:11: axis 'demo.width': the level '9' has the label of an [[include]] "));
  BOOST_TEST(
      mistakes("combine = 'union'\n" + block("grid", "[{ label = '6', value = 5 }]") +
               "[[block]]\ndesign = 'sample'\nsamples = 4\n[[block.axis]]\nkey = 'demo.width'\n"
               "range = [5, 6]\n")
          .starts_with("sweep.toml:7:11: axis 'demo.width': the level '6' has the label of a point of "));
  // Beside a baseline that no level has, an extra cell still has its own level.
  BOOST_TEST(labels(plan(design + axis("demo.width", "[4, 8]") +
                         "[[include]]\nlabel = 'wide'\ndemo.width = 100\n[[include]]\nlabel = 'long'\n"
                         "demo.steps = 5\n")) == "32 | 4 | 8 | 100 | 32");
}

BOOST_AUTO_TEST_CASE(a_sobol_sample_is_spread_evenly_on_a_log_scale) {
  const Plan made = plan(
      "design = 'sample'\nsamples = 64\n[[axis]]\nkey = 'demo.peak_lr'\nrange = [1e-4, 1e-0]\nscale = 'log'\n"
      "[[axis]]\nkey = 'demo.steps'\nrange = [1, 8]\n[[axis]]\nkey = 'demo.width'\nlevels = [4, 8]\n");
  BOOST_TEST(made.cells.size() == 64u);
  int decades[4] = {}, steps[9] = {}, widths[2] = {};
  for (const Cell& cell : made.cells) {
    const double rate = std::stod(made.axes[0].levels[static_cast<std::size_t>(cell.levels[0])]);
    BOOST_REQUIRE(rate >= 1e-4 && rate <= 1);
    ++decades[std::min(3, static_cast<int>(std::floor(std::log10(rate) + 4)))];
    ++steps[std::stoi(made.axes[1].levels[static_cast<std::size_t>(cell.levels[1])])];
    ++widths[cell.levels[2]];
  }
  for (const int count : decades) BOOST_TEST(std::abs(count - 16) <= 1);
  for (int value = 1; value <= 8; ++value) BOOST_TEST(std::abs(steps[value] - 8) <= 1);
  BOOST_TEST(std::abs(widths[0] - 32) <= 1);
}

BOOST_AUTO_TEST_CASE(a_sampled_axis_keeps_its_range) {
  const auto block = [](const std::string& range,
                        const std::string& design = "design = 'sample'\nsamples = 4\n") {
    return "[[block]]\n" + design + "[[block.axis]]\nkey = 'demo.peak_lr'\n" + range;
  };
  const std::string log = "scale = 'log'\n";
  const Plan one = plan(block("range = [1e-4, 1e-2]\n" + log));
  BOOST_REQUIRE(one.axes.at(0).range.has_value());
  BOOST_TEST(one.axes[0].range->low == 1e-4);
  BOOST_TEST(one.axes[0].range->high == 1e-2);
  BOOST_TEST((one.axes[0].range->scale == Scale::log));
  const std::string unite = "combine = 'union'\n";
  const Plan both = plan(unite + block("range = [1e-4, 1e-2]\n" + log) + block("range = [1e-3, 1]\n" + log));
  BOOST_TEST(both.axes.at(0).range->low == 1e-4);
  BOOST_TEST(both.axes.at(0).range->high == 1);
  const Plan scales = plan(unite + block("range = [1e-4, 1e-2]\n" + log) + block("range = [1e-3, 1]\n"));
  BOOST_TEST(!scales.axes.at(0).range.has_value());
  const Plan listed =
      plan(unite + block("range = [1e-4, 1e-2]\n" + log) + block("levels = [0.1, 0.2]\n", ""));
  BOOST_TEST(!listed.axes.at(0).range.has_value());
}

BOOST_AUTO_TEST_CASE(points_of_a_sample_that_repeat_are_one_cell) {
  const std::string head = "design = 'sample'\nsamples = 8\n";
  for (const char* where : {"range = [4, 6]\n", "levels = [4, 5, 6]\n"}) {
    const Plan made = plan(head + "[[axis]]\nkey = 'demo.width'\n" + where);
    std::set<std::string> widths(made.axes[0].levels.begin(), made.axes[0].levels.end());
    BOOST_TEST((widths == std::set<std::string>{"4", "5", "6"}));
    BOOST_TEST(made.axes[0].levels.size() == 3u);
    BOOST_TEST(made.cells.size() == 3u);
    BOOST_TEST(account(made).starts_with("8 sobol points over 1 axis, 5 of them repeats: 3\n"));
    BOOST_TEST(made.warnings.empty());
  }
}

BOOST_AUTO_TEST_CASE(samples_depend_on_their_seed_alone) {
  const std::string rest = "[[axis]]\nkey = 'demo.peak_lr'\nrange = [0.01, 1]\n";
  for (const char* sampler : {"sobol", "random"}) {
    const std::string head = "design = 'sample'\nsamples = 5\nsampler = '" + std::string(sampler) + "'\n";
    BOOST_TEST(labels(plan(head + rest)) == labels(plan(head + rest)));
    BOOST_TEST(labels(plan(head + rest)) != labels(plan(head + "sample_seed = 1\n" + rest)));
  }
}

BOOST_AUTO_TEST_CASE(blocks_multiply_or_unite) {
  const std::string blocks =
      "[[block]]\ndesign = 'zip'\n[[block.axis]]\nkey='demo.width'\nlevels=[4, "
      "32]\n[[block.axis]]\nkey='demo.resolution'\n"
      "levels=[4, 8]\n[[block]]\n[[block.axis]]\nkey='demo.steps'\nlevels=[10, 300]\n";
  BOOST_TEST(labels(plan(blocks)) == "4 4 10 | 4 4 300 | 32 8 10 | 32 8 300");
  const Plan united = plan("combine = 'union'\n" + blocks);
  // On the axes of other blocks a cell has the experiment's own level (32, 8, 300); the last cell is one that
  // stood already.
  BOOST_TEST(labels(united) == "4 4 300 | 32 8 300 | 32 8 10");
  BOOST_TEST(
      account(united).starts_with("block 1: 2 axes in step: 2\nblock 2: 2 levels of 1 axis: 4\ncells that an "
                                  "earlier block has too: 3\n"));
}

BOOST_AUTO_TEST_CASE(conditional_axes_fold_the_cells_they_do_not_touch) {
  const Plan made =
      plan(axis("demo.width", "[4, 8]") + axis("demo.noise", "[0.1, 0.2]", "when = 'width == 8'\n"));
  BOOST_TEST(labels(made) == "4 - | 8 0.1 | 8 0.2");
  BOOST_TEST(account(made) ==
             "2 x 2 levels of 2 axes: 4\ncells that differ only on axes that do not apply: 3\n"
             "x 1 seed: runs: 3\ntheir stages (demo 3): 3\njobs: 3\n");
}

BOOST_AUTO_TEST_CASE(each_exclude_rule_counts_what_it_removed) {
  const Plan made = plan(axis("demo.width", "[4, 8, 16]") + axis("demo.resolution", "[2, 4]") +
                         "[[exclude]]\nname = 'too big'\nwhen = 'width * resolution > 40'\n"
                         "[[exclude]]\nwhen = 'width == 4 and resolution == 2'\n");
  BOOST_TEST(labels(made) == "4 4 | 8 2 | 8 4 | 16 2");
  BOOST_TEST(
      account(made).starts_with("3 x 2 levels of 2 axes: 6\nexclude 'too big': 5\n"
                                "exclude 'width == 4 and resolution == 2': 4\nx 1 seed: runs: 4\n"));
}

BOOST_AUTO_TEST_CASE(extra_cells_are_included) {
  const Plan made =
      plan(axis("demo.width", "[4, 8]") + "[[include]]\nlabel = 'wide'\ndemo.width = 100\ndemo.steps = 5\n");
  BOOST_TEST(labels(made) == "4 | 8 | 100");
  BOOST_TEST(made.cells.back().label == "wide");
  BOOST_TEST(mistakes(axis("demo.width", "[4, 8]") + "[[include]]\nlabel = 'again'\ndemo.width = 8\n") ==
             "sweep.toml:5:1: duplicate cell: include 'again' is the same runs as demo.width = 8");
}

BOOST_AUTO_TEST_CASE(values_are_computed_from_others) {
  const std::string sweep = axis("demo.resolution", "[2, 4, 8]") +
                            "[override]\ndemo.width = '=(resolution / 2) ^ 2 + demo.batch'\n" +
                            "demo.batch = '= 2 * resolution'\n";
  const Sweep loaded = load_sweep(write("sweep.toml", "experiment = 'experiment.toml'\n" + sweep));
  CellExpander expander(loaded);
  std::vector<std::int64_t> widths;
  expander.expand(
      [&](const Cell&, const Experiment& experiment) { widths.push_back(experiment.demo.width); });
  BOOST_TEST(widths == (std::vector<std::int64_t>{5, 12, 32}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_key_beside_a_preset_wins_whichever_axis_comes_first) {
  write("experiment.toml", "stages = ['llm']\n[data]\ntext = ['t.txt']\n");
  const auto layers = [&](const std::string& text) {
    const Sweep loaded = load_sweep(write("sweep.toml", "experiment = 'experiment.toml'\n" + text));
    std::string found;
    CellExpander expander(loaded);
    expander.expand([&](const Cell&, const Experiment& experiment) {
      found += fmt::format("{}x{} ", experiment.llm.layers, experiment.llm.width);
    });
    for (const Diagnostic& conflict : expander.conflicts()) found += conflict.message.substr(0, 40);
    return found;
  };
  const std::string preset = axis("llm.preset", "['9m', '85m']"), depth = axis("llm.layers", "[3, 4]");
  BOOST_TEST(layers(preset + depth) == "3x256 4x256 3x768 4x768 ");
  BOOST_TEST(layers(depth + preset) == "3x256 3x768 4x256 4x768 ");
  // A preset under a condition leaves the layers, too.
  const std::string deep = axis("llm.preset", "['9m', '85m']", "when = 'llm.layers == 4'\n");
  BOOST_TEST(layers(depth + deep) == "3x2048 4x256 4x768 ");
  BOOST_TEST(layers(deep + depth) == "3x2048 4x256 4x768 ");
  // Keys of [override] and of the experiment, written down and computed; the baseline is the experiment.
  for (const char* one : {"1", "'=2 - 1'"}) {
    const std::string override = fmt::format("[override]\nllm.layers = {}\n", one);
    BOOST_TEST(layers(preset + override) == "1x256 1x768 ");
    write("experiment.toml", fmt::format("[llm]\npreset = '9m'\nlayers = {}\n", one));
    BOOST_TEST(layers(preset) == "1x256 1x768 ");
    BOOST_TEST(layers("design = 'one-at-a-time'\n" + preset + axis("llm.width", "[512]")) ==
               "1x256 1x768 1x512 ");
    BOOST_TEST(layers("[[include]]\nllm.preset = '85m'\n") == "1x256 1x768 ");
    // A preset of a later layer replaces the shape below it: then nothing stands beside it.
    BOOST_TEST(layers(preset + "[override]\nllm.preset = '85m'\n") == "12x256 12x768 ");
    BOOST_TEST(layers(preset + "[override]\nllm.preset = 'custom'\n") == "12x256 12x768 ");
  }
  // A computed preset.
  write("experiment.toml", "[llm]\npreset = '=\"9m\"'\nlayers = 1\nmlp_width = '=llm.width * 2'\n");
  BOOST_TEST(layers("") == "1x256 ");
}

BOOST_AUTO_TEST_CASE(a_baseline_of_a_computed_key_leaves_it_computed) {
  write("experiment.toml", "stages = ['demo']\ndemo.batch = 16\ndemo.width = '=demo.batch * 2'\n");
  const Sweep loaded =
      load_sweep(write("sweep.toml", "experiment = 'experiment.toml'\ndesign = 'one-at-a-time'\n" +
                                         axis("demo.width", "[8, 32]") + axis("demo.batch", "[16, 64]")));
  CellExpander expander(loaded);
  std::vector<std::int64_t> widths;
  expander.expand([&](const Cell&, const Experiment& made) { widths.push_back(made.demo.width); });
  BOOST_TEST(widths == (std::vector<std::int64_t>{32, 8, 32, 128}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_preset_axis_that_changes_nothing_names_the_keys_beside_it) {
  write("experiment.toml",
        "stages = ['llm']\n[llm]\nlayers = 1\nwidth = 16\nheads = 2\nkv_heads = 2\nmlp_width = 16\n"
        "[data]\ntext = ['t.txt']\ntokenizer = 't.model'\n");
  const std::string found = mistakes(axis("llm.preset", "['9m', '85m']"));
  BOOST_TEST(found.find("the experiment or [override] sets llm.") != std::string::npos, found);
}

BOOST_AUTO_TEST_CASE(conditions_hold_in_the_finished_cell_whatever_the_order_of_the_axes) {
  const std::string resolution = axis("demo.resolution", "[2, 4]");
  const std::string width = axis("demo.width", "[8, 16]", "when = 'demo.resolution == 4'\n");
  const std::string noise = axis("demo.noise", "[0.1, 0.2]", "when = 'demo.width == 16'\n");
  BOOST_TEST(labels(plan(resolution + width + noise)) == "2 - - | 4 8 - | 4 16 0.1 | 4 16 0.2");
  BOOST_TEST(labels(plan(noise + width + resolution)) == "- - 2 | - 8 4 | 0.1 16 4 | 0.2 16 4");
  // Through a computed key.
  const std::string computed = "[override]\ndemo.batch = '=demo.width * 2'\n";
  const std::string steps = axis("demo.steps", "[5, 6]", "when = 'demo.batch == 32'\n");
  BOOST_TEST(labels(plan(steps + width + resolution + computed)) == "- - 2 | - 8 4 | 5 16 4 | 6 16 4");
}

BOOST_AUTO_TEST_CASE(conditions_in_a_circle_are_refused) {
  BOOST_TEST(mistakes(axis("demo.width", "[8, 16]", "when = 'demo.width == 32'\n"))
                 .starts_with("sweep.toml:5:8: the 'when' of axis 'demo.width' ("));
  const std::string found = mistakes(axis("demo.width", "[8, 64]", "when = 'demo.noise == 0.9'\n") +
                                     axis("demo.noise", "[0.1, 0.9]", "when = 'demo.width == 32'\n"));
  BOOST_TEST(found.starts_with("sweep.toml:5:8: the 'when' of axis 'demo.width' ("), found);
  BOOST_TEST(found.find(":9) depends on demo.width, which axis 'demo.width' sets") != std::string::npos,
             found);
}

BOOST_AUTO_TEST_CASE(nothing_left_is_a_mistake) {
  BOOST_TEST(mistakes(axis("demo.width", "[4, 8]") + "[[exclude]]\nname = 'all'\nwhen = 'true'\n") ==
             "sweep.toml:1:1: no cell is left: every combination is excluded: 2 levels of 1 axis (+2), "
             "exclude 'all' (-2)");
}

BOOST_AUTO_TEST_CASE(too_many_combinations_are_refused_before_they_are_made) {
  std::string many;
  for (const char* key : {"demo.width", "demo.steps", "demo.batch"}) {
    std::string levels = "[1";
    for (int i = 2; i <= 1000; ++i) levels += "," + std::to_string(i);
    many += axis(key, levels + "]");
  }
  BOOST_TEST(mistakes(many) ==
             "sweep.toml:1:1: 1,000,000,000 combinations of levels or more; expected at most 5,000,000");
}

BOOST_AUTO_TEST_SUITE_END()
