#include "report/html.hpp"

#include <fmt/format.h>

#include "util/text.hpp"

namespace ablate {

namespace {

constexpr const char* kHead = R"html(<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; color: #1d2430; background: #fff }
h1 { font-size: 1.4rem; margin: 0 0 .3rem } h2 { font-size: 1.05rem; margin: 1.8rem 0 .4rem }
.facts { color: #5b6675; font-size: .87rem; overflow-wrap: anywhere }
table { border-collapse: collapse; font-size: .87rem; font-variant-numeric: tabular-nums }
th { text-align: left; border-bottom: 1px solid #8a94a3; font-weight: 600 } td, th { padding: .15rem .8rem .15rem 0 }
td { border-bottom: 1px solid #eef1f5 } .right { text-align: right }
.wide { overflow-x: auto }
)html";

std::string cell_html(const TableCell& cell) {
  std::string html = escape_html(cell.text);
  if (cell.strong) html = "<b>" + html + "</b>";
  return cell.mark.empty() ? html : html + " " + escape_html(cell.mark);
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char c : printable(text, kWhole)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string table_html(const Table& table) {
  std::string html = table.columns.empty() ? "" : "<div class=wide tabindex=0><table><tr>";
  const auto tag = [&](const char* name, std::size_t column, const std::string& content) {
    const bool is_number =
        content.find_first_not_of("0123456789.+-e") == content.npos;  // Broken nowhere: 1e-4.
    return fmt::format("<{0}{1}>{2}</{0}>", name,
                       table.columns[column].align == Align::right ? " class=right"
                       : is_number && !content.empty()             ? " class=number"
                                                                   : "",
                       content);
  };
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    html += tag("th", i, escape_html(table.columns[i].name));
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) html += tag("td", i, cell_html(row[i]));
  }
  if (!table.columns.empty()) html += "</table></div>\n";
  for (const std::string& note : table.notes) html += "<p class=facts>" + escape_html(note) + "</p>\n";
  return html;
}

std::string html_page(std::string_view title, std::string_view style, std::string_view body,
                      std::string_view head) {
  const std::string name = escape_html(title);
  return fmt::format("{0}{1}</style>\n{4}<title>{2}</title>\n<h1>{2}</h1>\n{3}</html>\n", kHead, style, name,
                     body, head);
}

std::string script_json(std::string json) {
  for (std::size_t at = 0; (at = json.find('<', at)) != json.npos; at += 6) json.replace(at, 1, "\\u003c");
  return json;
}

}  // namespace ablate
