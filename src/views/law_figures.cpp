#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "util/text.hpp"
#include "views/law_view.hpp"

namespace ablate {

namespace {

constexpr double kHighestRise = 6;  ///< Percent above the best loss that figures show.

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

/// The best rate of each scan, moved along the law to the tokens at its centre where `shifted`.
void add_rates(Figure& figure, const LawFit& fit, const std::vector<LawPoint>& points, bool shifted) {
  for (const LawPoint& point : points) {
    const double octaves = (fit.lr.centre_tokens - std::log2(point.tokens)) * fit.lr.tokens_exponent.value;
    const double shift = shifted ? std::exp2(octaves) : 1;
    FigurePoint shown{.x = point.params, .y = point.lr * shift};
    if (!std::isnan(point.low)) {
      shown.low = point.low > 0 ? point.low * shift : -INFINITY;
      shown.high = point.high * shift;
    }
    shown.hollow = point.edge != LawEdge::none;
    shown.note = fmt::format("N {}, D {}, batch {} tokens: best rate {}{}", amount_text(point.params),
                             amount_text(point.tokens), amount_text(point.batch), rate_text(point.lr),
                             std::isnan(point.low) ? "" : ", 95 % " + rate_range(point.low, point.high));
    figure.points.push_back(shown);
  }
}

/// The law with its bands, and what others say, over sizes with these logarithms.
void add_laws(Figure& figure, const LawFit& fit, double begin, double end, bool plain) {
  constexpr int kSlices = 48;
  FigureCurve ours{"the law", {}, Stroke::solid, 2}, mm1{"MM1's recipe", {}, Stroke::dashed, 1},
      published{"MM1 as published", {}, Stroke::dotted, 6};
  FigureBand band80{"80 %", {}, 2}, band95{"95 %", {}, 2};
  const BaselineLaw* recipe = nullptr;
  for (const BaselineLaw& law : fit.baselines)
    if (law.method == LawMethod::mm1) recipe = &law;
  const PublishedLaw* paper = published_mm1();
  const double centre = fit.lr.centre_tokens, tokens = std::exp2(centre);
  for (int i = 0; i <= kSlices; ++i) {
    const double log2_params = begin + (end - begin) * i / kSlices, params = std::exp2(log2_params);
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
}

}  // namespace

Figure law_figure(const LawFit& fit, bool plain) {
  Figure figure;
  figure.x = {.label = "parameters N", .logarithmic = true, .text = amount_tick};
  figure.y = {.label = "best learning rate", .logarithmic = true, .text = rate_tick};
  const std::vector<LawPoint> points = law_points(fit);
  const bool shifted = fit.lr.tokens_free && count_distinct(points, &LawPoint::tokens) > 1;
  figure.title = shifted ? fmt::format("Best learning rate, moved to D = {} tokens along the law",
                                       amount_text(std::exp2(fit.lr.centre_tokens)))
                         : "Best learning rate by model size";
  add_rates(figure, fit, points, shifted);
  figure.points_name = plain ? "best of each scan" : "best rate of each scan, 95 %; hollow: at an edge";
  double low = INFINITY, high = 0, lowest_rate = INFINITY, highest_rate = 0;
  for (const FigurePoint& point : figure.points) {
    low = std::min(low, point.x);
    high = std::max(high, point.x);
    lowest_rate = std::min(lowest_rate, point.y);
    highest_rate = std::max(highest_rate, point.y);
  }
  add_laws(figure, fit, std::log2(low) - 0.5, std::log2(high) + 1.5, plain);
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
    if (best.scan) {
      const ScanAxis& axis = best.scan->batch_axis;
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
  figure.points_name = "best batch of each scan, 95 %; hollow: at an edge";
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
  const std::vector<ScanOptimum>& scans = fit.bowls.scans;
  for (std::size_t first = 0; first < scans.size();) {
    Figure figure;
    figure.title = fmt::format("N = {}", amount_text(scans[first].params));
    figure.x = {.label = "learning rate", .logarithmic = true, .text = rate_tick};
    figure.y = {.label = "% above the best loss", .low = -0.25};
    std::size_t colour = 0, last = first;
    double highest = 0.5;
    for (; last < scans.size() && scans[last].params == scans[first].params; ++last, ++colour) {
      const ScanOptimum& scan = scans[last];
      // Of a scan with several batches the runs at the one next to the best.
      double batch = scan.batch, nearest = INFINITY;
      const auto in_scan = [&](const LawRun& run) {
        return run.params == scan.params && run.tokens == scan.tokens &&
               (fit.joint || run.batch == scan.batch);
      };
      if (fit.joint)
        for (const LawRun& run : fit.runs)
          if (in_scan(run) && std::abs(std::log2(run.batch) - scan.batch_axis.optimum) < nearest) {
            nearest = std::abs(std::log2(run.batch) - scan.batch_axis.optimum);
            batch = run.batch;
          }
      const double dy = fit.joint ? std::log2(batch) - scan.batch_axis.optimum : 0;
      for (const LawRun& run : fit.runs) {
        if (!in_scan(run) || run.batch != batch || run.diverged) continue;
        const double rise = 100 * (run.loss / scan.fitted_loss - 1);
        if (rise > kHighestRise) continue;
        highest = std::max(highest, rise);
        figure.points.push_back(
            {.x = run.lr,
             .y = rise,
             .colour = colour,
             .note = fmt::format("D {}, batch {} tokens, rate {}: loss {:.4f}", amount_text(run.tokens),
                                 amount_text(run.batch), rate_text(run.lr), run.loss)});
      }
      std::string name = scan.tokens > 0 ? "D " + amount_text(scan.tokens) : "";
      if (fit.joint || (batch > 0 && fit.batch == 0))
        name += (name.empty() ? "" : ", ") + ("B " + amount_text(batch));
      FigureCurve curve{name, {}, Stroke::solid, colour};
      constexpr int kSteps = 60;
      const double begin = scan.lr.low - scan.lr.step / 2, end = scan.lr.high + scan.lr.step / 2;
      for (int i = 0; i <= kSteps; ++i) {
        const double x = begin + (end - begin) * i / kSteps;
        const double rise = 100 * std::expm1(fit.joint ? fit.bowls.rise(x - scan.lr.optimum, dy)
                                                       : fit.bowls.lr.at(x - scan.lr.optimum));
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
    if (residual.run >= fit.runs.size() || residual.scan >= fit.bowls.scans.size()) continue;
    const LawRun& run = fit.runs[residual.run];
    figure.points.push_back({.x = std::log2(run.lr) - fit.bowls.scans[residual.scan].lr.optimum,
                             .y = 100 * residual.residual,
                             .note = one_line(run.where)});
  }
  return figure;
}

}  // namespace ablate
