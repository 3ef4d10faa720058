#include "report/svg_figure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "report/html.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr const char* kColours[] = {"#4c78a8", "#e4873c", "#54a24b", "#b279a2",
                                    "#d3b13f", "#72b7b2", "#d9606c", "#8c6d4f"};
constexpr double kLeft = 64, kRight = 14, kBottom = 44, kLegendLine = 16;
constexpr double kLegendLines = 4, kLegendMore = 90;  ///< At most so many lines; room for "and 123 more".
constexpr double kLetter = 6.2;                       ///< Width of a letter in the legend, about.

struct SvgFrame {
  AxisScale x, y;
  double left, top, width, height;
  double at_x(double value) const { return left + x.share(value) * width; }
  double at_y(double value) const { return top + (1 - y.share(value)) * height; }
  double end_y(double value, bool high) const {
    if (std::isinf(value)) return high ? top : top + height;
    return std::clamp(at_y(value), top, top + height);
  }
};

const char* dash_of(Stroke line) {
  switch (line) {
    case Stroke::solid:
      return "";
    case Stroke::dashed:
      return " stroke-dasharray=\"7 5\"";
    case Stroke::dotted:
      return " stroke-dasharray=\"2 4\"";
  }
  return "";
}

std::string axes_svg(const Figure& figure, const SvgFrame& frame) {
  std::string svg;
  const double bottom = frame.top + frame.height;
  for (const double value :
       ticks(frame.x, std::max<std::size_t>(2, static_cast<std::size_t>(frame.width / 60)))) {
    const double x = frame.at_x(value);
    svg += fmt::format("<path d=\"M{0:.1f} {1:.1f}V{2:.1f}\" stroke=\"#e7ebf0\"/>", x, frame.top, bottom);
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n", x, bottom + 16,
                       escape_html(tick_text(figure.x, value)));
  }
  for (const double value :
       ticks(frame.y, std::max<std::size_t>(2, static_cast<std::size_t>(frame.height / 36)))) {
    const double y = frame.at_y(value);
    svg += fmt::format("<path d=\"M{:.1f} {:.1f}H{:.1f}\" stroke=\"#e7ebf0\"/>", frame.left, y,
                       frame.left + frame.width);
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", frame.left - 6,
                       y + 4, escape_html(tick_text(figure.y, value)));
  }
  svg += fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"none\" "
      "stroke=\"#8a94a3\"/>\n",
      frame.left, frame.top, frame.width, frame.height);
  svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n",
                     frame.left + frame.width / 2, bottom + 35, escape_html(figure.x.label));
  svg +=
      fmt::format("<text transform=\"translate(14 {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
                  frame.top + frame.height / 2, escape_html(figure.y.label));
  return svg;
}

std::string band_svg(const FigureBand& band, const SvgFrame& frame) {
  if (band.slices.empty()) return "";
  std::string path;
  for (const FigureBand::Slice& slice : band.slices)
    path +=
        fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", frame.at_x(slice.x), frame.at_y(slice.high));
  for (auto slice = band.slices.rbegin(); slice != band.slices.rend(); ++slice)
    path += fmt::format("L{:.1f} {:.1f}", frame.at_x(slice->x), frame.at_y(slice->low));
  return fmt::format("<path d=\"{}Z\" fill=\"{}\" fill-opacity=\"0.16\"/>\n", path,
                     figure_colour(band.colour));
}

std::string curve_svg(const FigureCurve& curve, const SvgFrame& frame) {
  std::string path;
  for (const auto& [x, y] : curve.points) {
    const double px = frame.at_x(x), py = frame.at_y(y);
    if (!std::isfinite(px) || !std::isfinite(py)) continue;
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", px, py);
  }
  if (path.empty()) return "";
  return fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.8\"{}/>\n", path,
                     figure_colour(curve.colour), dash_of(curve.line));
}

