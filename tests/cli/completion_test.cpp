#include <boost/test/unit_test.hpp>

#include "cli/program.hpp"

BOOST_AUTO_TEST_SUITE(completion)

using namespace ablate;

namespace {

/// What bash offers after `words`, of which the last is not complete.
std::string offers(const Program& program, const std::string& words) {
  program.scratch.write(
      "complete.sh",
      "PATH=$(dirname $ABLATE):$PATH\neval \"$($ABLATE completion bash)\"\nCOMP_WORDS=(ablate " + words +
          ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_ablate\necho \"${COMPREPLY[*]}\"\n");
  return program.shell("export ABLATE; bash complete.sh").out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_scripts_are_valid) {
  const Program program;
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    BOOST_TEST_CONTEXT(shell) {
      const Outcome found = program.shell("$ABLATE completion " + shell + " > script && if command -v " +
                                          shell + "; then " + shell + " -n script; fi");
      BOOST_TEST(found.code == 0);
      BOOST_TEST(found.err == "");
      BOOST_TEST(program.read("script").find("rope_theta") ==
                 std::string::npos);  // Keys are asked for, not written down.
      for (const char* word : {"table", "columns", "markdown"})
        BOOST_TEST(program.read("script").find(word) != std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_CASE(bash_offers_commands_options_and_choices) {
  const Program program;
  BOOST_TEST(offers(program, "com") == "compare completion\n");
  BOOST_TEST(offers(program, "table tiny --col") == "--columns\n");
  BOOST_TEST(offers(program, "table tiny --format ma") == "markdown\n");
  BOOST_TEST(offers(program, "export m") == "metrics\n");
  BOOST_TEST(offers(program, "explain encoder.res") == "encoder.resolution\n");
  BOOST_TEST(offers(program, "help compl") == "completion\n");
}

BOOST_AUTO_TEST_CASE(bash_offers_sweeps_and_jobs_of_the_database) {
  const Program program;
  BOOST_TEST(program.run("plan tiny.toml --save").code == 0);
  BOOST_TEST(offers(program, "table ti") == "tiny\n");
  const std::string key = program.run("query 'SELECT key FROM jobs' --format csv").out.substr(4, 8);
  BOOST_TEST(offers(program, "log " + key.substr(0, 7)) == key + "\n");
}

BOOST_AUTO_TEST_CASE(a_name_is_never_run) {
  const Program program;
  std::string sweep = program.read("tiny.toml");
  program.scratch.write("evil.toml", "name = 'x$(touch pwned)'\n" + sweep);
  if (program.run("plan evil.toml --save").code != 0) return;  // Such a name is refused: even better.
  BOOST_TEST(offers(program, "table x") == "x\\$\\(touch\\ pwned\\)\n");
  BOOST_TEST(!program.exists("pwned"));
}

BOOST_AUTO_TEST_SUITE_END()
