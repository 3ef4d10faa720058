// A model that knows the answers, in the place of a trained one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "eval/findings.hpp"
#include "eval/model_fixture.hpp"
#include "eval/tasks.hpp"

namespace ablate {

/// Knows what is right, or what is wrong.
struct Oracle : LanguageModel {
  explicit Oracle(bool is_right = true) : right(is_right) {}

  std::vector<std::vector<Likelihood>> rank(std::span<const Question> questions, ReadReport&) override {
    std::vector<std::vector<Likelihood>> results;
    for (const Question& question : questions) {
      results.emplace_back(question.candidates.size(), right ? worse : better);
      if (!question.candidates.empty()) results.back()[question.answer] = right ? better : worse;
    }
    return results;
  }
  std::vector<std::optional<std::string>> write(std::span<const Question> questions, std::int64_t,
                                                ReadReport&) override {
    std::vector<std::optional<std::string>> written;
    for (const Question& question : questions)
      written.push_back(right ? question.references.at(0) + goes_on : "nothing of the kind");
    return written;
  }
  std::vector<DocumentLoss> losses(std::span<const Document> documents, DataRole, ReadReport&) override {
    std::vector<DocumentLoss> losses(documents.size(), {.nats = 8, .tokens = 4, .bytes = 2});
    for (std::size_t i = 0; i < std::min(with_unknown, losses.size()); ++i)
      losses[i] = {.nats = 1, .tokens = 4, .bytes = std::nullopt};
    return losses;
  }

  bool right;
  Likelihood better = {-1, 1}, worse = {-2, 1};
  std::string goes_on;
  std::size_t with_unknown = 0;  ///< Documents with text that the tokenizer does not know.
};

using OracleTask = void (*)(const EvaluationJob&, LanguageModel&, EvalFindings&);

inline std::map<std::string, Score> oracle_scores(OracleTask task, const Eval& eval, Oracle oracle = Oracle(),
                                                  Json* detail = nullptr) {
  EvaluationJob job;
  job.experiment.eval = eval;
  EvalFindings findings;
  task(job, oracle, findings);
  if (detail) *detail = findings.evaluation.detail;
  return scores_of(findings.evaluation);
}

}  // namespace ablate
