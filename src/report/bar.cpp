#include "report/bar.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ablate {

std::string bar(std::span<const BarPart> parts, std::int64_t total, std::size_t width) {
  std::string text;
  std::int64_t sum = 0;
  for (const BarPart& part : parts) {
    sum += part.count;
    if (part.count <= 0 || total <= 0) continue;
    const double end = static_cast<double>(sum) / static_cast<double>(total) * static_cast<double>(width);
    const auto to = std::max(static_cast<std::size_t>(end), text.size() + 1);
    text.append(std::min(to, width) - std::min(text.size(), width), part.symbol);
  }
  if (sum < total && text.size() >= width && width > 0) text.resize(width - 1);
  text.resize(width, '-');
  return "[" + text + "]";
}

void LiveLines::show(std::span<const std::string> lines) {
  if (!terminal_.live) return;
  std::string text = erase();
  const std::size_t room = terminal_.rows > 1 ? terminal_.rows - 1 : lines.size();
  shown_.assign(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(std::min(room, lines.size())));
  text += "\033[?7l";  // No wrapping: a line too long is cut, so that the count of lines stays right.
  for (const std::string& line : shown_) text += line + "\n";
  sink_(text + "\033[?7h");
}

void LiveLines::print(std::string_view line) {
  std::string text = erase();
  text += line;
  text += '\n';
  if (!shown_.empty()) text += "\033[?7l";
  for (const std::string& kept : shown_) text += kept + "\n";
  if (!shown_.empty()) text += "\033[?7h";
  sink_(text);
}

void LiveLines::clear() {
  if (!shown_.empty()) sink_(erase());
  shown_.clear();
}

std::string LiveLines::erase() const {
  // Up to the first live line, then erase from there to the end of the screen.
  return shown_.empty() ? "" : fmt::format("\033[{}A\r\033[J", shown_.size());
}

}  // namespace ablate
