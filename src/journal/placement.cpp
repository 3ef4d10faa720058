#include "journal/placement.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "journal/json_fields.hpp"
#include "util/text.hpp"

namespace ablate {

template <>
std::span<const Named<DeviceKind>> names_of<DeviceKind>() {
  using enum DeviceKind;
  static constexpr Named<DeviceKind> kTable[] = {{"auto", automatic}, {"cpu", cpu}, {"cuda", cuda}};
  return kTable;
}

namespace {

std::optional<DeviceKind> find_device_kind(std::string_view name) {
  for (const Named<DeviceKind>& entry : names_of<DeviceKind>())
    if (name == entry.name) return entry.value;
  return std::nullopt;
}

/// Nothing for a text that is no list of card numbers.
std::optional<std::vector<std::int64_t>> find_cards(std::string_view text) {
  std::vector<std::int64_t> cards;
  for (const std::string& word : split(text, ',')) {
    std::int64_t card = -1;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), card);
    if (error != std::errc() || end != word.data() + word.size() || card < 0) return std::nullopt;
    cards.push_back(card);
  }
  return cards;
}

}  // namespace

std::string Placement::device() const {
  std::string text = to_name(kind);
  for (std::size_t i = 0; i < cards.size(); ++i) text += fmt::format("{}{}", i == 0 ? ':' : ',', cards[i]);
  return text;
}

Json Placement::to_json() const {
  return {{"kind", to_name(kind)},
          {"cards", cards},
          {"threads", threads},
          {"memory_bytes", memory_bytes},
          {"time_limit", time_limit}};
}

Placement parse_device(std::string_view text) {
  const auto colon = text.find(':');
  const auto kind = find_device_kind(text.substr(0, colon));
  std::optional<std::vector<std::int64_t>> cards = std::vector<std::int64_t>();
  if (colon != text.npos) cards = find_cards(text.substr(colon + 1));
  if (!kind || !cards || (colon != text.npos && *kind != DeviceKind::cuda))
    throw Error(fmt::format("device: found '{}'; expected {}, or cuda with cards such as cuda:0",
                            printable(text), join(known_names<DeviceKind>(), ", ")));
  return {.kind = *kind, .cards = *cards};
}

Placement parse_placement(const Json& json) {
  const JsonFields fields(json, "placement.");
  Placement placement;
  const std::string name = fields.text("kind");
  const auto kind = find_device_kind(name);
  if (!kind) fields.fail_value("kind", "'" + printable(name) + "'", join(known_names<DeviceKind>(), ", "));
  placement.kind = *kind;
  const Json& cards = fields.get("cards");
  if (!cards.is_array()) fields.fail_type("cards", cards, "an array of card numbers");
  for (const Json& card : cards) {
    if (!card.is_number_integer()) fields.fail_type("cards", card, "an array of card numbers");
    if (card.get<std::int64_t>() < 0) fields.fail_value("cards", cards.dump(), "card numbers of at least 0");
    placement.cards.push_back(card.get<std::int64_t>());
  }
  placement.threads = fields.count("threads", 1);
  placement.memory_bytes = fields.amount("memory_bytes");
  placement.time_limit = fields.amount("time_limit");
  return placement;
}

}  // namespace ablate
