#include "util/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cwchar>
#include <filesystem>

namespace ablate {

namespace {

/// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        current[j] = std::min(current[j], before[j - 2] + 1);
    }
    std::swap(before, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

/// Length in bytes of the valid UTF-8 sequence at `text`, or 0; `code` receives the code point.
std::size_t decode_utf8(std::string_view text, char32_t& code) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return code = lead, 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  code = lead & (0x7F >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = (code << 6) | (byte(i) & 0x3F);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  if (overlong || (code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF) return 0;
  return length;
}

/// White space (Unicode's White_Space), controls, and characters that take no room by themselves: joiners,
/// marks of direction, soft hyphens, fillers, variation selectors.
bool is_unseen(char32_t code) {
  constexpr std::pair<char32_t, char32_t> kRanges[] = {
      {0x00, 0x20},     {0x7F, 0xA0},     {0xAD, 0xAD},      {0x034F, 0x034F}, {0x061C, 0x061C},
      {0x115F, 0x1160}, {0x1680, 0x1680}, {0x180B, 0x180F},  {0x2000, 0x200F}, {0x2028, 0x202F},
      {0x205F, 0x206F}, {0x2800, 0x2800}, {0x3000, 0x3000},  {0x3164, 0x3164}, {0xFE00, 0xFE0F},
      {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xE0000, 0xE0FFF}};
  return std::any_of(std::begin(kRanges), std::end(kRanges),
                     [&](const auto& range) { return range.first <= code && code <= range.second; });
}

}  // namespace

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  if (word.empty() || word.size() > 200) return best;
  const bool is_leaf = word.find('.') == std::string_view::npos;
  for (const std::string& candidate : candidates) {
    std::size_t distance = edit_distance(word, candidate);
    if (const std::size_t dot = candidate.rfind('.'); is_leaf && dot != std::string::npos)
      distance = std::min(distance, 1 + edit_distance(word, std::string_view(candidate).substr(dot + 1)));
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string suggestion(std::string_view word, std::span<const std::string> candidates) {
  if (const auto best = nearest(word, candidates)) return fmt::format("; did you mean '{}'?", *best);
  if (candidates.empty() || candidates.size() > 12) return "";
  return fmt::format("; expected one of: {}", join(candidates, ", "));
}

std::string human_count(double value) {
  constexpr std::array<const char*, 9> kSuffix = {"", "k", "M", "G", "T", "P", "E", "Z", "Y"};
  std::size_t step = 0;
  double scaled = value;
  while (std::abs(scaled) >= 999.5 && step + 1 < kSuffix.size()) {
    scaled /= 1000;
    ++step;
  }
  if (step == 0 || std::abs(scaled) >= 1e5) return fmt::format("{:.3g}{}", scaled, kSuffix[step]);
  const int decimals = std::abs(scaled) >= 99.95 ? 0 : std::abs(scaled) >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f}{}", scaled, decimals, kSuffix[step]);
}

std::string human_amount(double value) {
  std::string text = human_count(value);
  if (text.ends_with('G')) text.back() = 'B';
  return text;
}

std::string human_bytes(double bytes) {
  constexpr std::array<const char*, 6> kUnit = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t step = 0;
  while (bytes >= 1024 && step + 1 < kUnit.size()) {
    bytes /= 1024;
    ++step;
  }
  return fmt::format("{:.{}f} {}", bytes, step == 0 ? 0 : 2, kUnit[step]);
}

std::string human_duration(double seconds) {
  if (!(seconds >= 0) || std::isinf(seconds)) return "-";
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  if (seconds < 60) return fmt::format("{:.0f} s", std::floor(seconds));
  if (seconds > 3.2e9) return fmt::format("{} years", human_count(seconds / 31557600));
  const auto total = static_cast<std::int64_t>(seconds);
  if (total < 3600) return fmt::format("{}m {:02}s", total / 60, total % 60);
  if (total < 86400) return fmt::format("{}h {:02}m", total / 3600, total / 60 % 60);
  return fmt::format("{}d {:02}h", total / 86400, total / 3600 % 24);
}

std::string with_commas(std::int64_t value) {
  std::string digits = fmt::format("{}", value);
  const std::size_t sign = value < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > sign + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string shortest(double value) { return fmt::format("{}", value); }

std::optional<double> parse_duration(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !(value >= 0) || std::isinf(value)) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.empty() || unit == "s") return value;
  if (unit == "m") return value * 60;
  if (unit == "h") return value * 3600;
  if (unit == "d") return value * 86400;
  return std::nullopt;
}

std::optional<double> parse_amount(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.size() > 1 && unit.front() == ' ') unit.remove_prefix(1);
  constexpr std::pair<std::string_view, double> kUnits[] = {{"", 1},    {"k", 1e3},  {"K", 1e3}, {"m", 1e6},
                                                            {"M", 1e6}, {"b", 1e9},  {"B", 1e9}, {"g", 1e9},
                                                            {"G", 1e9}, {"t", 1e12}, {"T", 1e12}};
  for (const auto& [name, factor] : kUnits)
    if (unit == name && number > 0 && std::isfinite(number * factor)) return number * factor;
  return std::nullopt;
}

