#include "stats/best_of_many.hpp"

#include <algorithm>

#include "stats/significance.hpp"

namespace ablate {

ShrunkenCells shrink_cells(const std::vector<CellRun>& runs, std::size_t cells, std::size_t seeds) {
  // For 24 cells the largest mean then keeps less than a tenth of its bias, however much the cells differ.
  constexpr double kToldApart = 0.15;
  const CellSeedFit fit = fit_cells_and_seeds(runs, cells, seeds);
  const auto num_cells = static_cast<double>(cells);
  ShrunkenCells result;
  result.mean.assign(fit.cell_mean.begin(), fit.cell_mean.end());
  result.shrunken.assign(cells, std::numeric_limits<double>::quiet_NaN());
  result.grand_mean = fit.cell_mean.mean();
  constexpr std::size_t kFewest = 3;
  if (cells < kFewest) return result;
  const double spread = (fit.cell_mean.array() - result.grand_mean).square().sum() / (num_cells - 1);
  const double noise = fit.error_ms * fit.runs.cwiseInverse().mean();  // Variance of a mean under no effect.
  result.p = f_test(spread * (num_cells - 1), num_cells - 1, noise, fit.error_df).p;
  if (!result.p) return result;
  const double true_spread =
      *result.p > kToldApart ? 0 : std::max(0.0, spread * (num_cells - 1) / (num_cells - 2) - noise);
  for (std::size_t cell = 0; cell < cells; ++cell) {
    const double own_noise = fit.error_ms / fit.runs[static_cast<Eigen::Index>(cell)];
    result.shrunken[cell] =
        result.grand_mean + (result.mean[cell] - result.grand_mean) * true_spread / (true_spread + own_noise);
  }
  return result;
}

}  // namespace ablate
