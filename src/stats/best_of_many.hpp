// The best of many cells looks better than it is: what the cells are expected to score under other seeds.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

#include "stats/cell_seed_fit.hpp"

namespace ablate {

struct ShrunkenCells {
  std::vector<double> mean;  ///< Of each cell over all seeds, as in CellSeedFit.
  /// What it would be expected to score under other seeds: the mean, drawn towards that of all cells by the
  /// part of the spread of means that is noise. Nothing but the mean of all cells where the cells cannot be
  /// told apart. NaN: the runs do not tell their error, or there are fewer than three cells.
  std::vector<double> shrunken;
  double grand_mean = std::numeric_limits<double>::quiet_NaN();
  std::optional<double> p;  ///< Of the F test that all cells are equal.
};

/// Empirical Bayes: m ~ N(mu, e / n) and mu ~ N(mean, v), where e is the mean square of cell x seed, n the
/// runs of the cell, and v what the variance of the means is above that of noise; mu is then expected at
/// mean + (m - mean) v / (v + e / n) (Efron & Morris 1973, Stein's estimation rule and its competitors). For
/// C cells with equally many runs the factor is 1 - (C - 2) / (C - 1) / F: the C - 2 in the place of James
/// and Stein's C - 3 leaves the largest of the means, whose size grows with the spread that is divided by,
/// without bias. That would be so for any F; below the one with p = 0.15 the factor is 0 instead, as what is
/// left of it there, negative as often as not, is noise. Cells that share a trained stage share part of their
/// error, which this leaves out. Arguments as for fit_cells_and_seeds().
ShrunkenCells shrink_cells(const std::vector<CellRun>& runs, std::size_t cells, std::size_t seeds);

}  // namespace ablate
