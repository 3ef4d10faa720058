#include "views/component_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "stats/design.hpp"
#include "stats/significance.hpp"
#include "util/text.hpp"
#include "views/axis_columns.hpp"
#include "views/cell_comparison.hpp"
#include "views/choice_notes.hpp"
#include "views/number_text.hpp"
#include "views/pivot_notes.hpp"
#include "views/result_tables.hpp"
#include "views/sweep_observations.hpp"

namespace ablate {

namespace {

constexpr const char *kCheckMark = "✓", *kAsBaseline = "·", *kNotApplied = "-";
constexpr const char* kCellAxis = "cell";

/// A row.
struct Component {
  ChosenCell cell;
  CellRuns runs;
  std::vector<PivotCell> means;              ///< One for each value.
  std::vector<ScoreDifference> differences;  ///< To the baseline, likewise; of itself none is known.
  std::vector<bool> best = {};               ///< Likewise: see component_table().

  std::optional<std::string> level(const std::string& axis) const {
    for (const auto& known : cell.levels)
      if (known.first == axis) return known.second;
    return std::nullopt;
  }
};

/// The cells by number.
std::vector<Component> components_of(const std::vector<RunRecord>& runs, const SweepRecord& sweep) {
  std::vector<Component> rows;
  std::map<std::int64_t, std::size_t> places;
  for (ChosenCell& cell : cells_of(runs, sweep)) {
    places[cell.number] = rows.size();
    rows.push_back({std::move(cell), {}, {}, {}});
  }
  for (const RunRecord& run : runs) rows[places.at(run.cell)].runs[run.seed] = &run;
  return rows;
}

/// Its number.
std::int64_t default_baseline(const std::vector<RunRecord>& runs, const std::vector<Component>& rows,
                              const SweepRecord& sweep) {
  Observations levels = levels_of_runs(runs, sweep);
  for (std::size_t i = 0; i < runs.size(); ++i)
    if (runs[i].label.empty())
      levels.runs[i].score = 0;  // A design is what was planned, whatever came of it.
  if (const auto baseline = one_at_a_time_baseline(levels))
    for (std::size_t i = 0; i < runs.size(); ++i) {
      bool is_baseline = runs[i].label.empty();
      for (std::size_t f = 0; f < baseline->size(); ++f) {
        const double at = levels.runs[i].at[f];
        is_baseline = is_baseline && (std::isnan(at) || at == static_cast<double>((*baseline)[f]));
      }
      if (is_baseline) return runs[i].cell;
    }
  const auto first =
      std::find_if(rows.begin(), rows.end(), [](const Component& row) { return row.cell.label.empty(); });
  return (first == rows.end() ? rows.begin() : first)->cell.number;
}

/// Every cell by itself, in the order of the rows.
Pivot pivot_of_cells(std::vector<RunRecord> runs, const std::vector<Component>& rows,
                     const std::vector<std::string>& values, Over over) {
  PlanAxis axis{kCellAxis, {}};
  std::map<std::int64_t, AxisLevel> levels;
  for (const Component& row : rows) {
    const std::string name = fmt::format("{}", row.cell.number);
    levels[row.cell.number] = {axis.levels.size(), name};
    axis.levels.push_back(name);
  }
  for (RunRecord& run : runs) {
    run.label.clear();
    run.levels = {{kCellAxis, levels.at(run.cell)}};
  }
  return make_pivot(runs, {axis}, {kCellAxis}, values, over);
}

/// The runs of a cell that are in its mean.
CellRuns runs_in_mean(const Component& row, std::size_t value) {
  CellRuns runs;
  for (const std::uint64_t seed : row.means[value].seeds)
    if (const auto run = row.runs.find(seed); run != row.runs.end()) runs.insert(*run);
  return runs;
}

void compare_with_baseline(std::vector<Component>& rows, const std::vector<std::string>& values,
                           const SweepRecord& sweep) {
  for (std::size_t v = 0; v < values.size(); ++v) {
    const CellRuns baseline = runs_in_mean(rows.front(), v);
    rows.front().differences.push_back({.score = values[v]});
    for (std::size_t i = 1; i < rows.size(); ++i)
      rows[i].differences.push_back(
          compare_runs(baseline, runs_in_mean(rows[i], v), values[v], sweep.has_own_seeds()));
  }
}

/// Fills in `best` of one value. Returns how many differences are tested.
std::size_t find_best(std::vector<Component>& rows, std::size_t value, bool lower) {
  constexpr double kLevel = 0.05;
  std::vector<std::optional<double>> p;
  double best = std::numeric_limits<double>::quiet_NaN();
  for (const Component& row : rows) {
    const double mean = row.means[value].summary.mean;
    if (std::isnan(best) || (lower ? mean < best : mean > best)) best = mean;
    p.push_back(row.differences[value].p);
  }
  const std::vector<std::optional<double>> adjusted = holm(p);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double difference = rows[i].differences[value].difference;
    rows[i].best.push_back(rows[i].means[value].summary.mean == best && adjusted[i] &&
                           *adjusted[i] < kLevel && (lower ? difference < 0 : difference > 0));
  }
  return static_cast<std::size_t>(
      std::count_if(p.begin(), p.end(), [](const auto& one) { return one.has_value(); }));
}

/// How an axis is shown.
struct ComponentColumn {
  std::string axis, name;
  std::string off, on;  ///< Levels of an axis that is on or off; else empty.
  bool is_switch() const { return !on.empty(); }
};

ComponentColumn component_column(const std::string& axis, const std::vector<Component>& rows) {
  static const std::set<std::string> kOff = {"false", "off", "no", "none", "without", "0", "[]"},
                                     kOn = {"true", "on", "yes", "with", "1"};
  ComponentColumn column{axis, axis, {}, {}};
  std::set<std::string> on, off;
  for (const Component& row : rows)
    if (const auto level = row.level(axis)) (kOff.contains(lower_case(*level)) ? off : on).insert(*level);
  if (on.size() != 1 || off.size() != 1) return column;
  column.on = *on.begin();
  column.off = *off.begin();
  if (!kOn.contains(lower_case(column.on))) column.name += " = " + column.on;
  return column;
}

TableCell level_cell(const ComponentColumn& column, const Component& row, const Component& baseline,
                     bool tidy) {
  const auto level = row.level(column.axis);
  if (!level) return tidy ? TableCell::null() : TableCell{kNotApplied};
  if (column.is_switch()) {
    const bool on = *level == column.on;
    return tidy ? TableCell::integer(on) : TableCell{on ? kCheckMark : ""};
  }
  if (!tidy && &row != &baseline && level == baseline.level(column.axis)) return {kAsBaseline};
  return {*level};
}

double half_width(const ScoreDifference& difference) { return (difference.high - difference.low) / 2; }

/// Digits that show two of the median interval of a column; without intervals those of its means.
int difference_digits(const std::vector<Component>& rows, std::size_t value, int decimals) {
  std::vector<double> widths;
  for (const Component& row : rows)
    if (const double half = half_width(row.differences[value]); half > 0) widths.push_back(half);
  if (widths.empty()) return decimals < 0 ? digits_for(0) : decimals;
  const auto middle = widths.begin() + static_cast<std::ptrdiff_t>(widths.size() / 2);
  std::nth_element(widths.begin(), middle, widths.end());
  return digits_for(*middle);
}

TableCell difference_cell(const Component& row, std::size_t value, int digits) {
  const ScoreDifference& difference = row.differences[value];
  if (!std::isfinite(difference.difference)) return {kNotApplied, Null{}};
  const double half = half_width(difference);
  if (half > 0 && half * std::pow(10, digits) < 0.5) digits = digits_for(half);
  std::string text = signed_number(difference.difference, digits);
  if (std::isfinite(half)) text += " ± " + with_digits(half, digits);
  TableCell cell = TableCell::number(difference.difference, std::move(text));
  if (const auto pairs = std::ssize(difference.seeds); pairs > 0 && pairs < row.means[value].planned)
    cell.mark = fmt::format("({})", count_of(pairs, "seed"));
  return cell;
}

/// Mean and difference of one value, for readers.
void add_value_columns(Table& table, const std::vector<Component>& rows, const std::string& name,
                       std::size_t value, Spread spread, bool mark_examples) {
  table.columns.push_back({name, Align::right});
  table.columns.push_back({name + " vs baseline", Align::right});
  std::vector<PivotCell> means;
  for (const Component& row : rows) means.push_back(row.means[value]);
  const int decimals = decimals_for(means, spread), digits = difference_digits(rows, value, decimals);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    TableCell mean = measured_cell(means[i], spread, decimals, mark_examples, /*apart=*/false);
    mean.strong = rows[i].best[value];
    table.rows[i].push_back(std::move(mean));
    table.rows[i].push_back(i == 0 ? TableCell{"baseline", Null{}} : difference_cell(rows[i], value, digits));
  }
}

