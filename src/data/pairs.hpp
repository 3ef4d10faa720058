// What an encoder is trained on: single pictures with their captions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "data/stream.hpp"
#include "data/tokenizer.hpp"

namespace ablate {

struct PairSettings {
  std::vector<std::filesystem::path> paths;
  std::uint64_t seed = 0;
  std::int64_t resolution = 0;  ///< R
  std::int64_t context = 0;     ///< C, most tokens of a caption; 0: captions are not needed (AIM, VAE).
  ImageFit image_fit = ImageFit::stretch;
  double synthetic_share = 0;
};

struct Pair {
  std::string id;
  std::vector<std::uint8_t> pixels;  ///< [R, R, 3]; empty when the picture is broken: to be passed over.
  std::vector<std::int32_t> tokens;  ///< [C]: the caption, document_end, then pad. A long caption is cut.
  std::int64_t length = 0;           ///< Tokens up to document_end.
  ReadReport report;
  StreamPosition position;  ///< Where the source stands after it.
};

struct PairPlan {
  DrawnDocument drawn;
  ReadReport report;
  StreamPosition position;
};

/// Plans pairs one after the other, for one thread.
class PairSource {
 public:
  /// `from`: null for the beginning. Throws DataError for sources with nothing in them.
  explicit PairSource(PairSettings settings, const StreamPosition* from = nullptr);
  PairPlan next();

 private:
  PairSettings settings_;
  DocumentStream stream_;
};

/// Decodes the picture and tokenizes the caption; `tokenizer` may be null where `context` is 0. A pure
/// function; may run in any thread.
Pair load_pair(PairPlan plan, const PairSettings& settings, const Tokenizer* tokenizer);

struct CaptionTokens {
  std::vector<std::int32_t> tokens;  ///< [C], as in Pair.
  std::int64_t length = 0;
};
/// `context`: C, at least 1.
CaptionTokens tokenize_caption(std::string_view caption, const Tokenizer& tokenizer, std::size_t context);

/// The caption of a caption document: its synthetic one in `share` of the documents that have one, by their
/// own bits.
const std::string& choose_caption(const DrawnDocument& drawn, double share);

}  // namespace ablate
