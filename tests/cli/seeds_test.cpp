// `ablate run --seeds +K --cells CELLS`, end to end, and what results say of cells that were chosen as the
// best.
#include <boost/test/unit_test.hpp>

#include "cli/program.hpp"
#include "report/wrap.hpp"
#include "store/query.hpp"
#include "util/json.hpp"
#include "util/text.hpp"

BOOST_AUTO_TEST_SUITE(seeds)

using namespace ablate;
using boost::test_tools::tolerance;

namespace {

/// A sweep that has run: cells 0 to 3 are resolution 4 and 8 by width 8 and 16, under the seeds 0, 1 and 2.
/// Means 0.52, 0.62, 0.70 and 0.68, so that cells 2 and 3 are the best.
struct Ran : Program {
  Ran() {
    BOOST_REQUIRE(run_tiny("--quiet").code == 0);
    const double scores[4][3] = {
        {0.50, 0.52, 0.54}, {0.60, 0.64, 0.62}, {0.70, 0.69, 0.71}, {0.66, 0.70, 0.68}};
    for (int cell = 0; cell < 4; ++cell)
      for (int seed = 0; seed < 3; ++seed) set(cell, seed, scores[cell][seed]);
  }
  void set(int cell, int seed, double score) const {
    Database database(scratch.path / "results/ablate.db", Database::Mode::read_write);
    Query(database,
          "UPDATE score_value SET value = ? WHERE job_id IN (SELECT e.value FROM replicate r"
          " JOIN json_each(r.jobs) e WHERE r.cell = ? AND r.seed = ?)",
          score, cell, seed)
        .run();
  }
  std::string query(const std::string& sql) const { return run("query \"" + sql + "\" --format csv").out; }
  void expect_refusal(const std::string& arguments, const std::string& message) const {
    const std::string before = query("SELECT count(*), sum(seed) FROM runs");
    const Outcome found = run(arguments);
    BOOST_TEST(found.code == 2, arguments);
    BOOST_TEST(found.out == "", arguments);
    BOOST_TEST(found.err == "ablate: " + message + "\n");
    BOOST_TEST(query("SELECT count(*), sum(seed) FROM runs") == before, arguments);
  }
  /// Adds two seeds to the best two cells, in which these then score 0.66 and 0.64.
  void add_to_best() const {
    BOOST_REQUIRE(run_tiny("--quiet --seeds +2 --cells 'best 2'").code == 0);
    for (int seed : {3, 4}) {
      set(2, seed, seed == 3 ? 0.65 : 0.67);
      set(3, seed, seed == 3 ? 0.63 : 0.65);
    }
  }
};

/// With lines broken for the page taken together.
std::string unwrapped(const std::string& text) {
  std::string joined;
  for (const std::string& line : split(text, '\n')) joined += std::string(trim_unseen(line)) + " ";
  return joined;
}

bool says(const std::string& text, const std::string& part) {
  return unwrapped(text).find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(seeds_are_added_to_all_cells_and_stay) {
  const Ran program;
  const Outcome first = program.run_tiny("--seeds +1");
  BOOST_TEST(first.code == 0);
  BOOST_TEST(first.out.starts_with("tiny: adds seed 3: all cells\ntiny: 24 of 32 jobs finished"));
  BOOST_TEST(program.query("SELECT count(*) FROM runs WHERE seed = 3") == "count(*)\n4\n");
  // The file alone plans them again, and status counts them.
  BOOST_TEST(program.run("plan tiny.toml --save").out.find("it was there already") != std::string::npos);
  BOOST_TEST(program.run_tiny().out == "tiny: all 32 jobs finished already; see: ablate table tiny\n");
  BOOST_TEST(program.run("status tiny").out.starts_with("tiny: 32 of 32 jobs finished\n"));
  BOOST_TEST(program.run("table tiny").err == "");
  // The same words again add again, numbered on, and say what is there.
  const Outcome second = program.run_tiny("--seeds +2 --cells 0");
  BOOST_TEST(
      second.out.starts_with("tiny: adds seeds 4, 5: 1 cell ('0')\n"
                             "tiny:   demo.resolution = 4, demo.width = 8\n"
                             "tiny: added before: seed 3: all cells\n"));
  BOOST_TEST(program.query("SELECT cell, seed FROM runs WHERE seed > 3 ORDER BY seed") ==
             "cell,seed\n0,4\n0,5\n");
}

BOOST_AUTO_TEST_CASE(a_plan_shows_what_would_be_added_and_writes_it_when_asked) {
  const Ran program;
  const std::string words = " --seeds +2 --seed-cells 'demo.resolution=8; 0'";
  const Json plan = Json::parse(program.run("plan tiny.toml --json" + words).out);
  BOOST_TEST(plan["counts"]["runs"] == 18);
  BOOST_TEST(plan["added_seeds"] ==
             Json::parse(R"([{"seeds": [3, 4], "cells": [0, 2, 3], "reason": "demo.resolution=8; 0",
                              "choice": null, "is_new": true}])"));
  const Outcome text = program.run("plan tiny.toml" + words);
  BOOST_TEST(text.out.find("seeds 3, 4, added to 3 cells: runs") != std::string::npos);
  const Outcome dry =
      program.run("run tiny.toml --dry-run --slots 1 --threads 1 --seeds +2 --cells 'best 1'");
  BOOST_TEST(dry.code == 0);
  BOOST_TEST(dry.out.starts_with("adds seeds 3, 4: 1 cell (best 1 by accuracy of 4 cells)\n"));
  BOOST_TEST(program.query("SELECT count(*) FROM runs") == "count(*)\n12\n");
  BOOST_TEST(program.run("plan tiny.toml --save" + words).code == 0);
  BOOST_TEST(program.query("SELECT count(*) FROM runs") == "count(*)\n18\n");
  BOOST_TEST(program.query("SELECT reason FROM added_seeds") == "reason\ndemo.resolution=8; 0\n");
  BOOST_TEST(program.run("status tiny").out.starts_with("tiny: 24 of 36 jobs finished\n"));
}

BOOST_AUTO_TEST_CASE(the_seeds_of_a_sweep_that_never_ran_can_be_more_than_its_files) {
  const Program program;
  const Outcome found = program.run_tiny("--seeds +1 --cells demo.width=16");
  BOOST_TEST(found.code == 0);
  BOOST_TEST(program.run("query 'SELECT count(*) FROM runs' --format csv").out == "count(*)\n14\n");
}

BOOST_AUTO_TEST_CASE(tables_say_which_cells_were_chosen_and_what_fresh_seeds_say) {
  const Ran program;
  program.add_to_best();
  const Outcome table = program.run("table tiny");
  // Rows are under the seeds that all cells have.
  BOOST_TEST(line_with(table.out, "8                16").find("0.680") != std::string::npos);
  BOOST_TEST(says(table.out,
                  "best 2 by accuracy of 4 cells: the seeds that chose them flatter them, fresh ones do not "
                  "(accuracy; ±: half of a 95 % interval) cell 2: 0.7 over the 3 seeds that chose it"));
  // Over two fresh seeds: t with 1 degree of freedom 12.706 times 0.01.
  BOOST_TEST(says(table.out, "0.66 ± 0.13 over 2 fresh ones cell 3: 0.68 over the 3 seeds that chose it"));
  BOOST_TEST(says(table.out, "without seeds 3, 4, which not all cells have; --over own counts them in"));
  for (const std::string& line : split(table.out, '\n')) BOOST_TEST(display_width(line) <= kPageWidth, line);
  const Json rows = Json::parse(program.run("table tiny --format json").out);
  BOOST_TEST(rows[2]["accuracy_seeds"] == "0 1 2");
  const Outcome own = program.run("table tiny --over own");
  BOOST_TEST(says(own.out, "over 3 to 5 seeds"));
  BOOST_TEST(says(own.out, "rows of chosen cells are over flattering and fresh seeds alike"));
  BOOST_TEST(line_with(own.out, "8                16").find("0.664") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(before_there_is_a_fresh_seed_the_best_is_shrunk) {
  const Ran program;
  BOOST_REQUIRE(program.run("plan tiny.toml --save --seeds +2 --seed-cells 'best 1 by accuracy'").code == 0);
  // By hand: cell means 0.52, 0.62, 0.70, 0.68 around 0.63 with variance 0.0196 / 3; the mean square of cell
  // x seed is 0.00125 / 6, so F = 94.08 and the factor is 1 - (2 / 3) / 94.08.
  BOOST_TEST(says(program.run("table tiny").out,
                  "cell 2: 0.7 over the 3 seeds that chose it (shrunk: 0.6995), none over fresh ones yet"));
}

BOOST_AUTO_TEST_CASE(comparisons_of_all_cells_are_under_the_seeds_that_all_have) {
  const Ran program;
  const Json before = Json::parse(program.run("effects tiny --json").out);
  program.add_to_best();
  const Json after = Json::parse(program.run("effects tiny --json").out);
  BOOST_TEST(after[0]["axes"] == before[0]["axes"]);
  BOOST_TEST(after[0]["axes"][0]["estimator"] == "strata");
  const std::string flattered =
      "under seeds 0, 1, 2, which chose them, cells 2, 3 look better than they are (best 2 by accuracy of 4 "
      "cells)";
  BOOST_TEST(says(program.run("effects tiny").out, flattered));
  BOOST_TEST(says(program.run("effects tiny").out, "without seeds 3, 4, which only such cells have"));
  BOOST_TEST(says(program.run("power tiny").out, flattered));
  BOOST_TEST(after[0]["notes"].dump().find("(best 2 by accuracy of 4 cells)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(claims_say_so_too) {
  const Ran program;
  program.add_to_best();
  program.scratch.write("tiny.toml",
                        program.read("tiny.toml") +
                            "\n[[claim]]\nbetter = 8\nthan = 4\naxis = \"demo.resolution\"\nscore = "
                            "\"demo/loss\"\n");
  BOOST_REQUIRE(program.run("plan tiny.toml --save").code == 0);
  BOOST_TEST(says(program.run("claims tiny").out,
                  "cells 2, 3 look better than they are (best 2 by accuracy of 4 cells)"));
  BOOST_TEST(Json::parse(program.run("claims tiny --json").out)["notes"].size() == 2u);
}

BOOST_AUTO_TEST_CASE(two_cells_are_compared_under_fresh_seeds_as_well) {
  const Ran program;
  program.add_to_best();
  const Json json = Json::parse(program.run("compare tiny 2 3 --json").out);
  BOOST_TEST(json["scores"][0]["seeds"] == Json::parse("[0, 1, 2, 3, 4]"));
  BOOST_TEST(json["fresh_seeds"][0]["seeds"] == Json::parse("[3, 4]"));
  BOOST_TEST(json["fresh_seeds"][0]["a"].get<double>() == 0.66, tolerance(1e-9));
  BOOST_TEST(json["fresh_seeds"][0]["difference"].get<double>() == -0.02, tolerance(1e-9));
  const Outcome both = program.run("compare tiny 2 3");
  BOOST_TEST(both.out.find("(fresh") != std::string::npos);
  BOOST_TEST(
      says(both.out, "under seeds 0, 1, 2, which chose it, A looks better than it is (best 2 by accuracy"));
  const Outcome one = program.run("compare tiny 0 2");
  BOOST_TEST(one.out.find("(fresh seeds)") == std::string::npos);
  BOOST_TEST(says(one.out, "without 2 seeds, under which not both cells have a number"));
  BOOST_TEST(says(one.out, "no fresh seed under which both cells have a score: the difference is flattered"));
  BOOST_TEST(Json::parse(program.run("compare tiny 0 1 --json").out)["notes"].empty());
}

BOOST_AUTO_TEST_CASE(what_was_added_goes_with_its_cells_or_when_it_is_taken_back) {
  const Ran program;
  program.add_to_best();
  std::string text = program.read("tiny.toml");
  const std::string widths = "levels = [8, 16]";
  text.replace(text.find(widths), widths.size(), "levels = [8, 32]");
  program.scratch.write("tiny.toml", text);
  const Outcome changed = program.run_tiny();
  BOOST_TEST(changed.code == 0);
  BOOST_TEST(
      changed.out.starts_with("tiny: the sweep no longer has the cell 'demo.resolution = 8, demo.width = "
                              "16', so that the seeds 3, 4 that "
                              "it was given (best 2 by accuracy of 4 cells) are dropped\n"));
  BOOST_TEST(program.query("SELECT cell, seed FROM runs WHERE seed > 2") == "cell,seed\n2,3\n2,4\n");
  BOOST_TEST(program.run_tiny().out == "tiny: all 28 jobs finished already; see: ablate table tiny\n");
  BOOST_TEST(program.run_tiny("--seeds file").out ==
             "tiny: takes back seeds 3, 4: 1 cell (best 2 by accuracy of 4 cells)\n"
             "tiny: all 24 jobs finished already; see: ablate table tiny\n");
  BOOST_TEST(program.query("SELECT count(*) FROM added_seeds") == "count(*)\n0\n");
}

BOOST_AUTO_TEST_CASE(a_file_that_was_moved_keeps_them_and_another_one_does_not) {
  const Ran program;
  program.add_to_best();
  BOOST_REQUIRE(program.shell("mkdir moved && mv tiny.toml demo.toml moved/").code == 0);
  BOOST_TEST(program.run("plan moved/tiny.toml --save").code == 0);
  BOOST_TEST(program.query("SELECT count(*) FROM added_seeds") == "count(*)\n1\n");
  BOOST_REQUIRE(program.shell("cp -r moved other").code == 0);
  const Outcome taken = program.run("plan other/tiny.toml --save --replace");
  BOOST_TEST(taken.code == 0);
  BOOST_TEST(says(taken.out, "the seeds that the sweep of moved/tiny.toml was given are dropped"));
  BOOST_TEST(program.query("SELECT count(*) FROM added_seeds") == "count(*)\n0\n");
}

BOOST_AUTO_TEST_CASE(wrong_words_are_answered_and_nothing_is_written) {
  const Ran program;
  const std::string run = "run tiny.toml --worker ./worker --slots 1 ";
  for (const char* seeds : {"2", "+0", "+", "+-1", "-1", "+2x", "files", "+10001"})
    program.expect_refusal(
        run + "--seeds=" + seeds,
        std::string("--seeds is '") + seeds + "'; expected +K for K more seeds, +1 to +10000, or 'file'");
  program.expect_refusal(run + "--cells 0",
                         "--cells limits the seeds that are added; expected --seeds +K beside it");
  program.expect_refusal(run + "--seeds file --cells 0",
                         "--cells limits the seeds that are added; expected --seeds +K beside it");
  program.expect_refusal(
      run + "--seeds +1 --cells ' ; '",
      "--cells is ' ; ', which names no cell; expected \"best 3 by SCORE\", a number, a label or levels");
  for (const char* best :
       {"best", "best x", "best 0", "best -1", "best 2 of", "best 2by accuracy", "best 2 by"})
    program.expect_refusal(
        run + "--seeds +1 --cells '" + best + "'",
        std::string("'") + best +
            "' chooses no cells; expected best N or best N by SCORE: best 3 by vqa/4-shot");
  program.expect_refusal(
      run + "--seeds +1 --cells 'best 5'",
      "'best 5' of sweep 'tiny': 4 cells have the score 'accuracy'; expected at most that many");
  program.expect_refusal(run + "--seeds +1 --cells 'best 1 by acuracy'",
                         "sweep 'tiny' has no value 'acuracy'; did you mean 'accuracy'?");
  program.expect_refusal(run + "--seeds +1 --cells 4", "sweep 'tiny' has no cell 4; expected 0 to 3");
  program.expect_refusal(run + "--seeds +1 --cells demo.width=100",
                         "axis 'demo.width' of sweep 'tiny' has no level '100'; expected one of: 8, 16");
  {
    Database database(program.scratch.path / "results/ablate.db", Database::Mode::read_write);
    Query(database,
          "INSERT INTO score_value SELECT job_id, 'other', value, n, stderr, attempt, outcomes FROM "
          "score_value")
        .run();
  }
  program.expect_refusal(
      run + "--seeds +1 --cells 'best 2'",
      "'best 2' does not say by which score; expected 'best 2 by SCORE' with one of: accuracy, other");
}

BOOST_AUTO_TEST_CASE(the_best_of_what_never_ran_is_not_known_and_makes_no_database) {
  const Program program;
  const Outcome found = program.run_tiny("--seeds +1 --cells 'best 1'");
  BOOST_TEST(found.code == 2);
  BOOST_TEST(found.err ==
             "ablate: sweep 'tiny' has no score yet, by which 'best 1' could choose; it has to run first\n");
  BOOST_TEST(!program.exists("results"));
}

BOOST_AUTO_TEST_SUITE_END()
