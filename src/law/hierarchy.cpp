#include "law/hierarchy.hpp"

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace ablate {

namespace {

/// Sizes closer than this (log2) are one size counted in two ways.
constexpr double kSameSize = 0.01;
/// Spreads of log2(D/N) below this leave the exponents of N and D inseparable.
constexpr double kSameRatio = 0.1;
constexpr double kConstantSd = 30;    // Octaves: no belief about the level of the law.
constexpr double kNoPriorSd = 10;     // Stands for an infinite sd of an exponent.
constexpr double kSpreadLogSd = 0.7;  // Of the lognormal priors of the spreads: a factor of 2.
/// Priors of exponents have heavy tails: with this probability they are this much wider, so that runs of
/// another kind (mixtures of experts, muP) are heard.
constexpr double kDoubt = 0.25, kDoubtedScale = 3;
constexpr int kCellNodes = 14, kSizeNodes = 16;
constexpr double kCellRange[] = {0.01, 1.0}, kSizeRange[] = {0.01, 2.0};

double log_node(const double (&range)[2], int index, int count) {
  return range[0] * std::pow(range[1] / range[0], static_cast<double>(index) / (count - 1));
}

/// log density of a lognormal with this median on a grid that is even in the logarithm.
double log_spread_prior(double value, double median) {
  const double z = std::log(value / median) / kSpreadLogSd;
  return -0.5 * z * z;
}

/// The regression for given spreads, with coefficients in the order of the columns of `design`. Observations
/// of one size share an effect, so the covariance is a diagonal and one rank for each size, and its inverse
/// takes a sum (Sherman and Morrison).
class SpreadRegression {
 public:
  SpreadRegression(std::span<const LawObservation> observations, const Eigen::MatrixXd& design,
                   Eigen::VectorXd prior_mean, const Eigen::MatrixXd& prior_covariance)
      : prior_mean_(std::move(prior_mean)),
        prior_precision_(prior_covariance.inverse()),
        prior_log_determinant_(std::log(prior_covariance.determinant())) {
    std::vector<std::size_t> order(observations.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return observations[a].log2_params < observations[b].log2_params;
    });
    double size = -std::numeric_limits<double>::infinity();
    for (const std::size_t index : order) {
      const LawObservation& one = observations[index];
      if (one.log2_params - size >= kSameSize) groups_.emplace_back();
      size = one.log2_params;
      const Eigen::VectorXd row = design.row(static_cast<Eigen::Index>(index)).transpose();
      groups_.back().push_back({row, one.value - row.dot(prior_mean_), one.se * one.se});
    }
  }

  struct Posterior {
    double log_evidence = 0;
    Eigen::VectorXd mean;
    Eigen::MatrixXd covariance;
  };
  Posterior at(double size_sd, double cell_sd) const {
    const Eigen::Index columns = prior_mean_.size();
    Eigen::MatrixXd precision = prior_precision_;
    Eigen::VectorXd pull = Eigen::VectorXd::Zero(columns), row_sum(columns);
    double log_determinant = prior_log_determinant_, squares = 0;
    for (const std::vector<Row>& group : groups_) {
      double weights = 0, rest_sum = 0;
      row_sum.setZero();
      for (const Row& one : group) {
        const double variance = one.squared_se + cell_sd * cell_sd;
        weights += 1 / variance;
        rest_sum += one.rest / variance;
        row_sum += one.design / variance;
        precision += one.design * one.design.transpose() / variance;
        pull += one.design * (one.rest / variance);
        squares += one.rest * one.rest / variance;
        log_determinant += std::log(variance);
      }
      const double shared = size_sd * size_sd / (1 + size_sd * size_sd * weights);
      precision -= shared * row_sum * row_sum.transpose();
      pull -= shared * rest_sum * row_sum;
      squares -= shared * rest_sum * rest_sum;
      log_determinant += std::log1p(size_sd * size_sd * weights);
    }
    const Eigen::LDLT<Eigen::MatrixXd> solver(precision);
    const Eigen::VectorXd shift = solver.solve(pull);
    Posterior posterior;
    posterior.log_evidence =
        -0.5 * (log_determinant + solver.vectorD().array().log().sum() + squares - pull.dot(shift));
    posterior.mean = prior_mean_ + shift;
    posterior.covariance = solver.solve(Eigen::MatrixXd::Identity(columns, columns));
    return posterior;
  }

 private:
  struct Row {
    Eigen::VectorXd design;
    double rest = 0;  ///< Above what the prior's mean expects.
    double squared_se = 0;
  };
  Eigen::VectorXd prior_mean_;
  Eigen::MatrixXd prior_precision_;
  double prior_log_determinant_ = 0;
  std::vector<std::vector<Row>> groups_;  ///< By size.
};

struct LawCentre {
  double params = 0, tokens = 0;
};
LawCentre centre_of(std::span<const LawObservation> observations) {
  LawCentre centre;
  for (const LawObservation& one : observations) {
    centre.params += one.log2_params / static_cast<double>(observations.size());
    centre.tokens += one.log2_tokens / static_cast<double>(observations.size());
  }
  return centre;
}

Eigen::MatrixXd design_of(std::span<const LawObservation> observations, const LawCentre& centre, bool bend) {
  Eigen::MatrixXd design(static_cast<Eigen::Index>(observations.size()), bend ? 4 : 3);
  for (Eigen::Index i = 0; i < design.rows(); ++i) {
    const LawObservation& one = observations[static_cast<std::size_t>(i)];
    const double size = one.log2_params - centre.params;
    design.row(i).head<3>() << 1, size, one.log2_tokens - centre.tokens;
    if (bend) design(i, 3) = size * size;
  }
  return design;
}

double finite_sd(const ExponentPrior& prior) { return std::min(prior.sd, kNoPriorSd); }

Eigen::VectorXd prior_mean_of(const LawPriors& priors, double middle, Eigen::Index columns) {
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(columns);
  mean.head<3>() << middle, priors.params.mean, priors.tokens.mean;
  return mean;
}

Eigen::MatrixXd prior_covariance_of(const LawPriors& priors, Eigen::Index columns) {
  constexpr double kBendSd = 0.2;
  Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(columns, columns);
  covariance(0, 0) = kConstantSd * kConstantSd;
  covariance(1, 1) = std::pow(finite_sd(priors.params), 2);
  covariance(2, 2) = std::pow(finite_sd(priors.tokens), 2);
  covariance(1, 2) = covariance(2, 1) = priors.covariance;
  if (columns > 3) covariance(3, 3) = kBendSd * kBendSd;
  return covariance;
}

SpreadRegression regression_of(std::span<const LawObservation> observations, const LawPriors& priors,
                               const LawCentre& centre, bool bend) {
  const Eigen::MatrixXd design = design_of(observations, centre, bend);
  return {observations, design, prior_mean_of(priors, observations.front().value, design.cols()),
          prior_covariance_of(priors, design.cols())};
}

bool ratio_varies(std::span<const LawObservation> observations) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const LawObservation& one : observations) {
    low = std::min(low, one.log2_tokens - one.log2_params);
    high = std::max(high, one.log2_tokens - one.log2_params);
  }
  return high - low > kSameRatio;
}

