// Tests of one number or a handful: t, F, Holm, equivalence, counts of failures. What cannot be tested has no
// p: none is returned, never 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace ablate {

/// A number with its standard error and Student's t. NaN, and no p, where there is no spread or no degree of
/// freedom to test it with.
struct TTest {
  double estimate = std::numeric_limits<double>::quiet_NaN();
  double se = std::numeric_limits<double>::quiet_NaN();
  double df = 0;
  double t = std::numeric_limits<double>::quiet_NaN();
  double low = std::numeric_limits<double>::quiet_NaN();  ///< Of the interval of `level`.
  double high = std::numeric_limits<double>::quiet_NaN();
  std::optional<double> p;  ///< Two-sided.
  bool testable() const { return p.has_value(); }
};

/// The largest absolute value: spreads far below it are rounding.
double scale_of(std::span<const double> values);
/// `se` below 1e-12 of `scale` counts as no spread. `level` of the interval lies between 0 and 1.
TTest t_test(double estimate, double se, double df, double scale, double level = 0.95);
/// Of the mean of differences, one for each seed.
TTest t_test(std::span<const double> differences, double scale, double level = 0.95);

/// P(T > t), the one-sided p of a rise.
double t_above(double t, double df);

struct FTest {
  double f = std::numeric_limits<double>::quiet_NaN();
  double df1 = 0, df2 = 0;
  std::optional<double> p;
};

/// (ss1 / df1) / ms2; no p where a number is missing or `ms2` is not above 0.
FTest f_test(double ss1, double df1, double ms2, double df2);

/// Holm (1979): adjusted p = the largest over the smaller p of min(1, (m - rank + 1) p). What has no p leaves
/// the family of m.
std::vector<std::optional<double>> holm(std::span<const std::optional<double>> p);

/// Two one-sided t tests (Schuirmann 1987): the true number lies within +- margin. The same as its 90 %
/// interval within the margin.
struct Equivalence {
  double margin = 0;
  double t_lower = std::numeric_limits<double>::quiet_NaN();  ///< (estimate + margin) / se.
  double t_upper = std::numeric_limits<double>::quiet_NaN();  ///< (estimate - margin) / se.
  double low = std::numeric_limits<double>::quiet_NaN();      ///< The 90 % interval.
  double high = std::numeric_limits<double>::quiet_NaN();
  std::optional<double> p;
};

/// `margin` above 0.
Equivalence equivalence(const TTest& test, double margin);

/// Welch's t test of two independent samples, df by Satterthwaite. Estimate: mean of `a` minus mean of `b`.
TTest welch_test(std::span<const double> a, std::span<const double> b, double level = 0.95);
/// Welch (1951): equal means of independent samples of unlike spread. No p where a sample has no spread.
FTest welch_anova(std::span<const std::vector<double>> samples);
/// Levene's test about medians (Brown & Forsythe 1974): equal spread.
FTest levene_test(std::span<const std::vector<double>> samples);

/// Of one level.
struct FailureCount {
  std::int64_t failed = 0, finished = 0;
};

/// Is the share of failed runs the same at all levels? Fisher's exact test, with more than two levels as
/// Freeman & Halton (1951); beyond a million tables chi-square. No p with fewer than two levels or where no
/// run, or every run, failed.
struct FailureTest {
  std::optional<double> p;
  bool exact = true;
};
FailureTest failure_test(std::span<const FailureCount> levels);

/// Tukey's (1949) one degree of freedom for non-additivity, of a complete table with one value a cell
/// (`values[row * columns + column]`).
FTest tukey_one_df(std::span<const double> values, std::size_t columns);

/// Lenth (1989): effects of an unreplicated two-level design judged by the small ones among them.
struct Lenth {
  double s0 = 0;                                             ///< 1.5 times the median of |effects|.
  double pse = std::numeric_limits<double>::quiet_NaN();     ///< Standard error of an effect.
  double df = 0;                                             ///< Effects / 3.
  double margin = std::numeric_limits<double>::quiet_NaN();  ///< Half the 95 % interval of one effect.
  double simultaneous_margin = std::numeric_limits<double>::quiet_NaN();  ///< Of all effects at once.
};
Lenth lenth(std::span<const double> effects);

}  // namespace ablate
