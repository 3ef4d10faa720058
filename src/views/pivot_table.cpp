#include "views/pivot_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "util/text.hpp"
#include "views/axis_columns.hpp"
#include "views/pivot_notes.hpp"

namespace ablate {

template <>
std::span<const Named<Spread>> names_of<Spread>() {
  using enum Spread;
  static constexpr Named<Spread> kTable[] = {
      {"sd", sd}, {"se", se}, {"ci95", ci95}, {"range", range}, {"none", none}};
  return kTable;
}

namespace {

/// Half the width of the interval over seeds; NaN where there is none.
double seed_spread(const Summary& summary, Spread spread) {
  switch (spread) {
    case Spread::sd:
      return summary.sd;
    case Spread::se:
      return summary.se;
    case Spread::ci95:
      return confidence_half_width(summary, 0.95);
    case Spread::range:
      return summary.n > 1 ? (summary.max - summary.min) / 2 : std::numeric_limits<double>::quiet_NaN();
    case Spread::none:
      break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

/// Of the spread that is shown; NaN where none is.
double shown_width(const PivotCell& cell, Spread spread) {
  switch (source_of(cell, spread)) {
    case Source::seeds:
      return seed_spread(cell.summary, spread);
    case Source::examples:
      return cell.examples.standard_error;
    case Source::none:
      break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

std::string fixed(double value, int decimals) {
  return decimals < 0 ? fmt::format("{:.3g}", value) : fmt::format("{:.{}f}", value, decimals);
}

/// "failed 1/3": so many of the seeds.
std::string counted(std::string_view word, std::int64_t count, std::int64_t seeds) {
  return fmt::format("{} {}/{}", word, count, seeds);
}

/// How many seeds have no number, by reason, the worst first.
std::vector<std::pair<std::int64_t, const char*>> reasons_of(const PivotCell& cell) {
  return {{cell.failed, "failed"},   {cell.cancelled, "cancelled"}, {cell.stopped_early, "stopped early"},
          {cell.running, "running"}, {cell.not_finite, "NaN"},      {cell.waiting, "waiting"},
          {cell.absent, "no value"}};
}

/// "failed 1/3", "waiting 3/3": a cell without any number, by its worst reason; "-" where no seed has a
/// value, though all is done.
std::string no_number(const PivotCell& cell) {
  if (cell.absent == cell.planned) return "-";
  for (const auto& [count, word] : reasons_of(cell))
    if (count > 0) return counted(word, count, cell.planned);
  return "-";
}

/// "2/3, 1 failed": what is missing beside a number.
std::string missing_mark(const PivotCell& cell) {
  std::string mark = fmt::format("({}/{}", cell.summary.n, cell.planned);
  for (const auto& [count, word] : reasons_of(cell))
    if (count > 0) mark += fmt::format(", {} {}", count, word);
  return mark + ")";
}

/// Whether `a` comes before `b`; what has no number comes last.
bool sorts_before(const PivotGroup* a, const PivotGroup* b, const PivotLayout& layout) {
  const auto mean = [&](const PivotGroup* group) {
    return group ? group->values[*layout.sort_value].summary.mean : std::numeric_limits<double>::quiet_NaN();
  };
  const double x = mean(a), y = mean(b);
  if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);
  return layout.descending ? x > y : x < y;
}

using Levels = std::vector<RunLevel>;

struct RowKey {
  std::int64_t cell = -1;  ///< Of a row with a label: labels may repeat.
  std::string label;
  Levels levels;  ///< Of the row axes.
  auto operator<=>(const RowKey&) const = default;
};

/// Groups by row and column, in the order in which they are shown.
struct Grid {
  std::vector<RowKey> rows;
  std::vector<Levels> columns;
  std::map<RowKey, std::map<Levels, const PivotGroup*>> groups;
};

Grid make_grid(const Pivot& pivot, const PivotLayout& layout) {
  Grid grid;
  const auto num_rows = static_cast<std::ptrdiff_t>(layout.rows.size());
  for (const PivotGroup& group : pivot.groups) {
    const RowKey row{group.cell, group.label, {group.levels.begin(), group.levels.begin() + num_rows}};
    const Levels column(group.levels.begin() + num_rows, group.levels.end());
    if (grid.groups.count(row) == 0) grid.rows.push_back(row);
    if (std::find(grid.columns.begin(), grid.columns.end(), column) == grid.columns.end())
      grid.columns.push_back(column);
    grid.groups[row][column] = &group;
  }
  if (layout.sort_value) {
    const auto first = [&](const RowKey& row) {
      const auto found = grid.groups[row].find(grid.columns.front());
      return found == grid.groups[row].end() ? nullptr : found->second;
    };
    std::stable_sort(grid.rows.begin(), grid.rows.end(), [&](const RowKey& a, const RowKey& b) {
      return sorts_before(first(a), first(b), layout);
    });
  }
  return grid;
}

}  // namespace

Source source_of(const PivotCell& cell, Spread spread) {
  constexpr double kRounding = 1e-9;  // What sums in another order may differ by; no spread of seeds.
  const Summary& seeds = cell.summary;
  if (spread == Spread::none || seeds.n == 0) return Source::none;
  if (seeds.n > 1 && seeds.max - seeds.min > kRounding * std::max(std::abs(seeds.min), std::abs(seeds.max)))
    return Source::seeds;
  return cell.examples.standard_error > 0 && std::isfinite(cell.examples.standard_error) ? Source::examples
                                                                                         : Source::none;
}

std::string measured_text(const PivotCell& cell, Spread spread, int decimals) {
  const Summary& summary = cell.summary;
  const Source source = source_of(cell, spread);
  const double width = shown_width(cell, spread);
  if (decimals >= 0 && width > 0 && width * std::pow(10, decimals) < 0.5)
    decimals = decimals_for({cell}, spread);
  const std::string mean = fixed(summary.mean, decimals);
  if (source == Source::none) return mean;
  if (source == Source::seeds && spread == Spread::range)
    return fmt::format("{} [{}, {}]", mean, fixed(summary.min, decimals), fixed(summary.max, decimals));
  return fmt::format("{} ± {}", mean, decimals < 0 ? fmt::format("{:.2g}", width) : fixed(width, decimals));
}

TableCell measured_cell(const PivotCell& cell, Spread spread, int decimals, bool mark_examples, bool apart) {
  if (cell.summary.n == 0) return {no_number(cell), Null{}};
  std::vector<std::string> marks;
  if (mark_examples && source_of(cell, spread) == Source::examples) marks.emplace_back(kExamplesMark);
  if (apart) marks.emplace_back(kApartMark);
  if (cell.missing() > 0) marks.push_back(missing_mark(cell));
  return {measured_text(cell, spread, decimals), cell.summary.mean, join(marks, " ")};
}

int decimals_for(const std::vector<PivotCell>& column, Spread spread) {
  constexpr int kMaxDecimals = 6;
  constexpr double kRounding = 1e-6;  // 0.0099999999 is a spread of 0.01.
  std::vector<double> widths;
  double largest = 0;
  for (const PivotCell& cell : column) {
    if (cell.summary.n == 0) continue;
    largest = std::max(largest, std::abs(cell.summary.mean));
    const double width = shown_width(cell, spread);
    if (std::isfinite(width) && width > 0) widths.push_back(width);
  }
  if (largest >= 1e6 || (largest > 0 && largest < 1e-3)) return -1;
  double digit =
      largest > 0 ? std::floor(std::log10(largest)) - 3 : -3;  // Four digits where nothing else is known.
  if (!widths.empty()) {
    std::nth_element(widths.begin(), widths.begin() + static_cast<std::ptrdiff_t>(widths.size() / 2),
                     widths.end());
    digit = std::floor(std::log10(widths[widths.size() / 2]) + kRounding) - 1;
  }
  return std::clamp(static_cast<int>(-digit), 0, kMaxDecimals);
}

namespace {

/// Where numbers are shown, and how.
struct NumberColumn {
  std::size_t value = 0;  ///< Index into the layout's.
  int decimals = 0;
  bool mark_examples = false;
};

TableCell number_cell(const Pivot& pivot, const PivotGroup& group, Spread spread,
                      const NumberColumn& column) {
  return measured_cell(group.values[column.value], spread, column.decimals, column.mark_examples,
                       stands_apart(pivot, group, column.value));
}

/// "failed 1/3": the worst state of a group's seeds.
TableCell state_cell(const PivotGroup& group) {
  return {counted(to_name(group.state), group.seeds_in_state, group.seeds)};
}

/// Adds a column to a table whose rows are those of the grid. Places without a group stay empty.
template <typename Show>
void add_column(Table& table, Grid& grid, const Levels& levels, Column column, const Show& show) {
  table.columns.push_back(std::move(column));
  for (std::size_t i = 0; i < grid.rows.size(); ++i) {
    const auto& groups = grid.groups[grid.rows[i]];
    const auto found = groups.find(levels);
    table.rows[i].push_back(found == groups.end() ? TableCell::null() : show(*found->second));
  }
}

/// The levels of a column, and what it shows where that has to be said.
std::string column_name(const Levels& levels, const std::string& shown) {
  std::vector<std::string> words;
  for (const RunLevel& level : levels) words.push_back(level_text(level));
  if (!shown.empty()) words.push_back(shown);
  return join(words, " ");
}

}  // namespace

Table wide_table(const Pivot& pivot, const PivotLayout& layout) {
  constexpr const char* kState = "state";
  Grid grid = make_grid(pivot, layout);
  Table table;
  if (pivot.has_labels) table.columns.push_back({.name = "cell", .wraps = true});
  const std::size_t place = table.columns.size();
  table.rows.resize(grid.rows.size());
  for (std::size_t i = 0; i < grid.rows.size(); ++i) {
    if (pivot.has_labels) table.rows[i].push_back({grid.rows[i].label});
    for (const RunLevel& level : grid.rows[i].levels) table.rows[i].push_back({level_text(level)});
  }
  const bool mark_examples = mixes_sources(pivot, layout.spread);
  const bool show_value = grid.columns.size() < 2 || layout.values.size() > 1;
  for (const Levels& levels : grid.columns) {
    for (std::size_t v = 0; v < layout.values.size(); ++v) {
      std::vector<PivotCell> cells;
      for (const RowKey& row : grid.rows)
        if (const auto found = grid.groups[row].find(levels); found != grid.groups[row].end())
          cells.push_back(found->second->values[v]);
      const NumberColumn column{v, decimals_for(cells, layout.spread), mark_examples};
      add_column(table, grid, levels, {column_name(levels, show_value ? layout.values[v] : ""), Align::right},
                 [&](const PivotGroup& group) { return number_cell(pivot, group, layout.spread, column); });
    }
    if (layout.values.empty())
      add_column(table, grid, levels, {column_name(levels, show_value ? kState : "")}, state_cell);
  }
  insert_axis_columns(table.columns, place, layout.rows, layout.values);
  table.notes = pivot_notes(pivot, layout);
  const std::string shown = layout.values.empty() ? kState : layout.values.front();
  if (!layout.columns.empty())
    table.notes.insert(table.notes.begin(), fmt::format("{}columns: {}", show_value ? "" : shown + "; ",
                                                        join(layout.columns, " x ")));
  return table;
}

std::vector<Column> mean_columns(const std::string& value, Spread spread) {
  std::vector<Column> columns = {{value + "_mean"}};
  if (spread == Spread::range) {
    columns.push_back({value + "_min"});
    columns.push_back({value + "_max"});
  } else if (spread != Spread::none) {
    columns.push_back({value + "_" + to_name(spread)});
  }
  for (const char* what : {"_n", "_missing"}) columns.push_back({value + what});
  return columns;
}

std::vector<TableCell> mean_cells(const PivotCell& cell, Spread spread) {
  std::vector<TableCell> cells = {TableCell::number(cell.summary.mean)};
  if (spread == Spread::range) {
    cells.push_back(TableCell::number(cell.summary.min));
    cells.push_back(TableCell::number(cell.summary.max));
  } else if (spread != Spread::none) {
    cells.push_back(TableCell::number(seed_spread(cell.summary, spread)));
  }
  cells.push_back(TableCell::integer(static_cast<std::int64_t>(cell.summary.n)));
  cells.push_back(TableCell::integer(cell.missing()));
  return cells;
}

Table tidy_table(const Pivot& pivot, const PivotLayout& layout) {
  Table table;
  if (pivot.has_labels) table.columns.push_back({"label"});
  const std::size_t place = table.columns.size();
  table.columns.push_back({"state"});
  for (const std::string& name : layout.values) {
    for (Column& column : mean_columns(name, layout.spread)) table.columns.push_back(std::move(column));
    for (const char* what : {"_examples", "_examples_se", "_over", "_cells", "_seeds", "_left_out"})
      table.columns.push_back({name + what});
  }
  insert_axis_columns(table.columns, place, pivot.by, layout.values);
  std::vector<PivotGroup> groups = pivot.groups;
  if (layout.sort_value)
    std::stable_sort(groups.begin(), groups.end(),
                     [&](const PivotGroup& a, const PivotGroup& b) { return sorts_before(&a, &b, layout); });
  for (const PivotGroup& group : groups) {
    std::vector<TableCell> row;
    if (pivot.has_labels) row.push_back({group.label});
    for (const RunLevel& level : group.levels)
      row.push_back(level ? TableCell{level->label} : TableCell::null());
    row.push_back({to_name(group.state)});
    for (const PivotCell& cell : group.values) {
      for (TableCell& shown : mean_cells(cell, layout.spread)) row.push_back(std::move(shown));
      const ExampleError& examples = cell.examples;
      row.push_back(examples.n > 0 ? TableCell::integer(examples.n) : TableCell::null());
      row.push_back(TableCell::number(examples.standard_error));
      row.push_back({to_name(cell.over)});
      row.push_back({fmt::format("{}", fmt::join(cell.cells, " "))});
      row.push_back({fmt::format("{}", fmt::join(cell.seeds, " "))});
      row.push_back(TableCell::integer(group.cells - static_cast<std::int64_t>(cell.cells.size())));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace ablate
