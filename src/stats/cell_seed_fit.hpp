// Scores of cells under seeds that they share: what each cell scores over all seeds, wherever some are
// missing.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <limits>
#include <vector>

namespace ablate {

/// A run by the indices of its cell and of its seed, each counted from 0.
struct CellRun {
  std::size_t cell = 0, seed = 0;
  double score = 0;  ///< Finite.
};

/// score = cell + seed + error by least squares, with the cells solved for first.
struct CellSeedFit {
  /// What each cell is expected to score over all seeds: its mean less the effects of its own seeds. Where
  /// no chain of common seeds leads from a cell to the others, its plain mean.
  Eigen::VectorXd cell_mean;
  Eigen::VectorXd runs;         ///< Of each cell.
  Eigen::VectorXd seed_effect;  ///< Sums to 0.
  Eigen::MatrixXd seed_share;   ///< [cells, seeds]: the part of a cell's runs that a seed has.
  Eigen::MatrixXd inverse;      ///< Covariance of the seed effects in units of the error variance.
  /// Mean square of the error. NaN without degrees of freedom and where nothing is left but rounding.
  double error_ms = std::numeric_limits<double>::quiet_NaN();
  double error_df = 0;
};

/// Every one of `cells` has a run. `seeds`: how many there are; 0: each run has one of its own, and the error
/// is that of runs within cells.
CellSeedFit fit_cells_and_seeds(const std::vector<CellRun>& runs, std::size_t cells, std::size_t seeds);

}  // namespace ablate
