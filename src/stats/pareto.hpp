// Score against cost: which cells no other cell beats at its price, and what a doubling of cost buys.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

#include "stats/observations.hpp"

namespace ablate {

/// A combination of levels, over its seeds.
struct CellScore {
  std::vector<double> at;         ///< As in Observation.
  std::vector<std::size_t> runs;  ///< Indices into Observations::runs, those with a score.
  /// Mean score; where cells lack seeds, of what least squares with cell and seed expect over all seeds.
  double score = std::numeric_limits<double>::quiet_NaN();
  double cost = std::numeric_limits<double>::quiet_NaN();  ///< Mean of the runs whose cost is known.
  bool on_front = false;  ///< No cell is as good and as cheap, and better or cheaper.
  /// A cell of the front that costs no more and is better: the best of them. None on the front.
  std::optional<std::size_t> beaten_by;
  double behind = 0;  ///< By how much that one is better: at least 0, whatever the direction of the score.
  /// Half the 95 % interval of that difference. NaN: the runs do not tell their error.
  double half_width = std::numeric_limits<double>::quiet_NaN();
  bool within_interval = false;  ///< The difference may be nothing: the cell may belong to the front.
};

struct ParetoFront {
  std::vector<CellScore> cells;  ///< Those with a score and a cost, in the order in which they occur.
  double error_ms = std::numeric_limits<double>::quiet_NaN();  ///< Of a run: cell x seed, pooled over cells;
  double error_df = 0;  ///< runs of one cell where seeds are not shared.
};

/// Higher scores are better unless the observations say otherwise. Cells whose seeds cannot be compared with
/// those of the others, by shared seeds, keep their plain means.
ParetoFront pareto_front(const Observations& observations);

/// What twice the cost along one axis does to the score.
struct DoublingEffect {
  double estimate = 0;  ///< Change of the score with each doubling of cost, in the score's own direction.
  double se = 0;        ///< By one error pooled over all runs.
  double df = 0;
  std::optional<double> p;  ///< Two-sided; none without an error.
  /// The error by what seeds differ in, a slope of each seed where all have all cells: holds where seeds and
  /// levels interact, and where cells of a seed share what was trained. Cluster-robust (Liang and Zeger 1986,
  /// times S / (S - 1)), seeds - 1 degrees of freedom. NaN below three shared seeds, or where they do not
  /// differ.
  double seed_se = std::numeric_limits<double>::quiet_NaN();
  double seed_df = 0;
  double doublings = 0;  ///< From the cheapest run to the dearest.
};

/// The slope of the score on log2(cost), by least squares with seeds (where runs share them) and the main
/// effects of all other factors that apply to all runs, cubic where they are continuous: what cost buys when
/// `factor` changes it. Where a factor is continuous, the runs of a point are one observation. Runs without
/// score or without a cost above 0 are left out, and so are those that `factor` does not apply to. None where
/// cost does not vary with the factor: where the factor explains less than half of what the others leave of
/// log2(cost). Throws Error for a value outside of the range of its axis.
std::optional<DoublingEffect> effect_per_doubling(const Observations& observations, std::size_t factor);

}  // namespace ablate
