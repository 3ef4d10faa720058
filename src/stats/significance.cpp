#include "stats/significance.hpp"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

#include "stats/summary.hpp"

namespace ablate {

namespace {

/// Of the scale of the scores: spread below it is rounding.
constexpr double kNoSpread = 1e-12;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

double t_quantile(double probability, double df) {
  return boost::math::quantile(boost::math::students_t(df), probability);
}

double f_above(double f, double df1, double df2) {
  return boost::math::cdf(boost::math::complement(boost::math::fisher_f(df1, df2), f));
}

double scale_of_samples(std::span<const std::vector<double>> samples) {
  double scale = 0;
  for (const std::vector<double>& sample : samples) scale = std::max(scale, scale_of(sample));
  return scale;
}

}  // namespace

double scale_of(std::span<const double> values) {
  double scale = 0;
  for (const double value : values) scale = std::max(scale, std::abs(value));
  return scale;
}

TTest t_test(double estimate, double se, double df, double scale, double level) {
  TTest test{.estimate = estimate, .se = se, .df = df};
  if (!std::isfinite(estimate) || !std::isfinite(se) || !(df > 0)) return test;
  if (se <= kNoSpread * std::max(scale, std::abs(estimate))) {
    test.se = 0;
    return test;
  }
  const double half = t_quantile(1 - (1 - level) / 2, df) * se;
  test.t = estimate / se;
  test.low = estimate - half;
  test.high = estimate + half;
  test.p = 2 * t_above(std::abs(test.t), df);
  return test;
}

TTest t_test(std::span<const double> differences, double scale, double level) {
  const Summary summary = summarize(differences);
  if (summary.n == 0) return {};
  return t_test(summary.mean, summary.se, static_cast<double>(summary.n) - 1, scale, level);
}

double t_above(double t, double df) {
  return boost::math::cdf(boost::math::complement(boost::math::students_t(df), t));
}

FTest f_test(double ss1, double df1, double ms2, double df2) {
  FTest test{.df1 = df1, .df2 = df2};
  if (!std::isfinite(ss1) || !std::isfinite(ms2) || !(ms2 > 0) || !(df1 > 0) || !(df2 > 0)) return test;
  test.f = std::max(0.0, ss1) / df1 / ms2;
  test.p = f_above(test.f, df1, df2);
  return test;
}

std::vector<std::optional<double>> holm(std::span<const std::optional<double>> p) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i)
    if (p[i]) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return *p[a] < *p[b]; });
  std::vector<std::optional<double>> adjusted(p.size());
  double largest = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(order.size() - k) * *p[order[k]]));
    adjusted[order[k]] = largest;
  }
  return adjusted;
}

Equivalence equivalence(const TTest& test, double margin) {
  Equivalence found{.margin = margin};
  if (!test.testable()) return found;
  found.t_lower = (test.estimate + margin) / test.se;
  found.t_upper = (test.estimate - margin) / test.se;
  const double half = t_quantile(0.95, test.df) * test.se;
  found.low = test.estimate - half;
  found.high = test.estimate + half;
  found.p = std::max(t_above(found.t_lower, test.df), t_above(-found.t_upper, test.df));
  return found;
}

TTest welch_test(std::span<const double> a, std::span<const double> b, double level) {
  const Summary first = summarize(a), second = summarize(b);
  const double va = first.se * first.se, vb = second.se * second.se;
  const double df =
      (va + vb) * (va + vb) /
      (va * va / (static_cast<double>(first.n) - 1) + vb * vb / (static_cast<double>(second.n) - 1));
  return t_test(first.mean - second.mean, std::sqrt(va + vb), df, std::max(scale_of(a), scale_of(b)), level);
}

FTest welch_anova(std::span<const std::vector<double>> samples) {
  const double scale = scale_of_samples(samples), k = static_cast<double>(samples.size());
  FTest test{.df1 = k - 1};
  double weights = 0, weighted = 0;
  std::vector<double> means, weight;
  for (const std::vector<double>& sample : samples) {
    const Summary summary = summarize(sample);
    if (!(summary.se > kNoSpread * scale)) return test;
    means.push_back(summary.mean);
    weight.push_back(1 / (summary.se * summary.se));
    weights += weight.back();
    weighted += weight.back() * summary.mean;
  }
  if (samples.size() < 2) return test;
  double between = 0, lambda = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    between += weight[i] * std::pow(means[i] - weighted / weights, 2);
    lambda += std::pow(1 - weight[i] / weights, 2) / (static_cast<double>(samples[i].size()) - 1);
  }
  lambda /= k * k - 1;
  return f_test(between, k - 1, 1 + 2 * (k - 2) * lambda, 1 / (3 * lambda));
}

