#include "config/sweep_tables.hpp"

#include <algorithm>

#include "config/fields.hpp"
#include "config/sweep.hpp"
#include "config/sweep_keys.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

/// Whether it is a key or a section of the experiment.
bool is_of_experiment(const std::string& name) {
  return find_field(name) || std::any_of(field_keys().begin(), field_keys().end(),
                                         [&](const std::string& key) { return key.starts_with(name + "."); });
}

}  // namespace

Location SweepTables::place(const toml::table& owner, const char* key) const {
  const toml::node* node = owner.get(key);
  return node ? document_.at(*node) : document_.at(owner);
}

void SweepTables::wrong_type(const toml::node& node, const char* key, const std::string& expected) {
  findings_.add(document_.at(node), fmt::format("'{}' has the wrong type; expected {}", key, expected));
}

std::optional<std::string> SweepTables::text(const toml::table& owner, const char* key) {
  const toml::node* node = owner.get(key);
  if (!node) return std::nullopt;
  if (!node->is_string()) return wrong_type(*node, key, "a text"), std::nullopt;
  return node->value<std::string>();
}

std::optional<std::string> SweepTables::shown_name(const toml::table& owner, const char* key) {
  auto name = text(owner, key);
  if (!name || is_level_label(*name)) return name;
  findings_.add(place(owner, key),
                fmt::format("'{0}' is '{1}', which is what tables show where there is none; "
                            "expected another text, or no '{0}'",
                            key, *name));
  return std::nullopt;
}

std::optional<std::int64_t> SweepTables::integer(const toml::table& owner, const char* key, std::int64_t low,
                                                 std::int64_t high) {
  const toml::node* node = owner.get(key);
  if (!node) return std::nullopt;
  const toml::value<std::int64_t>* value = node->as_integer();
  if (!value || value->get() < low || value->get() > high) {
    findings_.add(document_.at(*node),
                  fmt::format("'{}' is wrong; expected an integer from {} to {}", key, low, high));
    return std::nullopt;
  }
  return value->get();
}

const toml::table* SweepTables::table(const toml::table& owner, const char* key) {
  const toml::node* node = owner.get(key);
  if (node && !node->is_table()) wrong_type(*node, key, "a table");
  return node ? node->as_table() : nullptr;
}

std::vector<const toml::table*> SweepTables::tables(const toml::table& owner, const char* key) {
  std::vector<const toml::table*> found;
  const toml::node* node = owner.get(key);
  if (!node) return found;
  const toml::array* array = node->as_array();
  if (!array) return wrong_type(*node, key, fmt::format("tables, each under [[{}]]", key)), found;
  for (const toml::node& item : *array) {
    if (const toml::table* entry = item.as_table())
      found.push_back(entry);
    else
      wrong_type(item, key, "a table");
  }
  return found;
}

void SweepTables::refuse_unknown(const toml::table& owner, const std::string& kind) {
  const std::vector<std::string> known = sweep_keys_of(kind);
  for (const auto& [key, node] : in_order(owner)) {
    const std::string name(key->str());
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string place = kind.empty() ? "" : fmt::format(" in [[{}]]", kind);
    findings_.add(
        document_.at(*key),
        fmt::format("unknown key '{}'{}{}", printable(name), place,
                    is_of_experiment(name) && kind.empty()
                        ? "; keys of the experiment are set under [override] or varied by an [[axis]]"
                        : suggestion(name, known)));
  }
}

bool SweepTables::is_experiment() const {
  bool any = false;
  for (const auto& [key, node] : document_.root) {
    const std::string name(key.str());
    if (name == "base" || name == "description") continue;
    if (!is_of_experiment(name)) return false;
    any = true;
  }
  return any;
}

bool SweepTables::is_misspelt(const toml::table& owner, const std::string& kind, const char* key) const {
  if (owner.contains(key)) return false;
  const std::vector<std::string> known = sweep_keys_of(kind);
  for (const auto& [name, node] : owner) {
    const std::string_view word = name.str();
    if (std::find(known.begin(), known.end(), word) == known.end() && nearest(word, known) == key)
      return true;
  }
  return false;
}

bool is_level_label(const std::string& label) {
  const std::string_view seen = trim_unseen(label);
  return !seen.empty() && seen != "-";
}

std::string label_mistake(const std::string& axis, const std::string& label, const std::string& level) {
  return fmt::format(
      "axis '{}': tables would show {} as '{}', like an axis that does not apply; expected a level with "
      "another label: {{ label = \"none\", ... }}",
      axis, level, label);
}

}  // namespace ablate
