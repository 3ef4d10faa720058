#include "views/law_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plan/job_name.hpp"
#include "report/scatter_plot.hpp"
#include "report/wrap.hpp"
#include "util/text.hpp"
#include "views/law_view.hpp"

namespace ablate {

namespace {

constexpr std::size_t kMostScans = 24;
constexpr std::size_t kPlotWidth = 78, kPlotHeight = 18;

std::size_t text_width(const Terminal& terminal) {
  return std::clamp<std::size_t>(terminal.columns == 0 ? 100 : terminal.columns, 60, 120);
}

std::string heading(const std::string& text, const Terminal& terminal) {
  return "\n" + paint(text, Style::bold, terminal) + "\n";
}

std::string indented(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((i == 0 || text[i - 1] == '\n') && text[i] != '\n') result += "  ";
    result += text[i];
  }
  return result;
}

std::string decay_line(const LawFit& fit) {
  if (fit.decay.source == DecaySource::per_step)
    return fmt::format("weight decay {} of w a step at the peak rate, as most runs had it",
                       shortest(fit.decay.value));
  return fmt::format("weight decay {} by PyTorch's AdamW (w -= lr * lambda * w), {}",
                     shortest(fit.decay.value), decay_words(fit.decay));
}

std::string law_lines(const LawFit& fit, const Terminal& terminal) {
  std::string text = "  " +
                     paint("lr    = " + law_formula(fit.lr, rate_text(std::exp2(fit.lr.constant.value))),
                           Style::green, terminal) +
                     "\n";
  if (fit.batch_law)
    text += fmt::format(
        "  batch = {}\n",
        law_formula(*fit.batch_law, amount_text(std::exp2(fit.batch_law->constant.value)) + " tokens"));
  else if (fit.batch > 0)
    text += fmt::format("  at a batch of {} tokens\n", amount_text(fit.batch));
  text += "  " + wrap(one_line(fit.why), 2, text_width(terminal)) + "\n\n";
  text += indented(render(exponent_table(fit), Format::text));
  text += fmt::format("\n  spread of the best rate beyond the law: {} between sizes, {} between scans (sd)\n",
                      factor_text(fit.lr.size_sd.value), factor_text(fit.lr.scan_sd.value));
  if (!fit.bowls.scans.empty()) {
    const auto [left, right] = fit.bowls.lr.band(0.001);
    const auto [far_left, far_right] = fit.bowls.lr.band(0.0025);
    text += fmt::format(
        "  flat: the loss is within 0.1 % from {:.2f} to {:.2f} times the best rate, within 0.25 % from "
        "{:.2f} to {:.2f}\n",
        std::exp2(left), std::exp2(right), std::exp2(far_left), std::exp2(far_right));
    text += fmt::format(
        "  noise between runs: {} of loss{}\n", percent_text(fit.bowls.noise),
        fit.joint
            ? fmt::format("; the best rate moves {:.2f} octaves with an octave of batch", fit.bowls.ridge)
            : "");
  }
  return text + "  " + decay_line(fit) + "\n";
}

}  // namespace

std::string findings_text(const std::vector<LawFinding>& findings, const Terminal& terminal) {
  std::string text;
  for (const std::string& line : finding_lines(findings, false)) {
    const std::string wrapped = wrap(line, 4, text_width(terminal));
    const std::size_t colon = wrapped.find(':');
    text += "  " + paint(wrapped.substr(0, colon), Style::yellow, terminal) + wrapped.substr(colon) + "\n";
  }
  return text;
}

