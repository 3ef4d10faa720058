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
constexpr double kDoubtedScale = 4;   // How much wider the doubt about an exponent is than the belief.
constexpr double kBelieved = 0.5, kUnchanged = 0.125;  // Probabilities before the data.
constexpr int kScanNodes = 14, kSizeNodes = 16;
constexpr double kScanRange[] = {0.01, 1.0}, kSizeRange[] = {0.01, 2.0};

double log_node(const double (&range)[2], int index, int count) {
  return range[0] * std::pow(range[1] / range[0], static_cast<double>(index) / (count - 1));
}

/// log density of a lognormal with this median on a grid that is even in the logarithm.
double log_spread_prior(double value, double median) {
  const double z = std::log(value / median) / kSpreadLogSd;
  return -0.5 * z * z;
}

/// A Gaussian belief about the coefficients, in the order of the columns of the design.
struct CoefficientPrior {
  Eigen::VectorXd mean;
  Eigen::MatrixXd precision;
  double log_determinant = 0;  ///< Of the covariance.
};

/// The regression for given spreads. Observations of one size share an effect, so the covariance is a
/// diagonal and one rank for each size, and its inverse takes a sum (Sherman and Morrison).
class SpreadRegression {
 public:
  SpreadRegression(std::span<const LawObservation> observations, const Eigen::MatrixXd& design)
      : columns_(design.cols()), level_(observations.front().value) {
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
      groups_.back().push_back({row, one.value - level_, one.se * one.se});
    }
  }

  /// What the observations say at given spreads, whatever is believed.
  struct Likelihood {
    Eigen::MatrixXd precision;
    Eigen::VectorXd pull;
    double squares = 0, log_determinant = 0;
  };
  Likelihood at(double size_sd, double scan_sd) const {
    Likelihood sums{Eigen::MatrixXd::Zero(columns_, columns_), Eigen::VectorXd::Zero(columns_)};
    Eigen::VectorXd row_sum(columns_);
    for (const std::vector<Row>& group : groups_) {
      double weights = 0, value_sum = 0;
      row_sum.setZero();
      for (const Row& one : group) {
        const double weight = 1 / (one.squared_se + scan_sd * scan_sd);
        weights += weight;
        value_sum += one.value * weight;
        row_sum += one.design * weight;
        sums.precision += one.design * one.design.transpose() * weight;
        sums.pull += one.design * (one.value * weight);
        sums.squares += one.value * one.value * weight;
        sums.log_determinant -= std::log(weight);
      }
      const double shared = size_sd * size_sd / (1 + size_sd * size_sd * weights);
      sums.precision -= shared * row_sum * row_sum.transpose();
      sums.pull -= shared * value_sum * row_sum;
      sums.squares -= shared * value_sum * value_sum;
      sums.log_determinant += std::log1p(size_sd * size_sd * weights);
    }
    return sums;
  }

  struct Posterior {
    double log_evidence = 0;
    Eigen::VectorXd mean;
    Eigen::MatrixXd covariance;
  };
  Posterior posterior(const Likelihood& data, const CoefficientPrior& prior) const {
    // All from the prior's mean, which expects the level of the first observation.
    const Eigen::VectorXd moved = data.precision * prior.mean;
    const Eigen::VectorXd pull = data.pull - moved;
    const double squares = data.squares - 2 * prior.mean.dot(data.pull) + prior.mean.dot(moved);
    const Eigen::LDLT<Eigen::MatrixXd> solver(data.precision + prior.precision);
    const Eigen::VectorXd shift = solver.solve(pull);
    Posterior posterior;
    posterior.log_evidence = -0.5 * (data.log_determinant + prior.log_determinant +
                                     solver.vectorD().array().log().sum() + squares - pull.dot(shift));
    posterior.mean = prior.mean + shift;
    posterior.mean[0] += level_;
    posterior.covariance = solver.solve(Eigen::MatrixXd::Identity(columns_, columns_));
    return posterior;
  }

 private:
  struct Row {
    Eigen::VectorXd design;
    double value = 0;  ///< Above the level.
    double squared_se = 0;
  };
  Eigen::Index columns_;
  double level_;                          ///< Values are small about it.
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

