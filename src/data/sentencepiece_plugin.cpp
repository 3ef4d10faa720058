// The shared object that is linked to SentencePiece: see pieces.hpp.
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include "data/pieces.hpp"

namespace ablate {

namespace {

std::string problem_of(const sentencepiece::util::Status& status) {
  return status.ok() ? "" : status.ToString();
}

class SentencePieceModel : public PieceModel {
 public:
  std::string load(std::string_view bytes) override {
    return problem_of(processor_.LoadFromSerializedProto({bytes.data(), bytes.size()}));
  }
  std::string encode(std::string_view text, std::vector<int>& ids) const override {
    return problem_of(processor_.Encode({text.data(), text.size()}, &ids));
  }
  std::string decode(const std::vector<int>& ids, std::string& text) const override {
    return problem_of(processor_.Decode(ids, &text));
  }
  int size() const override { return processor_.GetPieceSize(); }
  int pad_id() const override { return processor_.pad_id(); }
  int end_id() const override { return processor_.eos_id(); }
  int unknown_id() const override { return processor_.unk_id(); }
  int find(std::string_view piece) const override {
    return processor_.PieceToId({piece.data(), piece.size()});
  }
  std::string piece(int id) const override { return processor_.IdToPiece(id); }
  bool is_control(int id) const override { return processor_.IsControl(id); }

 private:
  sentencepiece::SentencePieceProcessor processor_;
};

class Lines : public sentencepiece::SentenceIterator {
 public:
  explicit Lines(PieceLines& lines) : lines_(lines) {}
  bool done() const override { return lines_.done(); }
  const std::string& value() const override { return lines_.line(); }
  sentencepiece::util::Status status() const override { return {}; }
  void Next() override { lines_.advance(); }

 private:
  PieceLines& lines_;
};

class SentencePieceLibrary : public PieceLibrary {
 public:
  std::unique_ptr<PieceModel> make_model() const override { return std::make_unique<SentencePieceModel>(); }
  std::string train(const std::unordered_map<std::string, std::string>& options, PieceLines& lines,
                    std::string& model) const override {
    Lines iterator(lines);
    return problem_of(sentencepiece::SentencePieceTrainer::Train(options, &iterator, &model));
  }
};

}  // namespace

}  // namespace ablate

extern "C" const ablate::PieceLibrary* ablate_piece_library() {
  static const ablate::SentencePieceLibrary library;
  return &library;
}
