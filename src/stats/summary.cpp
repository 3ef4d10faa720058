#include "stats/summary.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace ablate {

Summary summarize(std::span<const double> values) {
  Summary summary;
  summary.n = values.size();
  if (values.empty()) return summary;
  const auto count = static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += value;
  summary.mean = sum / count;
  const auto [min, max] = std::minmax_element(values.begin(), values.end());
  summary.min = *min;
  summary.max = *max;
  if (values.size() < 2) return summary;
  // Deviations from the mean, with the rounding error of the mean itself taken out (Chan et al. 1983).
  double squares = 0, rest = 0;
  for (const double value : values) {
    squares += (value - summary.mean) * (value - summary.mean);
    rest += value - summary.mean;
  }
  summary.sd = std::sqrt(std::max(0.0, (squares - rest * rest / count) / (count - 1)));
  summary.se = summary.sd / std::sqrt(count);
  return summary;
}

double confidence_half_width(const Summary& summary, double level) {
  if (summary.n < 2) return std::numeric_limits<double>::quiet_NaN();
  const boost::math::students_t distribution(static_cast<double>(summary.n) - 1);
  return boost::math::quantile(boost::math::complement(distribution, (1 - level) / 2)) * summary.se;
}

}  // namespace ablate
