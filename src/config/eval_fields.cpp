// [eval]: what is measured, and on which data.
#include "config/field_rows.hpp"

namespace ablate {

namespace {

/// A key that came later: at its default it is no part of a job, which stays the one that it was.
bool has_heldout_turns(const Experiment& e, Stage) { return !e.eval.sft.empty(); }
bool limits_sub_images(const Experiment& e, Stage) {
  const bool any = e.train_vlm.sub_images != SubImages::none || e.train_sft.sub_images != SubImages::none;
  return any && e.eval.sub_image_pictures != 0;
}

}  // namespace

std::vector<FieldRow> eval_rows() {
  using enum Stage;
  return {
      {KEY(eval.tasks), "Evaluations; each is a job of its own."},
      {KEY(eval.of),
       "Whose model the evaluations of decoders look at: that of the last stage that they can look at, or "
       "llm, "
       "vlm or sft; as an axis with the levels vlm and sft it says what tuning changes."},
      {KEY(eval.captions).changes(eval).files(SourceKind::documents),
       "Held-out captioned pictures: for heldout-loss, caption and retrieval."},
      {KEY(eval.interleaved).changes(eval).files(SourceKind::documents),
       "Held-out interleaved documents: for heldout-loss."},
      {KEY(eval.text).changes(eval).files(SourceKind::text), "Held-out text: for heldout-loss."},
      {KEY(eval.sft).changes(eval).where(has_heldout_turns).files(SourceKind::documents),
       "Held-out conversations, whose answers count: for heldout-loss."},
      {KEY(eval.questions).changes(eval).files(SourceKind::documents),
       "Held-out questions about pictures, with their answers: for vqa."},
      {KEY(eval.doctext).changes(eval).files(SourceKind::documents),
       "Questions whose answer is a word in the picture: for doctext."},
      {KEY(eval.episodes).changes(eval).files(SourceKind::documents),
       "Few-shot episodes, whose names must be learnt from their own examples: for fewshot."},
      {KEY(eval.labelled).changes(eval).files(SourceKind::documents),
       "Questions whose answer is the picture's class: for zero-shot."},
      {KEY(eval.shots).in(0, 1024).changes(eval), "Numbers of examples shown before each question."},
      {KEY(eval.sub_image_pictures).in(0, 1024, "pictures").changes(eval).where(limits_sub_images),
       "Pictures at the end of a prompt that have sub-images, where the stage has any; those before, of "
       "examples, are seen as a whole alone. 0: all."},
      {KEY(eval.max_examples).in(1, kMaxCount, "examples").changes(eval),
       "Most examples that an evaluation looks at, of each kind of data; the same ones under all seeds."},
      {KEY(eval.choices).in(2, 1024, "captions").changes(eval),
       "Captions that the right one is to be told from by likelihood, itself among them."},
      {KEY(eval.max_new_tokens).in(0, 65536, "tokens").changes(eval),
       "Longest text that a model writes in an evaluation; 0: it writes none, and is only asked what it "
       "finds likely."},
      {KEY(eval.caption_prompt).changes(eval),
       "Text between a picture and its caption: MM1's is 'A photo of'."},
      {KEY(eval.question_prompt).changes(eval),
       "Text between a picture and the answer, with {} for the question: MM1's is 'Question: {} Short "
       "answer:'."},
      {KEY(eval.class_prompts).changes(eval),
       "Captions with {} for a class, whose mean stands for the class in zero-shot classification."},
  };
}

}  // namespace ablate
