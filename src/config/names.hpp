// The one table of how each variant is spelt, in TOML, in SQLite and in reports.
#pragma once

#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

template <typename E>
struct Named {
  const char* name;
  E value;
};

/// The table of an enumeration, in the order in which its values are shown. Specialised in names.cpp for
/// each.
template <typename E>
std::span<const Named<E>> names_of();

template <typename E>
std::string to_name(E value) {
  for (const Named<E>& entry : names_of<E>())
    if (entry.value == value) return entry.name;
  throw std::logic_error("value without a name");
}

template <typename E>
std::vector<std::string> to_names(const std::vector<E>& values) {
  std::vector<std::string> names;
  for (const E value : values) names.push_back(to_name(value));
  return names;
}

template <typename E>
std::vector<std::string> known_names() {
  std::vector<std::string> names;
  for (const Named<E>& entry : names_of<E>()) names.emplace_back(entry.name);
  return names;
}

/// Throws Error with the nearest or all legal spellings when `name` is none of them.
template <typename E>
E from_name(std::string_view name) {
  for (const Named<E>& entry : names_of<E>())
    if (name == entry.name) return entry.value;
  throw Error(fmt::format("unknown name '{}'{}", printable(name), suggestion(name, known_names<E>())));
}

}  // namespace ablate
