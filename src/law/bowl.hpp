// The loss around the best learning rate and batch size: one asymmetric convex bowl that all scans share.
#pragma once

#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "law/runs.hpp"

namespace ablate {

/// b(t) = k/(pq) [ (q exp(-pt) + p exp(qt)) / (p + q) - 1 ]: log loss above its minimum, t octaves from the
/// optimum. Convex for p, q > 0; b(0) = b'(0) = 0, b''(0) = k. p says how fast it steepens to the left, q to
/// the right.
struct Bowl {
  double p = 0.5;   ///< Per octave, 0.05 to 3.
  double q = 0.5;   ///< Per octave, 0.05 to 3.
  double k = 0.01;  ///< Curvature at the optimum: log loss per octave squared. > 0.

  double at(double t) const;
  double slope(double t) const;  ///< db/dt.
  /// The offsets (left < 0 < right) at which it has risen by `rise` > 0.
  std::pair<double, double> band(double rise) const;
};

enum class LawEdge { none, low, high };

/// Two numbers in log2; -inf or +inf where a side is open.
struct LogRange {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

/// One axis (learning rate or batch size) of one scan, all in log2.
struct ScanAxis {
  double optimum = 0;            ///< Never more than one grid step outside the range tried.
  double se = 0;                 ///< Standard error; at an edge at least one grid step.
  double shape_se = 0;           ///< The part of se because the scan's bowl may have a shape of its own.
  double gap_se = 0;             ///< The part of se because no run says how the loss goes between two values.
  double low = 0, high = 0;      ///< The range tried, diverged runs left out.
  double step = 0;               ///< Median distance of neighbouring values tried; 0 when there is one.
  double argmin = 0;             ///< Of the run with the lowest loss; of several, of the middle one.
  LogRange lowest;               ///< Of all runs with the lowest loss.
  LawEdge edge = LawEdge::none;  ///< A lowest run or the fitted optimum is at or beyond this end.
  LogRange interval;             ///< 95 %, by profile likelihood; open on the side of the edge.
};

/// What is known of one scan: runs with the same N and D (and batch, where the batch is fixed).
struct ScanOptimum {
  double params = 0, tokens = 0;  ///< N, D.
  double batch = 0;               ///< The one batch of the scan; 0 where it was fitted.
  std::size_t runs = 0;           ///< All that count, diverged ones too.
  std::size_t used = 0;           ///< Within the window around the lowest loss.
  std::size_t rates = 0;          ///< Distinct rates among those used.
  ScanAxis lr;
  ScanAxis batch_axis;                                                  ///< Only where the batch was fitted.
  double lowest_loss = 0;                                               ///< Observed.
  double fitted_loss = 0;                                               ///< At the fitted optimum.
  double lowest_diverged_lr = std::numeric_limits<double>::infinity();  ///< As a rate, not in log2.
  bool convex = true;  ///< False: losses rise, fall and rise again beyond the noise.
};

/// The largest rise of loss (fraction) that a bowl tells. Beyond, runs may as well diverge, and an
/// exponential through what was measured says nothing.
inline constexpr double kKnownRise = 0.2;

/// One run that was used in the fit.
struct BowlResidual {
  std::size_t run = 0;   ///< Index into the runs handed in.
  std::size_t scan = 0;  ///< Index into BowlFit::scans.
  double residual = 0;   ///< Observed minus fitted log loss.
  double weight = 1;     ///< With which it counted.
};

struct BowlFit {
  Bowl lr;             ///< Along the learning rate, at the batch's own ridge.
  Bowl batch;          ///< Along the batch size; unused where it is fixed.
  bool joint = false;  ///< Batch fitted too.
  double ridge = 0;    ///< kappa: octaves of rate for an octave of batch, near the optimum.
  /// Standard deviation of log loss between runs: of residuals (robust) together with what is usual, which
  /// decides where the fit leaves few degrees of freedom; of repeats, or for the losses' digits, if larger.
  double noise = 0;
  double scale = 0;  ///< Of Huber's loss in the fit, in log loss: 1e-3, or that times the power of two, from
                     ///< four up, under which the runs are likeliest.
  std::vector<ScanOptimum> scans;  ///< Sorted by N, D, batch.
  std::vector<BowlResidual> residuals;
  int iterations = 0;

  /// Rise of log loss when rate and batch are (dx, dy) octaves off the optimum.
  double rise(double dx, double dy) const;
};

struct BowlOptions {
  bool joint = true;     ///< Scans are (N, D) and batch has a bowl too; else scans are (N, D, batch).
  double window = 0.03;  ///< Runs with loss up to this fraction above the lowest of their scan count.
  double wide_window =
      0.06;  ///< In scans with fewer than 4 rates in the window it widens up to this, until it has 4.
};

/// Fits all scans at once: log L = c_scan + lr(x - x*_scan - kappa (y - y*_scan)) + batch(y - y*_scan), with
/// x = log2 lr and y = log2 batch; Huber's loss with scale 1e-3, or more where the runs are noisier, weak
/// pulls of log p and log q towards log 0.5, Levenberg and Marquardt on the shape and the optima with the
/// intercepts eliminated (variable projection; Golub and Pereyra 1973). `runs` come from clean_runs(). Scans
/// with fewer than three usable rates are left out, unless there are two and a diverged one above them.
/// Returns no scans when none is left.
BowlFit fit_bowls(std::span<const LawRun> runs, const BowlOptions& options);

}  // namespace ablate
