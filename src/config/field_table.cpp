// One row per key; a new key is one row here and one member in experiment.hpp.
#include "config/field_table.hpp"

#include <fmt/format.h>

#include "config/names.hpp"

namespace ablate {

namespace {

using enum Stage;
constexpr StageSet kNoStage;
constexpr StageSet kVision = {encoder, vlm, sft};
constexpr StageSet kDecoder = {llm, vlm, sft};
constexpr StageSet kJoint = {vlm, sft};
constexpr StageSet kPictured = {encoder, vlm, sft};
constexpr SourceKind kDocuments = SourceKind::documents, kText = SourceKind::text,
                     kTokenizer = SourceKind::tokenizer, kWeights = SourceKind::weights;

template <typename E>
FieldRef enum_ref(E& member) {
  return EnumRef{&member, [](const void* p) { return to_name(*static_cast<const E*>(p)); },
                 [](void* p, std::string_view name) { *static_cast<E*>(p) = from_name<E>(name); },
                 [](const void* p) { return static_cast<std::int64_t>(*static_cast<const E*>(p)); },
                 known_names<E>};
}

template <typename E>
FieldRef enum_ref(std::vector<E>& member) {
  return EnumListRef{&member, [](const void* p) { return to_names(*static_cast<const std::vector<E>*>(p)); },
                     [](void* p, const std::vector<std::string>& names) {
                       auto& values = *static_cast<std::vector<E>*>(p);
                       values.clear();
                       for (const std::string& name : names) values.push_back(from_name<E>(name));
                     },
                     known_names<E>};
}

// Field::applies
bool has_text_tower(const Experiment& e, Stage) { return is_contrastive(e.encoder.loss); }
bool has_encoder(const Experiment& e, Stage) { return e.encoder.loss != EncoderLoss::none; }
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
/// Whether the mixture of stage vlm draws the kind of documents with that weight.
template <std::size_t Kind>
bool is_mixed_in(const Experiment& e, Stage) {
  return Kind < e.data.mix.size() && e.data.mix[Kind] > 0;
}
bool draws_captions(const Experiment& e, Stage stage) {
  return stage == encoder ? has_text_tower(e, stage) : is_mixed_in<0>(e, stage);
}
bool draws_text(const Experiment& e, Stage stage) { return stage == llm || is_mixed_in<2>(e, stage); }
bool reads_text(const Experiment& e, Stage stage) { return stage != encoder || has_text_tower(e, stage); }

#define MEMBER(expression) [](Experiment& e) -> FieldRef { return &e.expression; }
#define ENUM_MEMBER(expression) [](Experiment& e) -> FieldRef { return enum_ref(e.expression); }
#define TRAIN_MEMBER(name) [](Experiment& e) -> FieldRef { return &(e.*T).name; }
#define TRAIN_ENUM(name) [](Experiment& e) -> FieldRef { return enum_ref((e.*T).name); }

/// [train.STAGE]: the same keys for every stage that trains.
template <Train Experiment::*T>
void add_training(std::vector<Field>& table, Stage stage) {
  const std::string prefix = fmt::format("train.{}.", to_name(stage));
  const StageSet only = {stage};
  const auto add = [&](const char* leaf, const char* unit, double low, double high,
                       FieldRef (*member)(Experiment&), const char* doc) {
    table.push_back({prefix + leaf, unit, low, high, member, only, doc});
  };
  add("steps", "steps", 1, kMaxCount, TRAIN_MEMBER(steps), "Optimiser steps of the stage.");
  add("batch", stage == encoder ? "images" : "sequences", 1, kMaxCount, TRAIN_MEMBER(batch),
      "Examples in one optimiser step, over all accumulated micro-batches.");
  add("peak_lr", "", 0, 10, TRAIN_MEMBER(peak_lr), "Learning rate at the end of the warm-up.");
  add("min_lr_ratio", "", 0, 1, TRAIN_MEMBER(min_lr_ratio),
      "Learning rate at the last step, as a share of peak_lr.");
  table.back().applies = [](const Experiment& e, Stage) { return (e.*T).schedule != LrSchedule::constant; };
  add("warmup_steps", "steps", 0, kMaxCount, TRAIN_MEMBER(warmup_steps),
      "Steps of linear warm-up from zero to peak_lr.");
  add("schedule", "", 0, 0, TRAIN_ENUM(schedule), "How the learning rate falls behind the warm-up.");
  add("weight_decay", "", 0, 10, TRAIN_MEMBER(weight_decay),
      "Decoupled decay: each step also multiplies the weights by 1 - lr * weight_decay (PyTorch's "
      "convention).");
  add("beta1", "", 0, 1, TRAIN_MEMBER(beta1), "AdamW's decay of the mean gradient.");
  add("beta2", "", 0, 1, TRAIN_MEMBER(beta2), "AdamW's decay of the mean squared gradient.");
  add("epsilon", "", 0, 1, TRAIN_MEMBER(epsilon), "AdamW's term against division by zero.");
  add("grad_clip", "", 0, kNoLimit, TRAIN_MEMBER(grad_clip),
      "Largest global norm of the gradient; 0: not clipped.");
  add("ema", "", 0, 1, TRAIN_MEMBER(ema),
      "Decay of a moving average of the weights, which is then evaluated; 0: none.");
  add("precision", "", 0, 0, TRAIN_ENUM(precision),
      "Number format of the arithmetic; weights are kept in fp32.");
  if (stage == encoder) return;
  add("z_loss", "", 0, 1, TRAIN_MEMBER(z_loss),
      "Weight of the squared log of the softmax's denominator; 0: none.");
  if (stage == llm) return;
  // Stage sft goes on at the resolution of stage vlm. A job has what comes of it as encoder.resolution
  // (canonical.hpp), also without an encoder.
  table.push_back(
      {prefix + "resolution", "px", 0, 16384, TRAIN_MEMBER(resolution), stage == vlm ? kJoint : only,
       "Side of the pictures in this stage; 0: as the stage before. Position embeddings are interpolated.",
       has_encoder});
  table.push_back({prefix + "freeze", "", 0, 0, TRAIN_ENUM(freeze), only,
                   "Parts of the model that this stage keeps as they are."});
}

}  // namespace

std::vector<Field> make_field_table() {
  std::vector<Field> table = {
      {"stages", "", 0, 0, ENUM_MEMBER(stages), kNoStage,
       "The stages that each run goes through; a stage that is left out starts from init or at random."},

      {"encoder.preset", "", 0, 0, ENUM_MEMBER(encoder.preset), kNoStage,
       "Sets patch, width, layers, heads and mlp_width to those of a known encoder; keys beside it win.",
       has_encoder},
      {"encoder.loss", "", 0, 0, ENUM_MEMBER(encoder.loss), kVision,
       "What the encoder is pre-trained with; none: no encoder, patches go straight into the decoder."},
      {"encoder.resolution", "px", 1, 16384, MEMBER(encoder.resolution), kVision,
       "Side of the square pictures that the encoder is pre-trained on."},
      {"encoder.patch", "px", 1, 1024, MEMBER(encoder.patch), kVision,
       "Side of a patch; the resolution is a multiple."},
      {"encoder.width", "", 1, 65536, MEMBER(encoder.width), kVision, "Width of the vision transformer.",
       has_encoder},
      {"encoder.layers", "", 1, 1024, MEMBER(encoder.layers), kVision, "Blocks of the vision transformer.",
       has_encoder},
      {"encoder.heads", "", 1, 1024, MEMBER(encoder.heads), kVision,
       "Attention heads; they divide the width.", has_encoder},
      {"encoder.mlp_width", "", 1, 262144, MEMBER(encoder.mlp_width), kVision,
       "Hidden width of each block's MLP.", has_encoder},
      {"encoder.activation", "", 0, 0, ENUM_MEMBER(encoder.activation), kVision,
       "Non-linearity of the towers' MLPs; weights from elsewhere need their own.", has_encoder},
      {"encoder.pixel_mean", "", -10, 10, MEMBER(encoder.pixel_mean), kVision,
       "Subtracted from red, green and blue in 0 to 1; weights from elsewhere need their own."},
      {"encoder.pixel_std", "", 1e-6, 10, MEMBER(encoder.pixel_std), kVision,
       "What they are divided by then."},
      {"encoder.text.width",
       "",
       1,
       65536,
       MEMBER(encoder.text.width),
       {encoder},
       "Width of the text tower.",
       has_text_tower},
      {"encoder.text.layers",
       "",
       1,
       1024,
       MEMBER(encoder.text.layers),
       {encoder},
       "Blocks of the text tower.",
       has_text_tower},
      {"encoder.text.heads",
       "",
       1,
       1024,
       MEMBER(encoder.text.heads),
       {encoder},
       "Attention heads of the text tower.",
       has_text_tower},
      {"encoder.text.mlp_width",
       "",
       1,
       262144,
       MEMBER(encoder.text.mlp_width),
       {encoder},
       "Hidden width of each of its blocks' MLP.",
       has_text_tower},
      {"encoder.text.vocab_size",
       "tokens",
       2,
       4194304,
       MEMBER(encoder.text.vocab_size),
       {encoder},
       "Pieces that the text tower knows; at least those of the tokenizer.",
       has_text_tower},
      {"encoder.text.context",
       "tokens",
       1,
       65536,
       MEMBER(encoder.text.context),
       {encoder},
       "Longest caption that the text tower reads.",
       has_text_tower},
      {"encoder.text.embed_width",
       "",
       1,
       65536,
       MEMBER(encoder.text.embed_width),
       {encoder},
       "Width of the space in which pictures and captions are compared; siglip has it in the encoder's "
       "width.",
       is_clip},
      {"encoder.aim_head_layers",
       "",
       0,
       1024,
       MEMBER(encoder.aim_head_layers),
       {encoder},
       "Residual MLP blocks of AIM's prediction head.",
       is_aim},
      {"encoder.aim_head_width",
       "",
       1,
       65536,
       MEMBER(encoder.aim_head_width),
       {encoder},
       "Width of AIM's prediction head.",
       is_aim},
      {"encoder.vae_latent_width",
       "",
       1,
       65536,
       MEMBER(encoder.vae_latent_width),
       {encoder},
       "Latent numbers for each patch.",
       is_vae},
      {"encoder.vae_decoder_layers",
       "",
       0,
       1024,
       MEMBER(encoder.vae_decoder_layers),
       {encoder},
       "Blocks of the VAE's decoder, shaped as the encoder's.",
       is_vae},
      {"encoder.vae_kl_weight",
       "",
       0,
       kNoLimit,
       MEMBER(encoder.vae_kl_weight),
       {encoder},
       "Weight of the Kullback-Leibler term.",
       is_vae},
      {"encoder.init",
       "",
       0,
       0,
       MEMBER(encoder.init),
       {encoder, vlm},
       "Safetensors file that the encoder starts from; empty: random weights.",
       has_encoder,
       kWeights},

      {"connector.kind", "", 0, 0, ENUM_MEMBER(connector.kind), kJoint,
       "How image features become decoder tokens.", has_encoder},
      {"connector.tokens", "tokens", 1, 65536, MEMBER(connector.tokens), kJoint,
       "Visual tokens for each picture; a square number for average-pool and c-abstractor.", pools},
      {"connector.width", "", 1, 65536, MEMBER(connector.width), kJoint, "Hidden width of the C-Abstractor.",
       has_c_abstractor_blocks},
      {"connector.depth", "", 0, 64, MEMBER(connector.depth), kJoint,
       "Convolution blocks before and behind the C-Abstractor's pooling.", is_c_abstractor},
      {"connector.heads", "", 1, 1024, MEMBER(connector.heads), kJoint,
       "Attention heads of the attention pooling.", is_attention_pool},

      {"llm.preset", "", 0, 0, ENUM_MEMBER(llm.preset), kNoStage,
       "Sets layers, width, heads, kv_heads and mlp_width to those of a known size; keys beside it win."},
      {"llm.layers", "", 1, 1024, MEMBER(llm.layers), kDecoder, "Blocks of the decoder."},
      {"llm.width", "", 2, 65536, MEMBER(llm.width), kDecoder, "Width of the decoder."},
      {"llm.heads", "", 1, 1024, MEMBER(llm.heads), kDecoder, "Attention heads; they divide the width."},
      {"llm.kv_heads", "", 1, 1024, MEMBER(llm.kv_heads), kDecoder,
       "Key and value heads (grouped-query attention); they divide the heads."},
      {"llm.mlp_width", "", 1, 262144, MEMBER(llm.mlp_width), kDecoder,
       "Hidden width of each block's SwiGLU."},
      {"llm.vocab_size", "tokens", 2, 4194304, MEMBER(llm.vocab_size), kDecoder, "Pieces of the tokenizer."},
      {"llm.tied_head", "", 0, 0, MEMBER(llm.tied_head), kDecoder,
       "Whether the output head is the embedding's matrix."},
      {"llm.rope_theta", "", 1, 1e12, MEMBER(llm.rope_theta), kDecoder,
       "Base of the rotary position embedding."},
      {"llm.norm_epsilon", "", 0, 1, MEMBER(llm.norm_epsilon), kDecoder,
       "Term against division by zero in the decoder's normalisations."},
      {"llm.init",
       "",
       0,
       0,
       MEMBER(llm.init),
       {llm, vlm},
       "Safetensors file that the decoder starts from; empty: random weights.",
       nullptr,
       kWeights},

      {"data.encoder",
       "",
       0,
       0,
       MEMBER(data.encoder),
       {encoder},
       "Captioned pictures that the encoder is pre-trained on.",
       nullptr,
       kDocuments},
      {"data.captions",
       "",
       0,
       0,
       MEMBER(data.captions),
       {vlm},
       "Captioned pictures.",
       is_mixed_in<0>,
       kDocuments},
      {"data.interleaved",
       "",
       0,
       0,
       MEMBER(data.interleaved),
       {vlm},
       "Documents of text and pictures in turn.",
       is_mixed_in<1>,
       kDocuments},
      {"data.text", "", 0, 0, MEMBER(data.text), {llm, vlm}, "Text-only documents.", draws_text, kText},
      {"data.sft",
       "",
       0,
       0,
       MEMBER(data.sft),
       {sft},
       "Instructions with their answers.",
       nullptr,
       kDocuments},
      {"data.tokenizer",
       "",
       0,
       0,
       MEMBER(data.tokenizer),
       {encoder, llm, vlm, sft, eval},
       "SentencePiece model file.",
       reads_text,
       kTokenizer},
      {"data.mix",
       "",
       0,
       kNoLimit,
       MEMBER(data.mix),
       {vlm},
       "Weights of captions, interleaved documents and text: each packed sequence is of one kind, drawn by "
       "them."},
      {"data.synthetic_share",
       "",
       0,
       1,
       MEMBER(data.synthetic_share),
       {encoder, vlm},
       "Probability that a picture comes with its synthetic caption, where it has one.",
       draws_captions},
      {"data.seq_len", "tokens", 2, 16777216, MEMBER(data.seq_len), kDecoder,
       "Length of a packed sequence, visual tokens included."},
      {"data.max_images", "images", 1, 65536, MEMBER(data.max_images), kJoint,
       "Most pictures in one sequence."},
      {"data.image_fit", "", 0, 0, ENUM_MEMBER(data.image_fit), kPictured,
       "How a picture becomes a square: stretch changes its aspect ratio, crop keeps the middle, pad adds "
       "white."},
  };
  add_training<&Experiment::train_encoder>(table, encoder);
  add_training<&Experiment::train_llm>(table, llm);
  add_training<&Experiment::train_vlm>(table, vlm);
  add_training<&Experiment::train_sft>(table, sft);
  const std::vector<Field> rest = {
      {"eval.tasks", "", 0, 0, ENUM_MEMBER(eval.tasks), kNoStage, "Evaluations; each is a job of its own."},
      {"eval.captions",
       "",
       0,
       0,
       MEMBER(eval.captions),
       {eval},
       "Held-out captioned pictures: for heldout-loss, caption and retrieval.",
       nullptr,
       kDocuments},
      {"eval.interleaved",
       "",
       0,
       0,
       MEMBER(eval.interleaved),
       {eval},
       "Held-out interleaved documents: for heldout-loss.",
       nullptr,
       kDocuments},
      {"eval.text", "", 0, 0, MEMBER(eval.text), {eval}, "Held-out text: for heldout-loss.", nullptr, kText},
      {"eval.questions",
       "",
       0,
       0,
       MEMBER(eval.questions),
       {eval},
       "Held-out questions about pictures, with their answers: for vqa.",
       nullptr,
       kDocuments},
      {"eval.doctext",
       "",
       0,
       0,
       MEMBER(eval.doctext),
       {eval},
       "Questions whose answer is a word in the picture: for doctext.",
       nullptr,
       kDocuments},
      {"eval.episodes",
       "",
       0,
       0,
       MEMBER(eval.episodes),
       {eval},
       "Few-shot episodes, whose names must be learnt from their own examples: for fewshot.",
       nullptr,
       kDocuments},
      {"eval.labelled",
       "",
       0,
       0,
       MEMBER(eval.labelled),
       {eval},
       "Questions whose answer is the picture's class: for zero-shot.",
       nullptr,
       kDocuments},
      {"eval.shots",
       "",
       0,
       1024,
       MEMBER(eval.shots),
       {eval},
       "Numbers of examples shown before each question."},
      {"eval.max_examples",
       "examples",
       1,
       kMaxCount,
       MEMBER(eval.max_examples),
       {eval},
       "Most examples that an evaluation looks at, of each kind of data; the same ones under all seeds."},
      {"eval.choices",
       "captions",
       2,
       1024,
       MEMBER(eval.choices),
       {eval},
       "Captions that the right one is to be told from by likelihood, itself among them."},
      {"eval.max_new_tokens",
       "tokens",
       0,
       65536,
       MEMBER(eval.max_new_tokens),
       {eval},
       "Longest text that a model writes in an evaluation; 0: it writes none, and is only asked what it "
       "finds likely."},
      {"eval.caption_prompt",
       "",
       0,
       0,
       MEMBER(eval.caption_prompt),
       {eval},
       "Text between a picture and its caption: MM1's is 'A photo of'."},
      {"eval.question_prompt",
       "",
       0,
       0,
       MEMBER(eval.question_prompt),
       {eval},
       "Text between a picture and the answer, with {} for the question: MM1's is 'Question: {} Short "
       "answer:'."},
      {"eval.class_prompts",
       "",
       0,
       0,
       MEMBER(eval.class_prompts),
       {eval},
       "Captions with {} for a class, whose mean stands for the class in zero-shot classification."},

      {"demo.resolution",
       "px",
       2,
       16,
       MEMBER(demo.resolution),
       {demo},
       "Side of the drawings that the demonstration's perceptron sees: 2, 4, 8 or 16."},
      {"demo.width",
       "",
       1,
       4096,
       MEMBER(demo.width),
       {demo},
       "Hidden units of the demonstration's perceptron."},
      {"demo.steps", "steps", 1, 1e9, MEMBER(demo.steps), {demo}, "Training steps of the demonstration."},
      {"demo.batch", "images", 1, 65536, MEMBER(demo.batch), {demo}, "Drawings in each of its steps."},
      {"demo.noise",
       "",
       0,
       100,
       MEMBER(demo.noise),
       {demo},
       "Standard deviation of the noise on each of its drawings."},
      {"demo.peak_lr",
       "",
       0,
       100,
       MEMBER(demo.peak_lr),
       {demo},
       "Its learning rate, which falls along a cosine to zero."},

      {"run.log_interval", "steps", 1, kMaxCount, MEMBER(run.log_interval), kNoStage,
       "Steps between two log points."},
      {"run.checkpoint_interval", "steps", 1, kMaxCount, MEMBER(run.checkpoint_interval), kNoStage,
       "Steps between two checkpoints."},
      {"run.keep_checkpoints", "", 1, 1000, MEMBER(run.keep_checkpoints), kNoStage,
       "Checkpoints that are kept, the last ones."},
      {"run.micro_batch", "", 0, kMaxCount, MEMBER(run.micro_batch), kNoStage,
       "Sequences that go through the decoder at a time; 0: the whole batch."},
      {"run.encoder_micro_batch", "", 0, kMaxCount, MEMBER(run.encoder_micro_batch), kNoStage,
       "Pictures that go through the model at a time in the encoder's own pre-training; 0: the whole batch. "
       "A "
       "contrastive loss still compares the whole batch."},
      {"run.activation_checkpointing", "", 0, 0, MEMBER(run.activation_checkpointing), kNoStage,
       "Whether blocks are computed again in the backward pass, which saves memory and costs a third more "
       "time; the numbers stay the same."},
      {"run.cuda_graphs", "", 0, 0, MEMBER(run.cuda_graphs), kNoStage,
       "Whether stage llm records its passes once and replays them: for small models on a GPU, where "
       "launches "
       "take longer than the work."},
      {"run.retries", "", 0, 1000000, MEMBER(run.retries), kNoStage,
       "Attempts in a row that may end without progress before a job has failed."},
      {"run.timeout", "s", 0, kNoLimit, MEMBER(run.timeout), kNoStage,
       "Longest time of one attempt; 0: any."},
      {"run.heartbeat", "s", 0, kNoLimit, MEMBER(run.heartbeat), kNoStage,
       "An attempt whose journal does not grow for so long is given up; 0: never."},
      {"run.max_broken_share", "", 0, 1, MEMBER(run.max_broken_share), kNoStage,
       "A job fails when more than this share of the documents that it read is broken (and more than ten)."},
  };
  table.insert(table.end(), rest.begin(), rest.end());
  for (std::size_t i = 0; i < table.size(); ++i) table[i].index = i;
  return table;
}

#undef MEMBER
#undef ENUM_MEMBER
#undef TRAIN_MEMBER
#undef TRAIN_ENUM

}  // namespace ablate
