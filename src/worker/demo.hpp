// The demonstration: a small perceptron learns to name noisy drawings. It needs neither LibTorch nor data,
// takes seconds, and is a training like any other: curves, checkpoints, exact resumption, evaluations.
//
// config.demo: resolution (2, 4, 8 or 16), width, steps, batch, noise, peak_lr. The environment variable
// ABLATE_DEMO_STEP_SECONDS makes each step sleep so long: for tests that need a training to last.
#pragma once

#include "worker/stage.hpp"

namespace ablate {

/// Metrics loss, accuracy (of the step's batch, before its update) and lr. Leaves checkpoint-STEP and model.
StageResult train_demo(const StageContext& context);

/// Share of config.eval.max_examples held-out pictures that the parent's model names rightly; with the noise
/// that it was trained on, or twice that.
StageResult eval_demo_accuracy(const StageContext& context);
StageResult eval_demo_robustness(const StageContext& context);

}  // namespace ablate
