// `ablate compare`: two cells of a sweep, what differs between them and how much.
#include "cli/common.hpp"
#include "report/output.hpp"
#include "views/compare_report.hpp"

namespace ablate {

namespace {

constexpr std::int64_t kExamples = 5;

int run_compare(const Arguments& arguments) {
  Database database = open_for_reading(arguments);
  warn_if_changed(database, arguments.text("SWEEP"));
  const CellComparison comparison = compare_cells(
      database, get_sweep(database, arguments.text("SWEEP")), arguments.text("A"), arguments.text("B"),
      static_cast<std::size_t>(arguments.find_integer("--examples").value_or(kExamples)));
  if (arguments.flag("--json")) {
    write_out(comparison_json(comparison).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return ExitCode::done;
  }
  write_out(comparison_heading(comparison) + "\n");
  const std::vector<Table> tables = comparison_tables(comparison);
  for (const Table& table : tables) {
    print_table(table);
    if (&table != &tables.back()) write_out("\n");
  }
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
                  flag("--json", "everything as JSON"), db_option()},
      .run = run_compare};
}

}  // namespace ablate
