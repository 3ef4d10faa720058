// Pages: HTML files that need no other file.
#pragma once

#include <string>
#include <string_view>

#include "report/table.hpp"

namespace ablate {

/// Any text inside an element or a quoted attribute of HTML or SVG; control characters become '?'.
std::string escape_html(std::string_view text);

/// A table with its notes below it; its title, which a page shows as a heading, is left out.
std::string table_html(const Table& table);

/// A whole page with its title as heading, in the style that all pages share. `style`: CSS of its own;
/// `body`: HTML, in which what comes from others is escaped; `head`: further elements of its head.
std::string html_page(std::string_view title, std::string_view style, std::string_view body,
                      std::string_view head = "");
/// Any JSON text as the content of a <script type="application/json">, which nothing in it can end.
std::string script_json(std::string json);

}  // namespace ablate
