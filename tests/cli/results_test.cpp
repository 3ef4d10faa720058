// table, query, export, jobs, log, cancel and doctor, end to end.
#include <boost/test/unit_test.hpp>

#include "cli/program.hpp"
#include "store/query.hpp"
#include "util/json.hpp"

BOOST_AUTO_TEST_SUITE(results)

using namespace ablate;

namespace {

/// A sweep that has run: scores are 0.RESOLUTION SEED.
struct Finished : Program {
  Finished() { BOOST_REQUIRE(run_tiny("--quiet").code == 0); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(tables_come_in_all_formats) {
  const Finished program;
  BOOST_TEST(program.run("table tiny").out ==
             "demo.resolution  demo.width       accuracy\n"
             "---------------  ----------  -------------\n"
             "4                8           0.410 ± 0.010\n"
             "4                16          0.410 ± 0.010\n"
             "8                8           0.810 ± 0.010\n"
             "8                16          0.810 ± 0.010\n"
             "\n"
             "mean ± standard deviation over 3 seeds\n");
  BOOST_TEST(
      program.run("table tiny.toml --rows demo.resolution --columns demo.width --format markdown").out ==
      "| demo.resolution |             8 |            16 |\n"
      "| :-------------- | ------------: | ------------: |\n"
      "| 4               | 0.410 ± 0.010 | 0.410 ± 0.010 |\n"
      "| 8               | 0.810 ± 0.010 | 0.810 ± 0.010 |\n"
      "\n"
      "accuracy; columns: demo.width\n"
      "\n"
      "mean ± standard deviation over 3 seeds\n");
  BOOST_TEST(program.run("table tiny --rows demo.resolution --format latex --spread se").out ==
             "\\begin{tabular}{lr}\n"
             "  \\toprule\n"
             "  demo.resolution & accuracy \\\\\n"
             "  \\midrule\n"
             "  4 & $0.4100 \\pm 0.0058$ \\\\\n"
             "  8 & $0.8100 \\pm 0.0058$ \\\\\n"
             "  \\bottomrule\n"
             "\\end{tabular}\n"
             "% mean ± standard error over 3 seeds\n"
             "% averaged, within each seed, over demo.width (2 levels)\n");
  const std::string csv = program.run("table tiny --format csv --value demo/loss --spread none").out;
  BOOST_TEST(
      csv.starts_with("demo.resolution,demo.width,state,demo/loss_mean,demo/loss_n,demo/loss_missing,"
                      "demo/loss_examples,demo/loss_examples_se,demo/loss_over,demo/loss_cells,"
                      "demo/loss_seeds,demo/loss_left_out\n4,8,finished,1.5,3,0,,,own,0,0 1 2,0\n"));
  const Json json = Json::parse(program.run("table tiny --format json --rows demo.width").out);
  BOOST_TEST(json.size() == 2u);
  BOOST_TEST(json[0]["accuracy_n"] == 3);
  BOOST_TEST(json[0]["accuracy_mean"].get<double>() == 0.61, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(components_stand_beside_a_baseline) {
  const Finished program;
  BOOST_TEST(program.run("table tiny --components").out ==
             "demo.resolution  demo.width       accuracy  accuracy vs baseline\n"
             "---------------  ----------  -------------  --------------------\n"
             "4                8           0.410 ± 0.010              baseline\n"
             "·                16          0.410 ± 0.010                 0.000\n"
             "8                ·           0.810 ± 0.010                +0.400\n"
             "8                16          0.810 ± 0.010                +0.400\n"
             "\n"
             "mean ± standard deviation over 3 seeds\n"
             "vs baseline: difference to the first row over the seeds that both have (t over\n"
             "  seeds); no interval: one run each, or nothing varies\n"
             "·: as in the baseline\n");
  const std::string csv = program.run("table tiny --components --baseline 3 --spread none --format csv").out;
  BOOST_TEST(
      csv.starts_with("cell,baseline,demo.resolution,demo.width,accuracy_mean,accuracy_n,accuracy_missing,"
                      "accuracy_difference,accuracy_low,accuracy_high,accuracy_p,accuracy_pairs\n3,1,8,16,"));
  const auto expect_refusal = [&](const std::string& options, const std::string& message) {
    const Outcome found = program.run("table tiny " + options);
    BOOST_TEST(found.code == 2);
    BOOST_TEST(found.out == "");
    BOOST_TEST(found.err == "ablate: " + message + "\n");
  };
  expect_refusal("--baseline 1", "--baseline belongs to --components");
  expect_refusal("--components --columns demo.width",
                 "--columns does not go with --components, which has a row for each cell");
  expect_refusal(
      "--components --baseline demo.width=8",
      "'demo.width=8' fits 2 cells of sweep 'tiny': 0, 2; expected one: its number, or its level of "
      "demo.resolution");
}

BOOST_AUTO_TEST_CASE(unknown_axes_and_values_are_answered_with_the_nearest) {
  const Finished program;
  BOOST_TEST(program.run("table tiny --rows demo.witdh").err ==
             "ablate: sweep 'tiny' has no axis 'demo.witdh'; did you mean 'demo.width'?\n");
  BOOST_TEST(program.run("table tiny --value acuracy").err ==
             "ablate: sweep 'tiny' has no value 'acuracy'; did you mean 'accuracy'?\n");
  BOOST_TEST(program.run("table tiny --rows demo.width --columns demo.width").err ==
             "ablate: axis 'demo.width' is asked for twice; expected once, in --rows or --columns\n");
  BOOST_TEST(program.run("table tiny --sort acc").code == 2);
  BOOST_TEST(program.run("table tniy").err.find("did you mean 'tiny'?") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_evaluation_that_gave_no_score_is_named) {
  Program program;
  program.scratch.write("demo.toml",
                        "stages = [\"demo\", \"eval\"]\n[demo]\nsteps = 60\n"
                        "[eval]\ntasks = [\"demo-accuracy\", \"demo-robustness\"]\n");
  BOOST_REQUIRE(program.run_tiny("--quiet").code == 0);
  BOOST_TEST(program.run("table tiny").out.find("no score yet") == std::string::npos);
  {
    Database database(program.scratch.path / "results/ablate.db", Database::Mode::read_write);
    Query(database,
          "DELETE FROM score_value WHERE job_id IN (SELECT id FROM job WHERE task = 'demo-robustness')")
        .run();
    Query(database, "UPDATE job SET state = 'failed' WHERE task = 'demo-robustness'").run();
  }
  const std::string note =
      "no score yet of demo-robustness (12 failed); `ablate jobs tiny --stage eval` lists the jobs";
  BOOST_TEST(program.run("table tiny --format latex").out.ends_with("\n% " + note + "\n"));
  const Outcome csv = program.run("table tiny --format csv");
  BOOST_TEST(csv.out.find("no score yet") == std::string::npos);
  BOOST_TEST(csv.err == "note: " + note + "\n");
  BOOST_TEST(program.run("table tiny --value accuracy").out.find("no score yet") == std::string::npos);
  const Outcome asked = program.run("table tiny --value demo-robustness/noise:min");
  BOOST_TEST(asked.code == 2);
  BOOST_TEST(asked.err == "ablate: sweep 'tiny': " + note + "\n");
  BOOST_TEST(program.run("table tiny --value acuracy").err ==
             "ablate: sweep 'tiny' has no value 'acuracy'; did you mean 'accuracy'?\n" + note + "\n");
}

BOOST_AUTO_TEST_CASE(a_file_that_has_changed_since_it_was_planned_is_said_to_have) {
  const Finished program;
  const auto notes_are = [&](const std::string& note) {
    for (const char* command : {"table tiny.toml", "table ./tiny.toml --format csv", "status tiny.toml",
                                "export runs --sweep tiny.toml", "jobs tiny.toml"}) {
      const Outcome found = program.run(command);
      BOOST_TEST(found.code == 0, command);
      BOOST_TEST(found.err == note, command << ": " << found.err);
    }
    BOOST_TEST(program.run("table tiny").err == "");
  };
  notes_are("");
  const std::string table = program.run("table tiny.toml").out;
  program.shell("echo '# A comment is no change.' >> tiny.toml; echo '[run]' >> demo.toml");
  notes_are("");
  program.shell("sed -i 's/steps = 60/steps = 70/' demo.toml");
  notes_are(
      "note: tiny.toml or demo.toml, which it names, has changed since it was planned, and shown is what it "
      "was then; `ablate plan tiny.toml --save` plans it as it is now\n");
  BOOST_TEST(program.run("table tiny.toml").out == table);
  program.shell("echo 'levels = 3' >> tiny.toml");
  notes_are(
      "note: tiny.toml cannot be planned any more, as `ablate plan tiny.toml` explains; shown is what it was "
      "when it was planned\n");
  program.shell("sed -i '$d' tiny.toml");
  BOOST_TEST(program.run("plan tiny.toml --save").code == 0);
  BOOST_TEST(program.run("table tiny.toml").err.find("changed") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_query_reads_in_any_format) {
  const Finished program;
  BOOST_TEST(program.run("query 'SELECT stage, count(*) AS jobs FROM jobs GROUP BY stage'").out ==
             "stage  jobs\n"
             "-----  ----\n"
             "demo   12\n"
             "eval   12\n");
  BOOST_TEST(program.run("query 'SELECT 1.5 AS a, NULL AS b, x'\"''\"' AS c' --format json").out ==
             "[\n  {\"a\": 1.5, \"b\": null, \"c\": \"X''\"}\n]\n");
  BOOST_TEST(program.run("query 'SELECT value FROM json_each('\"'[1,2]'\"')' --format csv").out ==
             "value\n1\n2\n");
  BOOST_TEST(program.run("query 'SELECT count(*) AS n FROM runs; -- all' --format csv").out == "n\n12\n");
}

BOOST_AUTO_TEST_CASE(a_query_never_writes) {
  const Finished program;
  const std::string before = program.shell("cksum results/ablate.db").out;
  const struct {
    const char *sql, *message;
  } refused[] = {
      {"INSERT INTO sweep (name) VALUES (1)", "query only reads; refused: INSERT into sweep"},
      {"UPDATE job SET state = 1", "query only reads; refused: UPDATE of job"},
      {"DELETE FROM job", "query only reads; refused: DELETE from job"},
      {"DROP TABLE job", "query only reads; refused: DELETE from sqlite_master"},
      {"UPDATE sqlite_master SET sql = 1", "SQL: table sqlite_master may not be modified"},
      {"ATTACH x AS y", "query only reads; refused: ATTACH or VACUUM INTO x"},
      {"VACUUM", "query only reads; refused: a statement that writes"},
      {"VACUUM INTO \"copy.db\"", "query only reads; refused: a statement that writes"},
      {"PRAGMA journal_mode = DELETE", "query only reads; refused: PRAGMA journal_mode"},
      {"PRAGMA writable_schema = 1", "query only reads; refused: PRAGMA writable_schema"},
      {"PRAGMA user_version = 9", "query only reads; refused: PRAGMA user_version"},
      {"BEGIN IMMEDIATE", "query only reads; refused: transaction BEGIN"},
      {"SELECT load_extension(1)", "query only reads; refused: function load_extension"},
      {"SELECT 1; DELETE FROM job", "query only reads; refused: DELETE from job"},
      {"SELECT 1; SELECT 2", "SQL: several statements; expected one"},
      {";", "SQL: there is no statement; for example: ablate query \"SELECT * FROM runs LIMIT 5\""},
  };
  for (const auto& [sql, message] : refused) {
    const Outcome found = program.run("query '" + std::string(sql) + "'");
    BOOST_TEST_CONTEXT(sql) {
      BOOST_TEST(found.code == 2);
      BOOST_TEST(found.out == "");
      BOOST_TEST(found.err == "ablate: " + std::string(message) + "\n");
    }
  }
  BOOST_TEST(program.shell("cksum results/ablate.db").out == before);
  BOOST_TEST(!program.exists("copy.db"));
}

BOOST_AUTO_TEST_CASE(a_mistake_in_sql_is_shown_in_its_place) {
  const Finished program;
  BOOST_TEST(program.run("query 'SELECT seed\nFROM jobs WHERE sede = 1'").err ==
             "ablate: SQL: no such column: sede (at character 29)\n"
             "  FROM jobs WHERE sede = 1\n"
             "                  ^\n");
  BOOST_TEST(
      program.run("query 'SELECT * FROM rnus'").err ==
      "ablate: SQL: no such table: rnus\n"
      "did you mean 'runs'? the views are: sweeps, claims, added_seeds, runs, sweep_jobs, jobs, attempts, "
      "metrics, scores\n");
  const Outcome slow = program.run(
      "query 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c' "
      "--timeout 0.1s");
  BOOST_TEST(slow.code == 2);
  BOOST_TEST(slow.err == "ablate: the query took longer than 0.1 s; --timeout 0 lets it run\n");
}

BOOST_AUTO_TEST_CASE(exports_are_tidy_and_whole) {
  const Finished program;
  const std::string runs = program.run("export runs").out;
  BOOST_TEST(
      runs.starts_with("sweep,cell,label,seed,state,diverged,demo.resolution,demo.width,accuracy,demo/loss\n"
                       "tiny,0,,0,finished,0,4,8,0.4,1.5\n"));
  BOOST_TEST(program.run("export metrics --sweep tiny --output m.csv").out == "m.csv: 12 rows\n");
  BOOST_TEST(program.read("m.csv").starts_with("key,stage,seed,metric,step,value,attempt\n"));
  BOOST_TEST(Json::parse(program.run("export scores --format json").out).size() == 12u);
  BOOST_TEST(Json::parse(program.run("export jobs --format json").out).size() == 24u);
  const Outcome wrong = program.run("export runs --output absent/m.csv");
  BOOST_TEST(wrong.code == 2);
  BOOST_TEST(wrong.err == "ablate: absent/m.csv: cannot be written: No such file or directory\n");
  BOOST_TEST(program.run("export runs --sweep tiyn").err.find("did you mean 'tiny'?") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_axis_that_is_called_like_another_column_has_a_column_of_its_own) {
  const Program program;
  program.scratch.write("tiny.toml",
                        "experiment = \"demo.toml\"\n"
                        "[[axis]]\nname = \"state\"\nlevels = [{ label = \"wide\", demo.width = 16 }]\n"
                        "[[axis]]\nname = \"axis/state\"\nlevels = [{ label = \"b\", demo.noise = 0.25 }]\n"
                        "[[axis]]\nname = \"accuracy\"\nlevels = [{ label = \"c\", demo.batch = 8 }]\n"
                        "[[axis]]\nkey = \"demo.resolution\"\nlevels = [4, 8]\n"
                        "[[axis]]\nname = \"cell\"\nlevels = [{ label = \"d\", demo.peak_lr = 0.5 }]\n"
                        "[[include]]\nlabel = \"short\"\ndemo.steps = 5\n");
  BOOST_REQUIRE(program.run_tiny("--quiet").code == 0);
  BOOST_TEST(
      program.run("export runs")
          .out.starts_with(
              "sweep,cell,label,seed,state,diverged,axis/axis/state,axis/state,axis/accuracy,demo.resolution,"
              "axis/cell,accuracy,demo/loss\n"
              "tiny,0,,0,finished,0,wide,b,c,4,d,0.4,1.5\n"));
  const Json exported = Json::parse(program.run("export runs --format json").out);
  BOOST_TEST(exported[0]["cell"] == 0);
  BOOST_TEST(exported[0]["axis/cell"] == "d");
  BOOST_TEST(exported[0]["accuracy"] == 0.4);
  // A name is another one only where there is a column like it, or a score with columns of its own.
  BOOST_TEST(program.run("table tiny --rows state,accuracy,cell --format csv --spread none")
                 .out.starts_with("label,axis/state,axis/accuracy,cell,state,accuracy_mean,"));
  BOOST_TEST(program.run("table tiny --rows state,accuracy,cell --spread none")
                 .out.starts_with("cell   state  axis/accuracy  axis/cell "));
}

BOOST_AUTO_TEST_CASE(an_experiment_that_two_blocks_have_is_one_row_and_counts_once_in_means) {
  const Program program;
  program.scratch.write("tiny.toml",
                        "experiment = \"demo.toml\"\ncombine = \"union\"\n"
                        "[[block]]\n[[block.axis]]\nkey = \"demo.resolution\"\nlevels = [4, 8]\n"
                        "[[block]]\ndesign = \"one-at-a-time\"\n"
                        "[[block.axis]]\nkey = \"demo.batch\"\nlevels = [3, 5]\n");
  BOOST_REQUIRE(program.run_tiny("--quiet").code == 0);
  BOOST_TEST(program.run("export runs").out ==
             "sweep,cell,label,seed,state,diverged,demo.resolution,demo.batch,accuracy,demo/loss\n"
             "tiny,0,,0,finished,0,4,32,0.4,1.5\n"
             "tiny,1,,0,finished,0,8,32,0.8,1.5\n"
             "tiny,2,,0,finished,0,8,3,0.8,1.5\n"
             "tiny,3,,0,finished,0,8,5,0.8,1.5\n");
  // (0.4 + 0.8) / 2, and not (0.4 + 0.8 + 0.8) / 3.
  const std::string table =
      program.run("table tiny --rows demo.batch --over own --format csv --spread none").out;
  BOOST_TEST(table.find("\n32,finished,0.6000000000000001,") != std::string::npos, table);
  BOOST_TEST(std::count(table.begin(), table.end(), '\n') == 4, table);
}

BOOST_AUTO_TEST_CASE(logs_and_journals_can_be_read) {
  const Finished program;
  const std::string key = Json::parse(program.run("jobs --stage demo --format json").out)[0]["key"];
  const Outcome log = program.run("log " + key.substr(0, 8));
  BOOST_TEST(log.code == 0);
  BOOST_TEST(log.out == "seed 0\n");
  BOOST_TEST(log.err.ends_with("/results/jobs/" + key + "/1/log.txt\n"));
  BOOST_TEST(program.run("log " + key + " --follow").out == "seed 0\n");
  BOOST_TEST(program.run("log " + key + " --journal").out ==
             "00:00:01  started    attempt 1 of 60 steps\n"
             "00:00:02  metric     step 60  loss 1.5\n"
             "00:00:03  finished   step 60\n");
  BOOST_TEST(program.run("log " + key.substr(0, 8) + " --attempt 2").err ==
             "ablate: job " + key.substr(0, 8) + " has no attempt 2; it has 1\n");
  BOOST_TEST(program.run("log zzzz").code == 2);
}

BOOST_AUTO_TEST_CASE(cancelled_jobs_block_and_come_back) {
  const Program program;
  BOOST_TEST(program.run("plan tiny.toml --save").code == 0);
  BOOST_TEST(program.run("cancel").err ==
             "ablate: cancel needs either jobs or --sweep; for example: ablate cancel --sweep connector "
             "--state waiting\n");
  const std::string key = Json::parse(program.run("jobs --stage demo --format json").out)[0]["key"];
  BOOST_TEST(program.run("cancel " + key.substr(0, 8)).out == "1 waiting job cancelled\n");
  BOOST_TEST(program.run("status").out.starts_with("tiny: 0 of 24 jobs finished, 1 cancelled, 1 blocked\n"));
  // A run that cannot complete says so, and what to do.
  const Outcome part = program.run_tiny();
  BOOST_TEST(part.code == 1);
  BOOST_TEST(
      line_with(part.out, "tiny: 22 jobs").starts_with("tiny: 22 jobs finished, 1 cancelled, 1 blocked; "));
  BOOST_TEST(line_with(part.out, "  " + key.substr(0, 8) + "  demo  seed")
                 .ends_with("cancelled by `ablate cancel`"));
  BOOST_TEST(
      part.out.ends_with("\n`ablate retry --sweep tiny` takes that back; then the same command goes on\n"));
  const std::string plan = program.run("plan tiny.toml --jobs").out;
  BOOST_TEST(line_with(plan, "Left: ").starts_with("Left:   1 cancelled, 1 blocked by them: `ablate jobs"));
  BOOST_TEST(line_with(plan, "Time: ").starts_with("Time:   0.0 s of slot time"));
  BOOST_TEST(plan.find("blocked\n") != std::string::npos);
  const Json stages = Json::parse(program.run("plan tiny.toml --json").out)["stages"];
  BOOST_TEST(stages[0]["cancelled"] == 1);
  BOOST_TEST(stages[1]["blocked"] == 1);
  BOOST_TEST(stages[1]["to_run"] == 0);
  const Outcome quiet = program.run_tiny("--quiet");
  BOOST_TEST(quiet.code == 1);
  BOOST_TEST(quiet.out.find("1 cancelled, 1 blocked") != std::string::npos);
  BOOST_TEST(program.run("retry --sweep tiny").out == "1 job waits again; `ablate run` starts what waits\n");
  BOOST_TEST(program.run_tiny().code == 0);
}

BOOST_AUTO_TEST_CASE(all_jobs_of_a_sweep_are_cancelled_and_come_back) {
  const Program program;
  BOOST_TEST(program.run("plan tiny.toml --save").code == 0);
  const std::string key = Json::parse(program.run("jobs --stage demo --format json").out)[0]["key"];
  BOOST_TEST(program.run("cancel " + key).code == 0);
  BOOST_TEST(program.run("cancel --sweep tiny").out ==
             "23 waiting jobs cancelled; 1 job had ended already\n");
  BOOST_TEST(program.run("retry --sweep tiny").out == "24 jobs wait again; `ablate run` starts what waits\n");
  BOOST_TEST(program.run("retry " + key).out == "0 jobs wait again; 1 job is neither failed nor cancelled\n");
}

BOOST_AUTO_TEST_CASE(a_queued_job_is_shown_as_such) {
  const Program program;
  BOOST_TEST(program.run("plan tiny.toml --save").code == 0);
  std::string key;
  {
    Database database(program.scratch.path / "results/ablate.db", Database::Mode::read_write);
    Query(database, "UPDATE job SET state = 'queued' WHERE id = 1").run();
    Query query(database, "SELECT key FROM job WHERE id = 1");
    BOOST_REQUIRE(query.step());
    key = query.text(0);
  }
  BOOST_TEST(program.run("status tiny").out.starts_with("tiny: 0 of 24 jobs finished, 1 queued\n"));
  BOOST_TEST(Json::parse(program.run("status --json").out)["sweeps"][0]["stages"][0]["queued"] == 1);
  BOOST_TEST(program.run("jobs --state queued --format csv").out.find(key.substr(0, 8)) != std::string::npos);
  BOOST_TEST(program.run("jobs --why " + key)
                 .out.find("It was queued when its `ablate run` ended; the next one goes on with it.") !=
             std::string::npos);
  BOOST_TEST(program.run("export jobs").out.find("queued") != std::string::npos);
  BOOST_TEST(program.run("query \"SELECT count(*) FROM runs WHERE state = 'queued'\" --format csv")
                 .out.ends_with("\n1\n"));
  BOOST_TEST(program.run("cancel " + key).out ==
             "0 waiting jobs cancelled; 1 running job will be stopped by the next `ablate run`\n");
}

BOOST_AUTO_TEST_CASE(the_doctor_finds_all_well_and_names_what_is_not) {
  const Finished program;
  const Outcome well = program.run("doctor --worker ./worker");
  BOOST_TEST(well.code == 0);
  BOOST_TEST(well.out.find("worker of the tests") != std::string::npos);
  BOOST_TEST(well.out.ends_with("all well\n"));
  std::filesystem::create_directories(program.scratch.path / "results/jobs/0123/1");
  const Outcome orphan = program.run("doctor --worker ./absent");
  BOOST_TEST(orphan.code == 1);
  BOOST_TEST(line_with(orphan.out, "folders")
                 .starts_with("note   folders   1 attempt folder that no job of this database knows:"));
  BOOST_TEST(line_with(orphan.out, "  worker").starts_with("FAULT  worker"));
  BOOST_TEST(orphan.out.ends_with("something has to be mended\n"));
  std::filesystem::remove_all(program.scratch.path / "results/jobs/0123");
  // Finished jobs whose folders are gone, and one that is run again.
  const std::string key =
      program.run("query \"SELECT key FROM jobs WHERE stage = 'demo' ORDER BY key LIMIT 1\" --format csv")
          .out.substr(4, 32);
  program.shell("rm -r results/jobs/" + key);
  const Outcome gone = program.run("doctor --worker ./worker");
  BOOST_TEST(gone.code == 0);
  BOOST_TEST(line_with(gone.out, "finished")
                 .starts_with("note   finished  1 finished job without its folder: " + key.substr(0, 8)));
  BOOST_TEST(program.run("retry " + key).out.starts_with("1 job waits again"));
  BOOST_TEST(program.run("run tiny.toml --worker ./worker").code == 0);
  BOOST_TEST(program.run("doctor --worker ./worker").out.ends_with("all well\n"));
  // What a database of another version needs.
  const auto set_version = [&](int version) {
    Database database(program.scratch.path / "results/ablate.db", Database::Mode::read_write);
    Query(database, ("PRAGMA user_version = " + std::to_string(version)).c_str()).run();
  };
  {
    Database database(program.scratch.path / "results/ablate.db", Database::Mode::read_write);
    // What it had then, and what it had not; views are there to be made anew.
    for (const char* change :
         {"ALTER TABLE attempt ADD COLUMN pid INTEGER", "DROP VIEW claims", "DROP TABLE claim",
          "DROP VIEW added_seeds", "DROP TABLE seed_addition", "DROP VIEW scores", "DROP VIEW sweeps",
          "DROP VIEW runs", "ALTER TABLE score_value DROP COLUMN outcomes",
          "ALTER TABLE sweep DROP COLUMN imported", "CREATE VIEW scores AS SELECT 1 AS one",
          "CREATE VIEW sweeps AS SELECT 1 AS one", "CREATE VIEW runs AS SELECT 1 AS one"})
      Query(database, change).run();
  }
  set_version(3);
  const Outcome old = program.run("doctor --worker ./worker");
  BOOST_TEST(old.code == 1);
  BOOST_TEST(line_with(old.out, "fix: ").find("`ablate run SWEEP` or `ablate plan SWEEP --save`") !=
             std::string::npos);
  BOOST_TEST(program.run("plan tiny.toml --save").code == 0);
  BOOST_TEST(program.run("doctor --worker ./worker").code == 0);
  BOOST_TEST(program.run("query 'SELECT count(*) FROM jobs' --format csv").out.ends_with("24\n"));
  set_version(99);
  BOOST_TEST(line_with(program.run("doctor --worker ./worker").out, "fix: ").find("use a newer ablate") !=
             std::string::npos);
  program.scratch.write("results/ablate.db",
                        "this is no database, but it is long enough to be looked at as one");
  BOOST_TEST(
      program.shell("rm -f results/ablate.db-wal results/ablate.db-shm; $ABLATE doctor --worker ./worker")
          .code == 1);
}

BOOST_AUTO_TEST_SUITE_END()
