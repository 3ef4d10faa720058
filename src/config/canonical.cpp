#include "config/canonical.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <string>

#include "config/eval_tasks.hpp"

namespace ablate {

namespace {

constexpr double kMixSum = 100;

std::vector<ModelPart> frozen_parts(const Experiment& e, const Train& train) {
  std::vector<ModelPart> parts = train.freeze;
  if (e.encoder.loss == EncoderLoss::none) std::erase(parts, ModelPart::encoder);
  std::sort(parts.begin(), parts.end());
  return parts;
}

std::vector<double> in_percent(std::vector<double> weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  // Rounded, so that [0.29, 0.29, 0.42] is [29, 29, 42] and not its neighbour in floating point.
  if (sum > 0)
    for (double& weight : weights)
      weight = std::strtod(fmt::format("{:.12g}", weight * kMixSum / sum).c_str(), nullptr);
  return weights;
}

}  // namespace

const Experiment& canonical(const Experiment& e, Stage stage, EvalTask task,
                            std::optional<Experiment>& room) {
  const auto changed = [&]() -> Experiment& { return room ? *room : room.emplace(e); };
  room.reset();
  if (stage != Stage::demo && stage != Stage::eval) {
    // Without an end in sight it does not matter how far away that is.
    const Train& train = train_of(e, stage);
    if (train.stop_at > 0 && train.schedule == LrSchedule::constant) {
      Train& shorter = train_of(changed(), stage);
      shorter.steps = shorter.stop_at;
      shorter.stop_at = 0;
    }
  }
  if (stage == Stage::vlm || stage == Stage::sft) {
    const std::int64_t resolution = resolution_of(e, stage);
    if (e.encoder.resolution != resolution) changed().encoder.resolution = resolution;
    for (const Stage trained : {Stage::vlm, Stage::sft}) {
      const Train& train = train_of(e, trained);
      if (train.resolution != 0) train_of(changed(), trained).resolution = 0;
      if (train.freeze.empty()) continue;
      std::vector<ModelPart> parts = frozen_parts(e, train);
      if (parts != train.freeze) train_of(changed(), trained).freeze = std::move(parts);
    }
    if (const auto mix = in_percent(e.data.mix); mix != e.data.mix) changed().data.mix = mix;
    if (const auto shares = in_percent(e.data.sft_shares); shares != e.data.sft_shares)
      changed().data.sft_shares = shares;
  }
  if (stage == Stage::eval &&
      !std::is_sorted(e.eval.shots.begin(), e.eval.shots.end(), std::less_equal<std::int64_t>())) {
    std::vector<std::int64_t>& shots = changed().eval.shots;
    std::sort(shots.begin(), shots.end());
    shots.erase(std::unique(shots.begin(), shots.end()), shots.end());
  }
  if (stage == Stage::eval && task == EvalTask::heldout_loss) {
    const auto evaluated = find_evaluated_stage(e, task);
    const auto unread = [&](std::vector<std::string> Eval::*sources) {
      if (!(e.eval.*sources).empty()) (changed().eval.*sources).clear();
    };
    const auto read = eval_sources(task, evaluated.value_or(Stage::vlm));
    for (const EvalSource& source : eval_sources(task, Stage::vlm))
      if (std::none_of(read.begin(), read.end(),
                       [&](const EvalSource& other) { return other.paths == source.paths; }))
        unread(source.paths);
    if (evaluated == Stage::encoder && !is_contrastive(e.encoder.loss) && !e.data.tokenizer.empty())
      changed().data.tokenizer.clear();
  }
  return room ? *room : e;
}

}  // namespace ablate
