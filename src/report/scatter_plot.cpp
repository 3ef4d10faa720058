#include "report/scatter_plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "util/text.hpp"

namespace ablate {

namespace {

/// Rank of what stands in a place: the higher hides the lower.
enum class Layer { empty, band, line, bar, point };

std::string utf8(unsigned code) {
  std::string text;
  text += static_cast<char>(0xE0 | (code >> 12));
  text += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
  text += static_cast<char>(0x80 | (code & 0x3F));
  return text;
}

class Canvas {
 public:
  Canvas(std::size_t columns, std::size_t rows) : columns_(columns), rows_(rows), places_(columns * rows) {}

  void put(std::size_t column, std::size_t row, Layer layer, std::string text) {
    if (column >= columns_ || row >= rows_) return;
    Place& place = places_[row * columns_ + column];
    if (layer < place.layer) return;
    place.layer = layer;
    place.text = std::move(text);
  }

  /// One dot of braille: x to the right in halves of a column, y downwards in quarters of a row.
  void dot(std::size_t x, std::size_t y) {
    constexpr std::array<std::array<unsigned, 4>, 2> kBits = {
        {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}};
    if (x >= 2 * columns_ || y >= 4 * rows_) return;
    Place& place = places_[y / 4 * columns_ + x / 2];
    if (place.layer > Layer::line) return;
    place.layer = Layer::line;
    place.dots |= kBits[x % 2][y % 4];
  }

  std::string row(std::size_t index) const {
    std::string text;
    for (std::size_t column = 0; column < columns_; ++column) {
      const Place& place = places_[index * columns_ + column];
      if (place.layer == Layer::line)
        text += utf8(0x2800 + place.dots);
      else
        text += place.layer == Layer::empty ? " " : place.text;
    }
    return text;
  }

 private:
  struct Place {
    Layer layer = Layer::empty;
    unsigned dots = 0;
    std::string text;
  };
  std::size_t columns_, rows_;
  std::vector<Place> places_;
};

struct PlotFrame {
  AxisScale x, y;
  std::size_t columns, rows;

