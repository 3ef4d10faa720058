// An experiment: one complete recipe. Every key, its type, default, unit, range and meaning stand in
// the rows of field_table.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ablate {

/// One training step of a replicate; and `eval`, which only measures. Order: a stage stands after those it
/// builds on.
enum class Stage { encoder, llm, vlm, sft, demo, eval };

/// What the vision encoder was pre-trained with. `none`: image patches go straight into the decoder (as in
/// Fuyu).
enum class EncoderLoss { clip, siglip, aim, vae, none };
/// Compares pictures with texts: the others read no captions.
constexpr bool is_contrastive(EncoderLoss loss) {
  return loss == EncoderLoss::clip || loss == EncoderLoss::siglip;
}

/// What maps image features to decoder tokens; only `mlp` keeps one token per patch.
enum class ConnectorKind { average_pool, attention_pool, c_abstractor, mlp };

/// The non-linearity of a tower's MLP: exact GELU, x * sigmoid(1.702 x) (OpenAI's CLIP), and GELU by tanh
/// (SigLIP).
enum class Activation { gelu, quick_gelu, gelu_tanh };

enum class LrSchedule { constant, linear, cosine };
enum class Precision { fp32, bf16 };
/// Loshchilov and Hutter 2019; Shazeer and Stern 2018 (train/optimizer.hpp).
enum class OptimizerKind { adamw, adafactor };
/// How a picture becomes a square: by changing its aspect ratio, by keeping the middle of its longer side, or
/// by filling up with white.
enum class ImageFit { stretch, crop, pad };
/// Views of one picture that the encoder sees (data/sub_images.hpp): the whole alone, MM1's whole and
/// quadrants, or the whole and the tiles of the grid that LLaVA-NeXT chooses for its shape.
enum class SubImages { none, quadrants, grid };
enum class ModelPart { encoder, connector, llm };
/// How the turns of a conversation are told apart (data/chat.hpp): by the ends of answers alone, as Vicuna
/// does (USER: and ASSISTANT:), or in ChatML.
enum class ChatFormat { plain, vicuna, chatml };

/// Evaluations; each is a job of its own, so adding one retrains nothing.
enum class EvalTask {
  heldout_loss,
  caption,
  vqa,
  doctext,
  fewshot,
  retrieval,
  zero_shot,
  demo_accuracy,
  demo_robustness
};

/// Whose model the evaluations that look at a decoder look at: that of the last stage that they can, or of
/// one before it.
enum class EvaluatedStage { last, llm, vlm, sft };

/// Sizes by name. `custom`: the keys beside it say it all.
enum class EncoderPreset {
  custom,
  vit_ti16,
  vit_s16,
  vit_b16,
  vit_l14,
  vit_h14,
  so400m_14,
  aim_600m,
  aim_1b,
  aim_3b
};
enum class LlmPreset { custom, m0_1, m0_4, m1, m3, m9, m85, m302, b1_2, b3, b7, b30 };

struct TextTower {
  std::int64_t width = 768, layers = 12, heads = 12, mlp_width = 3072, vocab_size = 32000, context = 77,
               embed_width = 768;
};

struct Encoder {
  EncoderPreset preset = EncoderPreset::custom;
  EncoderLoss loss = EncoderLoss::clip;
  std::int64_t resolution = 336, patch = 14;
  std::int64_t width = 1024, layers = 24, heads = 16, mlp_width = 4096;
  Activation activation = Activation::gelu;
  std::vector<double> pixel_mean = {0.48145466, 0.4578275, 0.40821073};  ///< Of red, green, blue, in [0, 1].
  std::vector<double> pixel_std = {0.26862954, 0.26130258, 0.27577711};
  TextTower text;
  std::int64_t aim_head_layers = 12, aim_head_width = 2048;
  std::int64_t vae_latent_width = 64, vae_decoder_layers = 4;
  double vae_kl_weight = 1e-4;
  std::string init;
};

struct Connector {
  ConnectorKind kind = ConnectorKind::c_abstractor;
  std::int64_t tokens = 144, width = 1024, depth = 3, heads = 16;
};

/// Sparse upcycling (Komatsuzaki et al. 2023): the stage in which experts start as copies of a dense
/// decoder's MLPs; before it the decoder is dense. `none`: it has experts from its first stage on.
enum class Upcycle { none, llm, vlm, sft };

/// Mixture of experts in place of the MLP of every n-th block of a decoder (MM1's: 64 in every 2nd, 32 in
/// every 4th).
struct Moe {
  std::int64_t experts = 0;  ///< 0: a dense decoder, to which nothing else here matters.
  std::int64_t every = 2, top_k = 2;
  double capacity_factor = 2, load_balance_loss = 0.01, router_z_loss = 0.001;
  Upcycle upcycle = Upcycle::vlm;
};

struct Llm {
  LlmPreset preset = LlmPreset::custom;
  std::int64_t layers = 24, width = 2048, heads = 16, kv_heads = 16, mlp_width = 5456, vocab_size = 32000;
  bool tied_head = false;
  double rope_theta = 10000, norm_epsilon = 1e-5;
  std::string init;
  Moe moe;

  /// Whether that block has experts, from 0: blocks every - 1, 2 every - 1, ...
  bool is_sparse(std::int64_t block) const { return moe.experts > 0 && (block + 1) % moe.every == 0; }
  std::int64_t sparse_layers() const { return moe.experts > 0 ? layers / moe.every : 0; }
};

