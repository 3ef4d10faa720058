#include "config/diagnostics.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::size_t kMaxShown = 20;
constexpr std::size_t kMaxLineShown = 100;

std::string_view line_of(const std::string& text, std::uint32_t line) {
  std::size_t begin = 0;
  for (std::uint32_t at = 1; at < line; ++at) {
    begin = text.find('\n', begin);
    if (begin == std::string::npos) return {};
    ++begin;
  }
  std::string_view rest = std::string_view(text).substr(begin);
  rest = rest.substr(0, rest.find('\n'));
  return rest.ends_with('\r') ? rest.substr(0, rest.size() - 1) : rest;
}

}  // namespace

std::string render(const Diagnostic& diagnostic, const Sources& sources) {
  const SourceFile& source = sources.at(diagnostic.where.source);
  const std::string mistake = one_line(diagnostic.message);  // A value that it quotes may have several.
  if (diagnostic.where.line == 0) return fmt::format("{}: {}", source.name, mistake);
  const std::string message =
      fmt::format("{}:{}:{}: {}", source.name, diagnostic.where.line, diagnostic.where.column, mistake);
  const std::string line = printable(line_of(source.text, diagnostic.where.line), kWhole);
  if (line.empty() || find_invalid_utf8(line) || diagnostic.where.column > kMaxLineShown) return message;
  // The caret stands below the column: tabs are kept, other characters become as many blanks as they are
  // wide.
  std::string blanks;
  for (std::size_t at = 0, column = 1; at < line.size() && column < diagnostic.where.column; ++column) {
    std::size_t end = at + 1;
    while (end < line.size() && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) ++end;
    blanks += line[at] == '\t' ? "\t" : std::string(display_width(line.substr(at, end - at)), ' ');
    at = end;
  }
  std::string shown = line;
  if (shown.size() > kMaxLineShown) {
    std::size_t cut = kMaxLineShown;
    while ((static_cast<unsigned char>(shown[cut]) & 0xC0) == 0x80) --cut;
    shown = shown.substr(0, cut) + "...";
  }
  const std::string number = fmt::format("{:5}", diagnostic.where.line);
  return fmt::format("{}\n{} | {}\n{} | {}^", message, number, shown, std::string(number.size(), ' '),
                     blanks);
}

ConfigError::ConfigError(std::vector<Diagnostic> diagnostics, const Sources& sources)
    : Error([&] {
        std::stable_sort(diagnostics.begin(), diagnostics.end(),
                         [](const Diagnostic& a, const Diagnostic& b) {
                           return std::tie(a.where.source, a.where.line, a.where.column) <
                                  std::tie(b.where.source, b.where.line, b.where.column);
                         });
        std::vector<std::string> texts;
        for (const Diagnostic& diagnostic : diagnostics)
          if (texts.size() < kMaxShown) texts.push_back(render(diagnostic, sources));
        if (diagnostics.size() > kMaxShown)
          texts.push_back(fmt::format("... and {} more mistakes", diagnostics.size() - kMaxShown));
        return join(texts, "\n");
      }()),
      count(diagnostics.size()) {}

}  // namespace ablate
