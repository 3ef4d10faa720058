// `ablate compare`, end to end.
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "cli/kept_outcomes.hpp"
#include "report/wrap.hpp"
#include "util/json.hpp"
#include "util/text.hpp"

BOOST_AUTO_TEST_SUITE(compare)

using namespace ablate;
namespace tt = boost::test_tools;

namespace {

struct Compared : RanTiny {
  /// B - A is (1, 3), (2, 8) and (3, 4) in seeds 0, 1 and 2.
  void keep_all() const {
    const std::vector<float> differences[] = {{1, 3}, {2, 8}, {3, 4}};
    for (int seed = 0; seed < 3; ++seed) {
      keep(0, seed, {0, 0});
      keep(2, seed, differences[seed]);
    }
  }
  Json json(const std::string& arguments) const {
    const Outcome found = run("compare tiny " + arguments + " --json");
    BOOST_TEST(found.code == 0, found.err);
    return Json::parse(found.out);
  }
  void expect_refusal(const std::string& arguments, const std::string& message) const {
    const Outcome found = run("compare tiny " + arguments);
    BOOST_TEST(found.code == 2);
    BOOST_TEST(found.out == "");
    BOOST_TEST(found.err == "ablate: " + message + "\n");
  }
};

void expect_page_width(const std::string& text) {
  for (const std::string& line : split(text, '\n')) BOOST_TEST(display_width(line) <= kPageWidth, line);
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_differs_in_the_recipes_is_shown_and_nothing_else) {
  const Compared program;
  const Outcome found = program.run("compare tiny 0 2");
  BOOST_TEST(found.code == 0);
  BOOST_TEST(
      found.out.starts_with("A is cell 0: demo.resolution = 4, demo.width = 8\n"
                            "B is cell 2: demo.resolution = 8, demo.width = 8\n"));
  BOOST_TEST(line_with(found.out, "demo.resolution  ") == "demo.resolution  4  8  demo");
  BOOST_TEST(line_with(found.out, "demo.width  ") == "");
  expect_page_width(found.out);
  const Json json = program.json("0 3");
  BOOST_TEST(json["recipe"] == Json::parse(R"([
      {"key": "demo.resolution", "stages": ["demo"], "a": 4, "b": 8},
      {"key": "demo.width", "stages": ["demo"], "a": 8, "b": 16}])"));
  BOOST_TEST(
      json["b"] ==
      Json::parse(R"({"cell": 3, "label": null, "levels": {"demo.resolution": "8", "demo.width": "16"}})"));
}

BOOST_AUTO_TEST_CASE(without_outcomes_scores_are_compared_seed_by_seed) {
  const Compared program;
  {
    Database database(program.db(), Database::Mode::read_write);
    Query(database, "UPDATE score_value SET value = 0.9 WHERE value = 0.82").run();
  }
  // Differences 0.4, 0.4, 0.48: mean 0.42667, standard error 0.08 / 3, t with 2 degrees of freedom 4.30265.
  const Json score = program.json("0 2")["scores"][0];
  BOOST_TEST(score["estimator"] == "by-seed");
  BOOST_TEST(score["reason"] == "no outcomes of examples are kept");
  BOOST_TEST(score["difference"].get<double>() == 1.28 / 3, tt::tolerance(1e-9));
  BOOST_TEST(score["low"].get<double>() == 1.28 / 3 - 4.302652730 * 0.08 / 3, tt::tolerance(1e-8));
  BOOST_TEST(score["high"].get<double>() == 1.28 / 3 + 4.302652730 * 0.08 / 3, tt::tolerance(1e-8));
  BOOST_TEST(score["seeds"] == Json::parse("[0, 1, 2]"));
  BOOST_TEST(score["examples"] == 100);
  BOOST_TEST(score["seed_variance"].is_null());
  const Outcome found = program.run("compare tiny 0 2");
  BOOST_TEST(line_with(found.out, "accuracy  ") ==
             "accuracy  0.41  0.84  +0.43  +0.31 to +0.54  seed           3       100");
  BOOST_TEST(found.out.find("not compared question by question: no outcomes of examples are kept") !=
             std::string::npos);
  // Cells 0 and 1 have the same scores: nothing varies.
  const Json equal = program.json("0 1")["scores"][0];
  BOOST_TEST(equal["difference"] == 0);
  BOOST_TEST(equal["low"].is_null());
  BOOST_TEST(program.run("compare tiny 0 1").out.find("no interval, and no test: nothing varies") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(with_outcomes_scores_are_compared_question_by_question) {
  const Compared program;
  program.keep_all();
  // Mean squares of seeds 4.5, of questions 13.5, of the rest 3.5; t(2) = 4.302652730, t(1) = 12.706204736.
  const Json score = program.json("0 2")["scores"][0];
  BOOST_TEST(score["estimator"] == "by-questions");
  BOOST_TEST(score["reason"].is_null());
  BOOST_TEST(score["same_questions"] == true);
  BOOST_TEST(score["difference"] == 3.5);
  BOOST_TEST(score["seed_variance"].get<double>() == 1.0 / 6, tt::tolerance(1e-9));
  BOOST_TEST(score["example_variance"].get<double>() == 2.25, tt::tolerance(1e-9));
  const double half = std::hypot(4.302652730 * std::sqrt(4.5 / 6), 12.706204736 * std::sqrt(10.0 / 6));
  BOOST_TEST(score["high"].get<double>() == 3.5 + half, tt::tolerance(1e-8));
  BOOST_TEST(score["differing"].size() == 2u);
  BOOST_TEST(score["differing"][0] ==
             Json::parse(R"({"question": "0000000000000003", "name": "a.tar: 2", "a": 0.0, "b": 5.0,
                             "difference": 5.0, "seeds": 3})"));
  BOOST_TEST(program.json("2 0")["scores"][0]["difference"] == -3.5);
  const Outcome found = program.run("compare tiny 0 2 --examples 1");
  BOOST_TEST(found.out.find("of the variance of B - A, seeds give 7 % and examples 93 %") !=
             std::string::npos);
  BOOST_TEST(line_with(found.out, "a.tar: 2") == "a.tar: 2  0  5      5");
  BOOST_TEST(line_with(found.out, "a.tar: 1") == "");
  expect_page_width(found.out);
  BOOST_TEST(program.json("0 2 --examples 0")["scores"][0]["differing"].empty());
}

BOOST_AUTO_TEST_CASE(a_page_is_written_where_it_is_asked_for) {
  const Compared program;
  program.keep_all();
  const Outcome found = program.run("compare tiny 0 2 --page pages/two.html");
  BOOST_TEST(found.code == 0, found.err);
  BOOST_TEST(found.out == program.run("compare tiny 0 2").out + "\nPage with examples: pages/two.html\n");
  const std::string page = program.read("pages/two.html");
  BOOST_TEST(page.find("<title>Two cells of tiny</title>") != std::string::npos);
  BOOST_TEST(page.find("<b>A</b> is cell 0: demo.resolution = 4, demo.width = 8") != std::string::npos);
  BOOST_TEST(page.find("Records are not shown: which data were evaluated is not known.") !=
             std::string::npos);
  BOOST_TEST(page.find("<div class=id>a.tar: 2</div>") != std::string::npos);
  const Outcome json = program.run("compare tiny 0 2 --json --page two.html");
  BOOST_TEST(Json::parse(json.out)["sweep"] == "tiny");
  BOOST_TEST(program.exists("two.html"));
  BOOST_TEST(program.run("compare tiny 0 2 --page /proc/none/two.html").code == 2);
}

BOOST_AUTO_TEST_CASE(cells_that_were_asked_other_questions_are_not_paired_by_them) {
  const Compared program;
  program.keep_all();
  program.keep(2, 1, {2, 8}, {7, 4});
  const Json score = program.json("0 2")["scores"][0];
  BOOST_TEST(score["estimator"] == "by-seed");
  BOOST_TEST(score["reason"] == "the cells were asked other questions");
  BOOST_TEST(score["difference"] == 3.5);
  BOOST_TEST(score["differing"].empty());
  // Some seeds are of an older worker.
  program.keep(2, 1, {2, 8});
  {
    Database database(program.db(), Database::Mode::read_write);
    Query(database,
          "UPDATE score_value SET outcomes = NULL WHERE job_id IN (SELECT e.value FROM replicate r,"
          " json_each(r.jobs) e WHERE r.cell = 2 AND r.seed = 0)")
        .run();
  }
  BOOST_TEST(program.json("0 2")["scores"][0]["reason"] == "outcomes of examples are kept of 2 of 3 seeds");
}

BOOST_AUTO_TEST_CASE(a_damaged_file_of_outcomes_is_named) {
  const Compared program;
  program.keep_all();
  const auto file = program.keep(2, 0, {1, 3});
  std::filesystem::resize_file(file, 20);
  const Outcome found = program.run("compare tiny 0 2");
  BOOST_TEST(found.code == 2);
  BOOST_TEST(found.out == "");
  BOOST_TEST(found.err.find(file.string()) != std::string::npos, found.err);
}

BOOST_AUTO_TEST_CASE(cells_are_named_by_number_by_levels_or_by_label) {
  const Compared program;
  const auto cells = [&](const std::string& arguments) {
    const Json json = program.json(arguments);
    return std::pair(json["a"]["cell"].get<int>(), json["b"]["cell"].get<int>());
  };
  BOOST_TEST((cells("demo.resolution=8,demo.width=16 0") == std::pair(3, 0)));
  BOOST_TEST((cells("'demo.width = 16, demo.resolution = 4' 2") == std::pair(1, 2)));
  program.expect_refusal("0 4", "sweep 'tiny' has no cell 4; expected 0 to 3");
  program.expect_refusal("0 demo.widht=8",
                         "sweep 'tiny' has no axis 'demo.widht'; did you mean 'demo.width'?");
  program.expect_refusal("0 demo.resolution=8,width=16",
                         "sweep 'tiny' has no axis 'width'; did you mean 'demo.width'?");
  program.expect_refusal("0 demo.width=9",
                         "axis 'demo.width' of sweep 'tiny' has no level '9'; did you mean '8'?");
  program.expect_refusal(
      "0 demo.width=8",
      "'demo.width=8' fits 2 cells of sweep 'tiny': 0, 2; expected one: its number, or its "
      "level of demo.resolution");
  program.expect_refusal("demo.resolution=4,demo.width=8 0",
                         "'demo.resolution=4,demo.width=8' and '0' are both cell 0 of sweep 'tiny'; expected "
                         "two cells");
  program.expect_refusal("0 best",
                         "sweep 'tiny' has no cell 'best'; expected its number, its label, or levels that it "
                         "alone has: AXIS=LEVEL,AXIS=LEVEL");
  program.scratch.write(
      "tiny.toml", program.read("tiny.toml") + "[[include]]\nlabel = \"the big one\"\ndemo.width = 64\n");
  BOOST_REQUIRE(program.run("plan tiny.toml --save").code == 0);
  const Json json = program.json("0 'the big one'");
  BOOST_TEST(json["b"]["label"] == "the big one");
  BOOST_TEST(json["scores"][0]["estimator"] == "none");
  BOOST_TEST(json["scores"][0]["difference"].is_null());
  program.expect_refusal("0 'the bg one'",
                         "sweep 'tiny' has no cell 'the bg one'; did you mean 'the big one'?");
  BOOST_TEST(program.run("compare tniy 0 1").err.find("did you mean 'tiny'?") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(runs_with_seeds_of_their_own_are_not_paired) {
  const Program program;
  program.scratch.write("own.csv", "kind,score\na,1\na,2\na,3\na,6\nb,5\nb,9\nb,8\n");
  BOOST_REQUIRE(program.run("import own.csv --seed none").code == 0);
  const Json score = Json::parse(program.run("compare own kind=a kind=b --json").out)["scores"][0];
  BOOST_TEST(score["estimator"] == "by-runs");
  BOOST_TEST(score["runs_a"] == 4);
  BOOST_TEST(score["runs_b"] == 3);
  BOOST_TEST(score["difference"].get<double>() == 13.0 / 3, tt::tolerance(1e-12));
  // Variances 14/3 of four runs and 13/3 of three.
  BOOST_TEST(score["standard_error"].get<double>() == std::sqrt(14.0 / 12 + 13.0 / 9), tt::tolerance(1e-12));
  const std::string text = program.run("compare own kind=a kind=b").out;
  BOOST_TEST(text.find("an imported sweep has no recipes") != std::string::npos);
  BOOST_TEST(text.find("key") == std::string::npos);
  BOOST_TEST(text.find("4 runs of A against 3 of B") != std::string::npos);
  // Of single runs, pooled: squares of 14 and 26/3 over 3 + 2 degrees of freedom.
  const Json power = Json::parse(program.run("power own --difference 3 --json").out)[0];
  BOOST_TEST(power["paired"] == false);
  BOOST_TEST(power["pairs"][0]["seeds"] == 3);
  BOOST_TEST(power["pairs"][0]["sd"].get<double>() == std::sqrt((14 + 26.0 / 3) / 5), tt::tolerance(1e-12));
  BOOST_TEST(power["pairs"][0]["needed"] ==
             9);  // 100,000 simulated pairs of groups: power 0.75 with 8, 0.81 with 9.
  BOOST_TEST(program.run("power own").out.find("more of") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(runs_of_which_no_two_share_a_seed_are_two_groups) {
  const Program program;
  program.scratch.write("dj.csv", "kind,seed,score\na,0,1\na,1,2\na,2,3\na,3,6\nb,10,5\nb,11,9\nb,12,8\n");
  BOOST_REQUIRE(program.run("import dj.csv").code == 0);
  const Json score = Json::parse(program.run("compare dj kind=a kind=b --json").out)["scores"][0];
  BOOST_TEST(score["estimator"] == "by-runs");
  BOOST_TEST(score["runs_a"] == 4);
  BOOST_TEST(score["difference"].get<double>() == 13.0 / 3, tt::tolerance(1e-12));
  const Json pair = Json::parse(program.run("power dj --json").out)[0]["pairs"][0];
  BOOST_TEST(pair["runs_a"] == 4);
  BOOST_TEST(pair["runs_b"] == 3);
  // Today's interval is that of effects: t(0.975; 5) = 2.570582 times the pooled error.
  BOOST_TEST(
      pair["half_width"].get<double>() == 2.570582 * std::sqrt((14 + 26.0 / 3) / 5 * (1.0 / 4 + 1.0 / 3)),
      tt::tolerance(1e-5));
}

BOOST_AUTO_TEST_CASE(repeats_that_no_seed_numbers_are_averaged_within_their_cell) {
  const Program program;
  const auto means = [&](const std::string& name, const std::string& rows) {
    program.scratch.write(name + ".csv", "enc,tok,acc\n" + rows + "A,64,0.52\nB,16,0.6\nB,64,0.61\n");
    BOOST_REQUIRE(program.run("import " + name + ".csv").code == 0);
    const Json table = Json::parse(program.run("table " + name + " --rows enc --format json").out);
    return std::pair(table[0]["acc_mean"].get<double>(), table[1]["acc_mean"].get<double>());
  };
  const auto one = means("one", "A,16,0.5\nA,16,0.9\n"), other = means("other", "A,16,0.9\nA,16,0.5\n");
  BOOST_TEST(one.first == 0.61, tt::tolerance(1e-12));
  BOOST_TEST(one.second == 0.605, tt::tolerance(1e-12));
  BOOST_TEST((one == other));  // Whatever the order of the rows.
}

BOOST_AUTO_TEST_CASE(a_score_of_an_imported_table_may_be_called_as_metrics_are) {
  const Program program;
  program.scratch.write("ev.csv", "enc,seed,eval/acc\nA,1,0.5\nB,1,0.6\nA,2,0.51\nB,2,0.63\n");
  BOOST_REQUIRE(program.run("import ev.csv").code == 0);
  BOOST_TEST(Json::parse(program.run("table ev --format json").out)[0]["eval/acc_mean"] == 0.505);
  BOOST_TEST(program.run("effects ev").out.find("A - B") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_cell_that_failed_is_said_to_have) {
  const Program program;
  program.scratch.write(
      "f.csv",
      "kind,seed,score,state\na,1,2.5,finished\na,2,3.5,finished\nb,1,,failed\nb,2,,failed\n"
      "c,1,4.5,finished\nc,2,5,finished\n");
  BOOST_REQUIRE(program.run("import f.csv --axis kind --score score").code == 0);
  BOOST_TEST(program.run("compare f kind=a kind=b").out.find("of B 2 of 2 runs failed\n") !=
             std::string::npos);
  BOOST_TEST(program.run("effects f").out.find("Level b is in no difference: all of its 2 runs failed.") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