CoefficientPrior prior_of(const LawPriors& priors, Eigen::Index columns) {
  constexpr double kBendSd = 0.2;
  const ExponentBelief exponents = belief_of(priors);
  Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(columns, columns);
  covariance(0, 0) = kConstantSd * kConstantSd;
  covariance.block<2, 2>(1, 1) = exponents.covariance;
  if (columns > 3) covariance(3, 3) = kBendSd * kBendSd;
  CoefficientPrior prior{Eigen::VectorXd::Zero(columns), covariance.inverse(),
                         std::log(covariance.determinant())};
  prior.mean.segment<2>(1) = exponents.mean;
  return prior;
}

bool ratio_varies(std::span<const LawObservation> observations) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const LawObservation& one : observations) {
    low = std::min(low, one.log2_tokens - one.log2_params);
    high = std::max(high, one.log2_tokens - one.log2_params);
  }
  return high - low > kSameRatio;
}

struct WeighedView {
  ExponentView view;
  ExponentPrior prior;
  double probability;
};
/// The ways to see one exponent; an infinite sd leaves nothing to doubt.
std::vector<WeighedView> views_of(const ExponentPrior& prior, bool may_be_unchanged) {
  if (std::isinf(prior.sd)) return {{ExponentView::believed, prior, 1}};
  const double unchanged = may_be_unchanged ? kUnchanged : 0;
  std::vector<WeighedView> views = {
      {ExponentView::believed, prior, kBelieved},
      {ExponentView::doubted, {prior.mean, kDoubtedScale * prior.sd}, 1 - kBelieved - unchanged}};
  if (may_be_unchanged) views.push_back({ExponentView::unchanged, {0, prior.sd}, unchanged});
  return views;
}

/// One view of each exponent.
struct WeighedPrior {
  CoefficientPrior prior;
  ExponentView params, tokens;
  double log_probability;
};
std::vector<WeighedPrior> all_views(const LawPriors& priors) {
  std::vector<WeighedPrior> all;
  for (const WeighedView& params : views_of(priors.params, priors.may_be_unchanged))
    for (const WeighedView& tokens : views_of(priors.tokens, false)) {
      LawPriors seen = priors;
      seen.params = params.prior;
      seen.tokens = tokens.prior;
      all.push_back(
          {prior_of(seen, 3), params.view, tokens.view, std::log(params.probability * tokens.probability)});
    }
  return all;
}

/// The grid of spreads under every view; weights are still logarithms.
std::vector<LawRegression::Node> nodes_of(std::span<const LawObservation> observations,
                                          const LawPriors& priors, const LawCentre& centre) {
  const SpreadRegression regression(observations, design_of(observations, centre, false));
  const std::vector<WeighedPrior> views = all_views(priors);
  std::vector<LawRegression::Node> nodes;
  for (int i = 0; i < kScanNodes; ++i)
    for (int j = 0; j < kSizeNodes; ++j) {
      LawRegression::Node node;
      node.scan_sd = log_node(kScanRange, i, kScanNodes);
      node.size_sd = log_node(kSizeRange, j, kSizeNodes);
      const auto likelihood = regression.at(node.size_sd, node.scan_sd);
      for (const WeighedPrior& view : views) {
        const auto posterior = regression.posterior(likelihood, view.prior);
        node.params = view.params;
        node.tokens = view.tokens;
        node.mean = posterior.mean;
        node.covariance = posterior.covariance;
        node.weight = view.log_probability + posterior.log_evidence +
                      log_spread_prior(node.scan_sd, priors.scan_sd) +
                      log_spread_prior(node.size_sd, priors.size_sd);
        nodes.push_back(node);
      }
    }
  return nodes;
}

/// The weight of the nodes with this view of an exponent.
double probability_of(const std::vector<LawRegression::Node>& nodes,
                      ExponentView LawRegression::Node::*exponent, ExponentView view) {
  double sum = 0;
  for (const LawRegression::Node& node : nodes)
    if (node.*exponent == view) sum += node.weight;
  return sum;
}

