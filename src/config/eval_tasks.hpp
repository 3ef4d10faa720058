// What each evaluation looks at: a stage's model, keys, held-out documents.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/experiment.hpp"

namespace ablate {

/// The stage whose model an evaluation looks at; nothing when the experiment has no such stage.
std::optional<Stage> find_evaluated_stage(const Experiment& experiment, EvalTask task);

/// A key that names held-out documents.
struct EvalSource {
  const char* key;
  std::vector<std::string> Eval::*paths;
};
/// Those that an evaluation reads for a model of such a stage: one of them at least has to name documents.
std::span<const EvalSource> eval_sources(EvalTask task, Stage evaluated);
/// The keys that an evaluation reads: of the others none can change its scores, but through the model.
std::span<const std::string_view> eval_keys(EvalTask task);

/// The names of a task's scores that are no chance levels.
struct EvalScores {
  std::span<const std::string_view> stems;
  /// Whether a stem is the name, or "/N-shot" of each of eval.shots follows, or what depends on the data.
  enum After { task, shots, data } of = task;
};
EvalScores scores_of(EvalTask task);

}  // namespace ablate
