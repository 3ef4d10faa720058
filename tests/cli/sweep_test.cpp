// plan, run and status, end to end.
#include <boost/test/unit_test.hpp>

#include "cli/program.hpp"
#include "store/query.hpp"
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

namespace {

/// Two sweep files of one name in two folders: a varies the width, b the noise.
struct TwoFiles : Program {
  TwoFiles() {
    for (const char* folder : {"a/", "b/"}) {
      scratch.write(std::string(folder) + "demo.toml", read("demo.toml"));
      scratch.write(std::string(folder) + "sweep.toml",
                    std::string("experiment = \"demo.toml\"\n[[axis]]\nkey = ") +
                        (folder[0] == 'a' ? "\"demo.width\"\nlevels = [8, 32]\n"
                                          : "\"demo.noise\"\nlevels = [0.2, 0.8]\n"));
    }
  }
  Outcome run_file(const std::string& file, const std::string& options = "") const {
    return run("run " + file + " --worker ./worker --slots 1 --threads 1 " + options);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_sweep_is_known_by_its_file) {
  const TwoFiles program;
  BOOST_TEST(program.run_file("a/sweep.toml").code == 0);
  const std::string database = program.run("query 'select * from sweep' --format csv").out;
  for (const char* command :
       {"run b/sweep.toml --worker ./worker", "run b/sweep.toml --worker ./worker --dry-run",
        "plan b/sweep.toml", "plan b/sweep.toml --save", "plan b/sweep.toml --json"}) {
    const Outcome refused = program.run(command);
    BOOST_TEST(refused.code == 2, command);
    BOOST_TEST(refused.out == "", command);
    for (const char* part : {"b/sweep.toml: the sweep 'sweep' is that of another file, ", "a/sweep.toml; ",
                             "name = ", "--replace"})
      BOOST_TEST(refused.err.find(part) != std::string::npos, refused.err);
  }
  BOOST_TEST(program.run("query 'select * from sweep' --format csv").out == database);
  const std::string table = program.run("table a/sweep.toml").out;
  BOOST_TEST(table.starts_with("demo.width  "));
  for (const char* same : {"sweep", "./b/../a/sweep.toml", "$PWD/a/sweep.toml"})
    BOOST_TEST(program.run(std::string("table ") + same).out == table, same);
  program.shell("ln -s a/sweep.toml link.toml; ln -s a c");
  BOOST_TEST(program.run("table link.toml").out == table);
  BOOST_TEST(program.run("table c/sweep.toml").out == table);
  BOOST_TEST(program.run_file("link.toml").out ==
             "sweep: all 4 jobs finished already; see: ablate table sweep\n");
  for (const char* command :
       {"table b/sweep.toml", "status b/sweep.toml", "jobs b/sweep.toml", "export runs --sweep b/sweep.toml",
        "cancel --sweep b/sweep.toml", "retry --sweep b/sweep.toml", "law fit --sweep b/sweep.toml"}) {
    const Outcome refused = program.run(command);
    BOOST_TEST(refused.code == 2, command);
    BOOST_TEST(refused.err.find("has no sweep of ") != std::string::npos, refused.err);
    BOOST_TEST(refused.err.find("b/sweep.toml; the sweep 'sweep' there is that of ") != std::string::npos,
               refused.err);
  }
}

BOOST_AUTO_TEST_CASE(two_files_of_one_name_are_told_apart_by_a_name_of_their_own) {
  const TwoFiles program;
  program.run_file("a/sweep.toml");
  const std::string table = program.run("table a/sweep.toml").out;
  program.shell("sed -i '1i name = \"noise\"' b/sweep.toml");
  BOOST_TEST(program.run_file("b/sweep.toml").code == 0);
  BOOST_TEST(program.run("status --names").out == "noise\nsweep\n");
  BOOST_TEST(program.run("table a/sweep.toml").out == table);
  BOOST_TEST(program.run("table b/sweep.toml").out == program.run("table noise").out);
  BOOST_TEST(program.run("table noise").out.starts_with("demo.noise  "));
  // The other file may be the one that gets a name.
  program.shell("sed -i 1d b/sweep.toml; sed -i '1i name = \"width\"' a/sweep.toml");
  const Outcome taken = program.run_file("b/sweep.toml");
  BOOST_TEST(taken.code == 0);
  BOOST_TEST(
      taken.out.starts_with("the sweep 'sweep' was that of a/sweep.toml, which is named 'width' now; it is "
                            "that of b/sweep.toml now\n"));
  BOOST_TEST(program.run_file("a/sweep.toml").code == 0);
  BOOST_TEST(program.run("table a/sweep.toml").out == table);
}

BOOST_AUTO_TEST_CASE(a_name_is_taken_over_from_a_file_that_is_gone_and_by_request) {
  const TwoFiles program;
  program.run_file("a/sweep.toml");
  program.shell("mkdir c; mv a/sweep.toml a/demo.toml c/");
  BOOST_TEST(program.run("table sweep").code == 0);
  const Outcome moved = program.run("table c/sweep.toml");
  BOOST_TEST(moved.code == 2);
  BOOST_TEST(moved.err.find("a/sweep.toml, which is gone: planning this file takes the name over") !=
             std::string::npos);
  BOOST_TEST(line_with(program.run("plan c/sweep.toml").out, "note: ") ==
             "note: the sweep 'sweep' is that of a/sweep.toml, which is gone; it becomes, when this "
             "plan is saved or run, that of c/sweep.toml");
  BOOST_TEST(program.run_file("c/sweep.toml").out ==
             "the sweep 'sweep' was that of a/sweep.toml, which is gone; it is that of c/sweep.toml now\n"
             "sweep: all 4 jobs finished already; see: ablate table sweep\n");
  BOOST_TEST(program.run("table c/sweep.toml").code == 0);
  BOOST_TEST(program.run_file("b/sweep.toml").code == 2);
  const Outcome replaced = program.run("plan b/sweep.toml --save --replace");
  BOOST_TEST(replaced.code == 0);
  BOOST_TEST(line_with(replaced.out, "note: ") ==
             "note: the sweep 'sweep' was that of c/sweep.toml; it is that of b/sweep.toml now");
  BOOST_TEST(program.run("table c/sweep.toml").code == 2);
  // Another database knows nothing of this.
  BOOST_TEST(program.run("plan c/sweep.toml --save --db other.db").code == 0);
}

BOOST_AUTO_TEST_CASE(time_is_measured_by_stage_and_task) {
  const Program program;
  program.scratch.write("demo.toml",
                        "stages = [\"demo\", \"eval\"]\n[demo]\nsteps = 60\n[eval]\ntasks = "
                        "[\"demo-accuracy\", \"demo-robustness\"]\n");
  program.run_tiny();
  {
    Database database(program.scratch.path / "results" / "ablate.db", Database::Mode::read_write);
    Query(database,
          "UPDATE attempt SET ended_at = started_at + (SELECT CASE task WHEN 'demo-accuracy' THEN 1 WHEN "
          "'demo-robustness' THEN 10 ELSE 5 END FROM job WHERE job.id = job_id), detail = NULL")
        .run();
  }
  program.shell("sed -i 's/seeds = 3/seeds = 4/' tiny.toml");
  const Json plan = Json::parse(program.run("plan tiny.toml --json").out);
  std::int64_t planned = 0;
  for (const Json& job : plan["jobs"]) {
    if (job["seed"] != 3) continue;
    ++planned;
    const std::string task = job["task"];
    BOOST_TEST(job["seconds"] == (task == "demo-accuracy" ? 1.0 : task == "demo-robustness" ? 10.0 : 5.0));
  }
  BOOST_TEST(planned == 12);
  const Json& eval = plan["stages"][1];
  BOOST_TEST(eval["seconds_left"] == 4 * (1.0 + 10.0));
  BOOST_TEST(eval["tasks"][1]["task"] == "demo-robustness");
  BOOST_TEST(eval["tasks"][1]["measured_attempts"] == 12);
  BOOST_TEST(eval["tasks"][1]["startup_seconds"] == 10.0);
  BOOST_TEST(line_with(program.run("plan tiny.toml").out, "Speed:") ==
             "Speed:  measured for demo (12 attempts), eval (24 attempts of 2 tasks)");
  {
    Database database(program.scratch.path / "results" / "ablate.db", Database::Mode::read_write);
    Query(database, "UPDATE job SET flops = flops / 400 WHERE task = 'demo-robustness'").run();
  }
  const std::string far = program.run("plan tiny.toml").out;
  BOOST_TEST(far.find("Speed:  measured for demo (12 attempts), eval demo-accuracy (12 attempts);\n"
                      "        extrapolated for eval demo-robustness (12 attempts, jobs of up to 400\n"
                      "        times the FLOPs)\n") != std::string::npos);
  const Json tasks = Json::parse(program.run("plan tiny.toml --json").out)["stages"][1]["tasks"];
  BOOST_TEST(tasks[0]["extrapolated"] == false);
  BOOST_TEST(tasks[1]["extrapolated"] == true);
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
  const Json told = Json::parse(program.run("status --json").out);
  BOOST_TEST(told["failed"][0]["message"] == "boom \x1b[31m");
  const Json& evaluations = told["sweeps"][0]["stages"][1];
  BOOST_TEST(evaluations["waiting"] == 0);
  BOOST_TEST(evaluations["blocked"] == 4);
  BOOST_TEST(evaluations["jobs"] == 12);
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

BOOST_AUTO_TEST_CASE(a_run_says_that_its_sweep_was_planned_anew_meanwhile) {
  const Program program;
  program.shell(
      "echo 2 > bad; touch wait\n"
      "$ABLATE run tiny.toml --worker ./worker --slots 1 --threads 1 --keep-going > run.txt & run=$!\n"
      "while ! ls results/jobs/*/1/journal.jsonl; do sleep 0.02; done\n"
      "sed -i 's/seeds = 3/seeds = 2/' tiny.toml; $ABLATE plan tiny.toml --save; rm wait\n"
      "wait $run; echo $? > code");
  BOOST_TEST(program.read("code") == "1\n");
  const std::string out = program.read("run.txt");
  BOOST_TEST(line_with(out, "tiny: 16").starts_with("tiny: 16 jobs finished, 4 failed, 4 blocked; "));
  // Neither a list without an entry nor the advice to retry what the sweep does not have.
  const std::string end = out.substr(out.find("\n", out.find("tiny: 16")));
  BOOST_TEST(
      end ==
      "\n\nthe sweep was planned anew meanwhile, and no longer has 8 jobs that are without a result; the "
      "same command runs what it has now\n");
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
      "mkdir elsewhere && ln -s ../results/ablate.db elsewhere/link.db\n"
      "$ABLATE run tiny.toml --worker ./worker --slots 1 --threads 1 --db elsewhere/link.db > first & "
      "pid=$!\n"
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
  // What belongs to the database lies beside the file, though a link to it was given.
  BOOST_TEST(program.exists("results/ablate.db.lock"));
  BOOST_TEST(program.shell("ls elsewhere").out == "link.db\n");
  BOOST_TEST(program.run_tiny().code == 0);
}

BOOST_AUTO_TEST_CASE(a_worker_that_died_with_its_run_is_shown_as_gone) {
  const Program program;
  program.scratch.write("wait", "");
  const Outcome found = program.shell(
      "$ABLATE run tiny.toml --worker ./worker --slots 1 --threads 1 > first & pid=$!\n"
      "while ! grep -q start first; do sleep 0.02; done\n"
      "while ! $ABLATE query 'SELECT pid FROM attempts' --format csv | grep -q '[0-9]'; do\n"
      "  $ABLATE query 'SELECT handle FROM attempts' --format csv | tail -n 1 > handle\n"
      "  grep -q '[0-9]' handle && break; done\n"
      "kill -KILL $pid; wait $pid; $ABLATE status > orphan\n"
      "kill -KILL -$(cat handle); touch -d '10 minutes ago' results/jobs/*/1/journal.jsonl\n"
      "$ABLATE status; $ABLATE status --json > json");
  const auto job_line = [](const std::string& text) { return text.substr(text.find("running\n  ")); };
  BOOST_TEST(job_line(program.read("orphan")).find(" so far") != std::string::npos);
  BOOST_TEST(job_line(found.out).find("worker gone, last heard of ") != std::string::npos);
  BOOST_TEST(found.out.find(" so far") == std::string::npos);
  const Json job = Json::parse(program.read("json"))["running"][0];
  BOOST_TEST(job["worker_gone"] == true);
  BOOST_TEST(job["last_heard_at"].get<double>() > 0);
  std::filesystem::remove(program.scratch.path / "wait");
  BOOST_TEST(program.run_tiny().code == 0);
}

BOOST_AUTO_TEST_CASE(a_worker_that_outlived_its_run_is_counted_by_the_next_one) {
  const Program program;
  program.scratch.write("wait", "");
  const std::string run = "$ABLATE run tiny.toml --worker ./worker --slots 1 --threads 1";
  program.shell(
      run + " > first & pid=$!\nwhile ! grep -q start first; do sleep 0.02; done\n" +
      "kill -KILL $pid; wait $pid\n" + run +
      " > second & pid=$!\nwhile ! grep -q adopted second; do sleep 0.02; done\nrm wait; wait $pid");
  BOOST_TEST(program.read("second").find("tiny: 24 jobs finished; 24 attempts, 1 of them adopted, in ") !=
                 std::string::npos,
             program.read("second"));
}

BOOST_AUTO_TEST_CASE(databases_in_one_folder_leave_one_another_alone) {
  const Program program;
  const std::string run = "$ABLATE run tiny.toml --worker ./worker --slots 2 --threads 1 --quiet --db r/";
  const std::string table = "$ABLATE table tiny --value accuracy --format csv --db r/";
  const Outcome both = program.shell(run + "a.db & " + run + "b.db; echo $?; wait $!; echo $?");
  BOOST_TEST(both.out == "0\n0\n");
  const Outcome first = program.shell(table + "a.db");
  BOOST_TEST(first.code == 0);
  BOOST_TEST(program.shell(table + "b.db").out == first.out);
  for (const std::string name : {"a.db", "b.db"})
    BOOST_TEST(program.run("doctor --worker ./worker --db r/" + name).out.ends_with("all well\n"));
  // A copy goes on by itself from what both have.
  const std::string jobs =
      "; $ABLATE query \"SELECT count(*) FROM attempts WHERE state = 'finished'\" --format csv";
  const Outcome copied = program.shell("cp r/a.db r/c.db; sed -i s/60/70/ demo.toml; " + run + "c.db && " +
                                       run + "a.db" + jobs + " --db r/a.db" + jobs + " --db r/c.db");
  BOOST_TEST(copied.out == "count(*)\n48\ncount(*)\n48\n");
  // So does one that is begun anew under the name of another, which keeps what it had.
  BOOST_TEST(program.shell("mv r/a.db r/old.db; " + run + "a.db").code == 0);
  BOOST_TEST(program.shell("find r/jobs -mindepth 2 -maxdepth 2 -type d | wc -l").out == "120\n");
}

BOOST_AUTO_TEST_CASE(a_database_elsewhere_is_named_by_option_or_environment) {
  const Program program;
  BOOST_TEST(program.run("plan tiny.toml --save --db a/b.db").code == 0);
  BOOST_TEST(program.shell("ABLATE_DB=a/b.db $ABLATE status --names").out == "tiny\n");
  BOOST_TEST(!program.exists("results"));
}

BOOST_AUTO_TEST_SUITE_END()
