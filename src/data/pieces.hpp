// SentencePiece behind an interface.
//
// Debian's libsentencepiece carries a protobuf of its own whose symbols clash with the protobuf that LibTorch
// loads: both in one program crash it before main(). So SentencePiece is linked to a small shared object of
// ours, which is loaded with a scope of its own (dlopen(3), RTLD_DEEPBIND) from the folder of the running
// program, or from ../lib/ablate as seen from there, where an installation has it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ablate {

/// A SentencePiece model. Where a function returns text, it is what went wrong; empty: nothing.
struct PieceModel {
  virtual ~PieceModel() = default;
  virtual std::string load(std::string_view bytes) = 0;
  virtual std::string encode(std::string_view text, std::vector<int>& ids) const = 0;
  virtual std::string decode(const std::vector<int>& ids, std::string& text) const = 0;
  virtual int size() const = 0;
  virtual int pad_id() const = 0;  ///< -1: none; likewise the next ones.
  virtual int end_id() const = 0;
  virtual int unknown_id() const = 0;
  virtual int find(std::string_view piece) const = 0;
  virtual std::string piece(int id) const = 0;
  virtual bool is_control(int id) const = 0;
};

/// Lines of text to train on.
struct PieceLines {
  virtual ~PieceLines() = default;
  virtual bool done() const = 0;
  virtual const std::string& line() const = 0;
  virtual void advance() = 0;
};

/// What the shared object offers: its function `ablate_piece_library` returns one.
struct PieceLibrary {
  virtual ~PieceLibrary() = default;
  virtual std::unique_ptr<PieceModel> make_model() const = 0;
  /// Trains a model with SentencePiece's own options.
  virtual std::string train(const std::unordered_map<std::string, std::string>& options, PieceLines& lines,
                            std::string& model) const = 0;
};

/// Loads it once. Throws Error when it does not lie beside the program.
const PieceLibrary& piece_library();

}  // namespace ablate