/// The same for programs.
void add_tidy_columns(Table& table, const std::vector<Component>& rows, const std::string& name,
                      std::size_t value, Spread spread) {
  for (Column& column : mean_columns(name, spread)) table.columns.push_back(std::move(column));
  for (const char* what : {"_difference", "_low", "_high", "_p", "_pairs"})
    table.columns.push_back({name + what});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (TableCell& cell : mean_cells(rows[i].means[value], spread)) table.rows[i].push_back(std::move(cell));
    const ScoreDifference& difference = rows[i].differences[value];
    for (const double number : {difference.difference, difference.low, difference.high})
      table.rows[i].push_back(TableCell::number(number));
    table.rows[i].push_back(difference.p ? TableCell::number(*difference.p) : TableCell::null());
    table.rows[i].push_back(difference.estimator == ComparedBy::by_seed
                                ? TableCell::integer(std::ssize(difference.seeds))
                                : TableCell::null());
  }
}

/// What the signs in the columns of the axes mean.
void add_sign_notes(const Table& table, const std::vector<ComponentColumn>& columns,
                    std::vector<std::string>& notes) {
  const auto is_there = [&](const char* sign) {
    return std::any_of(table.rows.begin(), table.rows.end(), [&](const auto& row) {
      return std::any_of(row.begin(), row.end(), [&](const TableCell& cell) {
        return cell.text == sign && std::holds_alternative<std::monostate>(cell.value);
      });
    });
  };
  std::vector<std::string> signs, off;
  if (is_there(kAsBaseline)) signs.push_back(fmt::format("{}: as in the baseline", kAsBaseline));
  if (is_there(kNotApplied)) signs.push_back(fmt::format("{}: the axis does not apply", kNotApplied));
  for (const ComponentColumn& column : columns)
    if (column.is_switch()) off.push_back(column.axis + " = " + column.off);
  if (!off.empty()) signs.push_back(fmt::format("without {}: {}", kCheckMark, join(off, ", ")));
  if (!signs.empty()) notes.push_back(join(signs, "; "));
}