/// The prior of someone who thinks that these runs may be unlike all others.
LawPriors doubted(LawPriors priors) {
  priors.params.sd *= kDoubtedScale;
  priors.tokens.sd *= kDoubtedScale;
  priors.covariance *= kDoubtedScale * kDoubtedScale;
  return priors;
}

/// Adds the grid of spreads under one prior; weights are still logarithms.
void add_nodes(std::span<const LawObservation> observations, const LawPriors& priors, const LawCentre& centre,
               double log_prior, std::vector<LawRegression::Node>& nodes) {
  const SpreadRegression regression = regression_of(observations, priors, centre, false);
  for (int i = 0; i < kCellNodes; ++i)
    for (int j = 0; j < kSizeNodes; ++j) {
      LawRegression::Node node;
      node.cell_sd = log_node(kCellRange, i, kCellNodes);
      node.size_sd = log_node(kSizeRange, j, kSizeNodes);
      const auto posterior = regression.at(node.size_sd, node.cell_sd);
      node.mean = posterior.mean;
      node.covariance = posterior.covariance;
      node.weight = log_prior + posterior.log_evidence + log_spread_prior(node.cell_sd, priors.cell_sd) +
                    log_spread_prior(node.size_sd, priors.size_sd);
      nodes.push_back(node);
    }
}

/// Logarithms become weights that sum to 1; what is too unlikely to matter goes.
void normalize_weights(std::vector<LawRegression::Node>& nodes) {
  constexpr double kLeastLogWeight = -16;
  double best = -std::numeric_limits<double>::infinity(), total = 0;
  for (const LawRegression::Node& node : nodes) best = std::max(best, node.weight);
  std::erase_if(nodes, [&](const LawRegression::Node& node) { return node.weight < best + kLeastLogWeight; });
  for (LawRegression::Node& node : nodes) total += node.weight = std::exp(node.weight - best);
  for (LawRegression::Node& node : nodes) node.weight /= total;
}

