// English for scenes: articles, plurals, places, invented words.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "data/scene_text.hpp"

namespace ablate {

namespace {

bool is_vowel(char c) { return std::string_view("aeiouAEIOU").find(c) != std::string_view::npos; }

bool ends_with_any(std::string_view word, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return word.ends_with(end); });
}

/// "trousers", "scissors"; not "dress", "bus", "iris", "gas".
bool is_plural(std::string_view noun) {
  return noun.ends_with('s') && !ends_with_any(noun, {"ss", "us", "is", "as"});
}

constexpr std::pair<std::string_view, std::string_view> kIrregularPlurals[] = {
    {"man", "men"},       {"woman", "women"}, {"child", "children"}, {"person", "people"}, {"mouse", "mice"},
    {"goose", "geese"},   {"tooth", "teeth"}, {"foot", "feet"},      {"knife", "knives"},  {"leaf", "leaves"},
    {"shelf", "shelves"}, {"loaf", "loaves"}, {"wolf", "wolves"},    {"scarf", "scarves"}, {"ox", "oxen"},
    {"sheep", "sheep"},   {"fish", "fish"},   {"deer", "deer"}};

constexpr const char* kCounts[] = {"no",    "one",   "two",  "three", "four",   "five",  "six",
                                   "seven", "eight", "nine", "ten",   "eleven", "twelve"};

// Two syllables; the first begins with a consonant, so that "a" stands before every invented word.
constexpr const char* kOnsets[] = {"b", "d", "f",  "g",  "k",  "l",  "m",  "n",  "p",  "r",  "t",  "v",
                                   "w", "z", "bl", "br", "dr", "fl", "gl", "kr", "pl", "sn", "tr", "zw"};
constexpr const char* kNuclei[] = {"a", "e", "i", "o", "u"};
constexpr const char* kMiddles[] = {"b", "d", "g", "k", "l",  "m",  "n",  "p",
                                    "t", "v", "x", "z", "ck", "ft", "lb", "rd"};
constexpr const char* kEndings[] = {"et", "ick", "o", "um", "ib", "an", "ox", "ep"};

}  // namespace

std::string with_article(const std::string& noun) {
  if (is_plural(noun)) return noun;
  // Spelt with a vowel, spoken without, and the other way round.
  const bool as_consonant = ends_with_any(std::string_view(noun).substr(0, 3), {"uni", "use"}) ||
                            noun.starts_with("eu") || noun.starts_with("one");
  const bool as_vowel = noun.starts_with("hour") || noun.starts_with("honest") || noun.starts_with("X-");
  const bool needs_n = as_vowel || (!noun.empty() && is_vowel(noun[0]) && !as_consonant);
  return fmt::format("{} {}", needs_n ? "an" : "a", noun);
}

std::string plural(const std::string& noun) {
  const std::size_t space = noun.rfind(' ');
  const std::string before = space == std::string::npos ? "" : noun.substr(0, space + 1);
  const std::string word = noun.substr(before.size());
  for (const auto& [one, many] : kIrregularPlurals)
    if (word == one) return before + std::string(many);
  if (is_plural(word)) return noun;
  if (ends_with_any(word, {"s", "x", "z", "ch", "sh"})) return noun + "es";
  if (word.size() > 1 && word.ends_with('y') && !is_vowel(word[word.size() - 2]))
    return noun.substr(0, noun.size() - 1) + "ies";
  return noun + "s";
}

std::string count_word(std::int64_t count) {
  return count >= 0 && count < std::ssize(kCounts) ? kCounts[count] : fmt::format("{}", count);
}

std::string enumerate(const std::vector<std::string>& items) {
  std::string text;
  for (std::size_t i = 0; i < items.size(); ++i)
    text += (i == 0 ? "" : i + 1 == items.size() ? " and " : ", ") + items[i];
  return text;
}

std::string place_name(std::int64_t row, std::int64_t column, std::int64_t grid) {
  if (grid > 3) return fmt::format("row {}, column {}", row + 1, column + 1);
  const auto side = [&](std::int64_t index, const char* first, const char* last) {
    return grid == 1 || (grid == 3 && index == 1) ? "" : index == 0 ? first : last;
  };
  const std::string vertical = side(row, "top", "bottom"), horizontal = side(column, "left", "right");
  if (vertical.empty() && horizontal.empty()) return "middle";
  return vertical + (vertical.empty() || horizontal.empty() ? "" : " ") + horizontal;
}

std::string place_phrase(std::int64_t row, std::int64_t column, std::int64_t grid) {
  const std::string name = place_name(row, column, grid);
  if (grid > 3) return "in " + name;
  if (name == "middle") return "in the middle";
  return (name == "left" || name == "right" ? "on the " : "at the ") + name;
}

std::string invent_word(const Bank& bank, SceneRandom& random) {
  for (;;) {
    std::string word = random.pick(kOnsets);
    word += random.pick(kNuclei);
    word += random.pick(kMiddles);
    word += random.pick(kEndings);
    const auto is_word = [&](const SceneColour& colour) { return word == colour.name; };
    if (!std::binary_search(bank.labels.begin(), bank.labels.end(), word) &&
        std::none_of(scene_colours().begin(), scene_colours().end(), is_word))
      return word;
  }
}

}  // namespace ablate
