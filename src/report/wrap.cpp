#include "report/wrap.hpp"

#include <algorithm>

#include "util/text.hpp"

namespace ablate {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string without_trailing_spaces(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

/// `may_end(i)`: whether a line may end after character number i.
template <typename MayEnd>
std::vector<std::string> pieces_of(std::string_view text, const MayEnd& may_end) {
  std::vector<std::string> pieces(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    pieces.back() += text[i];
    if (i + 1 < text.size() && may_end(i)) pieces.emplace_back();
  }
  return pieces;
}

std::vector<std::string> large_parts(std::string_view name) {
  return pieces_of(name, [&](std::size_t i) {
    return name[i] == ' ' || name[i] == '/' || (name[i] == '.' && is_letter(name[i + 1]));
  });
}

std::vector<std::string> small_parts(std::string_view part) {
  return pieces_of(
      part, [&](std::size_t i) { return (part[i] == '-' || part[i] == '_') && is_letter(part[i + 1]); });
}

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
  return pieces_of(text, [&](std::size_t i) {
    const bool is_sign = i > 0 && text[i - 1] == '=' && (i == 1 || text[i - 2] == ' ');
    return text[i] == ' ' && !is_sign;
  });
}

std::vector<std::string> fill_lines(const std::vector<std::string>& pieces, std::size_t width,
                                    std::size_t indent) {
  std::vector<std::string> lines;
  std::string line;
  for (const std::string& piece : pieces) {
    const std::string longer = line + piece;
    if (!line.empty() && display_width(without_trailing_spaces(longer)) > width) {
      lines.push_back(without_trailing_spaces(std::move(line)));
      line = std::string(indent, ' ') + piece;
    } else {
      line = longer;
    }
  }
  lines.push_back(without_trailing_spaces(std::move(line)));
  return lines;
}

std::vector<std::string> name_lines(std::string_view name, std::size_t width) {
  std::vector<std::string> parts;
  for (const std::string& part : large_parts(name)) {
    if (display_width(without_trailing_spaces(part)) <= width) {
      parts.push_back(part);
    } else {
      const std::vector<std::string> small = small_parts(part);
      parts.insert(parts.end(), small.begin(), small.end());
    }
  }
  return fill_lines(parts, width);
}

std::size_t least_name_width(std::string_view name) {
  std::size_t widest = 0;
  for (const std::string& line : name_lines(name, 0)) widest = std::max(widest, display_width(line));
  return widest;
}

std::string wrap(std::string_view text, std::size_t indent, std::size_t width) {
  const std::vector<std::string> lines = fill_lines(words_of(text), width > indent ? width - indent : 0);
  return join(lines, "\n" + std::string(indent, ' '));
}

}  // namespace ablate
