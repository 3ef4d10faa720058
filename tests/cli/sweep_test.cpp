// plan, run and status, end to end.
#include <boost/test/unit_test.hpp>

#include "cli/program.hpp"
#include "util/json.hpp"

BOOST_AUTO_TEST_SUITE(sweeps)

using namespace ablate;

BOOST_AUTO_TEST_CASE(a_plan_needs_no_database_and_makes_none) {
  const Program program;
  const Outcome found = program.run("plan tiny.toml");
  BOOST_TEST(found.code == 0);
  BOOST_TEST(found.err == "");
  BOOST_TEST(found.out.starts_with("Sweep tiny ("));
  BOOST_TEST(found.out.find("24") != std::string::npos);
  BOOST_TEST(line_with(found.out, "Speed:") == "Speed:  assumed 20.0G FLOP/s per CPU thread for demo, eval");
  BOOST_TEST(!program.exists("results"));
}

BOOST_AUTO_TEST_CASE(a_plan_as_json_holds_cells_jobs_and_budget) {
  const Program program;
  const Json plan = Json::parse(program.run("plan tiny.toml --json --budget 0flops").out);
  BOOST_TEST(plan["counts"]["cells"] == 4);
  BOOST_TEST(plan["counts"]["runs"] == 12);
  BOOST_TEST(plan["jobs"].size() == 24u);
  BOOST_TEST(plan["cells"][3]["levels"]["demo.width"] == "16");
  BOOST_TEST(plan["jobs"][0]["state"].is_null());
  BOOST_TEST(plan["jobs"][1]["parents"][0] == plan["jobs"][0]["key"]);
  BOOST_TEST(plan["budget"]["runs"] == 0);
  BOOST_TEST(plan["budget"]["first_left_out"]["cell"] == 0);
  BOOST_TEST(plan["stages"][0]["stage"] == "demo");
}

BOOST_AUTO_TEST_CASE(a_saved_plan_is_known_to_status) {
  const Program program;
  BOOST_TEST(program.run("status --names").out == "");
  BOOST_TEST(program.run("plan tiny.toml --save").out.find("24 new jobs\n") != std::string::npos);
  BOOST_TEST(program.run("plan tiny.toml --save").out.find("it was there already\n") != std::string::npos);
  BOOST_TEST(program.run("status --names").out == "tiny\n");
  BOOST_TEST(program.run("status").out ==
             "tiny: 0 of 24 jobs finished\n"
             "  demo  [------------------------]  0/12\n"
             "  eval  [------------------------]  0/12\n"
             "nobody runs this database now; `ablate run` goes on with what waits\n");
}

BOOST_AUTO_TEST_CASE(a_wrong_sweep_is_answered_with_its_place_and_nothing_is_made) {
  const Program program;
  program.scratch.write(
      "wrong.toml",
      "experiment = \"demo.toml\"\nseeds = 1\n[[axis]]\nkey = \"demo.widht\"\nlevels = [1, 2]\n");
  for (const char* command : {"plan wrong.toml", "run wrong.toml --worker ./worker"}) {
    const Outcome found = program.run(command);
    BOOST_TEST(found.code == 2);
    BOOST_TEST(found.err.find("wrong.toml:4:") != std::string::npos);
    BOOST_TEST(found.err.find("did you mean 'demo.width'?") != std::string::npos);
  }
  BOOST_TEST(program.run("plan absent.toml").code == 2);
  BOOST_TEST(!program.exists("results"));
}

BOOST_AUTO_TEST_CASE(a_run_brings_a_sweep_to_its_end_once) {
  const Program program;
  const Outcome first = program.run_tiny();
  BOOST_TEST(first.code == 0);
  BOOST_TEST(first.err == "");
  BOOST_TEST(first.out.starts_with("tiny: 0 of 24 jobs finished on 1 CPU slot of 1 thread\n"));
  BOOST_TEST(first.out.find("(24/24)\n") != std::string::npos);
  BOOST_TEST(line_with(first.out, "tiny: 24").starts_with("tiny: 24 jobs finished; 24 attempts in "));
  BOOST_TEST(first.out.ends_with("see: ablate table tiny\n"));
  const Outcome second = program.run_tiny();
  BOOST_TEST(second.code == 0);
  BOOST_TEST(second.out == "tiny: all 24 jobs finished already; see: ablate table tiny\n");
  const Outcome status = program.run("status tiny --watch");
  BOOST_TEST(status.out ==
             "tiny: 24 of 24 jobs finished\n"
             "  demo  [########################]  12/12\n"
             "  eval  [########################]  12/12\n"
             "nobody runs this database now, and nothing is left to run\n");
  const Json plan = Json::parse(program.run("plan tiny.toml --json").out);
  BOOST_TEST(plan["stages"][0]["to_run"] == 0);
  BOOST_TEST(plan["jobs"][0]["state"] == "finished");
}