struct Data {
  std::vector<std::string> encoder, captions, interleaved, text;
  std::vector<std::string> sft, sft_questions, sft_text;  ///< By kind; see DataRole.
  std::vector<double> sft_shares;  ///< Of each of those sources, in that order; empty: as they have examples.
  std::string sft_instruction = "Answer the question using a single word or phrase.";  ///< LLaVA 1.5's.
  std::string tokenizer;
  std::vector<double> mix = {45, 45, 10};  ///< caption : interleaved : text
  double synthetic_share = 0.07;
  std::int64_t seq_len = 4096, max_images = 16;
  ImageFit image_fit = ImageFit::stretch;
  ChatFormat chat_format = ChatFormat::plain;
  std::string system_prompt;
};

/// How one stage trains. A stage has the keys that train_fields.cpp lists for it.
struct Train {
  std::int64_t steps = 200000, batch = 512;
  std::int64_t stop_at = 0;  ///< 0: at the end of the schedule.
  double peak_lr = 1e-4, min_lr_ratio = 0.1;
  std::int64_t warmup_steps = 2000;
  LrSchedule schedule = LrSchedule::cosine;
  double weight_decay = 0.1, beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, grad_clip = 1.0, ema = 0, z_loss = 0;
  Precision precision = Precision::bf16;
  OptimizerKind optimizer = OptimizerKind::adamw;
  std::int64_t resolution = 0;
  SubImages sub_images = SubImages::none;
  std::vector<ModelPart> freeze;

  std::int64_t last_step() const { return stop_at > 0 ? stop_at : steps; }
};

struct Eval {
  std::vector<EvalTask> tasks = {EvalTask::heldout_loss};
  EvaluatedStage of = EvaluatedStage::last;
  std::vector<std::string> captions, interleaved, text, sft, questions, doctext, episodes,
      labelled;  ///< Held out.
  std::vector<std::int64_t> shots = {0, 4, 8};
  std::int64_t max_examples = 1000;
  std::int64_t choices = 4, max_new_tokens = 20;
  std::int64_t sub_image_pictures = 0;  ///< At the end of a prompt; 0: all.
  std::string caption_prompt, question_prompt = "{}";
  std::vector<std::string> class_prompts = {"a picture of {}."};
};

/// The demonstration stage: a two-layer perceptron names noisy drawings. It needs neither LibTorch nor data.
struct Demo {
  std::int64_t resolution = 8, width = 32, steps = 300, batch = 32;
  double noise = 0.5, peak_lr = 0.1;

  static constexpr std::int64_t kShapes = 8;        ///< The drawings show one of them each.
  static constexpr std::int64_t kPictureSide = 16;  ///< Of the drawings; `resolution` divides it.
};

/// How to run, never what to compute: nothing here is part of a job's identity.
struct Run {
  std::int64_t log_interval = 10, checkpoint_interval = 100, keep_checkpoints = 2, micro_batch = 0,
               encoder_micro_batch = 0, retries = 2;
  bool activation_checkpointing = false, cuda_graphs = false, cpu_bf16 = false;
  double timeout = 0, heartbeat = 600, max_broken_share = 0.05;

  /// Sequences that an evaluation gives to a decoder at a time, where `micro_batch` is 0.
  static constexpr std::int64_t kEvaluationRows = 8;
};

struct Experiment {
  std::vector<Stage> stages = {Stage::encoder, Stage::llm, Stage::vlm, Stage::eval};
  Encoder encoder;
  Connector connector;
  Llm llm;
  Data data;
  Train train_encoder = {.steps = 125000,
                         .batch = 4096,
                         .peak_lr = 1e-3,
                         .min_lr_ratio = 0,
                         .warmup_steps = 6250,
                         .weight_decay = 0.2};
  Train train_llm = {.peak_lr = 3e-4};
  Train train_vlm = {.peak_lr = 8.6e-5};
  Train train_sft = {.steps = 10000, .batch = 256, .peak_lr = 1e-5, .min_lr_ratio = 0, .warmup_steps = 0};
  Eval eval;
  Demo demo;
  Run run;

  bool has_stage(Stage stage) const;
};

/// Patches along one side and in all, of the encoder at its own resolution.
inline std::int64_t patches(std::int64_t resolution, std::int64_t patch) {
  return (resolution / patch) * (resolution / patch);
}

/// Visual tokens that the decoder gets for one picture of that resolution: the connector's, one per patch, or
/// (without an encoder) one per patch and one after each row of them.
std::int64_t visual_tokens(const Experiment& experiment, std::int64_t resolution);

/// Views that a picture has at most: 1, or with sub-images 5.
std::int64_t most_views(SubImages sub_images);

/// [train.STAGE] of a stage that trains a model: encoder, llm, vlm or sft. Throws std::logic_error for
/// others.
Train& train_of(Experiment& experiment, Stage stage);
const Train& train_of(const Experiment& experiment, Stage stage);

/// The decoder of stage llm, vlm or sft: dense in those before llm.moe.upcycle.
Llm llm_of(const Experiment& experiment, Stage stage);
/// The experiment with that decoder.
Experiment at_stage(const Experiment& experiment, Stage stage);

/// Side of the pictures that the model of such a stage sees, in pixels: its own, or what the stage before it
/// had; 0 for llm, which reads text alone. Throws std::logic_error for other stages. With sub-images: of one
/// view.
std::int64_t resolution_of(const Experiment& experiment, Stage stage);

}  // namespace ablate
