// `ablate import`: the runs of others become a sweep.
#include "cli/common.hpp"
#include "program/import_table.hpp"
#include "report/output.hpp"
#include "util/clock.hpp"
#include "util/text.hpp"
#include "views/import_view.hpp"

namespace ablate {

namespace {

/// What was said on the command line of how the file is to be read.
std::vector<std::string> given_options(const Arguments& arguments) {
  std::vector<std::string> words;
  for (const char* option : {"--name", "--seed", "--cost", "--state"})
    if (const auto text = arguments.find_text(option)) words.insert(words.end(), {option, *text});
  for (const char* option : {"--axis", "--score", "--lower-is-better"})
    if (const auto list = arguments.list(option); !list.empty())
      words.insert(words.end(), {option, join(list, ",")});
  return words;
}

int run_import(const Arguments& arguments) {
  const std::filesystem::path file = arguments.text("FILE");
  const ImportRequest request{.axes = arguments.list("--axis"),
                              .scores = arguments.list("--score"),
                              .lower_is_better = arguments.list("--lower-is-better"),
                              .seed = arguments.find_text("--seed").value_or(""),
                              .cost = arguments.find_text("--cost").value_or(""),
                              .state = arguments.find_text("--state").value_or("")};
  const std::string name = arguments.find_text("--name").value_or(file.stem().string());
  ImportReading reading = read_import(file, name, request);
  reading.sweep.roles.options = given_options(arguments);
  Database database = open_for_writing(arguments);
  const ImportResult result =
      save_import(database, reading.sweep, SystemClock().now(), arguments.flag("--replace"));
  if (arguments.flag("--json"))
    write_out(import_json(reading, result).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  else
    write_out(import_text(reading, result));
  return ExitCode::done;
}

}  // namespace

CommandSpec import_command() {
  return {
      .name = "import",
      .group = Group::results,
      .summary = "Makes a sweep of a table of others: another tool's runs, a published table",
      .description =
          "One row is one run; columns are axes, scores, a seed. What is not named is guessed, and said: "
          "columns whose values repeat are axes, numbers that are called like a score, or have fractions and "
          "hardly repeat, are scores; where that is not clear, nothing is imported. A score's examples and "
          "standard error are in columns NAME_n and NAME_se. A run without "
          "any "
          "score has failed; an axis without a value does not apply. The same file again changes nothing, a "
          "changed one replaces what it was.",
      .example = "ablate import results/published/mm1-connector.csv --name mm1",
      .options = {positional("FILE", ValueType::file, "CSV or JSON, with a row or record for each run"),
                  value("--name", ValueType::text, "NAME", "of the sweep [the file's]"),
                  repeated(value("--axis", ValueType::text, "COLUMNS", "that were varied [guessed]")),
                  repeated(value("--score", ValueType::text, "COLUMNS", "that judge a run [guessed]")),
                  value("--seed", ValueType::text, "COLUMN",
                        "whose runs belong together, a seed or a block; none: each run has its own [seed, "
                        "random_state, *_seed, ..., block]"),
                  value("--cost", ValueType::text, "COLUMN", "that a run took, in any unit [none]"),
                  repeated(value("--lower-is-better", ValueType::text, "COLUMNS",
                                 "scores of which less is better; none: there is none [loss, error, ...]")),
                  value("--state", ValueType::text, "COLUMN",
                        "that says how a run ended; none: all count [state, status]"),
                  flag("--replace", "let the file have its name, though another file was imported under it"),
                  flag("--json", "everything as JSON"), db_option()},
      .run = run_import};
}

}  // namespace ablate
