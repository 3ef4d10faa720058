#include "plan/cost.hpp"

#include <algorithm>
#include <cmath>

#include "config/eval_tasks.hpp"
#include "config/names.hpp"
#include "plan/real.hpp"

namespace ablate {

namespace {

/// Recipes in bf16 are for GPUs, and their memory is a GPU's; that of others is a CPU's.
bool is_for_gpu(Precision precision) { return precision == Precision::bf16; }
/// What a process takes before it has a model. On a CPU: libraries, threads, buffers of the data loader; on a
/// GPU: CUDA's context, and the workspaces of its libraries.
double process_bytes(Precision precision) { return is_for_gpu(precision) ? 0.7e9 : 230e6; }
/// Attention's mask, as bools and as what is added to scores; our kernels for CPUs have none.
double mask_bytes(double sequences, double tokens, Precision precision) {
  return is_for_gpu(precision) ? sequences * tokens * tokens * (1 + 2) : 0;
}
/// Numbers that a block keeps for the backward pass, for each token, on average over blocks: its input, two
/// normalised inputs, queries, keys and values, attention's output, the sum after it, and the MLP's hidden
/// values. Of experts, the hidden values of each that the token goes to, what goes into it and what comes
/// out, and the router's input, logits and probabilities in fp32. On a GPU those of all seats, where there is
/// a capacity.
double kept_by_decoder_block(const Llm& llm, Precision precision) {
  const double d = real(llm.width), kv = d / real(llm.heads) * real(llm.kv_heads);
  const double mlp = 3 * real(llm.mlp_width);
  const bool seats = is_for_gpu(precision) && llm.moe.capacity_factor > 0;
  const double rows = seats ? llm.moe.capacity_factor : real(llm.moe.top_k);
  const double router =
      is_for_gpu(precision) ? 2 * (d + 2 * real(llm.moe.experts)) : 2 * real(llm.moe.experts);
  const double sparse = real(llm.sparse_layers()) / real(llm.layers);
  return 6 * d + 2 * kv + (1 - sparse) * mlp + sparse * (rows * (mlp + 2 * d) + router);
}
double kept_by_tower_block(double d, double f) { return 8 * d + 2 * f; }

/// Bytes of a number in the backward pass's stock.
double number_bytes(Precision precision) { return precision == Precision::bf16 ? 2 : 4; }
/// Bytes of weights in fp32, and of gradients and AdamW's two moments of those that train; with a moving
/// average, of that. What Adafactor keeps of rows and columns is too little to count.
double state_bytes(double params, double trainable, const Train& train) {
  const double moments = train.optimizer == OptimizerKind::adamw ? 8 : 0, average = train.ema > 0 ? 4 : 0;
  return 4 * params + (4 + moments + average) * trainable;
}
/// Activations of `layers` blocks over `tokens` tokens, and the gradients of one of them; with activation
/// checkpointing each block keeps its input alone, and one of them all.
double activation_bytes(const Experiment& e, double tokens, double layers, double width, double kept,
                        Precision precision) {
  const double numbers = e.run.activation_checkpointing ? layers * width + 2 * kept : (layers + 1) * kept;
  return tokens * numbers * number_bytes(precision);
}

/// The head's matrix, its gradient, and logits of so many rows as pass at a time (model/kernels.hpp). On a
/// GPU each logit is in bf16 and in fp32, and so is its gradient, with a sum between.
double head_bytes(const Llm& llm, double tokens, Precision precision) {
  constexpr double kCpuChunkBytes = 32e6, kGpuChunk = 1 << 26, kGpuLogitBytes = 16;
  const double logits = tokens * real(llm.vocab_size);
  return 4 * real(llm.width) * (2 * tokens + real(llm.vocab_size)) +
         (is_for_gpu(precision) ? kGpuLogitBytes * std::min(kGpuChunk, logits)
                                : std::min(kCpuChunkBytes, 4 * logits));
}

double examples_at_once(std::int64_t setting, const Train& train) {
  return real(setting > 0 ? std::min(setting, train.batch) : train.batch);
}

bool freezes(const Train& train, ModelPart part) {
  return std::find(train.freeze.begin(), train.freeze.end(), part) != train.freeze.end();
}

Cost encoder_cost(const Experiment& e) {
  const Train& train = e.train_encoder;
  const double params = encoder_params(e).total,
               examples = examples_at_once(e.run.encoder_micro_batch, train);
  const double d = real(e.encoder.width);
  const double n = real(patches(e.encoder.resolution, e.encoder.patch));
  double memory =
      process_bytes(train.precision) + state_bytes(params, params, train) +
      activation_bytes(e, examples * (n + real(class_tokens(e.encoder.loss))), real(e.encoder.layers), d,
                       kept_by_tower_block(d, real(e.encoder.mlp_width)), train.precision);
  if (is_contrastive(e.encoder.loss)) {
    const TextTower& text = e.encoder.text;
    memory += activation_bytes(e, examples * real(text.context), real(text.layers), real(text.width),
                               kept_by_tower_block(real(text.width), real(text.mlp_width)), train.precision);
  } else if (e.encoder.loss == EncoderLoss::aim) {
    memory += examples * n * real(e.encoder.aim_head_layers) * 10 * real(e.encoder.aim_head_width) *
                  number_bytes(train.precision) +
              mask_bytes(examples, n, train.precision);
  } else {
    memory += activation_bytes(e, examples * n, real(e.encoder.vae_decoder_layers), d,
                               kept_by_tower_block(d, real(e.encoder.mlp_width)), train.precision);
  }
  return {params, encoder_step_flops(e, real(train.batch)) * real(train.last_step()), memory};
}

/// Which parts of a stage with a decoder train.
struct Trains {
  bool vision, connector, decoder;
};
Trains trains_of(const Experiment& e, Stage stage) {
  const Train& train = train_of(e, stage);
  const bool pictures = stage != Stage::llm;
  return {pictures && e.encoder.loss != EncoderLoss::none && !freezes(train, ModelPart::encoder),
          pictures && !freezes(train, ModelPart::connector), !freezes(train, ModelPart::llm)};
}

/// Views of a picture: with grid, the most that it has.
double views_of(const Experiment& e, Stage stage) { return real(most_views(train_of(e, stage).sub_images)); }

/// Positions of a picture with all its views, without its start and end.
double picture_tokens(const Experiment& e, Stage stage) {
  return views_of(e, stage) * real(visual_tokens(e, resolution_of(e, stage)));
}

/// llm, vlm and sft: sequences of data.seq_len tokens, with pictures but for the llm stage.
Cost decoder_cost(const Experiment& e, Stage stage) {
  const Train& train = train_of(e, stage);
  const std::int64_t resolution = resolution_of(e, stage);
  const double images = images_per_sequence(e, stage);
  const std::int64_t patches_in = patches(resolution, e.encoder.patch);
  const double vision = resolution > 0 ? vision_params(e, resolution).total : 0;
  const double connector = resolution > 0 ? connector_params(e, patches_in).total : 0;
  const Llm llm = llm_of(e, stage);
  const double decoder = llm_params(llm).total;
  const Trains trains = trains_of(e, stage);

  const double trainable = vision * trains.vision + connector * trains.connector + decoder * trains.decoder;
  const double params = vision + connector + decoder;
  const double sequences = examples_at_once(e.run.micro_batch, train), d = real(llm.width);
  const double tokens = sequences * real(e.data.seq_len);
  double memory = process_bytes(train.precision) + state_bytes(params, trainable, train) +
                  head_bytes(llm, tokens, train.precision) +
                  mask_bytes(sequences, real(e.data.seq_len), train.precision) +
                  tokens * 2 * d * number_bytes(train.precision) +  // embeddings, before and with pictures
                  activation_bytes(e, tokens, real(llm.layers), d,
                                   kept_by_decoder_block(llm, train.precision), train.precision);
  if (trains.vision)
    memory += activation_bytes(
        e, sequences * images * views_of(e, stage) * real(patches_in + class_tokens(e.encoder.loss)),
        real(e.encoder.layers), real(e.encoder.width),
        kept_by_tower_block(real(e.encoder.width), real(e.encoder.mlp_width)), train.precision);
  const double batch = real(train.batch);
  const double step = training_flops(e, stage).step(batch, batch * targets_per_sequence(e, stage),
                                                    batch * images * views_of(e, stage));
  return {params, step * real(train.last_step()), memory, images};
}

Cost demo_cost(const Experiment& e) {
  const double inputs = real(e.demo.resolution) * real(e.demo.resolution), width = real(e.demo.width);
  const double shapes = real(Demo::kShapes);
  const double params = inputs * width + width + width * shapes + shapes;
  const double forward = 2 * (inputs * width + width * shapes);
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

/// Pictures in a sequence that has any: as many as fit with text beside each.
double images_where_any(const Experiment& e, Stage stage) {
  const double tokens = picture_tokens(e, stage) + kTextTokensPerImage;
  return std::min(real(e.data.seq_len) / tokens, real(e.data.max_images));
}

/// Positions whose successor is predicted in a sequence of so many pictures.
double targets_beside(const Experiment& e, Stage stage, double images) {
  constexpr double kStartAndEnd = 2;
  const double tokens = picture_tokens(e, stage) + kStartAndEnd;
  return real(e.data.seq_len) - images * tokens;
}

/// Kinds of held-out documents that are named: each is read up to eval.max_examples.
std::vector<EvalSource> heldout_kinds(const Experiment& e, Stage stage) {
  std::vector<EvalSource> kinds;
  for (const EvalSource& source : eval_sources(EvalTask::heldout_loss, stage))
    if (!(e.eval.*source.paths).empty()) kinds.push_back(source);
  return kinds;
}

/// The forward pass over one document of each kind.
double heldout_flops(const Experiment& e, Stage stage, double per_view) {
  double flops = 0;
  for (const EvalSource& kind : heldout_kinds(e, stage)) {
    const double images = kind.paths == &Eval::text ? 0 : images_where_any(e, stage);
    flops += llm_flops(llm_of(e, stage), e.data.seq_len, targets_beside(e, stage, images)) +
             images * views_of(e, stage) * per_view;
  }
  return flops;
}

Cost eval_cost(const Experiment& e, EvalTask task) {
  const double examples = real(e.eval.max_examples);
  const Stage stage = find_evaluated_stage(e, task).value_or(Stage::vlm);
  if (stage == Stage::demo) {
    const Cost trained = demo_cost(e);
    return {trained.params, trained.flops / (3 * real(e.demo.batch) * real(e.demo.steps)) * examples,
            trained.memory_bytes};
  }
  const Precision precision = train_of(e, stage).precision;
  if (stage == Stage::encoder) {
    const double params = encoder_params(e).total;
    return {.params = params,
            .flops = encoder_flops(e) * examples,
            .memory_bytes = process_bytes(precision) + 4 * params,
            .most_examples = examples};
  }
  const std::int64_t resolution = resolution_of(e, stage);
  const std::int64_t patches_in = patches(resolution, e.encoder.patch);
  const bool with_images = resolution > 0;
  const Llm llm = llm_of(e, stage);
  double params = llm_params(llm).total;
  if (with_images) params += vision_params(e, resolution).total + connector_params(e, patches_in).total;
  const double per_view =
      with_images ? vision_products(e, resolution).forward() + connector_flops(e, patches_in) : 0;
  const Asking asking = asking_of(task);
  double flops = 0, kinds = 1;
  if (task == EvalTask::heldout_loss) {
    kinds = static_cast<double>(heldout_kinds(e, stage).size());
    flops = examples * heldout_flops(e, stage, per_view);
  } else {
    for (const std::int64_t shots : e.eval.shots) {
      const double pictures = real(shots + 1);
      const double cut =
          e.eval.sub_image_pictures > 0 ? std::min(pictures, real(e.eval.sub_image_pictures)) : pictures;
      const double views = cut * views_of(e, stage) + (pictures - cut);
      const double prompt = views * real(visual_tokens(e, resolution)) + pictures * kTextTokensPerImage;
      const double candidates = asking.candidates ? real(e.eval.choices) * kTextTokensPerImage : 0;
      const double written = asking.writes ? real(e.eval.max_new_tokens) : 0;
      const auto one_pass = [&](double tokens) {
        return llm_flops(llm, static_cast<std::int64_t>(prompt + tokens), tokens) + views * per_view;
      };
      flops += examples * one_pass(candidates);
      if (written > 0) flops += examples * one_pass(written);
    }
  }
  const double rows = real(e.run.micro_batch > 0 ? e.run.micro_batch : Run::kEvaluationRows);
  const double tokens = rows * real(e.data.seq_len);
  const double memory = process_bytes(precision) + 4 * params + head_bytes(llm, tokens, precision) +
                        mask_bytes(rows, real(e.data.seq_len), precision) +
                        tokens * kept_by_decoder_block(llm, precision) * number_bytes(Precision::fp32);
  return {.params = params, .flops = flops, .memory_bytes = memory, .most_examples = kinds * examples};
}

}  // namespace

double images_per_sequence(const Experiment& e, Stage stage) {
  if (stage == Stage::llm) return 0;
  double pictured = 0, all = 0;
  for (std::size_t i = 0; i < e.data.mix.size(); ++i) {
    all += e.data.mix[i];
    if (i < 2) pictured += e.data.mix[i];
  }
  if (stage == Stage::sft) {
    all = pictured = 0;
    const std::vector<double>& shares = e.data.sft_shares;
    const std::size_t with_pictures = e.data.sft.size() + e.data.sft_questions.size();
    for (std::size_t i = 0; i < shares.size(); ++i) {
      all += shares[i];
      if (i < with_pictures) pictured += shares[i];
    }
    if (shares.empty()) all = pictured = 1;
  }
  const double share = all > 0 ? pictured / all : 0;
  return share * images_where_any(e, stage);
}

double targets_per_sequence(const Experiment& e, Stage stage) {
  return targets_beside(e, stage, images_per_sequence(e, stage));
}

double TrainingFlops::step(double sequences, double targets, double views) const {
  return per_sequence * sequences + per_target * targets + per_view * views + (views > 0 ? per_step : 0);
}

TrainingFlops training_flops(const Experiment& e, Stage stage) {
  const Trains trains = trains_of(e, stage);
  const bool before_decoder = trains.vision || trains.connector;
  const Llm llm = llm_of(e, stage);
  TrainingFlops flops{.per_sequence = llm_products(llm, e.data.seq_len).step(before_decoder, trains.decoder),
                      .per_target = head_products(llm).step(before_decoder, trains.decoder)};
  const std::int64_t resolution = resolution_of(e, stage);
  if (resolution == 0) return flops;
  flops.per_view =
      vision_products(e, resolution).step(/*upstream_trains=*/false, trains.vision) +
      connector_products(e, patches(resolution, e.encoder.patch)).step(trains.vision, trains.connector);
  flops.per_step = connector_batch_products(e).step(/*upstream_trains=*/false, trains.connector);
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
    case Stage::llm:
    case Stage::vlm:
    case Stage::sft:
      return train_of(e, stage).last_step();
    case Stage::demo:
      return e.demo.steps;
    case Stage::eval:
      return 0;
  }
  throw std::logic_error("unknown stage");
}

}  // namespace ablate
