#include "config/load_experiment.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "util/file.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::size_t kMaxBases = 16;

bool is_section(const std::string& prefix) {
  for (const std::string& key : field_keys())
    if (key.starts_with(prefix + ".")) return true;
  return false;
}

/// Seeds are looked for among the keys of the experiment.
bool means_seeds(const std::string& leaf) { return leaf == "seed" || leaf == "seeds"; }

constexpr const char* kAboutSeeds =
    "; seeds stand at the top of a sweep, each cell runs under each of them: seeds = [0, 1, 2]";

std::string unknown_key_of(const std::string& full, const std::string& prefix, const std::string& leaf,
                           const std::vector<std::string>& also) {
  // Neighbours in the same table are the likeliest; then any key by its full or its last name.
  std::vector<std::string> neighbours = also;
  for (const std::string& key : field_keys()) {
    if (!prefix.empty() && !key.starts_with(prefix + ".")) continue;
    const std::string rest = prefix.empty() ? key : key.substr(prefix.size() + 1);
    neighbours.push_back(rest.substr(0, rest.find('.')));
  }
  std::sort(neighbours.begin(), neighbours.end());
  neighbours.erase(std::unique(neighbours.begin(), neighbours.end()), neighbours.end());
  const std::string place = prefix.empty() ? "" : fmt::format(" in [{}]", prefix);
  const std::string message = fmt::format("unknown key '{}'{}", printable(leaf), place);
  if (means_seeds(leaf)) return message + kAboutSeeds;
  if (const auto near = nearest(leaf, neighbours))
    return fmt::format("{}; did you mean '{}'?", message, *near);
  if (const auto near = nearest(full, field_keys()))
    return fmt::format("{}; did you mean '{}'?", message, *near);
  if (const auto near = nearest(leaf, field_keys()))
    return fmt::format("{}; did you mean '{}'?", message, *near);
  return message + suggestion(leaf, neighbours);
}

void resolve_paths(Value& value, const std::filesystem::path& folder) {
  const auto resolve = [&](std::string& path) {
    if (!path.empty()) path = resolve_path(folder, path).string();
  };
  if (auto* path = std::get_if<std::string>(&value)) resolve(*path);
  if (auto* paths = std::get_if<std::vector<std::string>>(&value))
    std::for_each(paths->begin(), paths->end(), resolve);
}

bool is_of_model(const Field& field) {
  return field.key.starts_with("encoder.") || field.key.starts_with("connector.") ||
         field.key.starts_with("llm.") || field.key.starts_with("data.");
}

}  // namespace

std::string unknown_key(const std::string& key) {
  return fmt::format(
      "unknown key '{}'{}", printable(key),
      means_seeds(key.substr(key.rfind('.') + 1)) ? kAboutSeeds : suggestion(key, field_keys()));
}

void refuse_set_twice(const std::vector<Assignment>& assignments, Findings& findings) {
  std::map<std::size_t, Location> first;
  for (const Assignment& assignment : assignments) {
    const auto [other, is_new] = first.try_emplace(assignment.field->index, assignment.where);
    if (!is_new)
      findings.add(assignment.where, fmt::format("'{}' is set twice here, the first time in line {}",
                                                 assignment.field->key, other->second.line));
  }
}

bool set_the_same(const std::vector<Assignment>& a, const std::vector<Assignment>& b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(), [](const Assignment& one, const Assignment& other) {
        const auto *left = std::get_if<Value>(&one.value), *right = std::get_if<Value>(&other.value);
        if (one.field != other.field || !left != !right) return false;
        return left ? *left == *right
                    : std::get<BoundExpression>(one.value).expression.text() ==
                          std::get<BoundExpression>(other.value).expression.text();
      });
}

const Field* NameBinder::find(const std::string& name, std::string& problem) const {
  if (const Field* field = find_field(name)) return field;
  std::vector<const Field*> matches;
  const auto matches_end = [&](const Field& field) { return field.key.ends_with("." + name); };
  for (const Field* field : axis_fields_)
    if (matches_end(*field) && std::find(matches.begin(), matches.end(), field) == matches.end())
      matches.push_back(field);
  // What the model is comes before how a stage trains: 'resolution' is the encoder's.
  for (const bool of_model : {true, false})
    if (matches.empty())
      for (const Field& field : fields())
        if (matches_end(field) && is_of_model(field) == of_model) matches.push_back(&field);
  if (matches.size() == 1) return matches.front();
  std::vector<std::string> keys;
  for (const Field* field : matches) keys.push_back(field->key);
  problem = matches.empty() ? unknown_key(name)
                            : fmt::format("'{}' may mean {}; write the whole key", name, join(keys, " or "));
  return nullptr;
}

std::optional<BoundExpression> NameBinder::bind(const std::string& text, const Location& where,
                                                std::size_t skip, Findings& findings) const {
  const auto place = [&](std::size_t position) {
    return Location{where.source, where.line, where.column + static_cast<std::uint32_t>(1 + skip + position)};
  };
  try {
    BoundExpression bound{Expression::parse(text), {}, where};
    bool known = true;
    for (const Expression::Name& name : bound.expression.names()) {
      std::string problem;
      bound.keys.push_back(find(name.text, problem));
      if (bound.keys.back()) continue;
      findings.add(place(name.position), problem);
      known = false;
    }
    return known ? std::optional(std::move(bound)) : std::nullopt;
  } catch (const ExpressionError& error) {
    findings.add(place(error.position), error.what());
    return std::nullopt;
  }
}

