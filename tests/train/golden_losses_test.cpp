// The losses of 20 steps of every stage, held to those that were recorded: what says "this change leaves
// training as it was". To record them anew, because a change is meant to alter them:
//     ABLATE_RECORD_LOSSES=1 build/release/bin/train_tests --run_test=golden_losses
#include <fmt/format.h>
#include <stdlib.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <fstream>
#include <sstream>

#include "config/names.hpp"
#include "fixture.hpp"

using namespace ablate;

namespace {

constexpr const char* kTable = ABLATE_SOURCE_DIR "/tests/train/golden/losses.txt";
constexpr std::int64_t kSteps = 20;
/// Relative. Other CPUs, kernels and thread counts round differently, and training makes the difference grow.
constexpr double kFirstTolerance = 1e-5, kLastTolerance = 5e-4;

/// One logged value: "vlm-clip loss_captions", and the step.
using Place = std::pair<std::string, std::int64_t>;
using Losses = std::map<Place, double>;

/// The tolerance grows from the first step to the last by the same factor at each.
double tolerance_at(std::int64_t step) {
  const double progress = static_cast<double>(step - 1) / static_cast<double>(kSteps - 1);
  return kFirstTolerance * std::pow(kLastTolerance / kFirstTolerance, progress);
}

/// All that can change a loss is in use: decay, clipping, warm-up and a falling rate, the z-loss, all kinds
/// of documents, synthetic captions, packing and grouped heads.
Experiment golden_recipe(EncoderLoss loss) {
  Experiment recipe = TrainingFixture::recipe();
  recipe.encoder.loss = loss;
  if (loss == EncoderLoss::siglip) recipe.encoder.activation = Activation::gelu_tanh;
  if (loss == EncoderLoss::siglip) recipe.connector.kind = ConnectorKind::attention_pool;
  if (loss == EncoderLoss::aim) recipe.connector.kind = ConnectorKind::average_pool;
  if (loss == EncoderLoss::vae) recipe.connector.kind = ConnectorKind::mlp;
  recipe.encoder.resolution = 42;
  recipe.data.synthetic_share = 0.5;
  recipe.data.sft = {ABLATE_SOURCE_DIR "/tests/data/samples/evaluation"};
  for (Train* train : {&recipe.train_encoder, &recipe.train_llm, &recipe.train_vlm, &recipe.train_sft})
    *train = {.steps = kSteps,
              .batch = 6,
              .peak_lr = 3e-3,
              .warmup_steps = 5,
              .weight_decay = 0.2,
              .grad_clip = 1,
              .z_loss = 1e-3,
              .precision = Precision::fp32};
  return recipe;
}

bool is_loss(const std::string& name) {
  return name.starts_with("loss") || name == "z_loss" || name == "reconstruction" || name == "kl";
}

struct GoldenFixture : TrainingFixture {
  void train(Stage stage, EncoderLoss loss, std::map<std::string, std::filesystem::path> parents = {}) {
    const std::string name = to_name(stage) + (stage == Stage::llm ? "" : "-" + to_name(loss));
    TrainingJob trained = job(stage, name, golden_recipe(loss));
    trained.parents = std::move(parents);
    trained.experiment.run.micro_batch = 4;  // The second one is smaller.
    for (const auto& [step, values] : run(trained).metrics)
      for (const auto& [value_name, value] : values)
        if (is_loss(value_name))  // The table has what is minimised, the z-loss with it.
          losses[{name + " " + (value_name == "z_loss" ? "loss" : value_name), step}] += value;
  }
  std::filesystem::path folder(const char* name) const { return scratch.path / name; }

  Losses losses;
};

Losses read_losses() {
  std::ifstream file(kTable);
  Losses found;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string stage, name;
    std::int64_t step = 0;
    double value = 0;
    if (line.empty() || line[0] == '#') continue;
    BOOST_REQUIRE_MESSAGE(words >> stage >> name >> step >> value, kTable << ": " << line);
    found[{stage + " " + name, step}] = value;
  }
  return found;
}

void write_losses(const Losses& losses) {
  std::string text = "# stage, value, step, recorded by golden_losses_test.cpp\n";
  for (const auto& [place, value] : losses)
    text += fmt::format("{} {} {:.9g}\n", place.first, place.second, value);
  write_file(kTable, text);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_losses)

BOOST_FIXTURE_TEST_CASE(every_stage_trains_as_it_did_when_its_losses_were_recorded, GoldenFixture) {
  using enum EncoderLoss;
  for (const EncoderLoss loss : {clip, siglip, aim, vae}) train(Stage::encoder, loss);
  train(Stage::llm, clip);
  train(Stage::vlm, clip, {{"encoder", folder("encoder-clip")}, {"llm", folder("llm")}});
  train(Stage::vlm, siglip, {{"encoder", folder("encoder-siglip")}, {"llm", folder("llm")}});
  train(Stage::vlm, aim, {{"encoder", folder("encoder-aim")}, {"llm", folder("llm")}});
  train(Stage::vlm, vae, {{"encoder", folder("encoder-vae")}, {"llm", folder("llm")}});
  train(Stage::vlm, none, {{"llm", folder("llm")}});
  train(Stage::sft, clip, {{"vlm", folder("vlm-clip")}});
  if (::getenv("ABLATE_RECORD_LOSSES")) write_losses(losses);

  const Losses recorded = read_losses();
  BOOST_TEST(losses.size() == recorded.size());
  for (const auto& [place, value] : losses) {
    const auto found = recorded.find(place);
    BOOST_TEST_REQUIRE((found != recorded.end()),
                       place.first << " at step " << place.second << " was not recorded");
    const double off = std::abs(value / found->second - 1);
    BOOST_TEST(off <= tolerance_at(place.second), place.first << " at step " << place.second << ": " << value
                                                              << ", recorded " << found->second << ", off by "
                                                              << off << " of it");
  }
}

BOOST_AUTO_TEST_SUITE_END()
