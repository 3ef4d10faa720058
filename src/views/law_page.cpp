#include <fmt/format.h>

#include <cmath>

#include "report/html.hpp"
#include "report/svg_figure.hpp"
#include "views/law_report.hpp"
#include "views/law_view.hpp"

namespace ablate {

namespace {

constexpr const char* kLawStyle =
    R"css(.law { font-family: ui-monospace, monospace; font-size: 1.05rem; margin: .2rem 0 }
.finding b { color: #9a6700; font-weight: 600 } .finding { margin: .15rem 0 }
.figures { display: flex; flex-wrap: wrap; gap: .8rem; margin-top: .8rem } .figures > svg { max-width: 100%; height: auto }
)css";

}  // namespace

std::string law_page(const LawReport& report) {
  const LawFit& fit = report.fit;
  throw_if_refused(fit.findings);
  std::string page;
  page += "<div class=facts>" + escape_html(describe_runs(fit));
  for (const std::string& note : report.notes) page += "<br>" + escape_html(note);
  page += "</div>\n<h2>Law</h2>\n";
  page += fmt::format("<p class=law>lr = {}</p>\n",
                      escape_html(law_formula(fit.lr, rate_text(std::exp2(fit.lr.constant.value)))));
  if (fit.batch_law)
    page +=
        fmt::format("<p class=law>batch = {}</p>\n",
                    escape_html(law_formula(
                        *fit.batch_law, amount_text(std::exp2(fit.batch_law->constant.value)) + " tokens")));
  page += fmt::format("<p class=facts>{}</p>\n", escape_html(fit.why));
  page += table_html(exponent_table(fit));
  page += "<div class=figures>\n" + render_svg(law_figure(fit, false), 760, 460);
  if (const Figure batches = batch_figure(fit); !batches.points.empty())
    page += render_svg(batches, 440, 460);
  page += "</div>\n";
  if (!fit.findings.empty()) {
    page += "<h2>Findings</h2>\n";
    for (const std::string& line : finding_lines(fit.findings, true)) {
      const std::size_t colon = line.find(':');
      page += fmt::format("<p class=finding><b>{}</b>{}</p>\n", escape_html(line.substr(0, colon)),
                          escape_html(line.substr(colon)));
    }
  }
  if (!fit.bowls.scans.empty()) {
    page += "<h2>Loss by learning rate</h2>\n<p class=facts>";
    page += fit.joint ? "Runs at the batch next to the best of each scan, and the bowl that all scans share."
                      : "Runs, and the bowl that all scans share.";
    page += "</p>\n<div class=figures>\n";
    for (const Figure& figure : bowl_figures(fit)) page += render_svg(figure, 400, 300);
    page += render_svg(residual_figure(fit), 400, 300) + "</div>\n";
  }
  page += "<h2>Best rates</h2>\n" + table_html(scan_table(fit, true));
  if (!fit.holdout.empty()) {
    Table methods = method_table(fit);
    methods.notes.push_back(
        "Forecast of the scans of the largest size from the smaller ones; * the chosen method.");
    page += "<h2>Methods</h2>\n" + table_html(methods);
  }
  return html_page("Learning rate law: " + report.name, kLawStyle, page);
}

}  // namespace ablate
