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
)html";

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

std::string html_page(std::string_view title, std::string_view style, std::string_view body) {
  const std::string name = escape_html(title);
  return fmt::format("{0}{1}</style>\n<title>{2}</title>\n<h1>{2}</h1>\n{3}</html>\n", kHead, style, name,
                     body);
}

}  // namespace ablate
