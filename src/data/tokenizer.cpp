#include "data/tokenizer.hpp"

#include <fmt/format.h>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <unordered_map>

#include "util/error.hpp"
#include "util/file.hpp"

namespace ablate {

namespace {

constexpr const char *kPad = "<pad>", *kDocumentEnd = "</s>", *kImageStart = "<image>",
                     *kImageEnd = "</image>";
constexpr std::size_t kMaxModelBytes = 64 << 20;
/// Of one training sentence, in bytes: SentencePiece passes over longer ones.
constexpr std::size_t kMaxSentenceBytes = 4000;

/// Gives the trainer lines of the texts, long ones in pieces.
class TextLines : public sentencepiece::SentenceIterator {
 public:
  TextLines(const std::function<bool(std::string&)>& next_text, std::int64_t max_bytes)
      : next_text_(next_text), bytes_left_(max_bytes) {
    Next();
  }
  bool done() const override { return done_; }
  const std::string& value() const override { return line_; }
  sentencepiece::util::Status status() const override { return {}; }
  void Next() override {
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

struct Tokenizer::Model {
  sentencepiece::SentencePieceProcessor processor;
};

Tokenizer::Tokenizer(const std::filesystem::path& file) : model_(std::make_unique<Model>()) {
  const std::string bytes = read_file(file, kMaxModelBytes);
  sentencepiece::SentencePieceProcessor& processor = model_->processor;
  if (bytes.empty() || !processor.LoadFromSerializedProto(bytes).ok())
    throw Error(
        fmt::format("{}: no SentencePiece model; `ablate data tokenizer` trains one, and other systems call "
                    "theirs tokenizer.model",
                    file.string()));
  const auto get = [&](int own, const char* name) {
    if (own >= 0) return static_cast<std::int32_t>(own);
    const int id = processor.PieceToId(name);
    if (processor.IdToPiece(id) == name) return static_cast<std::int32_t>(id);
    added_.push_back(name);
    return static_cast<std::int32_t>(vocab_size() - 1);
  };
  special_.pad = get(processor.pad_id(), kPad);
  special_.document_end = get(processor.eos_id(), kDocumentEnd);
  special_.image_start = get(-1, kImageStart);
  special_.image_end = get(-1, kImageEnd);
}

Tokenizer::~Tokenizer() = default;

std::int64_t Tokenizer::vocab_size() const {
  return model_->processor.GetPieceSize() + static_cast<std::int64_t>(added_.size());
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text) const {
  std::vector<int> ids;
  const auto status = model_->processor.Encode({text.data(), text.size()}, &ids);
  if (!status.ok()) throw std::runtime_error("SentencePiece: " + status.ToString());
  // A model may know "<image>" as a piece of text: in text it means nothing.
  const auto is_special = [&](int id) {
    return id == special_.pad || id == special_.document_end || id == special_.image_start ||
           id == special_.image_end;
  };
  std::replace_if(ids.begin(), ids.end(), is_special, std::max(model_->processor.unk_id(), 0));
  return ids;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids) const {
  std::vector<int> known;
  for (const std::int32_t id : ids)
    if (id >= 0 && id < model_->processor.GetPieceSize() && !model_->processor.IsControl(id))
      known.push_back(id);
  std::string text;
  const auto status = model_->processor.Decode(known, &text);
  if (!status.ok()) throw std::runtime_error("SentencePiece: " + status.ToString());
  return text;
}

std::string Tokenizer::piece(std::int32_t id) const {
  const std::int32_t own = model_->processor.GetPieceSize();
  if (id < 0 || id >= vocab_size()) return fmt::format("#{}", id);
  return id < own ? model_->processor.IdToPiece(id) : added_[static_cast<std::size_t>(id - own)];
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
  const auto status = sentencepiece::SentencePieceTrainer::Train(options, &lines, &model);
  if (!status.ok())
    throw Error(fmt::format("tokenizer: {} pieces cannot be made from this text: {}", settings.vocab_size,
                            status.ToString()));
  return model;
}

}  // namespace ablate
