// Runs grouped by some axes, and summed up over their seeds: the numbers of `ablate table`, without their
// layout.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "stats/common_cells.hpp"
#include "stats/summary.hpp"
#include "store/results.hpp"

namespace ablate {

/// What the means of a table are taken over.
enum class Over {
  common,  ///< The cells and seeds that all rows have, so that rows differ by their own levels alone.
  own,     ///< Those of each row: rows may hold different ones.
};
template <>
std::span<const Named<Over>> names_of<Over>();

/// What one value is over the seeds of one group. The mean over cells comes first, within the seed, so that
/// no seed weighs more for having lost a cell.
struct PivotCell {
  Summary summary;
  /// Over examples. All seeds and cells are asked the same questions, or nearly so, and the standard error of
  /// their mean is taken as the mean of their standard errors, which is what it is at most; `n` is the
  /// smallest.
  ExampleError examples;
  std::int64_t most_examples = 0;  ///< The largest n.
  /// Of each run in the mean: a row of cells for each seed. Of a metric all n are 0.
  std::vector<ExampleError> of_runs;
  std::vector<std::int64_t> cells;   ///< Numbers of the cells in the mean, ascending.
  std::vector<std::uint64_t> seeds;  ///< In the mean, ascending.
  std::int64_t planned = 0;          ///< Seeds that there should be.
  std::int64_t failed = 0, cancelled = 0, stopped_early = 0, running = 0, waiting = 0, not_finite = 0,
               absent = 0;  ///< Seeds without a value, by reason; absent: there is none, though all is done.
  Over over = Over::own;    ///< Common: over what all rows have, and no other.
  std::int64_t missing() const { return planned - static_cast<std::int64_t>(summary.n); }
};

/// The runs that agree in the axes asked for.
struct PivotGroup {
  std::string label;                           ///< Of an [[include]] cell: it stands alone,
  std::int64_t cell = -1;                      ///< and this is its number; else -1.
  std::vector<RunLevel> levels;                ///< Of the axes asked for, in their order.
  JobState state = JobState::finished;         ///< The worst of its runs.
  std::int64_t seeds = 0, seeds_in_state = 0;  ///< All, and those whose worst run is in that state.
  std::int64_t cells = 0;
  std::vector<PivotCell> values;  ///< One for each value asked for.
};

/// What some row has and the means have not.
struct PivotLeftOut {
  std::string what;  ///< "tokens = 144", or a seed.
  std::string why;   ///< "kind = mlp: failed", of the first row that lacks it.
  bool operator==(const PivotLeftOut&) const = default;
};

/// What a row has that is over its own cells, and its mean has not.
struct PivotRowLeftOut {
  std::string row;                  ///< "kind = mlp", or a label.
  std::vector<PivotLeftOut> items;  ///< Each with the reason alone: "failed".
  bool operator==(const PivotRowLeftOut&) const = default;
};

/// What the means of one value are taken over.
struct PivotMeans {
  Over over = Over::common;
  bool nothing_common = false;  ///< Common seeds were asked for, there is none, and each row has its own.
  Selection selection;          ///< What is common.
  std::vector<PivotLeftOut> cells_left_out, seeds_left_out;
  /// Of rows over their own cells, where axes are averaged over. Else a row is one cell, whose count of seeds
  /// says it.
  std::vector<PivotRowLeftOut> rows_left_out;
  bool some_apart = false;     ///< Rows to which an axis does not apply are over their own cells,
  bool some_labelled = false;  ///< and [[include]] cells stand beside averages.
  bool operator==(const PivotMeans&) const = default;
};

struct Pivot {
  std::vector<std::string> by;        ///< The axes asked for.
  std::vector<std::string> averaged;  ///< Other axes that vary.
  std::vector<PivotGroup> groups;  ///< In the order of the levels of the first axis, then of the second, ...
  std::vector<PivotMeans> means;   ///< One for each value asked for.
  bool has_labels = false;
};

/// The axes of which the runs show more than one level.
std::vector<std::string> varying_axes(const std::vector<RunRecord>& runs, const std::vector<PlanAxis>& axes);

/// Whether all cells differ from the first one on one axis at most, each in its own way, where three or more
/// axes vary and all of them apply to every cell: what design "one-at-a-time" makes. To which an axis does
/// not apply differs from the first cell by what it was run with instead, which nobody can say.
bool changes_one_at_a_time(const std::vector<RunRecord>& runs, const std::vector<PlanAxis>& axes);
/// Replaces the axes of such runs by one, `kChangeAxis`, whose levels say what was changed: "tokens = 4". The
/// labels of [[include]] cells become levels, too; with the cell's number where they read like another one.
inline constexpr const char* kChangeAxis = "change";
void name_changes(std::vector<RunRecord>& runs, std::vector<PlanAxis>& axes);

/// Without `over`, means are over what all rows have in common where axes are averaged over; where none is,
/// each row is one cell, and keeps all its seeds. Groups without any number, and [[include]] cells, which
/// stand alone, are not counted among the rows. Throws Error where axes are averaged over and the rows have
/// nothing in common.
Pivot make_pivot(const std::vector<RunRecord>& runs, const std::vector<PlanAxis>& axes,
                 const std::vector<std::string>& by, const std::vector<std::string>& values,
                 std::optional<Over> over = std::nullopt);

}  // namespace ablate
