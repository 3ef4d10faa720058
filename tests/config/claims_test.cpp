// [[claim]] tables: what they become, and each mistake with its place.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <sstream>

#include "config/sweep.hpp"
#include "scratch.hpp"

using namespace ablate;

namespace {

struct WithSweep : Scratch {
  WithSweep() { write("experiment.toml", "stages = ['demo']\n"); }

  Sweep load(const std::string& claims) const {
    return load_sweep(write("sweep.toml", "experiment = 'experiment.toml'\n" + claims));
  }
  /// The mistakes, without the file's name and the lines of source.
  std::string mistakes(const std::string& claims) const {
    try {
      load(claims);
    } catch (const ConfigError& error) {
      std::istringstream lines(error.what());
      std::string kept;
      for (std::string line; std::getline(lines, line);)
        if (const std::size_t at = line.find("sweep.toml:"); at != std::string::npos)
          kept += line.substr(at + 11) + "\n";
      return kept;
    }
    return "none";
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(claims, WithSweep)

BOOST_AUTO_TEST_CASE(each_kind_is_read) {
  const Sweep sweep = load(R"(
[[claim]]
name = 'wide is better'
source = 'a paper, Fig. 1'
score = 'demo-accuracy'
better = 16
than = 8
axis = 'demo.width'
margin = 0.5
where = { demo.resolution = 4, 'mix' = '45:45:10' }
[[claim]]
score = 'demo/loss'
no_difference = 'demo.width'
margin = 1
[[claim]]
score = 'a'
outweighs = ['x', 'y']
[[claim]]
score = 'a'
rises = 'x'
[[claim]]
score = 'a'
falls = 'x'
[[claim]]
score = 'a'
interaction = ['x', 'y']
)");
  BOOST_REQUIRE(sweep.claims.size() == 6u);
  const Claim& first = sweep.claims[0];
  BOOST_TEST(first.name == "wide is better");
  BOOST_TEST(first.source == "a paper, Fig. 1");
  BOOST_TEST((first.kind == ClaimKind::better));
  BOOST_TEST(first.axes == std::vector<std::string>{"demo.width"}, boost::test_tools::per_element());
  BOOST_TEST(first.better == "16");
  BOOST_TEST(first.than == "8");
  BOOST_TEST(first.margin == 0.5);
  BOOST_TEST(
      (first.where == std::map<std::string, std::string>{{"demo.resolution", "4"}, {"mix", "45:45:10"}}));
  BOOST_TEST(first.place.line == 7u);
  const std::string first_words =
      "demo-accuracy: 16 is better than 8 (demo.width) by more than 0.5, where demo.resolution = 4 and mix = "
      "45:45:10";
  const std::string words[] = {first_words,
                               "demo/loss: no two levels of demo.width differ by more than 1",
                               "a: x outweighs y",
                               "a: rises at every step of x",
                               "a: falls at every step of x",
                               "a: what x does depends on y"};
  for (std::size_t i = 0; i < 6; ++i) {
    BOOST_TEST(claim_words(sweep.claims[i]) == words[i]);
    BOOST_TEST(claim_json(claim_of_json(claim_json(sweep.claims[i]))) == claim_json(sweep.claims[i]));
  }
}

BOOST_AUTO_TEST_CASE(mistakes_have_their_places) {
  const struct {
    const char *claim, *message;
  } wrong[] = {
      {"score = 'a'",
       "2:1: a claim that claims nothing; expected one of: better, no_difference, outweighs, rises, "
       "falls, interaction"},
      {"score = 'a'\nrises = 'x'\nfalls = 'x'",
       "2:1: a claim of several kinds: rises, falls; expected one of: better, no_difference, outweighs, "
       "rises, "
       "falls, interaction"},
      {"rises = 'x'", "2:1: a claim without 'score'; expected the name of a score, such as \"vqa/4-shot\""},
      {"score = 'a'\nrieses = 'x'", "4:1: unknown key 'rieses' in [[claim]]; did you mean 'rises'?"},
      {"score = 'a'\nrises = 3", "4:9: 'rises' has the wrong type; expected a text"},
      {"score = 'a'\nbetter = 'b'",
       "4:10: 'better' without 'than'; expected better = LEVEL, than = LEVEL, axis = AXIS\n"
       "4:10: 'better' without 'axis'; expected better = LEVEL, than = LEVEL, axis = AXIS"},
      {"score = 'a'\nbetter = 'b'\nthan = 'b'\naxis = 'x'",
       "5:8: 'better' and 'than' are one level; expected two"},
      {"score = 'a'\nno_difference = 'x'",
       "4:17: 'no_difference' without 'margin'; expected the largest difference that counts as none, in "
       "units of the "
       "score"},
      {"score = 'a'\nno_difference = 'x'\nmargin = 0", "5:10: 'margin' is wrong; expected a number above 0"},
      {"score = 'a'\nbetter = 1\nthan = 2\naxis = 'x'\nmargin = -1",
       "7:10: 'margin' is wrong; expected a number of at least 0"},
      {"score = 'a'\nbetter = 1\nthan = 2\naxis = 'x'\nmargin = nan",
       "7:10: 'margin' is wrong; expected a number of at least 0"},
      {"score = 'a'\nrises = 'x'\nmargin = 1",
       "5:10: 'margin' belongs to 'better' and 'no_difference', and this claim is 'rises'"},
      {"score = 'a'\nrises = 'x'\naxis = 'x'", "5:8: 'axis' belongs to 'better', and this claim is 'rises'"},
      {"score = 'a'\noutweighs = ['x']",
       "4:13: 'outweighs' is wrong; expected two axes: [\"AXIS\", \"AXIS\"]"},
      {"score = 'a'\ninteraction = ['x', 'x']", "4:15: 'interaction' names one axis twice; expected two"},
      {"score = 'a'\nrises = 'x'\n[[claim]]\nname = 'again'\nscore = 'a'\nrises = 'x'",
       "8:9: the claim of line 4 again; expected each once"},
  };
  for (const auto& [claim, message] : wrong)
    BOOST_TEST(mistakes("[[claim]]\n" + std::string(claim) + "\n") == std::string(message) + "\n");
}

BOOST_AUTO_TEST_SUITE_END()
