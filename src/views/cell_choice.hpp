// Which cell of a sweep a text means.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "store/results.hpp"
#include "store/sweeps.hpp"

namespace ablate {

/// A cell of a sweep, as its runs know it.
struct ChosenCell {
  std::int64_t number = 0;
  std::string label;                                        ///< Of an [[include]] cell; else empty.
  std::vector<std::pair<std::string, std::string>> levels;  ///< Axis and label of its level, axes in order.

  /// Its label, or "demo.resolution = 4, demo.width = 8", or "the only cell" where no axis applies.
  std::string name() const;
};

/// Every cell that `runs` have, by number.
std::vector<ChosenCell> cells_of(const std::vector<RunRecord>& runs, const SweepRecord& sweep);

/// Every cell of a plan, by number.
std::vector<ChosenCell> cells_of(const Plan& plan);

/// What the cell of a run is known by.
CellName name_of(const RunRecord& run);

/// The cell that `text` means: its label, its number, or as many of its levels as tell it apart,
/// "connector.kind=mlp,connector.tokens=64". Throws Error, with the nearest spelling, for one that the sweep
/// does not have, and for levels that several cells have.
ChosenCell choose_cell(const std::vector<ChosenCell>& cells, const SweepRecord& sweep,
                       const std::string& text);
/// The same, but for levels that several cells have: all of these.
std::vector<ChosenCell> choose_cells(const std::vector<ChosenCell>& cells, const SweepRecord& sweep,
                                     const std::string& text);

}  // namespace ablate
