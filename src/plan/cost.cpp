#include "plan/cost.hpp"

#include <algorithm>
#include <cmath>

#include "config/check.hpp"
#include "config/names.hpp"

namespace ablate {

namespace {

constexpr double kTextTokensPerImage = 64;
constexpr double kDemoClasses = 8;

double real(std::int64_t value) { return static_cast<double>(value); }

/// A tower's block: attention, a two-matrix MLP, two LayerNorms; all matrices with biases, or none.
double block_params(double d, double f, bool biases = true) {
  return 4 * d * d + 2 * d * f + (biases ? 5 * d + f : 0) + 4 * d;
}
/// One block over T tokens.
double block_flops(double d, double f, double tokens) {
  return (8 * d * d + 4 * d * f) * tokens + 4 * d * tokens * tokens;
}

bool is_contrastive(EncoderLoss loss) { return loss == EncoderLoss::clip || loss == EncoderLoss::siglip; }
std::int64_t class_tokens(EncoderLoss loss) { return loss == EncoderLoss::clip ? 1 : 0; }
double patch_values(const Encoder& encoder) { return 3.0 * real(encoder.patch) * real(encoder.patch); }

/// The vision transformer as the decoder sees it: no projection, no head. CLIP's has a class token, a norm
/// before the blocks and no bias in the patch projection; SigLIP's and the VAE's the reverse; AIM's fixed
/// positions, a norm behind the patch projection and no biases.
double vision_params(const Experiment& e) {
  const Encoder& encoder = e.encoder;
  const double d = real(encoder.width), n = real(patches(encoder.resolution, encoder.patch));
  const bool biases = encoder.loss != EncoderLoss::aim;
  const double blocks = real(encoder.layers) * block_params(d, real(encoder.mlp_width), biases);
  const double common = patch_values(encoder) * d + blocks + 2 * d /* norm behind */;
  switch (encoder.loss) {
    case EncoderLoss::clip:
      return vit_params(encoder, encoder.resolution, 0);
    case EncoderLoss::siglip:
    case EncoderLoss::vae:
      return common + d + n * d;
    case EncoderLoss::aim:
      return common + 2 * d;
    case EncoderLoss::none:
      return 0;
  }
  throw std::logic_error("unknown encoder loss");
}

double vision_flops(const Experiment& e, std::int64_t resolution) {
  return e.encoder.loss == EncoderLoss::none ? 0
                                             : vit_flops(e.encoder, resolution, class_tokens(e.encoder.loss));
}

/// timm's RegNet bottleneck with squeeze-excite, as Honeybee's C-Abstractor uses it.
double bottleneck_params(double in, double h) {
  const double squeezed = std::round(0.25 * in);
  const double shortcut = in == h ? 0 : in * h + 2 * h;
  return in * h + 2 * h + 9 * h + 2 * h + (h * squeezed + squeezed + squeezed * h + h) + h * h + 2 * h +
         shortcut;
}
double bottleneck_flops(double in, double h, double pixels) {
  const double squeezed = std::round(0.25 * in);
  return 2 * (in * h + 9 * h + h * h + (in == h ? 0 : in * h)) * pixels + 4 * h * squeezed;
}

/// What a process takes before it has a model: libraries, threads, buffers of the data loader.
constexpr double kProcessBytes = 230e6;
/// Numbers that a block keeps for the backward pass, for each token: its input, two normalised inputs,
/// queries, keys and values, attention's output, the sum behind it, and the MLP's hidden values.
double kept_by_decoder_block(const Llm& llm) {
  const double d = real(llm.width), kv = d / real(llm.heads) * real(llm.kv_heads);
  return 6 * d + 2 * kv + 3 * real(llm.mlp_width);
}
double kept_by_tower_block(double d, double f) { return 8 * d + 2 * f; }

/// Bytes of a number in the backward pass's stock.
double number_bytes(Precision precision) { return precision == Precision::bf16 ? 2 : 4; }
/// Bytes of weights in fp32, and of gradients and AdamW's two moments of those that train; with a moving
/// average, of that.
double state_bytes(double params, double trainable, const Train& train) {
  return 4 * params + (train.ema > 0 ? 16 : 12) * trainable;
}
/// Activations of `layers` blocks over `tokens` tokens, and the gradients of one of them; with activation
/// checkpointing each block keeps its input alone, and one of them all.
double activation_bytes(const Experiment& e, double tokens, double layers, double width, double kept,
                        Precision precision) {
  const double numbers = e.run.activation_checkpointing ? layers * width + 2 * kept : (layers + 1) * kept;
  return tokens * numbers * number_bytes(precision);
}

/// The head's matrix, its gradient, and logits of so many rows as pass at a time (model/kernels.hpp).
double head_bytes(const Llm& llm, double tokens) {
  constexpr double kChunkBytes = 32e6;
  return 4 * real(llm.width) * (2 * tokens + real(llm.vocab_size)) +
         std::min(kChunkBytes, 4 * tokens * real(llm.vocab_size));
}

double examples_at_once(std::int64_t setting, const Train& train) {
  return real(setting > 0 ? std::min(setting, train.batch) : train.batch);
}

bool freezes(const Train& train, ModelPart part) {
  return std::find(train.freeze.begin(), train.freeze.end(), to_name(part)) != train.freeze.end();
}

Cost encoder_cost(const Experiment& e) {
  const Train& train = e.train_encoder;
  const double params = encoder_params(e), examples = examples_at_once(e.run.encoder_micro_batch, train);
  const double d = real(e.encoder.width);
  const double n = real(patches(e.encoder.resolution, e.encoder.patch));
  double memory =
      kProcessBytes + state_bytes(params, params, train) +
      activation_bytes(e, examples * (n + real(class_tokens(e.encoder.loss))), real(e.encoder.layers), d,
                       kept_by_tower_block(d, real(e.encoder.mlp_width)), train.precision);
  if (is_contrastive(e.encoder.loss)) {
    const TextTower& text = e.encoder.text;
    memory += activation_bytes(e, examples * real(text.context), real(text.layers), real(text.width),
                               kept_by_tower_block(real(text.width), real(text.mlp_width)), train.precision);
  } else if (e.encoder.loss == EncoderLoss::aim) {
    memory += examples * n * real(e.encoder.aim_head_layers) * 10 * real(e.encoder.aim_head_width) *
              number_bytes(train.precision);
  } else {
    memory += activation_bytes(e, examples * n, real(e.encoder.vae_decoder_layers), d,
                               kept_by_tower_block(d, real(e.encoder.mlp_width)), train.precision);
  }
  return {params, 3 * encoder_flops(e) * real(train.batch) * real(train.steps), memory};
}

/// The train.STAGE table and the pictures' resolution of a stage with a decoder; 0: text alone.
const Train& decoder_train(const Experiment& e, Stage stage) {
  return stage == Stage::llm ? e.train_llm : stage == Stage::vlm ? e.train_vlm : e.train_sft;
}
std::int64_t decoder_resolution(const Experiment& e, Stage stage) {
  return stage == Stage::llm ? 0 : stage == Stage::vlm ? vlm_resolution(e) : sft_resolution(e);
}

/// Which parts of a stage with a decoder train.
struct Trains {
  bool vision, connector, decoder;
};
Trains trains_of(const Experiment& e, Stage stage) {
  const Train& train = decoder_train(e, stage);
  const bool pictures = stage != Stage::llm;
  return {pictures && e.encoder.loss != EncoderLoss::none && !freezes(train, ModelPart::encoder),
          pictures && !freezes(train, ModelPart::connector), !freezes(train, ModelPart::llm)};
}

/// llm, vlm and sft: sequences of data.seq_len tokens, with pictures but for the llm stage.
Cost decoder_cost(const Experiment& e, Stage stage) {
  const Train& train = decoder_train(e, stage);
  const std::int64_t resolution = decoder_resolution(e, stage);
  const double images = resolution > 0 ? images_per_sequence(e, resolution) : 0;
  const std::int64_t patches_in = patches(resolution, e.encoder.patch);
  const double vision = resolution > 0 ? vision_params(e) : 0;
  const double connector = resolution > 0 ? connector_params(e, patches_in) : 0;
  const double decoder = llm_params(e.llm);
  const Trains trains = trains_of(e, stage);
  const SequenceFlops flops = training_flops(e, stage);

  const double trainable = vision * trains.vision + connector * trains.connector + decoder * trains.decoder;
  const double params = vision + connector + decoder;
  const double sequences = examples_at_once(e.run.micro_batch, train), d = real(e.llm.width);
  const double tokens = sequences * real(e.data.seq_len);
  double memory =
      kProcessBytes + state_bytes(params, trainable, train) + head_bytes(e.llm, tokens) +
      tokens * 2 * d * number_bytes(train.precision) +  // embeddings, before and with pictures
      activation_bytes(e, tokens, real(e.llm.layers), d, kept_by_decoder_block(e.llm), train.precision);
  if (trains.vision)
    memory += activation_bytes(e, sequences * images * real(patches_in + class_tokens(e.encoder.loss)),
                               real(e.encoder.layers), real(e.encoder.width),
                               kept_by_tower_block(real(e.encoder.width), real(e.encoder.mlp_width)),
                               train.precision);
  return {params, (flops.per_sequence + images * flops.per_image) * real(train.batch) * real(train.steps),
          memory};
}

Cost demo_cost(const Experiment& e) {
  const double inputs = real(e.demo.resolution) * real(e.demo.resolution), width = real(e.demo.width);
  const double params = inputs * width + width + width * kDemoClasses + kDemoClasses;
  const double forward = 2 * (inputs * width + width * kDemoClasses);
  return {params, 3 * forward * real(e.demo.batch) * real(e.demo.steps), 3 * 8 * params};
}

/// How an evaluation asks a model of language.
struct Asking {
  bool candidates = false, writes = false, shots = false;
};
Asking asking_of(EvalTask task) {
  switch (task) {
    case EvalTask::caption:
    case EvalTask::vqa:
    case EvalTask::doctext:
      return {.candidates = true, .writes = true, .shots = true};
    case EvalTask::fewshot:
      return {.candidates = true, .writes = false, .shots = true};
    case EvalTask::heldout_loss:
    case EvalTask::retrieval:
    case EvalTask::zero_shot:
    case EvalTask::demo_accuracy:
    case EvalTask::demo_robustness:
      return {};
  }
  throw std::logic_error("unknown task");
}

Cost eval_cost(const Experiment& e, EvalTask task) {
  const double examples = real(e.eval.max_examples);
  const Stage stage = find_evaluated_stage(e, task).value_or(Stage::vlm);
  if (stage == Stage::demo) {
    const Cost trained = demo_cost(e);
    return {trained.params, trained.flops / (3 * real(e.demo.batch) * real(e.demo.steps)) * examples,
            trained.memory_bytes};
  }
  if (stage == Stage::encoder) {
    const double params = encoder_params(e);
    return {params, encoder_flops(e) * examples, kProcessBytes + 4 * params};
  }
  const bool with_images = stage != Stage::llm;
  const std::int64_t resolution = stage == Stage::sft ? sft_resolution(e) : vlm_resolution(e);
  const std::int64_t patches_in = patches(resolution, e.encoder.patch);
  const double params =
      llm_params(e.llm) + (with_images ? vision_params(e) + connector_params(e, patches_in) : 0);
  const double per_image = with_images ? vision_flops(e, resolution) + connector_flops(e, patches_in) : 0;
  const Asking asking = asking_of(task);
  double flops = 0;
  if (task == EvalTask::heldout_loss) {
    flops = examples * (llm_flops(e.llm, e.data.seq_len) +
                        (with_images ? images_per_sequence(e, resolution) * per_image : 0));
  } else {
    for (const std::int64_t shots : e.eval.shots) {
      const double pictures = real(shots + 1);
      const double prompt = pictures * (real(visual_tokens(e, resolution)) + kTextTokensPerImage);
      const double candidates = asking.candidates ? real(e.eval.choices) * kTextTokensPerImage : 0;
      flops += examples *
               (llm_flops(e.llm, static_cast<std::int64_t>(prompt + candidates)) + pictures * per_image);
      if (asking.writes && e.eval.max_new_tokens > 0)
        flops +=
            examples * (llm_flops(e.llm, static_cast<std::int64_t>(prompt + real(e.eval.max_new_tokens))) +
                        pictures * per_image);
    }
  }
  constexpr double kRows = 8;  // As eval/language_model.cpp has it.
  const double tokens = (e.run.micro_batch > 0 ? real(e.run.micro_batch) : kRows) * real(e.data.seq_len);
  const double memory = kProcessBytes + 4 * params + head_bytes(e.llm, tokens) +
                        tokens * kept_by_decoder_block(e.llm) * number_bytes(Precision::fp32);
  return {params, flops, memory};
}

}  // namespace

double vit_params(const Encoder& encoder, std::int64_t resolution, std::int64_t embed_width) {
  const double d = real(encoder.width), f = real(encoder.mlp_width);
  const double positions = real(patches(resolution, encoder.patch) + 1);
  return patch_values(encoder) * d + d + positions * d + 2 * d /* norm before */ +
         real(encoder.layers) * block_params(d, f) + 2 * d /* norm behind */ + d * real(embed_width);
}

double vit_flops(const Encoder& encoder, std::int64_t resolution, std::int64_t extra_tokens) {
  const double d = real(encoder.width), n = real(patches(resolution, encoder.patch));
  return real(encoder.layers) * block_flops(d, real(encoder.mlp_width), n + real(extra_tokens)) +
         2 * patch_values(encoder) * d * n;
}

double text_tower_params(const TextTower& text) {
  const double d = real(text.width);
  return real(text.vocab_size) * d + real(text.context) * d +
         real(text.layers) * block_params(d, real(text.mlp_width)) + 2 * d;
}

double text_tower_flops(const TextTower& text) {
  return real(text.layers) * block_flops(real(text.width), real(text.mlp_width), real(text.context));
}

double encoder_params(const Experiment& e) {
  const Encoder& encoder = e.encoder;
  const double d = real(encoder.width), f = real(encoder.mlp_width), v = patch_values(encoder);
  const double h = real(encoder.aim_head_width), z = real(encoder.vae_latent_width);
  const double w = real(encoder.text.width), embed = real(encoder.text.embed_width);
  const double vision = vision_params(e);
  switch (encoder.loss) {
    case EncoderLoss::clip:
      return vision + d * embed + text_tower_params(encoder.text) + w * embed + 1;
    case EncoderLoss::siglip: {
      const double pooling =
          d + 4 * d * d + 4 * d + 2 * d + 2 * d * f + f + d;  // probe, attention, norm, MLP
      return vision + pooling + text_tower_params(encoder.text) + w * d + d + 2;
    }
    case EncoderLoss::aim:
      return vision + d * h + h + real(encoder.aim_head_layers) * (8 * h * h + 2 * h) + 2 * h + h * v + v;
    case EncoderLoss::vae:
      return vision + 2 * d * z + 2 * z + z * d + d + real(encoder.vae_decoder_layers) * block_params(d, f) +
             2 * d + d * v + v;
    case EncoderLoss::none:
      return 0;
  }
  throw std::logic_error("unknown encoder loss");
}

double encoder_flops(const Experiment& e) {
  const Encoder& encoder = e.encoder;
  const double d = real(encoder.width), f = real(encoder.mlp_width), v = patch_values(encoder);
  const double h = real(encoder.aim_head_width), z = real(encoder.vae_latent_width);
  const double w = real(encoder.text.width), embed = real(encoder.text.embed_width);
  const double n = real(patches(encoder.resolution, encoder.patch));
  const double vision = vision_flops(e, encoder.resolution);
  switch (encoder.loss) {
    case EncoderLoss::clip:
      return vision + text_tower_flops(encoder.text) + 2 * (w + d) * embed;
    case EncoderLoss::siglip:  // The pooling's query is one for the whole batch.
      return vision + text_tower_flops(encoder.text) + 2 * w * d + 4 * d * d * n + 4 * d * n + 2 * d * d +
             4 * d * f;
    case EncoderLoss::aim:  // The last patch predicts nothing.
      return vision + 2 * (n - 1) * (d * h + real(encoder.aim_head_layers) * 8 * h * h + h * v);
    case EncoderLoss::vae:
      return vision + 2 * n * (2 * d * z + z * d + d * v) +
             real(encoder.vae_decoder_layers) * block_flops(d, f, n);
    case EncoderLoss::none:
      return 0;
  }
  throw std::logic_error("unknown encoder loss");
}

double connector_params(const Experiment& e, std::int64_t patches_in) {
  const double d = real(e.encoder.width), out = real(e.llm.width), k = real(e.connector.tokens);
  const double h = real(e.connector.width), depth = real(e.connector.depth);
  if (e.encoder.loss == EncoderLoss::none) return patch_values(e.encoder) * out + out + out;
  switch (e.connector.kind) {
    case ConnectorKind::average_pool:
      return d * out + out;
    case ConnectorKind::attention_pool:
      return k * d + 4 * d + 4 * d * d + 4 * d + 2 * d + d * out + out;
    case ConnectorKind::c_abstractor: {
      const double blocks =
          depth == 0 ? 0 : bottleneck_params(d, h) + (2 * depth - 1) * bottleneck_params(h, h);
      const double into = depth == 0 ? d : h;
      return real(patches_in) * d + blocks + into * out + out + out * out + out;
    }
    case ConnectorKind::mlp:
      return d * out + out + out * out + out;
  }
  throw std::logic_error("unknown connector");
}

double connector_flops(const Experiment& e, std::int64_t patches_in) {
  const double d = real(e.encoder.width), out = real(e.llm.width), k = real(e.connector.tokens),
               n = real(patches_in);
  const double h = real(e.connector.width), depth = real(e.connector.depth);
  if (e.encoder.loss == EncoderLoss::none) return 2 * patch_values(e.encoder) * out * n;
  switch (e.connector.kind) {
    case ConnectorKind::average_pool:
      return 2 * k * d * out;
    case ConnectorKind::attention_pool:
      return 4 * n * d * d + 4 * k * d * d + 4 * k * n * d + 2 * k * d * out;
    case ConnectorKind::c_abstractor: {
      const double blocks = depth == 0 ? 0
                                       : bottleneck_flops(d, h, n) + (depth - 1) * bottleneck_flops(h, h, n) +
                                             depth * bottleneck_flops(h, h, k);
      return blocks + 2 * k * ((depth == 0 ? d : h) * out + out * out);
    }
    case ConnectorKind::mlp:
      return 2 * n * (d * out + out * out);
  }
  throw std::logic_error("unknown connector");
}

double llm_body_params(const Llm& llm) {
  const double d = real(llm.width), kv = d / real(llm.heads) * real(llm.kv_heads);
  return real(llm.layers) * (2 * d * d + 2 * d * kv + 3 * d * real(llm.mlp_width));
}

double llm_params(const Llm& llm) {
  const double d = real(llm.width), embedding = real(llm.vocab_size) * d;
  return llm_body_params(llm) + real(llm.layers) * 2 * d + d + embedding * (llm.tied_head ? 1 : 2);
}

double llm_flops(const Llm& llm, std::int64_t tokens) {
  const double t = real(tokens), d = real(llm.width);
  return 2 * llm_body_params(llm) * t + 4 * real(llm.layers) * d * t * t + 2 * d * real(llm.vocab_size) * t;
}

double images_per_sequence(const Experiment& e, std::int64_t resolution) {
  double pictured = 0, all = 0;
  for (std::size_t i = 0; i < e.data.mix.size(); ++i) {
    all += e.data.mix[i];
    if (i < 2) pictured += e.data.mix[i];
  }
  const double room = real(e.data.seq_len) / (real(visual_tokens(e, resolution)) + kTextTokensPerImage);
  return all > 0 ? pictured / all * std::min(room, real(e.data.max_images)) : 0;
}

SequenceFlops training_flops(const Experiment& e, Stage stage) {
  const Trains trains = trains_of(e, stage);
  const std::int64_t resolution = decoder_resolution(e, stage);
  // Forward once; once more for gradients with respect to the input where something upstream trains; once
  // more for those of the part's own weights.
  const double vision_passes = 1 + 2 * trains.vision;
  const double connector_passes = 1 + trains.vision + trains.connector;
  const double decoder_passes = 1 + (trains.vision || trains.connector || trains.decoder) + trains.decoder;
  SequenceFlops flops{.per_sequence = decoder_passes * llm_flops(e.llm, e.data.seq_len)};
  if (resolution > 0)
    flops.per_image = vision_passes * vision_flops(e, resolution) +
                      connector_passes * connector_flops(e, patches(resolution, e.encoder.patch));
  return flops;
}

Cost stage_cost(const Experiment& e, Stage stage, EvalTask task) {
  switch (stage) {
    case Stage::encoder:
      return encoder_cost(e);
    case Stage::llm:
    case Stage::vlm:
    case Stage::sft:
      return decoder_cost(e, stage);
    case Stage::demo:
      return demo_cost(e);
    case Stage::eval:
      return eval_cost(e, task);
  }
  throw std::logic_error("unknown stage");
}

std::int64_t stage_steps(const Experiment& e, Stage stage) {
  switch (stage) {
    case Stage::encoder:
      return e.train_encoder.steps;
    case Stage::llm:
      return e.train_llm.steps;
    case Stage::vlm:
      return e.train_vlm.steps;
    case Stage::sft:
      return e.train_sft.steps;
    case Stage::demo:
      return e.demo.steps;
    case Stage::eval:
      return 0;
  }
  throw std::logic_error("unknown stage");
}

}  // namespace ablate