std::optional<Assignment> read_assignment(const Field& field, const toml::node& node,
                                          const TomlDocument& document, const NameBinder& binder,
                                          Findings& findings) {
  auto value = to_value(node, document, findings);
  if (!value) return std::nullopt;
  const Location where = document.at(node);
  if (const auto* text = std::get_if<std::string>(&*value); text && text->starts_with('=')) {
    auto bound = binder.bind(text->substr(1), where, 1, findings);
    if (!bound) return std::nullopt;
    return Assignment{&field, std::move(*bound), where};
  }
  if (field.is_path()) resolve_paths(*value, document.file.parent_path());
  try {
    Experiment trial;
    set_value(field, trial, *value);
  } catch (const Error& error) {
    findings.add(where, error.what());
    return std::nullopt;
  }
  return Assignment{&field, std::move(*value), where};
}

std::vector<Assignment> read_assignments(const toml::table& table, const std::string& prefix,
                                         const std::vector<std::string>& skip, const TomlDocument& document,
                                         const NameBinder& binder, Findings& findings) {
  std::vector<Assignment> assignments;
  for (const auto& [key, node] : in_order(table)) {
    const std::string leaf(key->str());
    if (std::find(skip.begin(), skip.end(), leaf) != skip.end()) continue;
    const std::string full = prefix.empty() ? leaf : prefix + "." + leaf;
    if (const Field* field = find_field(full)) {
      if (auto assignment = read_assignment(*field, *node, document, binder, findings))
        assignments.push_back(std::move(*assignment));
    } else if (!is_section(full)) {
      findings.add(document.at(*key),
                   unknown_key_of(full, prefix, leaf, prefix.empty() ? skip : std::vector<std::string>()));
    } else if (const toml::table* section = node->as_table()) {
      auto inner = read_assignments(*section, full, {}, document, binder, findings);
      std::move(inner.begin(), inner.end(), std::back_inserter(assignments));
    } else {
      findings.add(document.at(*node), fmt::format("'{}' is a value; expected a table of keys", full));
    }
  }
  return assignments;
}

void Recipe::apply(const std::vector<Assignment>& layer, Findings& findings) {
  for (const bool presets : {true, false}) {
    for (const Assignment& assignment : layer) {
      if (assignment.field->is_preset() != presets) continue;
      set_at[assignment.field->index] = assignment.where;
      if (presets)
        replace_shape(assignment);
      else
        beside_preset[assignment.field->index] = 1;
      if (std::holds_alternative<BoundExpression>(assignment.value)) {
        computed.insert_or_assign(assignment.field->index, assignment);
        continue;
      }
      computed.erase(assignment.field->index);
      try {
        set_value(*assignment.field, experiment, std::get<Value>(assignment.value));
      } catch (const Error& error) {
        findings.add(assignment.where, error.what());
      }
    }
  }
}

void Recipe::replace_shape(const Assignment& preset) {
  const Value* name = std::get_if<Value>(&preset.value);
  for (const Field* key : preset_keys(*preset.field)) {
    beside_preset[key->index] = 0;
    if (!name || !sets_shape(*name)) continue;
    computed.erase(key->index);
    set_at[key->index] = preset.where;
  }
}

void Recipe::move_to(Sweep& sweep) {
  sweep.experiment = std::move(experiment);
  sweep.set_at = std::move(set_at);
  sweep.beside_preset = std::move(beside_preset);
  sweep.base_files = std::move(base_files);
  for (auto& [index, assignment] : computed) sweep.computed.push_back(std::move(assignment));
}

void read_experiment(const std::filesystem::path& file, std::optional<Location> asked_at,
                     const NameBinder& binder, Recipe& recipe, Findings& findings) {
  std::vector<std::vector<Assignment>> layers;  // The file itself first, then what it builds on.
  std::vector<std::filesystem::path> seen;
  std::filesystem::path next = file;
  while (!next.empty()) {
    if (std::find(seen.begin(), seen.end(), real_path(next)) != seen.end() || seen.size() >= kMaxBases) {
      findings.add(*asked_at,
                   fmt::format("'base' leads back to {}; expected a chain of at most {} files that ends",
                               next.string(), kMaxBases));
      return;
    }
    seen.push_back(real_path(next));
    const auto document = read_document(next, findings, asked_at);
    if (!document) return;
    layers.push_back(
        read_assignments(document->root, "", {"base", "description"}, *document, binder, findings));
    refuse_set_twice(layers.back(), findings);
    next.clear();
    if (const toml::node* base = document->root.get("base")) {
      asked_at = document->at(*base);
      if (const auto path = base->value<std::string>())
        next = resolve_path(document->file.parent_path(), *path);
      else
        findings.add(*asked_at, "'base' is no text; expected the path of an experiment file");
    }
  }
  recipe.base_files.assign(seen.begin() + 1, seen.end());
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) recipe.apply(*layer, findings);
}

}  // namespace ablate
