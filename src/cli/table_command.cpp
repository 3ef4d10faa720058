// `ablate table`: results as rows and columns of any axes.
#include <algorithm>
#include <optional>
#include <set>

#include "cli/common.hpp"
#include "cli/output.hpp"
#include "cli/pivot_table.hpp"
#include "store/results.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

void check_axes(const std::vector<std::string>& names, const SweepRecord& sweep) {
  std::vector<std::string> known;
  for (const PlanAxis& axis : sweep.axes) known.push_back(axis.name);
  for (const std::string& name : names)
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw Error(fmt::format("sweep '{}' has no axis '{}'{}", sweep.name, name, suggestion(name, known)));
}

void check_layout(const PivotLayout& layout) {
  std::set<std::string> seen;
  for (const auto& axes : {layout.rows, layout.columns})
    for (const std::string& axis : axes)
      if (!seen.insert(axis).second)
        throw Error(fmt::format("axis '{}' is asked for twice; expected once, in --rows or --columns", axis));
}

/// "loss:min" is known when "loss" is.
void check_values(const std::vector<std::string>& names, const std::vector<std::string>& known,
                  const SweepRecord& sweep) {
  for (const std::string& name : names) {
    std::string plain = name;
    for (const char* suffix : {":min", ":max"})
      if (plain.ends_with(suffix)) plain.resize(plain.size() - 4);
    if (std::find(known.begin(), known.end(), plain) != known.end()) continue;
    if (known.empty())
      throw Error(fmt::format("sweep '{}' has no values yet; `ablate status {}` shows how far it is",
                              sweep.name, sweep.name));
    throw Error(fmt::format("sweep '{}' has no value '{}'{}", sweep.name, name, suggestion(plain, known)));
  }
}

/// Scores of one evaluation stand side by side: "caption" of "caption/4-shot".
std::string family_of(const std::string& score) { return score.substr(0, score.find('/')); }

/// Values in groups of one table each: all in one, or one for each family where they are many.
std::vector<std::vector<std::string>> divide_values(const std::vector<std::string>& values, bool chosen) {
  constexpr std::size_t kMostColumns = 6;
  if (chosen || values.size() <= kMostColumns) return {values};
  std::vector<std::vector<std::string>> groups;
  for (const std::string& name : values)
    if (!groups.empty() && family_of(groups.back().back()) == family_of(name))
      groups.back().push_back(name);
    else
      groups.push_back({name});
  return groups;
}

/// One table for all values, or one for each family; notes that are those of the last table stand there
/// alone.
std::vector<Table> wide_tables(const std::vector<RunRecord>& runs, const std::vector<PlanAxis>& axes,
                               const std::vector<std::string>& by, PivotLayout layout,
                               std::optional<Over> over, bool all_in_one) {
  std::vector<Table> tables;
  for (const std::vector<std::string>& group : divide_values(layout.values, all_in_one)) {
    layout.values = group;
    tables.push_back(wide_table(make_pivot(runs, axes, by, group, over), layout));
  }
  for (std::size_t i = 0; i + 1 < tables.size(); ++i)
    if (tables[i].notes == tables.back().notes) tables[i].notes.clear();
  return tables;
}

int run_table(const Arguments& arguments) {
  Database database = open_for_reading(arguments);
  const SweepRecord sweep = get_sweep(database, arguments.text("SWEEP"));
  const std::vector<std::string> known = known_values(database, sweep.id);
  PivotLayout layout{.rows = arguments.list("--rows"),
                     .columns = arguments.list("--columns"),
                     .values = arguments.list("--value"),
                     .spread = arguments.choice<Spread>("--spread")};
  check_axes(layout.rows, sweep);
  check_axes(layout.columns, sweep);
  check_layout(layout);
  check_values(layout.values, known, sweep);
  const auto sort_by = arguments.find_text("--sort");
  const bool chosen = !layout.values.empty();
  if (!chosen)
    for (const std::string& name : known)
      if (!is_metric(name)) layout.values.push_back(name);
  if (sort_by) {
    const auto at = std::find(layout.values.begin(), layout.values.end(), *sort_by);
    if (at == layout.values.end())
      throw Error(fmt::format("--sort is '{}', which is no column of this table{}", *sort_by,
                              suggestion(*sort_by, layout.values)));
    layout.sort_value = static_cast<std::size_t>(at - layout.values.begin());
    layout.descending = arguments.flag("--descending");
  }

  std::vector<RunRecord> runs = load_runs(database, sweep.id, layout.values);
  const auto format = arguments.choice<Format>("--format");
  const bool tidy = format == Format::csv || format == Format::json;
  std::vector<PlanAxis> axes = sweep.axes;
  std::optional<Over> over;
  if (const auto name = arguments.find_text("--over")) over = from_name<Over>(*name);
  if (!arguments.has("--rows") && layout.columns.empty() && changes_one_at_a_time(runs, axes)) {
    // Rows are there to be compared with the baseline: under the same seeds, whatever the format.
    if (!over) over = Over::common;
    if (!tidy) name_changes(runs, axes);
  }
  if (!arguments.has("--rows"))
    for (const std::string& axis : varying_axes(runs, axes))
      if (std::find(layout.columns.begin(), layout.columns.end(), axis) == layout.columns.end())
        layout.rows.push_back(axis);
  std::vector<std::string> by = layout.rows;
  by.insert(by.end(), layout.columns.begin(), layout.columns.end());

  if (tidy) {
    print_table(tidy_table(make_pivot(runs, axes, by, layout.values, over), layout), format);
    return ExitCode::done;
  }
  std::vector<Table> tables = wide_tables(runs, axes, by, layout, over, chosen || sort_by);
  if (!chosen && layout.values.empty() && !known.empty())
    tables.back().notes.push_back("no scores yet; --value shows metrics: " + join(known, ", "));
  for (const Table& table : tables) {
    print_table(table, format);
    if (&table != &tables.back()) write_out("\n");
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
      .options = {positional("SWEEP", ValueType::sweep, "the sweep, by name or file"),
                  repeated(value("--rows", ValueType::text, "AXES", "axes that make rows [all that vary]")),
                  repeated(value("--columns", ValueType::text, "AXES", "axes that make columns [none]")),
                  repeated(value(
                      "--value", ValueType::text, "NAMES",
                      "scores, or last values of metrics such as vlm/loss; vlm/loss:min is the smallest "
                      "[all scores]")),
                  choice("--spread", known_names<Spread>(), "sd", "what stands behind the mean"),
                  choice("--over", known_names<Over>(), "",
                         "means over cells and seeds that all rows have, or over each row's own [common, but "
                         "own seeds where each row is one cell]"),
                  value("--sort", ValueType::text, "NAME", "order rows by the mean of this value"),
                  flag("--descending", "largest first"), format_option(), db_option()},
      .run = run_table};
}

}  // namespace ablate
