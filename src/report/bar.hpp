// Progress: bars, and lines that are drawn again in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "report/terminal.hpp"

namespace ablate {

/// One stretch of a bar.
struct BarPart {
  std::int64_t count = 0;
  char symbol = '#';
};

/// "[######>>!!------]": each part in proportion to `total`, what is left as '-'. A part that is not zero
/// shows at least one symbol, and a bar that is not full shows at least one '-'.
std::string bar(std::span<const BarPart> parts, std::int64_t total, std::size_t width);

/// Lines at the bottom of a terminal that are replaced by each show(). Elsewhere show() does nothing: whoever
/// prints to a file or a pipe prints events instead.
class LiveLines {
 public:
  using Sink = std::function<void(std::string_view)>;
  LiveLines(const Terminal& terminal, Sink sink) : terminal_(terminal), sink_(std::move(sink)) {}

  /// Replaces what the last call showed. Lines longer than the terminal are cut by it; more lines than it has
  /// are not shown.
  void show(std::span<const std::string> lines);
  /// Prints one line that stays, above the live ones.
  void print(std::string_view line);
  /// Takes the live lines away.
  void clear();

 private:
  std::string erase() const;
  Terminal terminal_;
  Sink sink_;
  std::vector<std::string> shown_;
};

}  // namespace ablate
