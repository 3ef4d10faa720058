#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "data/base64.hpp"
#include "report/html.hpp"
#include "report/svg_figure.hpp"
#include "util/text.hpp"
#include "views/data_view.hpp"

namespace ablate {

namespace {

constexpr const char* kDataStyle =
    R"css(.sequence h2 { font-size: 1rem; margin: 0 }
.facts { white-space: pre-wrap; font-family: ui-monospace, monospace }
.id, .note, .legend { color: #5b6675; font-size: .87rem; overflow-wrap: anywhere }
.legend span { margin-right: 1rem }
.sequence { border: 1px solid #d7dde5; border-radius: 8px; padding: .8rem 1rem; margin: 1rem 0 }
.bar { display: flex; height: 12px; margin: .5rem 0; background: repeating-linear-gradient(45deg, #eef1f5 0 4px, #fff 4px 8px);
       border-radius: 3px; overflow: hidden }
.bar i { border-right: 1px solid #fff }
.document { border-left: 4px solid; padding: .1rem 0 .1rem .7rem; margin: .6rem 0 }
.parts { overflow-wrap: anywhere; white-space: pre-wrap }
.parts img { display: block; margin: .3rem 0; border: 1px solid #d7dde5; image-rendering: pixelated; min-width: 96px }
.t { border-bottom: 2px solid #2a9d57; margin-right: 1px } .c { color: #8a94a3; border-bottom: 2px solid #d7dde5; margin-right: 1px }
.s { background: #fff1cc; border-radius: 3px; font-family: monospace; font-size: .8rem; padding: 0 .2rem }
figure { display: inline-block; margin: .2rem .6rem .2rem 0; vertical-align: top } figcaption { color: #5b6675; font-size: .75rem }
)css";

/// Escaped line by line: line breaks stay.
std::string html(std::string_view text) {
  std::vector<std::string> lines = split(text, '\n');
  for (std::string& line : lines) line = escape_html(line);
  return join(lines, "\n");
}

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
  return html(text);
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
      return fmt::format("<span class=s>{}</span>", html(part.text));
    case PartKind::target:
    case PartKind::context:
      break;
  }
  const char kind = part.kind == PartKind::target ? 't' : 'c';
  return fmt::format(
      "<span class={}>{}</span>", kind,
      part.tokens > 0 ? piece_html(part.text) : html(part.text) + (part.text.ends_with('\n') ? "" : "\n"));
}

std::string bar_html(const ViewSequence& sequence) {
  std::string bar = "<div class=bar>";
  for (std::size_t i = 0; i < sequence.documents.size(); ++i)
    bar += fmt::format(
        "<i style=\"width:{:.3f}%;background:{}\" title=\"{}\"></i>",
        100.0 * static_cast<double>(sequence.documents[i].tokens) / static_cast<double>(sequence.positions),
        figure_colour(i), html(sequence.documents[i].id));
  return bar + "</div>\n";
}

}  // namespace

std::string view_page(const DataView& view) {
  std::string page = "<div class=facts>";
  for (const std::string& fact : view.facts) page += html(fact) + "\n";
  page +=
      "</div>\n<p class=legend><span class=t>to be predicted</span> <span class=c>only read</span> <span "
      "class=s>special "
      "piece</span></p>\n";
  for (const ViewSequence& sequence : view.sequences) {
    page += fmt::format("<div class=sequence><h2>{}</h2>\n", html(sequence.title));
    if (sequence.documents.size() > 1) page += bar_html(sequence);
    for (std::size_t i = 0; i < sequence.documents.size(); ++i) {
      const ViewDocument& document = sequence.documents[i];
      page += fmt::format("<div class=document style=\"border-color:{}\">", figure_colour(i));
      if (sequence.positions > 0 && sequence.documents.size() > 1)
        page += fmt::format("<div class=id>{}, {} tokens</div>", html(document.id), document.tokens);
      page += "<div class=parts>";
      for (const ViewPart& part : document.parts) page += part_html(view, part);
      page += "</div>";
      if (!document.note.empty()) page += fmt::format("<div class=note>{}</div>", html(document.note));
      page += "</div>\n";
    }
    page += "</div>\n";
  }
  return html_page(view.title, kDataStyle, page);
}

}  // namespace ablate
