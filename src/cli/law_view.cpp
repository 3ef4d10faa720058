#include "cli/law_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "cli/common.hpp"
#include "law/names.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::size_t kListedOfKind = 3;
constexpr double kHighestRise = 6;  ///< Percent above the best loss that figures show.

std::size_t distinct(const std::vector<LawPoint>& points, double LawPoint::*value) {
  std::set<double> values;
  for (const LawPoint& point : points) values.insert(point.*value);
  return values.size();
}

/// "4 sizes from 215M to 537M", "1 batch of 524k".
std::string span_text(const std::set<double>& values, const std::string& noun) {
  std::string text = fmt::format("{} {}{}", values.size(), noun,
                                 values.size() == 1     ? ""
                                 : noun.ends_with("ch") ? "es"
                                                        : "s");
  if (values.size() == 1) return text + " of " + amount_text(*values.begin());
  return text + fmt::format(" from {} to {}", amount_text(*values.begin()), amount_text(*values.rbegin()));
}

std::string estimate_range(const LawEstimate& estimate) {
  return fmt::format("{:+.3f} to {:+.3f}", estimate.low, estimate.high);
}

const PublishedLaw* published_mm1() {
  for (const PublishedLaw& law : published_laws())
    if (law.name.find("MM1") != std::string::npos && law.at) return &law;
  return nullptr;
}

std::string amount_tick(double value) {
  return value >= 1000 ? human_amount(value) : fmt::format("{:.4g}", value);
}
std::string rate_tick(double value) {
  const int power = static_cast<int>(std::floor(std::log10(value) + 1e-9));
  return fmt::format("{:.2g}e{}", value / std::pow(10.0, power), power);
}

}  // namespace

std::string rate_text(double rate) {
  if (!(rate > 0) || !std::isfinite(rate)) return "?";
  int power = static_cast<int>(std::floor(std::log10(rate)));
  double digits = rate / std::pow(10.0, power);
  if (digits >= 9.995) digits /= 10, ++power;
  return fmt::format("{:.2f}e{}", digits, power);
}

std::string rate_range(double low, double high) {
  const bool low_open = !(low > 0), high_open = !std::isfinite(high);
  if (low_open && high_open) return "open";
  if (low_open) return "below " + rate_text(high);
  if (high_open) return "above " + rate_text(low);
  return rate_text(low) + " to " + rate_text(high);
}

std::string amount_text(double amount) { return amount > 0 ? human_amount(amount) : "?"; }

std::string percent_text(double fraction) {
  const double percent = 100 * fraction;
  if (std::isnan(percent)) return "-";
  return fmt::format("{:.{}f} %", percent, percent < 0.0995 ? 3 : percent < 9.95 ? 2 : 1);
}

std::string factor_text(double octaves) {
  return std::isfinite(octaves) ? fmt::format("x{:.2f}", std::exp2(octaves)) : "-";
}

std::vector<LawPoint> law_points(const LawFit& fit) {
  std::vector<LawPoint> points;
  for (const CellOptimum& cell : fit.bowls.cells) {
    LawPoint point{.params = cell.params, .tokens = cell.tokens, .batch = cell.batch};
    point.lr = std::exp2(cell.lr.optimum);
    point.low = std::exp2(cell.lr.interval.low);
    point.high = std::exp2(cell.lr.interval.high);
    point.se = cell.lr.se;
    point.edge = cell.lr.edge;
    point.cell = &cell;
    if (fit.joint) point.batch = std::exp2(cell.batch_axis.optimum);
    points.push_back(point);
  }
  if (!fit.optima.empty() && points.empty())
    for (const LawOptimum& optimum : fit.optima) {
      LawPoint point{
          .params = optimum.params, .tokens = optimum.tokens, .batch = optimum.batch, .lr = optimum.lr};
      point.se = optimum.lr_se;
      point.low = optimum.lr * std::exp2(-1.96 * optimum.lr_se);  // NaN where there is no error.
      point.high = optimum.lr * std::exp2(1.96 * optimum.lr_se);
      points.push_back(point);
    }
  return points;
}

std::string law_formula(const LawRegression& law, const std::string& unit_value) {
  std::string text = fmt::format("{} x (N / {})^{:.3f}", unit_value,
                                 amount_text(std::exp2(law.centre_params)), law.params_exponent.value);
  if (law.tokens_free)
    text += fmt::format(" x (D / {})^{:.3f}", amount_text(std::exp2(law.centre_tokens)),
                        law.tokens_exponent.value);
  return text;
}

