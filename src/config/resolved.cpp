#include "config/resolved.hpp"

#include <fmt/format.h>

#include "config/fields.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

/// A JSON value as the member's type wants it; set_value checks the rest.
struct FromJson {
  const Json& json;
  Value operator()(const bool*) const { return json.get<bool>(); }
  Value operator()(const std::int64_t*) const {
    // A number with a fraction is no integer, whatever nlohmann-json would make of it.
    return json.is_number_integer() ? Value(json.get<std::int64_t>()) : Value(json.get<double>());
  }
  Value operator()(const double*) const { return json.get<double>(); }
  Value operator()(const std::string*) const { return json.get<std::string>(); }
  template <typename T>
  Value operator()(const std::vector<T>*) const {
    return json.get<std::vector<T>>();
  }
  Value operator()(const EnumRef&) const { return json.get<std::string>(); }
};

}  // namespace

void apply_resolved(const Json& config, const std::function<std::string(const std::string& hash)>& path_of,
                    Experiment& experiment) {
  if (!config.is_object()) throw Error("the configuration is no JSON object");
  for (const auto& [section, keys] : config.items()) {
    if (!keys.is_object()) throw Error(fmt::format("'{}' is no JSON object", section));
    for (const auto& [leaf, json] : keys.items()) {
      const std::string key = section + "." + leaf;
      const Field* field = find_field(key);
      if (!field) throw Error(fmt::format("unknown key '{}'", key));
      Value value;
      try {
        value = std::visit(FromJson{json}, field->member(experiment));
      } catch (const Json::exception&) {
        throw Error(fmt::format("'{}': found {}; expected {}", key, json.dump(), describe_type(*field)));
      }
      if (field->is_path) {
        if (auto* path = std::get_if<std::string>(&value); path && !path->empty()) *path = path_of(*path);
        if (auto* paths = std::get_if<std::vector<std::string>>(&value))
          for (std::string& path : *paths) path = path_of(path);
      }
      set_value(*field, experiment, value);
    }
  }
}

}  // namespace ablate
