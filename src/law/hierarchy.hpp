// The law through the scans' optima: a line in log N and log D with random effects per size and per scan.
#pragma once

#include <Eigen/Core>
#include <array>
#include <span>
#include <vector>

namespace ablate {

/// An optimum as the regression sees it, all in log2.
struct LawObservation {
  double log2_params = 0, log2_tokens = 0;
  double value = 0;  ///< log2 of the best rate or batch.
  double se = 0;     ///< Its standard error.
};

/// A belief about an exponent: Gaussian. sd = infinity: none.
struct ExponentPrior {
  double mean = 0, sd = 0;
};

/// What may be true of an exponent.
enum class ExponentView {
  believed,   ///< Its prior, with a probability of 1/2 before the data.
  unchanged,  ///< 0 with the sd of its prior, 1/8: only where LawPriors::may_be_unchanged, and only that of
              ///< N.
  doubted,    ///< The mean of its prior with four times the sd: the rest.
};

/// What is believed before the data. How well each view explains the data decides how much it counts
/// (Bayesian model averaging), for each exponent by itself: models whose size is counted in another way
/// contradict the belief about N and agree with that about D.
struct LawPriors {
  ExponentPrior params;  ///< Exponent of N; where `in_proportion`, along D = constant x N (the sum of both).
  ExponentPrior tokens;  ///< Exponent of D, independent of `params`.
  bool in_proportion = false;
  /// The best rate may be the same for all sizes: muP is made for that, and mixtures of experts whose N are
  /// activated parameters have it.
  bool may_be_unchanged = false;
  double size_sd = 0.2;   ///< Median of the lognormal prior of the spread between sizes, log2.
  double scan_sd = 0.12;  ///< Median of the lognormal prior of the spread between scans, log2.
};
/// Best rate when the batch is tuned: N -0.55 +- 0.15, D 0.22 +- 0.1. The exponents are means over three
/// public searches (StepLaw, OpenEuroLLM, Lingle); constants differ by x2.3 and have no prior.
LawPriors lr_priors();
/// Best rate when the batch is fixed: -0.5 +- 0.15 along D = constant x N, and D -0.1 +- 0.2.
LawPriors lr_priors_at_fixed_batch();
/// Best batch: N 0 +- 0.1, D 0.57 +- 0.08.
LawPriors batch_priors();
/// The same spreads, no belief about exponents.
LawPriors without_exponents(LawPriors priors);

/// Means and covariance of the exponents of N and D under a belief; 10 stands for an infinite sd.
struct ExponentBelief {
  Eigen::Vector2d mean;
  Eigen::Matrix2d covariance;
};
ExponentBelief belief_of(const LawPriors& priors);
/// The belief about the exponent of N alone, or (`tokens_free` false) along D = constant x N.
ExponentPrior exponent_prior(const LawPriors& priors, bool tokens_free);

/// A mixture of normal distributions in log2: one for each pair of variances on the grid.
class LawDistribution {
 public:
  struct Part {
    double weight = 0, mean = 0, sd = 0;
  };
  explicit LawDistribution(std::vector<Part> parts = {});
  double mean() const;
  double sd() const;
  double quantile(double probability) const;  ///< To 1e-10, by TOMS 748 of Boost.Math.
  std::span<const Part> parts() const { return parts_; }

 private:
  std::vector<Part> parts_;
};

/// A number with its standard deviation and central 95 % interval.
struct LawEstimate {
  double value = 0, sd = 0, low = 0, high = 0;
};

/// The posterior: y = a + aN log2 N + aD log2 D + u_size + e_scan, u ~ N(0, tN^2), e ~ N(0, tc^2 + se^2).
struct LawRegression {
  LawEstimate constant;         ///< log2 of the value at the centre of the data (geometric mean N and D).
  LawEstimate params_exponent;  ///< aN; aN + aD where `tokens_free` is false.
  LawEstimate tokens_exponent;  ///< aD; what its prior says where `tokens_free` is false.
  LawEstimate size_sd;          ///< tN: spread between sizes, log2.
  LawEstimate scan_sd;          ///< tc: spread between scans, log2.
  double centre_params = 0, centre_tokens = 0;  ///< log2.
  bool tokens_free = true;  ///< False: D is unknown or a fixed multiple of N in the data; aD = 0.
  /// Probability that the prior of an exponent holds as it stands: 0.5 before the data, near 0 where the data
  /// contradict it. NaN where the exponent has no prior.
  double params_trust = 0.5, tokens_trust = 0.5;
  double params_unchanged = 0;  ///< Probability of ExponentView::unchanged.

  /// log2 of what the estimates above give as a formula. It is not the middle of predict() where it is
  /// uncertain whether a prior holds, since then the estimates are means over two beliefs.
  double formula(double log2_params, double log2_tokens) const {
    return constant.value + params_exponent.value * (log2_params - centre_params) +
           (tokens_free ? tokens_exponent.value * (log2_tokens - centre_tokens) : 0);
  }
  /// Of the best value at a size and token count that was not in the data.
  LawDistribution predict(double log2_params, double log2_tokens) const;

  /// One point of the grid of variances with the posterior of the coefficients there.
  struct Node {
    double weight = 0, size_sd = 0, scan_sd = 0;
    ExponentView params = ExponentView::believed, tokens = ExponentView::believed;
    Eigen::Vector3d mean;
    Eigen::Matrix3d covariance;
  };
  std::vector<Node> nodes;
};

/// Integrates over a grid of 14 x 16 spreads and the views of the exponents. `observations` is not empty.
/// With one size, or D a fixed multiple of N, the priors decide what the data cannot.
LawRegression fit_regression(std::span<const LawObservation> observations, const LawPriors& priors);

/// The priors as they count after the data: means and precisions are those of the views, weighed by how
/// probable these are.
LawPriors weighed(LawPriors priors, const LawRegression& law);

/// The coefficient of (log2 N - centre)^2 when it is added to the regression (prior 0 +- 0.2), at the most
/// probable spreads: does the law bend? (arXiv 2606.29158 finds that it bends upward.) Value 0 and infinite
/// sd with fewer than three sizes.
LawEstimate bend_in_params(std::span<const LawObservation> observations, const LawPriors& priors);

}  // namespace ablate
