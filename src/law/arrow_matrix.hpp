// The Hessian of a fit in which many scans share a shape: a symmetric matrix whose scans meet in the shape
// alone.
#pragma once

#include <Eigen/Core>
#include <vector>

namespace ablate {

/// In the order shape, then each scan: [[S, B_1, B_2, ...], [B_1', C_1, 0, ...], [B_2', 0, C_2, ...], ...].
/// Everything takes time and memory in proportion to the number of scans.
class ArrowMatrix {
 public:
  static constexpr int kShape = 7, kScan = 2;
  using ShapeBlock = Eigen::Matrix<double, kShape, kShape>;
  using CrossBlock = Eigen::Matrix<double, kShape, kScan>;
  using ScanBlock = Eigen::Matrix<double, kScan, kScan>;

  explicit ArrowMatrix(int scans = 0);  ///< Zeros.

  ShapeBlock shape;
  std::vector<CrossBlock> cross;
  std::vector<ScanBlock> scans;

  Eigen::Index size() const { return kShape + kScan * static_cast<Eigen::Index>(scans.size()); }
  double diagonal(Eigen::Index i) const;
  void add_to_diagonal(Eigen::Index i, double value);
  /// Row and column i become those of the identity.
  void make_unit(Eigen::Index i);
  ArrowMatrix& operator*=(double factor);

  /// Solves for one right-hand side by elimination of the scans (Schur complement). The matrix must be
  /// positive definite.
  Eigen::VectorXd solve(const Eigen::VectorXd& right) const;
  /// The scans' blocks of the inverse.
  std::vector<ScanBlock> inverse_scans() const;

 private:
  ShapeBlock schur_complement() const;
};

}  // namespace ablate
