// `ablate import`, end to end: tables of others, and what other commands make of them.
#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "cli/program.hpp"
#include "util/json.hpp"

BOOST_AUTO_TEST_SUITE(import)

using namespace ablate;

namespace {

const std::string kPublished = ABLATE_SOURCE_DIR "/results/published/";

struct Tables : Program {
  /// What is imported, as JSON.
  Json import(const std::string& name, const std::string& csv, const std::string& options = "") {
    scratch.write(name, csv);
    const Outcome found = run("import " + name + " --json " + options);
    BOOST_TEST(found.err == "");
    BOOST_REQUIRE(found.code == 0);
    return Json::parse(found.out);
  }
  std::string error(const std::string& csv, const std::string& options = "") {
    scratch.write("wrong.csv", csv);
    const Outcome found = run("import wrong.csv " + options);
    BOOST_TEST(found.code == 2);
    BOOST_TEST(found.out == "");
    return found.err;
  }
  std::vector<std::string> axes_of(const Json& json) {
    std::vector<std::string> names;
    for (const Json& axis : json["axes"]) names.push_back(axis["name"].get<std::string>());
    return names;
  }
};

using Names = std::vector<std::string>;

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_published_table_becomes_a_sweep, Tables) {
  const Outcome found = run("import " + kPublished + "mm1-connector.csv");
  BOOST_TEST(found.err == "");
  BOOST_TEST(found.out.starts_with("mm1-connector: 9 runs of 9 cells imported from "));
  BOOST_TEST(line_with(found.out, "  axes") ==
             "  axes     connector (3 levels), image_res_px (2 levels), visual_tokens (2");
  BOOST_TEST(line_with(found.out, "  scores") == "  scores   shot0, shot4, shot8");
  BOOST_TEST(line_with(found.out, "  seed") ==
             "  seed     none: each run has its own, and no two are paired");
  BOOST_TEST(line_with(found.out, "  not read") == "  not read source");
  // The mean over the three settings of 30.9, 31.9, 32.2.
  const Json table = Json::parse(run("table mm1-connector --rows connector --value shot0 --format json").out);
  BOOST_REQUIRE(table.size() == 3u);
  BOOST_TEST(table[0]["connector"] == "avg_pool");
  BOOST_TEST(table[0]["shot0_mean"].get<double>() == (30.9 + 31.9 + 32.2) / 3,
             boost::test_tools::tolerance(1e-12));
  BOOST_TEST(run("query 'SELECT count(*) AS n FROM runs WHERE flops IS NULL' --format csv").out == "n\n9\n");
  BOOST_TEST(run("export runs --sweep mm1-connector").out.find(",avg_pool,224,64,30.9,55.5,58.7\n") !=
             std::string::npos);
  BOOST_TEST(run("status").out.starts_with("mm1-connector: 9 runs imported from "));
}

BOOST_FIXTURE_TEST_CASE(all_published_tables_are_read, Tables) {
  const struct {
    const char* file;
    std::size_t runs;
    Names axes, scores;
  } tables[] = {
      {"mm1-encoder",
       10,
       {"encoder_loss", "arch", "image_res_px", "encoder_pretrain_data"},
       {"shot0", "shot4", "shot8"}},
      {"mm1-fewshot",
       24,
       {"model", "shots"},
       {"coco", "nocaps", "textcaps", "vqav2", "textvqa", "vizwiz", "okvqa"}},
  };
  for (const auto& [file, runs, axes, scores] : tables) {
    const Json json = Json::parse(run("import " + kPublished + file + ".csv --json").out);
    BOOST_TEST(json["runs"] == runs, file);
    BOOST_TEST(axes_of(json) == axes, boost::test_tools::per_element());
    BOOST_TEST(json["scores"].get<Names>() == scores, boost::test_tools::per_element());
  }
  const Json data =
      Json::parse(run("import " + kPublished +
                      "mm1-data.csv --axis panel,setting --score textcore,shot0,shot4,shot8 --json")
                      .out);
  BOOST_TEST(data["runs"] == 15);
  BOOST_TEST(data["cells"] == 15);
}

