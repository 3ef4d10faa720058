#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "law/hierarchy.hpp"

namespace ablate {

LawDistribution::LawDistribution(std::vector<Part> parts) : parts_(std::move(parts)) {}

double LawDistribution::mean() const {
  double sum = 0;
  for (const Part& part : parts_) sum += part.weight * part.mean;
  return sum;
}

double LawDistribution::sd() const {
  const double centre = mean();
  double sum = 0;
  for (const Part& part : parts_)
    sum += part.weight * (part.sd * part.sd + (part.mean - centre) * (part.mean - centre));
  return std::sqrt(sum);
}

double LawDistribution::quantile(double probability) const {
  const auto excess = [&](double value) {
    double sum = -probability;
    for (const Part& part : parts_)
      sum += part.weight * 0.5 * std::erfc((part.mean - value) / (part.sd * std::numbers::sqrt2));
    return sum;
  };
  const double centre = mean();
  double reach = sd() + 1e-9, low = 0, high = 0;
  do {
    low = excess(centre - reach), high = excess(centre + reach);
    reach *= 2;
  } while (low > 0 || high < 0);
  reach /= 2;
  std::uintmax_t steps = 100;
  const auto [from, to] = boost::math::tools::toms748_solve(
      excess, centre - reach, centre + reach, low, high, [](double a, double b) { return b - a < 1e-10; },
      steps);
  return 0.5 * (from + to);
}

}  // namespace ablate
