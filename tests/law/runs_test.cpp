#include "law/runs.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "scratch.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace {

const ablate::LawColumns kNamed{.params = "N", .tokens = "D", .lr = "lr", .batch = "B", .loss = "loss"};

/// The message with which `text` is refused.
std::string refusal(const std::string& text, const std::string& name = "runs.csv",
                    const ablate::LawColumns& columns = kNamed) {
  try {
    ablate::parse_law_runs(ablate::parse_table(text, name), columns);
  } catch (const ablate::Error& error) {
    return error.what();
  }
  return "accepted";
}

/// What is read of `text`.
ablate::LawTable<ablate::LawRun> read(const std::string& text, const std::string& name = "runs.csv",
                                      const ablate::LawColumns& columns = kNamed) {
  return ablate::parse_law_runs(ablate::parse_table(text, name), columns);
}
std::string left_out(const ablate::LawTable<ablate::LawRun>& table) {
  return ablate::join(ablate::left_out_lines(table.left_out), "; ");
}

const std::string kHeader = "N,D,lr,B,loss\n";
const std::string kGood = "1e8,2e9,1e-3,65536,3.25\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(law_runs)

BOOST_AUTO_TEST_CASE(runs_are_read_from_named_columns_in_any_order) {
  ablate::LawColumns columns = kNamed;
  columns.weight_decay = "wd";
  columns.schedule = "schedule";
  const auto runs = read("wd,loss,B,lr,D,N,schedule\r\n0.1,3.25,65536,1e-3,2e9,1e8,\"cosine, 10%\"\r\n",
                         "runs.csv", columns)
                        .rows;
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
  for (const char* loss : {"nan", "NaN", "NAN", "-nan", "inf", "+Inf", "-inf", "Infinity", "-Infinity",
                           "diverged", "#NUM!", "1.#QNAN", "-1.#IND00", "1.#INF", "1e400"}) {
    const auto runs = read(kHeader + "1e8,2e9,1e-3,65536," + loss + "\n");
    BOOST_REQUIRE(runs.rows.size() == 1u);
    BOOST_TEST_CONTEXT(loss) BOOST_TEST(runs.rows[0].diverged);
    BOOST_TEST(runs.left_out.empty());
  }
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_left_out_and_counted) {
  for (const char* missing : {"", " ", "NA", "n/a", "#N/A", "<NA>", "null", "None", "-", "--", ".", "?"})
    BOOST_TEST_CONTEXT("'" << missing << "'") {
      const std::string scan = missing;
      const auto runs = read(kHeader + kGood + "1e8,2e9,2e-3,65536," + scan + "\n" + scan +
                             ",2e9,2e-3,65536,3\n" + "1e8," + scan + ",2e-3,65536,3\n1e8,2e9," + scan +
                             ",65536,3\n1e8,2e9,2e-3," + scan + ",3\n1e8,2e9,4e-3,65536," + scan + "\n");
      BOOST_TEST(runs.rows.size() == 1u);
      BOOST_TEST(
          left_out(runs) ==
          "1 run left out: no batch; 2 runs left out: no loss; 1 run left out: no rate; 1 run left out: no "
          "size; 1 run left out: no token count");
    }
  // A setting that is not a number is one that somebody did not know.
  BOOST_TEST(left_out(read(kHeader + kGood + "1e8,nan,0.001,65536,3\n")) == "1 run left out: no token count");
  BOOST_TEST(refusal(kHeader + "1e8,2e9,1e-3,65536,\n1e8,2e9,2e-3,65536,\n") ==
             "runs.csv: no row is left: 2 runs left out: no loss");
}

