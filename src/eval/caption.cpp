#include <fmt/format.h>

#include <optional>

#include "data/source.hpp"
#include "eval/answers.hpp"
#include "eval/cider.hpp"
#include "eval/tasks.hpp"

namespace ablate {

void evaluate_caption(const EvaluationJob& job, LanguageModel& model, EvalFindings& findings) {
  const Eval& eval = job.experiment.eval;
  const std::vector<Document> documents =
      read_held_out(eval.captions, "eval.captions", DataRole::captions, job.experiment, findings.report);
  if (documents.empty()) return;
  for (const std::int64_t shots : eval.shots) {  // Before the model has worked for hours.
    const std::vector<Question> questions = ask_captions(documents, shots, eval);
    require_examples(questions.size(), shots, Lack::shots, job);
    require_choice(count_choices(questions), questions.size(), "eval.captions",
                   fmt::format("{} different captions for one of them (eval.choices): its own, and those of "
                               "other pictures",
                               eval.choices));
  }
  const std::size_t num_pictures = one_per_subject(ask_captions(documents, 0, eval)).size();
  QuestionIdentities identities;
  for (const std::int64_t shots : eval.shots) {
    const std::vector<Question> questions = ask_captions(documents, shots, eval);
    // Captions differ in length, and the sum would choose the shortest.
    const RankingScores ranked =
        score_ranking(questions, model.rank(questions, findings.report),
                      [](const Likelihood& l) { return l.nats / static_cast<double>(l.tokens); });
    const std::string name = "caption/" + shots_name(shots);
    require_examples(ranked.hits.size(), shots, Lack::room, job);
    findings.note_left_out(name, documents.size() - ranked.hits.size());
    findings.add_hits(name, ranked.hits, asked_questions(questions, ranked.queries, identities));
    findings.add_chance("caption-chance/" + shots_name(shots), ranked.chances);
    if (eval.max_new_tokens == 0) continue;
    const std::vector<Question> pictures = one_per_subject(questions);
    const auto written = model.write(pictures, eval.max_new_tokens, findings.report);
    std::vector<CaptionExample> examples;
    std::vector<std::size_t> with_caption, with_score;  // Of the pictures.
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      if (!written[i]) continue;
      examples.push_back({cut_caption(*written[i]), pictures[i].references});
      with_caption.push_back(i);
    }
    require_examples(examples.size(), shots, Lack::room_to_write, job);
    std::vector<double> scores;
    const std::vector<std::optional<double>> cider = cider_d(examples);
    for (std::size_t i = 0; i < cider.size(); ++i) {
      if (!cider[i]) continue;
      scores.push_back(*cider[i]);
      with_score.push_back(with_caption[i]);
    }
    findings.note_left_out("cider/" + shots_name(shots), num_pictures - scores.size());
    findings.add_mean("cider/" + shots_name(shots), scores,
                      asked_questions(pictures, with_score, identities));
  }
}

}  // namespace ablate
