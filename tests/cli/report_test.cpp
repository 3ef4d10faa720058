// `ablate report`: what stands in the page, read back from it. tests/browser looks at it in a browser.
#include <boost/test/unit_test.hpp>

#include "cli/program.hpp"
#include "util/json.hpp"

BOOST_AUTO_TEST_SUITE(report)

using namespace ablate;
using boost::test_tools::tolerance;

namespace {

/// Two axes under three seeds; one name would end the script that holds the data.
const char* const kTable =
    "a,</script><b>,seed,score\n"
    "low,x,1,10.00\nlow,y,1,10.10\nhigh,x,1,11.10\nhigh,y,1,11.20\n"
    "low,x,2,12.00\nlow,y,2,12.00\nhigh,x,2,12.90\nhigh,y,2,12.90\n"
    "low,x,3,11.00\nlow,y,3,10.90\nhigh,x,3,12.00\nhigh,y,3,11.90\n";

struct Pages : Program {
  std::string page(const std::string& command) {
    const Outcome done = run(command + " -o page.html");
    BOOST_REQUIRE_MESSAGE(done.code == 0, done.err);
    return read("page.html");
  }
  static Json data(const std::string& page) {
    const std::string begin = "<script type=\"application/json\" id=report-data>";
    const std::size_t from = page.find(begin) + begin.size();
    return Json::parse(page.substr(from, page.find("</script>", from) - from));
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(the_page_has_every_run_and_its_effects, Pages) {
  scratch.write("t.csv", kTable);
  BOOST_REQUIRE(run("import t.csv").code == 0);
  const std::string page = this->page("report t");
  const Json report = data(page);
  BOOST_TEST(report["axes"][1]["name"] == "</script><b>");
  BOOST_TEST(report["cells"].size() == 4u);
  BOOST_TEST(report["runs"]["scores"][0].size() == 12u);
  const Json& one = report["effects"]["score"]["axes"][0]["differences"][0];
  BOOST_TEST(one["estimate"].get<double>() == -1.0, tolerance(1e-9));
  // Without a script, too, and as text whatever it looks like.
  const std::string still = page.substr(0, page.find("<script"));
  BOOST_TEST(still.find("&lt;/script&gt;&lt;b&gt;") != std::string::npos);
  BOOST_TEST(still.find("<b>") == std::string::npos);
  BOOST_TEST(still.find("low - high") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_planned_sweep_shows_failures_recipes_and_how_to_do_it_again, Pages) {
  scratch.write("bad", "2");
  BOOST_TEST(run_tiny("--keep-going --retries 0").code == 1);
  const std::string page = this->page("report tiny");
  const std::string still = page.substr(0, page.find("<script"));
  BOOST_TEST(still.find("boom ?[31m") != std::string::npos);  // No control characters.
  BOOST_TEST(still.find("ablate run tiny.toml") != std::string::npos);
  const Json report = data(page);
  BOOST_TEST(report["runs"]["state"][11] == "failed");
  BOOST_TEST(report["runs"]["scores"][0][11].is_null());
  // Keys that differ between jobs, and no others.
  const std::string parts = report["parts"].dump();
  BOOST_TEST(parts.find("demo.width") != std::string::npos);
  BOOST_TEST(parts.find("demo.steps") == std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_sweep_without_results_has_a_page, Pages) {
  BOOST_REQUIRE(run("plan tiny.toml --save").code == 0);
  const std::string page = this->page("report tiny");
  BOOST_TEST(page.find("No score yet.") != std::string::npos);
  BOOST_TEST(data(page)["scores"].empty());
}

BOOST_FIXTURE_TEST_CASE(mistakes_leave_no_page, Pages) {
  scratch.write("t.csv", kTable);
  BOOST_REQUIRE(run("import t.csv").code == 0);
  const Outcome no_sweep = run("report s -o page.html");
  BOOST_TEST(no_sweep.code == 2);
  BOOST_TEST(no_sweep.err.find("'s'") != std::string::npos);
  const Outcome no_value = run("report t --value scoer -o page.html");
  BOOST_TEST(no_value.code == 2);
  BOOST_TEST(no_value.err.find("did you mean 'score'?") != std::string::npos);
  BOOST_TEST(!std::filesystem::exists(scratch.path / "page.html"));
  const Outcome no_place = run("report t -o t.csv/page.html");
  BOOST_TEST(no_place.code == 2);
  BOOST_TEST(no_place.err.find("t.csv") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_port_that_is_taken_is_said, Pages) {
  scratch.write("t.csv", kTable);
  BOOST_REQUIRE(run("import t.csv").code == 0);
  const Outcome taken = shell(
      "$ABLATE serve t > first & sleep 1; port=$(sed -n 's/.*:\\([0-9]*\\).*/\\1/p' first); "
      "$ABLATE serve t --port $port; code=$?; kill -TERM $!; wait $! || exit 90; exit $code");
  BOOST_TEST(taken.code == 2);
  BOOST_TEST(taken.err.find("--port names another") != std::string::npos);
  BOOST_TEST(run("serve t --port 70000").err == "ablate: --port is '70000'; expected at most 65535\n");
}

BOOST_AUTO_TEST_SUITE_END()
