#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "config/names.hpp"
#include "data/problem.hpp"
#include "eval/tasks.hpp"
#include "train/convergence.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

bool are_equal(double a, double b) {
  return std::abs(a - b) <= kRounding * std::max({1.0, std::abs(a), std::abs(b)});
}

}  // namespace

void require_examples(std::size_t examples, std::int64_t shots, Lack lack, const EvaluationJob& job) {
  if (examples > 0) return;
  const std::int64_t seq_len = job.experiment.data.seq_len;
  const std::string shown = shots == 0 ? "" : fmt::format("{} examples, ", shots);
  const char* fewer = shots == 0 ? "" : "fewer examples, ";
  std::string why;
  if (lack == Lack::room_to_write)
    why = fmt::format(
        "{}a question and eval.max_new_tokens ({}) are longer than data.seq_len ({}); expected {}fewer new "
        "tokens or a longer sequence",
        shown, job.experiment.eval.max_new_tokens, seq_len, fewer);
  else if (lack == Lack::room)
    why = fmt::format(
        "{}a question and its answer are longer than data.seq_len ({}), or data.tokenizer cannot tell the "
        "candidates apart; expected {}a longer sequence or other candidates",
        shown, seq_len, fewer);
  else if (shots == 0)
    why = "no document makes a question; expected other documents";
  else
    why = "the data have not as many for any question; expected fewer, or other documents";
  throw Error(fmt::format("eval.shots: {}: no example of {} is left: {}", shots, to_name(job.task), why));
}

void require_choice(std::size_t with_candidates, std::size_t questions, const char* key,
                    const std::string& expected) {
  if (with_candidates == 0)
    throw DataError(fmt::format("{}: {} question{} and too little to choose from; expected {}", key,
                                questions, questions == 1 ? "" : "s", expected));
}

std::size_t count_choices(std::span<const Question> questions) {
  return static_cast<std::size_t>(std::count_if(questions.begin(), questions.end(),
                                                [](const Question& q) { return !q.candidates.empty(); }));
}

void require_two_of_each(std::size_t pictures, std::size_t captions) {
  if (pictures < 2 || captions < 2)
    throw DataError(
        fmt::format("eval.captions: {} different picture{} and {} different caption{}; expected at least two "
                    "of each to find one among",
                    pictures, pictures == 1 ? "" : "s", captions, captions == 1 ? "" : "s"));
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
  double hits = 0, misses = 1;  // How likely one of the places taken so far went to a right one, and none.
  for (std::int64_t taken = 0; taken < places; ++taken) {
    const auto left = static_cast<double>(equal - taken);
    hits += misses * (static_cast<double>(right_beside) / left);
    misses *= static_cast<double>(std::max<std::int64_t>(wrong_beside - taken, 0)) / left;
  }
  return misses == 0 ? 1 : hits;
}

void RankingScores::add(std::size_t query, std::span<const double> values, const std::vector<bool>& right,
                        std::int64_t k) {
  const std::int64_t num_right = std::count(right.begin(), right.end(), true),
                     num_wrong = std::ssize(right) - num_right;
  if (num_wrong < k) return;
  queries.push_back(query);
  hits.push_back(find_standing(values, right).hits_within(k));
  const Standing all_equal{.wrong_before = 0, .wrong_beside = num_wrong, .right_beside = num_right};
  chances.push_back(all_equal.hits_within(k));
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
    scores.add(i, values, right, 1);
  }
  return scores;
}

}  // namespace ablate
