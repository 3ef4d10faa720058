#include <cmath>
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
  const auto below = [&](double value) {
    double sum = 0;
    for (const Part& part : parts_)
      sum += part.weight * 0.5 * std::erfc((part.mean - value) / (part.sd * std::numbers::sqrt2));
    return sum;
  };
  const double centre = mean();
  double reach = sd() + 1e-9;
  while (below(centre - reach) > probability || below(centre + reach) < probability) reach *= 2;
  double low = centre - reach, high = centre + reach;
  while (high - low > 1e-10) {
    const double middle = 0.5 * (low + high);
    if (middle <= low || middle >= high) break;
    (below(middle) < probability ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace ablate
