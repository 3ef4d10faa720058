// What a law says about a model that is to be trained: for readers, as JSON, and as keys to paste.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "law/law.hpp"
#include "report/terminal.hpp"
#include "util/json.hpp"

namespace ablate {

/// A prediction and what else its reports need.
struct Forecast {
  std::string name;  ///< Of the input.
  std::vector<std::string> left_out;
  std::string stage;
  LawFit fit;
  LawPrediction prediction;
  std::optional<std::int64_t> seq_len;
  bool tokens_assumed = false;

  /// Sequences in a step, rounded; nothing without a batch or --seq-len.
  std::optional<std::int64_t> sequences() const;
};

std::string forecast_text(const Forecast& forecast, const Terminal& terminal);
Json forecast_json(const Forecast& forecast);
/// Keys for an experiment or a sweep's [override].
std::string toml_block(const Forecast& forecast);

}  // namespace ablate
