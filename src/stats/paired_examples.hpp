// Two cells compared question by question: how much of a difference between them is that of their seeds, and
// how much that of the examples that they were asked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "config/names.hpp"

namespace ablate {

/// What became of the examples of a cell's score under one seed; the score is sum(weights * values) /
/// sum(weights).
struct SeedOutcomes {
  std::uint64_t seed = 0;
  std::vector<std::uint64_t> questions;  ///< Equal for equal questions. Ascending.
  std::vector<float> values;             ///< One for each question.
  std::vector<float> weights;            ///< Above 0; empty: all weigh the same.
};

/// Why two cells are not compared question by question.
enum class Unpaired {
  no_outcomes,      ///< One of them has none under any seed of the other.
  no_common_seed,   ///< Both have some, under other seeds.
  other_questions,  ///< Under some seed they were not asked the same.
  other_weights,    ///< Of a question under some seed: texts that were cut into other tokens, say.
};
template <>
std::span<const Named<Unpaired>> names_of<Unpaired>();

/// The difference B - A under one seed.
struct SeedDifference {
  std::uint64_t seed = 0;
  std::size_t examples = 0;
  double difference = 0;      ///< Of the scores.
  double standard_error = 0;  ///< Over examples; NaN for one.
};

/// A question, and how the cells answered it: means over the seeds under which it was asked.
struct QuestionDifference {
  std::uint64_t question = 0;
  std::size_t seeds = 0;
  double a = 0, b = 0;
};

/// With S seeds of n examples each, z the contribution of an example to the difference under a seed (with
/// equal weights the difference itself), and D the differences of the scores.
struct PairedExamples {
  std::vector<SeedDifference> seeds;  ///< Ascending.
  bool same_questions = true;         ///< Under all seeds.
  std::size_t examples = 0;           ///< Under each seed; the fewest.
  double difference = 0;              ///< Mean of D.
  /// Parts of the variance of `difference`: what more examples would lessen, and what more seeds would. NaN:
  /// not known. Where all seeds were asked the same questions, the former is the variance of the means of z
  /// over seeds, over n; else the mean squared standard error, over S. The latter is what the variance of D
  /// has beyond what single answers add to it, at least 0; NaN for one seed.
  double example_variance = std::numeric_limits<double>::quiet_NaN();
  double seed_variance = std::numeric_limits<double>::quiet_NaN();
  double standard_error = std::numeric_limits<double>::quiet_NaN();  ///< Root of the sum of what is known.
  /// 95 % interval: half its width is the root of (t(S-1) s)^2 + (t(n-1) q)^2, s^2 the variance of D over S
  /// (no less than what single answers add), q^2 what other questions than these would add. With one seed
  /// t(n-1) standard_error: of these seeds alone. NaN where nothing varies: then nothing can be tested.
  double low = std::numeric_limits<double>::quiet_NaN(), high = std::numeric_limits<double>::quiet_NaN();
  /// Of each question, largest difference first, equal ones in the order of the questions.
  std::vector<QuestionDifference> questions;
};

/// The contributions of examples to the difference b - a of two scores of the same questions with the same
/// weights: their mean is it, and their spread that of the residuals of a ratio of sums (Cochran 1977,
/// Sampling Techniques, section 6.4).
std::vector<double> contributions(const SeedOutcomes& a, const SeedOutcomes& b);

/// The seeds that both cells have. A list holds each seed once.
struct Pairing {
  std::vector<std::pair<const SeedOutcomes*, const SeedOutcomes*>> seeds;
  std::optional<Unpaired> refusal;  ///< Nothing: they can be compared.
};
Pairing pair_outcomes(std::span<const SeedOutcomes> a, std::span<const SeedOutcomes> b);

/// Throws std::logic_error for a refused pairing.
PairedExamples compare_examples(const Pairing& pairing);

}  // namespace ablate
