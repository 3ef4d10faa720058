// `ablate table`: results as rows and columns of any axes.
#include "cli/common.hpp"
#include "report/output.hpp"
#include "util/text.hpp"
#include "views/component_table.hpp"
#include "views/result_tables.hpp"

namespace ablate {

namespace {

ComponentQuery component_query(const Arguments& arguments, const ResultQuery& query) {
  for (const char* option : {"--rows", "--columns"})
    if (arguments.has(option))
      throw Error(fmt::format("{} does not go with --components, which has a row for each cell", option));
  return {.values = query.values,
          .baseline = arguments.find_text("--baseline"),
          .spread = query.spread,
          .over = query.over.value_or(Over::own),
          .sort_by = query.sort_by,
          .descending = query.descending,
          .tidy = query.tidy};
}

int run_table(const Arguments& arguments) {
  Database database = open_for_reading(arguments);
  const auto format = arguments.choice<Format>("--format");
  ResultQuery query{.rows = arguments.list("--rows"),
                    .columns = arguments.list("--columns"),
                    .values = arguments.list("--value"),
                    .spread = arguments.choice<Spread>("--spread"),
                    .over = {},
                    .sort_by = arguments.find_text("--sort"),
                    .descending = arguments.flag("--descending"),
                    .tidy = format == Format::csv || format == Format::json};
  if (const auto name = arguments.find_text("--over")) query.over = from_name<Over>(*name);
  if (arguments.has("--baseline") && !arguments.flag("--components"))
    throw Error("--baseline belongs to --components");
  warn_if_changed(database, arguments.text("SWEEP"));
  const SweepRecord sweep = get_sweep(database, arguments.text("SWEEP"));
  const std::vector<Table> tables =
      arguments.flag("--components")
          ? std::vector{component_table(database, sweep, component_query(arguments, query))}
          : result_tables(database, sweep, query);
  for (const Table& table : tables) {
    print_table(table, format);
    if (&table != &tables.back()) write_out("\n");
    if (query.tidy)  // A program reads the table alone.
      for (const std::string& note : table.notes) write_err(fmt::format("note: {}\n", one_line(note)));
  }
  return ExitCode::done;
}

}  // namespace

CommandSpec table_command() {
  return {
      .name = "table",
      .group = Group::results,
      .summary = "Shows results as a table of any axes",
      .description =
          "Each cell is the mean over seeds with its spread, and says which seeds are missing or failed; "
          "where "
          "seeds show no spread, the standard error over examples stands in its place, and a note says so. "
          "Axes "
          "that are neither rows nor columns are averaged over, within each seed, and only over what all "
          "rows "
          "have, so that rows differ by their own levels alone; notes say what that is and what is left out. "
          "CSV "
          "and JSON have one row for each combination of levels, with mean, spread, n, missing, the examples "
          "and "
          "the standard error over them, the numbers of the cells and the seeds in the mean, and how many "
          "cells "
          "are left out, in columns of their own. Where each cell changes one axis alone, a row says which; "
          "many "
          "scores make a table for each evaluation.",
      .example = "ablate table connector --rows connector.kind --columns connector.tokens --value vqa",
      .options =
          {positional("SWEEP", ValueType::sweep, "the sweep, by name or file"),
           repeated(value("--rows", ValueType::text, "AXES", "axes that make rows [all that vary]")),
           repeated(value("--columns", ValueType::text, "AXES", "axes that make columns [none]")),
           repeated(value("--value", ValueType::text, "NAMES",
                          "scores, or last values of metrics such as vlm/loss; vlm/loss:min is the smallest "
                          "of those logged [all scores]")),
           choice("--spread", known_names<Spread>(), "sd", "what stands after the mean"),
           choice("--over", known_names<Over>(), "",
                  "means over cells and seeds that all rows have, or over each row's own [common; own "
                  "where each row is one cell, unless neither --rows nor --columns is given and each "
                  "cell changes one of 3 or more axes]"),
           flag("--components",
                "a row for each cell, a baseline first: check marks for what is on, each score beside its "
                "difference to the baseline"),
           value("--baseline", ValueType::text, "CELL",
                 "of --components: its number, its label, or AXIS=LEVEL,... [that of a design that changes "
                 "one axis at a time, else the first cell]"),
           value("--sort", ValueType::text, "NAME", "order rows by the mean of this value"),
           flag("--descending", "largest first"), format_option(), db_option()},
      .run = run_table};
}

}  // namespace ablate
