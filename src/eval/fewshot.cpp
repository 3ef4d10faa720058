#include <algorithm>

#include "data/source.hpp"
#include "eval/tasks.hpp"

namespace ablate {

void evaluate_fewshot(const EvaluationJob& job, LanguageModel& model, EvalFindings& findings) {
  const Eval& eval = job.experiment.eval;
  const std::vector<Document> documents =
      read_held_out(eval.episodes, "eval.episodes", DataRole::interleaved, job.experiment, findings.report);
  if (documents.empty()) return;
  const auto with_choices = static_cast<std::size_t>(
      std::count_if(documents.begin(), documents.end(),
                    [](const Document& document) { return !choices_of(document).empty(); }));
  require_choice(with_choices, documents.size(), "eval.episodes", "episodes of two different names");
  for (const std::int64_t shots : eval.shots)  // Before the model has worked for hours.
    require_examples(ask_episodes(documents, shots).size(), shots, Lack::shots, job);
  QuestionIdentities identities;
  for (const std::int64_t shots : eval.shots) {
    const std::vector<Question> questions = ask_episodes(documents, shots);
    const RankingScores ranked = score_ranking(questions, model.rank(questions, findings.report),
                                               [](const Likelihood& l) { return l.nats; });
    require_examples(ranked.hits.size(), shots, Lack::room, job);
    findings.note_left_out("fewshot/" + shots_name(shots), documents.size() - ranked.hits.size());
    findings.add_hits("fewshot/" + shots_name(shots), ranked.hits,
                      asked_questions(questions, ranked.queries, identities));
    findings.add_chance("fewshot-chance/" + shots_name(shots), ranked.chances);
  }
}

}  // namespace ablate
