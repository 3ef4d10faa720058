// Checked reading of attempt.json.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "util/error.hpp"
#include "util/json.hpp"

namespace ablate {

/// The keys of an object in attempt.json. All methods throw Error naming the key that is missing or wrong.
class JsonFields {
 public:
  /// `prefix`: what stands before a key in messages: "" or "placement.".
  explicit JsonFields(const Json& json, std::string prefix = "") : json_(json), prefix_(std::move(prefix)) {
    if (!json.is_object())
      throw Error(fmt::format("attempt.json: is a JSON {}; expected an object", json.type_name()));
  }

  bool has(const char* key) const { return json_.contains(key); }
  const Json& get(const char* key) const {
    const auto found = json_.find(key);
    if (found == json_.end()) throw Error(fmt::format("attempt.json: key '{}{}' is missing", prefix_, key));
    return *found;
  }
  std::int64_t count(const char* key, std::int64_t least) const {
    const Json& field = get(key);
    if (!field.is_number_integer()) fail_type(key, field, "a whole number");
    const auto value = field.get<std::int64_t>();
    if (value < least) fail_value(key, value, fmt::format("at least {}", least));
    return value;
  }
  /// A number of at least 0.
  double amount(const char* key) const {
    const Json& field = get(key);
    if (!field.is_number()) fail_type(key, field, "a number");
    const auto value = field.get<double>();
    if (!(value >= 0)) fail_value(key, value, "at least 0");
    return value;
  }
  std::string text(const char* key) const {
    const Json& field = get(key);
    if (!field.is_string()) fail_type(key, field, "text");
    return field.get<std::string>();
  }
  const Json& object(const char* key) const {
    const Json& field = get(key);
    if (!field.is_object()) fail_type(key, field, "an object");
    return field;
  }

  [[noreturn]] void fail_type(const std::string& key, const Json& found, std::string_view expected) const {
    throw Error(fmt::format("attempt.json: key '{}{}' is a {}; expected {}", prefix_, key, found.type_name(),
                            expected));
  }
  template <typename T>
  [[noreturn]] void fail_value(const std::string& key, const T& found, std::string_view expected) const {
    throw Error(fmt::format("attempt.json: key '{}{}' is {}; expected {}", prefix_, key, found, expected));
  }

 private:
  const Json& json_;
  std::string prefix_;
};

}  // namespace ablate
