#include "stats/cell_seed_fit.hpp"

#include <Eigen/QR>
#include <algorithm>

namespace ablate {

CellSeedFit fit_cells_and_seeds(const std::vector<CellRun>& runs, std::size_t cells, std::size_t seeds) {
  using Eigen::Index, Eigen::MatrixXd, Eigen::VectorXd;
  constexpr double kSquaresRounding = 1e-12;  // Of a sum of squares.
  const auto num_cells = static_cast<Index>(cells), num_seeds = static_cast<Index>(seeds);
  const auto cell_of = [](const CellRun& run) { return static_cast<Index>(run.cell); };
  const auto seed_of = [](const CellRun& run) { return static_cast<Index>(run.seed); };
  CellSeedFit fit;
  fit.runs = VectorXd::Zero(num_cells);
  VectorXd mean = VectorXd::Zero(num_cells);
  MatrixXd counts = MatrixXd::Zero(num_cells, std::max<Index>(num_seeds, 1));
  for (const CellRun& run : runs) {
    ++fit.runs[cell_of(run)];
    mean[cell_of(run)] += run.score;
    if (num_seeds > 0) ++counts(cell_of(run), seed_of(run));
  }
  mean = mean.cwiseQuotient(fit.runs);
  fit.seed_share = counts.array().colwise() / fit.runs.array();
  fit.seed_effect = VectorXd::Zero(counts.cols());
  fit.inverse = MatrixXd::Zero(counts.cols(), counts.cols());
  Index rank = 0;
  if (num_seeds > 0) {
    // Normal equations of the seeds within cells; they determine differences only, hence the pseudo-inverse.
    const MatrixXd normal =
        MatrixXd(counts.colwise().sum().transpose().asDiagonal()) - counts.transpose() * fit.seed_share;
    VectorXd right = VectorXd::Zero(num_seeds);
    for (const CellRun& run : runs) right[seed_of(run)] += run.score - mean[cell_of(run)];
    Eigen::CompleteOrthogonalDecomposition<MatrixXd> solver;
    solver.setThreshold(1e-9);  // Of counts, whose dependent columns differ by rounding alone.
    solver.compute(normal);
    rank = solver.rank();
    fit.inverse = solver.pseudoInverse();
    fit.seed_effect = fit.inverse * right;
  }
  fit.cell_mean = mean - fit.seed_share * fit.seed_effect;
  double squares = 0, total = 0;
  for (const CellRun& run : runs) {
    double residual = run.score - fit.cell_mean[cell_of(run)];
    if (num_seeds > 0) residual -= fit.seed_effect[seed_of(run)];
    squares += residual * residual;
    total += run.score * run.score;
  }
  fit.error_df = static_cast<double>(static_cast<Index>(runs.size()) - num_cells - rank);
  if (fit.error_df > 0 && squares > kSquaresRounding * kSquaresRounding * total)
    fit.error_ms = squares / fit.error_df;
  return fit;
}

}  // namespace ablate
