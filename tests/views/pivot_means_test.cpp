// What the means of a table are over: held to a model without interactions, where controlled differences are
// known exactly.
#include <boost/test/unit_test.hpp>
#include <map>
#include <optional>

#include "util/error.hpp"
#include "views/levels.hpp"
#include "views/pivot_table.hpp"

BOOST_AUTO_TEST_SUITE(pivot_means)

using namespace ablate;

namespace {

/// Scores without any interaction: a sum of what each level adds and of what the seed adds. So a controlled
/// difference of two levels is exactly the difference of what they add, whatever else is averaged over.
double add_up(const std::map<std::string, std::string>& levels, std::uint64_t seed) {
  static const std::map<std::string, double> kAdds = {
      {"layers 1", 0},  {"layers 2", 0.068}, {"layers 4", 0.1}, {"tokens 4", -0.2},
      {"tokens 16", 0}, {"mix a", 0},        {"mix b", -0.15},  {"mix c", 0.3}};
  double score = 0.5 + 0.01 * static_cast<double>(seed * seed);
  for (const auto& [axis, level] : levels) score += kAdds.at(axis + " " + level);
  return score;
}

const std::vector<PlanAxis> kThreeAxes = {
    {"layers", {"1", "2", "4"}}, {"tokens", {"4", "16"}}, {"mix", {"a", "b", "c"}}};

struct Additive {
  std::vector<RunRecord> runs;
  std::int64_t cells = 0;

  void add(const std::map<std::string, std::string>& levels, std::uint64_t seeds = 3) {
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      RunRecord& run = runs.emplace_back();
      run.cell = cells;
      run.levels = levels_of(kThreeAxes, levels);
      run.seed = seed;
      run.state = JobState::finished;
      run.values["vqa"] = add_up(levels, seed);
    }
    ++cells;
  }
  void fail(std::int64_t cell, std::uint64_t seed, JobState state = JobState::failed) {
    for (RunRecord& run : runs)
      if (run.cell == cell && run.seed == seed) {
        run.state = state;
        run.values.clear();
      }
  }
  Pivot pivot(const std::vector<std::string>& by, std::optional<Over> over = std::nullopt) const {
    return make_pivot(runs, kThreeAxes, by, {"vqa"}, over);
  }
  std::string text(const std::vector<std::string>& by, std::optional<Over> over = std::nullopt) const {
    return render(wide_table(pivot(by, over), {.rows = by, .columns = {}, .values = {"vqa"}}), Format::text);
  }
};

double mean(const Pivot& pivot, std::size_t row) { return pivot.groups.at(row).values.at(0).summary.mean; }

/// The baseline (layers 2, tokens 16, mix a) and each other level alone.
Additive one_at_a_time() {
  Additive sweep;
  sweep.add({{"layers", "2"}, {"tokens", "16"}, {"mix", "a"}});
  sweep.add({{"layers", "1"}, {"tokens", "16"}, {"mix", "a"}});
  sweep.add({{"layers", "2"}, {"tokens", "4"}, {"mix", "a"}});
  sweep.add({{"layers", "2"}, {"tokens", "16"}, {"mix", "b"}});
  return sweep;
}

constexpr double kExact = 1e-12;

}  // namespace

// Raw means: 0.568, less a third of 0.2 and of 0.15, against 0.5: a difference of -0.049 for one of 0.068.
BOOST_AUTO_TEST_CASE(one_at_a_time_rows_differ_by_their_own_level_alone) {
  const Additive sweep = one_at_a_time();
  const Pivot pivot = sweep.pivot({"layers"});
  BOOST_TEST(mean(pivot, 1) - mean(pivot, 0) == 0.068, boost::test_tools::tolerance(kExact));
  BOOST_TEST(pivot.groups[1].values[0].cells == std::vector<std::int64_t>{0},
             boost::test_tools::per_element());
  BOOST_TEST(sweep.text({"layers"}) ==
             "layers            vqa\n"
             "------  -------------\n"
             "1       0.517 ± 0.021\n"
             "2       0.585 ± 0.021\n"
             "\n"
             "mean ± standard deviation over 3 seeds\n"
             "averaged, within each seed, over what all rows have: tokens = 16, mix = a\n"
             "left out: tokens = 4; mix = b (layers = 1: no such cell)\n");
}

