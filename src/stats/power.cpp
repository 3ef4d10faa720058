#include "stats/power.hpp"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "stats/summary.hpp"

namespace ablate {
namespace {

constexpr double kNoPower = std::numeric_limits<double>::quiet_NaN();
/// Noncentral t with more than this is far above every quantile that is asked for: power is 1.
constexpr double kCertainShift = 1e3;
/// With more degrees of freedom than this t is normal to five digits.
constexpr double kNormalDf = 1e4;

double upper_t_quantile(double df, double tail) {
  return boost::math::quantile(boost::math::complement(boost::math::students_t(df), tail));
}

/// The fewest from 2 on for which `enough` holds, which stays true once it is; none up to kMostSeeds.
template <typename Enough>
std::optional<std::int64_t> fewest(const Enough& enough) {
  std::int64_t high = 2;
  while (!enough(high)) {
    if (high == kMostSeeds) return std::nullopt;
    high = std::min(2 * high, kMostSeeds);
  }
  std::int64_t low = high / 2;  // Does not suffice, or is below 2.
  while (high - low > 1 && high > 2) {
    const std::int64_t middle = low + (high - low) / 2;
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

double freedom_of(std::int64_t seeds, SeedDesign design) {
  return static_cast<double>(design == SeedDesign::own ? 2 * (seeds - 1) : seeds - 1);
}
/// The standard error in units of the standard deviation.
double error_factor(std::int64_t seeds, SeedDesign design) {
  return std::sqrt((design == SeedDesign::own ? 2 : 1) / static_cast<double>(seeds));
}

}  // namespace

double power_of_seeds(std::int64_t seeds, double delta, double sd, double alpha, SeedDesign design) {
  if (seeds < 2 || !(sd > 0) || !std::isfinite(delta)) return kNoPower;
  const double df = freedom_of(seeds, design), quantile = upper_t_quantile(df, alpha / 2);
  const double shift = std::abs(delta) / (sd * error_factor(seeds, design));
  if (shift > kCertainShift) return 1;
  if (df > kNormalDf) {
    const boost::math::normal normal;
    return boost::math::cdf(boost::math::complement(normal, quantile - shift)) +
           boost::math::cdf(normal, -quantile - shift);
  }
  if (shift == 0) return alpha;
  const boost::math::non_central_t distribution(df, shift);
  return boost::math::cdf(boost::math::complement(distribution, quantile)) +
         boost::math::cdf(distribution, -quantile);
}

double half_width_of_seeds(std::int64_t seeds, double sd, double level, SeedDesign design) {
  if (seeds < 2 || !(sd > 0)) return kNoPower;
  return upper_t_quantile(freedom_of(seeds, design), (1 - level) / 2) * sd * error_factor(seeds, design);
}

std::optional<std::int64_t> seeds_for_power(double delta, double sd, double power, double alpha,
                                            SeedDesign design) {
  if (delta == 0) return std::nullopt;
  return fewest([&](std::int64_t seeds) { return power_of_seeds(seeds, delta, sd, alpha, design) >= power; });
}

std::optional<std::int64_t> seeds_for_half_width(double half_width, double sd, double level,
                                                 SeedDesign design) {
  return fewest(
      [&](std::int64_t seeds) { return half_width_of_seeds(seeds, sd, level, design) <= half_width; });
}

Limits sd_limits(double sd, double df, double level) {
  if (!(sd >= 0) || !(df > 0)) return {};
  const boost::math::chi_squared distribution(df);
  const double tail = (1 - level) / 2;
  return {sd * std::sqrt(df / boost::math::quantile(boost::math::complement(distribution, tail))),
          sd * std::sqrt(df / boost::math::quantile(distribution, tail))};
}

SeedsNeeded seeds_needed_for_power(double delta, double sd, std::int64_t seeds, double power, double level) {
  const Limits spread = sd_limits(sd, freedom_of(seeds, SeedDesign::paired), level);
  const auto needed = [&](double of) { return seeds_for_power(delta, of, power, 1 - level); };
  return {needed(sd), needed(spread.low), needed(spread.high)};
}

SeedsNeeded seeds_needed_for_half_width(double half_width, double sd, std::int64_t seeds, double level) {
  const Limits spread = sd_limits(sd, freedom_of(seeds, SeedDesign::paired), level);
  const auto needed = [&](double of) { return seeds_for_half_width(half_width, of, level); };
  return {needed(sd), needed(spread.low), needed(spread.high)};
}

std::optional<SpreadParts> split_spread(std::span<const double> differences,
                                        std::span<const double> standard_errors) {
  if (differences.size() < 2 || differences.size() != standard_errors.size()) return std::nullopt;
  SpreadParts parts{.num_seeds = static_cast<std::int64_t>(differences.size())};
  for (const double error : standard_errors)
    parts.examples += error * error / static_cast<double>(standard_errors.size());
  const double sd = summarize(differences).sd;
  if (!std::isfinite(parts.examples) || !std::isfinite(sd)) return std::nullopt;
  parts.seeds = std::max(0.0, sd * sd - parts.examples);
  return parts;
}

std::optional<SpreadParts> split_outcomes(std::span<const std::vector<double>> differences) {
  if (differences.size() < 2 || differences[0].size() < 2) return std::nullopt;
  const auto seeds = static_cast<double>(differences.size());
  const auto questions = static_cast<double>(differences[0].size());
  std::vector<double> of_seed, of_question(differences[0].size(), 0.0);
  for (const std::vector<double>& row : differences) {
    if (row.size() != of_question.size()) return std::nullopt;
    for (std::size_t q = 0; q < row.size(); ++q) of_question[q] += row[q] / seeds;
    of_seed.push_back(summarize(row).mean);
  }
  const Summary by_seed = summarize(of_seed), by_question = summarize(of_question);
  double rest = 0;
  for (std::size_t s = 0; s < differences.size(); ++s)
    for (std::size_t q = 0; q < of_question.size(); ++q) {
      const double residual = differences[s][q] - of_seed[s] - of_question[q] + by_seed.mean;
      rest += residual * residual / ((seeds - 1) * (questions - 1));
    }
  if (!std::isfinite(rest)) return std::nullopt;
  SpreadParts parts{.num_seeds = static_cast<std::int64_t>(differences.size())};
  parts.examples = rest / questions;
  parts.seeds = std::max(0.0, by_seed.sd * by_seed.sd - parts.examples);
  parts.questions = std::max(0.0, by_question.sd * by_question.sd - rest / seeds) / questions;
  return parts;
}

double half_width_with(const SpreadParts& parts, double seeds_factor, double examples_factor, double level) {
  const double seeds = std::round(seeds_factor * static_cast<double>(parts.num_seeds));
  if (!(seeds >= 2)) return kNoPower;
  const double variance =
      (parts.seeds + parts.examples / examples_factor) / seeds + parts.questions / examples_factor;
  return upper_t_quantile(seeds - 1, (1 - level) / 2) * std::sqrt(variance);
}

MoreOf better_doubled(const SpreadParts& parts, double level) {
  const double seeds = half_width_with(parts, 2, 1, level), examples = half_width_with(parts, 1, 2, level);
  if (std::abs(seeds - examples) <= 0.05 * std::min(seeds, examples)) return MoreOf::either;
  return seeds < examples ? MoreOf::seeds : MoreOf::examples;
}

}  // namespace ablate