FTest levene_test(std::span<const std::vector<double>> samples) {
  std::vector<std::vector<double>> distances;
  double total = 0, n = 0;
  for (const std::vector<double>& sample : samples) {
    if (sample.empty()) return {};
    const double centre = median(sample);
    distances.emplace_back();
    for (const double value : sample) distances.back().push_back(std::abs(value - centre));
    total += std::accumulate(distances.back().begin(), distances.back().end(), 0.0);
    n += static_cast<double>(sample.size());
  }
  double between = 0, within = 0;
  for (const std::vector<double>& sample : distances) {
    const double mean = summarize(sample).mean;
    between += static_cast<double>(sample.size()) * std::pow(mean - total / n, 2);
    for (const double value : sample) within += (value - mean) * (value - mean);
  }
  const double df1 = static_cast<double>(samples.size()) - 1, df2 = n - static_cast<double>(samples.size());
  const double rounding = n * std::pow(kNoSpread * scale_of_samples(samples), 2);
  return f_test(between, df1, within > rounding ? within / df2 : 0, df2);
}

namespace {

/// Freeman & Halton: the probability of all tables with these margins that are no likelier than the one seen.
struct ExactTable {
  std::span<const FailureCount> levels;
  double limit = 0;  // Logarithm of the likelihood seen, and a little.
  double sum = 0;
  std::int64_t budget = 1000000;

  static double log_choose(double n, double k) {
    return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
  }
  /// False: there are too many tables.
  bool visit(std::size_t level, std::int64_t failed_left, std::int64_t runs_left, double log_likelihood) {
    if (--budget < 0) return false;
    if (level == levels.size()) {
      if (log_likelihood <= limit) sum += std::exp(log_likelihood);
      return true;
    }
    const std::int64_t n = levels[level].failed + levels[level].finished;
    const std::int64_t from = std::max<std::int64_t>(0, failed_left - (runs_left - n));
    for (std::int64_t k = from; k <= std::min(n, failed_left); ++k)
      if (!visit(level + 1, failed_left - k, runs_left - n,
                 log_likelihood + log_choose(static_cast<double>(n), static_cast<double>(k))))
        return false;
    return true;
  }
};

}  // namespace

FailureTest failure_test(std::span<const FailureCount> levels) {
  std::int64_t failed = 0, runs = 0, used = 0;
  for (const FailureCount& level : levels) {
    failed += level.failed;
    runs += level.failed + level.finished;
    used += level.failed + level.finished > 0;
  }
  if (used < 2 || failed == 0 || failed == runs) return {};
  const double all = ExactTable::log_choose(static_cast<double>(runs), static_cast<double>(failed));
  double seen = -all, chi_square = 0;
  const double share = static_cast<double>(failed) / static_cast<double>(runs);
  for (const FailureCount& level : levels) {
    const auto n = static_cast<double>(level.failed + level.finished);
    if (n == 0) continue;
    seen += ExactTable::log_choose(n, static_cast<double>(level.failed));
    chi_square += std::pow(static_cast<double>(level.failed) - n * share, 2) / (n * share * (1 - share));
  }
  ExactTable table{.levels = levels, .limit = seen + 1e-7};
  if (table.visit(0, failed, runs, -all)) return {.p = std::min(1.0, table.sum)};
  const boost::math::chi_squared law(static_cast<double>(used - 1));
  return {.p = boost::math::cdf(boost::math::complement(law, chi_square)), .exact = false};
}

FTest tukey_one_df(std::span<const double> values, std::size_t columns) {
  const std::size_t rows = columns == 0 ? 0 : values.size() / columns;
  if (rows < 2 || columns < 2) return {};
  const double mean = summarize(values).mean;
  std::vector<double> by_row(rows), by_column(columns);
  for (std::size_t i = 0; i < values.size(); ++i) {
    by_row[i / columns] += (values[i] - mean) / static_cast<double>(columns);
    by_column[i % columns] += (values[i] - mean) / static_cast<double>(rows);
  }
  double product = 0, rest = 0, r2 = 0, c2 = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double r = by_row[i / columns], c = by_column[i % columns];
    product += values[i] * r * c;
    rest += std::pow(values[i] - mean - r - c, 2);
  }
  for (const double r : by_row) r2 += r * r;
  for (const double c : by_column) c2 += c * c;
  const double tiny = std::pow(kNoSpread * scale_of(values), 2) * static_cast<double>(values.size());
  if (r2 <= tiny || c2 <= tiny) return {};
  const double ss = product * product / (r2 * c2);
  const double df2 = static_cast<double>((rows - 1) * (columns - 1)) - 1;
  return f_test(ss, 1, rest - ss > tiny && df2 > 0 ? (rest - ss) / df2 : 0, df2);
}

Lenth lenth(std::span<const double> effects) {
  if (effects.empty()) return {};
  std::vector<double> sizes, small;
  for (const double effect : effects) sizes.push_back(std::abs(effect));
  Lenth found{.s0 = 1.5 * median(sizes), .df = static_cast<double>(effects.size()) / 3};
  for (const double size : sizes)
    if (size < 2.5 * found.s0) small.push_back(size);
  if (small.empty()) return found;
  found.pse = 1.5 * median(small);
  found.margin = t_quantile(0.975, found.df) * found.pse;
  const double each = std::pow(0.95, 1 / static_cast<double>(effects.size()));
  found.simultaneous_margin = t_quantile((1 + each) / 2, found.df) * found.pse;
  return found;
}

}  // namespace ablate
