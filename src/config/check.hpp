// Contradictions between the keys of one resolved experiment.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/experiment.hpp"

namespace ablate {

/// A rule that the experiment breaks: "'encoder.resolution' is 100; expected a multiple of 'encoder.patch'
/// (14)".
struct Contradiction {
  std::vector<const char*> keys;  ///< Of which at least one has to change.
  std::string message;
};

/// The pieces of the tokenizer in a file, special ones and those of the format included; nothing when there
/// is no such file. Throws Error for a file that is no tokenizer.
using PieceCount = std::function<std::optional<std::int64_t>(const std::string& file, ChatFormat format)>;

/// All rules that the stages of the experiment need and that do not hold. Without `count_pieces` nothing is
/// said of the tokenizer.
std::vector<Contradiction> find_contradictions(const Experiment& experiment,
                                               const PieceCount& count_pieces = {});

/// Why an evaluation would have nothing to ask a model of such a stage: no documents, no number of examples.
std::optional<Contradiction> find_nothing_to_ask(const Experiment& experiment, EvalTask task,
                                                 Stage evaluated);

}  // namespace ablate
