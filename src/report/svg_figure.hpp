// A figure as SVG, to stand in a page: no scripts, no other files.
#pragma once

#include <string>
#include <string_view>

#include "report/figure.hpp"

namespace ablate {

/// An <svg> element of `width` x `height` pixels with axes, legend and notes as <title>.
std::string render_svg(const Figure& figure, double width, double height);

/// Of eight: "#4c78a8".
const char* figure_colour(std::size_t index);

}  // namespace ablate