BOOST_AUTO_TEST_CASE(columns_are_held_to_the_same_cells) {
  const Additive sweep = one_at_a_time();
  const Pivot pivot = sweep.pivot({"layers", "tokens"});
  BOOST_REQUIRE(pivot.groups.size() == 3u);  // 1 x 16, 2 x 4, 2 x 16; 2 x 16 has mix b, too.
  BOOST_TEST(mean(pivot, 2) - mean(pivot, 0) == 0.068, boost::test_tools::tolerance(kExact));
  BOOST_TEST(mean(pivot, 2) - mean(pivot, 1) == 0.2, boost::test_tools::tolerance(kExact));
}

// A cell of a 2 x 2 that an [[exclude]] took out: raw means differ by 0.068 - 0.1.
BOOST_AUTO_TEST_CASE(an_incomplete_grid_is_averaged_over_what_all_rows_have) {
  Additive sweep;
  sweep.add({{"layers", "1"}, {"tokens", "16"}});
  sweep.add({{"layers", "2"}, {"tokens", "4"}});
  sweep.add({{"layers", "2"}, {"tokens", "16"}});
  const Pivot pivot = sweep.pivot({"layers"});
  BOOST_TEST(mean(pivot, 1) - mean(pivot, 0) == 0.068, boost::test_tools::tolerance(kExact));
  const Pivot own = sweep.pivot({"layers"}, Over::own);
  BOOST_TEST(mean(own, 1) - mean(own, 0) == 0.068 - 0.1, boost::test_tools::tolerance(kExact));
  BOOST_TEST(sweep.text({"layers"}, Over::own)
                 .ends_with("\neach row is over its own cells: rows may differ by tokens, too\n"));
}

BOOST_AUTO_TEST_CASE(a_failed_cell_leaves_all_rows_and_a_failed_seed_too) {
  Additive sweep;
  for (const char* layers : {"1", "2"})
    for (const char* mix : {"a", "b", "c"}) sweep.add({{"layers", layers}, {"mix", mix}});
  for (const std::uint64_t seed : {0, 1, 2}) sweep.fail(5, seed);  // layers 2, mix c
  sweep.fail(0, 2, JobState::running);                             // layers 1, mix a
  const Pivot pivot = sweep.pivot({"layers"});
  BOOST_TEST(mean(pivot, 1) - mean(pivot, 0) == 0.068, boost::test_tools::tolerance(kExact));
  // Mixes a and b under seeds 0 and 1: 0.5, less 0.15 / 2, and 0.01 / 2 for the seeds.
  BOOST_TEST(mean(pivot, 0) == 0.43, boost::test_tools::tolerance(kExact));
  BOOST_TEST(pivot.groups[0].values[0].running == 1);
  BOOST_TEST(pivot.groups[1].values[0].failed == 0);
  BOOST_TEST(pivot.groups[1].values[0].missing() == 1);
  BOOST_TEST(sweep.text({"layers"}) ==
             "layers                               vqa\n"
             "------  --------------------------------\n"
             "1       0.4300 ± 0.0071 (2/3, 1 running)\n"
             "2                  0.4980 ± 0.0071 (2/3)\n"
             "\n"
             "mean ± standard deviation over 2 of 3 seeds\n"
             "averaged, within each seed, over what all rows have: mix = a; mix = b\n"
             "left out: mix = c (layers = 2: failed)\n"
             "left out: seed 2 (layers = 1: running)\n"
             "(2/3): 2 of 3 seeds are in the mean; --over own: those of each row\n");
}

