#include "eval/findings.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace ablate {

void EvalFindings::note_left_out(const std::string& name, std::size_t examples) {
  if (examples > 0) evaluation.detail["left_out"][name] = examples;
}

void EvalFindings::add_mean(const std::string& name, std::span<const double> values,
                            const AskedExamples& asked) {
  const std::vector<double> ones(values.size(), 1.0);
  add_ratio(name, values, ones, asked);
}

void EvalFindings::add_hits(const std::string& name, std::span<const double> hits,
                            const AskedExamples& asked) {
  add_mean(name, hits, asked);
  if (hits.size() < 2) return;
  const auto n = static_cast<double>(hits.size());
  double of_ties = 0;  // Sum of variances.
  for (const double p : hits) of_ties += std::max(0.0, p * (1 - p));
  std::optional<double>& error = evaluation.scores.back().standard_error;
  error = std::hypot(*error, std::sqrt(of_ties) / n);
}

void EvalFindings::add_chance(const std::string& name, std::span<const double> chances) {
  if (chances.empty()) return;
  const double sum = std::accumulate(chances.begin(), chances.end(), 0.0);
  evaluation.scores.push_back(
      {name, sum / static_cast<double>(chances.size()), std::ssize(chances), std::nullopt});
}

void EvalFindings::add_ratio(const std::string& name, std::span<const double> numerators,
                             std::span<const double> denominators, const AskedExamples& asked) {
  const double total = std::accumulate(denominators.begin(), denominators.end(), 0.0);
  if (total == 0) return;
  const double ratio = std::accumulate(numerators.begin(), numerators.end(), 0.0) / total;
  double squares = 0;
  bool all_equal = true;  // Residuals are then what rounding leaves of 0.
  std::int64_t n = 0;
  for (std::size_t i = 0; i < numerators.size(); ++i) {
    const double expected = ratio * denominators[i], residual = numerators[i] - expected;
    squares += residual * residual;
    all_equal = all_equal && std::abs(residual) <= kRounding * std::abs(expected);
    n += denominators[i] != 0;
  }
  const double count = static_cast<double>(n);
  std::optional<double> standard_error;
  if (n > 1) standard_error = all_equal ? 0 : std::sqrt(squares * count / (count - 1)) / total;
  evaluation.scores.push_back({name, ratio, n, standard_error});
  keep_outcomes(name, numerators, denominators, asked);
}

void EvalFindings::keep_outcomes(const std::string& name, std::span<const double> numerators,
                                 std::span<const double> denominators, const AskedExamples& asked) {
  if (asked.questions.empty()) return;
  if (asked.questions.size() != numerators.size() || asked.names.size() != numerators.size())
    throw std::logic_error(name + ": other examples than values");
  ExampleOutcomes& kept = evaluation.outcomes.emplace_back(ExampleOutcomes{.score = name});
  for (std::size_t i = 0; i < numerators.size(); ++i) {
    if (denominators[i] == 0) continue;
    kept.questions.push_back(asked.questions[i]);
    kept.names.push_back(asked.names[i]);
    kept.values.push_back(static_cast<float>(numerators[i] / denominators[i]));
    kept.weights.push_back(static_cast<float>(denominators[i]));
  }
  const auto is_first = [&](float weight) { return weight == kept.weights.front(); };
  if (std::all_of(kept.weights.begin(), kept.weights.end(), is_first)) kept.weights.clear();
}

}  // namespace ablate
