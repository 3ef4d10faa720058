// `ablate effects` of sweeps whose axes were sampled from ranges, end to end.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "cli/program.hpp"
#include "report/wrap.hpp"
#include "util/json.hpp"
#include "util/text.hpp"

BOOST_AUTO_TEST_SUITE(sampled_effects)

using namespace ablate;
using boost::test_tools::tolerance;

namespace {

/// Of a sequence that spreads evenly over 0 .. 1 (additive recurrence with powers of the plastic number's
/// inverse).
double even(int point, double step) { return std::fmod(0.5 + point * step, 1.0); }

/// Runs of another tool at 60 points under two seeds: score = 2 log10(rate) / 3 + width + 10 seed, and noise.
std::string other_tool() {
  std::string csv = "rate,width,seed,score\n";
  for (int seed = 1; seed <= 2; ++seed)
    for (int i = 0; i < 60; ++i) {
      const double u = even(i, 0.7548776662), v = even(i, 0.5698402910);
      const double noise = 0.02 * (even(3 * i + seed, 0.6180339887) - 0.5);
      csv += fmt::format("{:.6g},{:.6g},{},{:.6f}\n", 1e-4 * std::pow(1000.0, u), v, seed,
                         2 * u + v + 10 * seed + noise);
    }
  return csv;
}

Json term(const Json& shares, const std::string& name) {
  for (const Json& one : shares["terms"])
    if (one["term"] == name) return one;
  return {};
}

}  // namespace

BOOST_AUTO_TEST_CASE(numbers_that_hardly_repeat_are_a_sample_and_have_shares_on_their_own_scale) {
  const Program program;
  program.scratch.write("t.csv", other_tool());
  BOOST_REQUIRE(program.run("import t.csv --axis rate --axis width --score score").code == 0);
  const Json found = Json::parse(program.run("effects t --json").out)[0];
  const Json& rate = found["sampled_axes"][0];
  BOOST_TEST(rate["axis"] == "rate");
  BOOST_TEST(rate["scale"] == "log");
  BOOST_TEST(rate["range_as_seen"] == true);
  BOOST_TEST(rate["low"].get<double>() < 1.3e-4);
  BOOST_TEST(rate["high"].get<double>() > 8e-2);
  BOOST_TEST(found["sampled_axes"][1]["scale"] == "linear");
  BOOST_TEST(found["axes"].empty());
  BOOST_TEST(found["shares"].empty());
  // Variances 4 / 12 and 1 / 12 of uniform axes: shares 0.8 and 0.2; seeds are no importance.
  const Json& shares = found["functional_shares"][0];
  BOOST_TEST(std::abs(term(shares, "rate")["share"].get<double>() - 0.8) < 0.03);
  BOOST_TEST(std::abs(term(shares, "width")["share"].get<double>() - 0.2) < 0.03);
  BOOST_TEST(std::abs(term(shares, "rate")["total_effect"].get<double>() - 0.8) < 0.03);
  const std::string text = program.run("effects t").out;
  BOOST_TEST(text.starts_with("score: shares of the variance over the sampled ranges"), text);
  BOOST_TEST(text.find("rate ") < text.find("width "));
  BOOST_TEST(text.find("evenly in its logarithm; it counts") != std::string::npos, text);
  BOOST_TEST(text.find("differences between levels") == std::string::npos);
  for (const std::string& line : split(text, '\n')) BOOST_TEST(display_width(line) <= kPageWidth, line);
  BOOST_TEST(program.run("power t").out.find("rate was sampled from a range") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(twelve_numbers_are_levels) {
  const Program program;
  std::string csv = "rate,score\n";
  for (int i = 1; i <= 12; ++i) csv += fmt::format("{},{}\n", 0.1 * i, 0.3 * i);
  program.scratch.write("t.csv", csv);
  BOOST_REQUIRE(program.run("import t.csv --axis rate --score score").code == 0);
  const Json found = Json::parse(program.run("effects t --json").out)[0];
  BOOST_TEST(found["sampled_axes"].empty());
  BOOST_TEST(found["axes"][0]["levels"].size() == 12u);
}

BOOST_AUTO_TEST_CASE(a_sweeps_own_ranges_are_taken) {
  const Program program;
  program.scratch.write("tiny.toml",
                        "experiment = \"demo.toml\"\nseeds = 1\ndesign = \"sample\"\nsamples = 4\n"
                        "[[axis]]\nkey = \"demo.peak_lr\"\nrange = [1e-3, 0.1]\nscale = \"log\"\n"
                        "[[axis]]\nkey = \"demo.resolution\"\nlevels = [4, 8]\n"
                        "[[include]]\nlabel = \"far\"\ndemo.peak_lr = 0.5\n");
  BOOST_REQUIRE(program.run_tiny("--quiet").code == 0);
  const Json found = Json::parse(program.run("effects tiny --json").out)[0];
  const Json& rate = found["sampled_axes"][0];
  BOOST_TEST(rate["axis"] == "demo.peak_lr");
  BOOST_TEST(rate["low"] == 1e-3);
  BOOST_TEST(rate["high"] == 0.1);
  BOOST_TEST(rate["scale"] == "log");
  BOOST_TEST(rate["range_as_seen"] == false);
  BOOST_TEST(found["axes"][0]["axis"] == "demo.resolution");
  BOOST_TEST(found["cost"]["cells"].size() == 4u);
  const Outcome text = program.run("effects tiny --cost");
  BOOST_TEST(text.code == 0, text.err);
  BOOST_TEST(text.out.find("too few to tell shares") != std::string::npos, text.out);
}

BOOST_AUTO_TEST_SUITE_END()
