// One form for all recipes that are the same to a stage, however they are written.
#pragma once

#include <optional>

#include "config/experiment.hpp"

namespace ablate {

/// The experiment as a stage computes it:
///   vlm, sft   encoder.resolution is that of the stage's pictures, train.STAGE.resolution 0 (as the stage
///              before); the parts to freeze come in the order of ModelPart, those that are not there left
///              out; data.mix and data.sft_shares sum to 100, to 12 digits
///   eval       eval.shots rise, each once; a held-out loss of stage encoder or llm has no sources, and of an
///              encoder that reads no captions no tokenizer, but those that it reads
/// `task`: the evaluation, for `eval`. Returns `experiment` itself where it has this form, else a changed
/// copy in `room`. Expects no contradictions (check.hpp).
const Experiment& canonical(const Experiment& experiment, Stage stage, EvalTask task,
                            std::optional<Experiment>& room);

}  // namespace ablate
