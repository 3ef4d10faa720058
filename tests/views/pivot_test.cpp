#include "stats/pivot.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <map>

#include "util/error.hpp"
#include "views/pivot_fixture.hpp"

BOOST_AUTO_TEST_SUITE(pivots)

using namespace ablate;
using namespace pivot_fixture;

BOOST_AUTO_TEST_CASE(rows_go_in_the_order_of_the_levels) {
  BOOST_TEST(show(full_grid(), {.rows = {"kind", "tokens"}, .columns = {}, .values = {"vqa"}}) ==
             "kind          tokens            vqa\n"
             "------------  ------  -------------\n"
             "mlp           64      0.110 ± 0.010\n"
             "mlp           144     0.210 ± 0.010\n"
             "c-abstractor  64      0.310 ± 0.010\n"
             "c-abstractor  144     0.410 ± 0.010\n"
             "\n"
             "mean ± standard deviation over 3 seeds\n");
}

BOOST_AUTO_TEST_CASE(axes_make_columns) {
  BOOST_TEST(show(full_grid(),
                  {.rows = {"kind"}, .columns = {"tokens"}, .values = {"vqa"}, .spread = Spread::ci95}) ==
             "kind                     64            144\n"
             "------------  -------------  -------------\n"
             "mlp           0.110 ± 0.025  0.210 ± 0.025\n"
             "c-abstractor  0.310 ± 0.025  0.410 ± 0.025\n"
             "\n"
             "vqa; columns: tokens\n"
             "mean ± half of the 95 % confidence interval (Student's t) over 3 seeds\n");
}

BOOST_AUTO_TEST_CASE(other_axes_are_averaged_within_each_seed_and_a_note_says_so) {
  BOOST_TEST(
      show(full_grid(), {.rows = {"kind"}, .columns = {}, .values = {"vqa"}, .spread = Spread::range}) ==
      "kind                           vqa\n"
      "------------  --------------------\n"
      "mlp           0.160 [0.150, 0.170]\n"
      "c-abstractor  0.360 [0.350, 0.370]\n"
      "\n"
      "mean [smallest, largest] over 3 seeds\n"
      "averaged, within each seed, over tokens (2 levels)\n");
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_marked) {
  std::vector<RunRecord> runs = full_grid();
  runs[0] = run("c-abstractor", "144", 0, 0, JobState::failed);  // One of three failed.
  for (const std::size_t i : {1, 5, 9}) runs[i] = run("c-abstractor", "64", i / 4, 0, JobState::failed);
  runs[2] = run("mlp", "64", 0, 0, JobState::running);
  for (const std::size_t i : {3, 7, 11}) runs[i] = run("mlp", "144", i / 4, 0, JobState::waiting);
  BOOST_TEST(show(runs, {.rows = {"kind", "tokens"}, .columns = {}, .values = {"vqa"}}) ==
             "kind          tokens                               vqa\n"
             "------------  ------  --------------------------------\n"
             "mlp           64      0.1150 ± 0.0071 (2/3, 1 running)\n"
             "mlp           144                          waiting 3/3\n"
             "c-abstractor  64                            failed 3/3\n"
             "c-abstractor  144      0.4150 ± 0.0071 (2/3, 1 failed)\n"
             "\n"
             "mean ± standard deviation over 2 of 3 seeds\n"
             "(2/3): 2 of 3 seeds are in the mean; --over common: those that all rows have\n");
}

BOOST_AUTO_TEST_CASE(the_count_that_a_note_explains_stands_in_the_table) {
  const std::vector<RunRecord> runs = {run("mlp", "64", 0, 0.25), run("mlp", "64", 1, 0, JobState::failed)};
  BOOST_TEST(show(runs, {.rows = {"kind"}, .columns = {}, .values = {"vqa"}}) ==
             "kind                     vqa\n"
             "----  ----------------------\n"
             "mlp   0.2500 (1/2, 1 failed)\n"
             "\n"
             "mean over 1 of 2 seeds: no spread is known\n"
             "(1/2): 1 of 2 seeds is in the mean; --over common: those that all rows have\n");
}

