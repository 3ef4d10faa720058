#include "config/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

#include "config/field_table.hpp"
#include "config/names.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

void check_range(const Field& field, double value) {
  if (!(std::isfinite(value) && value >= field.low && value <= field.high) || value == field.excluded)
    throw Error(fmt::format("'{}' is {}; expected {}", field.key, shortest(value), describe_type(field)));
}

/// Puts a Value into a member of one type, or says what was expected.
struct Assign {
  const Field& field;
  const Value& value;

  [[noreturn]] void wrong_type() const {
    constexpr const char* kKinds[] = {"true or false", "an integer", "a number",       "a text",
                                      "a list",        "a list",     "a list of texts"};
    throw Error(fmt::format("'{}' is {} ({}); expected {}", field.key, printable(to_text(value)),
                            kKinds[value.index()], describe_type(field)));
  }
  template <typename T>
  const T& get() const {
    if (const T* found = std::get_if<T>(&value)) return *found;
    wrong_type();
  }
  void operator()(bool* member) const { *member = get<bool>(); }
  void operator()(std::int64_t* member) const {
    const std::int64_t number = get<std::int64_t>();
    check_range(field, static_cast<double>(number));
    *member = number;
  }
  void operator()(double* member) const {
    const std::int64_t* integer = std::get_if<std::int64_t>(&value);
    const double number = integer ? static_cast<double>(*integer) : get<double>();
    check_range(field, number);
    *member = number;
  }
  void operator()(std::string* member) const { *member = get<std::string>(); }
  void operator()(std::vector<double>* member) const {
    std::vector<double> numbers;
    if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&value))
      numbers.assign(integers->begin(), integers->end());
    else if (!is_empty_list())
      numbers = get<std::vector<double>>();
    for (const double number : numbers) check_range(field, number);
    *member = std::move(numbers);
  }
  void operator()(std::vector<std::int64_t>* member) const {
    std::vector<std::int64_t> numbers;
    if (!is_empty_list()) numbers = get<std::vector<std::int64_t>>();
    for (const std::int64_t number : numbers) check_range(field, static_cast<double>(number));
    *member = std::move(numbers);
  }
  void operator()(std::vector<std::string>* member) const { *member = get<std::vector<std::string>>(); }
  void operator()(const EnumListRef& member) const {
    const auto& names = get<std::vector<std::string>>();
    const std::vector<std::string> known = member.names();
    for (auto name = names.begin(); name != names.end(); ++name) {
      if (std::find(known.begin(), known.end(), *name) == known.end())
        throw Error(
            fmt::format("'{}' holds the unknown name '{}'{}", field.key, *name, suggestion(*name, known)));
      if (std::find(names.begin(), name, *name) != name)
        throw Error(fmt::format("'{}' holds '{}' twice", field.key, *name));
    }
    member.set(member.member, names);
  }
  void operator()(const EnumRef& member) const {
    const std::string& name = get<std::string>();
    const std::vector<std::string> known = member.names();
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw Error(fmt::format("'{}' has the unknown level '{}'{}", field.key, name, suggestion(name, known)));
    member.set(member.member, name);
  }
  /// An empty TOML array has no element type: it arrives as a list of texts.
  bool is_empty_list() const {
    const auto* texts = std::get_if<std::vector<std::string>>(&value);
    return texts && texts->empty();
  }
};

struct Read {
  Value operator()(const auto* member) const { return *member; }
  Value operator()(const EnumRef& member) const { return member.get(member.member); }
  Value operator()(const EnumListRef& member) const { return member.get(member.member); }
};

std::string describe_number(const Field& field, const char* noun) {
  const std::string unit = field.unit.empty() ? "" : ", " + field.unit;
  if (field.high == kNoLimit) return fmt::format("{} of at least {}{}", noun, shortest(field.low), unit);
  if (field.high >= kMaxCount) return fmt::format("{} of at least {}{}", noun, shortest(field.low), unit);
  const std::string but = field.excluded ? ", but not " + shortest(*field.excluded) : "";
  return fmt::format("{} from {} to {}{}{}", noun, shortest(field.low), shortest(field.high), but, unit);
}

}  // namespace