BOOST_AUTO_TEST_CASE(a_quiet_run_says_nothing) {
  const Program program;
  const Outcome found = program.run_tiny("--quiet");
  BOOST_TEST(found.code == 0);
  BOOST_TEST(found.out == "");
}

BOOST_AUTO_TEST_CASE(a_dry_run_starts_nothing) {
  const Program program;
  const Outcome found = program.run_tiny("--dry-run");
  BOOST_TEST(found.code == 0);
  BOOST_TEST(line_with(found.out, "would start")
                 .starts_with("24 jobs would start on 1 CPU slot of 1 thread and take about "));
  BOOST_TEST(!program.exists("results"));
}

BOOST_AUTO_TEST_CASE(failed_jobs_are_listed_and_can_be_retried) {
  const Program program;
  program.scratch.write("bad", "1");
  const Outcome failed = program.run_tiny("--keep-going");
  BOOST_TEST(failed.code == 1);
  BOOST_TEST(
      line_with(failed.out, "tiny: 16 jobs").starts_with("tiny: 16 jobs finished, 4 failed, 4 blocked; "));
  BOOST_TEST(line_with(failed.out, "seed 1  boom").ends_with("demo  seed 1  boom ?[31m"));
  BOOST_TEST(failed.out.find("/1/log.txt\n") != std::string::npos);
  BOOST_TEST(failed.out.find('\033') == std::string::npos);

  const std::string status = program.run("status").out;
  BOOST_TEST(
      status.starts_with("tiny: 16 of 24 jobs finished, 4 failed, 4 blocked\n"
                         "  demo  [################!!!!!!!!]  8/12  4 failed\n"
                         "  eval  [################--------]  8/12  4 blocked\n"));
  BOOST_TEST(Json::parse(program.run("status --json").out)["failed"][0]["message"] == "boom \x1b[31m");
  const std::string blocked = program.run("jobs tiny --state blocked").out;
  BOOST_TEST(blocked.find(" failed\n") != std::string::npos);
  const Json jobs = Json::parse(program.run("jobs --state failed --format json").out);
  BOOST_REQUIRE(jobs.size() == 4u);
  const std::string key = jobs[0]["key"].get<std::string>().substr(0, 8);
  BOOST_TEST(program.run("jobs --why " + key)
                 .out.find("It failed and is not tried again by itself; `ablate retry " + key + "` does.") !=
             std::string::npos);

  BOOST_TEST(program.run("retry --all-failed").out == "4 jobs wait again; `ablate run` starts what waits\n");
  program.scratch.write("bad", "none");
  BOOST_TEST(program.run_tiny().code == 0);
}

BOOST_AUTO_TEST_CASE(too_many_failures_stop_a_run) {
  const Program program;
  program.scratch.write("bad", "0");
  const Outcome stopped = program.run_tiny("--max-failures 1");
  BOOST_TEST(stopped.code == 1);
  BOOST_TEST(line_with(stopped.out, "1 failed,").find("22 waiting") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_missing_worker_is_told_before_anything_starts) {
  const Program program;
  const Outcome found = program.run("run tiny.toml --worker ./absent");
  BOOST_TEST(found.code == 2);
  BOOST_TEST(found.err == "ablate: --worker is './absent'; expected a program that can be executed\n");
  BOOST_TEST(!program.exists("results"));
}

BOOST_AUTO_TEST_CASE(a_second_run_says_who_holds_the_database_and_ctrl_c_is_no_failure) {
  const Program program;
  program.scratch.write("wait", "");
  const Outcome found = program.shell(
      "$ABLATE run tiny.toml --worker ./worker --slots 1 --threads 1 > first & pid=$!\n"
      "while ! grep -q start first; do sleep 0.02; done\n"
      "$ABLATE run tiny.toml --worker ./worker --gpus none 2> second; echo code $?\n"
      "$ABLATE status\n"
      "kill -INT $pid; rm wait; wait $pid; echo code $?");
  BOOST_TEST(found.out.starts_with("code 2\n"));
  BOOST_TEST(found.out.ends_with("code 130\n"));
  BOOST_TEST(line_with(found.out, "run by").find("ablate run tiny.toml --worker ./worker") !=
             std::string::npos);
  BOOST_TEST(program.read("second").starts_with(
      "ablate: results/ablate.db is in use by another `ablate run`: pid "));
  BOOST_TEST(program.read("first").ends_with("interrupted; the same command goes on from here\n"));
  BOOST_TEST(program.run_tiny().code == 0);
}

BOOST_AUTO_TEST_CASE(a_database_elsewhere_is_named_by_option_or_environment) {
  const Program program;
  BOOST_TEST(program.run("plan tiny.toml --save --db a/b.db").code == 0);
  BOOST_TEST(program.shell("ABLATE_DB=a/b.db $ABLATE status --names").out == "tiny\n");
  BOOST_TEST(!program.exists("results"));
}

BOOST_AUTO_TEST_SUITE_END()
