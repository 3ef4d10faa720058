#include "config/experiment.hpp"

#include <algorithm>

#include "config/names.hpp"

namespace ablate {

bool Experiment::has_stage(Stage stage) const {
  if (std::find(stages.begin(), stages.end(), to_name(stage)) == stages.end()) return false;
  return stage != Stage::encoder ||
         encoder.loss != EncoderLoss::none;  // Without an encoder there is nothing to train.
}

std::int64_t vlm_resolution(const Experiment& experiment) {
  return experiment.train_vlm.resolution > 0 ? experiment.train_vlm.resolution
                                             : experiment.encoder.resolution;
}

std::int64_t sft_resolution(const Experiment& experiment) {
  return experiment.train_sft.resolution > 0 ? experiment.train_sft.resolution : vlm_resolution(experiment);
}

std::int64_t visual_tokens(const Experiment& e, std::int64_t resolution) {
  const std::int64_t side = resolution / e.encoder.patch;
  if (e.encoder.loss == EncoderLoss::none)
    return side * side + side;  // A newline token ends each row of patches.
  return e.connector.kind == ConnectorKind::mlp ? side * side : e.connector.tokens;
}

}  // namespace ablate
