// Documents as tokens: what packing works with.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/document.hpp"
#include "data/sub_images.hpp"
#include "data/tokenizer.hpp"

namespace ablate {

/// Where the visual tokens of a picture stand.
struct ImagePlace {
  std::int64_t start = 0;   ///< Position of the first of them.
  std::int64_t tokens = 0;  ///< How many they are, those of all views together.
  std::int64_t views = 1;   ///< Squares of pixels that the encoder sees of the picture.
  bool operator==(const ImagePlace&) const = default;
};

struct PlacedPicture : ImagePlace {
  std::shared_ptr<const Picture> picture;
  TileGrid tiles;
};

/// How pictures are put before a decoder.
struct PictureLayout {
  std::int64_t view_tokens = 0;  ///< k, positions of one view of a picture.
  SubImages sub_images = SubImages::none;
  std::int64_t resolution = 0;  ///< R, pixels on a side of a view; only grid asks for it.
};

struct TokenizedDocument {
  std::string id;
  /// Which of the caller's items it was made of, for callers that find results by it.
  std::size_t index = 0;
  std::vector<std::int32_t> tokens;   ///< [n]; the places of pictures hold SpecialPieces::pad.
  std::vector<std::uint8_t> targets;  ///< [n]: 1 where the token is to be predicted. Of text only.
  std::vector<PlacedPicture> images;  ///< In order.
  /// [n], or empty where all is one text: 0 in the trunk, then 1, 2, ... in the texts that may follow it, one
  /// after another. Each goes on from the end of the trunk and knows nothing of the others.
  std::vector<std::int32_t> branches;
};

/// Adds one token.
void append_token(TokenizedDocument& document, std::int32_t token, bool target);
/// Adds the pieces of a text, targets or not, or a picture's start, places and end, which are none.
void append_segment(TokenizedDocument& document, const Segment& segment, bool target,
                    const Tokenizer& tokenizer, const PictureLayout& layout);

/// Text as its pieces, a picture as image_start, the places of its views one after another, image_end;
/// document_end at the end. A picture's start and end are no targets, document_end is.
TokenizedDocument tokenize(const Document& document, const Tokenizer& tokenizer, const PictureLayout& layout);

/// Cuts a document into pieces of at most `max_tokens` and `max_images`, never inside a picture. Each piece
/// is then a document of its own. Pieces with nothing to predict are left out. A picture's tokens and its
/// start and end must be fewer than `max_tokens`.
std::vector<TokenizedDocument> cut_document(TokenizedDocument document, std::int64_t max_tokens,
                                            std::int64_t max_images);

}  // namespace ablate
