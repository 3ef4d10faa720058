// Ablations as papers print them, of sweeps that were imported.
#include "views/component_table.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <ctime>

#include "program/import_table.hpp"
#include "report/wrap.hpp"
#include "scratch.hpp"
#include "store/imports.hpp"
#include "util/json.hpp"
#include "util/text.hpp"

BOOST_AUTO_TEST_SUITE(component_tables)

using namespace ablate;
namespace tt = boost::test_tools;

namespace {

struct Imported : Scratch {
  explicit Imported(const std::string& csv, const ImportRequest& request = {}) {
    const ImportReading reading = read_import(write("mine.csv", csv), "mine", request);
    save_import(database, reading.sweep, 1000, false);
    sweep = get_sweep(database, "mine");
  }
  std::string show(const ComponentQuery& query = {}, Format format = Format::text) {
    return render(component_table(database, sweep, query), format);
  }
  Json rows(ComponentQuery query = {}) {
    query.tidy = true;
    return Json::parse(show(query, Format::json));
  }

  Database database{path / "results" / "ablate.db", Database::Mode::read_write};
  SweepRecord sweep;
};

/// Each cell changes one axis of the second one. Differences over seeds: 0.10, 0.11, 0.12 of the first;
/// 0, 0.01, 0.02 with more tokens; 0.02, 0.03 under two seeds where the encoder is frozen.
constexpr const char* kOneAtATime =
    "kind,tokens,freeze,seed,vqa\n"
    "c-abstractor,64,false,1,0.60\nc-abstractor,64,false,2,0.63\nc-abstractor,64,false,3,0.66\n"
    "mlp,64,false,1,0.50\nmlp,64,false,2,0.52\nmlp,64,false,3,0.54\n"
    "mlp,144,false,1,0.50\nmlp,144,false,2,0.53\nmlp,144,false,3,0.56\n"
    "mlp,64,true,1,0.52\nmlp,64,true,2,0.55\nmlp,64,true,3,\n";

}  // namespace

BOOST_AUTO_TEST_CASE(the_baseline_of_a_one_at_a_time_design_comes_first) {
  Imported sweep(kOneAtATime);
  BOOST_TEST(sweep.show() ==
             "kind          tokens  freeze                       vqa           vqa vs baseline\n"
             "------------  ------  ------  ------------------------  ------------------------\n"
             "mlp           64                         0.520 ± 0.020                  baseline\n"
             "c-abstractor  ·                         *0.630 ± 0.030            +0.110 ± 0.025\n"
             "·             144                        0.530 ± 0.030            +0.010 ± 0.025\n"
             "·             ·       ✓          0.535 ± 0.021 (2/3, 1  +0.025 ± 0.064 (2 seeds)\n"
             "                                               failed)\n"
             "\n"
             "mean ± standard deviation over 3 seeds\n"
             "(2/3): 2 of 3 seeds are in the mean; --over common: those that all rows have\n"
             "vs baseline: difference to the first row over the seeds that both have (t over\n"
             "  seeds), ± half of the 95 % interval, not corrected for how many there are\n"
             "bold, in text *: the best of its column, and better than the baseline at 5 %\n"
             "  after Holm's correction over the differences of its column (at most 3)\n"
             "·: as in the baseline; without ✓: freeze = false\n");
}