BOOST_FIXTURE_TEST_CASE(the_same_file_again_changes_nothing, Tables) {
  const std::string csv = "kind,loss\na,1.5\nb,2.5\na,1.25\nb,2.25\n";
  BOOST_TEST(import("x.csv", csv)["unchanged"] == false);
  BOOST_TEST(import("x.csv", csv)["unchanged"] == true);
  const Json changed = import("x.csv", csv + "a,1.125\n");
  BOOST_TEST(changed["replaced"] == true);
  BOOST_TEST(changed["runs"] == 5);
  BOOST_TEST(changed["lower_is_better"].get<Names>() == Names{"loss"}, boost::test_tools::per_element());
  BOOST_TEST(run("query 'SELECT count(*) AS n FROM scores' --format csv").out == "n\n5\n");
}

BOOST_FIXTURE_TEST_CASE(seeds_pair_runs_and_may_be_words, Tables) {
  const Json numbers = import("numbers.csv", "kind,seed,score\na,3,1\nb,3,2\na,7,3\nb,7,4\n");
  BOOST_TEST(numbers["seed"] == "seed");
  BOOST_TEST(
      run("query \"SELECT group_concat(seed) AS s FROM runs WHERE sweep = 'numbers'\" --format csv").out ==
      "s\n\"3,3,7,7\"\n");
  import("words.csv", "kind,block,score\na,I,1\nb,I,2\na,II,3\nb,II,4\n");
  BOOST_TEST(
      run("query \"SELECT group_concat(seed) AS s FROM runs WHERE sweep = 'words'\" --format csv").out ==
      "s\n\"1,1,2,2\"\n");
  BOOST_TEST(
      run("query \"SELECT imported ->> '$.seeds[1]' AS s FROM sweeps WHERE name = 'words'\" --format csv")
          .out == "s\nII\n");
  BOOST_TEST(import("own.csv", "kind,seed,score\na,3,1\nb,3,2\na,3,3\n",
                    "--seed none --axis kind --score score")["runs"] == 3);
  BOOST_TEST(error("kind,seed,score\na,3,1\nb,3,2\na,3,3\nb,4,3\n", "--axis kind") ==
             "ablate: wrong.csv:4: has the levels and the seed of wrong.csv:2, and tells another thing; name "
             "the column "
             "in which they differ with --axis, or say --seed none where each row is a run of its own\n");
}

BOOST_FIXTURE_TEST_CASE(failed_runs_have_no_score_and_others_are_left_out, Tables) {
  // As W&B exports it: one finished, one crashed with a last loss, one that runs, one without a value, one
  // NaN.
  const Json json = import(
      "wandb.csv",
      "\"Name\",\"State\",\"width\",\"val_loss\",\"val_loss_n\",\"val_loss_se\"\n"
      "\"r-0\",\"finished\",\"8\",\"1.5\",\"100\",\"0.1\"\n\"r-1\",\"crashed\",\"8\",\"1.25\",\"\",\"\"\n"
      "\"r-2\",\"running\",\"16\",\"1.75\",\"\",\"\"\n\"r-3\",\"finished\",\"16\",\"\",\"\",\"\"\n"
      "\"r-4\",\"finished\",\"16\",\"NaN\",\"\",\"\"\n\"r-5\",\"finished\",\"16\",\"2.5\",\"\",\"\"\n");
  BOOST_TEST(json["runs"] == 5);
  BOOST_TEST(json["failed"] == 3);
  BOOST_TEST(json["left_out"]["state running"] == 1);
  BOOST_TEST(axes_of(json) == Names{"width"}, boost::test_tools::per_element());
  BOOST_TEST(run("query 'SELECT value, n, stderr FROM scores ORDER BY value' --format csv").out ==
             "value,n,stderr\n1.5,100,0.1\n2.5,0,\n");
}

