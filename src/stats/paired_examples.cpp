#include "stats/paired_examples.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <map>
#include <numeric>
#include <stdexcept>

#include "stats/summary.hpp"

namespace ablate {

template <>
std::span<const Named<Unpaired>> names_of<Unpaired>() {
  using enum Unpaired;
  static constexpr Named<Unpaired> kTable[] = {{"no-outcomes", no_outcomes},
                                               {"no-common-seed", no_common_seed},
                                               {"other-questions", other_questions},
                                               {"other-weights", other_weights}};
  return kTable;
}

namespace {

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

double mean_of(const std::vector<double>& values) { return summarize(values).mean; }
/// NaN for fewer than two.
double variance_of(const std::vector<double>& values) {
  const double sd = summarize(values).sd;
  return sd * sd;
}

/// The quantile of Student's t that a two-sided interval of 95 % reaches to.
double t95_of(double degrees_of_freedom) {
  return boost::math::quantile(boost::math::students_t(degrees_of_freedom), 0.975);
}

/// What varies, each as the variance that it gives to the mean over seeds.
struct Spreads {
  double seeds = kNotKnown;      ///< The variance of the differences of scores over S.
  double examples = kNotKnown;   ///< What more examples would lessen.
  double answers = kNotKnown;    ///< Of it, what differs from seed to seed: single answers.
  double questions = kNotKnown;  ///< What other questions would add to what the seeds show.
};

/// The same questions under all seeds: seeds and questions cross.
Spreads crossed_spreads(const std::vector<std::vector<double>>& z, const std::vector<double>& differences) {
  const std::size_t seeds = z.size(), n = z.front().size();
  const auto count = static_cast<double>(seeds), examples = static_cast<double>(n);
  std::vector<double> of_question(n);
  for (const std::vector<double>& of_seed : z)
    for (std::size_t i = 0; i < n; ++i) of_question[i] += of_seed[i] / count;
  Spreads spreads;
  spreads.seeds = variance_of(differences) / count;
  spreads.examples = variance_of(of_question) / examples;
  if (seeds < 2 || n < 2) return spreads;
  const double mean = mean_of(differences);
  double squares = 0;
  for (std::size_t s = 0; s < seeds; ++s)
    for (std::size_t i = 0; i < n; ++i) {
      const double residual = z[s][i] - differences[s] - of_question[i] + mean;
      squares += residual * residual;
    }
  spreads.answers = squares / ((count - 1) * (examples - 1)) / (count * examples);
  spreads.questions = std::max(0.0, spreads.examples - spreads.answers);
  return spreads;
}

/// Other questions under other seeds: what examples add is in the differences of the seeds.
Spreads nested_spreads(const std::vector<SeedDifference>& seeds, const std::vector<double>& differences) {
  const auto count = static_cast<double>(seeds.size());
  Spreads spreads;
  spreads.seeds = variance_of(differences) / count;
  spreads.examples = 0;
  for (const SeedDifference& seed : seeds)
    spreads.examples += seed.standard_error * seed.standard_error / count / count;
  spreads.answers = spreads.examples;
  spreads.questions = 0;
  return spreads;
}

/// `size`: the mean size of an outcome.
void add_interval(const Spreads& spreads, double size, PairedExamples& result) {
  const auto n = static_cast<double>(result.examples);
  const auto seeds = static_cast<double>(result.seeds.size());
  result.example_variance = spreads.examples;
  double half = kNotKnown;
  if (seeds < 2) {
    result.standard_error = std::sqrt(spreads.examples);
    if (n > 1) half = t95_of(n - 1) * result.standard_error;
  } else if (n > 1) {
    result.seed_variance = std::max(0.0, spreads.seeds - spreads.answers);
    result.standard_error = std::sqrt(result.seed_variance + spreads.examples);
    half = std::hypot(t95_of(seeds - 1) * std::sqrt(std::max(spreads.seeds, spreads.answers)),
                      t95_of(n - 1) * std::sqrt(spreads.questions));
  } else {  // Of a single example nobody knows what it adds: only seeds can speak.
    result.standard_error = std::sqrt(spreads.seeds);
    half = t95_of(seeds - 1) * result.standard_error;
  }
  constexpr double kRounding = 1e-6;  // What single precision leaves of no spread at all.
  if (!(half > kRounding * size)) return;
  result.low = result.difference - half;
  result.high = result.difference + half;
}

double mean_size(const Pairing& pairing) {
  std::vector<double> sizes;
  for (const auto& pair : pairing.seeds)
    for (const SeedOutcomes* cell : {pair.first, pair.second})
      for (const float value : cell->values) sizes.push_back(std::abs(double{value}));
  return mean_of(sizes);
}

std::vector<QuestionDifference> question_differences(const Pairing& pairing) {
  std::map<std::pair<std::uint64_t, std::size_t>, QuestionDifference>
      sums;  // By question; the k-th of equals.
  for (const auto& pair : pairing.seeds) {
    std::size_t repeat = 0;
    const std::vector<std::uint64_t>& questions = pair.first->questions;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      repeat = i > 0 && questions[i] == questions[i - 1] ? repeat + 1 : 0;
      QuestionDifference& sum = sums[{questions[i], repeat}];
      sum.question = questions[i];
      ++sum.seeds;
      sum.a += double{pair.first->values[i]};
      sum.b += double{pair.second->values[i]};
    }
  }
  std::vector<QuestionDifference> found;
  for (const auto& entry : sums) {
    QuestionDifference& question = found.emplace_back(entry.second);
    question.a /= static_cast<double>(question.seeds);
    question.b /= static_cast<double>(question.seeds);
  }
  std::stable_sort(found.begin(), found.end(), [](const QuestionDifference& x, const QuestionDifference& y) {
    return std::abs(x.b - x.a) > std::abs(y.b - y.a);
  });
  return found;
}

}  // namespace

