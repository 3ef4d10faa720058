#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "config/names.hpp"
#include "eval/tasks.hpp"
#include "train/train.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

/// Values that fp32 arithmetic does not tell apart, whichever examples share a batch.
bool are_equal(double a, double b) {
  constexpr double kRounding = 1e-6;
  return std::abs(a - b) <= kRounding * std::max({1.0, std::abs(a), std::abs(b)});
}

}  // namespace

void require_examples(std::size_t examples, std::int64_t shots, const EvaluationJob& job) {
  if (examples == 0)
    throw Error(fmt::format(
        "eval.shots: {}: no example of {} is left: either {} examples and a question are longer than "
        "data.seq_len ({}), or the data have not as many; expected fewer",
        shots, to_name(job.task), shots, job.experiment.data.seq_len));
}

double require_number(double value, const char* what, const std::string& example) {
  if (std::isfinite(value)) return value;
  const char* found = std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";  // NaN may have a sign.
  throw Diverged(
      fmt::format("{}: {} is {}; expected a number: the model has diverged", example, what, found));
}

Standing find_standing(std::span<const double> values, const std::vector<bool>& right) {
  double best = -INFINITY;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (right[i]) best = std::max(best, values[i]);
  Standing standing;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (are_equal(values[i], best))
      ++(right[i] ? standing.right_beside : standing.wrong_beside);
    else
      standing.wrong_before += values[i] > best;
  }
  return standing;
}

double Standing::hits_within(std::int64_t k) const {
  const std::int64_t equal = right_beside + wrong_beside, places = std::min(k - wrong_before, equal);
  double misses = 1;  // All of these places go to wrong ones.
  for (std::int64_t taken = 0; taken < places; ++taken)
    misses *= static_cast<double>(std::max<std::int64_t>(wrong_beside - taken, 0)) /
              static_cast<double>(equal - taken);
  return 1 - misses;
}

RankingScores score_ranking(std::span<const Question> questions,
                            std::span<const std::vector<Likelihood>> results,
                            double (*value)(const Likelihood&)) {
  RankingScores scores;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (results[i].empty()) continue;
    std::vector<double> values;
    for (const Likelihood& candidate : results[i])
      values.push_back(require_number(value(candidate), "the likelihood of a candidate", questions[i].id));
    std::vector<bool> right(values.size());
    right[questions[i].answer] = true;
    scores.hits.push_back(find_standing(values, right).hits_within(1));
    scores.chances.push_back(1.0 / static_cast<double>(values.size()));
  }
  return scores;
}

}  // namespace ablate
