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
      {KEY(data.sft).changes(sft).files(SourceKind::documents), "Instructions with their answers."},
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
  };
}

}  // namespace ablate
