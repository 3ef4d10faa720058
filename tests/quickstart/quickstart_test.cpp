// The quickstart's smallest cell, trained and evaluated as `ablate run sweeps/quickstart.toml` does it.
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

#include "cli/program.hpp"
#include "util/json.hpp"

using namespace ablate;

namespace {

constexpr const char* kSmallestCell = "experiment = '" ABLATE_SOURCE_DIR
                                      "/experiments/quickstart.toml'\n"
                                      "seeds = [0]\n[override]\nencoder.resolution = 32\n";

std::set<std::string> planned_keys(const Program& program, const std::string& sweep) {
  const Outcome plan = program.run("plan --json '" + sweep + "'");
  BOOST_REQUIRE_MESSAGE(plan.code == 0, plan.err);
  std::set<std::string> keys;
  for (const Json& job : Json::parse(plan.out).at("jobs")) keys.insert(job.at("key").get<std::string>());
  return keys;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(quickstart)

BOOST_AUTO_TEST_CASE(the_smallest_cell_learns_to_caption_and_is_not_trained_twice) {
  const Program program;
  program.scratch.write("smallest.toml", kSmallestCell);
  const std::set<std::string> all = planned_keys(program, ABLATE_SOURCE_DIR "/sweeps/quickstart.toml");
  for (const std::string& key : planned_keys(program, "smallest.toml")) BOOST_TEST(all.contains(key));

  const Outcome first = program.run("run smallest.toml --slots 1 --threads 1");
  BOOST_REQUIRE_MESSAGE(first.code == 0, first.out + first.err);
  const Outcome query = program.run("query \"SELECT name, value FROM scores\" --format json");
  std::map<std::string, double> scores;
  for (const Json& row : Json::parse(query.out)) scores[row.at("name")] = row.at("value");
  // As trained on the machine that wrote the README; rounding differs from CPU to CPU.
  BOOST_TEST(std::abs(scores.at("caption/0-shot") - 0.0) < 0.05, scores.at("caption/0-shot"));
  BOOST_TEST(std::abs(scores.at("heldout-loss/captions") - 0.0) < 0.05, scores.at("heldout-loss/captions"));
  BOOST_TEST(scores.at("caption/chance") == 0.25);

  const Outcome second = program.run("run smallest.toml --slots 1 --threads 1");
  BOOST_TEST(second.code == 0);
  BOOST_TEST(second.out.find("nothing to do") != std::string::npos, second.out);
}

BOOST_AUTO_TEST_SUITE_END()
