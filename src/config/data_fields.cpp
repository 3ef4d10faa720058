// [data]: what is read, and how it is mixed and packed.
#include "config/field_rows.hpp"

namespace ablate {

namespace {

/// Whether the mixture of stage vlm draws the kind of documents with that weight.
template <std::size_t Kind>
bool is_mixed_in(const Experiment& e, Stage) {
  return Kind < e.data.mix.size() && e.data.mix[Kind] > 0;
}
bool draws_captions(const Experiment& e, Stage stage) {
  return stage == Stage::encoder ? has_text_tower(e, stage) : is_mixed_in<0>(e, stage);
}
bool draws_text(const Experiment& e, Stage stage) { return stage == Stage::llm || is_mixed_in<2>(e, stage); }
// Keys that came later: at their defaults they are no part of a job, which stays the one that it was.
bool has_marks(const Experiment& e, Stage) { return e.data.chat_format != ChatFormat::plain; }
bool has_questions(const Experiment& e, Stage) { return !e.data.sft_questions.empty(); }
bool has_instructions(const Experiment& e, Stage) { return !e.data.sft_text.empty(); }
bool has_shares(const Experiment& e, Stage) { return !e.data.sft_shares.empty(); }
bool has_system_prompt(const Experiment& e, Stage) { return !e.data.system_prompt.empty(); }
bool reads_text(const Experiment& e, Stage stage) {
  return stage != Stage::encoder || has_text_tower(e, stage);
}

}  // namespace

std::vector<FieldRow> data_rows() {
  using enum Stage;
  return {
      {KEY(data.encoder).changes(encoder).files(SourceKind::documents),
       "Captioned pictures that the encoder is pre-trained on."},
      {KEY(data.captions).changes(vlm).where(is_mixed_in<0>).files(SourceKind::documents),
       "Captioned pictures."},
      {KEY(data.interleaved).changes(vlm).where(is_mixed_in<1>).files(SourceKind::documents),
       "Documents of text and pictures in turn."},
      {KEY(data.text).changes(llm, vlm).where(draws_text).files(SourceKind::text), "Text-only documents."},
      {KEY(data.sft).changes(sft).files(SourceKind::documents),
       "Conversations of one turn or more, about pictures or not."},
      {KEY(data.sft_questions).changes(sft).where(has_questions).files(SourceKind::documents),
       "Questions with a short answer each, as of academic sets; data.sft_instruction follows them."},
      {KEY(data.sft_text).changes(sft).where(has_instructions).files(SourceKind::documents),
       "Conversations without pictures."},
      {KEY(data.sft_shares).in(0, kNoLimit).changes(sft).where(has_shares),
       "Weights of the sources of data.sft, data.sft_questions and data.sft_text, in this order: each packed "
       "sequence is of one source, drawn by them; empty: all examples are shuffled together."},
      {KEY(data.sft_instruction).changes(sft).where(has_questions),
       "Line after each question of data.sft_questions."},
      {KEY(data.tokenizer)
           .changes(encoder, llm, vlm, sft, eval)
           .where(reads_text)
           .files(SourceKind::tokenizer),
       "SentencePiece model file."},
      {KEY(data.mix).in(0, kNoLimit).changes(vlm),
       "Weights of captions, interleaved documents and text: each packed sequence is of one kind, drawn by "
       "them."},
      {KEY(data.synthetic_share).in(0, 1).changes(encoder, vlm).where(draws_captions),
       "Probability that a picture comes with its synthetic caption, where it has one."},
      {KEY(data.seq_len).in(2, 16777216, "tokens").changes(kDecoder),
       "Length of a packed sequence, visual tokens included."},
      {KEY(data.max_images).in(1, 65536, "images").changes(kJoint), "Most pictures in one sequence."},
      {KEY(data.image_fit).changes(kVision),
       "How a picture becomes a square: stretch changes its aspect ratio, crop keeps the middle, pad adds "
       "white."},
      {KEY(data.chat_format).changes(sft).where(has_marks),
       "How stage sft, and evaluations of its model, write conversations: plain puts an end behind each "
       "answer "
       "and nothing else, vicuna also USER: and ASSISTANT: before the turns, chatml the pieces <|im_start|> "
       "and "
       "<|im_end|> around them."},
      {KEY(data.system_prompt).changes(sft).where(has_system_prompt),
       "What stands first in conversations that have no system prompt of their own, in stage sft and in "
       "evaluations of its model."},
  };
}

}  // namespace ablate
