// The Hessian of a fit in which many cells share a shape: a symmetric matrix whose cells meet in the shape
// alone.
#pragma once

#include <Eigen/Core>
#include <vector>

namespace ablate {

/// In the order shape, then each cell: [[S, B_1, B_2, ...], [B_1', C_1, 0, ...], [B_2', 0, C_2, ...], ...].
/// Everything takes time and memory in proportion to the number of cells.
class ArrowMatrix {
 public:
  static constexpr int kShape = 7, kCell = 2;
  using ShapeBlock = Eigen::Matrix<double, kShape, kShape>;
  using CrossBlock = Eigen::Matrix<double, kShape, kCell>;
  using CellBlock = Eigen::Matrix<double, kCell, kCell>;

  explicit ArrowMatrix(int cells = 0);  ///< Zeros.

  ShapeBlock shape;
  std::vector<CrossBlock> cross;
  std::vector<CellBlock> cells;

  Eigen::Index size() const { return kShape + kCell * static_cast<Eigen::Index>(cells.size()); }
  double diagonal(Eigen::Index i) const;
  void add_to_diagonal(Eigen::Index i, double value);
  /// Row and column i become those of the identity.
  void make_unit(Eigen::Index i);
  ArrowMatrix& operator*=(double factor);

  /// Solves for one right-hand side by elimination of the cells (Schur complement). The matrix must be
  /// positive definite.
  Eigen::VectorXd solve(const Eigen::VectorXd& right) const;
  /// The cells' blocks of the inverse.
  std::vector<CellBlock> inverse_cells() const;

 private:
  ShapeBlock schur_complement() const;
};

}  // namespace ablate
