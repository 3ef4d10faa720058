// The loss by size and tokens: L(N, D) = E + A / N^alpha + B / D^beta (Hoffmann et al. 2022, eq. 10).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "law/runs.hpp"

namespace ablate {

struct LossPoint {
  double params = 0, tokens = 0, loss = 0;  ///< N, D (raw), nats a token. All > 0.
  double weight = 1;
};

struct LossLaw {
  double a = 0, b = 0, e = 0;  ///< A, B, E for raw N and D.
  double alpha = 0, beta = 0;
  double at(double params, double tokens) const;
};

/// How the objective adds up. The fit is the same (a test holds it to that); only `objective` differs.
enum class LossReduction { sum, mean };

struct LossLawOptions {
  LossReduction reduction = LossReduction::sum;
  int starts = 600;        ///< Starting points on a grid around the data.
  int bootstraps = 0;      ///< Resamples of whole models (all points of one N) for the intervals.
  std::uint64_t seed = 1;  ///< Of the resamples.
};

struct LossInterval {
  double low = 0, high = 0;  ///< 95 %, percentiles of the bootstrap.
};

struct LossLawFit {
  LossLaw law;
  double objective = 0;   ///< Huber's loss of log-loss residuals, delta 1e-3, summed or averaged.
  double best_share = 0;  ///< Share of the starts that ended within 1e-6 (relative) of the best.
  std::size_t points = 0, models = 0;
  double residual_sd = 0;             ///< Robust, of log loss.
  std::vector<LossLaw> resamples;     ///< One for each bootstrap.
  LossInterval a, b, e, alpha, beta;  ///< Zero without bootstrap.
};

/// Points from runs: the lowest loss of each (N, D), diverged runs left out.
std::vector<LossPoint> best_losses(std::span<const LawRun> runs);
/// Of runs as they were given, those that are not among `points` points: how many, by why, as
/// LawTable::left_out.
std::map<std::string, std::int64_t> runs_beside(std::span<const LawRun> runs, std::size_t points);

/// Minimises the sum of Huber(log L - logsumexp(log A - alpha log N, log B - beta log D, log E)) from many
/// starts. Works on centred logarithms with tolerances relative to the objective, so that units of N, D and
/// loss, and sum or mean, make no difference; loss-scaled tolerances are what stopped the original fit early
/// (Besiroglu et al. 2024). Throws Error with fewer than 6 points, or fewer than 3 sizes or token counts.
LossLawFit fit_loss_law(std::span<const LossPoint> points, const LossLawOptions& options);

/// The N and D that minimise the law when 6 N D = flops (Hoffmann et al. 2022, eq. 4).
struct ComputeOptimum {
  double flops = 0, params = 0, tokens = 0, loss = 0;
  LossInterval params_interval, tokens_interval, loss_interval;  ///< 95 %, zero without bootstrap.
};
ComputeOptimum compute_optimum(const LossLawFit& fit, double flops);
/// Exponent of the compute-optimal N in C: beta / (alpha + beta).
double optimal_size_exponent(const LossLaw& law);

}  // namespace ablate
