#include "report/figure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ablate {

namespace {

constexpr double kMargin = 0.04;  ///< Of the length of an axis, beyond the outermost value.

/// The smallest range that holds what was added.
struct Extent {
  bool logarithmic = false;
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();

  void add(double value) {
    if (!std::isfinite(value) || (logarithmic && value <= 0)) return;
    const double at = logarithmic ? std::log(value) : value;
    low = std::min(low, at);
    high = std::max(high, at);
  }

  AxisScale scale(const FigureAxis& axis) const {
    AxisScale result{low, high, logarithmic};
    if (!(low <= high)) result.low = 0, result.high = 1;
    const double around = result.high > result.low ? kMargin * (result.high - result.low)
                          : logarithmic            ? 1
                                                   : std::max(1e-9, 0.5 * std::abs(result.low));
    result.low -= around;
    result.high += around;
    const auto fixed = [&](double end, double& to) {
      if (std::isfinite(end) && !(logarithmic && end <= 0)) to = logarithmic ? std::log(end) : end;
    };
    fixed(axis.low, result.low);
    fixed(axis.high, result.high);
    if (!(result.low < result.high)) result.high = result.low + 1;
    return result;
  }
};

}  // namespace

double AxisScale::share(double value) const {
  if (std::isnan(value) || (logarithmic && value <= 0)) return std::numeric_limits<double>::quiet_NaN();
  return ((logarithmic ? std::log(value) : value) - low) / (high - low);
}

AxisScale x_scale(const Figure& figure) {
  Extent extent{figure.x.logarithmic};
  for (const FigurePoint& point : figure.points) extent.add(point.x);
  for (const FigureBand& band : figure.bands)
    for (const FigureBand::Slice& slice : band.slices) extent.add(slice.x);
  for (const FigureCurve& curve : figure.curves)
    for (const auto& [x, y] : curve.points) extent.add(x);
  return extent.scale(figure.x);
}

AxisScale y_scale(const Figure& figure) {
  Extent extent{figure.y.logarithmic};
  for (const FigurePoint& point : figure.points)
    for (const double y : {point.y, point.low, point.high}) extent.add(y);
  for (const FigureBand& band : figure.bands)
    for (const FigureBand::Slice& slice : band.slices) extent.add(slice.low), extent.add(slice.high);
  if (figure.points.empty() && figure.bands.empty())
    for (const FigureCurve& curve : figure.curves)
      for (const auto& [x, y] : curve.points) extent.add(y);
  return extent.scale(figure.y);
}

std::vector<double> ticks(const AxisScale& scale, std::size_t most) {
  const auto within = [&](double value) {
    const double share = scale.share(value);
    return share >= -1e-9 && share <= 1 + 1e-9;
  };
  std::vector<double> best;
  if (scale.logarithmic) {
    const int first = static_cast<int>(std::floor(scale.low / std::log(10.0)));
    const int last = static_cast<int>(std::ceil(scale.high / std::log(10.0)));
    const std::vector<std::vector<double>> grids = {{1}, {1, 3}, {1, 2, 5}, {1, 1.5, 2, 3, 5, 7}};
    for (const std::vector<double>& grid : grids) {
      std::vector<double> found;
      for (int power = first; power <= last; ++power)
        for (const double digit : grid)
          if (const double value = digit * std::pow(10.0, power); within(value)) found.push_back(value);
      if (best.empty() || found.size() <= most) best = std::move(found);
    }
    // Over many decades every second, third, ... of them.
    for (std::size_t step = 2; best.size() > most; ++step) {
      std::vector<double> fewer;
      for (int power = first; power <= last; ++power)
        if (power % static_cast<int>(step) == 0)
          if (const double value = std::pow(10.0, power); within(value)) fewer.push_back(value);
      best = std::move(fewer);
    }
    return best;
  }
  const double rough = (scale.high - scale.low) / static_cast<double>(std::max<std::size_t>(most, 1));
  double step = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0, 10.0})
    if (step * factor >= rough * (1 - 1e-9)) {
      step *= factor;
      break;
    }
  for (double k = std::ceil(scale.low / step - 1e-9); k * step <= scale.high + 1e-9 * step; ++k)
    best.push_back(k == 0 ? 0 : k * step);
  return best;
}

std::string tick_text(const FigureAxis& axis, double value) {
  return axis.text ? axis.text(value) : fmt::format("{:.4g}", value);
}

}  // namespace ablate
