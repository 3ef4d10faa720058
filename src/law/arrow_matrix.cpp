#include "law/arrow_matrix.hpp"

#include <Eigen/Cholesky>
#include <Eigen/LU>

namespace ablate {

ArrowMatrix::ArrowMatrix(int count)
    : shape(ShapeBlock::Zero()),
      cross(static_cast<std::size_t>(count), CrossBlock::Zero()),
      scans(static_cast<std::size_t>(count), ScanBlock::Zero()) {}

double ArrowMatrix::diagonal(Eigen::Index i) const {
  if (i < kShape) return shape(i, i);
  const Eigen::Index place = (i - kShape) % kScan;
  return scans[static_cast<std::size_t>((i - kShape) / kScan)](place, place);
}

void ArrowMatrix::add_to_diagonal(Eigen::Index i, double value) {
  if (i < kShape) return void(shape(i, i) += value);
  const Eigen::Index place = (i - kShape) % kScan;
  scans[static_cast<std::size_t>((i - kShape) / kScan)](place, place) += value;
}

void ArrowMatrix::make_unit(Eigen::Index i) {
  if (i < kShape) {
    shape.row(i).setZero();
    shape.col(i).setZero();
    shape(i, i) = 1;
    for (CrossBlock& block : cross) block.row(i).setZero();
    return;
  }
  const auto scan = static_cast<std::size_t>((i - kShape) / kScan);
  const Eigen::Index place = (i - kShape) % kScan;
  cross[scan].col(place).setZero();
  scans[scan].row(place).setZero();
  scans[scan].col(place).setZero();
  scans[scan](place, place) = 1;
}

ArrowMatrix& ArrowMatrix::operator*=(double factor) {
  shape *= factor;
  for (CrossBlock& block : cross) block *= factor;
  for (ScanBlock& block : scans) block *= factor;
  return *this;
}

ArrowMatrix::ShapeBlock ArrowMatrix::schur_complement() const {
  ShapeBlock complement = shape;
  for (std::size_t i = 0; i < scans.size(); ++i)
    complement -= cross[i] * scans[i].inverse() * cross[i].transpose();
  return complement;
}

Eigen::VectorXd ArrowMatrix::solve(const Eigen::VectorXd& right) const {
  Eigen::Matrix<double, kShape, 1> rest = right.head<kShape>();
  const auto part = [&](std::size_t i) {
    return right.segment<kScan>(kShape + kScan * static_cast<Eigen::Index>(i));
  };
  for (std::size_t i = 0; i < scans.size(); ++i) rest -= cross[i] * (scans[i].inverse() * part(i));
  Eigen::VectorXd solution(size());
  solution.head<kShape>() = schur_complement().ldlt().solve(rest);
  for (std::size_t i = 0; i < scans.size(); ++i)
    solution.segment<kScan>(kShape + kScan * static_cast<Eigen::Index>(i)) =
        scans[i].inverse() * (part(i) - cross[i].transpose() * solution.head<kShape>());
  return solution;
}

std::vector<ArrowMatrix::ScanBlock> ArrowMatrix::inverse_scans() const {
  const ShapeBlock inverse_shape = schur_complement().ldlt().solve(ShapeBlock::Identity());
  std::vector<ScanBlock> blocks;
  for (std::size_t i = 0; i < scans.size(); ++i) {
    const ScanBlock inverse = scans[i].inverse();
    const CrossBlock moved = cross[i] * inverse;
    blocks.push_back(inverse + moved.transpose() * inverse_shape * moved);
  }
  return blocks;
}

}  // namespace ablate
