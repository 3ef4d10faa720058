// `ablate effects`, `power` and `claims`, end to end, on tables with known answers.
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "cli/program.hpp"
#include "util/json.hpp"

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

BOOST_AUTO_TEST_SUITE_END()
