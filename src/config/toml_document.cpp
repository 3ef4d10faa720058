#include "config/toml_document.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "util/file.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::size_t kMaxKeyDots = 16;

Location locate(std::uint32_t source, const std::string& text, std::size_t offset) {
  const auto newlines = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n');
  const std::size_t line_start = offset == 0 ? 0 : text.rfind('\n', offset - 1) + 1;  // npos + 1 is 0.
  return {source, static_cast<std::uint32_t>(newlines + 1),
          static_cast<std::uint32_t>(offset - line_start + 1)};
}

/// Where the string that begins at `at` ends: after its closing quotes, or at the end of the line when it
/// has none.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  const std::string_view quote = text.substr(at, 1);
  const std::string triple(3, quote[0]);
  if (text.substr(at).starts_with(triple)) {
    const std::size_t end = text.find(triple, at + 3);
    return end == std::string_view::npos ? text.size() : end + 3;
  }
  for (++at; at < text.size() && text[at] != '\n'; ++at) {
    if (text[at] == quote[0]) return at + 1;
    if (text[at] == '\\' && quote[0] == '"') ++at;
  }
  return std::min(at, text.size());
}

/// The parser bounds the nesting of brackets, but not that of dotted keys, which its tables follow
/// recursively.
std::optional<std::size_t> find_deep_key(std::string_view text) {
  std::size_t dots = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      at = end_of_string(text, at);
      continue;
    }
    if (c == '#') at = std::min(text.find('\n', at), text.size() - 1);
    if (c == '.' && ++dots > kMaxKeyDots) return at;
    if (c == '\n' || c == '#' || c == ',' || c == '{' || c == '=') dots = 0;
    ++at;
  }
  return std::nullopt;
}

}  // namespace

std::optional<TomlDocument> read_document(const std::filesystem::path& file, Findings& findings,
                                          std::optional<Location> asked_at) {
  const std::string name = file.lexically_proximate(std::filesystem::current_path()).string();
  TomlDocument document;
  document.source = static_cast<std::uint32_t>(findings.sources.size());
  document.file = real_path(file);
  findings.sources.push_back({name.starts_with("../..") || name == ".." ? file.string() : name, ""});
  std::string& text = findings.sources.back().text;
  try {
    text = read_file(file, kMaxTomlBytes);
  } catch (const Error& error) {
    // "PATH: what is wrong": the place says the path already, unless another file asked for this one.
    const std::string message = error.what();
    const std::string place = printable(file.string(), kWhole) + ": ";
    const bool repeats = !asked_at && message.starts_with(place);
    findings.add(asked_at.value_or(Location{document.source, 0, 0}),
                 repeats ? message.substr(place.size()) : message);
    return std::nullopt;
  }
  if (const auto offset = find_invalid_utf8(text)) {
    findings.add(locate(document.source, text, *offset),
                 fmt::format("byte 0x{:02x} is not valid UTF-8; expected a text file in UTF-8",
                             static_cast<unsigned char>(text[*offset])));
    return std::nullopt;
  }
  if (const auto offset = find_deep_key(text)) {
    findings.add(
        locate(document.source, text, *offset),
        fmt::format("a key with more than {} dots; expected keys such as train.vlm.steps", kMaxKeyDots));
    return std::nullopt;
  }
  try {
    document.root = toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    findings.add(document.at(error.source()), fmt::format("not valid TOML: {}", error.description()));
    return std::nullopt;
  }
  return document;
}

std::optional<Value> to_value(const toml::node& node, const TomlDocument& document, Findings& findings) {
  if (const auto value = node.as_boolean()) return Value(value->get());
  if (const auto value = node.as_integer()) return Value(value->get());
  if (const auto value = node.as_floating_point()) return Value(value->get());
  if (const auto value = node.as_string()) return Value(value->get());
  const toml::array* array = node.as_array();
  if (!array) {
    findings.add(document.at(node), fmt::format("expected a value or a list of values, found a {}",
                                                node.is_table() ? "table" : "date or time"));
    return std::nullopt;
  }
  std::vector<std::string> texts;
  std::vector<std::int64_t> integers;
  std::vector<double> numbers;
  for (const toml::node& item : *array) {
    if (const auto text = item.as_string()) texts.push_back(text->get());
    if (const auto integer = item.as_integer()) integers.push_back(integer->get());
    if (const auto number = item.value<double>(); number && item.is_number()) numbers.push_back(*number);
  }
  if (texts.size() == array->size()) return Value(texts);
  if (integers.size() == array->size()) return Value(integers);
  if (numbers.size() == array->size()) return Value(numbers);
  findings.add(document.at(node), "expected a list of numbers or a list of texts");
  return std::nullopt;
}

std::vector<std::pair<const toml::key*, const toml::node*>> in_order(const toml::table& table) {
  std::vector<std::pair<const toml::key*, const toml::node*>> entries;
  for (auto&& [key, node] : table) entries.emplace_back(&key, &node);
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    const auto &left = a.first->source().begin, &right = b.first->source().begin;
    return std::tie(left.line, left.column) < std::tie(right.line, right.column);
  });
  return entries;
}

}  // namespace ablate