double trust_in(const std::vector<LawRegression::Node>& nodes, const ExponentPrior& prior,
                ExponentView LawRegression::Node::*exponent) {
  if (std::isinf(prior.sd)) return std::numeric_limits<double>::quiet_NaN();
  return probability_of(nodes, exponent, ExponentView::believed);
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

LawPriors lr_priors() { return {.params = {-0.55, 0.15}, .tokens = {0.22, 0.1}, .may_be_unchanged = true}; }
LawPriors lr_priors_at_fixed_batch() {
  return {.params = {-0.5, 0.15}, .tokens = {-0.1, 0.2}, .in_proportion = true, .may_be_unchanged = true};
}
LawPriors batch_priors() { return {.params = {0, 0.1}, .tokens = {0.57, 0.08}}; }
LawPriors without_exponents(LawPriors priors) {
  priors.params = priors.tokens = {0, std::numeric_limits<double>::infinity()};
  priors.in_proportion = priors.may_be_unchanged = false;
  return priors;
}
LawPriors weighed(LawPriors priors, const LawRegression& law) {
  const auto weigh = [](ExponentPrior& prior, double trust, double unchanged) {
    if (std::isinf(prior.sd)) return;
    const double around_mean = trust + (1 - trust - unchanged) / (kDoubtedScale * kDoubtedScale);
    prior.mean *= around_mean / (around_mean + unchanged);
    prior.sd /= std::sqrt(around_mean + unchanged);
  };
  weigh(priors.params, law.params_trust, law.params_unchanged);
  weigh(priors.tokens, law.tokens_trust, 0);
  return priors;
}

ExponentBelief belief_of(const LawPriors& priors) {
  const auto variance = [](const ExponentPrior& prior) {
    return std::pow(std::min(prior.sd, kNoPriorSd), 2);
  };
  ExponentBelief belief;
  belief.mean << priors.params.mean, priors.tokens.mean;
  belief.covariance << variance(priors.params), 0, 0, variance(priors.tokens);
  if (!priors.in_proportion) return belief;
  // N's own exponent is the sum less that of D.
  const Eigen::Matrix2d own{{1, -1}, {0, 1}};
  return {own * belief.mean, own * belief.covariance * own.transpose()};
}

ExponentPrior exponent_prior(const LawPriors& priors, bool tokens_free) {
  const ExponentBelief belief = belief_of(priors);
  const Eigen::Vector2d along(1, tokens_free ? 0 : 1);
  return {along.dot(belief.mean), std::sqrt(along.dot(belief.covariance * along))};
}

LawRegression fit_regression(std::span<const LawObservation> observations, const LawPriors& priors) {
  const LawCentre centre = centre_of(observations);
  LawRegression law;
  law.centre_params = centre.params;
  law.centre_tokens = centre.tokens;
  law.tokens_free = ratio_varies(observations);
  law.nodes = nodes_of(observations, priors, centre);
  normalize_weights(law.nodes);
  law.params_trust = trust_in(law.nodes, priors.params, &LawRegression::Node::params);
  law.params_unchanged = probability_of(law.nodes, &LawRegression::Node::params, ExponentView::unchanged);
  law.tokens_trust = trust_in(law.nodes, priors.tokens, &LawRegression::Node::tokens);
  law.constant = estimate_along(law.nodes, {1, 0, 0});
  law.params_exponent = estimate_along(law.nodes, {0, 1, law.tokens_free ? 0.0 : 1.0});
  law.tokens_exponent = estimate_along(law.nodes, {0, 0, 1});
  law.size_sd = estimate_spread(law.nodes, &LawRegression::Node::size_sd);
  law.scan_sd = estimate_spread(law.nodes, &LawRegression::Node::scan_sd);
  return law;
}

LawDistribution LawRegression::predict(double log2_params, double log2_tokens) const {
  const Eigen::Vector3d row(1, log2_params - centre_params, log2_tokens - centre_tokens);
  std::vector<LawDistribution::Part> parts;
  for (const Node& node : nodes) {
    const double variance =
        row.dot(node.covariance * row) + node.size_sd * node.size_sd + node.scan_sd * node.scan_sd;
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
  const Eigen::MatrixXd design = design_of(observations, centre_of(observations), true);
  const SpreadRegression regression(observations, design);
  const LawRegression straight = fit_regression(observations, priors);
  const auto posterior = regression.posterior(regression.at(straight.size_sd.value, straight.scan_sd.value),
                                              prior_of(weighed(priors, straight), design.cols()));
  const double sd = std::sqrt(posterior.covariance(3, 3));
  return {posterior.mean[3], sd, posterior.mean[3] - kNormal95 * sd, posterior.mean[3] + kNormal95 * sd};
}

}  // namespace ablate
