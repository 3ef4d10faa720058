#include "views/compare_page.hpp"

#include <fmt/format.h>

#include "report/html.hpp"
#include "util/text.hpp"
#include "views/compare_report.hpp"

namespace ablate {

std::string comparison_page(const CellComparison& comparison, const std::vector<ShownExamples>& shown) {
  std::string page = "<p>";
  for (const auto& [letter, cell] : {std::pair{"A", &comparison.a}, {"B", &comparison.b}})
    page += fmt::format("<b>{}</b> is cell {}: {}<br>", letter, cell->number, escape_html(cell->name()));
  page += "</p>\n<h2>Recipes</h2>\n" + table_html(recipe_table(comparison)) + "<h2>Scores</h2>\n" +
          table_html(score_table(comparison));
  if (!shown.empty())
    page +=
        "<p class=facts>In examples: <span class=t>right, or to be predicted</span>, <span class=c>only "
        "read</span>.</p>\n";
  for (const ShownExamples& examples : shown) {
    page += fmt::format("<h2>Examples on which {} differs most</h2>\n", escape_html(examples.score));
    if (!examples.why_not.empty())
      page += fmt::format("<p class=facts>Records are not shown: {}.</p>\n", escape_html(examples.why_not));
    for (const ShownExample& example : examples.examples) page += example.html;
  }
  return html_page("Two cells of " + comparison.sweep, example_style(), page);
}

}  // namespace ablate
