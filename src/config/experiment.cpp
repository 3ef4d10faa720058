#include "config/experiment.hpp"

#include <algorithm>
#include <stdexcept>

namespace ablate {

bool Experiment::has_stage(Stage stage) const {
  if (std::find(stages.begin(), stages.end(), stage) == stages.end()) return false;
  return stage != Stage::encoder ||
         encoder.loss != EncoderLoss::none;  // Without an encoder there is nothing to train.
}

namespace {

Train Experiment::*train_member(Stage stage) {
  switch (stage) {
    case Stage::encoder:
      return &Experiment::train_encoder;
    case Stage::llm:
      return &Experiment::train_llm;
    case Stage::vlm:
      return &Experiment::train_vlm;
    case Stage::sft:
      return &Experiment::train_sft;
    case Stage::demo:
    case Stage::eval:
      break;
  }
  throw std::logic_error("a stage that does not train a model");
}

}  // namespace

Train& train_of(Experiment& experiment, Stage stage) { return experiment.*train_member(stage); }

const Train& train_of(const Experiment& experiment, Stage stage) { return experiment.*train_member(stage); }

Llm llm_of(const Experiment& experiment, Stage stage) {
  Llm llm = experiment.llm;
  const bool dense = (llm.moe.upcycle == Upcycle::vlm && stage == Stage::llm) ||
                     (llm.moe.upcycle == Upcycle::sft && stage != Stage::sft);
  if (dense) llm.moe.experts = 0;
  return llm;
}

Experiment at_stage(const Experiment& experiment, Stage stage) {
  Experiment changed = experiment;
  changed.llm = llm_of(experiment, stage);
  return changed;
}

std::int64_t resolution_of(const Experiment& experiment, Stage stage) {
  const std::int64_t own = train_of(experiment, stage).resolution;
  if (stage == Stage::llm) return 0;
  if (stage == Stage::encoder) return experiment.encoder.resolution;
  return own > 0 ? own : resolution_of(experiment, stage == Stage::sft ? Stage::vlm : Stage::encoder);
}

std::int64_t most_views(SubImages sub_images) { return sub_images == SubImages::none ? 1 : 5; }

std::int64_t visual_tokens(const Experiment& e, std::int64_t resolution) {
  const std::int64_t side = resolution / e.encoder.patch;
  if (e.encoder.loss == EncoderLoss::none)
    return side * side + side;  // A newline token ends each row of patches.
  return e.connector.kind == ConnectorKind::mlp ? side * side : e.connector.tokens;
}

}  // namespace ablate
