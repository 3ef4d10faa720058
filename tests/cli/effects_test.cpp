// `ablate effects`, `power` and `claims`, end to end, on tables with known answers.
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "cli/kept_outcomes.hpp"
#include "report/wrap.hpp"
#include "util/json.hpp"
#include "util/text.hpp"

BOOST_AUTO_TEST_SUITE(effects)

using namespace ablate;
using boost::test_tools::tolerance;

namespace {

/// Two axes under three seeds. a: high - low is 1.1, 0.9, 1.0 by seed; b makes 0.1, 0, -0.1, whatever a is.
const char* const kCrossed =
    "a,b,seed,score\n"
    "low,x,1,10.00\nlow,y,1,10.10\nhigh,x,1,11.10\nhigh,y,1,11.20\n"
    "low,x,2,12.00\nlow,y,2,12.00\nhigh,x,2,12.90\nhigh,y,2,12.90\n"
    "low,x,3,11.00\nlow,y,3,10.90\nhigh,x,3,12.00\nhigh,y,3,11.90\n";

struct Tables : Program {
  void import(const std::string& csv, const std::string& options = "") {
    scratch.write("t.csv", csv);
    BOOST_REQUIRE(run("import t.csv " + options).code == 0);
  }
  Json json(const std::string& command) { return Json::parse(run(command + " --json").out); }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(differences_are_paired_by_seed, Tables) {
  import(kCrossed);
  const Json found = json("effects t")[0];
  BOOST_TEST(found["axes"][0]["estimator"] == "strata");
  const Json& one = found["axes"][0]["differences"][0];
  BOOST_TEST(one["a"] == "low");
  BOOST_TEST(one["b"] == "high");
  // Mean 1, sd 0.1, three seeds: se 0.057735, t(0.975, 2) = 4.302653.
  BOOST_TEST(one["estimate"].get<double>() == -1.0, tolerance(1e-9));
  BOOST_TEST(one["se"].get<double>() == 0.1 / std::sqrt(3.0), tolerance(1e-9));
  BOOST_TEST(one["low"].get<double>() == -1 - 4.30265273 * 0.1 / std::sqrt(3.0), tolerance(1e-7));
  BOOST_TEST(one["verdict"] == "worse");
  BOOST_TEST(found["axes"][1]["differences"][0]["verdict"] == "undecided");
  const std::string text = run("effects t").out;
  BOOST_TEST(text.find("score: shares of the variance within seeds") != std::string::npos);
  BOOST_TEST(text.find("a     low - high") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(equal_takes_a_margin, Tables) {
  import(kCrossed);
  const auto verdict = [&](const std::string& margin) {
    return json("effects t --margin " + margin)[0]["axes"][1]["differences"][0]["verdict"].get<std::string>();
  };
  // b: mean 0, se 0.0577: within 0.5 one-sided t = 8.66 with 2 degrees of freedom, p = 0.0065; within 0.1 p =
  // 0.11.
  BOOST_TEST(verdict("0.5") == "equal");
  BOOST_TEST(verdict("0.1") == "undecided");
  BOOST_TEST(run("effects t --margin -1").err ==
             "ablate: --margin is '-1'; expected a number above zero such as 0.01\n");
}

BOOST_FIXTURE_TEST_CASE(of_a_loss_lower_is_better, Tables) {
  import("a,seed,loss\nx,1,2.0\ny,1,1.0\nx,2,2.1\ny,2,1.2\nx,3,2.3\ny,3,1.3\n");
  const Json one = json("effects t")[0];
  BOOST_TEST(one["lower_is_better"] == true);
  BOOST_TEST(one["axes"][0]["differences"][0]["verdict"] == "worse");
}

BOOST_FIXTURE_TEST_CASE(runs_without_spread_have_no_test, Tables) {
  import("a,seed,score\nx,1,2\ny,1,1\nx,2,2\ny,2,1\n");
  const Json one = json("effects t")[0]["axes"][0]["differences"][0];
  BOOST_TEST(one["p"].is_null());
  BOOST_TEST(one["verdict"] == "no test");
}

BOOST_FIXTURE_TEST_CASE(seeds_are_counted_as_a_range, Tables) {
  import(kCrossed);
  const Json pair = json("power t --axis a --difference 0.12")[0]["pairs"][0];
  BOOST_TEST(pair["sd"].get<double>() == 0.1, tolerance(1e-9));
  // 8 seeds have a power of 0.83 for 0.12 where the sd is 0.10, 7 seeds 0.75.
  BOOST_TEST(pair["needed"] == 8);
  BOOST_TEST(pair["needed_low"].get<int>() < 8);
  BOOST_TEST(pair["needed_high"].get<int>() > 8);
  BOOST_TEST(run("power t --axis aa").err.find("did you mean 'a'?") != std::string::npos);
  BOOST_TEST(run("power t --difference 1 --half-width 1").code == 2);
}

BOOST_FIXTURE_TEST_CASE(trends_and_interactions_have_a_line_each, Tables) {
  // A doubling of tokens brings 0.10, 0.12, 0.08 by seed, whatever the kind; kind matters at 16 tokens alone.
  std::string csv = "tokens,kind,seed,score\n";
  const double slopes[] = {0.10, 0.12, 0.08};
  for (int seed = 0; seed < 3; ++seed)
    for (int step = 0; step < 4; ++step)
      for (int kind = 0; kind < 2; ++kind) {
        const double noise = 0.01 * ((7 * seed + 5 * step) % 3 - 1) * (kind ? 1 : -1);
        csv += fmt::format("{},{},{},{}\n", 4 << step, kind ? "b" : "a", seed,
                           slopes[seed] * step + seed + (kind && step == 2 ? 0.3 : 0) + noise);
      }
  import(csv);
  const Json found = json("effects t")[0];
  const Json& trend = found["trends"][0];
  BOOST_TEST(trend["axis"] == "tokens");
  BOOST_TEST(trend["slope_per"] == "doubling");
  // The step at 16 tokens adds 0.15 to a mean with the code 0.5 of -1.5, -0.5, 0.5, 1.5: 0.075 / 5.
  BOOST_TEST(trend["slope"]["estimate"].get<double>() == 0.10 + 0.015, tolerance(1e-9));
  BOOST_TEST(trend["slope"]["se"].get<double>() == 0.02 / std::sqrt(3.0), tolerance(1e-9));
  BOOST_TEST(trend["page"]["p_rises"].get<double>() < 0.05);
  const Json& interaction = found["interactions"][0];
  BOOST_TEST(interaction["axes"] == (Json{"tokens", "kind"}));
  BOOST_TEST(interaction["df1"] == 3);
  BOOST_TEST(interaction["df2"] == 14);
  BOOST_TEST(interaction["p"].get<double>() < 0.001);
  BOOST_TEST(interaction["by_seed"]["df2"] == 6);
  BOOST_TEST(found["orders"][0]["first"] == "tokens");
  BOOST_TEST(found["orders"][0]["probability"].get<double>() > 0.9);
  const std::string text = run("effects t").out;
  BOOST_TEST(line_with(text, "tokens  doubling").find("+0.115  [+0.0653, +0.165]") != std::string::npos,
             text);
  BOOST_TEST(text.find("probability of the order: tokens before kind") != std::string::npos, text);
  BOOST_TEST(line_with(text.substr(text.find("otherwise")), "tokens x kind").find("3, 6  < 0.001") !=
                 std::string::npos,
             text);
  for (const std::string& line : split(text, '\n')) BOOST_TEST(display_width(line) <= kPageWidth, line);
}

BOOST_FIXTURE_TEST_CASE(where_nothing_can_be_tested_there_is_no_table_of_it, Tables) {
  import("a,b,score\nx,u,1\ny,u,2\nx,v,2\ny,v,4\n", "--axis a --axis b");
  const std::string text = run("effects t").out;
  BOOST_TEST(text.find("trends") == std::string::npos);
  BOOST_TEST(text.find("otherwise") == std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(cost_stands_beside_effects, Tables) {
  // As in tests/stats/pareto_test.cpp: b and a are the front, c may be of it, d is not.
  import(
      "cell,seed,score,hours\na,1,1.0,1\na,2,11.1,1\nb,1,2.0,2\nb,2,12.0,2\nc,1,2.0,3\nc,2,11.8,3\nd,1,0.0,"
      "3\n"
      "d,2,10.0,3\n",
      "--axis cell --score score --cost hours");
  const Json cost = json("effects t")[0]["cost"];
  BOOST_TEST(cost["unit"] == "hours");
  BOOST_TEST(cost["cells"][1]["on_front"] == true);
  BOOST_TEST(cost["cells"][2]["on_front"] == false);
  BOOST_TEST(cost["cells"][2]["may_be_on_front"] == true);
  BOOST_TEST(cost["cells"][2]["beaten_by"] == 1);
  BOOST_TEST(cost["cells"][2]["behind"].get<double>() == 0.1, tolerance(1e-9));
  BOOST_TEST(cost["cells"][2]["half_width"].get<double>() == 3.18244631 * std::sqrt(0.02375 / 3),
             tolerance(1e-8));
  BOOST_TEST(cost["cells"][3]["may_be_on_front"] == false);
  BOOST_TEST(cost["cells"][0]["seconds"].is_null());
  const std::string text = run("effects t --cost").out;
  BOOST_TEST(line_with(text, "cell = b") == "cell = b      2     ?      7        front");
  BOOST_TEST(line_with(text, "cell = c") == "cell = c      3     ?    6.9  0.1 +- 0.28");
  BOOST_TEST(line_with(text, "cell = d") == "");
  BOOST_TEST(text.find("left out: 1 cell plainly behind the front") != std::string::npos, text);
  BOOST_TEST(run("effects t").out.find("against cost") == std::string::npos);
  import(kCrossed, "--replace");
  BOOST_TEST(run("effects t --cost").out.find("what a run cost is not known") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(cost_of_runs_is_that_of_their_jobs) {
  const RanTiny program;
  const Json cost = Json::parse(program.run("effects tiny --json").out)[0]["cost"];
  BOOST_TEST(cost["unit"] == "FLOPs");
  BOOST_TEST(cost["cells"].size() == 4u);
  Database database(program.db(), Database::Mode::read_only);
  for (const Json& cell : cost["cells"]) {
    Query query(database,
                "SELECT avg(flops), avg(seconds) FROM runs WHERE levels ->> '$.\"demo.resolution\"' = ?"
                " AND levels ->> '$.\"demo.width\"' = ?",
                cell["levels"]["demo.resolution"].get<std::string>(),
                cell["levels"]["demo.width"].get<std::string>());
    BOOST_REQUIRE(query.step());
    BOOST_TEST(cell["cost"].get<double>() == query.real(0), tolerance(1e-9));
    BOOST_TEST(cell["seconds"].get<double>() == query.real(1), tolerance(1e-6));
  }
  const std::string text = program.run("effects tiny --cost").out;
  for (const std::string& line : split(text, '\n')) BOOST_TEST(display_width(line) <= kPageWidth, line);
}

BOOST_AUTO_TEST_CASE(outcomes_say_whether_seeds_or_examples_help) {
  const RanTiny program;
  const auto pair_of = [&] {
    return Json::parse(program.run("power tiny --axis demo.resolution --json").out)[0]["pairs"][0];
  };
  const std::vector<float> differences[] = {{1, 3}, {2, 8}, {3, 4}};
  for (int seed = 0; seed < 3; ++seed)
    for (int cell = 0; cell < 4; ++cell) {
      const bool finer = cell >= 2;
      program.keep(cell, seed, finer ? differences[seed] : std::vector<float>{0, 0});
    }
  // Mean squares: seeds 4.5, questions 13.5, the rest 3.5. So seeds (4.5 - 3.5) / 2, examples 3.5 / 2,
  // questions (13.5 - 3.5) / 3 / 2. Twice the seeds: t(5) sqrt(2.25 / 6 + 5 / 3) = 3.67; twice the examples:
  // t(2) sqrt(1.375 / 3 + 5 / 6) = 4.89.
  Json pair = pair_of();
  BOOST_TEST(pair["sd"].get<double>() == 1.5, tolerance(1e-9));
  BOOST_TEST(pair["variances"]["by"] == "outcomes");
  BOOST_TEST(pair["variances"]["seeds"].get<double>() == 0.5, tolerance(1e-6));
  BOOST_TEST(pair["variances"]["examples"].get<double>() == 1.75, tolerance(1e-6));
  BOOST_TEST(pair["variances"]["questions"].get<double>() == 5.0 / 3, tolerance(1e-6));
  BOOST_TEST(pair["more_of"] == "seeds");
  BOOST_TEST(program.run("power tiny").out.find("from the outcome of every example") != std::string::npos);
  // Other questions under one seed: the variance of each seed's mean, from its two examples: 1, 9, 0.25.
  for (int cell = 0; cell < 4; ++cell)
    program.keep(cell, 2, cell >= 2 ? differences[2] : std::vector<float>{0, 0}, {8, 3});
  pair = pair_of();
  BOOST_TEST(pair["variances"]["by"] == "outcomes");
  BOOST_TEST(pair["variances"]["examples"].get<double>() == 10.25 / 3, tolerance(1e-6));
  BOOST_TEST(pair["variances"]["questions"] == 0.0);
  // Cells that were asked different questions are not compared by them; here scores have no error of their
  // own.
  program.keep(3, 2, differences[2], {9, 3});
  BOOST_TEST(pair_of()["more_of"].is_null());
  std::filesystem::remove(program.keep(0, 0, {0, 0}));
  const Outcome damaged = program.run("power tiny");
  BOOST_TEST(damaged.code == 0);
  BOOST_TEST(damaged.out.find("outcomes of examples cannot be read") != std::string::npos, damaged.out);
}

namespace {

/// The sweep "tiny" with claims. Its scores are RESOLUTION (10 + SEED) / 100, so that 8 is better than 4 by
/// 0.40, 0.44 and 0.48 under the seeds 0, 1 and 2, and width makes no difference.
struct Claims : Program {
  explicit Claims(const std::string& claims) {
    scratch.write("tiny.toml", read("tiny.toml") + claims);
    std::string worker = read("worker");
    const std::string score = "0.$(number resolution \"$parent/../job.json\")$seed";
    worker.replace(worker.find(score), score.size(),
                   "0.$(( $(number resolution \"$parent/../job.json\") * (10 + seed) ))");
    const std::string name = "\\\"accuracy\\\"";
    worker.replace(worker.find(name), name.size(), "\\\"demo-accuracy\\\"");
    scratch.write("worker", worker);
    BOOST_REQUIRE(run_tiny("--quiet").code == 0);
  }
};

const char* const kTrue =
    "\n[[claim]]\nbetter = 8\nthan = 4\naxis = \"demo.resolution\"\nscore = \"demo-accuracy\"\n";
const char* const kFalse =
    "\n[[claim]]\nname = \"small is better\"\nbetter = 4\nthan = 8\naxis = \"demo.resolution\"\n"
    "score = \"demo-accuracy\"\n";

}  // namespace

BOOST_AUTO_TEST_CASE(a_true_claim_is_supported_and_a_false_one_refuted) {
  const Claims program(std::string(kTrue) + kFalse);
  const Outcome found = program.run("claims tiny --json");
  BOOST_TEST(found.code == 4);
  const Json claims = Json::parse(found.out)["claims"];
  BOOST_TEST(claims[0]["verdict"] == "supported");
  BOOST_TEST(claims[0]["estimate"].get<double>() == 0.44, tolerance(1e-9));
  BOOST_TEST(claims[1]["verdict"] == "refuted");
  BOOST_TEST(claims[1]["estimate"].get<double>() == -0.44, tolerance(1e-9));
  // Two-sided p of t with 2 degrees of freedom is 1 - t / sqrt(t^2 + 2); Holm doubles the smaller one.
  const double t = 0.44 / (0.04 / std::sqrt(3.0));
  BOOST_TEST(claims[1]["p_holm"].get<double>() == 2 * (1 - t / std::sqrt(t * t + 2)), tolerance(1e-6));
  BOOST_TEST(program.run("claims tiny").out.find("small is better") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_claim_that_was_made_after_the_results_is_marked) {
  const Claims program(kTrue);
  BOOST_TEST(program.run("claims tiny").code == 0);
  program.scratch.write("tiny.toml", program.read("tiny.toml") + kFalse);
  BOOST_REQUIRE(program.run_tiny("--quiet").code == 0);
  const Json claims = Json::parse(program.run("claims tiny --json").out)["claims"];
  BOOST_TEST(claims[0]["after_results"] == false);
  BOOST_TEST(claims[1]["after_results"] == true);
}

BOOST_FIXTURE_TEST_CASE(a_column_of_names_is_no_axis, Tables) {
  std::string csv = "id,b,score\n";
  for (int i = 0; i < 400; ++i)
    csv += "run-" + std::to_string(i) + (i % 2 == 0 ? ",x," : ",y,") + std::to_string(i % 7) + "\n";
  import(csv, "--axis id,b --score score");
  const Outcome found = run("effects t");
  BOOST_TEST(found.code == 2);
  BOOST_TEST(found.err.find("axis 'id' of sweep 't' has 400 levels; expected at most 300") !=
             std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_full_grid_with_an_empty_level_is_no_design_of_one_change, Tables) {
  std::string csv = "enc,res,seed,acc\n";
  int i = 0;
  for (const char* enc : {"A", "B", "C"})
    for (const char* res : {"", "64", "128"})
      for (const char* seed : {"1", "2", "3"})
        csv += std::string(enc) + "," + res + "," + seed + "," + std::to_string(0.5 + 0.01 * (i++ * 7 % 11)) +
               "\n";
  import(csv, "--axis enc,res --score acc");
  const Json enc = json("effects t")[0]["axes"][0];
  BOOST_TEST(enc["estimator"] != "one-at-a-time");
  BOOST_TEST(enc["differences"].size() == 3u);
}

BOOST_FIXTURE_TEST_CASE(axes_of_many_levels_do_not_exhaust_the_machine, Tables) {
  std::string csv = "a,b,c,score\n";
  for (int i = 0; i < 120; ++i) {
    for (const int step : {7, 11, 13}) csv += "n" + std::to_string(i * step % 60) + ",";
    csv += std::to_string(i % 17) + "\n";
  }
  import(csv, "--axis a,b,c --score score");
  BOOST_TEST(run("effects t").code == 0);
}

BOOST_FIXTURE_TEST_CASE(a_cell_of_an_include_is_no_level_of_an_axis, Program) {
  // At resolution 4 and width 8, as one of the grid is, but trained for half as long.
  scratch.write("tiny.toml",
                read("tiny.toml") +
                    "[[include]]\nlabel = \"short\"\ndemo.steps = 30\ndemo.resolution = 4\ndemo.width = 8\n");
  BOOST_REQUIRE(run_tiny().code == 0);
  const Json found = Json::parse(run("effects tiny --value accuracy --json").out)[0];
  BOOST_TEST(found["shares"][0]["runs"] == 12);
  BOOST_TEST(found["axes"][0]["estimator"] == "strata");
  const std::string text = run("effects tiny --value accuracy").out;
  BOOST_TEST(text.find("without the [[include]] cells 'short'") != std::string::npos);
  BOOST_TEST(run("table tiny --components --value accuracy").out.find("short") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(no_score_at_all_is_said, Tables) {
  import("a,seed,state,score\nx,1,failed,\ny,1,failed,\nx,2,failed,\ny,2,failed,\n", "--score score");
  for (const char* command : {"effects t", "power t"}) {
    const Outcome found = run(command);
    BOOST_TEST(found.code == 2);
    BOOST_TEST(found.err.find("no run of sweep 't' has a score") != std::string::npos, found.err);
  }
}

BOOST_FIXTURE_TEST_CASE(an_axis_with_one_level_left_is_said_to_have_nothing_to_compare, Tables) {
  import("a,b,seed,score\nx,p,1,1\nx,q,1,2\ny,p,1,\ny,q,1,\nx,p,2,1.1\nx,q,2,2.2\ny,p,2,\ny,q,2,\n",
         "--score score");
  BOOST_TEST(run("effects t").out.find("a: nothing to compare: fewer than two") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(one_change_at_a_time_tells_what_changes_weigh, Tables) {
  // Differences of 3 and 1 from the baseline: 90 % and 10 % of the squares, and no share of a variance.
  std::string csv = "a,b,seed,score\n";
  for (int seed = 0; seed < 3; ++seed)
    for (const auto& [a, b, score] : {std::tuple{"x", "p", 0}, {"y", "p", 3}, {"x", "q", 1}})
      csv += fmt::format("{},{},{},{}\n", a, b, seed, score + seed + 0.01 * ((seed + score) % 2));
  import(csv);
  const Json found = json("effects t")[0];
  BOOST_TEST(found["shares"].empty());
  BOOST_REQUIRE(found["changes"].size() == 2u);
  BOOST_TEST(found["changes"][0]["axis"] == "a");
  BOOST_TEST(found["changes"][0]["share"].get<double>() == 0.9, tolerance(0.01));
  const std::string text = run("effects t").out;
  BOOST_TEST(text.find("what each change weighs") != std::string::npos, text);
  BOOST_TEST(line_with(text, "x -> y").find("90.") != std::string::npos, text);
}

BOOST_FIXTURE_TEST_CASE(a_sweep_in_which_nothing_varies_answers_nothing, Tables) {
  import("a,seed,score\nx,1,2\nx,2,3\n", "--axis a");
  for (const char* command : {"effects t", "power t"}) {
    const Outcome found = run(command);
    BOOST_TEST(found.code == 2);
    BOOST_TEST(found.err.find("no axis varies; expected an axis with two levels") != std::string::npos,
               found.err);
  }
}

BOOST_AUTO_TEST_SUITE_END()
