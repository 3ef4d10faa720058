// Every sweep that ships can be planned, and says the same each time.
#include <boost/test/unit_test.hpp>

#include "cli/program.hpp"
#include "util/json.hpp"

using namespace ablate;

BOOST_AUTO_TEST_SUITE(shipped)

BOOST_AUTO_TEST_CASE(every_shipped_sweep_is_planned) {
  const Program program;
  std::size_t planned = 0;
  for (const auto& entry : std::filesystem::directory_iterator(ABLATE_SOURCE_DIR "/sweeps")) {
    if (entry.path().extension() != ".toml") continue;
    BOOST_TEST_CONTEXT(entry.path()) {
      const Outcome plan = program.run("plan --json '" + entry.path().string() + "'");
      BOOST_TEST(plan.code == 0);
      BOOST_TEST(plan.err == "");
      BOOST_TEST(Json::parse(plan.out).at("jobs").size() > 0u);
      ++planned;
    }
  }
  BOOST_TEST(planned >= 2u);
}

BOOST_AUTO_TEST_SUITE_END()
