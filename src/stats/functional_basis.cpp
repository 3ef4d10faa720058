#include "stats/functional_basis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "util/error.hpp"

namespace ablate {
namespace {

/// Where a value lies between the ends of its axis, as -1 .. 1.
double scaled(const Factor& factor, double value) {
  const SampledRange& range = *factor.range;
  double low = range.low, high = range.high, x = value;
  if (range.log) low = std::log(low), high = std::log(high), x = std::log(x);
  const double position = 2 * (x - low) / (high - low) - 1;
  constexpr double kWrittenDigits = 1e-6;  // Of numbers that were written with seven digits.
  if (!(std::abs(position) <= 1 + kWrittenDigits))
    throw Error(fmt::format("axis '{}': found the value {}; expected one from {} to {}{}", factor.name, value,
                            range.low, range.high, range.log ? ", above 0" : ""));
  return std::clamp(position, -1.0, 1.0);
}

/// Legendre polynomials of degree 1 on, times sqrt(2 k + 1): of variance 1 where x is uniform in -1 .. 1.
void fill_legendre(double x, Eigen::Ref<Eigen::RowVectorXd> row) {
  double before = 1, now = x;
  for (Eigen::Index k = 0; k < row.size(); ++k) {
    const auto degree = static_cast<double>(k + 1);
    row[k] = std::sqrt(2 * degree + 1) * now;
    const double next = ((2 * degree + 1) * x * now - degree * before) / (degree + 1);
    before = now;
    now = next;
  }
}

/// Helmert's contrasts of level `level` of `count`, each with mean square 1 over the levels.
void fill_helmert(Eigen::Index level, Eigen::Ref<Eigen::RowVectorXd> row) {
  const auto count = static_cast<double>(row.size() + 1);
  for (Eigen::Index k = 1; k <= row.size(); ++k) {
    const auto order = static_cast<double>(k);
    const double unit = std::sqrt(count / (order * (order + 1)));
    row[k - 1] = level < k ? unit : level == k ? -order * unit : 0;
  }
}

}  // namespace

Eigen::Index AxisFunctions::count(int degree) const {
  if (degree < 1) return 0;
  return continuous ? std::min<Eigen::Index>(degree, values.cols()) : values.cols();
}

AxisFunctions axis_functions(const Observations& observations, std::size_t factor,
                             std::span<const std::size_t> runs) {
  const Factor& described = observations.factors[factor];
  std::set<double> distinct;
  for (const std::size_t run : runs) distinct.insert(observations.runs[run].at[factor]);
  const Eigen::Index varying = std::max<Eigen::Index>(static_cast<Eigen::Index>(distinct.size()) - 1, 0);
  AxisFunctions axis{.factor = factor, .continuous = described.continuous(), .values = {}};
  axis.values.resize(static_cast<Eigen::Index>(runs.size()),
                     axis.continuous ? std::min<Eigen::Index>(varying, kMaxMainDegree) : varying);
  if (varying < 1) return axis;
  const std::vector<double> levels(distinct.begin(), distinct.end());
  Eigen::RowVectorXd row(axis.values.cols());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const double value = observations.runs[runs[i]].at[factor];
    if (axis.continuous)
      fill_legendre(scaled(described, value), row);
    else
      fill_helmert(std::lower_bound(levels.begin(), levels.end(), value) - levels.begin(), row);
    axis.values.row(static_cast<Eigen::Index>(i)) = row;
  }
  return axis;
}

}  // namespace ablate
