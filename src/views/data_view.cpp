#include "views/data_view.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "data/source.hpp"
#include "report/terminal.hpp"
#include "report/wrap.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

/// Characters of one document in a terminal.
constexpr std::size_t kShownCharacters = 1200;
constexpr std::size_t kDocumentIndent = 2;

std::string part_text(const DataView& view, const ViewPart& part) {
  if (part.kind != PartKind::picture) {
    std::string text = part.text;
    std::replace(text.begin(), text.end(), '\n', ' ');
    return printable(text, kWhole);
  }
  const Image& image = view.pictures[part.picture];
  const std::string tokens = part.tokens > 0 ? fmt::format(", {} tokens", part.tokens) : "";
  return fmt::format("[picture {} x {}{}]", image.width, image.height, tokens);
}

std::string document_text(const DataView& view, const ViewDocument& document, std::size_t width,
                          bool colour) {
  std::string text, plain;
  std::size_t column = kDocumentIndent, shown = 0;
  for (const ViewPart& part : document.parts) {
    if (shown > kShownCharacters) {
      text += " ...";
      break;
    }
    std::string whole = part_text(view, part);
    if (part.kind == PartKind::context && !colour) whole = "(" + whole + ")";
    // A piece stands whole; a segment without pieces is broken between words.
    for (std::string word : part.tokens > 0 ? std::vector{whole} : split(whole, ' ')) {
      word = shortened(std::move(word), kShownCharacters);
      const std::size_t columns = display_width(word);
      if (column > kDocumentIndent && column + 1 + columns > width) {
        text += "\n" + std::string(kDocumentIndent, ' ');
        column = kDocumentIndent;
      } else if (column > kDocumentIndent) {
        text += ' ';
        ++column;
      }
      column += columns;
      shown += word.size();
      const Terminal terminal{.live = false, .colour = colour, .columns = width, .rows = 0};
      switch (part.kind) {
        case PartKind::target:
          text += word;
          break;
        case PartKind::context:
          text += paint(word, Style::dim, terminal);
          break;
        case PartKind::special:
          text += paint(word, Style::yellow, terminal);
          break;
        case PartKind::picture:
          text += paint(word, Style::green, terminal);
          break;
      }
      if (shown > kShownCharacters) break;
    }
  }
  return std::string(kDocumentIndent, ' ') + text + "\n";
}

}  // namespace

std::string shortened(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (text[most] & 0xC0) == 0x80) --most;
  return text.substr(0, most) + " ...";
}

ViewDocument view_document(DataView& view, const Document& document,
                           const std::function<Image(const Picture&)>& load) {
  ViewDocument shown{.id = document.id, .parts = {}, .tokens = 0, .note = {}};
  for (const Segment& segment : document.segments) {
    if (!segment.picture) {
      shown.parts.push_back({segment.target ? PartKind::target : PartKind::context, segment.text, 0, 0});
      continue;
    }
    try {
      view.pictures.push_back(load(*segment.picture));
      shown.parts.push_back({PartKind::picture, "", 0, view.pictures.size() - 1});
    } catch (const BrokenDocument& broken) {
      shown.parts.push_back({PartKind::special, "[broken picture: " + broken.problem.message + "]", 0, 0});
    }
  }
  if (!document.synthetic_caption.empty()) shown.note = "synthetic caption: " + document.synthetic_caption;
  if (!document.choices.empty()) shown.note = "choices: " + join(document.choices, " | ");
  return shown;
}

void add_document(DataView& view, const Document& document, ImageFit fit) {
  ViewDocument shown = view_document(
      view, document, [&](const Picture& picture) { return load_picture(picture, view.resolution, fit); });
  view.sequences.push_back({document.id, 0, {std::move(shown)}});
}

void add_sequence(DataView& view, const Sequence& sequence, const std::string& title,
                  const Tokenizer& tokenizer) {
  const SpecialPieces& special = tokenizer.special();
  ViewSequence shown{title, static_cast<std::int64_t>(sequence.tokens.size()), {}};
  for (const std::string& id : sequence.ids) shown.documents.push_back({id, {}, 0, {}});
  const std::ptrdiff_t bytes = view.resolution * view.resolution * 3;
  auto pixel = sequence.pixels.begin();
  std::size_t next_image = 0;
  for (std::size_t i = 0; i < sequence.tokens.size() && sequence.documents[i] >= 0;) {
    ViewDocument& document = shown.documents[static_cast<std::size_t>(sequence.documents[i])];
    if (next_image < sequence.images.size() &&
        sequence.images[next_image].start == static_cast<std::int64_t>(i)) {
      const ImagePlace& image = sequence.images[next_image++];
      for (std::int64_t shown_view = 0; shown_view < image.views; ++shown_view) {
        view.pictures.push_back({view.resolution, view.resolution, {pixel, pixel + bytes}});
        pixel += bytes;
        document.parts.push_back(
            {PartKind::picture, "", image.tokens / image.views, view.pictures.size() - 1});
      }
      document.tokens += image.tokens;
      i += static_cast<std::size_t>(image.tokens);
      continue;
    }
    const std::int32_t token = sequence.tokens[i];
    const bool is_special = token == special.pad || token == special.document_end ||
                            token == special.image_start || token == special.image_end;
    // A token is a target when the position before it has it as its label.
    const bool is_target = sequence.positions[i] > 0 && sequence.labels[i - 1] == token;
    document.parts.push_back({is_special  ? PartKind::special
                              : is_target ? PartKind::target
                                          : PartKind::context,
                              tokenizer.piece(token), 1, 0});
    ++document.tokens;
    ++i;
  }
  view.sequences.push_back(std::move(shown));
}

std::string view_text(const DataView& view, std::size_t width, bool colour) {
  if (width == 0) width = 110;
  std::string text;
  for (const std::string& fact : view.facts) text += printable(fact, kWhole) + "\n";
  const Terminal terminal{.live = false, .colour = colour, .columns = width, .rows = 0};
  for (const ViewSequence& sequence : view.sequences) {
    text += "\n" + paint(printable(sequence.title, kWhole), Style::bold, terminal) + "\n";
    for (const ViewDocument& document : sequence.documents) {
      if (sequence.positions > 0 && sequence.documents.size() > 1)
        text += fmt::format(
            "  {}\n", paint(fmt::format("{} ({} tokens)", printable(document.id, kWhole), document.tokens),
                            Style::dim, terminal));
      text += document_text(view, document, width, colour);
      if (!document.note.empty())
        text += "  " +
                wrap(shortened(printable(document.note, kWhole), kShownCharacters), kDocumentIndent, width) +
                "\n";
    }
  }
  return text;
}

}  // namespace ablate
