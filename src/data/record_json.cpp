#include <fmt/format.h>

#include <algorithm>

#include "data/problem.hpp"
#include "data/record.hpp"

namespace ablate {

namespace {

/// Brackets within brackets that a record may have. Real ones need 4.
constexpr int kMaxJsonDepth = 64;
/// Numbers, texts, lists and objects that one record may hold: a few hundred megabytes as a tree. MMC4's
/// similarity matrices are the largest real ones, with some thousands.
constexpr std::int64_t kMaxJsonValues = 4'000'000;

/// Non-numbers that Python's `json` writes though JSON has none.
constexpr std::string_view kJsonNonNumbers[] = {"NaN", "-Infinity", "Infinity"};

/// What a look at brackets, commas and quotes tells before a tree is built.
struct JsonScan {
  std::int64_t values = 1;
  int depth = 0, deepest = 0;
  bool non_numbers = false, zero_bytes = false;
};

/// Calls `visit` with the position of each byte that stands outside of strings.
template <typename Visit>
void scan_json(std::string_view text, const Visit& visit) {
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"')
      in_string = true;
    else
      visit(i);
  }
}

JsonScan measure_json(std::string_view text) {
  JsonScan scan;
  scan_json(text, [&](std::size_t i) {
    const char c = text[i];
    if (c == '[' || c == '{') scan.deepest = std::max(scan.deepest, ++scan.depth);
    if (c == ']' || c == '}') --scan.depth;
    if (c == ',' || c == '[' || c == '{') ++scan.values;
    if (c == 'N' || c == 'I') scan.non_numbers = true;
    if (c == '\0') scan.zero_bytes = true;
  });
  return scan;
}

/// The same text with `null` in place of numbers that are none.
std::string without_non_numbers(std::string_view text) {
  std::string result;
  std::size_t copied = 0;
  scan_json(text, [&](std::size_t i) {
    if (i < copied || (text[i] != 'N' && text[i] != 'I' && text[i] != '-')) return;
    for (const std::string_view word : kJsonNonNumbers)
      if (text.substr(i, word.size()) == word) {
        result.append(text, copied, i - copied).append("null");
        copied = i + word.size();
        return;
      }
  });
  return result.append(text, copied);
}

/// "line 1, column 5: unexpected end of input": nlohmann's message without its number and without the token,
/// which may be as long as the file.
std::string describe_json_mistake(std::string_view message) {
  constexpr std::string_view kPlace = "parse error at ", kToken = "; last read: ";
  if (const auto at = message.find(kPlace); at != message.npos) message.remove_prefix(at + kPlace.size());
  const auto token = message.find(kToken);
  if (token == message.npos) return std::string(message.substr(0, 300));
  std::string result(message.substr(0, std::min<std::size_t>(token, 300)));
  const auto expected = message.rfind("; expected ");
  if (expected != message.npos && expected > token && message.size() - expected < 100)
    result += message.substr(expected);
  return result;
}

}  // namespace

Json parse_json(std::string_view text) {
  const JsonScan scan = measure_json(text);
  if (scan.deepest > kMaxJsonDepth)
    fail_document(ProblemKind::json,
                  fmt::format("JSON with {} brackets within one another; expected at most {}", scan.deepest,
                              kMaxJsonDepth));
  if (scan.values > kMaxJsonValues)
    fail_document(ProblemKind::json,
                  fmt::format("JSON with about {} values; expected at most {}", scan.values, kMaxJsonValues));
  // nlohmann takes one for the end of the text.
  if (scan.zero_bytes) fail_document(ProblemKind::json, "no valid JSON: a zero byte in it");
  std::string mended;
  if (scan.non_numbers) text = mended = without_non_numbers(text);
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    fail_document(ProblemKind::json, fmt::format("no valid JSON: {}", describe_json_mistake(error.what())));
  }
}

}  // namespace ablate
