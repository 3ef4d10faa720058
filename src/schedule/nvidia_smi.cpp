#include "schedule/nvidia_smi.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "util/text.hpp"

namespace ablate {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::int64_t> find_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_whole = error == std::errc() && end == text.data() + text.size();
  return is_whole && value >= 0 ? std::optional(value) : std::nullopt;
}

/// Fields in the place of what a card that does not work would have to tell.
bool tells_of_failure(const std::string& field) {
  return field == "[GPU is lost]" || field == "[GPU requires reset]" || field == "[Unknown Error]";
}

/// The one card that an entry of CUDA_VISIBLE_DEVICES names.
const Card* find_card(const std::vector<Card>& cards, std::string_view entry) {
  const auto index = find_number(entry);
  if (!index && !entry.starts_with("GPU-")) return nullptr;
  const auto is_named = [&](const Card& card) {
    return index ? card.index == *index : card.uuid.starts_with(entry);
  };
  const auto found = std::find_if(cards.begin(), cards.end(), is_named);
  if (found == cards.end() || std::any_of(found + 1, cards.end(), is_named)) return nullptr;
  return &*found;
}

}  // namespace

std::vector<Card> parse_cards(std::string_view listing) {
  std::vector<Card> cards;
  for (const std::string& line : split(listing, '\n')) {
    std::vector<std::string> fields;
    for (const std::string& field : split(line, ',')) fields.emplace_back(trimmed(field));
    const auto index = find_number(fields[0]);
    if (fields.size() != 4 || !index || std::any_of(fields.begin(), fields.end(), tells_of_failure)) continue;
    constexpr double kMebibyte = 1 << 20;
    cards.push_back({.index = *index,
                     .uuid = fields[1],
                     // "[N/A]", "[Not Supported]", "[Insufficient Permissions]"
                     .memory_bytes = static_cast<double>(find_number(fields[2]).value_or(0)) * kMebibyte,
                     .name = printable(fields[3], kWhole)});
  }
  return cards;
}

VisibleCards visible_cards(const std::vector<Card>& cards, std::string_view variable) {
  VisibleCards visible;
  for (const std::string& text : split(variable, ',')) {
    const std::string_view entry = trimmed(text);
    if (entry.starts_with("MIG-") && visible.cards.empty()) visible.slice = printable(entry, kWhole);
    const Card* card = find_card(cards, entry);
    if (card == nullptr) break;
    const bool is_twice = std::any_of(visible.cards.begin(), visible.cards.end(),
                                      [&](const Card& other) { return other.index == card->index; });
    if (is_twice) return {};
    visible.cards.push_back(*card);
  }
  return visible;
}

}  // namespace ablate
