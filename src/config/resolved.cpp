#include "config/resolved.hpp"

#include <fmt/format.h>

#include "config/fields.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

struct WrongType {};

/// Neither a fraction nor more than 64 bits: nlohmann-json would cut both.
std::int64_t whole_number(const Json& json) {
  if (!json.is_number_integer() || (json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX))
    throw WrongType();
  return json.get<std::int64_t>();
}

/// A JSON value as the member's type wants it; set_value checks the rest.
struct FromJson {
  const Json& json;
  Value operator()(const bool*) const { return json.get<bool>(); }
  Value operator()(const std::int64_t*) const { return whole_number(json); }
  Value operator()(const double*) const { return json.get<double>(); }
  Value operator()(const std::string*) const { return json.get<std::string>(); }
  Value operator()(const std::vector<std::int64_t>*) const {
    if (!json.is_array()) throw WrongType();
    std::vector<std::int64_t> numbers;
    for (const Json& item : json) numbers.push_back(whole_number(item));
    return numbers;
  }
  template <typename T>
  Value operator()(const std::vector<T>*) const {
    return json.get<std::vector<T>>();
  }
  Value operator()(const EnumRef&) const { return json.get<std::string>(); }
  Value operator()(const EnumListRef&) const { return json.get<std::vector<std::string>>(); }
};

[[noreturn]] void fail_type(const Field& field, const Json& found) {
  const std::string text = found.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  throw Error(fmt::format("'{}': found {}; expected {}", field.key, printable(text), describe_type(field)));
}

}  // namespace

void apply_resolved(const Json& config, const std::function<std::string(const std::string& hash)>& path_of,
                    Experiment& experiment) {
  if (!config.is_object()) throw Error("the configuration is no JSON object");
  for (const auto& [section, keys] : config.items()) {
    if (!keys.is_object()) throw Error(fmt::format("'{}' is no JSON object", section));
    for (const auto& [leaf, json] : keys.items()) {
      const std::string key = section + "." + leaf;
      const Field* field = find_field(key);
      if (!field) throw Error(fmt::format("unknown key '{}'{}", key, suggestion(key, field_keys())));
      Value value;
      try {
        value = std::visit(FromJson{json}, field->member(experiment));
      } catch (const WrongType&) {
        fail_type(*field, json);
      } catch (const Json::exception&) {
        fail_type(*field, json);
      }
      if (field->is_path()) {
        if (auto* path = std::get_if<std::string>(&value); path && !path->empty()) *path = path_of(*path);
        if (auto* paths = std::get_if<std::vector<std::string>>(&value))
          for (std::string& path : *paths) path = path_of(path);
      }
      set_value(*field, experiment, value);
    }
  }
}

void visit_sources(const Json& config,
                   const std::function<void(const Field& field, const std::string& hash)>& visit) {
  if (!config.is_object()) return;
  for (const auto& [section, keys] : config.items()) {
    if (!keys.is_object()) continue;
    for (const auto& [leaf, value] : keys.items()) {
      const Field* field = find_field(section + "." + leaf);
      if (!field || !field->is_path()) continue;
      const Json list = value.is_array() ? value : Json::array({value});
      for (const Json& hash : list)
        if (hash.is_string() && !hash.get_ref<const std::string&>().empty())
          visit(*field, hash.get<std::string>());
    }
  }
}

}  // namespace ablate
