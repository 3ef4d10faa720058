// Which column of a table is what, when its rows become the runs of a sweep: as it is named, else by usual
// names and by what is in it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "law/table_reader.hpp"

namespace ablate {

/// Columns by their names. Empty: guessed, but for the cost. "none", for a seed, state or lower-is-better:
/// there is none.
struct ImportRequest {
  std::vector<std::string> axes, scores, lower_is_better;
  std::string seed, cost, state;
};

struct ScoreColumn {
  std::size_t column = 0;
  std::optional<std::size_t> n, standard_error;  ///< Columns NAME_n and NAME_se.
  bool lower_is_better = false;
};

/// Positions of columns.
struct ImportChoice {
  std::vector<std::size_t> axes;
  std::vector<ScoreColumn> scores;
  std::optional<std::size_t> seed, cost;
  std::optional<std::size_t> state, diverged;  ///< See parse_run_state() and parse_flag().
  std::optional<std::size_t> key;              ///< What names a run: rows that share it are one.
  std::vector<std::string> guesses;            ///< What nobody said, and why it is taken so, a sentence each.
  std::vector<std::size_t> not_read;
};

/// Guesses. Axes: columns of which the values repeat, but for one that says what another axis says, and for
/// what is never one by its name (a source, a date, a duration); of Optuna's, all `params_...`. Scores:
/// columns of numbers that are called like a score, else those with fractions that hardly repeat and are not
/// called like a setting, unless whole numbers hardly repeat, too, or several do and may be sampled axes.
/// Throws Error for a column that is not there or named for two purposes, where several are called like a
/// seed, and where no axis is found or it is not clear which column is the score.
ImportChoice choose_import_columns(const ImportRequest& request, const TextTable& table);

/// A column's name as an axis: of Optuna's "params_lr" the part behind the prefix, unless a column has that
/// name.
std::string axis_name(const TextTable& table, std::size_t column);

/// The values of a column as levels. Numbers are in ascending order, whatever their unit ("7B" before "30B"),
/// and are one level however they are written; words are in the order of the rows.
struct ColumnLevels {
  std::vector<std::string> labels;  ///< As the first row has them.
  std::vector<int> of_row;          ///< -1: the row has no value. The word "none" is one.
};
ColumnLevels read_levels(const TextTable& table, std::size_t column);

}  // namespace ablate
