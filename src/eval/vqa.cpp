#include <algorithm>

#include "data/source.hpp"
#include "eval/answers.hpp"
#include "eval/tasks.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

void ask_about_pictures(const EvaluationJob& job, const std::vector<std::string>& sources, const char* key,
                        const std::string& name, LanguageModel& model, EvalFindings& findings) {
  const Eval& eval = job.experiment.eval;
  const std::vector<Document> documents =
      read_held_out(sources, key, DataRole::sft, job.experiment, findings.report);
  if (documents.empty()) return;
  const auto with_choices = static_cast<std::size_t>(
      std::count_if(documents.begin(), documents.end(),
                    [](const Document& document) { return !document.choices.empty(); }));
  for (const std::int64_t shots : eval.shots) {  // Before the model has worked for hours.
    const std::vector<Question> questions = ask_questions(documents, shots, eval);
    require_examples(questions.size(), shots, Lack::shots, job);
    if (eval.max_new_tokens == 0)
      require_choice(count_choices(questions), questions.size(), key,
                     "questions with two different choices, or eval.max_new_tokens above 0");
  }
  QuestionIdentities identities;
  for (const std::int64_t shots : eval.shots) {
    const std::vector<Question> questions = ask_questions(documents, shots, eval);
    const RankingScores ranked = score_ranking(questions, model.rank(questions, findings.report),
                                               [](const Likelihood& l) { return l.nats; });
    findings.note_left_out(name + "/" + shots_name(shots), with_choices - ranked.hits.size());
    findings.add_hits(name + "/" + shots_name(shots), ranked.hits,
                      asked_questions(questions, ranked.queries, identities));
    findings.add_chance(name + "-chance/" + shots_name(shots), ranked.chances);
    if (eval.max_new_tokens == 0) {
      require_examples(ranked.hits.size(), shots, Lack::room, job);
    } else {
      const auto written = model.write(questions, eval.max_new_tokens, findings.report);
      std::vector<double> exact, accuracy;
      std::vector<std::size_t> answered;
      for (std::size_t i = 0; i < questions.size(); ++i) {
        if (!written[i]) continue;
        answered.push_back(i);
        const std::string answer = cut_answer(*written[i]);
        exact.push_back(is_exact_match(answer, questions[i].references));
        accuracy.push_back(vqa_accuracy(answer, questions[i].references));
      }
      require_examples(exact.size(), shots, Lack::room_to_write, job);
      findings.note_left_out(name + "-exact/" + shots_name(shots), documents.size() - exact.size());
      findings.note_left_out(name + "-accuracy/" + shots_name(shots), documents.size() - accuracy.size());
      const AskedExamples asked = asked_questions(questions, answered, identities);
      findings.add_mean(name + "-exact/" + shots_name(shots), exact, asked);
      findings.add_mean(name + "-accuracy/" + shots_name(shots), accuracy, asked);
    }
  }
}

}  // namespace

void evaluate_vqa(const EvaluationJob& job, LanguageModel& model, EvalFindings& findings) {
  ask_about_pictures(job, job.experiment.eval.questions, "eval.questions", "vqa", model, findings);
}

void evaluate_doctext(const EvaluationJob& job, LanguageModel& model, EvalFindings& findings) {
  ask_about_pictures(job, job.experiment.eval.doctext, "eval.doctext", "doctext", model, findings);
}

}  // namespace ablate
