// A sweep file, table by table.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "config/load_experiment.hpp"
#include "config/names.hpp"
#include "config/sweep.hpp"
#include "config/sweep_keys.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::int64_t kMaxSeeds = 10000;
constexpr std::int64_t kMaxSamples = 1000000;

class SweepReader {
 public:
  SweepReader(const TomlDocument& document, Findings& findings)
      : document_(document), findings_(findings), binder_(axis_fields(document.root)) {}

  Sweep read() {
    const toml::table& root = document_.root;
    refuse_unknown(root, "");
    Sweep sweep;
    sweep.file = document_.file;
    sweep.where = {document_.source, 1, 1};
    sweep.name = text(root, "name").value_or(document_.file.stem().string());
    if (sweep.name.empty() || sweep.name.size() > 200 || printable(sweep.name) != sweep.name)
      findings_.add(place(root, "name"), "'name' is empty, too long or holds control characters");
    text(root, "description");
    sweep.combine = choice(root, "combine", Combine::product);

    Recipe recipe;
    if (const toml::node* experiment = root.get("experiment")) {
      if (const auto path = text(root, "experiment"))
        read_experiment((document_.file.parent_path() / *path).lexically_normal(), document_.at(*experiment),
                        binder_, recipe, findings_);
    } else {
      findings_.add({document_.source, 0, 0}, "has no 'experiment'; expected the path of an experiment file");
    }
    if (const toml::table* override = table(root, "override"))
      recipe.apply(read_assignments(*override, "", {}, document_, binder_, findings_), findings_);
    sweep.experiment = std::move(recipe.experiment);
    sweep.set_at = std::move(recipe.set_at);
    for (auto& [index, assignment] : recipe.computed) sweep.computed.push_back(std::move(assignment));

    read_seeds(sweep);
    read_blocks(sweep);
    read_rules(sweep);
    return sweep;
  }

 private:
  /// Keys that axes vary, so that conditions may name them by their last word.
  static std::vector<const Field*> axis_fields(const toml::table& root) {
    std::vector<const Field*> fields;
    const auto collect = [&](const toml::table& owner) {
      const toml::array* axes = owner["axis"].as_array();
      for (std::size_t i = 0; axes && i < axes->size(); ++i)
        if (const toml::table* axis = axes->get(i)->as_table())
          if (const Field* field = find_field((*axis)["key"].value_or(std::string())))
            fields.push_back(field);
    };
    collect(root);
    const toml::array* blocks = root["block"].as_array();
    for (std::size_t i = 0; blocks && i < blocks->size(); ++i)
      if (const toml::table* block = blocks->get(i)->as_table()) collect(*block);
    return fields;
  }

  Location place(const toml::table& owner, const char* key) const {
    const toml::node* node = owner.get(key);
    return node ? document_.at(*node) : document_.at(owner);
  }

  void wrong_type(const toml::node& node, const char* key, const char* expected) {
    findings_.add(document_.at(node), fmt::format("'{}' has the wrong type; expected {}", key, expected));
  }

  std::optional<std::string> text(const toml::table& owner, const char* key) {
    const toml::node* node = owner.get(key);
    if (!node) return std::nullopt;
    if (!node->is_string()) return wrong_type(*node, key, "a text"), std::nullopt;
    return node->value<std::string>();
  }

