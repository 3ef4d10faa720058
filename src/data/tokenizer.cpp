#include "data/tokenizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "data/pieces.hpp"
#include "util/error.hpp"
#include "util/file.hpp"

namespace ablate {

namespace {

constexpr const char *kPad = "<pad>", *kDocumentEnd = "</s>", *kImageStart = "<image>",
                     *kImageEnd = "</image>", *kTurnStart = "<|im_start|>", *kTurnEnd = "<|im_end|>";
constexpr std::size_t kMaxModelBytes = 64 << 20;
/// Of one training sentence, in bytes: SentencePiece passes over longer ones.
constexpr std::size_t kMaxSentenceBytes = 4000;

/// Gives the trainer lines of the texts, long ones in pieces.
class TextLines : public PieceLines {
 public:
  TextLines(const std::function<bool(std::string&)>& next_text, std::int64_t max_bytes)
      : next_text_(next_text), bytes_left_(max_bytes) {
    advance();
  }
  bool done() const override { return done_; }
  const std::string& line() const override { return line_; }
  void advance() override {
    do {
      if (at_ >= text_.size() && !next()) return;
      const std::size_t newline = std::min(text_.find('\n', at_), text_.size());
      std::size_t end = std::min(newline, at_ + kMaxSentenceBytes);
      while (end < newline && (text_[end] & 0xC0) == 0x80) --end;  // Not inside a character.
      line_ = text_.substr(at_, end - at_);
      at_ = end + (end == newline);
    } while (line_.empty());
  }

 private:
  bool next() {
    if (bytes_left_ > 0 && next_text_(text_)) {
      bytes_left_ -= static_cast<std::int64_t>(text_.size());
      at_ = 0;
      return true;
    }
    done_ = true;
    return false;
  }

  const std::function<bool(std::string&)>& next_text_;
  std::int64_t bytes_left_;
  std::string text_, line_;
  std::size_t at_ = 0;
  bool done_ = false;
};

}  // namespace

Tokenizer::Tokenizer(const std::filesystem::path& file, ChatFormat format)
    : model_(piece_library().make_model()) {
  const std::string bytes = read_file(file, kMaxModelBytes);
  if (bytes.empty() || !model_->load(bytes).empty())
    throw Error(
        fmt::format("{}: no SentencePiece model; `ablate data tokenizer` trains one, and other systems call "
                    "theirs tokenizer.model",
                    file.string()));
  const auto get = [&](int own, const char* name) {
    if (own >= 0) return static_cast<std::int32_t>(own);
    const int id = model_->find(name);
    if (model_->piece(id) == name) return static_cast<std::int32_t>(id);
    added_.push_back(name);
    return static_cast<std::int32_t>(vocab_size() - 1);
  };
  special_.pad = get(model_->pad_id(), kPad);
  special_.document_end = get(model_->end_id(), kDocumentEnd);
  special_.image_start = get(-1, kImageStart);
  special_.image_end = get(-1, kImageEnd);
  if (format != ChatFormat::chatml) return;
  special_.turn_start = get(-1, kTurnStart);
  special_.turn_end = get(-1, kTurnEnd);
}

Tokenizer::~Tokenizer() = default;

std::int64_t Tokenizer::vocab_size() const {
  return model_->size() + static_cast<std::int64_t>(added_.size());
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text) const {
  std::vector<int> ids;
  const std::string problem = model_->encode(text, ids);
  if (!problem.empty()) throw std::runtime_error("SentencePiece: " + problem);
  // A model may know "<image>" as a piece of text: in text it means nothing.
  const auto is_special = [&](int id) {
    return id == special_.pad || id == special_.document_end || id == special_.image_start ||
           id == special_.image_end || id == special_.turn_start || id == special_.turn_end;
  };
  std::replace_if(ids.begin(), ids.end(), is_special, unknown());
  return ids;
}

std::int32_t Tokenizer::unknown() const { return std::max(model_->unknown_id(), 0); }

std::string Tokenizer::decode(std::span<const std::int32_t> ids) const {
  std::vector<int> known;
  for (const std::int32_t id : ids)
    if (id >= 0 && id < model_->size() && !model_->is_control(id)) known.push_back(id);
  std::string text;
  const std::string problem = model_->decode(known, text);
  if (!problem.empty()) throw std::runtime_error("SentencePiece: " + problem);
  return text;
}

std::string Tokenizer::piece(std::int32_t id) const {
  const std::int32_t own = model_->size();
  if (id < 0 || id >= vocab_size()) return fmt::format("#{}", id);
  return id < own ? model_->piece(id) : added_[static_cast<std::size_t>(id - own)];
}

std::string train_tokenizer(const std::function<bool(std::string&)>& next_text,
                            const TokenizerTraining& settings) {
  TextLines lines(next_text, settings.max_bytes);
  if (lines.done()) throw Error("tokenizer: the sources hold no text");
  const std::unordered_map<std::string, std::string> options = {
      {"model_type", "bpe"},
      {"vocab_size", std::to_string(settings.vocab_size)},
      {"byte_fallback", "true"},
      {"normalization_rule_name", "identity"},
      {"remove_extra_whitespaces", "false"},
      {"allow_whitespace_only_pieces", "true"},
      {"split_digits", "true"},
      {"character_coverage", "0.9995"},
      {"pad_id", "0"},
      {"pad_piece", kPad},
      {"unk_id", "1"},
      {"eos_id", "2"},
      {"eos_piece", kDocumentEnd},
      {"bos_id", "-1"},
      {"control_symbols", fmt::format("{},{}", kImageStart, kImageEnd)},
      {"minloglevel", "2"},
  };
  std::string model;
  const std::string problem = piece_library().train(options, lines, model);
  if (!problem.empty())
    throw Error(
        fmt::format("tokenizer: {} pieces cannot be made from this text: {}", settings.vocab_size, problem));
  return model;
}

}  // namespace ablate
