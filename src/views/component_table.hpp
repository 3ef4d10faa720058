// Ablations as papers print them: a row for each cell, a baseline first, with check marks for what is on, and
// each score beside its difference to the baseline.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stats/pivot.hpp"
#include "store/sweeps.hpp"
#include "views/pivot_table.hpp"

namespace ablate {

struct ComponentQuery {
  std::vector<std::string> values;      ///< Scores and metrics; empty: all scores.
  std::optional<std::string> baseline;  ///< As choose_cell() takes it; see component_table().
  Spread spread = Spread::sd;
  Over over = Over::own;               ///< Means over each cell's own seeds, or those that all cells have.
  std::optional<std::string> sort_by;  ///< A value; rows after the baseline go by its mean.
  bool descending = false;
  bool tidy = false;  ///< For programs: levels in words, numbers in columns of their own. Else for readers.
};

/// The baseline is the cell from which all others differ on one axis, where the sweep is of that design, else
/// its first cell.
///
/// An axis of two levels, one of which says that something is absent (false, off, no, none, without, 0, []),
/// is on or off: its column is called as the axis is, or "AXIS = LEVEL" where the other level says more than
/// that it is on (true, on, yes, with, 1). In tidy tables 1 and 0 stand for that.
///
/// Differences are over the seeds that both cells have, with half of the 95 % interval by t over seeds; where
/// each run has a seed of its own, nothing is paired, and it is Welch's. A mean is strong where it is the
/// best of its column and better than the baseline at 5 % after Holm's correction over the differences of the
/// column.
///
/// Throws Error for what the sweep does not have, with the nearest name.
Table component_table(Database& database, const SweepRecord& sweep, const ComponentQuery& query);

}  // namespace ablate
