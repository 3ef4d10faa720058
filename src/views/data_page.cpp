#include <fmt/format.h>

#include "report/html.hpp"
#include "report/svg_figure.hpp"
#include "views/data_view.hpp"
#include "views/document_html.hpp"

namespace ablate {

namespace {

constexpr const char* kDataStyle =
    R"css(.sequence h2 { font-size: 1rem; margin: 0 }
.facts { white-space: pre-wrap; font-family: ui-monospace, monospace }
.legend { color: #5b6675; font-size: .87rem } .legend span { margin-right: 1rem }
.sequence { border: 1px solid #d7dde5; border-radius: 8px; padding: .8rem 1rem; margin: 1rem 0 }
.bar { display: flex; height: 12px; margin: .5rem 0; background: repeating-linear-gradient(45deg, #eef1f5 0 4px, #fff 4px 8px);
       border-radius: 3px; overflow: hidden }
.bar i { border-right: 1px solid #fff }
.document { border-left: 4px solid; padding: .1rem 0 .1rem .7rem; margin: .6rem 0 }
)css";

std::string bar_html(const ViewSequence& sequence) {
  std::string bar = "<div class=bar>";
  for (std::size_t i = 0; i < sequence.documents.size(); ++i)
    bar += fmt::format(
        "<i style=\"width:{:.3f}%;background:{}\" title=\"{}\"></i>",
        100.0 * static_cast<double>(sequence.documents[i].tokens) / static_cast<double>(sequence.positions),
        figure_colour(i), lines_html(sequence.documents[i].id));
  return bar + "</div>\n";
}

}  // namespace

std::string view_page(const DataView& view) {
  std::string page = "<div class=facts>";
  for (const std::string& fact : view.facts) page += lines_html(fact) + "\n";
  page +=
      "</div>\n<p class=legend><span class=t>to be predicted</span> <span class=c>only read</span> <span "
      "class=s>special "
      "piece</span></p>\n";
  for (const ViewSequence& sequence : view.sequences) {
    page += fmt::format("<div class=sequence><h2>{}</h2>\n", lines_html(sequence.title));
    if (sequence.documents.size() > 1) page += bar_html(sequence);
    for (std::size_t i = 0; i < sequence.documents.size(); ++i) {
      const ViewDocument& document = sequence.documents[i];
      page += fmt::format("<div class=document style=\"border-color:{}\">", figure_colour(i));
      if (sequence.positions > 0 && sequence.documents.size() > 1)
        page += fmt::format("<div class=id>{}, {} tokens</div>", lines_html(document.id), document.tokens);
      page += document_html(view, document) + "</div>\n";
    }
    page += "</div>\n";
  }
  return html_page(view.title, std::string(document_style()) + kDataStyle, page);
}

}  // namespace ablate
