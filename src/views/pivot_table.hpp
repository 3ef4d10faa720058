// How a pivot is laid out: rows and columns for readers, one row for each group for programs.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "report/table.hpp"
#include "stats/pivot.hpp"

namespace ablate {

/// What stands after the mean: how seeds differ. Where there is one seed, or all agree, the standard error
/// over examples stands there instead, and the table says so.
enum class Spread {
  sd,     ///< Sample standard deviation.
  se,     ///< Standard error of the mean.
  ci95,   ///< Half of the 95 % confidence interval, by Student's t.
  range,  ///< Smallest and largest.
  none,
};
template <>
std::span<const Named<Spread>> names_of<Spread>();

struct PivotLayout {
  std::vector<std::string> rows, columns;  ///< Axes; the pivot was made by rows, then columns.
  std::vector<std::string> values;
  Spread spread = Spread::sd;
  std::optional<std::size_t> sort_value;  ///< Index into `values`: rows go by its mean, in the first column.
  bool descending = false;
  bool of_cell_means = false;  ///< Runs have seeds of their own: a cell counts once, with their mean.
};

/// A row for each combination of the row axes, a column for each combination of the column axes and values.
/// Cells without all their seeds say so.
Table wide_table(const Pivot& pivot, const PivotLayout& layout);
/// A row for each group, in full precision; columns of their own for mean, spread over seeds, n (seeds), how
/// many seeds are missing, the number of examples and the standard error over them, what the mean is over
/// ("common" or "own"), the numbers of the cells and the seeds in it ("0 1 5"; cells are numbered as in
/// `ablate export runs`), and how many cells of the row are not.
Table tidy_table(const Pivot& pivot, const PivotLayout& layout);

/// Of tidy tables, the columns of a value with its mean, spread over seeds, n (seeds) and how many are
/// missing, and what stands in them.
std::vector<Column> mean_columns(const std::string& value, Spread spread);
std::vector<TableCell> mean_cells(const PivotCell& cell, Spread spread);

/// What a spread that is shown is one of.
enum class Source {
  seeds,
  examples,
  none,  ///< Nothing is known, or nothing was asked for.
};
Source source_of(const PivotCell& cell, Spread spread);

/// "0.812 ± 0.013" with `decimals` after the point, or with its own where those would make a spread 0;
/// negative: with significant digits, for very small and large numbers.
std::string measured_text(const PivotCell& cell, Spread spread, int decimals);
/// The same with what is missing after it; where there is no number, the reason alone. `mark_examples`: a
/// spread over examples says so; `apart`: the number is over other cells than the rest of the table.
TableCell measured_cell(const PivotCell& cell, Spread spread, int decimals, bool mark_examples, bool apart);
/// Decimals that show two digits of the median spread in a column; -1: significant digits.
int decimals_for(const std::vector<PivotCell>& column, Spread spread);

}  // namespace ablate