void add_difference_notes(const std::vector<Component>& rows, std::size_t family, bool own_seeds,
                          std::vector<std::string>& notes) {
  bool has_interval = false, has_best = false;
  for (const Component& row : rows) {
    for (const ScoreDifference& difference : row.differences)
      has_interval = has_interval || std::isfinite(half_width(difference));
    has_best = has_best || std::find(row.best.begin(), row.best.end(), true) != row.best.end();
  }
  if (rows.size() < 2) return;
  const char* over =
      own_seeds ? "runs of both, nothing paired (Welch's t)" : "the seeds that both have (t over seeds)";
  notes.push_back(fmt::format("vs baseline: difference to the first row over {}{}", over,
                              has_interval
                                  ? ", ± half of the 95 % interval, not corrected for how many there are"
                                  : "; no interval: one run each, or nothing varies"));
  if (family == 0) return;
  const std::string better = fmt::format(
      "better than the baseline at 5 % after Holm's correction over the differences of its column (at most "
      "{})",
      family);
  notes.push_back(has_best ? "bold, in text *: the best of its column, and " + better
                           : "nothing is bold: no best of a column is " + better);
}

}  // namespace

Table component_table(Database& database, const SweepRecord& sweep, const ComponentQuery& query) {
  const ReadTransaction snapshot(database);
  const std::vector<std::string> values = choose_values(database, sweep, query.values);
  const std::optional<std::size_t> sort_value =
      query.sort_by ? std::optional(find_sort_value(values, *query.sort_by)) : std::nullopt;
  std::vector<RunRecord> runs = load_runs(database, sweep.id, values);
  leave_out_added(runs, load_additions(database, sweep.id));
  std::vector<Component> rows = components_of(runs, sweep);
  if (rows.empty()) throw Error(fmt::format("sweep '{}' has no cells", sweep.name));
  const std::int64_t baseline = query.baseline
                                    ? choose_cell(cells_of(runs, sweep), sweep, *query.baseline).number
                                    : default_baseline(runs, rows, sweep);
  std::stable_partition(rows.begin(), rows.end(),
                        [&](const Component& row) { return row.cell.number == baseline; });

  const Pivot pivot = pivot_of_cells(runs, rows, values, query.over);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].means = pivot.groups[i].values;
  compare_with_baseline(rows, values, sweep);
  std::size_t family = 0;
  for (std::size_t v = 0; v < values.size(); ++v)
    family = std::max(family, find_best(rows, v, lower_is_better(sweep, values[v])));
  if (sort_value)
    std::stable_sort(rows.begin() + 1, rows.end(), [&](const Component& a, const Component& b) {
      const double x = a.means[*sort_value].summary.mean, y = b.means[*sort_value].summary.mean;
      if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);
      return query.descending ? x > y : x < y;
    });

  std::vector<ComponentColumn> columns;
  std::vector<std::string> names;
  for (const std::string& axis : varying_axes(runs, sweep.axes)) {
    columns.push_back(component_column(axis, rows));
    names.push_back(columns.back().name);
  }
  const bool has_labels =
      std::any_of(rows.begin(), rows.end(), [](const Component& row) { return !row.cell.label.empty(); });
  Table table;
  table.rows.resize(rows.size());
  if (query.tidy) table.columns = {{kCellAxis}, {"baseline"}};
  if (has_labels) table.columns.push_back({.name = query.tidy ? "label" : kCellAxis, .wraps = true});
  const std::size_t place = table.columns.size();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (query.tidy) table.rows[i] = {TableCell::integer(rows[i].cell.number), TableCell::integer(i == 0)};
    if (has_labels) table.rows[i].push_back({rows[i].cell.label});
    for (const ComponentColumn& column : columns)
      table.rows[i].push_back(level_cell(column, rows[i], rows.front(), query.tidy));
  }
  const bool mark_examples = mixes_sources(pivot, query.spread);
  for (std::size_t v = 0; v < values.size(); ++v)
    if (query.tidy)
      add_tidy_columns(table, rows, values[v], v, query.spread);
    else
      add_value_columns(table, rows, values[v], v, query.spread, mark_examples);
  insert_axis_columns(table.columns, place, names, values);

  if (!query.tidy && !values.empty()) {
    table.notes =
        pivot_notes(pivot, {.rows = {kCellAxis}, .columns = {}, .values = values, .spread = query.spread});
    add_difference_notes(rows, family, sweep.has_own_seeds(), table.notes);
  }
  if (!query.tidy) add_sign_notes(table, columns, table.notes);
  for (std::string& note : comparison_notes(database, sweep)) table.notes.push_back(std::move(note));
  if (std::string note = query.values.empty() ? unscored_note(load_unscored(database, sweep.id), sweep) : "";
      !note.empty())
    table.notes.push_back(std::move(note));
  if (values.empty())
    table.notes.push_back(
        fmt::format("no scores yet; `ablate status {}` shows how far the sweep is", sweep.name));
  return table;
}

}  // namespace ablate