  /// Place of a share; shares outside land outside the canvas.
  static std::size_t place(double share, std::size_t count) {
    if (!(share >= 0 && share <= 1)) return count;
    return std::min(count - 1, static_cast<std::size_t>(share * static_cast<double>(count)));
  }
  std::size_t column(double value) const { return place(x.share(value), columns); }
  std::size_t row(double value) const { return place(1 - y.share(value), rows); }
};

/// y of a curve at an x between its points, along straight lines of the figure.
double curve_at(const FigureCurve& curve, const PlotFrame& frame, double share) {
  for (std::size_t i = 1; i < curve.points.size(); ++i) {
    const double from = frame.x.share(curve.points[i - 1].first), to = frame.x.share(curve.points[i].first);
    if (!(share >= std::min(from, to) && share <= std::max(from, to))) continue;
    const double begin = frame.y.share(curve.points[i - 1].second);
    const double end = frame.y.share(curve.points[i].second);
    return from == to ? begin : begin + (end - begin) * (share - from) / (to - from);
  }
  return std::nan("");
}

void draw_curve(const FigureCurve& curve, const PlotFrame& frame, Canvas& canvas) {
  const std::size_t dots = 2 * frame.columns, height = 4 * frame.rows;
  std::size_t before = height;
  for (std::size_t x = 0; x < dots; ++x) {
    const double share = curve_at(curve, frame, (static_cast<double>(x) + 0.5) / static_cast<double>(dots));
    const std::size_t y = PlotFrame::place(1 - share, height);
    const bool drawn = curve.line == Stroke::solid || (curve.line == Stroke::dashed && x % 6 < 3) ||
                       (curve.line == Stroke::dotted && x % 4 == 0);
    if (y < height && drawn) {
      canvas.dot(x, y);
      // Steep lines stay connected.
      if (before < height && curve.line == Stroke::solid)
        for (std::size_t between = std::min(before, y); between < std::max(before, y); ++between)
          canvas.dot(x, between);
    }
    before = y;
  }
}

void draw_band(const FigureBand& band, const PlotFrame& frame, Canvas& canvas) {
  FigureCurve low, high;
  for (const FigureBand::Slice& slice : band.slices) {
    low.points.emplace_back(slice.x, slice.low);
    high.points.emplace_back(slice.x, slice.high);
  }
  for (std::size_t column = 0; column < frame.columns; ++column) {
    const double share = (static_cast<double>(column) + 0.5) / static_cast<double>(frame.columns);
    const double bottom = curve_at(low, frame, share), top = curve_at(high, frame, share);
    for (std::size_t row = 0; row < frame.rows; ++row) {
      const double middle = 1 - (static_cast<double>(row) + 0.5) / static_cast<double>(frame.rows);
      if (middle >= bottom && middle <= top) canvas.put(column, row, Layer::band, "░");
    }
  }
}

void draw_point(const FigurePoint& point, const PlotFrame& frame, Canvas& canvas) {
  const std::size_t column = frame.column(point.x), row = frame.row(point.y);
  if (column >= frame.columns) return;
  const auto bar_end = [&](double value, bool up) {
    if (std::isnan(value)) return row;
    if (std::isinf(value)) return up ? std::size_t{0} : frame.rows - 1;
    const double share = 1 - frame.y.share(value);
    return PlotFrame::place(std::clamp(share, 0.0, 1.0), frame.rows);
  };
  if (row < frame.rows) {
    const std::size_t top = bar_end(point.high, true), bottom = bar_end(point.low, false);
    for (std::size_t at = std::min(top, row); at <= std::max(bottom, row) && at < frame.rows; ++at)
      canvas.put(column, at, Layer::bar, "│");
    if (std::isinf(point.high)) canvas.put(column, 0, Layer::bar, "↑");
    if (std::isinf(point.low)) canvas.put(column, frame.rows - 1, Layer::bar, "↓");
    canvas.put(column, row, Layer::point, point.hollow ? "○" : "●");
  }
}

std::string right(const std::string& text, std::size_t width) {
  const std::size_t has = display_width(text);
  return (has < width ? std::string(width - has, ' ') : "") + text;
}

std::string x_labels(const Figure& figure, const PlotFrame& frame, std::size_t left) {
  std::string line;
  std::size_t used = 0;
  for (const double value : ticks(frame.x, std::max<std::size_t>(2, frame.columns / 10))) {
    const std::string text = tick_text(figure.x, value);
    const std::size_t width = display_width(text), at = left + frame.column(value);
    const std::size_t begin = at >= width / 2 ? at - width / 2 : 0;
    if (begin < used + (used > 0 ? 2 : 0) || begin + width > left + frame.columns + 4) continue;
    line += std::string(begin - used, ' ') + text;
    used = begin + width;
  }
  return line;
}

std::string legend_line(const Figure& figure) {
  std::vector<std::string> parts;
  if (!figure.points_name.empty()) parts.push_back("● " + figure.points_name);
  for (const FigureCurve& curve : figure.curves)
    if (!curve.name.empty())
      parts.push_back((curve.line == Stroke::solid    ? "⠒⠒ "
                       : curve.line == Stroke::dashed ? "⠒ ⠒ "
                                                      : "⠂⠂ ") +
                      curve.name);
  for (const FigureBand& band : figure.bands)
    if (!band.name.empty()) parts.push_back("░ " + band.name);
  return join(parts, "   ");
}

}  // namespace

std::string render_plot(const Figure& figure, std::size_t width, std::size_t height) {
  width = std::max<std::size_t>(width, 30);
  height = std::max<std::size_t>(height, 8);
  PlotFrame frame{x_scale(figure), y_scale(figure), 0, height - 4};
  const std::vector<double> rows = ticks(frame.y, std::max<std::size_t>(2, frame.rows / 2));
  std::size_t left = 0;
  for (const double value : rows) left = std::max(left, display_width(tick_text(figure.y, value)));
  frame.columns = width - left - 2;

  Canvas canvas(frame.columns, frame.rows);
  for (const FigureBand& band : figure.bands) draw_band(band, frame, canvas);
  for (const FigureCurve& curve : figure.curves) draw_curve(curve, frame, canvas);
  for (const FigurePoint& point : figure.points) draw_point(point, frame, canvas);

  std::vector<std::string> labels(frame.rows);
  for (const double value : rows)
    if (const std::size_t row = frame.row(value); row < frame.rows) labels[row] = tick_text(figure.y, value);
  std::vector<std::string> lines = {figure.y.label};
  for (std::size_t row = 0; row < frame.rows; ++row)
    lines.push_back(right(labels[row], left) + (labels[row].empty() ? " │" : " ┤") + canvas.row(row));
  std::string axis = std::string(left, ' ') + " └";
  for (std::size_t column = 0; column < frame.columns; ++column) axis += "─";
  lines.push_back(axis);
  lines.push_back(x_labels(figure, frame, left + 2) + "  " + figure.x.label);
  if (const std::string names = legend_line(figure); !names.empty())
    lines.push_back(std::string(left + 2, ' ') + names);
  std::string text;
  for (std::string& line : lines) {
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace ablate
