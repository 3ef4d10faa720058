#include "stats/noncentral.hpp"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/non_central_f.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstdint>

namespace ablate {
namespace {

/// From here on the series of the noncentral F are long, and its spread is that of the denominator alone to
/// a few parts in a thousand.
constexpr double kLargeNoncentrality = 1e6;

/// P(F' <= f) where F' is noncentral.
double noncentral_cdf(double f, double df1, double df2, double lambda) {
  if (lambda <= 0) return boost::math::cdf(boost::math::fisher_f(df1, df2), f);
  return boost::math::cdf(boost::math::non_central_f(df1, df2, lambda), f);
}

/// The lambda with P(F' <= f) = probability, which falls as lambda rises; 0 where it is below even there.
double noncentrality_at(double f, double df1, double df2, double probability) {
  if (noncentral_cdf(f, df1, df2, 0) <= probability) return 0;
  // Where the denominator decides: F' is near (df1 + lambda) / df1 over chi-square / df2.
  const double quantile =
      boost::math::quantile(boost::math::complement(boost::math::chi_squared(df2), probability));
  const double guess = f * df1 * quantile / df2 - df1;
  if (guess > kLargeNoncentrality) return guess;
  const auto excess = [&](double lambda) { return noncentral_cdf(f, df1, df2, lambda) - probability; };
  double high = std::max(10.0, 2 * guess);
  while (high < 4 * kLargeNoncentrality && excess(high) > 0) high *= 2;
  std::uintmax_t iterations = 200;
  const auto root = boost::math::tools::toms748_solve(
      excess, 0.0, high, boost::math::tools::eps_tolerance<double>(40), iterations);
  return (root.first + root.second) / 2;
}

}  // namespace

Limits noncentrality_limits(double f, double df1, double df2, double level) {
  if (!std::isfinite(f) || f < 0 || !(df1 > 0) || !(df2 > 0)) return {};
  const double tail = (1 - level) / 2;
  return {noncentrality_at(f, df1, df2, 1 - tail), noncentrality_at(f, df1, df2, tail)};
}

}  // namespace ablate
