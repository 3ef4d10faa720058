// `ablate compare`: two cells of a sweep, what differs between them and how much.
#include "cli/common.hpp"
#include "report/output.hpp"
#include "util/text.hpp"
#include "views/compare_page.hpp"
#include "views/compare_report.hpp"

namespace ablate {

namespace {

constexpr std::int64_t kExamples = 5;

void print_comparison(const CellComparison& comparison) {
  write_out(comparison_heading(comparison) + "\n");
  const std::vector<Table> tables = comparison_tables(comparison);
  for (const Table& table : tables) {
    print_table(table);
    if (&table != &tables.back()) write_out("\n");
  }
}

int run_compare(const Arguments& arguments) {
  Database database = open_for_reading(arguments);
  warn_if_changed(database, arguments.text("SWEEP"));
  const SweepRecord sweep = get_sweep(database, arguments.text("SWEEP"));
  const auto most = static_cast<std::size_t>(arguments.find_integer("--examples").value_or(kExamples));
  const CellComparison comparison =
      compare_cells(database, sweep, arguments.text("A"), arguments.text("B"), most);
  const bool json = arguments.flag("--json");
  if (json)
    write_out(comparison_json(comparison).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  else
    print_comparison(comparison);
  const auto page = arguments.find_text("--page");
  if (!page) return ExitCode::done;
  const std::filesystem::path file = *page;
  if (file.has_parent_path()) make_directories(file.parent_path());
  write_file(file, comparison_page(comparison, show_examples(database, sweep, comparison, most)));
  if (!json) print("\nPage with examples: {}\n", one_line(file.string()));
  return ExitCode::done;
}

}  // namespace

CommandSpec compare_command() {
  OptionSpec examples =
      at_least(0, value("--examples", ValueType::integer, "N", "examples of each score that differ most"));
  examples.fallback = std::to_string(kExamples);
  return {
      .name = "compare",
      .group = Group::results,
      .summary = "Compares two cells: their recipes, scores and examples",
      .description =
          "Shows what differs in the recipes of A and B, and nothing else; each score's difference B - A "
          "with "
          "its 95 % interval; and the examples on which they differ most. A cell is named by its number (as "
          "CSV and JSON of `ablate table` have it), its label, or levels that it alone has. Cells that were "
          "asked the same questions are compared question by question, within each seed; others seed by "
          "seed, and a note says why.",
      .example = "ablate compare connector connector.kind=mlp connector.kind=c-abstractor",
      .options = {positional("SWEEP", ValueType::sweep, "the sweep, by name or file"),
                  positional("A", ValueType::text, "a cell: 3, a label, or AXIS=LEVEL,AXIS=LEVEL"),
                  positional("B", ValueType::text, "the cell that is compared with it"), examples,
                  value("--page", ValueType::file, "FILE",
                        fmt::format(
                            "also an HTML page, with the pictures and texts of at most {} examples of a "
                            "score",
                            kMostShownExamples)),
                  flag("--json", "everything as JSON"), db_option()},
      .run = run_compare};
}

}  // namespace ablate
