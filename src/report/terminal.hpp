// What the reader's terminal can show.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ablate {

struct Terminal {
  bool live = false;        ///< A terminal whose lines can be drawn again (TERM is not "dumb").
  bool colour = false;      ///< Also NO_COLOR is not set (no-color.org).
  std::size_t columns = 0;  ///< 0: no terminal, or unknown.
  std::size_t rows = 0;
};

/// Looks at a file descriptor: 1 for standard output, 2 for standard error.
Terminal terminal_of(int fd);

enum class Style { bold, dim, red, green, yellow };

/// `text` in a colour, where the terminal has colours.
std::string paint(std::string_view text, Style style, const Terminal& terminal);

}  // namespace ablate
