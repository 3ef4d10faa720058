// SentencePiece tokenizers: text into ids and back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/experiment.hpp"

namespace ablate {

struct PieceModel;

/// Ids with a meaning of their own. They never come out of text, whatever the text says.
struct SpecialPieces {
  std::int32_t pad = 0;  ///< `<pad>`: fills up sequences, and holds the places of a picture's tokens.
  std::int32_t document_end = 0;  ///< `</s>`
  std::int32_t image_start = 0;   ///< `<image>`: stands before a picture's tokens.
  std::int32_t image_end = 0;     ///< `</image>`: stands after them.
  std::int32_t turn_start = -1;   ///< `<|im_start|>`: begins a turn in ChatML; -1 without its marks.
  std::int32_t turn_end = -1;     ///< `<|im_end|>`: ends it.
};

/// Several threads may use one at once.
class Tokenizer {
 public:
  /// Loads a SentencePiece model, ours or another (Llama's tokenizer.model). Special pieces that it lacks get
  /// the ids after its own; ChatML's marks are special pieces for ChatFormat::chatml alone. Throws Error when
  /// the file is no such model.
  explicit Tokenizer(const std::filesystem::path& file, ChatFormat format = ChatFormat::plain);
  ~Tokenizer();

  std::vector<std::int32_t> encode(std::string_view text) const;
  /// Special pieces are left out.
  std::string decode(std::span<const std::int32_t> ids) const;
  /// The piece as people read it: "▁the", "<0x0A>", "<image>".
  std::string piece(std::int32_t id) const;
  /// Ids are below it: what `llm.vocab_size` must be at least.
  std::int64_t vocab_size() const;
  const SpecialPieces& special() const { return special_; }
  /// What text becomes that no other piece stands for; bytes of their own leave none.
  std::int32_t unknown() const;

 private:
  std::unique_ptr<PieceModel> model_;
  SpecialPieces special_;
  std::vector<std::string> added_;  ///< Special pieces after the model's own.
};

struct TokenizerTraining {
  std::int64_t vocab_size = 8192;       ///< Special and byte pieces included: at least 300.
  std::int64_t max_bytes = 50'000'000;  ///< So much text is looked at.
};

/// Trains byte-pair pieces with byte fallback, digits apart, white space kept: the same text gives the same
/// bytes. `next_text` fills in the next text, or returns false. Returns the model file's content. Throws
/// Error when the text does not suffice for so many pieces.
std::string train_tokenizer(const std::function<bool(std::string&)>& next_text,
                            const TokenizerTraining& settings);

}  // namespace ablate
