#include "report/terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace ablate {

namespace {

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

const char* escape_code(Style style) {
  switch (style) {
    case Style::bold:
      return "1";
    case Style::dim:
      return "2";
    case Style::red:
      return "31";
    case Style::green:
      return "32";
    case Style::yellow:
      return "33";
  }
  return "0";
}

}  // namespace

Terminal terminal_of(int fd) {
  Terminal terminal;
  if (::isatty(fd) == 0) return terminal;
  const char* kind = std::getenv("TERM");
  terminal.live = kind != nullptr && std::string_view(kind) != "dumb" && *kind != '\0';
  terminal.colour = terminal.live && !is_set("NO_COLOR");
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0) {
    terminal.columns = size.ws_col;
    terminal.rows = size.ws_row;
  }
  return terminal;
}

std::string paint(std::string_view text, Style style, const Terminal& terminal) {
  if (!terminal.colour || text.empty()) return std::string(text);
  return fmt::format("\033[{}m{}\033[0m", escape_code(style), text);
}

}  // namespace ablate
