// What stages and evaluations take, by formula: parameters, floating-point operations (counted as in
// model_cost.hpp), memory.
#pragma once

#include <cstdint>

#include "config/experiment.hpp"
#include "plan/model_cost.hpp"
#include "plan/plan.hpp"

namespace ablate {

/// Operations forward and backward of stage llm, vlm or sft: of the blocks over one sequence, of the head at
/// one target, of vision and connector for one view of a picture, and of what is computed once for all
/// pictures of a step. Model FLOPs: dividing a step into micro-batches and recomputing activations add none.
struct TrainingFlops {
  double per_sequence = 0, per_target = 0, per_view = 0, per_step = 0;
  /// Of one step.
  double step(double sequences, double targets, double views) const;
};
TrainingFlops training_flops(const Experiment& experiment, Stage stage);

/// Text beside each picture, as long as nobody has looked at the data.
inline constexpr double kTextTokensPerImage = 64;
/// Pictures in one sequence of stage vlm or sft, as far as can be said without the data: as many as fit
/// beside that much text each, at most data.max_images, in the share of sequences that have any (for vlm
/// by data.mix, for sft by data.sft_shares, else all). 0 for llm.
double images_per_sequence(const Experiment& experiment, Stage stage);
/// Positions of one sequence whose successor is predicted, likewise: all but those of pictures with their
/// start and end. What the data decide is not taken off: padding, the first token of each document, and in
/// sft the questions. A training counts its targets.
double targets_per_sequence(const Experiment& experiment, Stage stage);

/// What a stage (and for `eval` the task) of an experiment takes.
Cost stage_cost(const Experiment& experiment, Stage stage, EvalTask task);
/// Its optimiser steps; 0 for an evaluation.
std::int64_t stage_steps(const Experiment& experiment, Stage stage);

}  // namespace ablate
