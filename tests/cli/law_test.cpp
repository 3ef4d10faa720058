// law fit, predict, propose and run, end to end: on files, and on a sweep whose worker knows the law.
#include <cmath>
#include <sstream>

#include "cli/law_search.hpp"
#include "util/json.hpp"
#include "util/text.hpp"

BOOST_AUTO_TEST_SUITE(law)

using namespace ablate;

BOOST_AUTO_TEST_CASE(a_known_law_is_found_again) {
  const WithRuns program;
  const Outcome text =
      program.run("law fit runs.csv --size N --tokens D --lr lr --batch batch_tokens --loss loss");
  BOOST_TEST(text.code == 0);
  BOOST_TEST(text.err == "");
  BOOST_TEST(text.out.starts_with("runs.csv: 36 runs: 4 sizes from 20.0M to 300M, 4 token counts"));
  BOOST_TEST(line_with(text.out, "  lr    = ").find("x (N / ") != std::string::npos);
  BOOST_TEST(program.read("results/law.html").find("<svg") != std::string::npos);

  const Outcome found = program.run("law fit runs.csv --json --no-priors");
  BOOST_TEST(found.code == 0);
  const Json law = Json::parse(found.out);
  BOOST_TEST(law["lr_law"]["params_exponent"]["value"].get<double>() == -0.6,
             boost::test_tools::tolerance(0.02));
  BOOST_TEST(law["scans"].size() == 4u);
  for (std::size_t i = 0; i < 4; ++i)
    BOOST_TEST(law["scans"][i]["lr"]["best"].get<double>() == best_rate(kSizes[i]),
               boost::test_tools::tolerance(0.03));
  BOOST_TEST(law["methods"].size() >= 2u);
  BOOST_TEST(law["holdout"].size() >= 2u);
}

BOOST_AUTO_TEST_CASE(the_same_input_gives_the_same_bytes) {
  const WithRuns program;
  for (const char* command :
       {"law fit runs.csv", "law fit runs.csv --json", "law predict runs.csv --params 1e9",
        "law propose runs.csv --target 1e9 --budget 1e20"}) {
    BOOST_TEST_CONTEXT(command) {
      const Outcome first = program.run(command);
      const std::string page = program.read("results/law.html");
      BOOST_TEST(first.code == 0);
      BOOST_TEST(first.out == program.run(command).out);
      BOOST_TEST(page == program.read("results/law.html"));
    }
  }
}

