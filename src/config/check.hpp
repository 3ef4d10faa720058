// Contradictions between the keys of one resolved experiment.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/experiment.hpp"

namespace ablate {

/// A rule that the experiment breaks: "'encoder.resolution' is 100; expected a multiple of 'encoder.patch'
/// (14)".
struct Contradiction {
  std::vector<const char*> keys;  ///< Of which at least one has to change.
  std::string message;
};

/// All rules that the stages of the experiment need and that do not hold.
std::vector<Contradiction> find_contradictions(const Experiment& experiment);

/// The stage whose model an evaluation looks at; nothing when the experiment has no such stage.
std::optional<Stage> find_evaluated_stage(const Experiment& experiment, EvalTask task);

/// The keys that an evaluation reads: of the others none can change its scores, but through the model.
std::span<const std::string_view> eval_keys(EvalTask task);

}  // namespace ablate