BOOST_AUTO_TEST_CASE(a_run_has_one_loss_and_a_seed_where_others_have_one) {
  ablate::LawColumns columns = kNamed;
  columns.key = "key";
  const std::string header = "N,D,lr,B,loss,key\n", first = "1e8,2e9,1e-3,65536,3.25,r1\n";
  const auto twice = read(header + first + first + "1e8,2e9,1e-3,65536,3.25,r2\n", "runs.csv", columns);
  BOOST_TEST(twice.rows.size() == 2u);
  BOOST_TEST(left_out(twice) == "1 run left out: listed before");
  const std::string told = refusal(header + first + "1e8,2e9,1e-3,65536,3.2,r1\n", "runs.csv", columns);
  BOOST_TEST(told.starts_with(
      "runs.csv:3: run 'r1' has size 1e+08, tokens 2e+09, rate 0.001, batch 65536, loss 3.2,"));
  BOOST_TEST(told.find("; runs.csv:2 says size 1e+08, tokens 2e+09, rate 0.001, batch 65536, loss 3.25,") !=
             std::string::npos);
  columns.key = "", columns.seed = "seed";
  const auto seeds =
      read("N,D,lr,B,loss,seed\n1e8,2e9,1e-3,65536,3.25,7\n1e8,2e9,1e-3,65536,3.2,\n", "runs.csv", columns);
  BOOST_TEST(seeds.rows.size() == 1u);
  BOOST_TEST(seeds.rows[0].seed == "7");
  BOOST_TEST(left_out(seeds) == "1 run left out: no seed, which others have; --seed none ignores seeds");
  BOOST_TEST(read("N,D,lr,B,loss,seed\n1e8,2e9,1e-3,65536,3.25,\n", "runs.csv", columns).rows.size() == 1u);
}

