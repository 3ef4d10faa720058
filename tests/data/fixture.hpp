// Small sources in a scratch folder, and a tokenizer for them.
#pragma once

#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "data/image.hpp"
#include "data/tokenizer.hpp"
#include "scratch.hpp"
#include "util/json.hpp"
#include "util/random.hpp"

namespace ablate {

/// Sentences of a few words, some with digits and letters beyond ASCII; the same for the same number.
inline std::string sentence(std::uint64_t number, std::uint64_t words) {
  static const std::vector<std::string> kWords = {"red",  "sneaker", "beside", "a",    "blue",  "bag",
                                                  "über", "the",     "coat",   "with", "ankle", "boot",
                                                  "and",  "42",      "left",   "of"};
  const RandomStream random(number, "sentence");
  std::string text;
  for (std::uint64_t i = 0; i < words; ++i) text += (i ? " " : "") + kWords[random.below(kWords.size(), i)];
  return text;
}

/// Trained once for all tests.
inline const std::string& small_tokenizer_model() {
  static const std::string kModel = [] {
    std::uint64_t number = 0;
    const auto next = [&](std::string& text) {
      text = sentence(number, 12);
      return ++number <= 300;
    };
    return train_tokenizer(next, {.vocab_size = 340});
  }();
  return kModel;
}

inline std::shared_ptr<const Tokenizer> small_tokenizer(ChatFormat format = ChatFormat::plain) {
  static std::map<ChatFormat, std::shared_ptr<const Tokenizer>> loaded;
  std::shared_ptr<const Tokenizer>& tokenizer = loaded[format];
  if (!tokenizer)
    tokenizer =
        std::make_shared<const Tokenizer>(Scratch().write("m.model", small_tokenizer_model()), format);
  return tokenizer;
}

/// A square of one colour.
inline std::string square_png(std::int64_t side, std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  Image image{side, side, {}};
  for (std::int64_t i = 0; i < side * side; ++i) image.pixels.insert(image.pixels.end(), {red, green, blue});
  return encode_png(image);
}

/// JSONL of `count` texts of 1 to `most_words` words.
inline std::string text_lines(std::uint64_t first, std::uint64_t count, std::uint64_t most_words) {
  const RandomStream random(first, "lengths");
  std::string lines;
  for (std::uint64_t i = 0; i < count; ++i)
    lines +=
        Json{{"text", fmt::format("#{} {}", first + i, sentence(first + i, 1 + random.below(most_words, i)))}}
            .dump() +
        "\n";
  return lines;
}

}  // namespace ablate
