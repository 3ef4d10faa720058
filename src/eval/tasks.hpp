// The evaluations, one file each; evaluate.cpp has the table.
#pragma once

#include <functional>

#include "eval/evaluate.hpp"
#include "eval/findings.hpp"
#include "eval/language_model.hpp"

namespace ablate {

class EncoderModel;

// Of a model of language. They throw Error where a number of shots leaves no example.

/// "heldout-loss/captions", ".../interleaved", ".../text": nats per target token, for the sources that are
/// named; "bits-per-byte/text".
void evaluate_heldout_loss(const EvaluationJob& job, LanguageModel& model, Findings& findings);
/// For each number of shots: "caption/4-shot", how often the right one of eval.choices captions has the
/// highest likelihood per token; "cider/4-shot" of what the model writes. "caption/chance".
void evaluate_caption(const EvaluationJob& job, LanguageModel& model, Findings& findings);
/// For each number of shots, of questions that have choices: "vqa/4-shot", how often the right answer is the
/// likeliest; of what the model writes "vqa-exact/4-shot" and "vqa-accuracy/4-shot". "vqa/chance".
void evaluate_vqa(const EvaluationJob& job, LanguageModel& model, Findings& findings);
/// The same on eval.doctext: "doctext/4-shot", ...
void evaluate_doctext(const EvaluationJob& job, LanguageModel& model, Findings& findings);
/// For each number of shots: "fewshot/4-shot", how often the right name is the likeliest. "fewshot/chance".
void evaluate_fewshot(const EvaluationJob& job, LanguageModel& model, Findings& findings);

// Of an encoder.

/// "heldout-loss/pictures", and what else the loss consists of.
void evaluate_encoder_loss(const EvaluationJob& job, EncoderModel& model,
                           const std::function<bool()>& stop_requested, Findings& findings);
/// How often a picture's own caption is among the 1 or 5 nearest, "retrieval/image-to-text-r1", "...-r5", and
/// the other way round, "retrieval/text-to-image-r1", "...-r5". The rank is the number of others that are
/// nearer; captions equal to its own do not count as others.
void evaluate_retrieval(const EvaluationJob& job, EncoderModel& model,
                        const std::function<bool()>& stop_requested, Findings& findings);
/// "zero-shot/top1" and "zero-shot/top5": how often the picture's class is the nearest, or among the five
/// nearest, of all classes; "zero-shot/chance". A class is the mean of its prompts' vectors (Radford et al.
/// 2021, section 3.1.4).
void evaluate_zero_shot(const EvaluationJob& job, EncoderModel& model,
                        const std::function<bool()>& stop_requested, Findings& findings);

// What they have in common.

/// Throws Error when no example of so many shots was left: they do not fit the sequence, or the data have not
/// as many.
void require_examples(std::size_t examples, std::int64_t shots, const EvaluationJob& job);

/// Scores of the right candidate's rank by `value` of a likelihood: 1 for first, a share of it where several
/// are equal; and of guessing. One for each question that has a result.
struct RankingScores {
  std::vector<double> hits, chances;
};
RankingScores score_ranking(std::span<const Question> questions,
                            std::span<const std::vector<Likelihood>> results,
                            double (*value)(const Likelihood&));

}  // namespace ablate