std::string point_svg(const FigurePoint& point, const SvgFrame& frame) {
  const double x = frame.at_x(point.x), y = frame.at_y(point.y);
  if (!std::isfinite(x) || !std::isfinite(y)) return "";
  const char* colour = figure_colour(point.colour);
  std::string svg = "<g>";
  if (!point.note.empty()) svg += fmt::format("<title>{}</title>", escape_html(point.note));
  if (!std::isnan(point.low) || !std::isnan(point.high)) {
    const double low = std::isnan(point.low) ? y : frame.end_y(point.low, false);
    const double high = std::isnan(point.high) ? y : frame.end_y(point.high, true);
    svg += fmt::format("<path d=\"M{0:.1f} {1:.1f}V{2:.1f}\" stroke=\"{3}\" stroke-width=\"1.4\"/>", x, low,
                       high, colour);
    const auto cap = [&](double value, double at, double arrow) {
      svg += std::isinf(value)
                 ? fmt::format("<path d=\"M{:.1f} {:.1f}l-4 {:.0f}h8z\" fill=\"{}\"/>", x, at, arrow, colour)
                 : fmt::format("<path d=\"M{:.1f} {:.1f}h8\" stroke=\"{}\" stroke-width=\"1.4\"/>", x - 4, at,
                               colour);
    };
    if (!std::isnan(point.low)) cap(point.low, low, -7);
    if (!std::isnan(point.high)) cap(point.high, high, 7);
  }
  svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.6\" fill=\"{}\" stroke=\"{}\"/></g>\n", x, y,
                     point.hollow ? "#fff" : colour, colour);
  return svg;
}

/// Entries of the legend, in lines as long as the figure is wide; what finds no place in a few lines is
/// counted.
std::string legend_svg(const Figure& figure, double width, double& height) {
  struct Entry {
    std::string sample, name;
  };
  std::vector<Entry> entries;
  if (!figure.points_name.empty())
    entries.push_back({fmt::format("<circle cx=\"11\" cy=\"-4\" r=\"3.6\" fill=\"{}\"/>", figure_colour(0)),
                       figure.points_name});
  for (const FigureCurve& curve : figure.curves)
    if (!curve.name.empty())
      entries.push_back({fmt::format("<path d=\"M0 -4h22\" stroke=\"{}\" stroke-width=\"1.8\"{}/>",
                                     figure_colour(curve.colour), dash_of(curve.line)),
                         curve.name});
  for (const FigureBand& band : figure.bands)
    if (!band.name.empty())
      entries.push_back(
          {fmt::format("<rect y=\"-10\" width=\"22\" height=\"11\" fill=\"{}\" fill-opacity=\"0.16\"/>",
                       figure_colour(band.colour)),
           band.name});
  std::string svg;
  double x = kLeft, y = figure.title.empty() ? 14 : 34;
  const double last_line = y + (kLegendLines - 1) * kLegendLine;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    const double wide = 28 + kLetter * static_cast<double>(display_width(entry.name)) + 16;
    const double needed = i + 1 == entries.size() ? wide : wide + kLegendMore;
    if (y < last_line && x > kLeft && x + wide > width) x = kLeft, y += kLegendLine;
    if (y >= last_line && x + needed > width) {
      svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">and {} more</text>\n", x, y, entries.size() - i);
      break;
    }
    svg += fmt::format("<g transform=\"translate({:.1f} {:.1f})\">{}<text x=\"28\">{}</text></g>\n", x, y,
                       entry.sample, escape_html(entry.name));
    x += wide;
  }
  height = (entries.empty() ? (figure.title.empty() ? 10 : 28) : y + 10);
  return svg;
}

}  // namespace

const char* figure_colour(std::size_t index) { return kColours[index % std::size(kColours)]; }

std::string render_svg(const Figure& figure, double width, double height) {
  double top = 0;
  const std::string legend = legend_svg(figure, width, top);
  const SvgFrame frame{x_scale(figure),        y_scale(figure),       kLeft, top,
                       width - kLeft - kRight, height - top - kBottom};
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" height=\"{1:.0f}\" role=\"img\" "
      "font-size=\"12\" "
      "fill=\"#1d2430\" aria-label=\"{2}\">\n",
      width, height, escape_html(figure.title));
  if (!figure.title.empty())
    svg += fmt::format("<text x=\"{:.0f}\" y=\"15\" font-weight=\"600\" font-size=\"13\">{}</text>\n", kLeft,
                       escape_html(figure.title));
  svg += legend + axes_svg(figure, frame);
  // What leaves the frame is cut off: an <svg> within shows its own viewport alone.
  constexpr double kMargin = 4;  // Points on the edge are shown whole.
  svg += fmt::format(
      "<svg x=\"{0:.1f}\" y=\"{1:.1f}\" width=\"{2:.1f}\" height=\"{3:.1f}\" viewBox=\"{0:.1f} {1:.1f} "
      "{2:.1f} "
      "{3:.1f}\">\n",
      frame.left - kMargin, frame.top - kMargin, frame.width + 2 * kMargin, frame.height + 2 * kMargin);
  for (const FigureBand& band : figure.bands) svg += band_svg(band, frame);
  for (const FigureCurve& curve : figure.curves) svg += curve_svg(curve, frame);
  for (const FigurePoint& point : figure.points) svg += point_svg(point, frame);
  return svg + "</svg>\n</svg>\n";
}

}  // namespace ablate