BOOST_AUTO_TEST_CASE(a_seed_that_lost_a_cell_is_not_averaged_without_it) {
  std::vector<RunRecord> runs = full_grid();
  runs[2] = run("mlp", "64", 0, 0, JobState::failed);
  const Pivot pivot = make_pivot(runs, kAxes, {"kind"}, {"vqa"});
  const PivotCell& cell = pivot.groups[0].values[0];
  BOOST_TEST(cell.summary.n == 2u);
  BOOST_TEST(cell.failed == 1);
  BOOST_TEST(cell.summary.mean == 0.165, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_stay_out_of_the_mean) {
  std::vector<RunRecord> runs = full_grid();
  for (RunRecord& record : runs)
    if (record.seed == 1) record.values["vqa"] = std::numeric_limits<double>::quiet_NaN();
  const Pivot pivot = make_pivot(runs, kAxes, {"kind", "tokens"}, {"vqa"});
  BOOST_TEST(pivot.groups[0].values[0].not_finite == 1);
  BOOST_TEST(pivot.groups[0].values[0].summary.mean == 0.11, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(a_value_counts_whatever_the_other_jobs_of_its_run_do) {
  RunRecord record = run("mlp", "64", 0, 0, JobState::failed);  // Of another value's job.
  record.values["vlm/loss"] = 9;
  record.states = {{"vlm/loss", JobState::finished}, {"vqa", JobState::running}};
  const Pivot pivot = make_pivot({record}, kAxes, {"kind"}, {"vlm/loss", "vqa"});
  BOOST_TEST(pivot.groups[0].values[0].summary.n == 1u);
  BOOST_TEST(pivot.groups[0].values[0].failed == 0);
  BOOST_TEST(pivot.groups[0].values[1].summary.n == 0u);
  BOOST_TEST(pivot.groups[0].values[1].running == 1);
  BOOST_TEST(pivot.groups[0].values[1].failed == 0);
  BOOST_TEST(is_metric("vlm/loss"));
  BOOST_TEST(!is_metric("fewshot/4"));
}

BOOST_AUTO_TEST_CASE(included_cells_stand_alone) {
  std::vector<RunRecord> runs = full_grid();
  RunRecord extra = run("mlp", "64", 0, 0.5);
  extra.label = "baseline of MM1";
  extra.levels.clear();
  runs.push_back(extra);
  BOOST_TEST(show(runs, {.rows = {"kind"}, .columns = {}, .values = {"vqa"}, .spread = Spread::none}) ==
             "cell             kind                         vqa\n"
             "---------------  ------------  ------------------\n"
             "                 mlp                       0.1600\n"
             "                 c-abstractor              0.3600\n"
             "baseline of MM1  -             0.5000 (own cells)\n"
             "\n"
             "mean over 1 to 3 seeds\n"
             "averaged, within each seed, over tokens (2 levels)\n"
             "(own cells): an [[include]] cell, which stands alone beside averages\n");
}

// As sweeps that were planned by earlier versions may have them.
BOOST_AUTO_TEST_CASE(included_cells_of_one_label_are_rows_of_their_own) {
  std::vector<RunRecord> runs = {run("mlp", "64", 0, 0.25), run("mlp", "144", 0, 0.5)};
  for (RunRecord& record : runs) record.label = "extra";
  const std::string text =
      show(runs, {.rows = {"kind"}, .columns = {}, .values = {"vqa"}, .spread = Spread::none}, Format::csv);
  BOOST_TEST(text.find("extra,mlp,finished,0.25,") != std::string::npos);
  BOOST_TEST(text.find("extra,mlp,finished,0.5,") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_change_keeps_its_name_beside_included_cells_that_are_called_like_it) {
  std::vector<RunRecord> runs = {run("mlp", "64", 0, 0.1), run("c-abstractor", "64", 0, 0.2),
                                 run("mlp", "144", 0, 0.3)};
  runs[1].cell = 1;
  runs[2].cell = 2;
  for (const char* label : {"(baseline)", "tokens = 144", "tokens = 144"}) {
    RunRecord extra = run("mlp", "64", 0, 0.4);
    extra.cell = static_cast<std::int64_t>(runs.size());
    extra.label = label;
    runs.push_back(extra);
  }
  std::vector<PlanAxis> axes = kAxes;
  name_changes(runs, axes);
  BOOST_TEST(
      axes.at(0).levels ==
          (std::vector<std::string>{"(baseline)", "kind = c-abstractor", "tokens = 144",
                                    "(baseline) (cell 3)", "tokens = 144 (cell 4)", "tokens = 144 (cell 5)"}),
      boost::test_tools::per_element());
  BOOST_TEST(make_pivot(runs, axes, {kChangeAxis}, {"vqa"}).groups.size() == 6u);
}

BOOST_AUTO_TEST_CASE(no_run_vanishes_behind_another) {
  const RunRecord first = run("mlp", "64", 0, 0.25), second = run("mlp", "64", 0, 0.5);
  RowRuns row;
  const Setting setting = {AxisLevel{0, "64"}};
  row.add(setting, first);
  BOOST_CHECK_THROW(row.add(setting, second), Error);
}

BOOST_AUTO_TEST_CASE(a_level_called_dash_is_a_level) {
  const std::vector<PlanAxis> axes = {{"kind", {"mlp", "c-abstractor"}}, {"tokens", {"-", "64"}}};
  std::vector<RunRecord> runs = {run("mlp", "64", 0, 0.25), run("c-abstractor", "64", 0, 0.5),
                                 run("mlp", "144", 0, 0.75), run("c-abstractor", "144", 0, 0.75)};
  for (RunRecord& record : runs) {
    AxisLevel& tokens = record.levels.at("tokens");
    tokens.label = axes[1].levels.at(tokens.index);
  }
  const Pivot by_kind = make_pivot(runs, axes, {"kind"}, {"vqa"});
  BOOST_CHECK(by_kind.groups.at(0).values[0].over == Over::common);
  BOOST_TEST(by_kind.groups[0].values[0].summary.mean == 0.5);
  BOOST_TEST(by_kind.groups[1].values[0].summary.mean == 0.625);
  // Beside a cell to which the axis does not apply.
  RunRecord without = run("mlp", "64", 0, 0.125);
  without.cell = 4;
  without.levels.erase("tokens");
  runs.push_back(without);
  BOOST_TEST(make_pivot(runs, axes, {"kind", "tokens"}, {"vqa"}).groups.size() == 5u);
}

BOOST_AUTO_TEST_CASE(rows_can_be_sorted_by_a_value) {
  const std::string text =
      show(full_grid(),
           {.rows = {"kind"}, .columns = {"tokens"}, .values = {"vqa"}, .sort_value = 0, .descending = true});
  BOOST_TEST(text.find("c-abstractor") < text.find("mlp"));
  BOOST_TEST(text.find(" 64 ") < text.find(" 144"));
}

BOOST_AUTO_TEST_CASE(csv_has_one_column_for_each_number) {
  std::vector<RunRecord> runs = full_grid();
  runs[2] = run("mlp", "64", 0, 0, JobState::failed);
  const std::string text =
      show(runs, {.rows = {"kind"}, .columns = {"tokens"}, .values = {"vqa"}}, Format::csv);
  BOOST_TEST(
      text.starts_with("kind,tokens,state,vqa_mean,vqa_sd,vqa_n,vqa_missing,vqa_examples,vqa_examples_se,"
                       "vqa_over,vqa_cells,vqa_seeds,vqa_left_out\nmlp,64,failed,0.115"));
  BOOST_TEST(text.find(",2,1,,,own,0,1 2,0\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(decimals_show_two_digits_of_the_spread) {
  const auto with = [](double mean, double sd) {
    PivotCell cell;
    cell.summary = {.n = 3, .mean = mean, .sd = sd, .min = mean - sd, .max = mean + sd};
    return std::vector<PivotCell>{cell};
  };
  BOOST_TEST(decimals_for(with(0.8, 0.013), Spread::sd) == 3);
  BOOST_TEST(decimals_for(with(812, 13), Spread::sd) == 0);
  BOOST_TEST(decimals_for(with(0.8, 0), Spread::sd) == 4);
  BOOST_TEST(decimals_for(with(2.5e-5, 1e-6), Spread::sd) == -1);
  BOOST_TEST(measured_text(with(2.5e-5, 1e-6)[0], Spread::sd, -1) == "2.5e-05 ± 1e-06");
  // Beside larger spreads: one that is no 0 is never shown as one.
  BOOST_TEST(measured_text(with(86.1, 10.2)[0], Spread::sd, 1) == "86.1 ± 10.2");
  BOOST_TEST(measured_text(with(1.9153, 0.06)[0], Spread::sd, 1) == "1.9 ± 0.1");
  BOOST_TEST(measured_text(with(1.9153, 0.014)[0], Spread::sd, 1) == "1.915 ± 0.014");
  BOOST_TEST(measured_text(with(1.9153, 0.014)[0], Spread::range, 1) == "1.915 [1.901, 1.929]");
  BOOST_TEST(measured_text(with(1.9153, 0)[0], Spread::sd, 1) == "1.9");
}

BOOST_AUTO_TEST_CASE(cells_that_change_one_axis_are_named_by_it) {
  std::vector<PlanAxis> axes = {
      {"encoder", {"clip", "none"}}, {"tokens", {"64", "144"}}, {"mix", {"a", "b"}}};
  const auto made = [&](std::int64_t cell, const std::map<std::string, std::string>& levels,
                        const char* label = "") {
    RunRecord record;
    record.cell = cell;
    record.levels = levels_of(axes, levels);
    record.label = label;
    record.state = JobState::finished;
    record.values["vqa"] = static_cast<double>(cell);
    return record;
  };
  std::vector<RunRecord> runs = {
      made(3, {{"encoder", "clip"}, {"tokens", "64"}, {"mix", "b"}}),
      made(1, {{"encoder", "none"}, {"tokens", "64"}, {"mix", "a"}}),
      made(0, {{"encoder", "clip"}, {"tokens", "64"}, {"mix", "a"}}),
      made(2, {{"encoder", "clip"}, {"tokens", "144"}, {"mix", "a"}}),
      made(4, {{"encoder", "clip"}, {"tokens", "144"}, {"mix", "b"}}, "untrained")};
  BOOST_TEST(changes_one_at_a_time(runs, axes));
  std::vector<RunRecord> grid = runs;
  grid.back().label = "";
  BOOST_TEST(!changes_one_at_a_time(grid, axes));
  std::vector<RunRecord> without = runs;
  without[1].levels.erase("tokens");  // A `when` does not hold: nobody can say how many there are.
  BOOST_TEST(!changes_one_at_a_time(without, axes));
  without = runs;
  without[2].levels.erase("mix");
  BOOST_TEST(!changes_one_at_a_time(without, axes));
  BOOST_TEST(!changes_one_at_a_time(full_grid(), kAxes));
  BOOST_TEST(!changes_one_at_a_time({}, axes));
  name_changes(runs, axes);
  const Pivot pivot = make_pivot(runs, axes, {kChangeAxis}, {"vqa"});
  BOOST_TEST(!pivot.has_labels);
  BOOST_TEST(pivot.averaged.empty());
  std::vector<std::string> rows;
  for (const PivotGroup& group : pivot.groups) rows.push_back(level_text(group.levels.at(0)));
  const std::vector<std::string> expected = {"(baseline)", "encoder = none", "tokens = 144", "mix = b",
                                             "untrained"};
  BOOST_TEST(rows == expected, boost::test_tools::per_element());
}

namespace {

/// A score of `n` examples that are right or wrong, under each of the seeds.
std::vector<RunRecord> answers(const std::vector<double>& scores, std::int64_t n) {
  std::vector<RunRecord> runs;
  for (const double score : scores) {
    runs.push_back(run("mlp", "64", runs.size(), score));
    runs.back().examples["vqa"] = {n, std::sqrt(score * (1 - score) / static_cast<double>(n - 1))};
  }
  return runs;
}

}  // namespace

BOOST_AUTO_TEST_CASE(where_seeds_show_no_spread_the_examples_do) {
  const PivotLayout layout{.rows = {"kind"}, .columns = {}, .values = {"vqa"}};
  BOOST_TEST(show(answers({0.8, 0.8, 0.8}, 40), layout) ==
             "kind            vqa\n"
             "----  -------------\n"
             "mlp   0.800 ± 0.064\n"
             "\n"
             "mean over 3 seeds, which show no spread\n"
             "±: standard error over the 40 examples\n"
             "examples are the same under every seed: their error does not shrink with seeds\n");
  BOOST_TEST(show(answers({0.8}, 40), layout)
                 .ends_with("0.800 ± 0.064\n\none seed; ±: standard error over the 40 examples\n"));
  const std::string csv = show(answers({0.8, 0.8, 0.8}, 40), layout, Format::csv);
  BOOST_TEST(csv.find(",0,3,0,40,0.0640") != std::string::npos);  // sd, n, missing, examples, their error
}

BOOST_AUTO_TEST_CASE(what_rounding_leaves_of_equal_scores_is_no_spread) {
  const PivotLayout layout{.rows = {"kind"}, .columns = {}, .values = {"vqa"}};
  for (const double rounded : {1 + 1e-12, 1 - 9e-10})
    BOOST_TEST(show(answers({0.8, 0.8 * rounded, 0.8}, 40), layout) ==
               show(answers({0.8, 0.8, 0.8}, 40), layout));
  BOOST_TEST(show(answers({0.8, 0.8 * (1 + 1.1e-9), 0.8}, 40), layout)
                 .ends_with("\nmean ± standard deviation over 3 seeds\n"));
}

BOOST_AUTO_TEST_CASE(spreads_of_seeds_and_of_examples_are_told_apart) {
  std::vector<RunRecord> runs = answers({0.8, 0.8}, 40);
  for (const RunRecord& other : answers({0.5, 0.6}, 40)) {
    runs.push_back(other);
    runs.back().levels["kind"] = {1, "c-abstractor"};
    runs.back().cell = 2;
  }
  const PivotLayout layout{.rows = {"kind"}, .columns = {}, .values = {"vqa"}};
  BOOST_TEST(show(runs, layout) ==
             "kind                         vqa\n"
             "------------  ------------------\n"
             "mlp           0.800 ± 0.064 (ex)\n"
             "c-abstractor       0.550 ± 0.071\n"
             "\n"
             "mean ± standard deviation over 2 seeds\n"
             "(ex): seeds show no spread; ±: standard error over the 40 examples\n"
             "examples are the same under every seed: their error does not shrink with seeds\n");
  BOOST_TEST(show(runs, layout, Format::latex).find("$0.800 \\pm 0.064$ (ex)") != std::string::npos);
  BOOST_TEST(show(runs, layout, Format::markdown).find("0.800 ± 0.064 (ex) |") != std::string::npos);
}

namespace {

/// The last note of a table of runs of mlp and c-abstractor with 64 and 144 tokens, in this order, that have
/// so many examples, under the settings of the same place.
std::string n_note(const std::vector<std::int64_t>& n, const std::vector<std::size_t>& settings,
                   PivotLayout layout) {
  std::vector<RunRecord> runs = {run("mlp", "64", 0, 0.8), run("mlp", "144", 0, 0.8),
                                 run("c-abstractor", "64", 0, 0.8), run("c-abstractor", "144", 0, 0.8)};
  for (std::size_t i = 0; i < runs.size(); ++i)
    runs[i].examples["vqa"] = {.n = n[i], .standard_error = 0.08, .settings = settings[i]};
  layout.values = {"vqa"};
  std::vector<std::string> by = layout.rows;
  by.insert(by.end(), layout.columns.begin(), layout.columns.end());
  return wide_table(make_pivot(runs, kAxes, by, layout.values), layout).notes.back();
}

}  // namespace

BOOST_AUTO_TEST_CASE(that_n_differs_is_said_of_what_it_differs_between) {
  const PivotLayout each{.rows = {"kind", "tokens"}}, kinds{.rows = {"kind"}},
      columns{.rows = {"kind"}, .columns = {"tokens"}};
  const std::vector<std::size_t> alike = {0, 0, 0, 0}, by_tokens = {0, 1, 0, 1};
  const std::string left_out =
      ", so they were not asked the same questions: those that do not fit or lack examples are left out";
  const std::string other = ", as they are evaluated with other settings or data";
  BOOST_TEST(n_note({12, 5, 12, 5}, alike, each) == "n differs between rows, 5 to 12 examples" + left_out);
  BOOST_TEST(n_note({12, 5, 12, 5}, by_tokens, each) == "n differs between rows, 5 to 12 examples" + other);
  BOOST_TEST(n_note({12, 5, 12, 4}, by_tokens, each) ==
             "n differs between rows, 4 to 12 examples" + left_out);
  for (const auto& settings : {alike, by_tokens})
    BOOST_TEST(n_note({12, 5, 12, 5}, settings, kinds) ==
               "n differs within each mean, 5 to 12 examples, and in the same way in all rows");
  // The same range, yet other questions under each number of tokens.
  BOOST_TEST(n_note({12, 5, 5, 12}, alike, kinds) == "n differs between rows, 5 to 12 examples" + left_out);
  BOOST_TEST(n_note({12, 5, 12, 5}, alike, columns) ==
             "n differs between columns, 5 to 12 examples" + left_out);
  BOOST_TEST(n_note({12, 5, 12, 5}, by_tokens, columns) ==
             "n differs between columns, 5 to 12 examples" + other);
  BOOST_TEST(n_note({12, 5, 12, 4}, by_tokens, columns) ==
             "n differs between rows, 4 to 5 examples" + left_out);
  BOOST_TEST(n_note({12, 12, 12, 12}, by_tokens, each).find("n differs") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(examples_of_a_mean_are_counted_from_the_fewest_to_the_most) {
  std::vector<RunRecord> runs = {run("mlp", "64", 0, 0.75), run("mlp", "144", 0, 0.25)};
  for (RunRecord& record : runs) {
    record.examples["vqa"] = {record.cell == 0 ? 12 : 5, 0.25};
    record.values["cider"] = record.values["vqa"];
    record.examples["cider"] = record.examples["vqa"];
  }
  const PivotLayout layout{.rows = {"kind"}, .columns = {}, .values = {"vqa", "cider"}};
  BOOST_TEST(show(runs, layout) ==
             "kind          vqa        cider\n"
             "----  -----------  -----------\n"
             "mlp   0.50 ± 0.25  0.50 ± 0.25\n"
             "\n"
             "one seed; ±: standard error over the 5 to 12 examples\n"
             "averaged, within each seed, over tokens (2 levels)\n"
             "n differs within each mean, 5 to 12 examples, and in the same way in all rows\n");
  // A note that is of some values names them.
  runs[1].examples["cider"] = {12, 0.25};
  BOOST_TEST(
      show(runs, layout)
          .ends_with(
              "\nvqa: n differs within each mean, 5 to 12 examples, and in the same way in all\n  rows\n"));
}

BOOST_AUTO_TEST_CASE(that_scores_beside_one_another_are_over_different_numbers_of_examples_is_said) {
  std::vector<RunRecord> runs = {run("mlp", "64", 0, 0.75), run("c-abstractor", "64", 0, 0.5)};
  const auto set = [&](const std::string& name, std::int64_t first, std::int64_t second) {
    for (RunRecord& record : runs) {
      record.values[name] = 0.5;
      record.examples[name] = {.n = record.cell == 0 ? first : second};
    }
  };
  PivotLayout layout{
      .rows = {"kind"}, .columns = {}, .values = {"vqa/0-shot", "vqa/2-shot", "vqa-chance/0-shot"}};
  set("vqa/0-shot", 7, 7);
  set("vqa-chance/0-shot", 7, 7);
  set("vqa/2-shot", 1, 1);
  const auto has_note = [&](const std::string& note) {
    const Pivot pivot = make_pivot(runs, kAxes, layout.rows, layout.values);
    const std::vector<std::string> notes = wide_table(pivot, layout).notes;
    return std::count(notes.begin(), notes.end(), note) == 1;
  };
  const std::string differs = "n differs between scores, so they are not over the same examples: ";
  BOOST_TEST(has_note(differs + "vqa/0-shot, vqa-chance/0-shot over 7; vqa/2-shot over 1"));
  set("vqa/2-shot", 1, 1234);
  BOOST_TEST(has_note(differs + "vqa/0-shot, vqa-chance/0-shot over 7; vqa/2-shot over 1 to 1,234"));
  set("vqa/2-shot", 7, 7);
  layout.values.push_back("vlm/loss");  // A metric is over no examples.
  for (RunRecord& record : runs) record.values["vlm/loss"] = 2;
  const Pivot alike = make_pivot(runs, kAxes, layout.rows, layout.values);
  for (const std::string& note : wide_table(alike, layout).notes)
    BOOST_TEST(note.find("n differs") == std::string::npos, note);
}

BOOST_AUTO_TEST_CASE(a_spread_that_is_not_known_is_not_shown_as_0) {
  const PivotLayout layout{.rows = {"kind"}, .columns = {}, .values = {"vqa"}};
  std::vector<RunRecord> single = answers({0.8}, 40);
  single[0].examples["vqa"] = {1};
  BOOST_TEST(show(single, layout).ends_with("mlp   0.8000\n\none seed: no spread\n"));
  BOOST_TEST(show(answers({0, 0}, 40), layout)
                 .ends_with("mlp   0.000\n\nmean over 2 seeds, which show no spread\n"));
  // One of several without its error: the error of the mean is not known.
  std::vector<RunRecord> partly = answers({0.8, 0.8}, 40);
  partly[1].examples.clear();
  BOOST_TEST(show(partly, layout).find("±") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
