// How far a scan's optimum may be off because its own bowl is not exactly the one that all scans share.
#pragma once

#include <Eigen/Core>

#include "law/arrow_matrix.hpp"
#include "law/bowl.hpp"

namespace ablate {

/// Covariance of (x*, y*), in log2 squared, that departures of the scan's own shape from the shared one
/// leave, to first order. It does not shrink as the noise does. `information` and `cross` are the scan's
/// blocks of the fit's information matrix, intercept eliminated; `information` is positive definite.
Eigen::Matrix2d shape_covariance(const BowlFit& fit, const ArrowMatrix::ScanBlock& information,
                                 const ArrowMatrix::CrossBlock& cross);

/// Sets the parts of an axis's error that are owed to misfit: `by_shape` is its variance of
/// shape_covariance(), `gap` the distance of the values tried on either side of its optimum. A convex loss
/// has its minimum next to the lowest run, so the shape's part is no more than the gap.
void take_misfit(ScanAxis& axis, double by_shape, double gap);

}  // namespace ablate
