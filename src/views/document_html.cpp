#include "views/document_html.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "data/base64.hpp"
#include "report/html.hpp"
#include "util/text.hpp"

namespace ablate {

std::string_view document_style() {
  return R"css(.id, .note { color: #5b6675; font-size: .87rem; overflow-wrap: anywhere }
.parts { overflow-wrap: anywhere; white-space: pre-wrap }
.parts img { display: block; margin: .3rem 0; border: 1px solid #d7dde5; image-rendering: pixelated; min-width: 96px }
.t { border-bottom: 2px solid #2a9d57; margin-right: 1px } .c { color: #8a94a3; border-bottom: 2px solid #d7dde5; margin-right: 1px }
.s { background: #fff1cc; border-radius: 3px; font-family: monospace; font-size: .8rem; padding: 0 .2rem }
figure { display: inline-block; margin: .2rem .6rem .2rem 0; vertical-align: top } figcaption { color: #5b6675; font-size: .75rem }
)css";
}

std::string lines_html(std::string_view text) {
  std::vector<std::string> lines = split(text, '\n');
  for (std::string& line : lines) line = escape_html(line);
  return join(lines, "\n");
}

namespace {

/// A piece as text: SentencePiece's mark for a space becomes one, line breaks are shown and made.
std::string piece_html(const std::string& piece) {
  constexpr std::string_view kSpace = "\u2581";
  std::string text = piece;
  for (std::size_t at = 0; (at = text.find(kSpace, at)) != std::string::npos;)
    text.replace(at, kSpace.size(), " ");
  if (text == "<0x0A>") return "\u21b5\n";
  // Byte fallback: a byte that is a character by itself is shown as that.
  unsigned byte = 0;
  if (text.size() == 6 && std::sscanf(text.c_str(), "<0x%2X>", &byte) == 1 && byte > 0x20 && byte < 0x7F)
    text = static_cast<char>(byte);
  return lines_html(text);
}

std::string part_html(const DataView& view, const ViewPart& part) {
  switch (part.kind) {
    case PartKind::picture: {
      const Image& image = view.pictures[part.picture];
      const std::string tokens = part.tokens > 0 ? fmt::format(", {} tokens", part.tokens) : "";
      return fmt::format(
          "<figure><img alt=\"picture\" src=\"data:image/png;base64,{}\"><figcaption>{} x "
          "{}{}</figcaption></figure>",
          encode_base64(encode_png(image)), image.width, image.height, tokens);
    }
    case PartKind::special:
      return fmt::format("<span class=s>{}</span>", lines_html(part.text));
    case PartKind::target:
    case PartKind::context:
      break;
  }
  const char kind = part.kind == PartKind::target ? 't' : 'c';
  return fmt::format("<span class={}>{}</span>", kind,
                     part.tokens > 0 ? piece_html(part.text)
                                     : lines_html(part.text) + (part.text.ends_with('\n') ? "" : "\n"));
}

}  // namespace

std::string document_html(const DataView& view, const ViewDocument& document) {
  std::string html = "<div class=parts>";
  for (const ViewPart& part : document.parts) html += part_html(view, part);
  html += "</div>";
  if (!document.note.empty()) html += fmt::format("<div class=note>{}</div>", lines_html(document.note));
  return html;
}

}  // namespace ablate
