// A model of language, as evaluations use it: what does it find likely, what does it write?
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/stream.hpp"
#include "eval/evaluate.hpp"
#include "eval/examples.hpp"

namespace ablate {

/// Thrown out of an evaluation that was asked to stop.
struct StopRequested {};

/// The likelihood of one text after another.
struct Likelihood {
  double nats = 0;  ///< log P(text, its end | prompt), at most 0.
  std::int64_t tokens = 0;
};

/// The loss over the targets of one document.
struct DocumentLoss {
  double nats = 0;  ///< Sum of the cross entropies.
  std::int64_t tokens = 0;
  /// UTF-8 bytes of the text that those tokens stand for; the end of the document has none. Nothing where one
  /// of them stands for any text that the tokenizer has no pieces for.
  std::optional<std::int64_t> bytes = 0;
};

/// Results are in the order of what was asked. They are empty where a picture is broken, which `report` says,
/// and where the text is longer than data.seq_len. A ranking is also empty where the tokenizer makes the same
/// of all candidates.
struct LanguageModel {
  virtual ~LanguageModel() = default;
  /// For each question its candidates, in their order.
  virtual std::vector<std::vector<Likelihood>> rank(std::span<const Question> questions,
                                                    ReadReport& report) = 0;
  /// What the model writes after each prompt, the likeliest token at a time: up to the end of a line, of an
  /// answer or of the document, a picture, or `max_new_tokens`. Throws Diverged where no token is the
  /// likeliest (NaN).
  virtual std::vector<std::optional<std::string>> write(std::span<const Question> questions,
                                                        std::int64_t max_new_tokens, ReadReport& report) = 0;
  /// Documents of one role, as they are written in training: conversations in the format of the model's
  /// stage. Those longer than data.seq_len are cut as there, the parts of one added up. A loss of 0 tokens is
  /// empty.
  virtual std::vector<DocumentLoss> losses(std::span<const Document> documents, DataRole role,
                                           ReadReport& report) = 0;
};

/// The trained model of a job's stage llm, vlm or sft. To one of stage sft prompts are conversations, as it
/// was trained on (data/chat.hpp): examples are turns, whose answers are the prompt's targets. Throws Error.
std::unique_ptr<LanguageModel> load_language_model(const EvaluationJob& job,
                                                   const std::function<bool()>& stop_requested);

}  // namespace ablate
