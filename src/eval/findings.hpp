// What an evaluation collects.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/stream.hpp"
#include "eval/evaluate.hpp"

namespace ablate {

/// What the rounding of fp32 arithmetic may add to a number, as a part of it: which examples share a batch
/// decides it.
constexpr double kRounding = 1e-6;

/// Whose outcomes are kept, in the order in which values are given.
struct AskedExamples {
  std::vector<std::uint64_t> questions;  ///< Identities (QuestionIdentities).
  std::vector<std::string> names;        ///< Of the records.
  void add(std::uint64_t question, const std::string& name) {
    questions.push_back(question);
    names.push_back(name);
  }
  /// Those at these places.
  AskedExamples at(std::span<const std::size_t> places) const {
    AskedExamples some;
    for (const std::size_t place : places) some.add(questions[place], names[place]);
    return some;
  }
};

/// Scores are added with the examples that they are over, one for each value: their outcomes are kept. With
/// none of them, none is kept.
struct EvalFindings {
  Evaluation evaluation;
  ReadReport report;  ///< What was read, and what of it was broken or too long.

  /// Notes in the detail how many examples a score does without, where there are any.
  void note_left_out(const std::string& name, std::size_t examples);
  /// The mean of `values`, one for each example, with the standard error of a mean, where there are
  /// two. Nothing for no values.
  void add_mean(const std::string& name, std::span<const double> values, const AskedExamples& asked = {});
  /// The mean of how likely each question is hit. Its standard error is that of the hits themselves: ties, of
  /// which a random order would make hits and misses, add the mean of p (1 - p) to the variance between
  /// questions (law of total variance).
  void add_hits(const std::string& name, std::span<const double> hits, const AskedExamples& asked = {});
  /// What guessing gives: the mean of one over the number of candidates of each question. It is computed, not
  /// sampled, so it has no standard error. Nothing for no questions.
  void add_chance(const std::string& name, std::span<const double> chances);
  /// sum of `numerators` / sum of `denominators` over examples, with the standard error of a ratio of sums
  /// (Cochran 1977, Sampling Techniques, section 6.4), where two denominators are not 0; 0 where the ratios
  /// differ by no more than kRounding. Nothing where the denominators sum to 0. The outcome of an example is
  /// its own ratio, and its weight the denominator; examples of 0 have none.
  void add_ratio(const std::string& name, std::span<const double> numerators,
                 std::span<const double> denominators, const AskedExamples& asked = {});

 private:
  void keep_outcomes(const std::string& name, std::span<const double> numerators,
                     std::span<const double> denominators, const AskedExamples& asked);
};

}  // namespace ablate
