// Which columns of a table `ablate law` takes, and which rows for one run.
#include <sstream>

#include "cli/law_search.hpp"
#include "util/json.hpp"
#include "util/text.hpp"

BOOST_AUTO_TEST_SUITE(law_columns)

using namespace ablate;

namespace {

/// The made-up runs with another header, and with columns after them: a number times N, D, rate, batch or
/// loss.
std::string with_columns(const std::string& header, const std::vector<std::pair<std::size_t, double>>& more) {
  std::string text = header + "\n", line;
  std::istringstream lines(made_up_runs());
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    const std::vector<std::string> cells = split(line, ',');
    text += line;
    for (const auto& [place, factor] : more)
      text += fmt::format(",{:.12g}", factor * std::stod(cells.at(place)));
    text += "\n";
  }
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(of_two_columns_the_one_whose_name_says_more_counts_and_the_other_is_told) {
  const WithRuns program;
  const Json plain = Json::parse(program.run("law fit runs.csv --json").out);
  struct Case {
    const char *header, *option, *better, *vaguer;
    std::vector<std::pair<std::size_t, double>> more;
    int line = 2;
  };
  const Case cases[] = {
      {"N,D,learning_rate,batch_tokens,loss,lr", "lr", "learning_rate", "lr", {{2, 0.1}}},
      {"N,D,Max LR,batch_tokens,loss,learning_rate,LR", "lr", "Max LR", "LR", {{2, 1}, {2, 0.1}}},
      {"N,D,lr,batch_tokens,eval/loss,loss", "loss", "eval/loss", "loss", {{4, 1.1}}},
      {"N,D,lr,batch_tokens,Test-Loss,train.loss", "loss", "Test-Loss", "train.loss", {{4, 1.1}}},
      {"N,D,lr,batch_tokens,final_loss,loss", "loss", "final_loss", "loss", {{4, 1.1}}},
      {"non_embedding_params,D,lr,batch_tokens,loss,N", "size", "non_embedding_params", "N", {{0, 1.5}}},
      {"N,D,lr,batch_tokens,loss,params", "size", "N", "params", {{0, 1.5}}},
      {"activated_params,D,lr,batch_tokens,loss,params", "size", "activated_params", "params", {{0, 8}}},
      {"active_params,D,lr,batch_tokens,loss,non_embedding_params",
       "size",
       "active_params",
       "non_embedding_params",
       {{0, 8}}},
      {"N,train_tokens,lr,batch_tokens,loss,tokens", "tokens", "train_tokens", "tokens", {{1, 7}}},
      // Another unit is no other value, but one that changes is.
      {"N,D,lr,batch_tokens,loss,batch_size", "batch", "batch_tokens", "batch_size", {{0, 0.001}}, 11},
  };
  for (const Case& one : cases) BOOST_TEST_CONTEXT(one.header) {
      program.scratch.write("two.csv", with_columns(one.header, one.more));
      const Json law = Json::parse(program.run("law fit two.csv --json").out);
      BOOST_TEST(law["lr_law"] == plain["lr_law"]);
      BOOST_TEST(law["scans"] == plain["scans"]);
      const std::string told = law["findings"].dump();
      BOOST_TEST(told.find("passed-over-column") != std::string::npos);
      BOOST_TEST(told.find(fmt::format("{} is taken for the ", one.better)) != std::string::npos);
      BOOST_TEST(told.find(fmt::format(" and not {}, which differs (", one.vaguer)) != std::string::npos);
      BOOST_TEST(told.find(fmt::format("two.csv:{}); --{} names", one.line, one.option)) !=
                 std::string::npos);
      // Who names a column has chosen.
      const std::string named = fmt::format("law fit two.csv --json --{} '{}'", one.option, one.better);
      BOOST_TEST(Json::parse(program.run(named).out)["findings"].dump().find("passed-over") ==
                 std::string::npos);
    }
  for (const std::string command : {"law predict two.csv --params 1e9", "law fit two.csv",
                                    "law propose two.csv --target 1e9 --budget 1e20"})
    BOOST_TEST(program.run(command).out.find("passed-over-column") != std::string::npos);
  program.scratch.write("two.csv", with_columns("N,D,peak_lr,batch_tokens,val_loss,lr,batch_size,loss",
                                                {{2, 1}, {3, 1.0 / 2048}, {4, 1 + 1e-9}}));
  BOOST_TEST(Json::parse(program.run("law fit two.csv --json").out)["findings"] == plain["findings"]);
}

BOOST_AUTO_TEST_CASE(of_two_columns_with_equally_good_names_and_other_values_one_has_to_be_named) {
  const WithRuns program;
  program.scratch.write("two.csv", with_columns("N,D,max_lr,batch_tokens,test_loss,peak_lr", {{2, 1}}));
  BOOST_TEST(program.run("law fit two.csv").code == 0);
  program.scratch.write("two.csv", with_columns("N,D,max_lr,batch_tokens,test_loss,peak_lr", {{2, 0.5}}));
  expect_refusal(program, "law fit two.csv", "; say which is the rate with --lr");
  BOOST_TEST(program.run("law fit two.csv --lr max_lr").code == 0);
  program.scratch.write("two.csv", with_columns("N,D,lr,batch_tokens,test_loss,validation_loss", {{4, 1.1}}));
  expect_refusal(program, "law fit two.csv", "two.csv:2: test_loss is ");
  expect_refusal(program, "law predict two.csv --params 1e9", "; say which is the loss with --loss");
  program.scratch.write("two.csv", with_columns("N,D,lr,batch_tokens,loss,LR", {{2, 0.1}}));
  expect_refusal(program, "law fit two.csv", "; say which is the rate with --lr");
  program.scratch.write("two.csv", with_columns("N,D,lr,batch_tokens,loss,loss", {{4, 2}}));
  expect_refusal(program, "law fit two.csv", "two columns are called 'loss'");
}

namespace {

/// The made-up runs with a column before them that has a name for each, and one row that is a run's again.
std::string listed_twice(const std::string& column) {
  std::string text = column + ",", line, last;
  std::istringstream lines(made_up_runs());
  std::getline(lines, line);
  text += line + "\n";
  for (int run = 0; std::getline(lines, line); ++run) text += last = fmt::format("{},{}\n", run, line);
  return text + last.substr(0, last.rfind(',')) + ",3.9\n";
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_with_two_losses_is_refused_by_its_id_and_told_by_its_name) {
  const WithRuns program;
  for (const char* column : {"ID", "key", "Run ID", "run_id", "uuid", "trial_id", "Trial Number", "number"})
    BOOST_TEST_CONTEXT(column) {
      program.scratch.write("twice.csv", listed_twice(column));
      expect_refusal(program, "law fit twice.csv", "twice.csv:38: run '35' has size");
      expect_refusal(program, "law predict twice.csv --params 1e9", "; twice.csv:37 says size");
      BOOST_TEST(Json::parse(program.run("law fit twice.csv --key none --json").out)["runs"] == 37);
    }
  for (const std::string column :
       {"Name", "run", "Run name", "trial", "job", "exp", "experiment", "experiment-name"})
    BOOST_TEST_CONTEXT(column) {
      program.scratch.write("twice.csv", listed_twice(column));
      const Json law = Json::parse(program.run("law fit twice.csv --json").out);
      BOOST_TEST(law["runs"] == 37);
      const std::string told = law["findings"].dump();
      BOOST_TEST(told.find("repeated-names") != std::string::npos);
      BOOST_TEST(told.find(fmt::format("1 row has what another one has in {}, and the same settings "
                                       "(twice.csv:37 and twice.csv:38, '35')",
                                       column)) != std::string::npos);
      BOOST_TEST(program.run("law predict twice.csv --params 1e9").out.find("repeated-names") !=
                 std::string::npos);
      BOOST_TEST(program.run("law fit twice.csv --key none").out.find("repeated-names") == std::string::npos);
      expect_refusal(program, fmt::format("law fit twice.csv --key '{}'", column), "twice.csv:38: run '35'");
    }
}

BOOST_AUTO_TEST_CASE(flags_and_exit_codes_tell_which_runs_finished) {
  const WithRuns program;
  struct Case {
    const char *column, *good, *bad, *told;
  };
  const Case cases[] = {{"JobState", "COMPLETED", "NODE_FAIL", "state node_fail"},
                        {"is_finished", "True", "False", "is_finished false"},
                        {"crashed", "0", "1", "crashed 1"},
                        {"stopped-early", "no", "yes", "stopped-early yes"},
                        {"exit_code", "0", "137", "exit_code 137"}};
  for (const auto& [column, good, bad, told] : cases) BOOST_TEST_CONTEXT(column) {
      std::string text, line;
      std::istringstream lines(made_up_runs());
      std::getline(lines, line);
      text = fmt::format("{},{}\n", line, column);
      while (std::getline(lines, line)) text += fmt::format("{},{}\n", line, good);
      // At the best rate of the largest size, and lower than all others.
      program.scratch.write("states.csv", text + fmt::format("3e8,6e9,1e-3,262144,1.9,{}\n", bad));
      const Json law = Json::parse(program.run("law fit states.csv --json").out);
      BOOST_TEST(law["runs"] == 36);
      BOOST_TEST(law["notes"].dump().find(fmt::format("1 run left out: {}\"", told)) != std::string::npos);
    }
  const std::string all = program.run("law fit states.csv --state none --json").out;
  BOOST_TEST(Json::parse(all)["runs"] == 37);
  program.scratch.write("states.csv", with_columns("N,D,lr,batch_tokens,loss,complete", {{4, 30}}));
  BOOST_TEST(program.run("law fit states.csv").out.find("column complete may tell which runs finished") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_column_of_numbers_that_may_be_a_setting_is_told) {
  const WithRuns program;
  std::string text, line;
  std::istringstream lines(made_up_runs());
  std::getline(lines, line);
  text = line + ",dropout,min_lr,wall_hours,aux_loss\n";
  for (int row = 0; std::getline(lines, line); ++row)
    text +=
        fmt::format("{},{},{:.4g},{},{}\n", line, 0.05 + 0.04 * (row % 9) + 0.003 * (row * 7 % 5),
                    0.1 * std::stod(split(line, ',').at(2)), 3 + row * 11 % 7, 0.1 + 0.01 * (row * 5 % 11));
  program.scratch.write("random.csv", text);
  const Json law = Json::parse(program.run("law fit random.csv --json").out);
  const std::string told = law["findings"].dump();
  BOOST_TEST(told.find("column dropout (0.05 to 0.382) varies among runs of one size") != std::string::npos);
  for (const char* other : {"column min_lr", "column wall_hours", "column aux_loss"})
    BOOST_TEST(told.find(other) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(histories_of_runs_are_no_runs) {
  const WithRuns program;
  const std::pair<const char*, const char*> names[] = {
      {"step", "run"},         {"_step", "Name"},
      {"Iteration", "id"},     {"trainer/global_step", "other"},
      {"epoch", "run"},        {"consumed_tokens", "other"},
      {"num_updates", "name"}, {"_timestamp", "run_name"}};
  for (const auto& [step, run] : names) BOOST_TEST_CONTEXT(step << " of " << run) {
      std::string text = fmt::format("{},{},", run, step), line;
      std::istringstream lines(made_up_runs());
      std::getline(lines, line);
      text += line + "\n";
      for (int number = 0; std::getline(lines, line); ++number)
        text += fmt::format("r{0},100,{1}1\nr{0},200,{1}\n", number, line);
      program.scratch.write("history.csv", text);
      expect_refusal(program, "law fit history.csv", "expected the last row of each run");
      expect_refusal(program, "law fit history.csv", "history.csv:3 and history.csv:2: one run");
      BOOST_TEST(Json::parse(program.run("law fit history.csv --key none --json").out)["runs"] == 72);
      // The last rows alone are runs, wherever each of them ended.
      BOOST_TEST(
          Json::parse(
              program.run(fmt::format("law fit history.csv --json --where {}=200", step)).out)["runs"] == 36);
    }
}

BOOST_AUTO_TEST_SUITE_END()