BOOST_FIXTURE_TEST_CASE(what_is_called_like_a_score_and_varies_like_a_setting_is_asked_about, Tables) {
  const std::string csv = "kind,label_error,top1\na,0.1,0.51\na,0.2,0.48\nb,0.1,0.55\nb,0.2,0.53\n";
  BOOST_TEST(
      error(csv).find("it is not clear which column is the score; name it with --score: label_error (") !=
      std::string::npos);
  BOOST_TEST(axes_of(import("noise.csv", csv, "--score top1")) == (Names{"kind", "label_error"}),
             boost::test_tools::per_element());
  const Json mlflow =
      import("mlflow.csv",
             "params.kind,tags.mlflow.user,tags.mlflow.source.name,metrics.acc\na,me,x.py,0.51\n"
             "a,you,x.py,0.48\nb,me,y.py,0.55\nb,you,y.py,0.53\n");
  BOOST_TEST(axes_of(mlflow) == Names{"params.kind"}, boost::test_tools::per_element());
  const Json search =
      import("search.csv",
             "param_C,mean_test_score,std_test_score,rank_test_score,split0_test_score\n1,0.5,0.01,4,0.5\n"
             "1,0.52,0.02,3,0.51\n10,0.55,0.01,2,0.56\n10,0.58,0.02,1,0.57\n");
  BOOST_TEST(search["scores"].get<Names>() == Names{"mean_test_score"}, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_seed_called_as_optuna_calls_parameters_makes_no_study_of_a_table, Tables) {
  const Json json = import("seed.csv", "kind,params_seed,score\na,3,1\nb,3,2\na,7,3\nb,7,4\n");
  BOOST_TEST(json["seed"] == "params_seed");
  BOOST_TEST(axes_of(json) == Names{"kind"}, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(optuna_names_its_parameters, Tables) {
  const Json json = import(
      "optuna.csv",
      "number,value,datetime_start,datetime_complete,duration,params_lr,params_layers,state\n"
      "0,0.5,2026-01-01,2026-01-01,1,0.001,2,COMPLETE\n1,0.25,2026-01-01,2026-01-01,1,0.002,3,COMPLETE\n"
      "2,,2026-01-01,2026-01-01,1,0.003,3,FAIL\n3,0.75,2026-01-01,2026-01-01,1,0.004,2,PRUNED\n");
  BOOST_TEST(axes_of(json) == (Names{"lr", "layers"}), boost::test_tools::per_element());
  BOOST_TEST(json["scores"].get<Names>() == Names{"value"}, boost::test_tools::per_element());
  BOOST_TEST(json["runs"] == 3);
  BOOST_TEST(json["failed"] == 1);
}

BOOST_FIXTURE_TEST_CASE(what_may_be_a_score_or_a_sampled_axis_is_not_guessed, Tables) {
  const std::string csv = "p,width,q,y\n0.1,8,0.01,5\n0.2,16,0.02,4.5\n0.3,8,0.03,3.25\n0.4,16,0.04,2.125\n";
  BOOST_TEST(error(csv) ==
             "ablate: wrong.csv: it is not clear which column is the score; name it with --score: p "
             "(fractions, 4 values "
             "in 4 rows), width (whole numbers, 2 values in 4 rows, called like a setting), q (fractions, 4 "
             "values in 4 "
             "rows), y (fractions, 4 values in 4 rows)\n");
  // A setting by its name is none, whatever its values; whole numbers may be counts that judge, or settings.
  BOOST_TEST(import("s.csv", "lr,width,y\n0.1,8,5.5\n0.2,16,4.5\n0.3,8,3.25\n0.4,16,2.125\n")["scores"]
                     .get<Names>() == Names{"y"},
             boost::test_tools::per_element());
  BOOST_TEST(error("kind,solved\na,3\nb,4\na,3\nb,5\n").find("not clear which column is the score") !=
             std::string::npos);
  BOOST_TEST(axes_of(import("y.csv", csv, "--score y --name width")) == Names{"width"},
             boost::test_tools::per_element());
  const Json all = import("y.csv", csv, "--score y --axis p,width,q");
  BOOST_TEST(all["cells"] == 4);
  BOOST_TEST(all["axes"][0]["levels"].size() == 4u);
}

BOOST_FIXTURE_TEST_CASE(levels_are_in_their_order, Tables) {
  const Json json =
      import("sizes.csv", "size,kind,score\n30B,b,1\n3B,a,2\n7B,b,3\n30B,a,4\n3B,b,5\n7B,,6\n30B,none,7\n",
             "--axis size,kind --score score");
  BOOST_TEST(json["axes"][0]["levels"].get<Names>() == (Names{"3B", "7B", "30B"}),
             boost::test_tools::per_element());
  BOOST_TEST(json["axes"][1]["levels"].get<Names>() == (Names{"b", "a", "none"}),
             boost::test_tools::per_element());
  BOOST_TEST(json["notes"][0] == "1 run without a value of kind, which is taken not to apply to it");
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_read_is_said_with_its_place, Tables) {
  const std::string table = "kind,score\na,1\nb,2\na,3\n";
  BOOST_TEST(error("kind,score\na,1\nb,two\na,3\n", "--axis kind --score score") ==
             "ablate: wrong.csv:3: score: 'two' is not a number\n");
  BOOST_TEST(error(table, "--axis kidn") == "ablate: wrong.csv: no column 'kidn'; did you mean 'kind'?\n");
  BOOST_TEST(error(table, "--axis kind --seed kind") ==
             "ablate: wrong.csv: the column 'kind' is named for --axis and --seed; expected one purpose\n");
  BOOST_TEST(
      error(table, "--lower-is-better kind") ==
      "ablate: wrong.csv: --lower-is-better names 'kind', which is no score; expected one of: score\n");
  BOOST_TEST(error("kind,word\na,x\nb,y\na,x\n")
                 .starts_with("ablate: wrong.csv: no column is known to be a score; name it with --score; "
                              "there are: kind, word\n"));
  BOOST_TEST(error("a,score\n1,1\n2,2\n3,3\n").find("no column is known to be an axis") != std::string::npos);
  BOOST_TEST(error(table, "--name a/b").find("--name is 'a/b', which reads like a path") !=
             std::string::npos);
  BOOST_TEST(!exists("results/ablate.db"));
}

BOOST_FIXTURE_TEST_CASE(nothing_of_an_imported_sweep_runs, Tables) {
  BOOST_REQUIRE(run("plan tiny.toml --save").code == 0);
  BOOST_TEST(run("import x.csv --name tiny").code == 2);
  import("x.csv", "kind,score\na,1\nb,2\na,\nb,3\n", "--axis kind --score score");
  const std::string what = "'x' was imported from x.csv: it has runs and no jobs";
  for (const char* command : {"plan x", "run x", "plan x.csv", "run x.csv"})
    BOOST_TEST(run(command).err == "ablate: " + what + "; `ablate table x` shows them\n", command);
  for (const char* command : {"retry --sweep x", "cancel --sweep x", "jobs x"})
    BOOST_TEST(run(command).err == "ablate: " + what + "\n", command);
  BOOST_TEST(run("retry --all-failed").out == "0 jobs wait again\n");
  BOOST_TEST(run("jobs").out.find("imported") == std::string::npos);
  BOOST_TEST(run("import x.csv --name tiny").err.find("the sweep 'tiny' was planned from ") !=
             std::string::npos);
  scratch.write(
      "y.toml",
      "name = \"x\"\nexperiment = \"demo.toml\"\n[[axis]]\nkey = \"demo.width\"\nlevels = [4, 8]\n");
  BOOST_TEST(run("plan y.toml --save").err.find("the sweep 'x' was imported from ") != std::string::npos);
  BOOST_TEST(run("table x").code == 0);
}

BOOST_FIXTURE_TEST_CASE(claims_are_checked_and_listed_by_the_plan, Tables) {
  const auto plan = [&](const std::string& claim, const std::string& options = "") {
    scratch.write("claims.toml", read("tiny.toml") + "[[claim]]\n" + claim);
    return run("plan claims.toml " + options);
  };
  const Outcome good = plan("source = \"a paper\"\nscore = \"demo-accuracy\"\nrises = \"demo.width\"\n");
  BOOST_TEST(line_with(good.out, "Claim:") ==
             "Claim:  demo-accuracy: rises at every step of demo.width [a paper]");
  const Json json = Json::parse(
      plan("score = \"demo/loss\"\nbetter = 8\nthan = 16\naxis = \"demo.width\"\n", "--json").out);
  BOOST_TEST(json["claims"][0]["kind"] == "better");
  BOOST_TEST(json["claims"][0]["better"] == "8");
  const auto message = [&](const std::string& claim) { return line_with(plan(claim).err, "claims.toml:"); };
  BOOST_TEST(message("score = \"demo-acuracy\"\nrises = \"demo.width\"\n")
                 .ends_with("a claim about 'demo-acuracy', which no evaluation or stage of the sweep gives; "
                            "did you mean 'demo-accuracy'?"));
  BOOST_TEST(
      message("score = \"demo-accuracy\"\nrises = \"demo.witdh\"\n")
          .ends_with(
              "a claim about axis 'demo.witdh', which the sweep does not vary; did you mean 'demo.width'?"));
  BOOST_TEST(message("score = \"demo-accuracy\"\nbetter = 9\nthan = 16\naxis = \"demo.width\"\n")
                 .find("axis 'demo.width' has no level '9'") != std::string::npos);
  // Each at its own word: the claim's table is line 9 of the file.
  const auto is_at = [&](const std::string& claim, const std::string& place) {
    const std::string found = message(claim);
    BOOST_TEST(found.find("claims.toml:" + place + ":") != std::string::npos, found);
  };
  is_at("better = 8\nthan = 16\naxis = \"demo.width\"\nscore = \"demo-acuracy\"\n", "13:9");
  is_at("score = \"demo-accuracy\"\nbetter = 8\nthan = 9\naxis = \"demo.width\"\n", "12:8");
  is_at("score = \"demo-accuracy\"\nbetter = 8\nthan = 16\naxis = \"demo.witdh\"\n", "13:8");
  is_at("score = \"demo-accuracy\"\noutweighs = [\"demo.width\",\n  \"demo.resolutoin\"]\n", "12:3");
  is_at("score = \"demo-accuracy\"\nrises = \"demo.width\"\nwhere = { demo.resolution = 5 }\n", "12:29");
  BOOST_TEST(message("score = \"demo-accuracy\"\nrises = \"demo.width\"\nwhere = { demo.width = 8 }\n")
                 .ends_with("'where' holds axis 'demo.width' at a level, and the claim compares its levels"));
}

BOOST_FIXTURE_TEST_CASE(directions_are_guessed_by_name_and_said, Tables) {
  scratch.write("t.csv", "a,error_rate,top1\nx,0.1,0.9\ny,0.2,0.8\nx,0.12,0.91\ny,0.22,0.79\n");
  const Outcome found = run("import t.csv --axis a --score error_rate,top1");
  BOOST_TEST(found.out.find("lower is better of error_rate, by its name") != std::string::npos);
  BOOST_TEST(found.out.find("higher is better of top1 (--lower-is-better says otherwise)") !=
             std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(seeds_stay_what_they_are, Tables) {
  import("s.csv", "kind,seed,acc\na,9223372036854775807,1.5\nb,-3,2.5\n", "--axis kind");
  BOOST_TEST(run("export runs --sweep s").out.find(",9223372036854775807,") != std::string::npos);
  BOOST_TEST(run("export runs --sweep s").out.find(",-3,") != std::string::npos);
  BOOST_TEST(
      import("t.csv", "kind,seed,acc\na,18446744073709551615,1.5\nb,3,2.5\n", "--axis kind")["notes"][0] ==
      "seeds are numbered 1 to 2 in the order of the rows: '18446744073709551615' in seed is no whole number "
      "of 64 bits");
}

BOOST_FIXTURE_TEST_CASE(seeds_are_known_by_many_names, Tables) {
  for (const char* name : {"random_state", "seed_everything", "rng_seed", "trainer.seed", "params_seed"})
    BOOST_TEST(import("n.csv", std::string("kind,acc,") + name + "\na,1,7\nb,2,7\na,3,8\nb,4,8\n",
                      "--axis kind")["seed"] == name);
  BOOST_TEST(
      error("kind,acc,data_seed,init_seed\na,1,7,1\nb,2,8,2\n", "--axis kind") ==
      "ablate: wrong.csv: several columns are called like a seed: data_seed, init_seed; expected --seed with "
      "one of them, and --axis with another that was varied on purpose\n");
}

BOOST_FIXTURE_TEST_CASE(what_a_tracker_keeps_is_no_axis, Tables) {
  const Json json =
      import("wandb.csv",
             "Name,State,Sweep,epoch,_step,width,seed,val_acc\nr1,finished,s1,3,1,8,1,0.5\n"
             "r2,finished,s1,3,2,16,1,0.6\nr3,finished,s2,4,1,8,2,0.5\nr4,finished,s2,4,2,16,2,inf\n");
  BOOST_TEST(axes_of(json) == Names{"width"}, boost::test_tools::per_element());
  BOOST_TEST(json["guesses"].dump().find("Name, Sweep, epoch, _step are no axes") != std::string::npos);
  BOOST_TEST(json["notes"][0] ==
             "1 value of val_acc is infinite and in no mean; a run without any other score has failed");
}

BOOST_FIXTURE_TEST_CASE(columns_of_one_name_and_merged_cells_are_refused, Tables) {
  BOOST_TEST(
      error("kind,a,acc,acc\nx,1,2,3\n") ==
      "ablate: wrong.csv: the columns 3 (C) and 4 (D) are both called 'acc'; expected a name of its own for "
      "each\n");
  const std::string merged = "kind,shots,acc\na,0,1.5\n,4,1.6\nb,0,1.7\n,4,1.8\n";
  BOOST_TEST(error(merged).find("kind is empty below each of its values, from wrong.csv:3 on") !=
             std::string::npos);
  BOOST_TEST(import("m.csv", "kind,shots,acc\na,0,1.5\n-,4,1.6\nb,0,1.7\n-,4,1.8\n",
                    "--axis kind,shots")["runs"] == 4);
}

BOOST_FIXTURE_TEST_CASE(numbers_are_read_as_spreadsheets_and_papers_write_them, Tables) {
  const auto scores = [&](const std::string& csv) {
    import("x.csv", csv, "--axis kind");
    return run("query 'SELECT value FROM scores ORDER BY value' --format csv").out;
  };
  BOOST_TEST(scores("kind;seed;acc\r\na;1;71,2\r\nb;1;72,375\r\n") == "value\n71.2\n72.375\n");
  BOOST_TEST(scores("kind,seed,acc\na,1,\"1,234.5\"\nb,1,\"2,345\"\n") == "value\n1234.5\n2345\n");
  BOOST_TEST(scores("kind,seed,acc\na,1,71.2%\nb,1,72%\n") == "value\n71.2\n72\n");
  BOOST_TEST(scores("kind,seed,acc\na,1,71.2 ± 0.3\nb,1,$72.5 \\pm 0.2$\n") == "value\n71.2\n72.5\n");
  BOOST_TEST(error("kind;seed;acc\na;1;71,234\nb;1;72,355\n")
                 .find("'71,234' may have a decimal comma or a separator "
                       "of thousands") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(the_page_has_the_options_of_the_import, Tables) {
  import("x.csv", "kind,my score\na,1\nb,2\na,3\n", "--axis kind --score 'my score'");
  BOOST_REQUIRE(run("report x").code == 0);
  BOOST_TEST(read("results/report.html").find("ablate import x.csv --axis kind --score 'my score'") !=
             std::string::npos);
  const Outcome claims = run("claims x");
  BOOST_TEST(claims.code == 2);
  BOOST_TEST(claims.err.find("was imported and makes no claims") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
