// `ablate report`: a sweep as one HTML page.
#include "cli/common.hpp"
#include "report/output.hpp"
#include "util/file.hpp"
#include "util/text.hpp"
#include "views/sweep_report.hpp"

namespace ablate {

namespace {

int run_report(const Arguments& arguments) {
  Database database = open_for_reading(arguments);
  warn_if_changed(database, arguments.text("SWEEP"));
  const SweepRecord sweep = get_sweep(database, arguments.text("SWEEP"));
  const SweepReport report = sweep_report(database, sweep,
                                          {.values = arguments.list("--value"),
                                           .a = arguments.find_text("--a"),
                                           .b = arguments.find_text("--b")});
  const std::filesystem::path page = arguments.text("--output");
  if (page.has_parent_path()) make_directories(page.parent_path());
  write_file(page, report_page(report));
  print("{}: {}\n", one_line(sweep.name), one_line(page.string()));
  return ExitCode::done;
}

}  // namespace

CommandSpec report_command() {
  OptionSpec output = value("--output", ValueType::file, "FILE", "the page");
  output.fallback = "results/report.html";
  return {.name = "report",
          .group = Group::results,
          .summary = "Writes a sweep as one HTML page",
          .description =
              "What was asked, tables, ranked effects with intervals, claims with verdicts, interactions, "
              "learning curves with "
              "bands over seeds, score against cost, cells by their levels, what failed, how recipes differ, "
              "and how to do it "
              "again. The page works offline, prints, and saves each figure as SVG or PNG.",
          .example = "ablate report connector -o connector.html",
          .options = {positional("SWEEP", ValueType::sweep, "the sweep, by name or file"), output,
                      repeated(value("--value", ValueType::text, "NAMES",
                                     "scores, or last values of metrics such as vlm/loss [all scores]")),
                      value("--a", ValueType::text, "CELL", "compared, example by example [the first cell]"),
                      value("--b", ValueType::text, "CELL",
                            "with this one [the best of the others by the first score]"),
                      db_option()},
          .run = run_report};
}

}  // namespace ablate
