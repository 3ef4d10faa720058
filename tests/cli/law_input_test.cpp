// What the law commands make of tables and sweeps as people have them: what counts as a run, and in which
// units.
#include <sstream>

#include "cli/law_search.hpp"
#include "util/json.hpp"
#include "util/text.hpp"

BOOST_AUTO_TEST_SUITE(law_input)

using namespace ablate;

namespace {

/// A tracker's table of rates that all lie below the best, with one run a size in `state` and with `loss`
/// above.
std::string tracked(const std::string& state, const std::string& loss) {
  std::string text =
      "\"Name\",\"State\",\"num_params\",\"tokens\",\"Learning Rate\",\"batch_tokens\",\"val_loss\"\n";
  for (const double params : kSizes)
    for (int step = -4; step <= 0; ++step) {
      const double octaves = step < 0 ? 0.7 * step : 2;
      std::string line = line_of(params, best_rate(params) * std::exp2(octaves), octaves);
      line.pop_back();
      if (step == 0) line = line.substr(0, line.rfind(',') + 1) + loss;
      text += fmt::format("\"run, {}\",{},{}\n", step, step == 0 ? state : "finished", line);
    }
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(weight_decay_is_read_in_the_form_that_is_named) {
  const WithRuns program;
  std::string text = "N,D,lr,batch_tokens,loss,weight_decay\n";
  std::istringstream lines(made_up_runs());
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    const std::size_t second = line.find(',', line.find(',') + 1) + 1;
    text += fmt::format("{},{:.12g}\n", line, 0.1 * std::stod(line.substr(second)));
  }
  program.scratch.write("decay.csv", text);
  const Outcome found = program.run("law predict decay.csv --params 1e9 --decay-form independent --json");
  BOOST_TEST(found.err == "");
  const Json forecast = Json::parse(found.out);
  BOOST_TEST(forecast["weight_decay"]["lambda"].get<double>() == 0.1, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(
      forecast["weight_decay"]["per_step"].get<double>() == 0.1 * forecast["lr"]["value"].get<double>(),
      boost::test_tools::tolerance(1e-9));
  expect_refusal(program, "law predict decay.csv --params 1e9 --decay-form coupled", "independent");
}

BOOST_AUTO_TEST_CASE(json_lines_and_other_names_of_columns_are_read) {
  const WithRuns program;
  std::string lines;
  for (const double params : kSizes)
    for (int step = -3; step <= 3; ++step)
      lines += fmt::format("{{\"params\": {}, \"learning_rate\": {}, \"final\": {}}}\n", params,
                           best_rate(params) * std::exp2(step), 3 + 0.02 * step * step);
  program.scratch.write("runs.jsonl", lines);
  const Outcome found = program.run("law fit runs.jsonl --loss final --json");
  BOOST_TEST(found.code == 0);
  const Json law = Json::parse(found.out);
  BOOST_TEST(law["lr_law"]["params_exponent"]["value"].get<double>() == -0.6,
             boost::test_tools::tolerance(0.1));
  BOOST_TEST(law.dump().find("unknown-tokens") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(wrong_input_is_named_with_its_place) {
  const WithRuns program;
  const std::string runs = program.read("runs.csv");
  expect_refusal(program, "law fit", "there is nothing to read");
  expect_refusal(program, "law fit absent.csv", "absent.csv");
  expect_refusal(program, "law fit runs.csv --loss los", "did you mean 'loss'?");
  expect_refusal(program, "law fit runs.csv --fixed-batch none", "--fixed-batch is 'none'");
  expect_refusal(program, "law fit runs.csv --fixed-batch 1 --tuned-batch", "exclude one another");
  expect_refusal(program, "law fit runs.csv --budget 1e20", "--loss-law");
  expect_refusal(program, "law predict runs.csv", "--params");
  expect_refusal(program, "law predict runs.csv --params -3", "--params is '-3'");
  expect_refusal(program, "law predict runs.csv --params 1e9 --tokens 0", "--tokens is '0'");
  expect_refusal(program, "law propose runs.csv --target 1e9", "--budget");
  expect_refusal(program, "law propose runs.csv --target 1e9 --budget 1e20 --output x.toml", "--sweep");

  program.scratch.write("unnamed.csv", "a,b,c\n1,2,3\n");
  expect_refusal(program, "law fit unnamed.csv", "name one with --size; there are: a, b, c");
  program.scratch.write("words.csv", runs + "20000000,400000000,fast,262144,3.1\n");
  expect_refusal(program, "law fit words.csv", "words.csv:38: lr: 'fast' is not a number");
  program.scratch.write("negative.csv", runs + "20000000,400000000,-0.001,262144,3.1\n");
  expect_refusal(program, "law fit negative.csv", "negative.csv:38: lr: '-0.001' is not a positive number");
  program.scratch.write("empty.csv", "");
  expect_refusal(program, "law fit empty.csv", "empty.csv");
}

BOOST_AUTO_TEST_CASE(what_is_not_known_is_left_out_and_what_diverged_bounds) {
  const Program program;
  // An unfinished run says nothing: the search is as one-sided as without it.
  for (const auto& [state, loss] :
       {std::pair{"running", ""}, {"finished", ""}, {"crashed", "3.1"}, {"odd", "3.1"}}) {
    program.scratch.write("tracked.csv", tracked(state, loss));
    expect_refusal(program, "law fit tracked.csv",
                   "in every scan the best rate is at the highest rate tried");
  }
  program.scratch.write("tracked.csv", tracked("failed", "NaN"));
  const Outcome bounded = program.run("law fit tracked.csv");
  BOOST_TEST(bounded.code == 0);
  BOOST_TEST(bounded.out.find("Learning Rate is the rate") != std::string::npos);
  BOOST_TEST(bounded.out.find("State is the state") != std::string::npos);

  std::string text = made_up_runs();
  text.insert(text.find('\n'), ",State");
  for (std::size_t at = text.find('\n'); (at = text.find('\n', at + 1)) != std::string::npos; at += 9)
    text.insert(at, ",finished");
  const std::string more =
      text +
      "20000000,400000000,0.001,262144,9,running\n20000000,,0.001,262144,3,finished\n"
      "20000000,400000000,0.001,262144,,finished\n20000000,400000000,0.001,262144,9,odd\n";
  program.scratch.write("all.csv", text);
  program.scratch.write("more.csv", more);
  Json all = Json::parse(program.run("law fit all.csv --json").out);
  Json with_more = Json::parse(program.run("law fit more.csv --json").out);
  const std::string notes = with_more["notes"].dump();
  for (const char* part :
       {"1 run left out: no loss", "1 run left out: no token count", "1 run left out: state running",
        "1 run left out: state 'odd', which is not known here"})
    BOOST_TEST(notes.find(part) != std::string::npos);
  BOOST_TEST(with_more["lr_law"] == all["lr_law"]);
  BOOST_TEST(with_more["scans"] == all["scans"]);
  // A loss that is no number says so only of a run that ended by itself.
  const auto says = [&](const std::string& state, const std::string& loss) {
    program.scratch.write("tracked.csv", tracked(state, loss));
    return program.run("law fit tracked.csv");
  };
  for (const char* state :
       {"queued", "PENDING", "waiting", "running", "killed", "cancelled", "stopped-early", "odd", ""})
    for (const char* loss : {"NaN", "inf"})
      BOOST_TEST(says(state, loss)
                     .err.find(*state == '\0'
                                   ? "left out: no state"
                                   : fmt::format("left out: state {}",
                                                 state == std::string("odd")
                                                     ? "'odd', which is not known here; --state none"
                                                     : lower_case(state))) != std::string::npos);
  for (const char* state : {"finished", "failed", "CRASHED"})
    for (const char* loss : {"NaN", "-inf", "#NUM!", "1.#QNAN", "-1.#IND00", "1e400"})
      BOOST_TEST(says(state, loss).code == 0);

  program.scratch.write("running.csv", "N,D,lr,loss,State\n1e8,2e9,1e-3,3,running\n1e8,2e9,2e-3,3,running\n");
  expect_refusal(program, "law fit running.csv", "no row is left: 2 runs left out: state running");
  // Who knows better reads no states.
  BOOST_TEST(program.run("law fit running.csv --state none").err.find("learning rates") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_batch_is_tokens_or_sequences_and_says_which) {
  const WithRuns program;
  std::string text = program.read("runs.csv");
  text.replace(text.find("batch_tokens"), 12, "batch_size");
  program.scratch.write("tokens.csv", text);
  for (std::size_t at = 0; (at = text.find(",262144,", at)) != std::string::npos;)
    text.replace(at, 8, ",128,");
  program.scratch.write("sequences.csv", text);

  expect_refusal(program, "law fit sequences.csv",
                 "'batch_size' count tokens or sequences? --batch-unit tokens");
  expect_refusal(program, "law fit sequences.csv --batch-unit sequences", "expected --seq-len");
  expect_refusal(program, "law fit runs.csv --batch-unit sequences --seq-len 2048",
                 "counts tokens by its name");
  const Json tokens = Json::parse(program.run("law fit tokens.csv --batch-unit tokens --json").out);
  const Outcome found = program.run("law fit sequences.csv --batch-unit sequences --seq-len 2048 --json");
  BOOST_TEST(found.err == "");
  const Json sequences = Json::parse(found.out);
  BOOST_TEST(sequences["batch"] == 262144);
  BOOST_TEST(sequences["scans"] == tokens["scans"]);
  BOOST_TEST(sequences["notes"].dump().find("batch_size is the batch in sequences of 2,048 tokens") !=
             std::string::npos);

  const std::string predict = "law predict runs.csv --params 1B --tokens 20e9 --seq-len 2048 --batch ";
  expect_refusal(program, predict + "512", "--batch is 512 tokens, less than one sequence of 2048");
  const Outcome asked = program.run(predict + "512 --batch-unit sequences");
  BOOST_TEST(asked.out.find("batch 1.05M tokens (512 sequences of 2048)") != std::string::npos);
  BOOST_TEST(asked.out.find("\nbatch = 512  # sequences of 2048 tokens: 1048576 tokens a step\n") !=
             std::string::npos);
  BOOST_TEST(asked.out == program.run(predict + "1048576").out);
  const Json json = Json::parse(program.run(predict + "512 --batch-unit sequences --json").out);
  BOOST_TEST(json["batch_used"] == 1048576);
  BOOST_TEST(json["batch_sequences"] == 512);
  // Runs whose batches were sequences all along.
  expect_refusal(program, "law predict sequences.csv --batch-unit tokens --params 1B --seq-len 2048",
                 "the batch is 128 tokens, less than one sequence of 2048");
}

BOOST_AUTO_TEST_CASE(columns_that_contradict_are_asked_about) {
  const WithRuns program;
  std::string text = "N,D,lr,batch_tokens,loss,State,status\n";
  std::istringstream lines(made_up_runs());
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) text += line + ",finished,done\n";
  program.scratch.write("states.csv", text);
  BOOST_TEST(program.run("law fit states.csv").code == 0);
  text.replace(text.rfind("done"), 4, "running");
  program.scratch.write("states.csv", text);
  expect_refusal(
      program, "law fit states.csv",
      "states.csv:37: State is 'finished' and status is 'running'; say which column counts with --state");
  BOOST_TEST(program.run("law fit states.csv --state State").out.find("left out") == std::string::npos);
  BOOST_TEST(program.run("law fit states.csv --state status").out.find("1 run left out: state running") !=
             std::string::npos);

  // Milli or mega: a rate or a loss has no unit.
  program.scratch.write("units.csv", "N,D,lr,batch_tokens,loss\n20M,400M,2.5m,256k,3\n");
  expect_refusal(program, "law fit units.csv", "units.csv:2: lr: '2.5m' is not a number: it has a unit");
  program.scratch.write("units.csv", "N,D,lr,batch_tokens,loss\n20M,400M,2.5e-3,256k,3k\n");
  expect_refusal(program, "law fit units.csv", "units.csv:2: loss: '3k' is not a number: it has a unit");

  program.scratch.write("lengths.csv", "N,lr,batch_sequences,seq_len,loss\n20M,1e-3,128,2048,3\n");
  expect_refusal(program, "law fit lengths.csv --seq-len 1024",
                 "lengths.csv:2: seq_len is 2048, and --seq-len says 1024");
  // Nothing diverged, and nothing says so.
  const Outcome few = program.run("law fit lengths.csv --seq-len 2048");
  BOOST_TEST(few.code == 2);
  BOOST_TEST(few.err.find("no size has losses at three learning rates") != std::string::npos);
  BOOST_TEST(few.err.find("diverge") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_run_that_is_listed_twice_counts_once) {
  const WithRuns program;
  const std::string runs = program.read("runs.csv");
  const Json once = Json::parse(program.run("law fit runs.csv --json").out);
  program.scratch.write("twice.csv", runs + runs.substr(runs.find('\n') + 1));
  const Json twice = Json::parse(program.run("law fit twice.csv --json").out);
  for (const char* part : {"runs", "findings", "lr_law", "scans"}) BOOST_TEST(twice[part] == once[part]);
  BOOST_TEST(twice["notes"].dump().find("36 runs left out: listed before") != std::string::npos);
  // One run that two sweeps share, beside one with the same loss that is another.
  program.scratch.write(
      "keys.csv", "sweep,run_id,N,lr,loss\na,1,1e8,1e-3,.\nb,1,1e8,1e-3,3\nc,1,1e8,1e-3,3\nc,2,1e8,1e-3,3\n");
  const std::string told = program.run("law fit keys.csv").err;
  BOOST_TEST(told.find("1 run left out: listed before") != std::string::npos);
  BOOST_TEST(told.find("1 run left out: no loss") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(runs_that_differ_in_more_than_the_law_is_about_are_several_experiments) {
  const Searched program;
  const auto sweep = [&](const std::string& name, const std::string& axis) {
    program.scratch.write(
        name + ".toml",
        "experiment = \"small.toml\"\n[[axis]]\nkey = \"llm.preset\"\nlevels = "
        "[\"0.1m\", \"0.4m\"]\n[[axis]]\nkey = \"train.llm.peak_lr\"\nlevels = [4e-3, 8e-3, "
        "1.6e-2, 3.2e-2]\n" +
            axis);
    program.run("run " + name + ".toml --worker ./trainer --slots 1 --threads 1 --keep-going --quiet");
  };
  sweep("betas", "[[axis]]\nkey = \"train.llm.beta2\"\nlevels = [0.9, 0.99]\n");
  expect_refusal(program, "law fit --sweep betas", "train.llm.beta2 (0.9, 0.99)");
  for (const char* command : {"law propose --sweep betas --target 10M --budget 1e14",
                              "law run betas.toml --target 10M --budget 1e14 --worker ./trainer"})
    expect_refusal(program, command, "train.llm.beta2 (0.9, 0.99)");
  expect_refusal(program, "law fit --sweep betas --where train.llm.beta3=1", "did you mean 'train.llm.beta");
  expect_refusal(program, "law fit --sweep betas --where train.llm.beta2=0.8", "there are: 0.9; 0.99");
  expect_refusal(program, "law fit --sweep betas --where train.llm.beta2", "expected KEY=VALUE");
  const Outcome one = program.run("law fit --sweep betas --where train.llm.beta2=0.99 --json");
  BOOST_TEST(one.err == "");
  BOOST_REQUIRE(one.code == 0);
  BOOST_TEST(Json::parse(one.out)["runs"] == 8);
  BOOST_TEST(
      program.run("law propose --sweep betas --where train.llm.beta2=0.99 --target 10M --budget 1e14").code ==
      0);
  BOOST_TEST(program.read("betas-law-1.toml").find("train.llm.beta2 = 0.99") != std::string::npos);

  // What goes with the size, or is computed from the rate, is no axis.
  sweep("computed",
        "[override]\ntrain.llm.min_lr_ratio = \"=1e-4/train.llm.peak_lr\"\ntrain.llm.warmup_steps = "
        "\"=llm.layers*10\"\n");
  const Outcome computed = program.run("law fit --sweep computed --json");
  BOOST_TEST(computed.err == "");
  BOOST_TEST(computed.code == 0);
  // Two sweeps with other data are two experiments, too.
  program.scratch.write("other.txt", "something else to read\n");
  sweep("others", "[override]\ndata.text = [\"other.txt\"]\n");
  sweep("these", "");
  expect_refusal(program, "law fit --sweep these,others", "data.text (");
  const Outcome chosen = program.run("law fit --sweep these,others --where data.text=other.txt --json");
  BOOST_TEST(chosen.err == "");
  BOOST_TEST(Json::parse(chosen.out)["runs"] == 8);
}

BOOST_AUTO_TEST_CASE(columns_that_look_like_an_axis_are_told_and_chosen) {
  const WithRuns program;
  const std::string runs = program.read("runs.csv");
  std::string both = "optimizer,job," + runs.substr(0, runs.find('\n') + 1);
  int job = 0;
  for (const char* optimizer : {"adamw", "lion"})
    for (std::size_t at = runs.find('\n') + 1; at < runs.size(); at = runs.find('\n', at) + 1)
      both += fmt::format("{},{},{}", optimizer, ++job, runs.substr(at, runs.find('\n', at) + 1 - at));
  program.scratch.write("both.csv", both);
  const std::string notes = Json::parse(program.run("law fit both.csv --json").out)["notes"].dump();
  BOOST_TEST(notes.find("column optimizer (adamw, lion)") != std::string::npos);
  BOOST_TEST(notes.find("column job") == std::string::npos);
  const Json one = Json::parse(program.run("law fit both.csv --where optimizer=lion --json").out);
  BOOST_TEST(one["runs"] == 36);
  BOOST_TEST(one["notes"].dump().find("column optimizer") == std::string::npos);
  expect_refusal(program, "law fit both.csv --where optimizer=sgd", "there are: adamw, lion");
  // Another value at other rates: what it adds to the loss is the rate's to the law.
  std::string parted = "data,job," + runs.substr(0, runs.find('\n') + 1);
  int row = 0;
  for (std::size_t at = runs.find('\n') + 1; at < runs.size(); at = runs.find('\n', at) + 1, ++row)
    parted +=
        fmt::format("{},{},{}", row % 6 < 3 ? "" : "b", row, runs.substr(at, runs.find('\n', at) + 1 - at));
  program.scratch.write("parted.csv", parted);
  BOOST_TEST(Json::parse(program.run("law fit parted.csv --json").out)["notes"].dump().find(
                 "column data ((empty), b) differs between runs of one size, token count and batch, at other "
                 "rates") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_export_of_a_sweep_has_the_law_of_the_sweep) {
  const Searched program;
  program.search();
  BOOST_TEST(program.run("export runs --output runs.csv").code == 0);
  BOOST_TEST(line_with(program.read("runs.csv"), ",0.5,").find(",failed,1,") != std::string::npos);
  const Json sweep = Json::parse(program.run("law fit --sweep search --json").out);
  const Outcome found = program.run("law fit runs.csv --json");
  BOOST_TEST(found.err == "");
  const Json file = Json::parse(found.out);
  for (const char* part : {"runs", "findings", "lr_law", "scans", "weight_decay", "holdout"})
    BOOST_TEST(file[part] == sweep[part]);
}

namespace {

/// The law of an export of the runs, with its columns named.
Json law_of_export(const Program& program) {
  BOOST_TEST(program.run("export runs --output runs.csv").code == 0);
  const Outcome found = program.run(
      "law fit runs.csv --size llm/N --tokens llm/D --lr llm/peak_lr --batch llm/batch_tokens --loss "
      "llm/loss "
      "--weight-decay llm/weight_decay --schedule llm/schedule --json");
  BOOST_TEST(found.err == "");
  return Json::parse(found.out);
}

void expect_same_law(const Json& a, const Json& b) {
  for (const char* part : {"runs", "findings", "lr_law", "scans", "weight_decay", "holdout"})
    BOOST_TEST(a[part] == b[part]);
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_evaluation_that_failed_takes_no_loss_away_that_is_known) {
  const Searched program;
  program.search();
  const Json before = Json::parse(program.run("law fit --sweep search --json").out);

  // The same trainings, with evaluations of them that fail.
  std::string small = program.read("small.toml");
  small.replace(small.find("[\"llm\"]"), 7, "[\"llm\", \"eval\"]");
  program.scratch.write("small.toml", small + "[eval]\ntext = [\"text.txt\"]\n");
  program.search();
  const Json failed = Json::parse(program.run("law fit --sweep search --json").out);
  expect_same_law(failed, before);
  BOOST_TEST(failed["notes"].dump().find("left out") == std::string::npos);
  const std::string text = program.run("export runs").out;
  BOOST_TEST(line_with(text, ",0.5,").find(",failed,1,") != std::string::npos);
  BOOST_TEST(line_with(text, ",0.002,").find(",failed,0,") != std::string::npos);
  expect_same_law(law_of_export(program), before);
  const std::string asked = program.run("law fit --sweep search --loss heldout-loss/text").err;
  BOOST_TEST(asked.find("15 runs left out: the evaluation that gives heldout-loss/text failed") !=
             std::string::npos);
  BOOST_TEST(program.run("retry --sweep search").code == 0);
  BOOST_TEST(program.run("law fit --sweep search --loss heldout-loss/text")
                 .err.find("15 runs left out: trained, but heldout-loss/text is not evaluated yet") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(sweeps_that_share_trainings_and_not_their_evaluations_are_different_experiments) {
  const Searched program;
  std::string small = program.read("small.toml"), search = program.read("search.toml");
  small.replace(small.find("[\"llm\"]"), 7, "[\"llm\", \"eval\"]");
  program.scratch.write("small.toml", small + "[eval]\ntext = [\"text.txt\"]\n");
  search.insert(search.find("[[axis]]"), "eval.max_examples = 12\n");
  program.scratch.write("other.toml", search);
  program.scratch.write("more.toml", search.replace(search.rfind("2e-3, "), 6, "1e-3, 2e-3, "));
  for (const std::string sweep : {"search", "other", "more"})
    program.shell("EVALUATE=1 $ABLATE run " + sweep +
                  ".toml --worker ./trainer --slots 1 --threads 1 --keep-going --quiet");
  for (const char* both : {"search,other", "other,search", "search,more", "more,search"})
    expect_refusal(program, fmt::format("law fit --sweep {}", both), "the seed: eval.max_examples (12, ");
  const auto law = [&](const std::string& sweeps) {
    return Json::parse(program.run(fmt::format("law fit --sweep {} --json", sweeps)).out);
  };
  const Json more = law("more");
  BOOST_TEST(more["runs"] == 21);
  for (const char* sweeps : {"more,other", "other,more", "search,more --where eval.max_examples=12"})
    for (const char* part : {"runs", "lr_law", "scans"}) BOOST_TEST(law(sweeps)[part] == more[part]);
}

BOOST_AUTO_TEST_CASE(a_loss_that_is_no_number_is_exported_as_such) {
  const Searched program;
  BOOST_TEST(program.shell("GO_ON=1 $ABLATE run search.toml --worker ./trainer --slots 1 --threads 1 --quiet")
                 .code == 0);
  const Json sweep = Json::parse(program.run("law fit --sweep search --json").out);
  BOOST_TEST(sweep["findings"].dump().find("3 of 18 runs diverged") != std::string::npos);
  expect_same_law(law_of_export(program), sweep);
  BOOST_TEST(line_with(program.read("runs.csv"), ",0.5,").find(",finished,1,") != std::string::npos);
  BOOST_TEST(line_with(program.read("runs.csv"), ",0.5,").find(",NaN") != std::string::npos);
  const Json runs = Json::parse(program.run("export runs --format json").out);
  BOOST_TEST(runs[5]["llm/loss"] == "NaN");
  BOOST_TEST(runs[0]["llm/loss"].is_number());
  BOOST_TEST(program.run("export metrics").out.find(",loss,300,NaN,") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_job_that_the_user_cancelled_was_not_worse_than_others) {
  const Searched program;
  BOOST_TEST(program.run("plan search.toml --save").code == 0);
  const std::string key = Json::parse(program.run("jobs --format json").out)[1]["key"];
  BOOST_TEST(program.run("cancel " + key).code == 0);
  program.search();
  const Outcome fit = program.run("law fit --sweep search");
  BOOST_TEST(fit.out.find("1 run left out: cancelled by `ablate cancel`") != std::string::npos);
  BOOST_TEST(fit.out.find("others of the same size") == std::string::npos);
  BOOST_TEST(
      program.run("jobs --why " + key).out.find("It was cancelled by `ablate cancel`; `ablate retry") !=
      std::string::npos);
  BOOST_TEST(
      line_with(program.run("jobs --state cancelled").out, "llm").find("cancelled by `ablate cancel`") !=
      std::string::npos);
  // A search does not start it again.
  const std::string command =
      "law run search.toml --target 10M --tokens 153600 --budget 3e14 --stop-early --worker ./trainer "
      "--slots 1 "
      "--threads 1 --quiet";
  const Outcome refused = program.run(command);
  BOOST_TEST(refused.code == 2);
  BOOST_TEST(refused.err.find("1 job of the search was cancelled by `ablate cancel`") != std::string::npos);
  BOOST_TEST(Json::parse(program.run("jobs --state cancelled --format json").out).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
