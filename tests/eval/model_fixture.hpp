// Small models with random weights, saved as a training leaves them, and how they are evaluated.
#pragma once

#include <fmt/format.h>
#include <torch/torch.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>
#include <memory>
#include <set>

#include "config/names.hpp"
#include "eval/evaluate.hpp"
#include "eval/examples.hpp"
#include "eval/fixture.hpp"
#include "model/contrastive.hpp"
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
    file = saved_weights(
        fmt::format("{}-{}-{}-{}", to_name(stage), louder, recipe.llm.vocab_size, recipe.llm.moe.experts),
        weights);
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

/// Every score but those of guessing has outcomes, of different questions, that make it.
inline void check_outcomes(const Evaluation& evaluation) {
  std::map<std::string, const ExampleOutcomes*> kept;
  for (const ExampleOutcomes& one : evaluation.outcomes)
    BOOST_TEST(kept.emplace(one.score, &one).second, one.score);
  for (const Score& score : evaluation.scores) {
    BOOST_TEST_CONTEXT(score.name) {
      const bool is_chance = score.name.find("chance") != std::string::npos;
      BOOST_TEST_REQUIRE(kept.count(score.name) == (is_chance ? 0u : 1u));
      if (is_chance) continue;
      const ExampleOutcomes& one = *kept.at(score.name);
      double sum = 0, weights = 0, largest = 0;
      for (std::size_t i = 0; i < one.values.size(); ++i) {
        const double weight = one.weights.empty() ? 1 : double{one.weights[i]};
        sum += weight * double{one.values[i]};
        weights += weight;
        largest = std::max(largest, std::abs(double{one.values[i]}));
      }
      BOOST_TEST(std::ssize(one.values) == score.n);
      BOOST_TEST(std::abs(sum / weights - score.value) <= 1e-6 * largest);
      const std::set<std::uint64_t> questions(one.questions.begin(), one.questions.end());
      BOOST_TEST(questions.size() == one.questions.size());
      BOOST_TEST(one.names.size() == one.questions.size());
    }
  }
}

inline std::map<std::string, Score> scores_of(const Evaluation& evaluation) {
  check_outcomes(evaluation);
  std::map<std::string, Score> scores;
  for (const Score& score : evaluation.scores) {
    BOOST_TEST(scores.count(score.name) == 0u, score.name);
    scores[score.name] = score;
  }
  return scores;
}

inline std::string names_of_scores(const std::map<std::string, Score>& scores) {
  std::string names;
  for (const auto& [name, score] : scores) names += (names.empty() ? "" : " ") + name;
  return names;
}

inline const std::function<bool()> kNeverStop = [] { return false; };

inline std::map<std::string, Score> run_evaluation(const EvaluationJob& job, Json* detail = nullptr) {
  const std::optional<Evaluation> evaluation = evaluate(job, kNeverStop);
  BOOST_TEST_REQUIRE(evaluation.has_value());
  if (detail) *detail = evaluation->detail;
  return scores_of(*evaluation);
}

/// What evaluate() complains of.
inline std::string evaluation_complaint(const EvaluationJob& job) {
  return complaint_of([&] { evaluate(job, kNeverStop); });
}

inline bool complains_of(const std::string& complaint, const std::string& part) {
  if (complaint.find(part) != std::string::npos && complaint.find('\n') == std::string::npos) return true;
  BOOST_TEST_MESSAGE(complaint);
  return false;
}

/// An encoder as random weights make it.
struct SavedEncoder : Scratch {
  explicit SavedEncoder(EncoderLoss loss = EncoderLoss::clip) : recipe(SavedModel::small_recipe()) {
    recipe.encoder.loss = loss;
    objective = make_encoder_objective(recipe.encoder, 0);
    Weights weights;
    objective->append_weights(weights);
    initialise(weights, 3);
    file = saved_weights(std::string("encoder-") + to_name(loss), weights);
    recipe.eval.captions = {sample_path("captions")};
    recipe.eval.labelled = {sample_path("evaluation")};
  }
  EvaluationJob job(EvalTask task) const {
    return {.experiment = recipe, .stage = Stage::encoder, .task = task, .model = file, .device = "cpu"};
  }
  ContrastiveObjective& contrastive() const { return dynamic_cast<ContrastiveObjective&>(*objective); }
  /// [E], one at a time.
  torch::Tensor picture_vector(const Document& document) const {
    const std::int64_t R = recipe.encoder.resolution;
    Image image = load_picture(*document.segments.at(0).picture, R, ImageFit::stretch);
    return contrastive().embed_pictures(
        torch::from_blob(image.pixels.data(), {1, R, R, 3}, torch::kUInt8).clone())[0];
  }
  torch::Tensor text_vector(const std::string& text) const {
    std::vector<std::int64_t> tokens;
    for (const std::int32_t token : tokenizer.encode(text)) tokens.push_back(token);
    tokens.resize(std::min<std::size_t>(tokens.size(), 15));
    tokens.push_back(tokenizer.special().document_end);
    const auto length = std::ssize(tokens);
    tokens.resize(16, tokenizer.special().pad);
    return contrastive().embed_captions(torch::tensor(tokens).unsqueeze(0), torch::tensor({length}))[0];
  }

  Experiment recipe;
  std::shared_ptr<EncoderObjective> objective;
  std::filesystem::path file;
  const Tokenizer tokenizer{sample_path("tokenizer.model")};
};

inline std::vector<Document> read_sample(const char* name, DataRole role) {
  ReadReport report;
  const char* key = role == DataRole::captions ? "eval.captions" : "eval.labelled";
  return read_held_out({sample_path(name)}, key, role, reading(1000), report);
}

inline void check_score(const Score& score, double value, std::int64_t n) {
  BOOST_TEST(score.value == value, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(score.n == n);
}

}  // namespace ablate
