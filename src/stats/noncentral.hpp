// How strong an effect may be, given its F: limits of the noncentrality.
#pragma once

#include <limits>

namespace ablate {

/// An interval; NaN: not known.
struct Limits {
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
};

/// The noncentralities between which F has the confidence `level`, at least 0 each: those lambda for which a
/// noncentral F with df1 and df2 degrees of freedom exceeds `f` with probability (1 - level) / 2 and
/// 1 - (1 - level) / 2 (Steiger 2004). NaN where `f` is no finite number or a number of degrees of freedom is
/// not above 0.
Limits noncentrality_limits(double f, double df1, double df2, double level = 0.95);

}  // namespace ablate