std::string Field::section() const {
  const std::size_t dot = key.rfind('.');
  return dot == std::string::npos ? "" : key.substr(0, dot);
}

std::string Field::leaf() const { return key.substr(key.rfind('.') + 1); }

std::span<const Field> fields() {
  static const std::vector<Field> kTable = make_field_table();
  return kTable;
}

const Field* find_field(std::string_view key) {
  static const std::unordered_map<std::string_view, const Field*> kIndex = [] {
    std::unordered_map<std::string_view, const Field*> index;
    for (const Field& field : fields()) index.emplace(field.key, &field);
    return index;
  }();
  const auto found = kIndex.find(key);
  return found == kIndex.end() ? nullptr : found->second;
}

const std::vector<std::string>& field_keys() {
  static const std::vector<std::string> kKeys = [] {
    std::vector<std::string> keys;
    for (const Field& field : fields()) keys.push_back(field.key);
    return keys;
  }();
  return kKeys;
}

Value get_value(const Field& field, const Experiment& experiment) {
  // Only read through: `member` has one signature for reading and writing.
  return std::visit(Read{}, field.member(const_cast<Experiment&>(experiment)));
}

void set_value(const Field& field, Experiment& experiment, const Value& value) {
  std::visit(Assign{field, value}, field.member(experiment));
  if (field.key == "encoder.preset") apply_preset(experiment.encoder, experiment.encoder.preset);
  if (field.key == "llm.preset") apply_preset(experiment.llm, experiment.llm.preset);
}

const std::vector<const Field*>& preset_keys(const Field& preset) {
  static const std::vector<std::vector<const Field*>> kKeys = [] {
    std::vector<std::vector<const Field*>> keys(fields().size());
    for (const Field& field : fields()) {
      if (!field.is_preset()) continue;
      std::set<const Field*> written;
      Experiment names;
      for (const std::string& name : std::get<EnumRef>(field.member(names)).names()) {
        // Two experiments that differ in every integer are equal in those that the preset sets.
        Experiment one, other;
        for (const Field& any : fields()) {
          const FieldRef member = any.member(other);
          if (auto* const* number = std::get_if<std::int64_t*>(&member)) ++**number;
        }
        set_value(field, one, name);
        set_value(field, other, name);
        for (const Field& any : fields())
          if (std::holds_alternative<std::int64_t*>(any.member(one)) &&
              get_value(any, one) == get_value(any, other))
            written.insert(&any);
      }
      keys[field.index].assign(written.begin(), written.end());
    }
    return keys;
  }();
  return kKeys[preset.index];
}

bool sets_shape(const Value& preset) { return preset != Value(to_name(LlmPreset::custom)); }

std::string describe_type(const Field& field) {
  struct Describe {
    const Field& field;
    std::string operator()(const bool*) const { return "true or false"; }
    std::string operator()(const std::int64_t*) const { return describe_number(field, "an integer"); }
    std::string operator()(const double*) const { return describe_number(field, "a number"); }
    std::string operator()(const std::string*) const { return field.is_path() ? "a path" : "a text"; }
    std::string operator()(const std::vector<double>*) const {
      return describe_number(field, "a list of numbers, each");
    }
    std::string operator()(const std::vector<std::int64_t>*) const {
      return describe_number(field, "a list of integers, each");
    }
    std::string operator()(const std::vector<std::string>*) const {
      return field.is_path() ? "a list of paths" : "a list of texts";
    }
    std::string operator()(const EnumRef& member) const {
      return fmt::format("one of: {}", join(member.names(), ", "));
    }
    std::string operator()(const EnumListRef& member) const {
      return fmt::format("a list of names among: {}", join(member.names(), ", "));
    }
  };
  static Experiment defaults;
  return std::visit(Describe{field}, field.member(defaults));
}

Json run_table(const Experiment& experiment) {
  Json table = Json::object();
  for (const Field& field : fields())
    if (field.section() == "run")
      std::visit([&](const auto& held) { table[field.leaf()] = held; }, get_value(field, experiment));
  return table;
}

}  // namespace ablate
