// The evaluations, one file each; evaluate.cpp has the table.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "eval/evaluate.hpp"
#include "eval/findings.hpp"
#include "eval/language_model.hpp"

namespace ablate {

class EncoderModel;

// All throw Diverged, naming the example, for numbers that are not finite.

// These ask a model of language. Questions that have not as many shots are left out and counted; where a
// number of shots leaves none, they throw Error. Questions without two different candidates are left out of
// ranking and counted; where none is left and nothing else is scored, they throw DataError. Beside each score
// that ranks candidates stands what guessing gives over exactly its questions: "caption-chance/4-shot" beside
// "caption/4-shot".

/// "heldout-loss/captions", ".../interleaved", ".../sft", ".../text": nats per target token, for the sources
/// that are named; "bits-per-byte/text". How many bits text takes that the tokenizer has no pieces for is not
/// known: the latter leaves documents out that have such, and counts them.
void evaluate_heldout_loss(const EvaluationJob& job, LanguageModel& model, EvalFindings& findings);
/// For each number of shots: "caption/4-shot", how often the right one of eval.choices captions has the
/// highest likelihood per token; "cider/4-shot" of what the model writes, without pictures that no caption
/// could score at (cider.hpp).
void evaluate_caption(const EvaluationJob& job, LanguageModel& model, EvalFindings& findings);
/// For each number of shots: "vqa/4-shot", how often the right answer is the likeliest, among questions that
/// have choices; "vqa-exact/4-shot" and "vqa-accuracy/4-shot" score what the model writes.
void evaluate_vqa(const EvaluationJob& job, LanguageModel& model, EvalFindings& findings);
/// The same on eval.doctext: "doctext/4-shot", ...
void evaluate_doctext(const EvaluationJob& job, LanguageModel& model, EvalFindings& findings);
/// For each number of shots: "fewshot/4-shot", how often the right name is the likeliest.
void evaluate_fewshot(const EvaluationJob& job, LanguageModel& model, EvalFindings& findings);

// These ask an encoder.

/// Pictures that a contrastive loss compares with one another in evaluations: its number, and what guessing
/// gives (ln 256 for CLIP), depend on how many they are.
constexpr std::int64_t kContrastiveBlock = 256;

/// "heldout-loss/pictures": what the encoder was trained to lower, and what else that consists of:
/// - CLIP, SigLIP: the mean over pictures of their losses within blocks of kContrastiveBlock pictures in the
///   order in which they are read. Where pictures are left over, those before them fill their block up and
///   count once; fewer than a block are one block. "heldout-loss/accuracy": how often the picture's own
///   caption is the nearest of the block, ties shared, and "heldout-loss-chance/accuracy". The detail says
///   under "block" how many pictures a block has. Standard errors take pictures as independent, though those
///   of a block share their wrong captions. "heldout-loss-chance/pictures": what CLIP's loss is where all
///   pairs are equally near; SigLIP's depends then on its bias, and guessing has none. Throws DataError for
///   fewer than two different pictures or captions.
/// - AIM: the mean over all target patches of all pictures.
/// - VAE: the mean over pictures, "heldout-loss/reconstruction" and "heldout-loss/kl" as well.
void evaluate_encoder_loss(const EvaluationJob& job, EncoderModel& model,
                           const std::function<bool()>& stop_requested, EvalFindings& findings);
/// How often a caption of a picture is among the 1 or 5 that are nearest to it, "retrieval/image-to-text-r1",
/// "...-r5", and the picture of a caption among the pictures, "retrieval/text-to-image-r1", "...-r5". Each
/// different picture and each different caption is asked for once, and stands to choose from once; all that
/// people wrote of a picture is right. What is equally near stands in random order: the score is what that
/// gives on the average, 1 / N for R@1 among N where all vectors are equal. "retrieval-chance/...": what
/// guessing gives. Queries that cannot miss (RankingScores) are left out and counted. Throws DataError for
/// fewer than two different pictures or captions.
void evaluate_retrieval(const EvaluationJob& job, EncoderModel& model,
                        const std::function<bool()>& stop_requested, EvalFindings& findings);
/// "zero-shot/top1" and "zero-shot/top5": how often the picture's class is the nearest, or among the five
/// nearest, of all classes, equally near ones in random order; "zero-shot/chance" of the former. A class is
/// the mean of its prompts' vectors (Radford et al. 2021, section 3.1.4). Among five classes or fewer nothing
/// can miss the five nearest: there is no "zero-shot/top5". Throws DataError for a single class.
void evaluate_zero_shot(const EvaluationJob& job, EncoderModel& model,
                        const std::function<bool()>& stop_requested, EvalFindings& findings);

// What they have in common.

/// Why examples are left out.
enum class Lack {
  shots,  ///< The data have not as many.
  room,   ///< They and the candidates do not fit the sequence, or the tokenizer cannot tell those apart.
  room_to_write,  ///< They and eval.max_new_tokens do not fit the sequence.
};
/// Throws Error when no example of so many shots was left.
void require_examples(std::size_t examples, std::int64_t shots, Lack lack, const EvaluationJob& job);

/// Throws DataError, naming the source's `key` and what was `expected`, when of so many questions none has
/// candidates.
void require_choice(std::size_t with_candidates, std::size_t questions, const char* key,
                    const std::string& expected);
/// Questions that have candidates.
std::size_t count_choices(std::span<const Question> questions);

/// Throws DataError when eval.captions have fewer than two different pictures or two different captions.
void require_two_of_each(std::size_t pictures, std::size_t captions);

/// `value`, where it is a number. Else throws Diverged: "EXAMPLE: WHAT is nan; ...".
double require_number(double value, const char* what, const std::string& example);

/// Where the best of the right candidates stands. Values that differ by no more than the rounding of fp32
/// (kRounding of them, or of 1) count as equal.
struct Standing {
  std::int64_t wrong_before = 0;
  std::int64_t wrong_beside = 0, right_beside = 0;  ///< Equal to it; the latter at least 1.

  /// How likely a right one is among the first k where equal ones stand in random order.
  double hits_within(std::int64_t k) const;
};
/// `right`: at least one.
Standing find_standing(std::span<const double> values, const std::vector<bool>& right);

/// How likely a right candidate is among the first k, equal ones in random order; and by guessing. One for
/// each question that can be missed.
struct RankingScores {
  std::vector<double> hits, chances;
  std::vector<std::size_t> queries;  ///< Which they are.

  /// `query`: which one it is. `right`: at least one. Where fewer than k are wrong, a right one is among the
  /// first k whatever the values: nothing is added.
  void add(std::size_t query, std::span<const double> values, const std::vector<bool>& right, std::int64_t k);
};
/// Whether the right candidate is the first by `value` of a likelihood, of each question that has a result;
/// queries are the places of the questions.
/// Throws Diverged for values that are not finite.
RankingScores score_ranking(std::span<const Question> questions,
                            std::span<const std::vector<Likelihood>> results,
                            double (*value)(const Likelihood&));

}  // namespace ablate