LawEstimate estimate_from(std::vector<LawDistribution::Part> parts) {
  const LawDistribution distribution(std::move(parts));
  return {distribution.mean(), distribution.sd(), distribution.quantile(0.025), distribution.quantile(0.975)};
}

/// The posterior of `direction` times the coefficients.
LawEstimate estimate_along(const std::vector<LawRegression::Node>& nodes, const Eigen::Vector3d& direction) {
  std::vector<LawDistribution::Part> parts;
  for (const LawRegression::Node& node : nodes)
    parts.push_back(
        {node.weight, direction.dot(node.mean), std::sqrt(direction.dot(node.covariance * direction))});
  return estimate_from(std::move(parts));
}

LawEstimate estimate_spread(const std::vector<LawRegression::Node>& nodes,
                            double LawRegression::Node::*spread) {
  std::vector<LawDistribution::Part> parts;
  // A node stands for its surroundings: a twelfth of a step's square as variance keeps quantiles smooth.
  for (const LawRegression::Node& node : nodes)
    parts.push_back({node.weight, node.*spread, 0.1 * node.*spread});
  return estimate_from(std::move(parts));
}

}  // namespace

LawPriors lr_priors() { return {.params = {-0.55, 0.15}, .tokens = {0.22, 0.1}}; }
LawPriors lr_priors_at_fixed_batch() {
  // var(N + D) = var N + var D + 2 cov = 0.15^2 with D independent of the sum: cov = -var D.
  return {.params = {-0.4, 0.25}, .tokens = {-0.1, 0.2}, .covariance = -0.04};
}
LawPriors batch_priors() { return {.params = {0, 0.1}, .tokens = {0.57, 0.08}}; }
LawPriors without_exponents(LawPriors priors) {
  priors.params = priors.tokens = {0, std::numeric_limits<double>::infinity()};
  priors.covariance = 0;
  return priors;
}

LawRegression fit_regression(std::span<const LawObservation> observations, const LawPriors& priors) {
  const LawCentre centre = centre_of(observations);
  LawRegression law;
  law.centre_params = centre.params;
  law.centre_tokens = centre.tokens;
  law.tokens_free = ratio_varies(observations);
  add_nodes(observations, priors, centre, std::log(1 - kDoubt), law.nodes);
  add_nodes(observations, doubted(priors), centre, std::log(kDoubt), law.nodes);
  normalize_weights(law.nodes);
  law.constant = estimate_along(law.nodes, {1, 0, 0});
  law.params_exponent = estimate_along(law.nodes, {0, 1, law.tokens_free ? 0.0 : 1.0});
  law.tokens_exponent = estimate_along(law.nodes, {0, 0, 1});
  law.size_sd = estimate_spread(law.nodes, &LawRegression::Node::size_sd);
  law.cell_sd = estimate_spread(law.nodes, &LawRegression::Node::cell_sd);
  return law;
}

LawDistribution LawRegression::predict(double log2_params, double log2_tokens) const {
  const Eigen::Vector3d row(1, log2_params - centre_params, log2_tokens - centre_tokens);
  std::vector<LawDistribution::Part> parts;
  for (const Node& node : nodes) {
    const double variance =
        row.dot(node.covariance * row) + node.size_sd * node.size_sd + node.cell_sd * node.cell_sd;
    parts.push_back({node.weight, row.dot(node.mean), std::sqrt(variance)});
  }
  return LawDistribution(std::move(parts));
}

LawEstimate bend_in_params(std::span<const LawObservation> observations, const LawPriors& priors) {
  constexpr double kNormal95 = 1.959963984540054;
  std::vector<double> sizes;
  for (const LawObservation& one : observations) sizes.push_back(one.log2_params);
  std::sort(sizes.begin(), sizes.end());
  const auto same = [](double a, double b) { return b - a < kSameSize; };
  sizes.erase(std::unique(sizes.begin(), sizes.end(), same), sizes.end());
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (sizes.size() < 3) return {0, kInfinity, -kInfinity, kInfinity};
  const SpreadRegression regression = regression_of(observations, priors, centre_of(observations), true);
  const LawRegression straight = fit_regression(observations, priors);
  const auto posterior = regression.at(straight.size_sd.value, straight.cell_sd.value);
  const double sd = std::sqrt(posterior.covariance(3, 3));
  return {posterior.mean[3], sd, posterior.mean[3] - kNormal95 * sd, posterior.mean[3] + kNormal95 * sd};
}

}  // namespace ablate
