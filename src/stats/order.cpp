#include "stats/order.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <map>
#include <numeric>

#include "stats/summary.hpp"
#include "util/random.hpp"

namespace ablate {
namespace {

constexpr std::uint64_t kDraws = 20'000;
constexpr std::uint64_t kQuantiles = 2'000;  // Of sigma, each for as many draws.
constexpr std::size_t kMostOrders = 4;

/// P(T <= t) for the mean of `values`, and P(T > t). None where they have no spread but rounding.
struct Tails {
  double below = 0, above = 0;
};
std::optional<Tails> t_tails(const std::vector<double>& values, double scale) {
  const Summary summary = summarize(values);
  constexpr double kNoSpread = 1e-12;
  if (summary.n < 2 || !(summary.sd > kNoSpread * scale)) return std::nullopt;
  const boost::math::students_t distribution(static_cast<double>(summary.n - 1));
  const double t = summary.mean / summary.se;
  return Tails{boost::math::cdf(distribution, t), boost::math::cdf(boost::math::complement(distribution, t))};
}

/// The means about their mean and a square root of their covariance.
struct Deviations {
  Eigen::VectorXd mean;
  Eigen::MatrixXd root;  ///< [levels, levels - 1].
};
Deviations deviations_of(const LevelMeans& factor) {
  const Eigen::Index levels = factor.mean.size();
  const Eigen::MatrixXd centred =
      Eigen::MatrixXd::Identity(levels, levels).array() - 1.0 / static_cast<double>(levels);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(centred * factor.covariance * centred);
  const Eigen::MatrixXd root =
      solver.eigenvectors() * solver.eigenvalues().cwiseMax(0).cwiseSqrt().asDiagonal();
  return {centred * factor.mean, root.rightCols(levels - 1)};  // The smallest eigenvalue is that of the mean.
}

}  // namespace

std::optional<LevelMeans> level_means(const LinearModel& model, std::size_t columns, std::size_t column,
                                      std::size_t levels) {
  std::vector<CellWeights> weights;
  for (std::size_t level = 0; level < levels; ++level) {
    std::vector<double> of_level(levels, 0.0);
    of_level[level] = 1;
    weights.push_back(weights_of(columns, column, of_level));
  }
  const auto joint = model.joint(weights);
  if (!joint) return std::nullopt;
  return LevelMeans{joint->value, joint->covariance};
}

std::optional<OrderProbabilities> order_probabilities(std::span<const LevelMeans> factors, double error_ms,
                                                      double error_df) {
  if (!(error_ms > 0) || !(error_df > 0)) return std::nullopt;
  std::vector<Deviations> deviations;
  for (const LevelMeans& factor : factors) {
    if (factor.mean.size() < 2) return std::nullopt;
    deviations.push_back(deviations_of(factor));
  }
  const boost::math::chi_squared chi_squared(error_df);
  // One quantile in the middle of each of as many equal parts: no randomness is needed in one dimension.
  std::vector<double> sigmas;
  for (std::uint64_t i = 0; i < kQuantiles; ++i) {
    const double probability = (static_cast<double>(i) + 0.5) / static_cast<double>(kQuantiles);
    sigmas.push_back(std::sqrt(error_ms * error_df / boost::math::quantile(chi_squared, probability)));
  }
  const RandomStream random(1, "order of factors");
  OrderProbabilities result;
  const std::size_t count = factors.size();
  result.pairs.assign(count, std::vector<double>(count, 0.0));
  std::map<std::vector<std::size_t>, double> orders;
  std::vector<double> variance(count);
  std::vector<std::size_t> order(count);
  for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
    const double sigma = sigmas[draw % kQuantiles];
    std::uint64_t lane = 0;
    for (std::size_t f = 0; f < count; ++f) {
      Eigen::VectorXd normal(deviations[f].root.cols());
      for (double& z : normal) z = random.normal(draw, lane++);
      variance[f] = (deviations[f].mean + sigma * (deviations[f].root * normal)).squaredNorm() /
                    static_cast<double>(deviations[f].mean.size());
    }
    for (std::size_t a = 0; a < count; ++a)
      for (std::size_t b = 0; b < count; ++b)
        if (variance[a] > variance[b]) result.pairs[a][b] += 1 / static_cast<double>(kDraws);
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return variance[a] > variance[b]; });
    orders[order] += 1 / static_cast<double>(kDraws);
  }
  for (const auto& entry : orders) result.orders.push_back({entry.first, entry.second});
  std::stable_sort(result.orders.begin(), result.orders.end(),
                   [](const Order& a, const Order& b) { return a.probability > b.probability; });
  if (result.orders.size() > kMostOrders) result.orders.resize(kMostOrders);
  return result;
}

Outweighs outweighs(std::span<const double> first, std::span<const double> second) {
  Outweighs result;
  result.estimate = std::abs(summarize(first).mean) - std::abs(summarize(second).mean);
  if (first.size() != second.size()) return result;
  std::vector<double> difference, sum;
  double scale = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    difference.push_back(first[i] - second[i]);
    sum.push_back(first[i] + second[i]);
    scale = std::max({scale, std::abs(first[i]), std::abs(second[i])});
  }
  const std::optional<Tails> minus = t_tails(difference, scale), plus = t_tails(sum, scale);
  if (!minus || !plus) return result;
  // The first outweighs where both are positive or both negative, the second where the signs differ.
  result.p = std::min(std::max(minus->above, plus->above), std::max(minus->below, plus->below));
  result.p_reverse = std::min(std::max(minus->below, plus->above), std::max(minus->above, plus->below));
  return result;
}

}  // namespace ablate
