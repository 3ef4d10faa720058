// The table by which one factor, or a pair, is judged: independent units in cells, with their blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stats/linear_model.hpp"
#include "stats/observations.hpp"

namespace ablate {

class CellFit;
/// Fits of the same units, by order and whether blocks count.
using CellFits = std::map<std::pair<std::size_t, bool>, std::shared_ptr<const CellFit>>;

/// Units are runs, or the means of runs that share the trained stage which carries the factor, or of those at
/// one point of the continuous factors, whatever their seed: other points are what other samples would have.
struct UnitTable {
  /// A column is a factor, or one whose levels alone have other factors, crossed with those.
  CodedRuns units;
  std::vector<std::string> names;   ///< Of the columns.
  std::vector<std::int32_t> seed;   ///< Of each unit, from 0; -1: a seed of its own.
  std::vector<std::int32_t> block;  ///< What units share by training: seed or stage, from 0; empty: nothing.
  std::size_t seeds = 0, blocks = 0;
  bool blocks_are_seeds = true;
  bool points = false;                     ///< Units are points of a sample.
  std::vector<std::size_t> focus_columns;  ///< One for each factor in focus.
  /// For each factor in focus and each of its levels, weights of the levels of its column that sum to one;
  /// empty: the level has no unit.
  std::vector<std::vector<std::vector<double>>> level_weights;
  std::vector<std::string> notes;

  std::size_t cells = 0;    ///< Cells that have a unit.
  std::size_t grid = 1;     ///< Cells there could be.
  bool replicated = false;  ///< Some cell has two units.
  bool crossed = false;     ///< Every cell of the grid has every seed, equally often.
  std::shared_ptr<CellFits> fits = std::make_shared<CellFits>();  ///< Done so far; copies share them.

  std::size_t treatment_columns() const { return units.columns(); }
  /// The units with the block, if any, as the last column.
  CodedRuns with_block() const;
};

/// The designs of a sweep, which share what is the same. Made of a sweep wherever one is asked for; who asks
/// more than one question makes it once. The sweep must outlive it.
class Designs {
 public:
  Designs(const Observations& sweep);  // NOLINT(google-explicit-constructor)
  const Observations& sweep() const { return *sweep_; }
  /// `focus`: one factor or two, ascending, none continuous. Null: no unit has them, or shared stages have no
  /// settings in common.
  std::shared_ptr<const UnitTable> of(const std::vector<std::size_t>& focus) const;

 private:
  const Observations* sweep_;
  bool uniform_ = true;  // All factors apply to all runs, and runs share no stage: one design serves all.
  std::vector<std::size_t> categorical_;  // Factors with two levels or more among runs with a score.
  mutable std::map<std::vector<std::size_t>, std::shared_ptr<const UnitTable>> known_;
};

/// A factor of which all cells but the baseline differ in one level only: the baseline's levels, one for each
/// factor. None: no one-at-a-time design.
std::optional<std::vector<std::size_t>> one_at_a_time_baseline(const Observations& sweep);

}  // namespace ablate
