// The quickstart's baseline, the smallest of its cells that has every stage, trained and evaluated as
// `ablate run sweeps/quickstart.toml` does it.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>
#include <set>

#include "cli/program.hpp"
#include "util/json.hpp"

using namespace ablate;

namespace {

constexpr const char* kBaseline = "experiment = '" ABLATE_SOURCE_DIR
                                  "/experiments/quickstart.toml'\n"
                                  "seeds = [0]\n";

std::set<std::string> planned_keys(const Program& program, const std::string& sweep) {
  const Outcome plan = program.run("plan --json '" + sweep + "'");
  BOOST_REQUIRE_MESSAGE(plan.code == 0, plan.err);
  std::set<std::string> keys;
  const Json planned = Json::parse(plan.out);
  for (const Json& job : planned.at("jobs")) keys.insert(job.at("key").get<std::string>());
  return keys;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(quickstart)

BOOST_AUTO_TEST_CASE(the_baseline_learns_what_it_did_before_and_is_not_trained_twice) {
  const Program program;
  program.scratch.write("baseline.toml", kBaseline);
  const std::set<std::string> all = planned_keys(program, ABLATE_SOURCE_DIR "/sweeps/quickstart.toml");
  for (const std::string& key : planned_keys(program, "baseline.toml")) BOOST_TEST(all.contains(key));

  const Outcome first = program.run("run baseline.toml --slots 1 --threads 1");
  BOOST_REQUIRE_MESSAGE(first.code == 0, first.out + first.err);
  const Outcome query = program.run("query \"SELECT name, value FROM scores\" --format json");
  std::map<std::string, double> scores;
  for (const Json& row : Json::parse(query.out)) scores[row.at("name")] = row.at("value");
  // As trained on an EPYC with AVX-512; rounding differs from CPU to CPU.
  BOOST_TEST(std::abs(scores.at("caption/0-shot") - 0.89) < 0.06, scores.at("caption/0-shot"));
  BOOST_TEST(std::abs(scores.at("fewshot/4-shot") - 0.97) < 0.06, scores.at("fewshot/4-shot"));
  BOOST_TEST(std::abs(scores.at("heldout-loss/captions") - 0.41) < 0.04, scores.at("heldout-loss/captions"));
  BOOST_TEST(scores.at("caption-chance/0-shot") == 0.25);

  const Outcome second = program.run("run baseline.toml --slots 1 --threads 1");
  BOOST_TEST(second.code == 0);
  BOOST_TEST(second.out.find("finished already") != std::string::npos, second.out);
}

BOOST_AUTO_TEST_SUITE_END()
