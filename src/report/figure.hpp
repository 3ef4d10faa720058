// A figure as data: points with bars, curves and bands over two axes. scatter_plot.hpp and svg_figure.hpp
// draw it.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace ablate {

struct FigureAxis {
  std::string label;
  bool logarithmic = false;                               ///< Then only what is above zero is drawn.
  double low = std::numeric_limits<double>::quiet_NaN();  ///< NaN: as far as points and bands reach.
  double high = std::numeric_limits<double>::quiet_NaN();
  std::string (*text)(double) = nullptr;  ///< How numbers are written; null: the shortest way.
};

struct FigurePoint {
  double x = 0, y = 0;
  double low = std::numeric_limits<double>::quiet_NaN();  ///< Ends of its bar. NaN: none; infinite: open.
  double high = std::numeric_limits<double>::quiet_NaN();
  std::size_t colour = 0;  ///< Index into a palette of eight; more begin again.
  bool hollow = false;
  std::string note;  ///< What a page shows when the pointer is on it.
};

enum class Stroke { solid, dashed, dotted };

struct FigureCurve {
  std::string name;  ///< In the legend; empty: not there.
  std::vector<std::pair<double, double>> points;
  Stroke line = Stroke::solid;
  std::size_t colour = 0;
};

/// What lies between two curves.
struct FigureBand {
  struct Slice {
    double x = 0, low = 0, high = 0;
  };
  std::string name;
  std::vector<Slice> slices;  ///< By x.
  std::size_t colour = 0;
};

struct Figure {
  std::string title;
  FigureAxis x, y;
  std::vector<FigureBand> bands;
  std::vector<FigureCurve> curves;
  std::vector<FigurePoint> points;
  std::string points_name;  ///< In the legend; empty: not there.
};

/// One axis as it is drawn: maps values to shares of its length.
struct AxisScale {
  double low = 0, high = 1;  ///< Logarithms where it is logarithmic; low < high.
  bool logarithmic = false;
  double share(double value) const;  ///< 0 at the low end, 1 at the high one; NaN for what cannot be drawn.
};
AxisScale x_scale(const Figure& figure);
AxisScale y_scale(const Figure& figure);
/// Round values within the scale: 1, 2 and 5 times powers of ten, at most `most` of them.
std::vector<double> ticks(const AxisScale& scale, std::size_t most);
/// A tick as the axis writes it.
std::string tick_text(const FigureAxis& axis, double value);

}  // namespace ablate
