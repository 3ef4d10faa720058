// Which factor matters more than which, and how sure that is.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "stats/linear_model.hpp"

namespace ablate {

/// Marginal means of the levels of one factor; their covariance in units of the error variance.
struct LevelMeans {
  Eigen::VectorXd mean;
  Eigen::MatrixXd covariance;
};

/// Of a column of a fitted model. None where a mean is not estimable.
std::optional<LevelMeans> level_means(const LinearModel& model, std::size_t columns, std::size_t column,
                                      std::size_t levels);

/// How probable an order of factors is.
struct Order {
  std::vector<std::size_t> factors;  ///< The one that matters most first.
  double probability = 0;
};
struct OrderProbabilities {
  /// [a][b]: that the variance of the level means of factor a is above that of b.
  std::vector<std::vector<double>> pairs;
  std::vector<Order> orders;  ///< The likeliest first, four at most.
};

/// Below this probability the data cannot tell an order.
constexpr double kOrderTold = 0.95;
/// A probability by draws is never told to be nearer to 0 or 1.
constexpr double kLeastProbability = 5e-5;

/// Draws of the level means: sigma^2 = MSe df / chi-square(df), means normal around the estimates with their
/// covariance, factors independently of each other (a flat prior). 20,000 draws, always the same; the
/// standard error of a probability is at most 0.0035. Draws add noise to noise, and more of it to factors of
/// more levels: of two factors without effect the one with more levels comes first more often than not. None
/// without an error (`error_ms` NaN or `error_df` 0) or without means of a factor.
std::optional<OrderProbabilities> order_probabilities(std::span<const LevelMeans> factors, double error_ms,
                                                      double error_df);

/// Whether a two-level factor has a larger effect, in absolute value, than another.
struct Outweighs {
  double estimate = 0;              ///< |mean effect of the first| - |mean effect of the second|.
  std::optional<double> p;          ///< One-sided, of "the first outweighs"; none: no test is possible.
  std::optional<double> p_reverse;  ///< Of "the second outweighs".
};

/// From the effects of both under each seed, upper level minus lower: |a| > |b| exactly when a - b and a + b
/// both have the sign of a. p is the larger one-sided p of their t tests, for the sign that fits better
/// (intersection-union). No p for fewer than two seeds or where a difference has no spread.
Outweighs outweighs(std::span<const double> first, std::span<const double> second);

}  // namespace ablate
