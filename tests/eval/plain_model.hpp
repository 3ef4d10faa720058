// A model of language, and the same worked out over one plain document at a time.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "data/fixture.hpp"
#include "eval/language_model.hpp"
#include "eval/model_fixture.hpp"

namespace ablate {

/// Makes what a model says depend on what it has read.
constexpr double kLoud = 10;

/// The model, run over one plain document at a time.
struct PlainModel : SavedModel {
  using SavedModel::SavedModel;

  std::unique_ptr<LanguageModel> load(const std::function<void(EvaluationJob&)>& change = nullptr) const {
    EvaluationJob made = job();
    if (change) change(made);
    return load_language_model(made, kNeverStop);
  }
  /// Log-probabilities of what follows each position [T, V].
  torch::Tensor log_probabilities(const TokenizedDocument& document) const {
    const torch::NoGradGuard no_grad;
    SequencePlan plan;
    plan.documents = {document};
    const Sequence sequence = load_sequence(
        std::move(plan),
        {.seq_len = std::ssize(document.tokens), .image_tokens = kImageTokens, .resolution = kResolution},
        tokenizer.special());
    const SequenceBatch batch =
        make_sequence_batch(std::span(&sequence, 1), kResolution, recipe.llm.vocab_size, torch::kCPU);
    return torch::linear(model->hidden(batch), model->decoder->head())[0].to(torch::kFloat64).log_softmax(1);
  }
  /// log P of the last `count` tokens.
  double log_likelihood(const TokenizedDocument& document, std::int64_t count) const {
    const torch::Tensor known = log_probabilities(document);
    double sum = 0;
    for (std::int64_t t = std::ssize(document.tokens) - count; t < std::ssize(document.tokens); ++t)
      sum += known[t - 1][document.tokens[static_cast<std::size_t>(t)]].item<double>();
    return sum;
  }
  Likelihood alone(const Question& question, const std::string& candidate) const {
    Document document{.id = "alone", .segments = question.prompt};
    document.segments.push_back(shown_text(candidate));
    const auto count = std::ssize(tokenizer.encode(candidate)) + 1;
    return {log_likelihood(tokenize(document, tokenizer, {kImageTokens}), count), count};
  }
  /// The likeliest tokens one by one, each from the whole document.
  std::vector<std::int32_t> greedy(const Question& question, std::int64_t most) const {
    TokenizedDocument document =
        tokenize({.id = "greedy", .segments = question.prompt}, tokenizer, {kImageTokens});
    document.tokens.pop_back();
    std::vector<std::int32_t> written;
    while (std::ssize(written) < most) {
      document.targets.assign(document.tokens.size(), 0);
      const auto next = log_probabilities(document)[-1].argmax().item<std::int64_t>();
      if (endings().count(next) > 0) break;
      written.push_back(static_cast<std::int32_t>(next));
      document.tokens.push_back(written.back());
    }
    return written;
  }
  /// Tokens that are no text, and the end of a line.
  std::set<std::int64_t> endings() const {
    const SpecialPieces& special = tokenizer.special();
    std::set<std::int64_t> found = {special.document_end, special.image_start, special.image_end, special.pad,
                                    newline()};
    for (std::int64_t id = tokenizer.vocab_size(); id < recipe.llm.vocab_size; ++id) found.insert(id);
    return found;
  }
  std::int64_t newline() const {
    for (std::int32_t id = 0; id < tokenizer.vocab_size(); ++id)
      if (tokenizer.piece(id) == "<0x0A>") return id;
    return -1;
  }
  std::int64_t length_of(const std::vector<Segment>& prompt) const {
    return std::ssize(tokenize({.segments = prompt}, tokenizer, {kImageTokens}).tokens) - 1;
  }
};

inline Segment coloured(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  return shown_picture(square_png(30, red, green, blue));
}

}  // namespace ablate
