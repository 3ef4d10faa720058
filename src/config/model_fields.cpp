// [encoder], [connector] and [llm]: what the model is.
#include "config/field_rows.hpp"

namespace ablate {

namespace {

bool is_clip(const Experiment& e, Stage) { return e.encoder.loss == EncoderLoss::clip; }
bool is_aim(const Experiment& e, Stage) { return e.encoder.loss == EncoderLoss::aim; }
bool is_vae(const Experiment& e, Stage) { return e.encoder.loss == EncoderLoss::vae; }
bool pools(const Experiment& e, Stage stage) {
  return has_encoder(e, stage) && e.connector.kind != ConnectorKind::mlp;
}
bool is_c_abstractor(const Experiment& e, Stage stage) {
  return has_encoder(e, stage) && e.connector.kind == ConnectorKind::c_abstractor;
}
bool has_c_abstractor_blocks(const Experiment& e, Stage stage) {
  return is_c_abstractor(e, stage) && e.connector.depth > 0;
}
bool is_attention_pool(const Experiment& e, Stage stage) {
  return has_encoder(e, stage) && e.connector.kind == ConnectorKind::attention_pool;
}

bool has_experts(const Experiment& e, Stage stage) { return llm_of(e, stage).moe.experts > 0; }

}  // namespace

std::vector<FieldRow> encoder_rows() {
  return {
      {KEY(encoder.preset).where(has_encoder),
       "Sets patch, width, layers, heads and mlp_width to those of a known encoder; keys beside it win."},
      {KEY(encoder.loss).changes(kVision),
       "What the encoder is pre-trained with; none: no encoder, patches go straight into the decoder."},
      {KEY(encoder.resolution).in(1, 16384, "px").changes(kVision),
       "Side of the square pictures that the encoder is pre-trained on."},
      {KEY(encoder.patch).in(1, 1024, "px").changes(kVision),
       "Side of a patch; the resolution is a multiple."},
      {KEY(encoder.width).in(1, 65536).changes(kVision).where(has_encoder),
       "Width of the vision transformer."},
      {KEY(encoder.layers).in(1, 1024).changes(kVision).where(has_encoder),
       "Blocks of the vision transformer."},
      {KEY(encoder.heads).in(1, 1024).changes(kVision).where(has_encoder),
       "Attention heads; they divide the width."},
      {KEY(encoder.mlp_width).in(1, 262144).changes(kVision).where(has_encoder),
       "Hidden width of each block's MLP."},
      {KEY(encoder.activation).changes(kVision).where(has_encoder),
       "Non-linearity of the towers' MLPs; weights from elsewhere need their own."},
      {KEY(encoder.pixel_mean).in(-10, 10).changes(kVision),
       "Subtracted from red, green and blue in 0 to 1; weights from elsewhere need their own."},
      {KEY(encoder.pixel_std).in(1e-6, 10).changes(kVision), "What they are divided by then."},
  };
}

std::vector<FieldRow> text_tower_rows() {
  using enum Stage;
  return {
      {KEY(encoder.text.width).in(1, 65536).changes(encoder).where(has_text_tower),
       "Width of the text tower."},
      {KEY(encoder.text.layers).in(1, 1024).changes(encoder).where(has_text_tower),
       "Blocks of the text tower."},
      {KEY(encoder.text.heads).in(1, 1024).changes(encoder).where(has_text_tower),
       "Attention heads of the text tower."},
      {KEY(encoder.text.mlp_width).in(1, 262144).changes(encoder).where(has_text_tower),
       "Hidden width of each of its blocks' MLP."},
      {KEY(encoder.text.vocab_size).in(2, 4194304, "tokens").changes(encoder).where(has_text_tower),
       "Pieces that the text tower knows; at least those of the tokenizer."},
      {KEY(encoder.text.context).in(2, 65536, "tokens").changes(encoder).where(has_text_tower),
       "Longest caption that the text tower reads, its end included."},
      {KEY(encoder.text.embed_width).in(1, 65536).changes(encoder).where(is_clip),
       "Width of the space in which pictures and captions are compared; siglip has it in the encoder's "
       "width."},
  };
}

std::vector<FieldRow> encoder_head_rows() {
  using enum Stage;
  return {
      {KEY(encoder.aim_head_layers).in(0, 1024).changes(encoder).where(is_aim),
       "Residual MLP blocks of AIM's prediction head."},
      {KEY(encoder.aim_head_width).in(1, 65536).changes(encoder).where(is_aim),
       "Width of AIM's prediction head."},
      {KEY(encoder.vae_latent_width).in(1, 65536).changes(encoder).where(is_vae),
       "Latent numbers for each patch."},
      {KEY(encoder.vae_decoder_layers).in(0, 1024).changes(encoder).where(is_vae),
       "Blocks of the VAE's decoder, shaped as the encoder's."},
      {KEY(encoder.vae_kl_weight).in(0, kNoLimit).changes(encoder).where(is_vae),
       "Weight of the Kullback-Leibler term."},
      {KEY(encoder.init).changes(encoder, vlm).where(has_encoder).files(SourceKind::weights),
       "Safetensors file that the encoder starts from; empty: random weights."},
  };
}

std::vector<FieldRow> connector_rows() {
  return {
      {KEY(connector.kind).changes(kJoint).where(has_encoder), "How image features become decoder tokens."},
      {KEY(connector.tokens).in(1, 65536, "tokens").changes(kJoint).where(pools),
       "Visual tokens for each picture; a square number for average-pool and c-abstractor."},
      {KEY(connector.width).in(1, 65536).changes(kJoint).where(has_c_abstractor_blocks),
       "Hidden width of the C-Abstractor."},
      {KEY(connector.depth).in(0, 64).changes(kJoint).where(is_c_abstractor),
       "Convolution blocks before and after the C-Abstractor's pooling."},
      {KEY(connector.heads).in(1, 1024).changes(kJoint).where(is_attention_pool),
       "Attention heads of the attention pooling."},
  };
}

std::vector<FieldRow> llm_rows() {
  using enum Stage;
  return {
      {KEY(llm.preset),
       "Sets layers, width, heads, kv_heads and mlp_width to those of a known size; keys beside it win."},
      {KEY(llm.layers).in(1, 1024).changes(kDecoder), "Blocks of the decoder."},
      {KEY(llm.width).in(2, 65536).changes(kDecoder), "Width of the decoder."},
      {KEY(llm.heads).in(1, 1024).changes(kDecoder), "Attention heads; they divide the width."},
      {KEY(llm.kv_heads).in(1, 1024).changes(kDecoder),
       "Key and value heads (grouped-query attention); they divide the heads."},
      {KEY(llm.mlp_width).in(1, 262144).changes(kDecoder), "Hidden width of each block's SwiGLU."},
      {KEY(llm.vocab_size).in(2, 4194304, "tokens").changes(kDecoder), "Pieces of the tokenizer."},
      {KEY(llm.tied_head).changes(kDecoder), "Whether the output head is the embedding's matrix."},
      {KEY(llm.rope_theta).in(1, 1e12).changes(kDecoder), "Base of the rotary position embedding."},
      {KEY(llm.norm_epsilon).in(0, 1).changes(kDecoder),
       "Term against division by zero in the decoder's normalisations."},
      {KEY(llm.init).changes(llm, vlm).files(SourceKind::weights),
       "Safetensors file that the decoder starts from; empty: random weights."},
  };
}

std::vector<FieldRow> moe_rows() {
  return {
      {KEY(llm.moe.experts).in(0, 4096).changes(kDecoder).where(has_experts),
       "Experts in place of a block's MLP, each of its shape; 0: a dense decoder."},
      {KEY(llm.moe.every).in(1, 1024).changes(kDecoder).where(has_experts),
       "Every so many blocks one has experts, the last of them."},
      {KEY(llm.moe.top_k).in(1, 64).changes(kDecoder).where(has_experts), "Experts that each token goes to."},
      {KEY(llm.moe.capacity_factor).in(0, 4096).changes(kDecoder).where(has_experts),
       "In training an expert takes so many times data.seq_len / experts tokens of a sequence at most; 0: "
       "all "
       "that choose it."},
      {KEY(llm.moe.load_balance_loss).in(0, kNoLimit).changes(kDecoder).where(has_experts),
       "Weight of the loss that balances the experts' load."},
      {KEY(llm.moe.router_z_loss).in(0, kNoLimit).changes(kDecoder).where(has_experts),
       "Weight of log(Z)^2 of the routers' softmax."},
      {KEY(llm.moe.upcycle).changes(kDecoder).where(has_experts),
       "The stage in which each expert starts as a copy of a dense decoder's MLP, and before which there are "
       "no experts; none: experts from the first stage on."},
  };
}

}  // namespace ablate