std::vector<double> contributions(const SeedOutcomes& a, const SeedOutcomes& b) {
  const std::size_t n = a.values.size();
  std::vector<double> z(n);
  for (std::size_t i = 0; i < n; ++i) z[i] = double{b.values[i]} - double{a.values[i]};
  if (a.weights.empty()) return z;
  const double total = std::accumulate(a.weights.begin(), a.weights.end(), 0.0);
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += a.weights[i] * z[i];
  const double ratio = sum / total;
  for (std::size_t i = 0; i < n; ++i)
    z[i] = ratio + static_cast<double>(n) * a.weights[i] / total * (z[i] - ratio);
  return z;
}

Pairing pair_outcomes(std::span<const SeedOutcomes> a, std::span<const SeedOutcomes> b) {
  Pairing pairing;
  if (a.empty() || b.empty()) {
    pairing.refusal = Unpaired::no_outcomes;
    return pairing;
  }
  for (const SeedOutcomes& of_a : a)
    for (const SeedOutcomes& of_b : b)
      if (of_a.seed == of_b.seed) pairing.seeds.emplace_back(&of_a, &of_b);
  std::sort(pairing.seeds.begin(), pairing.seeds.end(),
            [](const auto& x, const auto& y) { return x.first->seed < y.first->seed; });
  if (pairing.seeds.empty()) pairing.refusal = Unpaired::no_common_seed;
  for (const auto& pair : pairing.seeds)
    if (pair.first->questions.empty() || pair.first->questions != pair.second->questions)
      pairing.refusal = Unpaired::other_questions;
    else if (!pairing.refusal && pair.first->weights != pair.second->weights)
      pairing.refusal = Unpaired::other_weights;
  return pairing;
}

PairedExamples compare_examples(const Pairing& pairing) {
  if (pairing.refusal || pairing.seeds.empty())
    throw std::logic_error("cells that cannot be compared question by question");
  PairedExamples result;
  std::vector<std::vector<double>> z;
  std::vector<double> differences;
  const SeedOutcomes& first = *pairing.seeds.front().first;
  result.examples = first.questions.size();
  for (const auto& pair : pairing.seeds) {
    z.push_back(contributions(*pair.first, *pair.second));
    const double n = static_cast<double>(z.back().size());
    differences.push_back(mean_of(z.back()));
    result.seeds.push_back({.seed = pair.first->seed,
                            .examples = z.back().size(),
                            .difference = differences.back(),
                            .standard_error = std::sqrt(variance_of(z.back()) / n)});
    result.examples = std::min(result.examples, z.back().size());
    result.same_questions = result.same_questions && pair.first->questions == first.questions;
  }
  result.difference = mean_of(differences);
  add_interval(
      result.same_questions ? crossed_spreads(z, differences) : nested_spreads(result.seeds, differences),
      mean_size(pairing), result);
  result.questions = question_differences(pairing);
  return result;
}

}  // namespace ablate
