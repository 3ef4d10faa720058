// What the page of a sweep is made of besides its content: scripts and style, kept inside the program so that
// a page needs no other file.
#pragma once

#include <string_view>

namespace ablate {

/// Vega 5 as Debian's libjs-vega has it, in modules, and the loader that they ask for (page/vega_modules.js).
std::string_view vega_script();
/// Figures as Vega specifications (page/charts.js), figures in their places (page/figures.js), and what moves
/// on the page (page/page.js); in this order.
std::string_view charts_script();
std::string_view figures_script();
std::string_view page_script();
/// page/report.css, which stands after the style of all pages (report/html.cpp).
std::string_view report_style();

}  // namespace ablate
