// The scans of a bowl fit: which runs belong together, which of them count, and where they end.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "law/bowl.hpp"
#include "law/runs.hpp"

namespace ablate {

/// Indices of runs with one (N, D), or one (N, D, batch), in the order of the runs.
struct ScanRuns {
  std::vector<std::size_t> all;
  std::vector<std::size_t> used;  ///< Those that count, see choose_window(); empty: the scan is left out.
  std::size_t lowest = 0;         ///< The run with the lowest loss; of several, the middle one.
};

/// Groups sorted runs (clean_runs()) into scans. Scans in which every run diverged are left out.
std::vector<ScanRuns> group_scans(std::span<const LawRun> runs, bool joint);

/// Sets `lowest`; false: every run diverged.
bool find_lowest(std::span<const LawRun> runs, ScanRuns& scan);

/// Which runs of a scan count: those within the window; within the wide window, when that leaves fewer than
/// four rates; always the rates next to the best one on either side, and where there are fewer than four,
/// those next to these. None counts where all of them have the same loss. Sets `used`.
void choose_window(std::span<const LawRun> runs, const BowlOptions& options, ScanRuns& scan);

/// How much a run counts in the fit: beyond the wide window the bowl is off by a share of the rise, so that a
/// run there counts by the inverse square of it. A run that moves across the end of the window moves nothing.
double weight_in_fit(const LawRun& run, double lowest_loss, const BowlOptions& options);

/// What runs far above the lowest loss say of the best rate, in log2; infinite on a side without them.
struct RateWalls {
  /// The nearest rates on either side of the lowest run, at its batch, from which on outwards every run
  /// diverged or lies beyond the wide window.
  LogRange walls;
  /// Where the best rate is looked for. In a sweep at one batch that ends half of the way to a wall: any bowl
  /// that is not far steeper on the other side is lower at the wall beyond. With several batches the best
  /// rate of all is that of another batch, and the wall itself is the end.
  LogRange between;
};
RateWalls walls_of(std::span<const LawRun> runs, const BowlOptions& options, const ScanRuns& scan);

/// Range, grid step and argmin of one axis; optimum and errors are left to the fit.
ScanAxis axis_of(std::span<const LawRun> runs, const ScanRuns& scan, double LawRun::*axis);

/// Whether runs at three rates or more have a loss, and all the same: they say nothing of the rate.
bool is_flat(std::span<const LawRun> runs, const ScanRuns& scan);

/// Distinct values of an axis among runs that did not diverge, ascending.
std::vector<double> distinct_values(std::span<const LawRun> runs, std::span<const std::size_t> which,
                                    double LawRun::*axis);

/// Distance, in log2, of the two values tried on either side of an optimum; the grid step where it is
/// outside.
double gap_around(std::span<const LawRun> runs, const ScanRuns& scan, double LawRun::*axis,
                  const ScanAxis& found);

/// Marks a fitted or observed optimum at or beyond an end of the range; a diverged run beyond the highest
/// rate brackets that side.
void mark_edge(ScanAxis& axis, bool diverged_above);

/// Whether losses rise, fall and rise again along the rate by more than six times `noise`, at any one batch.
bool is_convex(std::span<const LawRun> runs, const ScanRuns& scan, double noise);

}  // namespace ablate
