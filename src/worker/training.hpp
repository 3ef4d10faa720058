// The stages that train a model with LibTorch, encoder, llm, vlm and sft, and those that evaluate it.
#pragma once

#include "worker/stage.hpp"

namespace ablate {

/// Metrics as train/meter.hpp and the losses have them; leaves folders checkpoint-STEP, and
/// model.safetensors.
StageResult train_model(const StageContext& context);
/// Scores as eval/tasks.hpp has them.
StageResult evaluate_model(const StageContext& context);

}  // namespace ablate
