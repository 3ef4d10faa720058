// The law through the cells' optima: a line in log N and log D with random effects per size and per cell.
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

/// A belief about an exponent: Gaussian, and with probability 1/4 one of three times the width, so that clear
/// data overrule it. sd = infinity: none.
struct ExponentPrior {
  double mean = 0, sd = 0;
};

/// What is believed before the data.
struct LawPriors {
  ExponentPrior params, tokens;  ///< Exponents of N and of D.
  double covariance = 0;         ///< Between the two: their sum may be surer than either.
  double size_sd = 0.2;          ///< Median of the lognormal prior of the spread between sizes, log2.
  double cell_sd = 0.12;         ///< Median of the lognormal prior of the spread between cells, log2.
};
/// Best rate when the batch is tuned: N -0.55 +- 0.15, D 0.22 +- 0.1. The exponents are means over three
/// public searches (StepLaw, OpenEuroLLM, Lingle); constants differ by x2.3 and have no prior.
LawPriors lr_priors();
/// Best rate when the batch is fixed: -0.5 +- 0.15 along D = constant x N, and D -0.1 +- 0.2.
LawPriors lr_priors_at_fixed_batch();
/// Best batch: N 0 +- 0.1, D 0.57 +- 0.08.
LawPriors batch_priors();
/// The same spreads, no belief about exponents: for muP, or sizes counted as activated parameters.
LawPriors without_exponents(LawPriors priors);

/// A mixture of normal distributions in log2: one for each pair of variances on the grid.
class LawDistribution {
 public:
  struct Part {
    double weight = 0, mean = 0, sd = 0;
  };
  explicit LawDistribution(std::vector<Part> parts = {});
  double mean() const;
  double sd() const;
  double quantile(double probability) const;  ///< By bisection, to 1e-10.
  std::span<const Part> parts() const { return parts_; }

 private:
  std::vector<Part> parts_;
};

/// A number with its standard deviation and central 95 % interval.
struct LawEstimate {
  double value = 0, sd = 0, low = 0, high = 0;
};

/// The posterior: y = a + aN log2 N + aD log2 D + u_size + e_cell, u ~ N(0, tN^2), e ~ N(0, tc^2 + se^2).
struct LawRegression {
  LawEstimate constant;         ///< log2 of the value at the centre of the data (geometric mean N and D).
  LawEstimate params_exponent;  ///< aN; aN + aD where `tokens_free` is false.
  LawEstimate tokens_exponent;  ///< aD; what its prior says where `tokens_free` is false.
  LawEstimate size_sd;          ///< tN: spread between sizes, log2.
  LawEstimate cell_sd;          ///< tc: spread between cells, log2.
  double centre_params = 0, centre_tokens = 0;  ///< log2.
  bool tokens_free = true;  ///< False: D is unknown or a fixed multiple of N in the data; aD = 0.

  /// Of the best value at a size and token count that was not in the data.
  LawDistribution predict(double log2_params, double log2_tokens) const;

  /// One point of the grid of variances with the posterior of the coefficients there.
  struct Node {
    double weight = 0, size_sd = 0, cell_sd = 0;
    Eigen::Vector3d mean;
    Eigen::Matrix3d covariance;
  };
  std::vector<Node> nodes;
};

/// Integrates over a grid of 14 x 16 spreads and both widths of the priors. `observations` is not empty. With
/// one size, or D a fixed multiple of N, the priors decide what the data cannot.
LawRegression fit_regression(std::span<const LawObservation> observations, const LawPriors& priors);

/// The coefficient of (log2 N - centre)^2 when it is added to the regression (prior 0 +- 0.2), at the most
/// probable spreads: does the law bend? (arXiv 2606.29158 finds that it bends upward.) Value 0 and infinite
/// sd with fewer than three sizes.
LawEstimate bend_in_params(std::span<const LawObservation> observations, const LawPriors& priors);

}  // namespace ablate
