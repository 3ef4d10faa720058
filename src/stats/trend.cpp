#include "stats/trend.hpp"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <map>

#include "stats/summary.hpp"

namespace ablate {

namespace {

double normal_above(double z) { return 0.5 * std::erfc(z / std::sqrt(2.0)); }

/// Mid-ranks from 1; what differs by rounding alone is tied. `tied` adds n^3 - n of each group of equal
/// values.
std::vector<double> ranks_of(const std::vector<double>& row, double& tied) {
  const double rounding = 1e-12 * scale_of(row);
  std::vector<double> ranks;
  for (const double value : row) {
    double below = 0, equal = 0;
    for (const double other : row) {
      below += other < value - rounding;
      equal += std::abs(other - value) <= rounding;
    }
    ranks.push_back(below + (equal + 1) / 2);
    tied += equal * equal - 1;
  }
  return ranks;
}

/// The squared spread of gaps over their squared mean.
double unevenness(const std::vector<double>& codes) {
  std::vector<double> gaps;
  for (std::size_t i = 1; i < codes.size(); ++i) gaps.push_back(codes[i] - codes[i - 1]);
  const Summary summary = summarize(gaps);
  return summary.n < 2 ? 0 : summary.sd * summary.sd / (summary.mean * summary.mean);
}

double scale_of_table(const SeedTable& table) {
  double scale = 0;
  for (const std::vector<double>& row : table) scale = std::max(scale, scale_of(row));
  return scale;
}

}  // namespace

std::vector<double> trend_codes(std::span<const double> values, std::size_t levels) {
  std::vector<double> codes(values.begin(), values.end());
  if (codes.size() != levels) {
    codes.clear();
    for (std::size_t i = 1; i <= levels; ++i) codes.push_back(static_cast<double>(i));
    return codes;
  }
  if (std::any_of(codes.begin(), codes.end(), [](double value) { return !(value > 0); })) return codes;
  std::vector<double> logarithms;
  for (const double value : codes) logarithms.push_back(std::log2(value));
  return unevenness(logarithms) < unevenness(codes) ? logarithms : codes;
}

std::vector<double> slope_weights(std::span<const double> codes) {
  const double mean = summarize(codes).mean;
  std::vector<double> weights;
  double squares = 0;
  for (const double code : codes) squares += (code - mean) * (code - mean);
  for (const double code : codes) weights.push_back((code - mean) / squares);
  return weights;
}

TTest slope_by_seed(const SeedTable& table, std::span<const double> codes) {
  const std::vector<double> weights = slope_weights(codes);
  std::vector<double> slopes;
  for (const std::vector<double>& row : table) {
    slopes.push_back(0);
    for (std::size_t i = 0; i < row.size(); ++i) slopes.back() += weights[i] * row[i];
  }
  return t_test(slopes, scale_of_table(table) * scale_of(weights));
}

RankTest page_test(const SeedTable& table) {
  RankTest test;
  if (table.empty() || table[0].size() < 2) return test;
  double tied = 0;
  test.statistic = 0;
  for (const std::vector<double>& row : table) {
    const std::vector<double> ranks = ranks_of(row, tied);
    for (std::size_t i = 0; i < ranks.size(); ++i) test.statistic += static_cast<double>(i + 1) * ranks[i];
  }
  const auto n = static_cast<double>(table.size()), k = static_cast<double>(table[0].size());
  const double mean = n * k * (k + 1) * (k + 1) / 4;
  const double variance = n * k * k * (k + 1) * (k + 1) * (k - 1) / 144;
  test.z = (test.statistic - mean) / std::sqrt(variance);
  test.p_rises = normal_above(test.z);
  test.ties = tied > 0;
  return test;
}

RankTest jonckheere_test(std::span<const std::vector<double>> samples) {
  RankTest test{.statistic = 0};
  std::vector<double> all;
  double n2 = 0, n3 = 0, n5 = 0;  // Sums over levels of n^2, n (n-1) (n-2), n (n-1) (2n+5).
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto n = static_cast<double>(samples[i].size());
    n2 += n * n;
    n3 += n * (n - 1) * (n - 2);
    n5 += n * (n - 1) * (2 * n + 5);
    all.insert(all.end(), samples[i].begin(), samples[i].end());
    for (std::size_t j = i + 1; j < samples.size(); ++j)
      for (const double a : samples[i])
        for (const double b : samples[j]) test.statistic += a < b ? 1 : a == b ? 0.5 : 0;
  }
  std::map<double, double> groups;
  for (const double value : all) ++groups[value];
  double u2 = 0, u3 = 0, u5 = 0;
  for (const auto& entry : groups) {
    const double u = entry.second;
    u2 += u * (u - 1);
    u3 += u * (u - 1) * (u - 2);
    u5 += u * (u - 1) * (2 * u + 5);
    test.ties |= u > 1;
  }
  const auto n = static_cast<double>(all.size());
  if (n < 3) return {};
  const double variance = (n * (n - 1) * (2 * n + 5) - n5 - u5) / 72 +
                          n3 * u3 / (36 * n * (n - 1) * (n - 2)) + (n2 - n) * u2 / (8 * n * (n - 1));
  if (!(variance > 0)) return test;
  test.z = (test.statistic - (n * n - n2) / 4) / std::sqrt(variance);
  test.p_rises = normal_above(test.z);
  return test;
}

FriedmanTest friedman_test(const SeedTable& table) {
  FriedmanTest test;
  if (table.empty() || table[0].size() < 2) return test;
  const auto n = static_cast<double>(table.size()), k = static_cast<double>(table[0].size());
  std::vector<double> sums(table[0].size(), 0);
  double tied = 0, squares = 0;
  for (const std::vector<double>& row : table) {
    const std::vector<double> ranks = ranks_of(row, tied);
    for (std::size_t i = 0; i < ranks.size(); ++i) sums[i] += ranks[i];
  }
  for (const double sum : sums) squares += std::pow(sum - n * (k + 1) / 2, 2);
  test.df = k - 1;
  const double spread = n * k * (k + 1) - tied / (k - 1);
  if (!(spread > 0)) return test;
  test.statistic = 12 * squares / spread;
  test.p = boost::math::cdf(boost::math::complement(boost::math::chi_squared(k - 1), test.statistic));
  return test;
}

StepTest every_step(std::span<const TTest> steps) {
  StepTest found;
  if (steps.empty()) return found;
  double rises = 0, falls = 0;
  for (const TTest& step : steps) {
    if (!step.testable()) return found;
    rises = std::max(rises, t_above(step.t, step.df));
    falls = std::max(falls, t_above(-step.t, step.df));
  }
  return {.p_rises = rises, .p_falls = falls};
}

std::vector<TTest> steps_by_seed(const SeedTable& table) {
  std::vector<TTest> steps;
  if (table.empty()) return steps;
  for (std::size_t level = 1; level < table[0].size(); ++level) {
    std::vector<double> differences;
    for (const std::vector<double>& row : table) differences.push_back(row[level] - row[level - 1]);
    steps.push_back(t_test(differences, scale_of_table(table)));
  }
  return steps;
}

}  // namespace ablate