BOOST_AUTO_TEST_CASE(rows_of_one_run_on_its_way_are_refused) {
  ablate::LawColumns columns = kNamed;
  columns.step = "step";
  const std::string history = "N,D,lr,B,loss,run,step\n1e8,2e9,1e-3,65536,3.25,a,100\n",
                    later = history + "1e8,2e9,1e-3,65536,3.2,a,200\n";
  // By a key, by a name, and by settings alone.
  columns.key = "run";
  BOOST_TEST(refusal(later, "runs.csv", columns)
                 .starts_with("runs.csv:3 and runs.csv:2: one run, 'a', has step '200' and '100'; expected "
                              "the last row of each run"));
  columns.key = "", columns.name = "run";
  BOOST_TEST(refusal(later, "runs.csv", columns).starts_with("runs.csv:3 and runs.csv:2: one run, 'a', has"));
  columns.name = "";
  BOOST_TEST(
      refusal(later, "runs.csv", columns).starts_with("runs.csv:3 and runs.csv:2: one run has step '200'"));
  // Repeats that end a step apart, and a run of twice the tokens.
  columns.name = "run";
  BOOST_TEST(
      read(history + "1e8,2e9,1e-3,65536,3.2,b,101\n1e8,4e9,1e-3,65536,3.1,c,200\n", "runs.csv", columns)
          .rows.size() == 3u);
  // Without steps tokens tell, unless the name is a group's.
  columns.step = "";
  const std::string tokens = history + "1e8,4e9,1e-3,65536,3.2,a,200\n";
  BOOST_TEST(refusal(tokens, "runs.csv", columns)
                 .starts_with("runs.csv:3 and runs.csv:2: one run, 'a', has tokens 4e+09 and 2e+09;"));
  BOOST_TEST(read(tokens + "1e8,4e9,2e-3,65536,3.2,a,200\n", "runs.csv", columns).rows.size() == 3u);
  columns.name = "", columns.key = "run";
  BOOST_TEST(refusal(tokens, "runs.csv", columns).find("'a', has tokens 4e+09 and 2e+09;") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_name_that_is_repeated_is_doubtful) {
  ablate::LawColumns columns = kNamed;
  columns.name = "exp";
  const std::string rows =
      "N,D,lr,B,loss,exp,seed,state\n1e8,2e9,1e-3,65536,3.25,a,1,failed\n1e8,2e9,1e-3,65536,3.2,a,2,"
      "finished\n"
      "1e8,2e9,2e-3,65536,3.3,b,1,finished\n1e8,2e9,2e-3,65536,3.3,c,1,finished\n";
  const auto found = read(rows, "runs.csv", columns);
  BOOST_TEST(found.rows.size() == 4u);
  BOOST_TEST(found.repeated_names.starts_with(
      "1 row has what another one has in exp, and the same settings (runs.csv:2 and runs.csv:3, 'a')"));
  // Other seeds are repeats, a run that failed does not count, and without a column nobody knows.
  columns.seed = "seed";
  BOOST_TEST(read(rows, "runs.csv", columns).repeated_names == "");
  columns.seed = "", columns.state = "state";
  BOOST_TEST(read(rows, "runs.csv", columns).repeated_names == "");
  BOOST_TEST(read(rows).repeated_names == "");
}

BOOST_AUTO_TEST_CASE(states_of_trackers_decide_which_runs_count) {
  ablate::LawColumns columns = kNamed;
  columns.state = "State";
  columns.diverged = "bad";
  const auto runs = [&](const std::string& rows) {
    return read("N,D,lr,B,loss,State,bad\n" + rows, "runs.csv", columns);
  };
  for (const char* state : {"finished", "Finished", "COMPLETED", "complete", "TrialState.COMPLETE", "done"})
    BOOST_TEST(runs(std::string("1e8,2e9,1e-3,65536,3,") + state + ",\n").rows.size() == 1u);
  const auto mixed = runs(
      "1e8,2e9,1e-3,65536,3,finished,\n1e8,2e9,2e-3,65536,3,running,\n1e8,2e9,2e-3,65536,,Running,\n"
      "1e8,2e9,2e-3,65536,3,crashed,0\n1e8,2e9,2e-3,65536,3,NODE_FAIL,\n1e8,2e9,2e-3,65536,3,on \x1b[2J "
      "fire,\n"
      "1e8,2e9,2e-3,65536,3,,\n1e8,2e9,3e-3,65536,nan,failed,\n1e8,2e9,4e-3,65536,,failed,TRUE\n"
      "1e8,2e9,5e-3,65536,,diverged,\n1e8,2e9,6e-3,65536,nan,killed,\n1e8,2e9,7e-3,65536,NaN,stopped-early,\n"
      "1e8,2e9,8e-3,65536,inf,TrialState.PRUNED,\n");
  BOOST_REQUIRE(mixed.rows.size() == 4u);
  BOOST_TEST(!mixed.rows[0].diverged);
  for (std::size_t i = 1; i < 4; ++i) BOOST_TEST(mixed.rows[i].diverged);
  BOOST_TEST(left_out(mixed) ==
             "1 run left out: no state; 1 run left out: state 'on ?[2J fire', which is not known here; "
             "--state none counts all states; 1 run left out: state crashed; 1 run left out: state "
             "killed; 1 run left out: state node_fail; 2 runs left out: state running; 1 run left out: state "
             "stopped-early; 1 run left out: state trialstate.pruned");
}

BOOST_AUTO_TEST_CASE(all_columns_of_states_have_to_call_a_run_finished) {
  ablate::LawColumns columns = kNamed;
  columns.state = "State";
  columns.state_flags = {"completed", "pruned", "ExitCode"};
  const auto table = read(
      "N,D,lr,B,loss,State,completed,pruned,ExitCode\n1e8,2e9,1e-3,65536,3,finished,1,0,0:0\n"
      "1e8,2e9,2e-3,65536,3,finished,1,,0\n1e8,2e9,2e-3,65536,3,finished,0,0,0\n"
      "1e8,2e9,3e-3,65536,3,finished,1,1,0\n1e8,2e9,3e-3,65536,3,finished,1,0,0:9\n"
      "1e8,2e9,4e-3,65536,nan,failed,1,0,1:0\n1e8,2e9,4e-3,65536,nan,failed,0,0,1\n"
      "1e8,2e9,4e-3,65536,3,finished,,0,0\n",
      "runs.csv", columns);
  BOOST_REQUIRE(table.rows.size() == 3u);
  BOOST_TEST(!table.rows[1].diverged);
  BOOST_TEST(table.rows[2].diverged);
  BOOST_TEST(
      left_out(table) ==
      "1 run left out: ExitCode 0:9; 1 run left out: completed 0; 1 run left out: no state; 1 run left "
      "out: pruned 1; 1 run left out: state failed");
}

BOOST_AUTO_TEST_CASE(flags_are_read_in_every_usual_spelling) {
  ablate::LawColumns columns = kNamed;
  columns.diverged = "bad";
  const auto run = [&](const std::string& flag) {
    return read("N,D,lr,B,loss,bad\n1e8,2e9,1e-3,65536,3," + flag + "\n", "runs.csv", columns).rows.at(0);
  };
  for (const char* yes : {"1", "1.0", "TRUE", "True", "true", "yes", "Y", "t"}) BOOST_TEST(run(yes).diverged);
  for (const char* no : {"0", "0.0", "FALSE", "False", "no", "N", "f", "", "NA"})
    BOOST_TEST(!run(no).diverged);
  BOOST_TEST(refusal("N,D,lr,B,loss,bad\n1e8,2e9,1e-3,65536,3,perhaps\n", "runs.csv", columns) ==
             "runs.csv:2: bad: 'perhaps' is neither true nor false, 1 nor 0");
}

BOOST_AUTO_TEST_CASE(amounts_have_the_units_that_options_take) {
  const auto run = read(kHeader + "130M,2.6B,1e-3,64 k,3\n").rows.at(0);
  BOOST_TEST(run.params == 130e6);
  BOOST_TEST(run.tokens == 2.6e9);
  BOOST_TEST(run.batch == 64e3);
}

BOOST_AUTO_TEST_CASE(a_batch_in_sequences_is_made_tokens_by_their_length) {
  ablate::LawColumns columns = kNamed;
  columns.seq_len = "T";
  const auto runs =
      read("N,D,lr,B,loss,T\n1e8,2e9,1e-3,256,3,2048\n1e8,2e9,1e-3,256,3,\n", "runs.csv", columns);
  BOOST_REQUIRE(runs.rows.size() == 1u);
  BOOST_TEST(runs.rows[0].batch == 256.0 * 2048);
  BOOST_TEST(left_out(runs) == "1 run left out: no sequence length");
}

BOOST_AUTO_TEST_CASE(separators_are_told_from_the_header) {
  for (const char separator : {',', ';', '\t'}) {
    std::string text =
        "\xEF\xBB\xBFName,State,N,D,lr,B,loss,\r\n\"a, b\",x,1e8,2e9,1e-3,65536,3.25,\r\n,,,,,,,\r\n\r\n"
        "\"c;\td\",x,1e8,2e9,2e-3,65536,3.5,,,\r\n";
    if (separator != ',') {
      bool quoted = false;
      for (char& c : text) {
        quoted = c == '"' ? !quoted : quoted;
        if (c == ',' && !quoted) c = separator;
      }
    }
    const auto runs = read(text).rows;
    BOOST_REQUIRE(runs.size() == 2u);
    BOOST_TEST(runs[0].loss == 3.25);
    BOOST_TEST(runs[1].where == "runs.csv:5");
  }
  BOOST_TEST(read("sep=;\r\nN;D;lr;B;loss\r\n1e8;2e9;1e-3;65536;3\r\n").rows.at(0).where == "runs.csv:3");
}

BOOST_AUTO_TEST_CASE(forms_of_text_that_are_not_read_are_named) {
  const std::string rows = kHeader + kGood;
  std::string wide = "\xFF\xFE", old = rows;
  for (const char c : rows) wide += std::string{c, '\0'};
  std::replace(old.begin(), old.end(), '\n', '\r');
  BOOST_TEST(refusal(wide).find("is text in UTF-16") != std::string::npos);
  BOOST_TEST(refusal(wide.substr(2)).find("is text in UTF-16") != std::string::npos);
  BOOST_TEST(refusal(wide, "runs.jsonl").find("is text in UTF-16") != std::string::npos);
  BOOST_TEST(refusal(old).starts_with("runs.csv:1: the line ends in a carriage return (CR) alone"));
  BOOST_TEST(refusal("N;D;lr;B;loss\n1e8;2e9;0,001;65536;3,25\n") ==
             "runs.csv:2: loss: '3,25' is not a number: write a decimal comma as a point, and leave out "
             "separators of thousands");
  BOOST_TEST(refusal(kHeader + "\"100,000,000\",2e9,1e-3,65536,3\n") ==
             "runs.csv:2: N: '100,000,000' is not a number: write a decimal comma as a point, and leave out "
             "separators of thousands");
  BOOST_TEST(refusal(kHeader + "1e8,2e9,0,001,65536,3,25\n") ==
             "runs.csv:2: 7 fields where the header has 5; a number with a comma in it is two fields");
}

BOOST_AUTO_TEST_CASE(json_may_hold_what_python_writes) {
  const std::string first =
      "{\"N\": 1e8, \"D\": 2000000000, \"lr\": 0.001, \"B\": 65536, \"loss\": NaN, \"note\": \"NaN here\"}";
  const std::string second = "{\"N\": 1e8, \"D\": 2000000000, \"lr\": 0.002, \"B\": 65536, \"loss\": 3.5}";
  const std::string third = "{\"N\": 1e8, \"D\": 2000000000, \"lr\": 0.004, \"B\": 65536, \"loss\": null}";
  const auto lines = read(first + "\n\n" + second + "\n" + third + "\n", "runs.jsonl");
  const auto array = read("[" + first + ",\n" + second + "," + third + "]\n", "runs.json");
  for (const auto& runs : {lines, array}) {
    BOOST_REQUIRE(runs.rows.size() == 2u);
    BOOST_TEST(runs.rows[0].diverged);
    BOOST_TEST(runs.rows[1].loss == 3.5);
    BOOST_TEST(left_out(runs) == "1 run left out: no loss");
  }
  BOOST_TEST(lines.rows[1].where == "runs.jsonl:3");
  BOOST_TEST(array.rows[1].where == "runs.json: record 2");
  BOOST_TEST(read("{\"N\": \"100M\", \"D\": 2e9, \"lr\": 1e-3, \"B\": 1, \"loss\": -Infinity}", "runs.json")
                 .rows.at(0)
                 .diverged);
}

BOOST_AUTO_TEST_CASE(wrong_input_is_refused_with_line_and_column) {
  BOOST_TEST(refusal("") == "runs.csv: empty; expected a header line with the names of the columns");
  BOOST_TEST(refusal(kHeader) == "runs.csv: no rows below the header");
  BOOST_TEST(refusal("N,D,lr,B,los\n1,1,1,1,1\n") == "runs.csv: no column 'loss'; did you mean 'los'?");
  BOOST_TEST(refusal("N,D,lr,B,y\n1,1,1,1,1\n") ==
             "runs.csv: no column 'loss'; expected one of: N, D, lr, B, y");
  BOOST_TEST(refusal(kHeader + "1e8,2e9,fast,65536,3\n") == "runs.csv:2: lr: 'fast' is not a number");
  BOOST_TEST(refusal(kHeader + "1e8,2e9,1e-3,65536,3\n130X,2e9,1e-3,65536,3\n") ==
             "runs.csv:3: N: '130X' is not a number");
  BOOST_TEST(refusal(kHeader + "1e8,2e9,-0.001,65536,3\n") ==
             "runs.csv:2: lr: '-0.001' is not a positive number");
  BOOST_TEST(refusal(kHeader + "1e8,0,0.001,65536,3\n") == "runs.csv:2: D: '0' is not a positive number");
  BOOST_TEST(refusal(kHeader + "1e8,inf,0.001,65536,3\n") == "runs.csv:2: D: 'inf' is not a positive number");
  BOOST_TEST(refusal(kHeader + "1e8,2e9,0.001,65536,good\n") == "runs.csv:2: loss: 'good' is not a number");
  BOOST_TEST(refusal(kHeader + "1e8,2e9,0.001\n") == "runs.csv:2: 3 fields where the header has 5");
  BOOST_TEST(refusal(kHeader + "\"1e8,2e9,0.001,1,1\n") == "runs.csv:2: a quote is opened and never closed");
  BOOST_TEST(refusal("N,D,lr,lr,B,loss\n1,1,1,1,1,1\n") == "runs.csv: two columns are called 'lr'");
  BOOST_TEST(refusal("[1]\n", "runs.jsonl") == "runs.jsonl: record 1: not a JSON object");
  // What pandas writes without `orient`, and with "split".
  for (const char* text : {R"({"loss":{"0":3.1,"1":3.0},"lr":{"0":0.1,"1":0.2}})",
                           "{\n \"lr\": {\"0\": 0.1},\n \"loss\": {\"0\": NaN}\n}\n"})
    BOOST_TEST(refusal(text, "runs.json") ==
               "runs.json: a table by columns, one of which is 'loss'; expected records, one JSON object for "
               "each row (pandas: to_json(orient=\"records\"))");
  BOOST_TEST(refusal(R"({"columns":["lr"],"index":[0],"data":[[0.1]]})", "runs.json")
                 .starts_with("runs.json: a table by columns, one of which is 'columns'"));
  BOOST_TEST(refusal("{\"N\":\n1}\n", "runs.jsonl") ==
             "runs.jsonl:1: not a JSON object on one line, nor is the file one array of objects");
  BOOST_TEST(refusal("\n", "runs.jsonl") ==
             "runs.jsonl: empty; expected one JSON object a line, or an array of objects");
  ablate::LawColumns nameless = kNamed;
  nameless.lr.clear();
  BOOST_TEST(refusal(kHeader + kGood, "runs.csv", nameless) ==
             "the columns of model size, learning rate and loss must be named");
}

BOOST_AUTO_TEST_CASE(columns_that_are_not_named_are_unknown) {
  const auto runs = read("N,lr,loss\n1e8,1e-3,3\n", "runs.csv",
                         {.params = "N", .tokens = "", .lr = "lr", .batch = "", .loss = "loss"})
                        .rows;
  BOOST_TEST(runs.at(0).tokens == 0.0);
  BOOST_TEST(runs.at(0).batch == 0.0);
}

BOOST_AUTO_TEST_CASE(a_file_is_read_by_its_path) {
  const ablate::Scratch scratch;
  const auto path = scratch.write("runs.csv", kHeader + "1e8,2e9,1e-3,65536,3\n");
  BOOST_TEST(ablate::read_law_runs(path, kNamed).rows.size() == 1u);
  BOOST_CHECK_THROW(ablate::read_law_runs(scratch.path / "absent.csv", kNamed), ablate::Error);
}

BOOST_AUTO_TEST_CASE(a_table_of_optima_has_one_row_for_each_scan) {
  const std::string header = "N,D,lr,B\n";
  const auto parse = [](const std::string& text) {
    return ablate::parse_law_optima(ablate::parse_table(text, "optima.csv"), kNamed);
  };
  const auto found = parse(header + "1e8,2e9,1e-3,65536\n2e8,2e9,8e-4,65536\n4e8,2e9,,65536\n");
  const std::vector<ablate::LawOptimum>& optima = found.rows;
  BOOST_TEST(found.left_out.at("no rate") == 1);
  BOOST_REQUIRE(optima.size() == 2u);
  BOOST_TEST(optima[1].lr == 8e-4);
  BOOST_TEST(std::isnan(optima[1].lr_se));
  BOOST_CHECK_THROW(parse(header + "1e8,2e9,1e-3,1\n1e8,2e9,2e-3,1\n"), ablate::Error);
}

BOOST_AUTO_TEST_SUITE_END()
