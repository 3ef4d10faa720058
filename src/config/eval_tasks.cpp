#include "config/eval_tasks.hpp"

#include <algorithm>
#include <stdexcept>

#include "config/names.hpp"

namespace ablate {

std::optional<Stage> find_evaluated_stage(const Experiment& experiment, EvalTask task) {
  std::vector<Stage> candidates;
  switch (task) {
    case EvalTask::heldout_loss:
      candidates = {Stage::sft, Stage::vlm, Stage::llm, Stage::encoder};
      break;
    case EvalTask::caption:
    case EvalTask::vqa:
    case EvalTask::doctext:
    case EvalTask::fewshot:
      candidates = {Stage::sft, Stage::vlm};
      break;
    case EvalTask::retrieval:
    case EvalTask::zero_shot:
      candidates = {Stage::encoder};
      break;
    case EvalTask::demo_accuracy:
    case EvalTask::demo_robustness:
      candidates = {Stage::demo};
      break;
  }
  const bool is_of_decoder = std::find(candidates.begin(), candidates.end(), Stage::vlm) != candidates.end();
  const auto is_asked_for = [&](Stage candidate) {
    return !is_of_decoder || experiment.eval.of == EvaluatedStage::last ||
           to_name(candidate) == to_name(experiment.eval.of);
  };
  for (const Stage candidate : candidates)
    if (experiment.has_stage(candidate) && is_asked_for(candidate)) return candidate;
  return std::nullopt;
}

std::span<const EvalSource> eval_sources(EvalTask task, Stage evaluated) {
  static constexpr EvalSource kHeldOut[] = {{"eval.captions", &Eval::captions},
                                            {"eval.interleaved", &Eval::interleaved},
                                            {"eval.sft", &Eval::sft},
                                            {"eval.text", &Eval::text}};
  static constexpr EvalSource kQuestions[] = {{"eval.questions", &Eval::questions}};
  static constexpr EvalSource kDoctext[] = {{"eval.doctext", &Eval::doctext}};
  static constexpr EvalSource kEpisodes[] = {{"eval.episodes", &Eval::episodes}};
  static constexpr EvalSource kLabelled[] = {{"eval.labelled", &Eval::labelled}};
  constexpr std::span<const EvalSource> kAll(kHeldOut), kCaptions = kAll.first(1), kText = kAll.last(1);
  switch (task) {
    case EvalTask::heldout_loss:
      return evaluated == Stage::encoder ? kCaptions : evaluated == Stage::llm ? kText : kAll;
    case EvalTask::caption:
    case EvalTask::retrieval:
      return kCaptions;
    case EvalTask::vqa:
      return kQuestions;
    case EvalTask::doctext:
      return kDoctext;
    case EvalTask::fewshot:
      return kEpisodes;
    case EvalTask::zero_shot:
      return kLabelled;
    case EvalTask::demo_accuracy:
    case EvalTask::demo_robustness:
      return {};
  }
  throw std::logic_error("unknown task");
}

std::span<const std::string_view> eval_keys(EvalTask task) {
  static constexpr std::string_view kHeldoutLoss[] = {"eval.captions", "eval.interleaved",  "eval.sft",
                                                      "eval.text",     "eval.max_examples", "data.tokenizer"};
  static constexpr std::string_view kCaption[] = {
      "eval.captions",       "eval.shots",          "eval.max_examples",       "eval.choices",
      "eval.max_new_tokens", "eval.caption_prompt", "eval.sub_image_pictures", "data.tokenizer"};
  static constexpr std::string_view kVqa[] = {"eval.questions",       "eval.shots",
                                              "eval.max_examples",    "eval.max_new_tokens",
                                              "eval.question_prompt", "eval.sub_image_pictures",
                                              "data.tokenizer"};
  static constexpr std::string_view kDoctext[] = {"eval.doctext",         "eval.shots",
                                                  "eval.max_examples",    "eval.max_new_tokens",
                                                  "eval.question_prompt", "eval.sub_image_pictures",
                                                  "data.tokenizer"};
  static constexpr std::string_view kFewshot[] = {"eval.episodes", "eval.shots", "eval.max_examples",
                                                  "eval.sub_image_pictures", "data.tokenizer"};
  static constexpr std::string_view kRetrieval[] = {"eval.captions", "eval.max_examples", "data.tokenizer"};
  static constexpr std::string_view kZeroShot[] = {"eval.labelled", "eval.max_examples", "eval.class_prompts",
                                                   "data.tokenizer"};
  static constexpr std::string_view kDemo[] = {"eval.max_examples"};
  switch (task) {
    case EvalTask::heldout_loss:
      return kHeldoutLoss;
    case EvalTask::caption:
      return kCaption;
    case EvalTask::vqa:
      return kVqa;
    case EvalTask::doctext:
      return kDoctext;
    case EvalTask::fewshot:
      return kFewshot;
    case EvalTask::retrieval:
      return kRetrieval;
    case EvalTask::zero_shot:
      return kZeroShot;
    case EvalTask::demo_accuracy:
    case EvalTask::demo_robustness:
      return kDemo;
  }
  throw std::logic_error("unknown task");
}

EvalScores scores_of(EvalTask task) {
  static constexpr std::string_view kHeldoutLoss[] = {"heldout-loss", "bits-per-byte"};
  static constexpr std::string_view kCaption[] = {"caption", "cider"};
  static constexpr std::string_view kVqa[] = {"vqa", "vqa-exact", "vqa-accuracy"};
  static constexpr std::string_view kDoctext[] = {"doctext", "doctext-exact", "doctext-accuracy"};
  static constexpr std::string_view kFewshot[] = {"fewshot"}, kRetrieval[] = {"retrieval"},
                                    kZeroShot[] = {"zero-shot"}, kAccuracy[] = {"demo-accuracy"},
                                    kRobustness[] = {"demo-robustness"};
  switch (task) {
    case EvalTask::heldout_loss:
      return {kHeldoutLoss, EvalScores::data};
    case EvalTask::caption:
      return {kCaption, EvalScores::shots};
    case EvalTask::vqa:
      return {kVqa, EvalScores::shots};
    case EvalTask::doctext:
      return {kDoctext, EvalScores::shots};
    case EvalTask::fewshot:
      return {kFewshot, EvalScores::shots};
    case EvalTask::retrieval:
      return {kRetrieval, EvalScores::data};
    case EvalTask::zero_shot:
      return {kZeroShot, EvalScores::data};
    case EvalTask::demo_accuracy:
      return {kAccuracy, EvalScores::task};
    case EvalTask::demo_robustness:
      return {kRobustness, EvalScores::task};
  }
  throw std::logic_error("unknown task");
}

}  // namespace ablate