BOOST_AUTO_TEST_CASE(differences_are_paired_by_seed_and_in_full_precision_for_programs) {
  Imported sweep(kOneAtATime);
  const Json rows = sweep.rows();
  BOOST_TEST_REQUIRE(rows.size() == 4u);
  BOOST_TEST(rows[0]["baseline"] == 1);
  BOOST_TEST(rows[0]["kind"] == "mlp");
  BOOST_TEST(rows[0]["freeze"] == 0);
  BOOST_TEST(rows[0]["vqa_difference"].is_null());
  // t with 2 degrees of freedom: 4.302652730; p of t = 0.11 / (0.01 / sqrt 3) from its closed form,
  // 1 - t / sqrt(t^2 + 2).
  const Json& kind = rows[1];
  BOOST_TEST(kind["kind"] == "c-abstractor");
  BOOST_TEST(kind["tokens"] == "64");
  BOOST_TEST(kind["vqa_mean"].get<double>() == 0.63, tt::tolerance(1e-12));
  BOOST_TEST(kind["vqa_difference"].get<double>() == 0.11, tt::tolerance(1e-12));
  const double se = 0.01 / std::sqrt(3.0), t = 0.11 / se;
  BOOST_TEST(kind["vqa_high"].get<double>() == 0.11 + 4.302652730 * se, tt::tolerance(1e-8));
  BOOST_TEST(kind["vqa_p"].get<double>() == 1 - t / std::sqrt(t * t + 2), tt::tolerance(1e-8));
  BOOST_TEST(kind["vqa_pairs"] == 3);
  const Json& freeze = rows[3];
  BOOST_TEST(freeze["freeze"] == 1);
  BOOST_TEST(freeze["vqa_pairs"] == 2);
  BOOST_TEST(freeze["vqa_difference"].get<double>() == 0.025, tt::tolerance(1e-12));
  BOOST_TEST(freeze["vqa_low"].get<double>() == 0.025 - 12.706204736 * 0.005, tt::tolerance(1e-8));
  BOOST_TEST(freeze["vqa_missing"] == 1);
}

