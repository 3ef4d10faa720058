#include "law/runs.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "scratch.hpp"
#include "util/error.hpp"

namespace {

const ablate::LawColumns kNamed{.params = "N", .tokens = "D", .lr = "lr", .batch = "B", .loss = "loss"};

/// The message with which `text` is refused.
std::string refusal(const std::string& text, const std::string& name = "runs.csv",
                    const ablate::LawColumns& columns = kNamed) {
  try {
    ablate::parse_law_runs(text, name, columns);
  } catch (const ablate::Error& error) {
    return error.what();
  }
  return "accepted";
}

const std::string kHeader = "N,D,lr,B,loss\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(law_runs)

BOOST_AUTO_TEST_CASE(runs_are_read_from_named_columns_in_any_order) {
  ablate::LawColumns columns = kNamed;
  columns.weight_decay = "wd";
  columns.schedule = "schedule";
  const auto runs = ablate::parse_law_runs(
      "wd,loss,B,lr,D,N,schedule\r\n0.1,3.25,65536,1e-3,2e9,1e8,\"cosine, 10%\"\r\n", "runs.csv", columns);
  BOOST_REQUIRE(runs.size() == 1u);
  BOOST_TEST(runs[0].params == 1e8);
  BOOST_TEST(runs[0].tokens == 2e9);
  BOOST_TEST(runs[0].lr == 1e-3);
  BOOST_TEST(runs[0].batch == 65536.0);
  BOOST_TEST(runs[0].loss == 3.25);
  BOOST_TEST(runs[0].weight_decay == 0.1);
  BOOST_TEST(runs[0].schedule == "cosine, 10%");
  BOOST_TEST(runs[0].where == "runs.csv:2");
  BOOST_TEST(!runs[0].diverged);
}

BOOST_AUTO_TEST_CASE(losses_that_are_no_numbers_are_diverged_runs) {
  const auto runs = ablate::parse_law_runs(kHeader +
                                               "1e8,2e9,1e-3,65536,nan\n1e8,2e9,2e-3,65536,\n"
                                               "1e8,2e9,4e-3,65536,-inf\n1e8,2e9,8e-3,65536,None\n",
                                           "runs.csv", kNamed);
  BOOST_REQUIRE(runs.size() == 4u);
  for (const ablate::LawRun& run : runs) BOOST_TEST(run.diverged);
}

BOOST_AUTO_TEST_CASE(json_lines_may_hold_what_python_writes) {
  const auto runs = ablate::parse_law_runs(
      "{\"N\": 1e8, \"D\": 2000000000, \"lr\": 0.001, \"B\": 65536, \"loss\": NaN, \"note\": \"NaN "
      "here\"}\n\n"
      "{\"N\": 1e8, \"D\": 2000000000, \"lr\": 0.002, \"B\": 65536, \"loss\": 3.5}\n",
      "runs.jsonl", kNamed);
  BOOST_REQUIRE(runs.size() == 2u);
  BOOST_TEST(runs[0].diverged);
  BOOST_TEST(runs[1].loss == 3.5);
  BOOST_TEST(runs[1].where == "runs.jsonl:3");
}

BOOST_AUTO_TEST_CASE(wrong_input_is_refused_with_line_and_column) {
  BOOST_TEST(refusal("") == "runs.csv: empty; expected a header line with the names of the columns");
  BOOST_TEST(refusal(kHeader) == "runs.csv: no rows below the header");
  BOOST_TEST(refusal("N,D,lr,B,los\n1,1,1,1,1\n") == "runs.csv: no column 'loss'; did you mean 'los'?");
  BOOST_TEST(refusal("N,D,lr,B,y\n1,1,1,1,1\n") ==
             "runs.csv: no column 'loss'; expected one of: N, D, lr, B, y");
  BOOST_TEST(refusal(kHeader + "1e8,2e9,fast,65536,3\n") == "runs.csv:2: lr: 'fast' is not a number");
  BOOST_TEST(refusal(kHeader + "1e8,2e9,1e-3,65536,3\n130M,2e9,1e-3,65536,3\n") ==
             "runs.csv:3: N: '130M' is not a number");
  BOOST_TEST(refusal(kHeader + "1e8,2e9,-0.001,65536,3\n") ==
             "runs.csv:2: lr: '-0.001' is not a positive number");
  BOOST_TEST(refusal(kHeader + "1e8,0,0.001,65536,3\n") == "runs.csv:2: D: '0' is not a positive number");
  BOOST_TEST(refusal(kHeader + "1e8,nan,0.001,65536,3\n") == "runs.csv:2: D: 'nan' is not a positive number");
  BOOST_TEST(refusal(kHeader + "1e8,2e9,0.001,65536,good\n") == "runs.csv:2: loss: 'good' is not a number");
  BOOST_TEST(refusal(kHeader + "1e8,2e9,0.001\n") == "runs.csv:2: 3 fields where the header has 5");
  BOOST_TEST(refusal(kHeader + "\"1e8,2e9,0.001,1,1\n") == "runs.csv:2: a quote is opened and never closed");
  BOOST_TEST(refusal("N,D,lr,lr,B,loss\n1,1,1,1,1,1\n") == "runs.csv: two columns are called 'lr'");
  BOOST_TEST(refusal("[1]\n", "runs.jsonl") == "runs.jsonl:1: not a JSON object on one line");
  BOOST_TEST(refusal("\n", "runs.jsonl") == "runs.jsonl: empty; expected one JSON object a line");
  ablate::LawColumns nameless = kNamed;
  nameless.lr.clear();
  BOOST_TEST(refusal(kHeader, "runs.csv", nameless) ==
             "the columns of model size, learning rate and loss must be named");
}

BOOST_AUTO_TEST_CASE(columns_that_are_not_named_are_unknown) {
  const auto runs =
      ablate::parse_law_runs("N,lr,loss\n1e8,1e-3,3\n", "runs.csv",
                             {.params = "N", .tokens = "", .lr = "lr", .batch = "", .loss = "loss"});
  BOOST_TEST(runs.at(0).tokens == 0.0);
  BOOST_TEST(runs.at(0).batch == 0.0);
}

BOOST_AUTO_TEST_CASE(a_file_is_read_by_its_path) {
  const ablate::Scratch scratch;
  const auto path = scratch.write("runs.csv", kHeader + "1e8,2e9,1e-3,65536,3\n");
  BOOST_TEST(ablate::read_law_runs(path, kNamed).size() == 1u);
  BOOST_CHECK_THROW(ablate::read_law_runs(scratch.path / "absent.csv", kNamed), ablate::Error);
}

BOOST_AUTO_TEST_CASE(a_table_of_optima_has_one_row_for_each_cell) {
  const std::string header = "N,D,lr,B\n";
  const auto optima =
      ablate::parse_law_optima(header + "1e8,2e9,1e-3,65536\n2e8,2e9,8e-4,65536\n", "optima.csv", kNamed);
  BOOST_REQUIRE(optima.size() == 2u);
  BOOST_TEST(optima[1].lr == 8e-4);
  BOOST_TEST(std::isnan(optima[1].lr_se));
  BOOST_CHECK_THROW(
      ablate::parse_law_optima(header + "1e8,2e9,1e-3,1\n1e8,2e9,2e-3,1\n", "optima.csv", kNamed),
      ablate::Error);
}

BOOST_AUTO_TEST_SUITE_END()