  std::optional<std::int64_t> integer(const toml::table& owner, const char* key, std::int64_t low,
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

  template <typename E>
  E choice(const toml::table& owner, const char* key, E otherwise) {
    const auto name = text(owner, key);
    if (!name) return otherwise;
    try {
      return from_name<E>(*name);
    } catch (const Error& error) {
      findings_.add(place(owner, key), fmt::format("'{}' has an {}", key, error.what()));
      return otherwise;
    }
  }

  const toml::table* table(const toml::table& owner, const char* key) {
    const toml::node* node = owner.get(key);
    if (node && !node->is_table()) wrong_type(*node, key, "a table");
    return node ? node->as_table() : nullptr;
  }

  /// The tables of an array of tables.
  std::vector<const toml::table*> tables(const toml::table& owner, const char* key) {
    std::vector<const toml::table*> found;
    const toml::node* node = owner.get(key);
    if (!node) return found;
    const toml::array* array = node->as_array();
    if (!array) return wrong_type(*node, key, fmt::format("tables, each under [[{}]]", key).c_str()), found;
    for (const toml::node& item : *array) {
      if (const toml::table* entry = item.as_table())
        found.push_back(entry);
      else
        wrong_type(item, key, "a table");
    }
    return found;
  }

  void refuse_unknown(const toml::table& owner, const std::string& kind) {
    const std::vector<std::string> known = sweep_keys_of(kind);
    for (const auto& [key, node] : in_order(owner)) {
      const std::string name(key->str());
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      const std::string place = kind.empty() ? "" : fmt::format(" in [[{}]]", kind);
      const bool of_experiment =
          find_field(name) || std::any_of(field_keys().begin(), field_keys().end(),
                                          [&](auto& k) { return k.starts_with(name + "."); });
      findings_.add(
          document_.at(*key),
          fmt::format("unknown key '{}'{}{}", name, place,
                      of_experiment && kind.empty()
                          ? "; keys of the experiment are set under [override] or varied by an [[axis]]"
                          : suggestion(name, known)));
    }
  }

  std::optional<BoundExpression> condition(const toml::table& owner, const char* key) {
    const auto words = text(owner, key);
    return words ? binder_.bind(*words, place(owner, key), 0, findings_) : std::nullopt;
  }

  void read_seeds(Sweep& sweep) {
    const toml::node* node = document_.root.get("seeds");
    if (!node) {
      sweep.seeds = {0};
    } else if (node->is_integer()) {
      const std::int64_t count = integer(document_.root, "seeds", 1, kMaxSeeds).value_or(1);
      for (std::int64_t seed = 0; seed < count; ++seed)
        sweep.seeds.push_back(static_cast<std::uint64_t>(seed));
    } else if (const toml::array* list = node->as_array(); list && !list->empty()) {
      for (const toml::node& item : *list) {
        const std::int64_t seed = item.value<std::int64_t>().value_or(-1);
        if (!item.is_integer() || seed < 0) {
          findings_.add(document_.at(item), "a seed is an integer of at least 0");
        } else if (std::find(sweep.seeds.begin(), sweep.seeds.end(), seed) != sweep.seeds.end()) {
          findings_.add(document_.at(item), fmt::format("seed {} is listed twice", seed));
        } else {
          sweep.seeds.push_back(static_cast<std::uint64_t>(seed));
        }
      }
    } else {
      wrong_type(*node, "seeds", "an integer (3 means 0, 1, 2) or a list of integers");
    }
  }

  void read_blocks(Sweep& sweep) {
    const toml::table& root = document_.root;
    if (root.contains("block")) {
      for (const char* key : {"axis", "design", "samples", "sampler", "sample_seed"})
        if (root.contains(key))
          findings_.add(place(root, key),
                        fmt::format("'{}' stands beside [[block]]; move it into a block", key));
      for (const toml::table* block : tables(root, "block")) {
        refuse_unknown(*block, "block");
        text(*block, "name");
        sweep.blocks.push_back(read_block(*block));
      }
    } else {
      sweep.blocks.push_back(read_block(root));
    }
    std::set<std::string> names;
    for (const Block& block : sweep.blocks) {
      for (const Axis& axis : block.axes) {
        const bool repeats =
            sweep.combine == Combine::unite;  // The blocks of a union may vary the same axis.
        if (!names.insert(axis.name).second && !repeats)
          findings_.add(axis.where,
                        fmt::format("a second axis named '{}'; expected different names", axis.name));
      }
    }
  }

  Block read_block(const toml::table& owner) {
    Block block;
    block.where = &owner == &document_.root ? Location{document_.source, 1, 1} : document_.at(owner);
    block.design = choice(owner, "design", Design::grid);
    block.sampler = choice(owner, "sampler", Sampler::sobol);
    block.sample_seed = static_cast<std::uint64_t>(integer(owner, "sample_seed", 0, INT64_MAX).value_or(0));
    const auto samples = integer(owner, "samples", 1, kMaxSamples);
    if (block.design == Design::sample) {
      block.samples = samples.value_or(1);
      if (!owner.contains("samples"))
        findings_.add(place(owner, "design"), "a sample design without 'samples'; expected how many points");
    } else {
      for (const char* key : {"samples", "sampler", "sample_seed"})
        if (owner.contains(key))
          findings_.add(place(owner, key), fmt::format("'{}' belongs to design = \"sample\"; this one is {}",
                                                       key, to_name(block.design)));
    }
    for (const toml::table* axis : tables(owner, "axis"))
      block.axes.push_back(read_axis(*axis, block.design));
    if (block.design == Design::zip) {
      for (const Axis& axis : block.axes)
        if (axis.levels.size() != block.axes.front().levels.size())
          findings_.add(
              axis.where,
              fmt::format(
                  "'{}' has {} levels and '{}' has {}; zip takes them in pairs, expected equal numbers",
                  axis.name, axis.levels.size(), block.axes.front().name, block.axes.front().levels.size()));
    }
    return block;
  }

  Axis read_axis(const toml::table& owner, Design design) {
    refuse_unknown(owner, "axis");
    Axis axis;
    axis.where = document_.at(owner);
    const Field* field = nullptr;
    if (const auto key = text(owner, "key")) {
      field = find_field(*key);
      if (!field)
        findings_.add(place(owner, "key"),
                      fmt::format("unknown key '{}'{}", *key, suggestion(*key, field_keys())));
      axis.where = place(owner, "key");
      axis.name = *key;
    }
    if (const auto name = text(owner, "name")) axis.name = *name;
    if (axis.name.empty()) {
      findings_.add(axis.where, "an axis without 'key' or 'name'; expected the key that varies");
      axis.name = "?";
    }
    axis.when = condition(owner, "when");
    if (owner.contains("range")) {
      read_range(owner, design, field, axis);
    } else if (owner.contains("scale")) {
      findings_.add(place(owner, "scale"), "'scale' belongs to 'range'");
    }
    const toml::array* levels = owner["levels"].as_array();
    if (!levels && !axis.range) {
      if (!owner.contains("range"))
        findings_.add(axis.where, fmt::format("axis '{}' has no 'levels'; expected a list", axis.name));
    } else if (levels) {
      if (levels->empty())
        findings_.add(place(owner, "levels"),
                      fmt::format("axis '{}' has no level: the grid would be empty", axis.name));
      for (const toml::node& node : *levels) read_level(node, field, owner.contains("key"), axis);
    }
    return axis;
  }

  void read_range(const toml::table& owner, Design design, const Field* field, Axis& axis) {
    const Location where = place(owner, "range");
    const toml::array* ends = owner["range"].as_array();
    const auto end = [&](std::size_t i) {
      return ends && ends->size() == 2 ? ends->get(i)->value_or(std::nan("")) : std::nan("");
    };
    const SampleRange range{end(0), end(1), choice(owner, "scale", Scale::linear), field};
    if (design != Design::sample)
      findings_.add(where, "'range' belongs to design = \"sample\"; expected 'levels' here");
    else if (owner.contains("levels"))
      findings_.add(where, "'range' and 'levels' exclude one another");
    else if (!(range.low < range.high))
      findings_.add(where,
                    "'range' is wrong; expected [lowest, highest], two different numbers in this order");
    else if (range.scale == Scale::log && !(range.low > 0))
      findings_.add(where, fmt::format("'range' begins at {}; a log scale needs numbers above zero",
                                       shortest(range.low)));
    else if (!owner.contains("key"))
      findings_.add(where, "'range' needs a 'key'");
    else if (field)
      check_range_ends(where, *field, range);
    axis.range = range;
  }

  void check_range_ends(const Location& where, const Field& field, const SampleRange& range) {
    Experiment trial;
    const Value current = get_value(field, trial);
    const bool whole = std::holds_alternative<std::int64_t>(current);
    for (const double end : {range.low, range.high}) {
      try {
        set_value(field, trial, whole ? Value(static_cast<std::int64_t>(end)) : Value(end));
      } catch (const Error& error) {
        findings_.add(where, error.what());
        return;
      }
    }
  }

  void read_level(const toml::node& node, const Field* field, bool has_key, Axis& axis) {
    Level level;
    level.where = document_.at(node);
    if (const toml::table* entry = node.as_table()) {
      level.label = text(*entry, "label").value_or("");
      if (const toml::node* value = entry->get("value")) {
        if (!has_key)
          findings_.add(document_.at(*value), "'value' needs the axis to have a 'key'");
        else if (field)
          add_assignment(*field, *value, level);
      }
      auto others = read_assignments(*entry, "", {"label", "value"}, document_, binder_, findings_);
      std::move(others.begin(), others.end(), std::back_inserter(level.assignments));
    } else if (field) {
      add_assignment(*field, node, level);
    } else if (!has_key) {
      findings_.add(
          level.where,
          fmt::format("axis '{}' has no 'key'; expected levels such as {{ label = \"...\", KEY = VALUE }}",
                      axis.name));
    }
    if (level.label.empty()) level.label = label_of(level);
    for (const Level& other : axis.levels) {
      if (other.label == level.label)
        findings_.add(level.where, fmt::format("axis '{}' has the level '{}' twice", axis.name, level.label));
      else if (same_values(other, level))
        findings_.add(level.where, fmt::format("axis '{}': the level '{}' sets the same values as '{}'",
                                               axis.name, level.label, other.label));
    }
    axis.levels.push_back(std::move(level));
  }

  void add_assignment(const Field& field, const toml::node& node, Level& level) {
    if (auto assignment = read_assignment(field, node, document_, binder_, findings_))
      level.assignments.push_back(std::move(*assignment));
  }

  static bool same_values(const Level& a, const Level& b) {
    if (a.assignments.empty() || a.assignments.size() != b.assignments.size()) return false;
    for (std::size_t i = 0; i < a.assignments.size(); ++i) {
      const Value* left = std::get_if<Value>(&a.assignments[i].value);
      const Value* right = std::get_if<Value>(&b.assignments[i].value);
      if (a.assignments[i].field != b.assignments[i].field || !left || !right || *left != *right)
        return false;
    }
    return true;
  }

  static std::string label_of(const Level& level) {
    std::vector<std::string> parts;
    for (const Assignment& assignment : level.assignments) {
      const auto* computed = std::get_if<BoundExpression>(&assignment.value);
      const std::string value =
          computed ? computed->expression.text() : to_text(std::get<Value>(assignment.value));
      parts.push_back(level.assignments.size() == 1 ? value : assignment.field->leaf() + "=" + value);
    }
    return join(parts, ", ");
  }

  void read_rules(Sweep& sweep) {
    for (const toml::table* rule : tables(document_.root, "exclude")) {
      refuse_unknown(*rule, "exclude");
      const auto name = text(*rule, "name");
      if (!rule->contains("when"))
        findings_.add(document_.at(*rule), "an [[exclude]] without 'when'; expected a condition");
      if (auto when = condition(*rule, "when"))
        sweep.excludes.push_back({name.value_or(when->expression.text()), std::move(*when)});
    }
    for (const toml::table* cell : tables(document_.root, "include")) {
      IncludeCell include;
      include.where = document_.at(*cell);
      include.label = text(*cell, "label").value_or("");
      include.assignments = read_assignments(*cell, "", {"label"}, document_, binder_, findings_);
      sweep.includes.push_back(std::move(include));
    }
  }

  const TomlDocument& document_;
  Findings& findings_;
  NameBinder binder_;
};

Sweep read_experiment_alone(const TomlDocument& document, Findings& findings) {
  Recipe recipe;
  read_experiment(document.file, std::nullopt, NameBinder(), recipe, findings);
  Sweep sweep;
  sweep.name = document.file.stem().string();
  sweep.file = document.file;
  sweep.where = {document.source, 1, 1};
  sweep.experiment = std::move(recipe.experiment);
  sweep.set_at = std::move(recipe.set_at);
  for (auto& [index, assignment] : recipe.computed) sweep.computed.push_back(std::move(assignment));
  sweep.seeds = {0};
  sweep.blocks.emplace_back();  // No axes: one cell.
  return sweep;
}

Sweep load_toml(const std::filesystem::path& file, bool may_be_experiment) {
  Findings findings;
  const auto document =
      read_document(std::filesystem::absolute(file).lexically_normal(), findings, std::nullopt);
  findings.raise();
  Sweep sweep = may_be_experiment && !document->root.contains("experiment")
                    ? read_experiment_alone(*document, findings)
                    : SweepReader(*document, findings).read();
  findings.raise();
  sweep.sources = std::make_shared<const Sources>(std::move(findings.sources));
  return sweep;
}

}  // namespace

Sweep load_sweep(const std::filesystem::path& file) { return load_toml(file, false); }

Sweep load_sweep_or_experiment(const std::filesystem::path& file) { return load_toml(file, true); }

}  // namespace ablate