BOOST_AUTO_TEST_CASE(only_what_beats_the_baseline_is_bold) {
  Imported sweep(kOneAtATime);
  const std::string markdown = sweep.show({}, Format::markdown);
  BOOST_TEST(markdown.find("**0.630 ± 0.030**") != std::string::npos, markdown);
  const std::string latex = sweep.show({}, Format::latex);
  BOOST_TEST(latex.starts_with("% \\checkmark needs \\usepackage{amssymb}\n\\begin{tabular}{lllrr}\n"),
             latex);
  BOOST_TEST(
      latex.find(
          "c-abstractor & $\\cdot$ &  & {\\boldmath$0.630 \\pm 0.030$} & $+0.110 \\pm 0.025$ \\\\\n") !=
          std::string::npos,
      latex);
  BOOST_TEST(latex.find("$\\cdot$ & $\\cdot$ & \\checkmark{} &") != std::string::npos, latex);
  // Against the best cell nothing is better, and of a loss less is.
  const std::string best = sweep.show({.baseline = "kind=c-abstractor"}, Format::markdown);
  BOOST_TEST(best.find("**") == std::string::npos, best);
  BOOST_TEST(best.find("nothing is bold") != std::string::npos);
  Imported loss(kOneAtATime, {.axes = {}, .scores = {}, .lower_is_better = {"vqa"}});
  BOOST_TEST(loss.show({}, Format::markdown).find("**") == std::string::npos);
  BOOST_TEST(loss.show({.baseline = "0"}, Format::markdown).find("**0.520 ± 0.020**") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_axis_with_a_level_that_says_absence_is_a_check_mark) {
  Imported sweep(
      "ema,loss,size,seed,vqa\nno,none,4,1,0.1\nno,none,4,2,0.2\nyes,clip,4,1,0.3\nyes,clip,4,2,0.5\n"
      "yes,none,8,1,0.5\nyes,none,8,2,0.7\n",
      {.axes = {"ema", "loss", "size"}, .scores = {"vqa"}});
  const Table table = component_table(sweep.database, sweep.sweep, {});
  BOOST_TEST(table.columns[0].name == "ema");
  BOOST_TEST(table.columns[1].name == "loss = clip");
  BOOST_TEST(table.columns[2].name == "size");
  BOOST_TEST(table.rows[0][0].text == "");
  BOOST_TEST(table.rows[1][0].text == "✓");
  BOOST_TEST(table.rows[1][1].text == "✓");
  BOOST_TEST(table.rows[2][1].text == "");
  BOOST_TEST(sweep.show().find("without ✓: ema = no, loss = none") != std::string::npos, sweep.show());
  Imported numbers("share,ema,seed,vqa\n0,0,1,0.1\n0.3,0,1,0.2\n0.3,1,1,0.3\n",
                   {.axes = {"share", "ema"}, .scores = {"vqa"}});
  const Table of_numbers = component_table(numbers.database, numbers.sweep, {});
  BOOST_TEST(of_numbers.columns[0].name == "share = 0.3");
  BOOST_TEST(of_numbers.columns[1].name == "ema");
  // Two things that are absent, and three levels, are words.
  Imported words("a,b,seed,vqa\nno,none,1,0.1\nnone,clip,1,0.2\nno,siglip,1,0.3\nnone,none,1,0.5\n",
                 {.axes = {"a", "b"}, .scores = {"vqa"}});
  const Table shown = component_table(words.database, words.sweep, {});
  BOOST_TEST(shown.rows[0][0].text == "no");
  BOOST_TEST(shown.rows[0][1].text == "none");
  BOOST_TEST(words.show().find("no interval: one run each, or nothing varies") != std::string::npos);
  BOOST_TEST(words.show().find("bold") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(runs_of_their_own_seeds_are_not_paired) {
  Imported sweep("kind,vqa\na,1\na,2\na,3\na,6\nb,5\nb,9\nb,8\n",
                 {.axes = {"kind"}, .scores = {"vqa"}, .lower_is_better = {}, .seed = "none"});
  const Json rows = sweep.rows();
  BOOST_TEST(rows[1]["vqa_difference"].get<double>() == 13.0 / 3, tt::tolerance(1e-12));
  BOOST_TEST(rows[1]["vqa_pairs"].is_null());
  BOOST_TEST(sweep.show().find("Welch's t") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(rows_can_be_sorted_after_the_baseline_and_over_common_seeds) {
  Imported sweep(kOneAtATime);
  const Json rows = sweep.rows({.sort_by = "vqa"});
  BOOST_TEST(rows[0]["baseline"] == 1);
  BOOST_TEST(rows[1]["tokens"] == "144");
  BOOST_TEST(rows[3]["kind"] == "c-abstractor");
  const Json common = sweep.rows({.over = Over::common});
  BOOST_TEST(common[1]["vqa_pairs"] == 2);
  BOOST_TEST(common[1]["vqa_mean"].get<double>() == 0.615, tt::tolerance(1e-12));
  const auto refusal = [&](const ComponentQuery& query) {
    try {
      component_table(sweep.database, sweep.sweep, query);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  BOOST_TEST(refusal({.sort_by = "vqq"}) ==
             "--sort is 'vqq', which is no column of this table; did you mean 'vqa'?");
  BOOST_TEST(refusal({.baseline = "9"}) == "sweep 'mine' has no cell 9; expected 0 to 3");
  BOOST_TEST(refusal({.values = {"vqq"}}) == "sweep 'mine' has no value 'vqq'; did you mean 'vqa'?");
}

BOOST_AUTO_TEST_CASE(many_axes_and_scores_fit_a_page) {
  std::string csv =
      "encoder.loss,connector.kind,connector.tokens,train.vlm.freeze,seed,caption,vqa,doctext\n";
  for (const char* cell :
       {"clip,average-pool,64,false", "siglip,average-pool,64,false", "clip,c-abstractor,64,false",
        "clip,average-pool,144,false", "clip,average-pool,64,true"})
    for (int seed = 0; seed < 3; ++seed)
      csv += fmt::format("{},{},0.{}1,0.{}25,0.{}75\n", cell, seed, seed + 1, seed + 2, 3 * seed);
  Imported sweep(csv, {.axes = {}, .scores = {"caption", "vqa", "doctext"}});
  const std::string text = sweep.show();
  for (const std::string& line : split(text, '\n')) BOOST_TEST(display_width(line) <= kPageWidth, line);
}

BOOST_AUTO_TEST_CASE(a_thousand_cells_are_shown_at_once) {
  std::string csv = "width,depth,seed,vqa\n";
  for (int width = 0; width < 50; ++width)
    for (int depth = 0; depth < 20; ++depth)
      for (int seed = 0; seed < 3; ++seed)
        csv += fmt::format("{},{},{},{}\n", width, depth, seed,
                           0.001 * width + 0.01 * depth + 0.0007 * seed * (depth % 3));
  Imported sweep(csv, {.axes = {"width", "depth"}, .scores = {"vqa"}, .lower_is_better = {}, .seed = "seed"});
  const std::clock_t begin = std::clock();  // Of this process: other programs may keep the processor busy.
  BOOST_TEST(component_table(sweep.database, sweep.sweep, {}).rows.size() == 1000u);
  BOOST_TEST(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC < 1);
}

BOOST_AUTO_TEST_SUITE_END()
