#include "law/arrow_matrix.hpp"

#include <Eigen/Cholesky>
#include <Eigen/LU>

namespace ablate {

ArrowMatrix::ArrowMatrix(int count)
    : shape(ShapeBlock::Zero()),
      cross(static_cast<std::size_t>(count), CrossBlock::Zero()),
      cells(static_cast<std::size_t>(count), CellBlock::Zero()) {}

double ArrowMatrix::diagonal(Eigen::Index i) const {
  if (i < kShape) return shape(i, i);
  const Eigen::Index place = (i - kShape) % kCell;
  return cells[static_cast<std::size_t>((i - kShape) / kCell)](place, place);
}

void ArrowMatrix::add_to_diagonal(Eigen::Index i, double value) {
  if (i < kShape) return void(shape(i, i) += value);
  const Eigen::Index place = (i - kShape) % kCell;
  cells[static_cast<std::size_t>((i - kShape) / kCell)](place, place) += value;
}

void ArrowMatrix::make_unit(Eigen::Index i) {
  if (i < kShape) {
    shape.row(i).setZero();
    shape.col(i).setZero();
    shape(i, i) = 1;
    for (CrossBlock& block : cross) block.row(i).setZero();
    return;
  }
  const auto cell = static_cast<std::size_t>((i - kShape) / kCell);
  const Eigen::Index place = (i - kShape) % kCell;
  cross[cell].col(place).setZero();
  cells[cell].row(place).setZero();
  cells[cell].col(place).setZero();
  cells[cell](place, place) = 1;
}

ArrowMatrix& ArrowMatrix::operator*=(double factor) {
  shape *= factor;
  for (CrossBlock& block : cross) block *= factor;
  for (CellBlock& block : cells) block *= factor;
  return *this;
}

ArrowMatrix::ShapeBlock ArrowMatrix::schur_complement() const {
  ShapeBlock complement = shape;
  for (std::size_t i = 0; i < cells.size(); ++i)
    complement -= cross[i] * cells[i].inverse() * cross[i].transpose();
  return complement;
}

Eigen::VectorXd ArrowMatrix::solve(const Eigen::VectorXd& right) const {
  Eigen::Matrix<double, kShape, 1> rest = right.head<kShape>();
  const auto part = [&](std::size_t i) {
    return right.segment<kCell>(kShape + kCell * static_cast<Eigen::Index>(i));
  };
  for (std::size_t i = 0; i < cells.size(); ++i) rest -= cross[i] * (cells[i].inverse() * part(i));
  Eigen::VectorXd solution(size());
  solution.head<kShape>() = schur_complement().ldlt().solve(rest);
  for (std::size_t i = 0; i < cells.size(); ++i)
    solution.segment<kCell>(kShape + kCell * static_cast<Eigen::Index>(i)) =
        cells[i].inverse() * (part(i) - cross[i].transpose() * solution.head<kShape>());
  return solution;
}

std::vector<ArrowMatrix::CellBlock> ArrowMatrix::inverse_cells() const {
  const ShapeBlock inverse_shape = schur_complement().ldlt().solve(ShapeBlock::Identity());
  std::vector<CellBlock> blocks;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const CellBlock inverse = cells[i].inverse();
    const CrossBlock moved = cross[i] * inverse;
    blocks.push_back(inverse + moved.transpose() * inverse_shape * moved);
  }
  return blocks;
}

}  // namespace ablate