std::string line_formula(const LawLine& line, const std::string& value) {
  std::string text = fmt::format("ln {} = {:.3f}", value, line.constant);
  const auto add = [&](double exponent, const char* name) {
    if (exponent != 0)
      text += fmt::format(" {} {:.3f} ln {}", exponent < 0 ? '-' : '+', std::abs(exponent), name);
  };
  add(line.params_exponent, "N");
  add(line.tokens_exponent, "D");
  return text;
}

std::string describe_runs(const LawFit& fit) {
  const bool table = fit.runs.empty() && !fit.optima.empty();
  std::set<double> sizes, tokens, batches, rates;
  double count = 0;
  for (const LawRun& run : fit.runs) {
    sizes.insert(run.params);
    tokens.insert(run.tokens);
    batches.insert(run.batch);
    rates.insert(run.lr);
    count += run.weight;
  }
  for (const LawOptimum& optimum : fit.optima) {
    sizes.insert(optimum.params);
    tokens.insert(optimum.tokens);
    batches.insert(optimum.batch);
    count += 1;
  }
  if (sizes.empty()) return "nothing";
  std::string text = count_of(static_cast<std::int64_t>(std::llround(count)), table ? "optimum" : "run");
  if (table && count != 1) text = with_commas(static_cast<std::int64_t>(count)) + " optima";
  text += ": " + span_text(sizes, "size");
  text += *tokens.begin() > 0 ? ", " + span_text(tokens, "token count") : ", token counts unknown";
  text += *batches.begin() > 0 ? ", " + span_text(batches, "batch") + " tokens" : ", batch unknown";
  if (!rates.empty())
    text += fmt::format(", {} rates from {} to {}", rates.size(), rate_text(*rates.begin()),
                        rate_text(*rates.rbegin()));
  return text;
}

std::vector<std::string> finding_lines(const std::vector<LawFinding>& findings, bool all) {
  std::map<FindingKind, std::size_t> counts, shown;
  for (const LawFinding& finding : findings) ++counts[finding.kind];
  std::vector<std::string> lines;
  for (const LawFinding& finding : findings) {
    const std::size_t count = counts[finding.kind], number = ++shown[finding.kind];
    if (!all && count > kListedOfKind + 1 && number > kListedOfKind) {
      if (number == kListedOfKind + 1)
        lines.push_back(fmt::format("{}: and {} more; --json has them all", to_name(finding.kind),
                                    count - kListedOfKind));
      continue;
    }
    lines.push_back(fmt::format("{}: {}", to_name(finding.kind), one_line(finding.message)));
  }
  return lines;
}

Table exponent_table(const LawFit& fit) {
  Table table;
  table.columns = {{"exponent"}, {"value", Align::right}, {"sd", Align::right}, {"95 % interval"}};
  const auto add = [&](const std::string& name, const LawEstimate& estimate) {
    table.rows.push_back({{name},
                          TableCell::number(estimate.value, fmt::format("{:+.3f}", estimate.value)),
                          TableCell::number(estimate.sd, fmt::format("{:.3f}", estimate.sd)),
                          {estimate_range(estimate)}});
  };
  add("rate with N", fit.lr.params_exponent);
  std::set<double> tokens;
  for (const LawPoint& point : law_points(fit)) tokens.insert(point.tokens);
  const char* only_prior = tokens.size() == 1 ? " (prior)" : "";
  if (fit.lr.tokens_free) add(std::string("rate with D") + only_prior, fit.lr.tokens_exponent);
  if (fit.batch_law) {
    add("batch with N", fit.batch_law->params_exponent);
    if (fit.batch_law->tokens_free)
      add(std::string("batch with D") + only_prior, fit.batch_law->tokens_exponent);
  }
  return table;
}

