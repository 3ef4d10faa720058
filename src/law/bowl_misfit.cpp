#include "law/bowl_misfit.hpp"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>

#include "law/bowl_problem.hpp"

namespace ablate {

namespace {

/// How scans differ within a search. Fits of each scan of three public searches by itself (StepLaw dense and
/// MoE, OpenEuroLLM) spread by 0.3 in log k, 0.3 per octave in q - p and 0.15 in the ridge.
constexpr double kSteepnessSd = 0.15;    // Of p and q, per octave,
constexpr double kSteepnessShare = 0.3;  // or this share of them, where that is more.
constexpr double kCurvatureLogSd = 0.3;
constexpr double kRidgeSpread = 0.15;
/// Error for a gap of one octave, in octaves; it grows with the gap's square, as that of a parabola through
/// three points of another curve does.
constexpr double kGapError = 0.04;

double log_sd_of_steepness(double steepness) { return std::max(kSteepnessShare, kSteepnessSd / steepness); }

}  // namespace

Eigen::Matrix2d shape_covariance(const BowlFit& fit, const ArrowMatrix::ScanBlock& information,
                                 const ArrowMatrix::CrossBlock& cross) {
  Eigen::Matrix<double, ArrowMatrix::kShape, 1> sd;
  sd[kLogP] = log_sd_of_steepness(fit.lr.p);
  sd[kLogQ] = log_sd_of_steepness(fit.lr.q);
  sd[kLogP2] = log_sd_of_steepness(fit.batch.p);
  sd[kLogQ2] = log_sd_of_steepness(fit.batch.q);
  sd[kLogK] = sd[kLogK2] = kCurvatureLogSd;
  sd[kRidge] = kRidgeSpread;
  // By so much the least squares of the scan move its optimum for each departure.
  const Eigen::Matrix<double, ArrowMatrix::kScan, ArrowMatrix::kShape> moved =
      information.inverse() * cross.transpose() * sd.asDiagonal();
  return moved * moved.transpose();
}

void take_misfit(ScanAxis& axis, double by_shape, double gap) {
  axis.shape_se = std::min(std::sqrt(by_shape), gap);
  axis.gap_se = kGapError * gap * gap;
}

}  // namespace ablate
