// What a model will see of documents and sequences, ready to be shown in a terminal or on a page.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "data/mixture.hpp"

namespace ablate {

enum class PartKind {
  target,   ///< Text that the model is to predict.
  context,  ///< Text that it only reads.
  special,  ///< `<image>`, `</s>`, ...
  picture
};

struct ViewPart {
  PartKind kind = PartKind::target;
  std::string text;         ///< One piece, or a whole segment where there is no tokenizer.
  std::int64_t tokens = 0;  ///< Positions that it takes; 0: not known.
  std::size_t picture = 0;  ///< Index into DataView::pictures.
};

struct ViewDocument {
  std::string id;
  std::vector<ViewPart> parts;
  std::int64_t tokens = 0;  ///< 0: not known.
  std::string note;         ///< "synthetic caption: ...", "choices: ..."; empty: none.
};

/// A packed sequence, or one document by itself.
struct ViewSequence {
  std::string title;
  std::int64_t positions = 0;  ///< Length with padding; 0: a document by itself.
  std::vector<ViewDocument> documents;
};

struct DataView {
  std::string title;
  std::vector<std::string> facts;  ///< Lines above all sequences.
  std::int64_t resolution = 0;
  std::vector<ViewSequence> sequences;
  std::vector<Image> pictures;
};

/// A document as it stands in its source; its pictures become the view's, as `load` has them. One for which
/// that throws BrokenDocument becomes a part that says so.
ViewDocument view_document(DataView& view, const Document& document,
                           const std::function<Image(const Picture&)>& load);
/// Adds a document with its pictures as the encoder sees them.
void add_document(DataView& view, const Document& document, ImageFit fit);
/// Adds a sequence as it is packed.
void add_sequence(DataView& view, const Sequence& sequence, const std::string& title,
                  const Tokenizer& tokenizer);

/// As much of a text as `most` bytes, and " ..." where there is more; cut after whole characters.
std::string shortened(std::string text, std::size_t most);

/// For a terminal of `width` columns: pieces apart from one another, long documents shortened.
std::string view_text(const DataView& view, std::size_t width, bool colour);
/// One HTML page that needs no other file. What documents say cannot become markup.
std::string view_page(const DataView& view);

}  // namespace ablate
