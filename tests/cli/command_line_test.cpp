#include <boost/test/unit_test.hpp>

#include "cli/command.hpp"
#include "cli/program.hpp"

BOOST_AUTO_TEST_SUITE(command_line)

using namespace ablate;

namespace {

void expect_error(const Program& program, const std::string& arguments, const std::string& message) {
  const Outcome found = program.run(arguments);
  BOOST_TEST_CONTEXT("ablate " << arguments) {
    BOOST_TEST(found.code == 2);
    BOOST_TEST(found.out == "");
    BOOST_TEST(found.err == "ablate: " + message + "\n");
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(wrong_words_are_answered_with_the_nearest_right_one) {
  const Program program;
  expect_error(program, "plna tiny.toml", "unknown command 'plna'; did you mean 'plan'?");
  expect_error(program, "xyzzy", "unknown command 'xyzzy'; `ablate --help` lists them");
  expect_error(program, "plan tiny.toml --jsno", "plan: unknown option '--jsno'; did you mean '--json'?");
  expect_error(program, "plan --jsno", "plan: unknown option '--jsno'; did you mean '--json'?");
  // Not as it is, to a log file either.
  expect_error(program, "plan '--z\x1b[31m'",
               "plan: unknown option '--z?[31m'; `ablate plan --help` lists them");
  expect_error(program, "plan 'tiny\x1b[31m.toml'",
               "tiny?[31m.toml: cannot be opened: No such file or directory");
  expect_error(program, "plan tiny.toml --zzzzzzzz",
               "plan: unknown option '--zzzzzzzz'; `ablate plan --help` lists them");
  expect_error(program, "plan tiny.toml other.toml",
               "plan: 'other.toml' is one argument too many; `ablate plan --help` shows what it takes");
  expect_error(
      program, "plan",
      "plan needs SWEEP: the sweep's TOML file; for example: ablate plan sweeps/connector.toml --budget 10h");
  expect_error(program, "--versoin",
               "unknown option '--versoin'; did you mean '--version'?; options stand after the command");
}

BOOST_AUTO_TEST_CASE(wrong_values_are_answered_with_what_was_expected) {
  const Program program;
  expect_error(program, "run tiny.toml --slots 0", "--slots is '0'; expected an integer of at least 1");
  expect_error(program, "run tiny.toml --retries -1", "--retries is '-1'; expected an integer of at least 0");
  expect_error(program, "run tiny.toml --slots two", "--slots is 'two'; expected an integer of at least 1");
  expect_error(program, "run tiny.toml --timeout soon",
               "--timeout is 'soon'; expected a duration such as 90s, 30m, 2h or 1d");
  expect_error(program, "run tiny.toml --gpus 7", "--gpus: there is no GPU '7' here; found: none");
  expect_error(program, "table tiny --format markdwon", "--format is 'markdwon'; did you mean 'markdown'?");
  expect_error(program, "table tiny --format csv --format json", "--format is given 2 times; expected once");
  expect_error(program, "jobs --state faild", "--state is 'faild'; did you mean 'failed'?");
  expect_error(program, "plan tiny.toml --budget much",
               "--budget is 'much'; expected slot time such as 30m, 10h or 2d, or FLOPs such as 1e18");
  expect_error(program, "export rnus", "WHAT is 'rnus'; did you mean 'runs'?");
}

BOOST_AUTO_TEST_CASE(a_value_that_is_missing_is_asked_for) {
  const Program program;
  const Outcome found = program.run("plan tiny.toml --budget");
  BOOST_TEST(found.code == 2);
  BOOST_TEST(found.err.find("--budget") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_command_has_help_that_ends_with_an_example) {
  const Program program;
  const std::string all = program.run("").out;
  BOOST_TEST(all == program.run("--help").out);
  for (const CommandSpec& command : commands()) {
    BOOST_TEST_CONTEXT(command.name) {
      const Outcome found = program.run(command.name + " --help");
      BOOST_TEST(found.code == 0);
      BOOST_TEST(found.out.starts_with("Usage: ablate " + command.name));
      BOOST_TEST(found.out.ends_with("\nExample\n  " + command.example + "\n"));
      BOOST_TEST(found.out == program.run("help " + command.name).out);
      BOOST_TEST(line_with(all, "  " + command.name + " ").find(command.summary) != std::string::npos);
    }
  }
  for (const char* group : {"\nSweeps\n", "\nResults\n", "\nJobs\n", "\nHelp and health\n"})
    BOOST_TEST(all.find(group) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_version_names_revision_build_compiler_and_sqlite) {
  const Outcome found = Program().run("--version");
  BOOST_TEST(found.code == 0);
  BOOST_TEST(found.out.starts_with("ablate 0."));
  BOOST_TEST(found.out.find(", SQLite 3.") != std::string::npos);
  BOOST_TEST(found.err == "");
}

BOOST_AUTO_TEST_CASE(a_reader_that_leaves_is_no_error) {
  const Program program;
  const Outcome found = program.shell("export ABLATE; bash -c 'set -o pipefail; $ABLATE explain | head -1'");
  BOOST_TEST(found.code == 0);
  BOOST_TEST(found.err == "");
}

BOOST_AUTO_TEST_CASE(an_output_that_cannot_be_written_is_an_error) {
  const Outcome found = Program().shell("$ABLATE explain > /dev/full");
  BOOST_TEST(found.code == 2);
  BOOST_TEST(found.err == "ablate: standard output cannot be written: No space left on device\n");
}

BOOST_AUTO_TEST_CASE(a_command_without_a_database_says_where_it_looked_and_makes_none) {
  const Program program;
  for (const char* command :
       {"status", "jobs", "table tiny", "query 'SELECT 1'", "export runs", "log 12345678"}) {
    BOOST_TEST_CONTEXT(command) {
      const Outcome found = program.run(command);
      BOOST_TEST(found.code == 2);
      BOOST_TEST(found.err.find("results/ablate.db") != std::string::npos);
    }
  }
  BOOST_TEST(!program.exists("results"));
}

BOOST_AUTO_TEST_CASE(keys_are_explained) {
  const Program program;
  const Outcome found = program.run("explain connector.kind");
  BOOST_TEST(found.code == 0);
  BOOST_TEST(line_with(found.out, "  type") ==
             "  type     one of: average-pool, attention-pool, c-abstractor, mlp");
  BOOST_TEST(line_with(found.out, "  default") == "  default  c-abstractor");
  for (const auto& [key, changes] : {std::pair{"connector.kind", "vlm, sft"},
                                     {"llm.preset", "llm, vlm, sft"},
                                     {"encoder.preset", "encoder, vlm, sft"},
                                     {"stages", "which jobs there are"},
                                     {"eval.tasks", "which jobs there are"},
                                     {"run.micro_batch", "no result: it says how to run"}})
    BOOST_TEST(line_with(program.run(std::string("explain ") + key).out, "  changes") ==
               std::string("  changes  ") + changes);
  BOOST_TEST(
      program.run("explain axis.levels").out.starts_with("axis.levels (in [[axis]] of a sweep file)\n"));
  BOOST_TEST(program.run("explain run").out.find("run.retries") != std::string::npos);
  BOOST_TEST(program.run("explain train").out.find("train.vlm.peak_lr") != std::string::npos);
  expect_error(program, "explain conector.kind",
               "there is no key 'conector.kind'; did you mean 'connector.kind'?");
  const std::string names = program.run("explain --names").out;
  for (const char* name :
       {"\nencoder.resolution\n", "\ntrain.vlm\n", "\ntrain\n", "\nseeds\n", "\naxis.when\n"})
    BOOST_TEST(names.find(name) != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
