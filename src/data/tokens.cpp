#include "data/tokens.hpp"

#include <algorithm>
#include <stdexcept>

namespace ablate {

void append_token(TokenizedDocument& document, std::int32_t token, bool target) {
  document.tokens.push_back(token);
  document.targets.push_back(target);
}

void append_segment(TokenizedDocument& document, const Segment& segment, bool target,
                    const Tokenizer& tokenizer, const PictureLayout& layout) {
  if (!segment.picture) {
    for (const std::int32_t token : tokenizer.encode(segment.text)) append_token(document, token, target);
    return;
  }
  const SpecialPieces& special = tokenizer.special();
  const TileGrid tiles =
      segment.whole ? TileGrid{} : choose_tiles(layout.sub_images, *segment.picture, layout.resolution);
  const std::int64_t places = tiles.views() * layout.view_tokens;
  append_token(document, special.image_start, false);
  document.images.push_back({{.start = std::ssize(document.tokens), .tokens = places, .views = tiles.views()},
                             segment.picture,
                             tiles});
  for (std::int64_t i = 0; i < places; ++i) append_token(document, special.pad, false);
  append_token(document, special.image_end, false);
}

TokenizedDocument tokenize(const Document& document, const Tokenizer& tokenizer,
                           const PictureLayout& layout) {
  TokenizedDocument result;
  result.id = document.id;
  for (const Segment& segment : document.segments)
    append_segment(result, segment, segment.target, tokenizer, layout);
  append_token(result, tokenizer.special().document_end, true);
  return result;
}

std::vector<TokenizedDocument> cut_document(TokenizedDocument document, std::int64_t max_tokens,
                                            std::int64_t max_images) {
  const auto length = static_cast<std::int64_t>(document.tokens.size());
  const auto images = static_cast<std::int64_t>(document.images.size());
  // The first token of a piece has nothing before it that could predict it.
  const auto has_target = [&](std::int64_t from, std::int64_t to) {
    const auto begin = document.targets.begin();
    return std::find(begin + std::min(from + 1, to), begin + to, 1) != begin + to;
  };
  std::vector<TokenizedDocument> pieces;
  if (length <= max_tokens && images <= max_images) {
    if (has_target(0, length)) pieces.push_back(std::move(document));
    return pieces;
  }
  // A picture takes up its tokens, its start and its end.
  const auto begin_of = [&](std::int64_t image) {
    return document.images[static_cast<std::size_t>(image)].start - 1;
  };
  const auto end_of = [&](std::int64_t image) {
    return begin_of(image) + document.images[static_cast<std::size_t>(image)].tokens + 2;
  };
  std::int64_t from = 0, image = 0;
  while (from < length) {
    std::int64_t to = std::min(from + max_tokens, length), next_image = image;
    while (next_image < images && end_of(next_image) <= to && next_image - image < max_images) ++next_image;
    if (next_image < images) to = std::min(to, begin_of(next_image));
    if (to <= from) throw std::logic_error("a picture does not fit a sequence");
    if (has_target(from, to)) {
      TokenizedDocument piece{
          .id = document.id,
          .index = document.index,
          .tokens = {document.tokens.begin() + from, document.tokens.begin() + to},
          .targets = {document.targets.begin() + from, document.targets.begin() + to},
          .images = {document.images.begin() + image, document.images.begin() + next_image},
          .branches = {}};
      for (PlacedPicture& picture : piece.images) picture.start -= from;
      pieces.push_back(std::move(piece));
    }
    from = to;
    image = next_image;
  }
  return pieces;
}

}  // namespace ablate