BOOST_AUTO_TEST_CASE(runs_that_no_law_can_stand_on_are_refused_or_told) {
  const Program program;
  std::string low = "N,D,lr,batch_tokens,loss\n", zero = low, one = low;
  for (const double params : kSizes)
    for (int step = -4; step <= 0; ++step) {
      const double octaves = step - 2;
      low += line_of(params, best_rate(params) * std::exp2(octaves), octaves);
      zero +=
          fmt::format("{},{},{:.6g},262144,0.0\n", params, 20 * params, best_rate(params) * std::exp2(step));
    }
  for (int step = -4; step <= 4; ++step)
    one += line_of(50e6, best_rate(50e6) * std::exp2(0.5 * step), 0.5 * step);
  program.scratch.write("low.csv", low);
  program.scratch.write("zero.csv", zero);
  program.scratch.write("one.csv", one);
  expect_refusal(program, "law fit low.csv", "no law can be fitted");
  expect_refusal(program, "law predict low.csv --params 1e9", "no law can be fitted");
  expect_refusal(program, "law fit zero.csv", "no law can be fitted");
  BOOST_TEST(!program.exists("results/law.html"));
  // Of rates that are all too low, the next ones can be said all the same.
  const Outcome next = program.run("law propose low.csv --target 1e9 --budget 1e21 --json");
  BOOST_TEST(next.code == 0);
  const Json runs = Json::parse(next.out)["runs"];
  BOOST_TEST(runs.size() > 0u);
  BOOST_TEST(runs[0]["reason"] == "bracket");
  const Outcome alone = program.run("law fit one.csv");
  BOOST_TEST(alone.code == 0);
  BOOST_TEST(alone.out.find("one-size") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_prediction_is_ready_to_paste) {
  const WithRuns program;
  const std::string command = "law predict runs.csv --params 1B --tokens 20e9 --seq-len 2048";
  const Outcome text = program.run(command);
  BOOST_TEST(text.code == 0);
  for (const char* part : {"learning rate", "50 %", "95 %", "weight decay", "regret", "extrapolation",
                           "MM1's recipe", "[train.llm]", "peak_lr = "})
    BOOST_TEST(text.out.find(part) != std::string::npos);
  const std::string block = program.run(command + " --toml --stage vlm").out;
  BOOST_TEST(text.out.find(block.substr(block.find("peak_lr"))) != std::string::npos);
  BOOST_TEST(block.find("\n[train.vlm]\npeak_lr = ") != std::string::npos);
  BOOST_TEST(block.find("\nbatch = 128") != std::string::npos);
  program.scratch.write("text.txt", "text\n");
  program.scratch.write("recipe.toml",
                        "stages = [\"llm\"]\n[data]\nseq_len = 2048\ntext = [\"text.txt\"]\n"
                        "tokenizer = \"" ABLATE_SOURCE_DIR "/tests/data/samples/tokenizer.model\"\n" +
                            program.run(command + " --toml").out);
  program.scratch.write("sweep.toml", "experiment = \"recipe.toml\"\n");
  const Outcome plan = program.run("plan sweep.toml --json");
  BOOST_TEST(plan.err == "");
  BOOST_TEST(plan.code == 0);
  const Json json = Json::parse(program.run(command + " --json").out);
  const double rate = json["lr"]["value"];
  BOOST_TEST(rate == best_rate(1e9), boost::test_tools::tolerance(0.5));
  BOOST_TEST(json["lr"]["p95"]["low"].get<double>() < json["lr"]["p50"]["low"].get<double>());
  BOOST_TEST(json["lr"]["p50"]["low"].get<double>() < rate);
  BOOST_TEST(json["tokens_assumed"] == false);
  // --tokens takes the target and the column, too.
  BOOST_TEST(program.run("law predict runs.csv --params 1B --tokens D --tokens 20e9 --seq-len 2048").out ==
             text.out);
}

BOOST_AUTO_TEST_CASE(a_loss_law_gives_the_best_size_for_a_budget) {
  const Program program;
  std::string text = "N,D,loss\n";
  for (const double params : {1e7, 3e7, 1e8, 3e8, 1e9})
    for (const double tokens : {1e9, 3e9, 1e10, 3e10})
      text += fmt::format("{},{},{:.12g}\n", params, tokens,
                          1.8 + 400 / std::pow(params, 0.34) + 2000 / std::pow(tokens, 0.37));
  program.scratch.write("losses.csv", text);
  const Outcome found = program.run("law fit losses.csv --loss-law --budget 1e20,1e21");
  BOOST_TEST(found.err == "");
  BOOST_TEST(found.code == 0);
  const Json json = Json::parse(program.run("law fit losses.csv --loss-law --budget 1e21 --json").out);
  BOOST_TEST(json["law"]["alpha"].get<double>() == 0.34, boost::test_tools::tolerance(0.01));
  BOOST_TEST(json["law"]["beta"].get<double>() == 0.37, boost::test_tools::tolerance(0.01));
  BOOST_TEST(json["compute_optimal"].size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_sweep_of_the_database_is_fitted_and_the_next_runs_are_a_sweep) {
  const Searched program;
  expect_refusal(program, "law fit --sweep search", "results/ablate.db");
  BOOST_TEST(program.search().code == 1);  // The highest rate diverges.
  expect_refusal(program, "law fit --sweep serch", "did you mean 'search'?");
  expect_refusal(program, "law fit --sweep search --stage vlm", "no job of stage vlm");
  const Outcome fit = program.run("law fit --sweep search --json");
  BOOST_TEST(fit.err == "");
  BOOST_REQUIRE(fit.code == 0);
  const Json law = Json::parse(fit.out);
  BOOST_TEST(law["runs"] == 18);
  BOOST_TEST(law["scans"].size() == 3u);
  BOOST_TEST(law["scans"][0]["tokens"] == 300 * 4 * 128);
  BOOST_TEST(law["weight_decay"]["lambda"] == 0.05);
  BOOST_TEST(law["lr_law"]["params_exponent"]["value"].get<double>() == -0.5,
             boost::test_tools::tolerance(0.1));
  BOOST_TEST(fit.out.find("diverged-runs") != std::string::npos);

  const std::string propose =
      "law propose --sweep search --target 10M --tokens 153600 --budget 1e14 --max-runs 5";
  const Outcome next = program.run(propose);
  BOOST_TEST(next.err == "");
  BOOST_TEST(next.code == 0);
  BOOST_TEST(next.out.ends_with("Sweep: search-law-1.toml; next: ablate run search-law-1.toml\n"));
  BOOST_REQUIRE(program.exists("search-law-1.toml"));
  const Outcome plan = program.run("plan search-law-1.toml --json");
  BOOST_TEST(plan.err == "");
  BOOST_TEST(plan.code == 0);
  BOOST_TEST(program.read("search-law-1.toml").find("train.llm.weight_decay = 0.05") != std::string::npos);
  BOOST_TEST(program.read("search-law-1.toml").find("\nname = \"search-law-1\"\n") != std::string::npos);
  // In a folder that is reached through a link, `..` is above where it really is.
  std::filesystem::create_directories(program.scratch.path / "deep/er");
  std::filesystem::create_directory_symlink("deep/er", program.scratch.path / "linked");
  BOOST_TEST(program.run(propose + " --output linked/next.toml").code == 0);
  const Outcome linked = program.run("plan linked/next.toml --json");
  BOOST_TEST(linked.err == "");
  BOOST_TEST(linked.code == 0);
  // A budget is in the FLOPs that a plan tells, not in 6 N D.
  const Json proposed = Json::parse(program.run(propose + " --output again.toml --json").out);
  const Outcome again = program.run("plan again.toml --json");
  BOOST_TEST(again.err == "");
  double planned = 0;
  const Json plan_again = Json::parse(again.out);
  for (const Json& stage : plan_again["stages"]) planned += stage["flops"].get<double>();
  BOOST_TEST(proposed["flops"].get<double>() == planned, boost::test_tools::tolerance(1e-9));
  const Json& run = proposed["runs"][0];
  BOOST_TEST(run["flops"].get<double>() >
             1.05 * 6 * run["params"].get<double>() * run["tokens"].get<double>());
  BOOST_TEST(
      program.run("run search-law-1.toml --worker ./trainer --slots 1 --threads 1 --quiet --keep-going")
          .code <= 1);
  const Json both = Json::parse(program.run("law fit --sweep search,search-law-1 --json").out);
  BOOST_TEST(both["runs"].get<int>() > 18);
  expect_refusal(program, propose + " --output search-law-1.toml", "is there already");
}

BOOST_AUTO_TEST_CASE(rates_that_cannot_win_are_stopped_early_and_left_out) {
  const Searched program;
  const std::string command =
      "law run search.toml --target 2M --tokens 153600 --budget 1e14 --regret 50 --stop-early --worker "
      "./trainer "
      "--slots 2 --threads 1 --quiet";
  const Outcome stopped = program.shell("HOPELESS=1 $ABLATE " + command);
  BOOST_TEST(stopped.code == 0);
  BOOST_TEST(stopped.err == "");
  BOOST_TEST(stopped.out.find("known well enough") != std::string::npos);
  const Outcome fit = program.run("law fit --sweep search --json");
  BOOST_TEST(fit.out.find("left out: stopped early") != std::string::npos);
  BOOST_TEST(fit.out.find("ablate cancel") == std::string::npos);
  BOOST_TEST(program.run("status").out.find("stopped early") != std::string::npos);
  BOOST_TEST(Json::parse(program.run("jobs --state cancelled --format json").out).empty());
  const std::string key = Json::parse(program.run("jobs --state stopped-early --format json").out)[0]["key"];
  for (const char* shown : {"export runs --format csv", "export jobs --format csv",
                            "query 'SELECT state FROM runs'", "query 'SELECT state FROM jobs'"})
    BOOST_TEST_CONTEXT("ablate " << shown) {
      const std::string out = program.run(shown).out;
      BOOST_TEST(out.find("stopped-early") != std::string::npos);
      BOOST_TEST(out.find("cancelled") == std::string::npos);
    }
  BOOST_TEST(program.run("table search --value llm/loss").out.find("stopped early") != std::string::npos);
  BOOST_TEST(program.run("jobs --why " + key).out.find("It was stopped early: others of its size") !=
             std::string::npos);
  const Json law = Json::parse(fit.out);
  BOOST_TEST(law["runs"].get<int>() < 18);
  for (const Json& scan : law["scans"]) BOOST_TEST(scan["lr"]["edge"] == "none");
  // Again: what was stopped stays so.
  BOOST_TEST(program.run(command).code == 0);
  BOOST_TEST(program.run("law fit --sweep search --json").out == fit.out);
  // Another sweep gets them.
  program.scratch.write("other.toml", program.read("search.toml"));
  const auto stopped_of = [&](const char* sweep) {
    return Json::parse(program.run(fmt::format("jobs {} --state stopped-early --format json", sweep)).out)
        .size();
  };
  BOOST_TEST(stopped_of("search") > 0u);
  const Outcome plan = program.run("plan other.toml --save");
  BOOST_TEST(plan.out.find("blocked") == std::string::npos);
  const std::string resumed = count_of(static_cast<std::int64_t>(stopped_of("other")), "job");
  const Outcome other = program.run("run other.toml --worker ./trainer --slots 1 --threads 1 --keep-going");
  BOOST_TEST_CONTEXT(other.out)
  BOOST_TEST(other.out.find(fmt::format("other: {} that `ablate law run --stop-early` stopped go",
                                        resumed)) != std::string::npos);
  BOOST_TEST(stopped_of("search") == 0u);
  BOOST_TEST(program.run("jobs --why " + key).out.find(": finished\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_search_whose_keys_follow_the_rate_is_refused_before_it_runs) {
  const Searched program;
  std::string text = program.read("search.toml");
  const std::string decay = "train.llm.weight_decay = 0.05\n";
  text.insert(text.find(decay) + decay.size(),
              "train.llm.warmup_steps = \"=ceil(train.llm.peak_lr * 500)\"\n");
  program.scratch.write("follows.toml", text);
  expect_refusal(program,
                 "law run follows.toml --target 10M --tokens 153600 --budget 3e14 --worker ./trainer",
                 "train.llm.warmup_steps (1, 2, 4, 8, 16 and 1 more) changes with the rate");
  // Through another key, and with one value at several rates, too: the expression says so.
  const std::string warmup = "\"=ceil(train.llm.peak_lr * 500)\"";
  text.replace(text.find(warmup), warmup.size(), "\"=min(4, round(train.llm.weight_decay * 100))\"");
  text.replace(text.find(decay), decay.size(),
               "train.llm.weight_decay = \"=ceil(train.llm.peak_lr * 500) / 100\"\n");
  program.scratch.write("follows.toml", text);
  expect_refusal(
      program, "law run follows.toml --target 10M --tokens 153600 --budget 3e14 --worker ./trainer",
      "train.llm.warmup_steps (1, 2, 4) changes with the rate, which runs at other rates could not "
      "follow; expected one value, so that runs can be proposed\n");
  // Two values at one rate are two experiments, however they are computed.
  text +=
      "[[axis]]\nkey = \"train.llm.beta2\"\nlevels = [\"=1 - train.llm.peak_lr\", \"=0.9 - "
      "train.llm.peak_lr\"]\n";
  program.scratch.write("follows.toml", text);
  expect_refusal(program,
                 "law run follows.toml --target 10M --tokens 153600 --budget 3e14 --worker ./trainer",
                 "differ in more than the rate and the seed: train.llm.beta2 (");
  BOOST_TEST(!program.exists("results/ablate.db"));
}

BOOST_AUTO_TEST_CASE(a_search_goes_on_until_it_knows_enough_and_not_beyond) {
  const Searched program;
  const std::string command =
      "law run search.toml --target 10M --tokens 153600 --budget 3e14 --interval 1.01 --runs 4 --worker "
      "./trainer "
      "--slots 1 --threads 1 --quiet";
  const Outcome first = program.run(command);
  BOOST_TEST(first.code == 0);
  BOOST_TEST(first.out.find("law after the sweep: lr ") != std::string::npos);
  BOOST_TEST(first.out.find("law after round 1: lr ") != std::string::npos);
  BOOST_TEST(first.out.find("see: ablate law predict --sweep search,search-law-1") != std::string::npos);
  // The same command again: nothing is left to be done.
  const Outcome again = program.run(command);
  BOOST_TEST(again.code == 0);
  BOOST_TEST(line_with(again.out, "see: ") == line_with(first.out, "see: "));
  const Outcome easy = program.run(
      "law run search.toml --target 2M --tokens 153600 --budget 3e14 --regret 50 --worker ./trainer --slots "
      "1 "
      "--threads 1 --quiet");
  BOOST_TEST(easy.code == 0);
  BOOST_TEST(easy.out.find("known well enough") != std::string::npos);
}

/// A search with a round that was proposed for N = 10M and not run.
struct Proposed : Searched {
  Proposed() {
    search();
    const Json proposal = Json::parse(
        run("law propose --sweep search --target 10M --tokens 153600 --budget 1e14 --max-runs 5 --json").out);
    flops = proposal["flops"], num_runs = proposal["runs"].size();
  }
  Outcome go_on(double budget, const char* target, const std::string& enough) const {
    return run(
        fmt::format("law run search.toml --target {} --tokens 153600 --budget {} {} --worker ./trainer "
                    "--slots 1 --threads 1 --quiet",
                    target, budget, enough));
  }
  std::size_t num_jobs() const { return Json::parse(run("jobs --format json").out).size(); }

  double flops = 0;  ///< Of the round, as proposed.
  std::size_t num_runs = 0;
};

BOOST_AUTO_TEST_CASE(a_round_that_is_there_already_is_run_where_it_is_needed_and_the_budget_has_all_of_it) {
  const Proposed program;
  const auto has = [](const Outcome& found, const std::string& part) {
    BOOST_TEST_CONTEXT(found.out << found.err << "lacks " << part)
    BOOST_TEST(found.out.find(part) != std::string::npos);
  };
  const double less = 0.999 * program.flops;
  const Outcome poor = program.go_on(less, "2M", "--interval 1.01");
  BOOST_TEST(poor.code == 0);
  has(poor, fmt::format("; 0 of {:.3g} FLOPs spent\n", less));
  has(poor, fmt::format("\nsearch-law-1.toml is not run: with it, {:.4g} of {:.4g} FLOPs would be spent; ",
                        program.flops, less));
  has(poor, "see: ablate law predict --sweep search --params 2M");
  const Outcome known = program.go_on(1e14, "2M", "--regret 50");
  BOOST_TEST(known.code == 0);
  has(known, "known well enough: search-law-1.toml is not run\n");
  BOOST_TEST(program.num_jobs() == 18u);

  // What another sweep has run of it counts, too: one run more or less is not a way around the budget.
  std::string part = program.read("search-law-1.toml");
  const std::string name = "name = \"search-law-1\"";
  part.replace(part.find(name), name.size(), "name = \"part\"");
  part = part.substr(0, part.find('\n', part.find("label = "))) + "\n]\n";
  program.scratch.write("part.toml", part);
  BOOST_TEST(
      program.run("run part.toml --worker ./trainer --slots 1 --threads 1 --quiet --keep-going").code <= 1);
  BOOST_TEST(program.num_jobs() == 19u);
  has(program.go_on(less, "2M", "--interval 1.01"), "search-law-1.toml is not run");
  BOOST_TEST(program.num_jobs() == 19u);

  const Outcome all = program.go_on(program.flops, "2M", "--interval 1.01");
  BOOST_TEST(all.code == 0);
  has(all,
      "search-law-1.toml was proposed for N = 10.0M, D = 154k, and counts for N = 2.00M, D = 154k\nlaw "
      "after round 1: ");
  has(all, "the budget is spent\n");
  BOOST_TEST(program.num_jobs() == 18 + program.num_runs);
  // It has nothing left to do: its runs count, whatever the budget is.
  const Outcome again = program.go_on(1e6, "10M", "--regret 50");
  BOOST_TEST(again.code == 0);
  has(again, "law after round 1: ");
  BOOST_TEST(again.out.find("was proposed for") == std::string::npos);
  BOOST_TEST(program.num_jobs() == 18 + program.num_runs);
}

BOOST_AUTO_TEST_CASE(a_round_of_another_experiment_is_refused_before_it_runs) {
  const Proposed program;
  program.scratch.write("other.txt", "something else to read\n");
  const std::string one =
      "ablate: sweeps search, search-law-1: runs of one size, token count and batch differ in "
      "more than the rate and the seed: ";
  const auto expect = [&](const std::string& round, const std::string& where, const std::string& message) {
    program.scratch.write("search-law-1.toml",
                          "name = \"search-law-1\"\nexperiment = \"small.toml\"\n[override]\n" + round);
    const Outcome found = program.go_on(1e14, "10M", "--interval 1.01 " + where);
    BOOST_TEST_CONTEXT(found.out << found.err) {
      BOOST_TEST(found.code == 2);
      BOOST_TEST(found.err.starts_with(message));
    }
    BOOST_TEST(program.num_jobs() == 18u);
  };
  const std::string runs =
      "llm.preset = \"0.4m\"\ntrain.llm.weight_decay = 0.05\n[[axis]]\nkey = \"train.llm.peak_lr\"\nlevels = "
      "[3e-3, 5e-3]\n";
  expect("train.llm.beta2 = 0.5\n" + runs, "", one + "train.llm.beta2 (0.5, 0.95);");
  expect("data.text = [\"other.txt\"]\n" + runs, "", one + "data.text (");
  expect("train.llm.beta2 = 0.5\n" + runs, "--where train.llm.beta2=0.95",
         "ablate: sweep search-law-1: 2 of its runs are not of the experiment that --where leaves");
  expect("stages = [\"demo\"]\n", "",
         "ablate: sweep search-law-1: no job of stage llm, whose rate is searched");
}

BOOST_AUTO_TEST_CASE(a_scan_whose_losses_rise_fall_and_rise_has_no_best_rate) {
  const Program program;
  std::string text = made_up_runs();
  // The rate at the top of the smallest size has by far the lowest loss, after a rise.
  const std::size_t last = text.find("50000000,") - 1, comma = text.rfind(',', last);
  text.replace(comma + 1, last - comma - 1, "2.5");
  program.scratch.write("odd.csv", text);
  const Outcome found = program.run("law fit odd.csv");
  BOOST_TEST(found.code == 0);
  const std::string table = found.out.substr(found.out.find("Best rates"));
  BOOST_TEST_CONTEXT(found.out) {
    BOOST_TEST(line_with(table, "20.0M").find("-  -  ") != std::string::npos);
    BOOST_TEST(line_with(table, "20.0M").find("not convex") != std::string::npos);
    BOOST_TEST(line_with(table, "20.0M").find("e-") == std::string::npos);
    BOOST_TEST(line_with(table, "300M").find("e-") != std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()
