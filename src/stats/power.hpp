// How many seeds, and how many examples, a difference between two levels calls for.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stats/noncentral.hpp"

namespace ablate {

/// What n `seeds` are, and `sd` is of: differences under a seed that both levels have (n - 1 degrees of
/// freedom, standard error sd / sqrt(n)), or runs of each of two levels, every one under a seed of its own
/// (2 (n - 1), sd sqrt(2 / n)).
enum class SeedDesign { paired, own };

/// Probability that the two-sided t test finds a true difference of `delta` significant: 1 - T(q; df, ncp) +
/// T(-q; df, ncp) with the noncentrality ncp = |delta| / standard error. NaN for fewer than two seeds or
/// where `sd` is not above 0.
double power_of_seeds(std::int64_t seeds, double delta, double sd, double alpha = 0.05,
                      SeedDesign design = SeedDesign::paired);

/// Half the width of the interval of the difference: t times its standard error. NaN as power_of_seeds().
double half_width_of_seeds(std::int64_t seeds, double sd, double level = 0.95,
                           SeedDesign design = SeedDesign::paired);

/// More seeds than anybody will run: what would need more is not to be had by seeds.
constexpr std::int64_t kMostSeeds = 1'000'000;

/// The fewest seeds with at least `power`. None where `delta` is 0, `sd` is not above 0 or kMostSeeds do not
/// suffice.
std::optional<std::int64_t> seeds_for_power(double delta, double sd, double power = 0.8, double alpha = 0.05,
                                            SeedDesign design = SeedDesign::paired);

/// The fewest seeds whose interval is mean +- `half_width` or narrower. None as above.
std::optional<std::int64_t> seeds_for_half_width(double half_width, double sd, double level = 0.95,
                                                 SeedDesign design = SeedDesign::paired);

/// Between which limits the true standard deviation lies, given one of a sample with `df` degrees of freedom
/// (chi-square). Three seeds know it only within the factors 0.52 and 6.3.
Limits sd_limits(double sd, double df, double level = 0.95);

/// A number of seeds as far as the sample knows the spread.
struct SeedsNeeded {
  std::optional<std::int64_t> likely;  ///< If the spread is that of the sample.
  std::optional<std::int64_t> low;     ///< If it is the least that the sample allows,
  std::optional<std::int64_t> high;    ///< or the largest. None: more than kMostSeeds.
};

/// What `seeds` paired differences with standard deviation `sd` say about the seeds for a true difference of
/// `delta`.
SeedsNeeded seeds_needed_for_power(double delta, double sd, std::int64_t seeds, double power = 0.8,
                                   double level = 0.95);
SeedsNeeded seeds_needed_for_half_width(double half_width, double sd, std::int64_t seeds,
                                        double level = 0.95);

/// Where the error of a mean difference between two levels comes from. All are variances: of one seed's
/// difference, and `questions` of the mean over all seeds.
struct SpreadParts {
  double seeds = 0;      ///< Initialisation and order of documents: falls with the number of seeds alone.
  double examples = 0;   ///< Finitely many examples, on their own in each seed: falls with both numbers.
  double questions = 0;  ///< The same examples under every seed: falls with the number of examples alone.
  std::int64_t num_seeds = 0;
};

/// Splits the variance of paired differences: what their standard errors over examples explain, and the rest
/// (method of moments, cut at 0). `standard_errors` holds that of each difference. Holds where each seed has
/// examples of its own; where all are asked the same, split_outcomes() knows more. None for fewer than two
/// seeds, or where a number is not known.
std::optional<SpreadParts> split_spread(std::span<const double> differences,
                                        std::span<const double> standard_errors);

/// The same where every seed was asked the same questions: `differences[s][q]` is the difference in the
/// outcome of question q under seed s. Seeds, questions and their product are random (two-way analysis of
/// variance, each part cut at 0). None for fewer than two seeds or questions, for rows of unequal lengths, or
/// where a number is not known.
std::optional<SpreadParts> split_outcomes(std::span<const std::vector<double>> differences);

/// Half the width of the interval of the mean difference, for examples like these, with so many times the
/// seeds and the examples: t sqrt((seeds + examples / e) / S + questions / e) with S - 1 degrees of freedom.
double half_width_with(const SpreadParts& parts, double seeds_factor, double examples_factor,
                       double level = 0.95);

enum class MoreOf { seeds, examples, either };
/// Whether twice the seeds or twice the examples narrow the interval more; `either` within a twentieth.
MoreOf better_doubled(const SpreadParts& parts, double level = 0.95);

}  // namespace ablate