std::optional<bool> parse_flag(std::string_view text) {
  const std::string word = lower_case(text);
  for (const std::string_view yes : {"true", "t", "yes", "y", "on"})
    if (word == yes) return true;
  for (const std::string_view no : {"false", "f", "no", "n", "off"})
    if (word == no) return false;
  double number = -1;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool whole = error == std::errc() && end == word.data() + word.size();
  if (!whole || (number != 0 && number != 1)) return std::nullopt;
  return number == 1;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

std::optional<std::size_t> find_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    char32_t code = 0;
    const std::size_t length = decode_utf8(text.substr(at), code);
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

std::string_view trim_unseen(std::string_view text) {
  std::size_t begin = text.size(), end = 0;  // Of what is seen.
  for (std::size_t at = 0; at < text.size();) {
    char32_t code = 0;
    const std::size_t length = decode_utf8(text.substr(at), code);
    if (length == 0 || !is_unseen(code)) {
      begin = std::min(begin, at);
      end = at + std::max<std::size_t>(length, 1);
    }
    at += std::max<std::size_t>(length, 1);
  }
  return begin < end ? text.substr(begin, end - begin) : std::string_view();
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    char32_t code = 0;
    const std::size_t length = decode_utf8(text.substr(at), code);
    if (length == 0) return text.size();
    at += length;
    const bool combining =
        (code >= 0x300 && code <= 0x36F) || code == 0x200B || (code >= 0xFE00 && code <= 0xFE0F);
    const bool wide = (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) ||
                      (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
                      (code >= 0xFE30 && code <= 0xFE4F) || (code >= 0xFF00 && code <= 0xFF60) ||
                      (code >= 0x1F300 && code <= 0x1FAFF) || (code >= 0x20000 && code <= 0x3FFFD);
    width += combining ? 0 : wide ? 2 : 1;
  }
  return width;
}

std::string printable(std::string_view text, std::size_t most) {
  std::string clean(text);
  const bool is_cut = text.size() > most;
  if (is_cut) {
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;  // Within a letter.
    clean.resize(most);
  }
  std::size_t start = 0;
  while (const auto bad = find_invalid_utf8(std::string_view(clean).substr(start))) {
    clean[start + *bad] = '?';
    start += *bad + 1;
  }
  for (char& c : clean)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) c = '?';
  // C1 controls (U+0080 to U+009F, in UTF-8 C2 80 to C2 9F): some terminals obey them.
  for (std::size_t at = 0; (at = clean.find('\xC2', at)) != std::string::npos; ++at)
    if (static_cast<unsigned char>(clean[at + 1]) < 0xA0) clean.replace(at, 2, "?");
  return is_cut ? clean + "..." : clean;
}

std::string printable_lines(std::string_view text) {
  constexpr std::size_t kBeginning = 600, kEnd = 400;
  std::vector<std::string> lines = split(text, '\n');
  for (std::string& line : lines) {
    if (line.size() <= kBeginning + kEnd) {
      line = printable(line, kWhole);
      continue;
    }
    std::size_t end = line.size() - kEnd;
    while (end < line.size() && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) ++end;
    line = printable(line, kBeginning) + printable(std::string_view(line).substr(end), kWhole);
  }
  return join(lines, "\n");
}

std::string one_line(std::string_view text) {
  std::string clean(text);
  for (char& c : clean)
    if (c == '\t' || c == '\n' || c == '\r') c = ' ';
  return printable(clean, kWhole);
}

std::string count_of(std::int64_t count, const std::string& noun) {
  return fmt::format("{} {}{}", with_commas(count), noun, count == 1 ? "" : "s");
}

std::string shown_path(const std::filesystem::path& path) {
  std::error_code failed;
  const std::filesystem::path here = std::filesystem::relative(path, failed);
  return one_line(!failed && !here.empty() && *here.begin() != ".." ? here.string() : path.string());
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

}  // namespace ablate
