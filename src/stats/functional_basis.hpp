// Axes of a sampled design as orthonormal functions: each has mean 0 and variance 1 under the distribution
// that the axis was sampled from, and is uncorrelated with the others.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <span>

#include "stats/observations.hpp"

namespace ablate {

/// Degree of the largest polynomial of a continuous axis.
constexpr int kMaxMainDegree = 8;

/// The functions of one axis at each run.
struct AxisFunctions {
  std::size_t factor = 0;
  bool continuous = false;  ///< Column k is the Legendre polynomial of degree k + 1 on the axis's own scale.
  Eigen::MatrixXd values;   ///< [runs, functions]; no column where the axis does not vary.
  /// The number of functions at a degree: all of a categorical axis from degree 1 on.
  Eigen::Index count(int degree) const;
};

/// A continuous axis has Legendre polynomials of the value, or of its logarithm, scaled to -1 .. 1: up to
/// degree kMaxMainDegree, and fewer than it has distinct values. An axis of levels has orthonormal contrasts
/// (Helmert's) of those that occur, each of equal weight. Throws Error for a value outside of the range of
/// its axis.
AxisFunctions axis_functions(const Observations& observations, std::size_t factor,
                             std::span<const std::size_t> runs);

}  // namespace ablate