Table cell_table(const LawFit& fit, bool wide) {
  const std::vector<LawPoint> points = law_points(fit);
  const bool tokens = !points.empty() && points.front().tokens > 0;
  const bool batch = fit.joint || distinct(points, &LawPoint::batch) > 1;
  const bool cells = !points.empty() && points.front().cell;
  Table table;
  table.columns = {{"N", Align::right}};
  if (tokens) table.columns.push_back({"D", Align::right});
  if (cells) table.columns.push_back({"runs", Align::right});
  table.columns.push_back({"best rate", Align::right});
  table.columns.push_back({"95 %"});
  if (batch) table.columns.push_back({fit.joint ? "best batch" : "batch", Align::right});
  if (cells && wide) table.columns.push_back({"loss within 0.1 %"});
  if (cells) table.columns.push_back({"loss within 0.25 %"});
  table.columns.push_back({"flags"});
  for (const LawPoint& point : points) {
    std::vector<TableCell> row = {TableCell::number(point.params, amount_text(point.params))};
    if (tokens) row.push_back(TableCell::number(point.tokens, amount_text(point.tokens)));
    if (cells) row.push_back(TableCell::integer(static_cast<std::int64_t>(point.cell->runs)));
    row.push_back(TableCell::number(point.lr, rate_text(point.lr)));
    row.push_back({std::isnan(point.low) ? "" : rate_range(point.low, point.high)});
    if (batch) row.push_back(TableCell::number(point.batch, amount_text(point.batch)));
    std::vector<std::string> flags;
    if (cells) {
      for (const double rise : {0.001, 0.0025}) {
        if (rise < 0.0025 && !wide) continue;
        const auto [left, right] = fit.bowls.lr.band(rise);
        row.push_back({rate_range(point.lr * std::exp2(left), point.lr * std::exp2(right))});
      }
      if (point.edge != LawEdge::none) flags.push_back("rate: " + to_name(point.edge) + " edge");
      if (fit.joint && point.cell->batch_axis.edge != LawEdge::none)
        flags.push_back("batch: " + to_name(point.cell->batch_axis.edge) + " edge");
      if (!point.cell->convex) flags.push_back("not convex");
    }
    row.push_back({join(flags, ", ")});
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string method_title(LawMethod method, const std::string& name) {
  switch (method) {
    case LawMethod::bowl_joint:
    case LawMethod::bowl_fixed_batch:
      return "shared bowls";
    case LawMethod::optima_table:
      return "regression";
    case LawMethod::mm1:
      return "MM1's recipe";
    case LawMethod::step_law:
      return "Step Law's recipe";
    case LawMethod::quadratic:
      return "quadratic";
    case LawMethod::fixed_slope:
      return "fixed-slope";
    case LawMethod::published:
      return one_line(name) + ", published";
  }
  return name;
}

Table method_table(const LawFit& fit) {
  Table table;
  table.columns = {{"method"},
                   {"rate off by", Align::right},
                   {"regret", Align::right},
                   {"worst", Align::right},
                   {"in 95 %", Align::right},
                   {"law"}};
  const auto law_of = [&](const HoldoutResult& result) -> std::string {
    if (result.method == LawMethod::published) {
      for (const PublishedLaw& law : published_laws())
        if (law.name == result.name) return law.formula;
      return "";
    }
    for (const BaselineLaw& law : fit.baselines)
      if (law.method == result.method) return line_formula(law.lr, "lr");
    return "lr = " + law_formula(fit.lr, rate_text(std::exp2(fit.lr.constant.value)));
  };
  for (const HoldoutResult& result : fit.holdout) {
    const TableCell covered =
        std::isnan(result.covered95)
            ? TableCell{"-"}
            : TableCell::number(result.covered95, fmt::format("{:.0f} %", 100 * result.covered95));
    table.rows.push_back(
        {{method_title(result.method, result.name), {}, result.method == fit.chosen ? "*" : ""},
         TableCell::number(result.lr_error, factor_text(result.lr_error)),
         TableCell::number(result.regret, percent_text(result.regret)),
         TableCell::number(result.worst_regret, percent_text(result.worst_regret)),
         covered,
         {one_line(law_of(result))}});
  }
  return table;
}

Figure law_figure(const LawFit& fit, bool plain) {
  Figure figure;
  figure.x = {.label = "parameters N", .logarithmic = true, .text = amount_tick};
  figure.y = {.label = "best learning rate", .logarithmic = true, .text = rate_tick};
  const double centre = fit.lr.centre_tokens;
  std::vector<LawPoint> points = law_points(fit);
  const bool shifted = fit.lr.tokens_free && distinct(points, &LawPoint::tokens) > 1;
  figure.title = shifted ? fmt::format("Best learning rate, moved to D = {} tokens along the law",
                                       amount_text(std::exp2(centre)))
                         : "Best learning rate by model size";
  double low = INFINITY, high = 0, highest_rate = 0, lowest_rate = INFINITY;
  for (const LawPoint& point : points) {
    const double shift =
        shifted ? std::exp2((centre - std::log2(point.tokens)) * fit.lr.tokens_exponent.value) : 1;
    FigurePoint shown{.x = point.params, .y = point.lr * shift};
    if (!std::isnan(point.low)) {
      shown.low = point.low > 0 ? point.low * shift : -INFINITY;
      shown.high = point.high * shift;
    }
    shown.hollow = point.edge != LawEdge::none;
    shown.note = fmt::format("N {}, D {}, batch {}: best rate {}{}", amount_text(point.params),
                             amount_text(point.tokens), amount_text(point.batch), rate_text(point.lr),
                             std::isnan(point.low) ? "" : ", 95 % " + rate_range(point.low, point.high));
    figure.points.push_back(shown);
    low = std::min(low, point.params);
    high = std::max(high, point.params);
    lowest_rate = std::min(lowest_rate, shown.y);
    highest_rate = std::max(highest_rate, shown.y);
  }
  figure.points_name = plain ? "best of each cell" : "best rate of each cell, 95 %; hollow: at an edge";

  constexpr int kSlices = 48;
  const double begin = std::log2(low) - 0.5, end = std::log2(high) + 1.5;
  FigureCurve ours{"the law", {}, Stroke::solid, 2}, mm1{"MM1's recipe", {}, Stroke::dashed, 1},
      published{"MM1 as published", {}, Stroke::dotted, 6};
  FigureBand band80{"80 %", {}, 2}, band95{"95 %", {}, 2};
  const BaselineLaw* recipe = nullptr;
  for (const BaselineLaw& law : fit.baselines)
    if (law.method == LawMethod::mm1) recipe = &law;
  const PublishedLaw* paper = published_mm1();
  for (int i = 0; i <= kSlices; ++i) {
    const double log2_params = begin + (end - begin) * i / kSlices, params = std::exp2(log2_params);
    const double tokens = std::exp2(centre);
    const LawDistribution at = fit.lr.predict(log2_params, centre);
    ours.points.emplace_back(params, std::exp2(at.quantile(0.5)));
    band80.slices.push_back({params, std::exp2(at.quantile(0.1)), std::exp2(at.quantile(0.9))});
    band95.slices.push_back({params, std::exp2(at.quantile(0.025)), std::exp2(at.quantile(0.975))});
    if (recipe) mm1.points.emplace_back(params, recipe->lr.at(params, tokens));
    if (paper)
      if (const auto lr = paper->at(params, tokens).lr) published.points.emplace_back(params, *lr);
  }
  if (!plain) figure.bands.push_back(band95);
  figure.bands.push_back(band80);
  figure.curves.push_back(ours);
  if (!mm1.points.empty()) figure.curves.push_back(mm1);
  if (!plain && !published.points.empty()) figure.curves.push_back(published);
  // Open bars and wide bands must not press the points together.
  figure.y.low = lowest_rate / (plain ? 3 : 6);
  figure.y.high = highest_rate * (plain ? 3 : 6);
  return figure;
}

Figure batch_figure(const LawFit& fit) {
  Figure figure;
  figure.x = {.label = "tokens D", .logarithmic = true, .text = amount_tick};
  figure.y = {.label = "best batch, tokens a step", .logarithmic = true, .text = amount_tick};
  figure.title = "Best batch by training tokens";
  if (!fit.batch_law) return figure;
  double least = INFINITY, most = 0;
  for (const LawPoint& best : law_points(fit)) {
    if (best.tokens == 0) return figure;
    FigurePoint point{.x = best.tokens, .y = best.batch};
    if (best.cell) {
      const CellAxis& axis = best.cell->batch_axis;
      point.low = std::isinf(axis.interval.low) ? -INFINITY : std::exp2(axis.interval.low);
      point.high = std::exp2(axis.interval.high);
      point.hollow = axis.edge != LawEdge::none;
    }
    point.note = fmt::format("N {}, D {}: best batch {}", amount_text(best.params), amount_text(best.tokens),
                             amount_text(point.y));
    figure.points.push_back(point);
    least = std::min(least, best.tokens);
    most = std::max(most, best.tokens);
  }
  figure.points_name = "best batch of each cell, 95 %; hollow: at an edge";
  FigureCurve law{fmt::format("the law at N = {}", amount_text(std::exp2(fit.batch_law->centre_params))),
                  {},
                  Stroke::solid,
                  2};
  FigureBand band{"80 %", {}, 2};
  constexpr int kSlices = 32;
  const double begin = std::log2(least) - 0.5, end = std::log2(most) + 1;
  for (int i = 0; i <= kSlices; ++i) {
    const double log2_tokens = begin + (end - begin) * i / kSlices;
    const LawDistribution at = fit.batch_law->predict(fit.batch_law->centre_params, log2_tokens);
    law.points.emplace_back(std::exp2(log2_tokens), std::exp2(at.quantile(0.5)));
    band.slices.push_back({std::exp2(log2_tokens), std::exp2(at.quantile(0.1)), std::exp2(at.quantile(0.9))});
  }
  figure.bands.push_back(band);
  figure.curves.push_back(law);
  return figure;
}

std::vector<Figure> bowl_figures(const LawFit& fit) {
  std::vector<Figure> figures;
  const std::vector<CellOptimum>& cells = fit.bowls.cells;
  for (std::size_t first = 0; first < cells.size();) {
    Figure figure;
    figure.title = fmt::format("N = {}", amount_text(cells[first].params));
    figure.x = {.label = "learning rate", .logarithmic = true, .text = rate_tick};
    figure.y = {.label = "% above the best loss", .low = -0.25};
    std::size_t colour = 0, last = first;
    double highest = 0.5;
    for (; last < cells.size() && cells[last].params == cells[first].params; ++last, ++colour) {
      const CellOptimum& cell = cells[last];
      // Of a cell with several batches the runs at the one next to the best.
      double batch = cell.batch, nearest = INFINITY;
      const auto in_cell = [&](const LawRun& run) {
        return run.params == cell.params && run.tokens == cell.tokens &&
               (fit.joint || run.batch == cell.batch);
      };
      if (fit.joint)
        for (const LawRun& run : fit.runs)
          if (in_cell(run) && std::abs(std::log2(run.batch) - cell.batch_axis.optimum) < nearest) {
            nearest = std::abs(std::log2(run.batch) - cell.batch_axis.optimum);
            batch = run.batch;
          }
      const double dy = fit.joint ? std::log2(batch) - cell.batch_axis.optimum : 0;
      for (const LawRun& run : fit.runs) {
        if (!in_cell(run) || run.batch != batch || run.diverged) continue;
        const double rise = 100 * (run.loss / cell.fitted_loss - 1);
        if (rise > kHighestRise) continue;
        highest = std::max(highest, rise);
        figure.points.push_back(
            {.x = run.lr,
             .y = rise,
             .colour = colour,
             .note = fmt::format("D {}, batch {}, rate {}: loss {:.4f}", amount_text(run.tokens),
                                 amount_text(run.batch), rate_text(run.lr), run.loss)});
      }
      std::string name = cell.tokens > 0 ? "D " + amount_text(cell.tokens) : "";
      if (fit.joint || (batch > 0 && fit.batch == 0))
        name += (name.empty() ? "" : ", ") + ("B " + amount_text(batch));
      FigureCurve curve{name, {}, Stroke::solid, colour};
      constexpr int kSteps = 60;
      const double begin = cell.lr.low - cell.lr.step / 2, end = cell.lr.high + cell.lr.step / 2;
      for (int i = 0; i <= kSteps; ++i) {
        const double x = begin + (end - begin) * i / kSteps;
        const double rise = 100 * std::expm1(fit.joint ? fit.bowls.rise(x - cell.lr.optimum, dy)
                                                       : fit.bowls.lr.at(x - cell.lr.optimum));
        if (rise < 1.5 * kHighestRise) curve.points.emplace_back(std::exp2(x), rise);
      }
      figure.curves.push_back(curve);
    }
    figure.y.high = std::min(kHighestRise, 1.1 * highest);
    figures.push_back(std::move(figure));
    first = last;
  }
  return figures;
}

Figure residual_figure(const LawFit& fit) {
  Figure figure;
  figure.title = fmt::format("Residuals of the bowls; noise {} of loss", percent_text(fit.bowls.noise));
  figure.x = {.label = "octaves from the best rate"};
  figure.y = {.label = "loss, % off the bowl"};
  for (const BowlResidual& residual : fit.bowls.residuals) {
    if (residual.run >= fit.runs.size() || residual.cell >= fit.bowls.cells.size()) continue;
    const LawRun& run = fit.runs[residual.run];
    figure.points.push_back({.x = std::log2(run.lr) - fit.bowls.cells[residual.cell].lr.optimum,
                             .y = 100 * residual.residual,
                             .note = one_line(run.where)});
  }
  return figure;
}

}  // namespace ablate
