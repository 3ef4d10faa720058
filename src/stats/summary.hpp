// What a handful of seeds say about one number.
#pragma once

#include <cstddef>
#include <limits>
#include <span>

namespace ablate {

/// Mean and spread of a sample. What a sample is too small to tell is NaN: everything when it is empty, the
/// spread when it has one value.
struct Summary {
  std::size_t n = 0;
  double mean = std::numeric_limits<double>::quiet_NaN();
  double sd = std::numeric_limits<double>::quiet_NaN();  ///< Sample standard deviation (n - 1).
  double se = std::numeric_limits<double>::quiet_NaN();  ///< Standard error of the mean.
  double min = std::numeric_limits<double>::quiet_NaN();
  double max = std::numeric_limits<double>::quiet_NaN();
};

Summary summarize(std::span<const double> values);

/// Half the width of the confidence interval of the mean by Student's t with n - 1 degrees of freedom: mean
/// +- this. With 3 seeds and level 0.95 it is 4.30 standard errors, not the 1.96 of the normal distribution.
/// NaN for n < 2. `level` lies between 0 and 1.
double confidence_half_width(const Summary& summary, double level);

}  // namespace ablate
