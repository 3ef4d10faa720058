// Runs grouped by some axes, and summed up over their seeds: the numbers of `ablate table`, without their
// layout.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "stats/summary.hpp"
#include "store/results.hpp"

namespace ablate {

/// What one value is over the seeds of one group. A seed counts when all cells of the group have the value
/// under it: the mean over cells comes first, within the seed, so that no seed weighs more for having lost a
/// cell.
struct PivotCell {
  Summary summary;
  std::int64_t planned = 0;  ///< Seeds that there should be.
  std::int64_t failed = 0, cancelled = 0, running = 0, waiting = 0, not_finite = 0,
               absent = 0;  ///< Seeds without a value, by reason.
  std::int64_t missing() const { return planned - static_cast<std::int64_t>(summary.n); }
};

/// The runs that agree in the axes asked for.
struct PivotGroup {
  std::string label;  ///< Of an [[include]] cell: it stands alone.
  std::vector<std::string>
      levels;  ///< Of the axes asked for, in their order; "-" where an axis does not apply.
  JobState state = JobState::finished;  ///< The worst of its runs.
  std::int64_t cells = 0;
  std::vector<PivotCell> values;  ///< One for each value asked for.
};

struct Pivot {
  std::vector<PivotGroup> groups;  ///< In the order of the levels of the first axis, then of the second, ...
  std::vector<std::string> averaged;  ///< Other axes that vary: "connector.tokens (3 levels)".
  bool has_labels = false;
};

/// The axes of which the runs show more than one level.
std::vector<std::string> varying_axes(const std::vector<RunRecord>& runs, const std::vector<PlanAxis>& axes);

/// Whether all cells differ from the first one on one axis at most, where three or more axes vary: what
/// design "one-at-a-time" makes. An axis that does not apply does not differ.
bool changes_one_at_a_time(const std::vector<RunRecord>& runs, const std::vector<PlanAxis>& axes);
/// Replaces the axes of such runs by one, `kChangeAxis`, whose levels say what was changed: "tokens = 4". The
/// labels of [[include]] cells become levels, too.
inline constexpr const char* kChangeAxis = "change";
void name_changes(std::vector<RunRecord>& runs, std::vector<PlanAxis>& axes);

/// Last values of metrics ("vlm/loss") count for finished runs alone: a curve that still grows has no last
/// value.
bool is_metric(const std::string& value);

Pivot make_pivot(const std::vector<RunRecord>& runs, const std::vector<PlanAxis>& axes,
                 const std::vector<std::string>& by, const std::vector<std::string>& values);

}  // namespace ablate
