// Small trainings on the samples.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/fields.hpp"
#include "config/names.hpp"
#include "scratch.hpp"
#include "train/train.hpp"
#include "util/error.hpp"
#include "util/file.hpp"

namespace ablate {

/// What a call complains of.
inline std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// Stages and variants whose training must be exact.
struct TrainedVariant {
  Stage stage;
  EncoderLoss loss;
  std::int64_t experts = 0;
  SubImages sub_images = SubImages::none;
};
/// For messages and folders: "vlm-clip-0-none".
inline std::string name_of(const TrainedVariant& variant) {
  return to_name(variant.stage) + "-" + to_name(variant.loss) + "-" + std::to_string(variant.experts) + "-" +
         to_name(variant.sub_images);
}
inline constexpr TrainedVariant kTrainedVariants[] = {
    {Stage::encoder, EncoderLoss::clip}, {Stage::encoder, EncoderLoss::siglip},
    {Stage::encoder, EncoderLoss::aim},  {Stage::encoder, EncoderLoss::vae},
    {Stage::llm, EncoderLoss::clip},     {Stage::vlm, EncoderLoss::clip},
    {Stage::vlm, EncoderLoss::none},     {Stage::llm, EncoderLoss::clip, 4},
    {Stage::vlm, EncoderLoss::none, 3},  {Stage::vlm, EncoderLoss::clip, 0, SubImages::quadrants},
};

/// One way to run the same thing in another way.
struct RunVariant {
  std::string name;
  Run run;
  std::int64_t threads = 1, micro_batch_halvings = 0;
  bool rounds = false;  ///< Whether other sums are formed, so that results differ by rounding.
};

/// Each key of [run] in turn with another value, more threads, and memory that ran out.
inline std::vector<RunVariant> run_variants(const Experiment& recipe) {
  std::vector<RunVariant> variants;
  for (const Field& field : fields()) {
    if (field.section() != "run") continue;
    Experiment changed = recipe;
    const FieldRef member = field.member(changed);
    if (bool* const* flag = std::get_if<bool*>(&member))
      **flag = !**flag;
    else if (std::int64_t* const* count = std::get_if<std::int64_t*>(&member))
      **count = **count == 3 ? 2 : 3;
    else
      *std::get<double*>(member) = 0.5;
    const bool rounds = field.key == "run.micro_batch" || field.key == "run.encoder_micro_batch" ||
                        field.key == "run.cuda_graphs";
    variants.push_back({field.key, changed.run, 1, 0, rounds});
  }
  variants.push_back({"threads", recipe.run, 4, 0, true});
  variants.push_back({"micro_batch_halvings", recipe.run, 1, 2, true});
  variants.push_back({"many micro_batch_halvings", recipe.run, 1, 60, true});
  return variants;
}

struct TrainingFixture {
  /// A recipe that trains a step in milliseconds.
  static Experiment recipe() {
    const std::string samples = ABLATE_SOURCE_DIR "/tests/data/samples/";
    Experiment recipe;
    Encoder& encoder = recipe.encoder;
    encoder.resolution = 28;
    encoder.patch = 14;
    encoder.width = 16;
    encoder.layers = encoder.heads = 2;
    encoder.mlp_width = 32;
    encoder.text = {.width = 16,
                    .layers = 1,
                    .heads = 2,
                    .mlp_width = 32,
                    .vocab_size = 1024,
                    .context = 16,
                    .embed_width = 8};
    encoder.aim_head_layers = encoder.vae_decoder_layers = 1;
    encoder.aim_head_width = 16;
    encoder.vae_latent_width = 4;
    recipe.connector = {.kind = ConnectorKind::c_abstractor, .tokens = 1, .width = 8, .depth = 1, .heads = 2};
    recipe.llm = {.layers = 2, .width = 16, .heads = 2, .kv_heads = 1, .mlp_width = 32, .vocab_size = 1024};
    recipe.data.encoder = recipe.data.captions = {samples + "captions"};
    recipe.data.interleaved = {samples + "interleaved"};
    recipe.data.text = {samples + "text"};
    recipe.data.tokenizer = samples + "tokenizer.model";
    recipe.data.seq_len = 96;
    recipe.data.max_images = 3;
    for (Train* train : {&recipe.train_encoder, &recipe.train_llm, &recipe.train_vlm})
      *train = {.steps = 6, .batch = 4, .peak_lr = 1e-2, .warmup_steps = 2, .precision = Precision::fp32};
    recipe.run = {.log_interval = 1, .checkpoint_interval = 2};
    return recipe;
  }

  /// With experts, of which each sequence drops some choices.
  static Experiment recipe(const TrainedVariant& variant) {
    Experiment experiment = recipe();
    experiment.encoder.loss = variant.loss;
    experiment.train_vlm.sub_images = variant.sub_images;
    if (variant.experts > 0)
      experiment.llm.moe = {
          .experts = variant.experts, .every = 1, .capacity_factor = 1.5, .upcycle = Upcycle::none};
    return experiment;
  }

  struct Outcome {
    std::vector<std::pair<std::int64_t, std::map<std::string, double>>> metrics;
    std::vector<std::pair<std::int64_t, std::string>> checkpoints;
    std::optional<Json> detail;
    double value(std::size_t log, const std::string& name) const { return metrics.at(log).second.at(name); }
  };

  TrainingJob job(Stage stage, const std::string& name, Experiment experiment = recipe()) const {
    std::filesystem::create_directories(scratch.path / name);
    return {.experiment = std::move(experiment),
            .stage = stage,
            .seed = 5,
            .device = "cpu",
            .folder = scratch.path / name};
  }
  /// `stop_before`: asks the training to stop when it would take that step.
  static Outcome run(const TrainingJob& job, std::int64_t stop_before = -1) {
    Outcome outcome;
    std::int64_t done = job.resume_step;
    const TrainingHooks hooks{
        .metric =
            [&](std::int64_t step, std::vector<std::pair<std::string, double>> values) {
              done = step;
              outcome.metrics.emplace_back(step, std::map<std::string, double>(values.begin(), values.end()));
            },
        .checkpoint = [&](std::int64_t step,
                          const std::string& path) { outcome.checkpoints.emplace_back(step, path); },
        .stop_requested = [&] { return done + 1 == stop_before; }};
    outcome.detail = train_stage(job, hooks);
    return outcome;
  }
  std::string model_bytes(const std::string& name) const {
    return read_file(scratch.path / name / "model.safetensors", 1u << 30);
  }

  Scratch scratch;
};

}  // namespace ablate