BOOST_AUTO_TEST_CASE(unequal_seeds_are_no_difference) {
  Additive sweep;
  for (const char* mix : {"a", "b"}) {
    sweep.add({{"layers", "1"}, {"mix", mix}}, 2);
    sweep.add({{"layers", "2"}, {"mix", mix}}, 5);
  }
  const Pivot pivot = sweep.pivot({"layers"});
  BOOST_TEST(mean(pivot, 1) - mean(pivot, 0) == 0.068, boost::test_tools::tolerance(kExact));
  // The full table keeps what each cell has, unless it is asked otherwise.
  BOOST_TEST(sweep.pivot({"layers", "mix"}).groups[2].values[0].summary.n == 5u);
  const Pivot full = sweep.pivot({"layers", "mix"}, Over::common);
  BOOST_TEST(mean(full, 2) - mean(full, 0) == 0.068, boost::test_tools::tolerance(kExact));
}

// What was done already is not recommended.
BOOST_AUTO_TEST_CASE(rows_of_one_cell_without_a_common_seed_are_over_their_own) {
  Additive sweep;
  for (const char* mix : {"a", "b"}) sweep.add({{"mix", mix}});
  for (const std::uint64_t seed : {0, 1}) sweep.fail(0, seed);
  sweep.fail(1, 2);
  BOOST_TEST(sweep.text({"mix"}, Over::common) ==
             "mix                              vqa\n"
             "---  -------------------------------\n"
             "a             0.5400 (1/3, 2 failed)\n"
             "b    0.3550 ± 0.0071 (2/3, 1 failed)\n"
             "\n"
             "mean ± standard deviation over 2 of 3 seeds\n"
             "without ±: one seed, and none is known over examples\n"
             "the rows have no seed in common: each is over its own\n"
             "(1/3): 1 of 3 seeds is in the mean\n");
}

BOOST_AUTO_TEST_CASE(a_row_that_lost_everything_does_not_empty_the_others) {
  Additive sweep = one_at_a_time();
  sweep.add({{"layers", "4"}, {"tokens", "16"}, {"mix", "a"}});
  for (const std::uint64_t seed : {0, 1, 2}) sweep.fail(4, seed);
  const Pivot pivot = sweep.pivot({"layers"});
  BOOST_TEST(mean(pivot, 1) - mean(pivot, 0) == 0.068, boost::test_tools::tolerance(kExact));
  BOOST_TEST(pivot.groups[2].values[0].summary.n == 0u);
  BOOST_TEST(pivot.groups[2].values[0].failed == 3);
}

BOOST_AUTO_TEST_CASE(rows_without_a_common_cell_are_refused_and_the_odd_one_is_named) {
  Additive sweep = one_at_a_time();
  sweep.add({{"layers", "4"}, {"tokens", "16"}, {"mix", "c"}});
  BOOST_CHECK_EXCEPTION(sweep.pivot({"layers"}), Error, [](const Error& error) {
    BOOST_TEST(
        error.what() ==
        std::string(
            "the rows of 'vqa' have no cell under one seed in common: a difference of their means "
            "would not be due to layers alone\n"
            "  layers = 1 has tokens = 16, mix = a (seeds 0, 1, 2)\n"
            "  layers = 2 has tokens = 4, mix = a; tokens = 16, mix = a; tokens = 16, mix = b (seeds 0, "
            "1, 2)\n"
            "  layers = 4 has tokens = 16, mix = c (seeds 0, 1, 2)\n"
            "  all rows but layers = 4 have something in common\n"
            "name the axes that differ, too (all: --rows layers,tokens,mix), or take each row over its "
            "own cells, whatever these are (--over own)"));
    return true;
  });
  BOOST_TEST(mean(sweep.pivot({"layers"}, Over::own), 2) == 0.9 + 0.05 / 3,
             boost::test_tools::tolerance(kExact));
}

