#include "law/bowl.hpp"

#include <cmath>

namespace ablate {

namespace {

/// Where a bowl has risen by `rise`, `direction` -1 or +1: bracketed by doubling, then bisected.
double bowl_crossing(const Bowl& bowl, double rise, double direction) {
  double inside = 0, outside = direction;
  while (bowl.at(outside) < rise) {
    inside = outside;
    outside *= 2;
  }
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (inside + outside);
    (bowl.at(middle) < rise ? inside : outside) = middle;
  }
  return 0.5 * (inside + outside);
}

}  // namespace

double Bowl::at(double t) const {
  return k / (p * q * (p + q)) * (q * std::expm1(-p * t) + p * std::expm1(q * t));
}

double Bowl::slope(double t) const { return k / (p + q) * (std::exp(q * t) - std::exp(-p * t)); }

std::pair<double, double> Bowl::band(double rise) const {
  return {bowl_crossing(*this, rise, -1), bowl_crossing(*this, rise, 1)};
}

double BowlFit::rise(double dx, double dy) const {
  return joint ? lr.at(dx - ridge * dy) + batch.at(dy) : lr.at(dx);
}

}  // namespace ablate
