#include <fmt/format.h>

#include <algorithm>

#include "config/names.hpp"
#include "eval/tasks.hpp"
#include "util/error.hpp"

namespace ablate {

void require_examples(std::size_t examples, std::int64_t shots, const EvaluationJob& job) {
  if (examples == 0)
    throw Error(fmt::format(
        "eval.shots: {}: no example of {} is left: either {} examples and a question are longer than "
        "data.seq_len ({}), or the data have not as many; expected fewer",
        shots, to_name(job.task), shots, job.experiment.data.seq_len));
}

RankingScores score_ranking(std::span<const Question> questions,
                            std::span<const std::vector<Likelihood>> results,
                            double (*value)(const Likelihood&)) {
  RankingScores scores;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const std::vector<Likelihood>& candidates = results[i];
    if (candidates.empty()) continue;
    double best = value(candidates[0]);
    for (const Likelihood& candidate : candidates) best = std::max(best, value(candidate));
    const auto winners = std::count_if(candidates.begin(), candidates.end(),
                                       [&](const Likelihood& candidate) { return value(candidate) == best; });
    const bool hit = value(candidates[questions[i].answer]) == best;
    scores.hits.push_back(hit ? 1.0 / static_cast<double>(winners) : 0.0);
    scores.chances.push_back(1.0 / static_cast<double>(candidates.size()));
  }
  return scores;
}

}  // namespace ablate