// Axes in step, or sampled: each row is one cell, but rows differ by the other axis, too.
BOOST_AUTO_TEST_CASE(axes_that_change_together_are_not_told_apart) {
  Additive sweep;
  sweep.add({{"layers", "1"}, {"mix", "a"}});
  sweep.add({{"layers", "2"}, {"mix", "b"}});
  BOOST_CHECK_THROW(sweep.pivot({"layers"}), Error);
  BOOST_TEST(sweep.pivot({"layers", "mix"}).groups.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_common_cell_to_which_no_other_axis_applies_is_named_as_that) {
  Additive sweep;
  sweep.add({{"layers", "1"}});
  sweep.add({{"layers", "2"}});
  sweep.add({{"layers", "2"}, {"tokens", "4"}, {"mix", "a"}});
  sweep.add({{"layers", "2"}, {"tokens", "4"}, {"mix", "b"}});
  const std::string text = sweep.text({"layers"});
  BOOST_TEST(
      text.ends_with("averaged, within each seed, over what all rows have: no level of tokens, mix\n"
                     "left out: tokens = 4, mix = a; tokens = 4, mix = b (layers = 1: no such cell)\n"),
      text);
}

// That the axis does not apply does not say at which level the cell was run.
BOOST_AUTO_TEST_CASE(rows_to_which_an_axis_does_not_apply_stand_apart) {
  Additive sweep;
  for (const char* layers : {"1", "2"})
    for (const char* tokens : {"4", "16"}) sweep.add({{"layers", layers}, {"tokens", tokens}});
  sweep.add({{"layers", "4"}});
  BOOST_TEST(sweep.text({"layers"}) ==
             "layers                        vqa\n"
             "------  -------------------------\n"
             "1                   0.417 ± 0.021\n"
             "2                   0.485 ± 0.021\n"
             "4       0.617 ± 0.021 (own cells)\n"
             "\n"
             "mean ± standard deviation over 3 seeds\n"
             "averaged, within each seed, over tokens (2 levels)\n"
             "(own cells): no cell in common with the other rows, as an axis does not apply\n");
  const Pivot by_tokens = sweep.pivot({"tokens"});
  BOOST_TEST(mean(by_tokens, 1) - mean(by_tokens, 0) == 0.2, boost::test_tools::tolerance(kExact));
  BOOST_CHECK(by_tokens.groups[2].values[0].over == Over::own);
  // Where no two rows are left to compare, nothing is.
  Additive pair;
  for (const char* tokens : {"4", "16"}) pair.add({{"layers", "2"}, {"tokens", tokens}});
  pair.add({{"layers", "1"}});
  BOOST_CHECK_THROW(pair.pivot({"layers"}), Error);
}

BOOST_AUTO_TEST_CASE(rows_over_their_own_cells_say_what_their_means_lack) {
  Additive sweep;
  for (const char* layers : {"1", "2"})
    for (const char* tokens : {"4", "16"}) sweep.add({{"layers", layers}, {"tokens", tokens}, {"mix", "a"}});
  for (const char* mix : {"a", "b"}) sweep.add({{"layers", "4"}, {"mix", mix}});
  sweep.add({{"layers", "2"}, {"tokens", "16"}, {"mix", "c"}});
  for (RunRecord& run : sweep.runs)
    if (run.cell == 6) run.label = "extra";
  sweep.fail(5, 0, JobState::cancelled);  // layers 4, mix b
  sweep.fail(5, 1);
  sweep.fail(6, 2, JobState::waiting);
  BOOST_TEST(sweep.text({"layers"}) ==
             "cell   layers                                         vqa\n"
             "-----  ------  ------------------------------------------\n"
             "       1                                    0.417 ± 0.021\n"
             "       2                                    0.485 ± 0.021\n"
             "       4                        0.617 ± 0.021 (own cells)\n"
             "extra  2       0.873 ± 0.007 (own cells) (2/3, 1 waiting)\n"
             "\n"
             "mean ± standard deviation over 3 seeds\n"
             "averaged, within each seed, over tokens (2 levels), mix = a\n"
             "(own cells): no cell in common with the other rows, as an axis does not apply,\n"
             "  or an [[include]] cell, which stands alone beside averages\n"
             "left out of layers = 4: mix = b (cancelled or failed under 2 seeds)\n"
             "left out of extra: seed 2 (waiting)\n"
             "(2/3): 2 of 3 seeds are in the mean\n");
}

BOOST_AUTO_TEST_CASE(each_row_over_its_own_cells_has_a_note_up_to_a_few) {
  Additive sweep;
  for (const char* tokens : {"4", "16"})
    for (const char* mix : {"a", "b", "c"}) sweep.add({{"tokens", tokens}, {"mix", mix}});
  for (const std::uint64_t seed : {0, 1, 2}) sweep.fail(1, seed);  // tokens 4, mix b
  sweep.fail(3, 1, JobState::running);                             // tokens 16, mix a
  BOOST_TEST(sweep.text({"tokens"}, Over::own)
                 .ends_with("each row is over its own cells: rows may differ by mix, too\n"
                            "left out of tokens = 4: mix = b (failed)\n"
                            "left out of tokens = 16: seed 1 (running)\n"
                            "(2/3): 2 of 3 seeds are in the mean\n"));
  // Where each row is one cell, its count says it.
  BOOST_TEST(sweep.text({"tokens", "mix"}).find("left out") == std::string::npos);
  Pivot pivot = sweep.pivot({"tokens"}, Over::own);
  std::vector<PivotRowLeftOut>& rows = pivot.means[0].rows_left_out;
  rows.resize(6, rows.front());
  const std::string text =
      render(wide_table(pivot, {.rows = {"tokens"}, .columns = {}, .values = {"vqa"}}), Format::text);
  BOOST_TEST(text.find("\n3 more rows lack something: --format csv has the cells and seeds of each mean\n") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(each_value_has_its_own_holes) {
  Additive sweep;
  for (const char* layers : {"1", "2"})
    for (const char* mix : {"a", "b"}) sweep.add({{"layers", layers}, {"mix", mix}});
  for (RunRecord& run : sweep.runs)
    if (run.cell != 1) run.values["caption"] = run.values["vqa"];
  const Pivot pivot = make_pivot(sweep.runs, kThreeAxes, {"layers"}, {"vqa", "caption"});
  BOOST_TEST(pivot.means[0].selection.settings.size() == 2u);
  BOOST_TEST(pivot.means[1].selection.settings.size() == 1u);
  const std::string text = render(
      wide_table(pivot, {.rows = {"layers"}, .columns = {}, .values = {"vqa", "caption"}}), Format::text);
  BOOST_TEST(
      text.ends_with("vqa: averaged, within each seed, over mix (2 levels)\n"
                     "caption: averaged, within each seed, over what all rows have: mix = a\n"
                     "caption: left out: mix = b (layers = 1: no value)\n"));
}

BOOST_AUTO_TEST_CASE(programs_are_told_the_cells_and_seeds_of_each_mean) {
  Additive sweep = one_at_a_time();
  sweep.fail(1, 1);
  const PivotLayout layout{.rows = {"layers"}, .columns = {}, .values = {"vqa"}};
  const std::string text = render(tidy_table(sweep.pivot({"layers"}), layout), Format::json);
  // (0.5 + 0.54) / 2; of the three cells with two layers, two are left out.
  BOOST_TEST(text.find("\"vqa_mean\": 0.52,") != std::string::npos);
  BOOST_TEST(
      text.find(
          "\"vqa_missing\": 1, \"vqa_examples\": null, \"vqa_examples_se\": null, \"vqa_over\": \"common\", "
          "\"vqa_cells\": \"0\", \"vqa_seeds\": \"0 2\", \"vqa_left_out\": 2}") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