std::string law_text(const LawReport& report, const Terminal& terminal) {
  const LawFit& fit = report.fit;
  throw_if_refused(fit.findings);
  const std::size_t width = text_width(terminal);
  std::string text = wrap(fmt::format("{}: {}", report.name, describe_runs(fit)), 2, width) + "\n";
  for (const std::string& note : report.notes) text += "  " + wrap(note, 4, width) + "\n";
  if (!fit.findings.empty()) text += heading("Findings", terminal) + findings_text(fit.findings, terminal);
  text += heading("Law", terminal) + law_lines(fit, terminal);

  Table scans = scan_table(fit, false);
  const std::size_t count = scans.rows.size();
  if (count > kMostScans) {
    scans.rows.erase(scans.rows.begin(), scans.rows.end() - kMostScans);
    scans.notes.push_back(
        fmt::format("the last {} of {} scans; --json and the page have all", kMostScans, count));
  }
  text += heading("Best rates", terminal) + indented(render(scans, Format::text));

  if (!fit.holdout.empty()) {
    Table methods = method_table(fit);
    methods.notes.push_back(fmt::format(
        "how well each method forecasts the {} of the largest size from the smaller ones; * the chosen one",
        count_of(static_cast<std::int64_t>(fit.holdout.front().scans), "scan")));
    text += heading("Methods", terminal) + indented(render(methods, Format::text, width - 2));
  }
  const Figure figure = law_figure(fit, true);
  text += heading(figure.title, terminal) +
          indented(render_plot(figure, std::min(width - 2, kPlotWidth), kPlotHeight));
  return text;
}

std::string loss_law_text(const LossLawReport& report) {
  const LossLaw& law = report.fit.law;
  const bool bars = !report.fit.resamples.empty();
  std::string text =
      fmt::format("{}: the lowest losses of {} sizes and token counts, {}\n", report.name, report.fit.points,
                  count_of(static_cast<std::int64_t>(report.fit.models), "model size"));
  for (const std::string& note : report.notes) text += "  " + wrap(note, 4, 100) + "\n";
  text += fmt::format("\nL(N, D) = {:.5g} + {:.6g} / N^{:.4f} + {:.6g} / D^{:.4f}\n", law.e, law.a, law.alpha,
                      law.b, law.beta);
  Table table;
  table.columns = {{"parameter"}, {"value", Align::right}};
  if (bars) table.columns.push_back({"95 % interval"});
  const auto add = [&](const char* name, double value, const LossInterval& interval) {
    std::vector<TableCell> row = {{name}, TableCell::number(value, fmt::format("{:.6g}", value))};
    if (bars) row.push_back({fmt::format("{:.4g} to {:.4g}", interval.low, interval.high)});
    table.rows.push_back(std::move(row));
  };
  add("E", law.e, report.fit.e);
  add("A", law.a, report.fit.a);
  add("alpha", law.alpha, report.fit.alpha);
  add("B", law.b, report.fit.b);
  add("beta", law.beta, report.fit.beta);
  table.notes.push_back(fmt::format(
      "Huber's loss {:.6g}; {:.3g} % of the starts found it; residuals {} of loss (1.48 times their median)",
      report.fit.objective, 100 * report.fit.best_share, percent_text(report.fit.residual_sd)));
  table.notes.push_back(fmt::format("compute-optimal N grows as C^{:.3f}", optimal_size_exponent(law)));
  if (bars)
    table.notes.push_back(
        fmt::format("intervals from {} resamples of whole models{}", report.fit.resamples.size(),
                    report.fit.models < 6 ? "; with fewer than 6 models they say little" : ""));
  text += "\n" + render(table, Format::text);
  if (report.optima.empty()) return text;
  Table optima;
  optima.columns = {
      {"FLOPs", Align::right}, {"best N", Align::right}, {"best D", Align::right}, {"loss", Align::right}};
  if (bars) optima.columns.insert(optima.columns.end(), {{"N, 95 %"}, {"D, 95 %"}, {"loss, 95 %"}});
  for (const ComputeOptimum& best : report.optima) {
    std::vector<TableCell> row = {TableCell::number(best.flops, fmt::format("{:.3g}", best.flops)),
                                  TableCell::number(best.params, amount_text(best.params)),
                                  TableCell::number(best.tokens, amount_text(best.tokens)),
                                  TableCell::number(best.loss, fmt::format("{:.4f}", best.loss))};
    if (bars) {
      row.push_back(
          {amount_text(best.params_interval.low) + " to " + amount_text(best.params_interval.high)});
      row.push_back(
          {amount_text(best.tokens_interval.low) + " to " + amount_text(best.tokens_interval.high)});
      row.push_back({fmt::format("{:.3f} to {:.3f}", best.loss_interval.low, best.loss_interval.high)});
    }
    optima.rows.push_back(std::move(row));
  }
  return text + "\n" + render(optima, Format::text);
}

}  // namespace ablate
