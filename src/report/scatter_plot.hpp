// A figure in a terminal: curves as braille dots, points as letters, bands shaded.
#pragma once

#include <cstddef>
#include <string>

#include "report/figure.hpp"

namespace ablate {

/// `width` and `height`: columns and rows of all of it, with axes and legend; at least 30 x 8 are taken.
/// Without colour. Points that share a place are one.
std::string render_plot(const Figure& figure, std::size_t width, std::size_t height);

}  // namespace ablate
