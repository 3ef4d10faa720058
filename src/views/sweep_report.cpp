#include "views/sweep_report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <functional>

#include "report/html.hpp"
#include "report/page_assets.hpp"
#include "util/hash.hpp"
#include "util/text.hpp"
#include "views/claims_view.hpp"
#include "views/cost_view.hpp"
#include "views/effects_view.hpp"
#include "views/report_data.hpp"
#include "views/report_sections.hpp"
#include "views/result_tables.hpp"
#include "views/shown_examples.hpp"

namespace ablate {

namespace {

/// Nothing from elsewhere, whatever stands in the database: neither a script nor a picture, nor a way out.
constexpr const char* kPolicy =
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; connect-src 'self'\">\n";

std::string plain_json(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// A part of the page, or why there is none.
std::string made_or_said(const std::function<std::string()>& make) {
  try {
    return make();
  } catch (const Error& error) {
    return paragraph(error.what());
  }
}

}  // namespace

SweepReport sweep_report(Database& database, const SweepRecord& sweep, const ReportQuery& query) {
  const ReadTransaction snapshot(database);
  const std::vector<std::string> values = choose_values(database, sweep, query.values);
  SweepReport report{
      .title = "Sweep " + sweep.name, .sections = {}, .data = report_data(database, sweep, values)};
  const auto add = [&](const char* id, const char* title, std::string html) {
    if (!html.empty()) report.sections.push_back({id, title, std::move(html)});
  };

  add("asked", "What was asked", asked_html(database, sweep, report.data));
  if (!sweep.imported) {
    const Status status = load_status(database, sweep.name);
    add("progress", "Progress", progress_html(status.sweeps.front(), status));
  }
  add("results", "Results", results_html(database, sweep, values));

  report.data["effects"] = Json::object();
  const EffectsQuery effects_query{.values = values};
  add("effects", "What matters, and how sure that is", made_or_said([&] {
        if (values.empty()) throw Error("No score yet.");
        const std::vector<ScoreEffects> effects = effects_of(database, sweep, effects_query);
        for (const ScoreEffects& one : effects)
          report.data["effects"][one.value] = effects_json(one, effects_query);
        return effects_html(effects, effects_query);
      }));
  if (const ClaimReport claims = claims_of(database, sweep); !claims.claims.empty())
    add("claims", "Claims", claims_html(claims, sweep));
  add("levels", "Levels to show",
      paragraph("For the figures and tables from here on.") + figure_place("filters"));
  add("interactions", "Interactions", figure_place("interactions"));
  if (!report.data["curves"].empty()) add("curves", "Learning curves", figure_place("curves"));
  report.data["cost"] = Json::object();
  const CostReport costs = cost_of(database, sweep, values);
  const Json costs_by_score = cost_json(costs);
  for (const Json& cost : costs_by_score) report.data["cost"][cost["value"].get<std::string>()] = cost;
  add("cost", "Score against cost", values.empty() ? "" : costs_html(costs));
  add("parallel", "Cells by their levels", figure_place("parallel"));
  add("cells", "Cells and their runs", figure_place("cells") + figure_place("detail"));
  if (query.examples)
    add("examples", "Examples on which two cells differ",
        examples_html(database, sweep, query.a, query.b, report.data));
  add("failures", "Without a result", failures_html(database, sweep));
  add("again", "How to do it again", again_html(database, sweep));
  return report;
}

std::string report_version(const SweepReport& report) {
  std::string all = plain_json(report.data);
  for (const ReportSection& section : report.sections) all += section.html;
  return hash128(all).hex();
}

std::string report_page(const SweepReport& report, const std::string& update) {
  std::string body = "<nav aria-label=\"parts of the page\">";
  for (const ReportSection& section : report.sections)
    body += fmt::format("<a href=\"#{}\">{}</a>", section.id, escape_html(section.title));
  body += "<span id=score-choice></span>";
  body += update.empty() ? "</nav>\n" : "<span id=live class=live role=status>live</span></nav>\n";
  body += fmt::format("<main id=report{}>\n", update.empty()
                                                  ? ""
                                                  : fmt::format(" data-update=\"{}\" data-version=\"{}\"",
                                                                escape_html(update), report_version(report)));
  body +=
      "<noscript><p class=facts>Figures and the table of cells need JavaScript; the rest is "
      "here.</p></noscript>\n";
  for (const ReportSection& section : report.sections)
    body += fmt::format(
        "<section id={0} aria-labelledby={0}-title><h2 id={0}-title>{1}</h2>\n<div "
        "class=content>{2}</div></section>\n",
        section.id, escape_html(section.title), section.html);
  body += "</main>\n<script type=\"application/json\" id=report-data>" +
          script_json(plain_json(report.data)) + "</script>\n";
  for (const std::string_view script : {vega_script(), charts_script(), figures_script(), page_script()})
    body.append("<script>").append(script).append("</script>\n");
  return html_page(report.title, example_style() + std::string(report_style()), body, kPolicy);
}

Json report_update(const SweepReport& report) {
  Json sections = Json::object();
  for (const ReportSection& section : report.sections) sections[section.id] = section.html;
  return {{"version", report_version(report)}, {"sections", std::move(sections)}, {"data", report.data}};
}

}  // namespace ablate
