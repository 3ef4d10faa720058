#include "cli/pivot_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "util/text.hpp"

namespace ablate {

template <>
std::span<const Named<Spread>> names_of<Spread>() {
  using enum Spread;
  static constexpr Named<Spread> kTable[] = {
      {"sd", sd}, {"se", se}, {"ci95", ci95}, {"range", range}, {"none", none}};
  return kTable;
}

namespace {

/// Half the width of the interval; NaN where there is none.
double spread_of(const Summary& summary, Spread spread) {
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

const char* spread_words(Spread spread) {
  switch (spread) {
    case Spread::sd:
      return "mean ± standard deviation";
    case Spread::se:
      return "mean ± standard error";
    case Spread::ci95:
      return "mean ± half of the 95 % confidence interval (Student's t)";
    case Spread::range:
      return "mean [smallest, largest]";
    case Spread::none:
      break;
  }
  return "mean";
}

std::string fixed(double value, int decimals) {
  return decimals < 0 ? fmt::format("{:.3g}", value) : fmt::format("{:.{}f}", value, decimals);
}

/// "failed 1/3", "running", "-": a cell without any number.
std::string no_number(const PivotCell& cell) {
  if (cell.failed > 0) return fmt::format("failed {}/{}", cell.failed, cell.planned);
  if (cell.running > 0) return "running";
  if (cell.cancelled > 0) return "cancelled";
  if (cell.not_finite > 0) return "NaN";
  return "-";
}

/// "2/3, 1 failed": what is missing beside a number.
std::string missing_mark(const PivotCell& cell) {
  if (cell.missing() == 0) return "";
  std::string mark = fmt::format("({}/{}", cell.summary.n, cell.planned);
  for (const auto& [count, word] : {std::pair{cell.failed, "failed"},
                                    {cell.running, "running"},
                                    {cell.cancelled, "cancelled"},
                                    {cell.not_finite, "NaN"}})
    if (count > 0) mark += fmt::format(", {} {}", count, word);
  return mark + ")";
}

TableCell shown_cell(const PivotCell& cell, Spread spread, int decimals) {
  if (cell.summary.n == 0) return {no_number(cell), Null{}};
  return {measured_text(cell.summary, spread, decimals), cell.summary.mean, missing_mark(cell)};
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

std::vector<std::string> notes_of(const Pivot& pivot, const PivotLayout& layout) {
  std::int64_t seeds = 0;
  bool incomplete = false;
  for (const PivotGroup& group : pivot.groups)
    for (const PivotCell& cell : group.values) {
      seeds = std::max(seeds, cell.planned);
      incomplete = incomplete || (cell.summary.n > 0 && cell.missing() > 0);
    }
  std::vector<std::string> notes;
  if (seeds > 1) notes.push_back(fmt::format("{} over {} seeds", spread_words(layout.spread), seeds));
  if (seeds == 1) notes.push_back("one seed: no spread");
  if (!pivot.averaged.empty())
    notes.push_back("averaged, within each seed, over " + join(pivot.averaged, ", "));
  if (incomplete) notes.push_back("(2/3): only 2 of 3 seeds have a number, and only they are in the mean");
  return notes;
}

}  // namespace

std::string measured_text(const Summary& summary, Spread spread, int decimals) {
  const std::string mean = fixed(summary.mean, decimals);
  const double width = spread_of(summary, spread);
  if (!std::isfinite(width)) return mean;
  if (spread == Spread::range)
    return fmt::format("{} [{}, {}]", mean, fixed(summary.min, decimals), fixed(summary.max, decimals));
  return fmt::format("{} ± {}", mean, decimals < 0 ? fmt::format("{:.2g}", width) : fixed(width, decimals));
}

int decimals_for(const std::vector<Summary>& column, Spread spread) {
  constexpr int kMaxDecimals = 6;
  constexpr double kRounding = 1e-6;  // 0.0099999999 is a spread of 0.01.
  std::vector<double> widths;
  double largest = 0;
  for (const Summary& summary : column) {
    if (summary.n == 0) continue;
    largest = std::max(largest, std::abs(summary.mean));
    const double width = spread_of(summary, spread);
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

Table wide_table(const Pivot& pivot, const PivotLayout& layout) {
  const auto num_rows = static_cast<std::ptrdiff_t>(layout.rows.size());
  using Levels = std::vector<std::string>;
  std::vector<std::pair<std::string, Levels>> row_keys;
  std::vector<Levels> column_keys;
  std::map<std::pair<std::string, Levels>, std::map<Levels, const PivotGroup*>> grid;
  for (const PivotGroup& group : pivot.groups) {
    const std::pair row(group.label, Levels(group.levels.begin(), group.levels.begin() + num_rows));
    const Levels column(group.levels.begin() + num_rows, group.levels.end());
    if (grid.count(row) == 0) row_keys.push_back(row);
    if (std::find(column_keys.begin(), column_keys.end(), column) == column_keys.end())
      column_keys.push_back(column);
    grid[row][column] = &group;
  }
  if (layout.sort_value) {
    const auto first = [&](const auto& row) {
      const auto found = grid[row].find(column_keys.front());
      return found == grid[row].end() ? nullptr : found->second;
    };
    std::stable_sort(row_keys.begin(), row_keys.end(),
                     [&](const auto& a, const auto& b) { return sorts_before(first(a), first(b), layout); });
  }

  Table table;
  if (pivot.has_labels) table.columns.push_back({"cell"});
  for (const std::string& axis : layout.rows) table.columns.push_back({axis});
  table.rows.resize(row_keys.size());
  for (std::size_t i = 0; i < row_keys.size(); ++i) {
    if (pivot.has_labels) table.rows[i].push_back({row_keys[i].first});
    for (const std::string& level : row_keys[i].second) table.rows[i].push_back({level});
  }
  const bool show_value = column_keys.size() < 2 || layout.values.size() > 1;
  for (const Levels& column : column_keys) {
    for (std::size_t v = 0; v < layout.values.size(); ++v) {
      std::vector<std::string> words = column;
      if (show_value) words.push_back(layout.values[v]);
      table.columns.push_back({join(words, " "), Align::right});
      std::vector<Summary> summaries;
      for (const auto& row : row_keys)
        if (grid[row].count(column) > 0) summaries.push_back(grid[row][column]->values[v].summary);
      const int decimals = decimals_for(summaries, layout.spread);
      for (std::size_t i = 0; i < row_keys.size(); ++i) {
        const auto found = grid[row_keys[i]].find(column);
        table.rows[i].push_back(found == grid[row_keys[i]].end()
                                    ? TableCell::null()
                                    : shown_cell(found->second->values[v], layout.spread, decimals));
      }
    }
  }
  if (layout.values.empty()) {
    table.columns.push_back({"state"});
    for (std::size_t i = 0; i < row_keys.size(); ++i)
      table.rows[i].push_back({to_name(grid[row_keys[i]].begin()->second->state)});
  }
  table.notes = notes_of(pivot, layout);
  if (!layout.columns.empty())
    table.notes.insert(table.notes.begin(),
                       fmt::format("{}columns: {}", show_value ? "" : layout.values.front() + "; ",
                                   join(layout.columns, " x ")));
  return table;
}

Table tidy_table(const Pivot& pivot, const PivotLayout& layout) {
  Table table;
  if (pivot.has_labels) table.columns.push_back({"label"});
  for (const auto& axes : {layout.rows, layout.columns})
    for (const std::string& axis : axes) table.columns.push_back({axis});
  table.columns.push_back({"state"});
  for (const std::string& name : layout.values) {
    table.columns.push_back({name + "_mean"});
    if (layout.spread == Spread::range) {
      table.columns.push_back({name + "_min"});
      table.columns.push_back({name + "_max"});
    } else if (layout.spread != Spread::none) {
      table.columns.push_back({name + "_" + to_name(layout.spread)});
    }
    table.columns.push_back({name + "_n"});
    table.columns.push_back({name + "_missing"});
  }
  std::vector<PivotGroup> groups = pivot.groups;
  if (layout.sort_value)
    std::stable_sort(groups.begin(), groups.end(),
                     [&](const PivotGroup& a, const PivotGroup& b) { return sorts_before(&a, &b, layout); });
  for (const PivotGroup& group : groups) {
    std::vector<TableCell> row;
    if (pivot.has_labels) row.push_back({group.label});
    for (const std::string& level : group.levels) row.push_back({level});
    row.push_back({to_name(group.state)});
    for (const PivotCell& cell : group.values) {
      row.push_back(TableCell::number(cell.summary.mean));
      if (layout.spread == Spread::range) {
        row.push_back(TableCell::number(cell.summary.min));
        row.push_back(TableCell::number(cell.summary.max));
      } else if (layout.spread != Spread::none) {
        row.push_back(TableCell::number(spread_of(cell.summary, layout.spread)));
      }
      row.push_back(TableCell::integer(static_cast<std::int64_t>(cell.summary.n)));
      row.push_back(TableCell::integer(cell.missing()));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace ablate
