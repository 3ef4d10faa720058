// A small model with random weights, saved as a training leaves it.
#pragma once

#include <fmt/format.h>
#include <torch/torch.h>

#include <memory>

#include "config/names.hpp"
#include "eval/evaluate.hpp"
#include "eval/fixture.hpp"
#include "model/vision_language_model.hpp"
#include "scratch.hpp"
#include "train/fixture.hpp"
#include "train/weight_files.hpp"

namespace ablate {

/// A file for weights, the same for the same name; they are saved once for all tests, since each file costs a
/// wait for the disk.
inline std::filesystem::path saved_weights(const std::string& name, const Weights& weights) {
  static const Scratch kScratch;
  const std::filesystem::path file = kScratch.path / name / "model.safetensors";
  if (!std::filesystem::exists(file)) {
    std::filesystem::create_directories(file.parent_path());
    save_weights(file, weights);
  }
  return file;
}

struct SavedModel : Scratch {
  /// `louder`: a factor on matrices; without it, what is likely hardly depends on what was read.
  explicit SavedModel(Stage trained = Stage::vlm, double louder = 1, Experiment made_of = small_recipe())
      : stage(trained),
        recipe(std::move(made_of)),
        model(std::make_shared<VisionLanguageModel>(recipe, trained == Stage::llm ? 0 : kResolution)) {
    torch::set_num_threads(1);  // More of them only wait for one another.
    const torch::NoGradGuard no_grad;
    const Weights weights = model->weights();
    initialise(weights, 7);
    for (const Weight& weight : weights)
      if (weight.tensor.dim() > 1) weight.tensor.mul_(louder);
    file = saved_weights(fmt::format("{}-{}-{}", to_name(stage), louder, recipe.llm.vocab_size), weights);
  }
  static constexpr std::int64_t kResolution = 28, kImageTokens = 4;

  static Experiment small_recipe() {
    Experiment recipe = TrainingFixture::recipe();
    recipe.encoder.resolution = kResolution;
    recipe.encoder.patch = 7;
    recipe.connector.tokens = kImageTokens;
    recipe.data.seq_len = 128;
    return recipe;
  }
  /// Of weights that a test has changed.
  void save() {
    file = path / "model.safetensors";
    save_weights(file, model->weights());
  }
  EvaluationJob job(EvalTask task = EvalTask::heldout_loss) const {
    return {.experiment = recipe, .stage = stage, .task = task, .model = file, .device = "cpu"};
  }

  const Stage stage;
  Experiment recipe;
  std::shared_ptr<VisionLanguageModel> model;
  std::filesystem::path file;
  const Tokenizer tokenizer{sample_path("tokenizer.model")};
};

}  // namespace ablate
