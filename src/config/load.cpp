// A sweep file, table by table.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "config/level_labels.hpp"
#include "config/load_claims.hpp"
#include "config/load_experiment.hpp"
#include "config/names.hpp"
#include "config/sweep.hpp"
#include "config/sweep_tables.hpp"
#include "util/file.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::int64_t kMaxSeeds = 10000;
constexpr std::int64_t kMaxSamples = 1000000;
constexpr const char* kNameless = "?";  ///< The name of an axis that has none, which is a mistake.

class SweepReader : SweepTables {
 public:
  SweepReader(const TomlDocument& document, Findings& findings)
      : SweepTables(document, findings), binder_(axis_fields(document.root)) {}

  Sweep read() {
    const toml::table& root = document_.root;
    Sweep sweep;
    if (is_experiment()) {
      findings_.add({document_.source, 0, 0},
                    "is an experiment; expected a sweep, which names one: experiment = \"...\"");
      return sweep;
    }
    refuse_unknown(root, "");
    sweep.file = document_.file;
    sweep.where = {document_.source, 1, 1};
    sweep.name = text(root, "name").value_or(document_.file.stem().string());
    if (sweep.name.empty() || sweep.name.size() > 200 || printable(sweep.name, kWhole) != sweep.name)
      findings_.add(place(root, "name"), "'name' is empty, too long or holds control characters");
    text(root, "description");
    const auto combine = choice(root, "", "combine", Combine::product);
    sweep.combine = combine.value_or(Combine::product);

    Recipe recipe;
    if (const toml::node* experiment = root.get("experiment")) {
      if (const auto path = text(root, "experiment")) {
        sweep.experiment_file = resolve_path(document_.file.parent_path(), *path);
        read_experiment(sweep.experiment_file, document_.at(*experiment), binder_, recipe, findings_);
      }
    } else if (lacks(root, "", "experiment")) {
      findings_.add({document_.source, 0, 0}, "has no 'experiment'; expected the path of an experiment file");
    }
    if (const toml::table* override = table(root, "override")) {
      const auto assignments = read_assignments(*override, "", {}, document_, binder_, findings_);
      refuse_set_twice(assignments, findings_);
      recipe.apply(assignments, findings_);
    }
    recipe.move_to(sweep);

    read_seeds(sweep);
    read_blocks(sweep);
    if (combine) check_equal_names(sweep);
    read_rules(sweep);
    sweep.claims = read_claims(document_, findings_);
    return sweep;
  }

 private:
  /// Keys that axes vary, so that conditions may name them by their last word: misspelt ones, too, or
  /// conditions would seem to be wrong as well.
  static std::vector<const Field*> axis_fields(const toml::table& root) {
    std::vector<const Field*> fields;
    const auto collect = [&](const toml::table& owner) {
      const toml::array* axes = owner["axis"].as_array();
      for (std::size_t i = 0; axes && i < axes->size(); ++i)
        if (const toml::table* axis = axes->get(i)->as_table()) {
          const auto key = (*axis)["key"].value_or(std::string());
          if (const Field* field = find_field(nearest(key, field_keys()).value_or(key)))
            fields.push_back(field);
        }
    };
    collect(root);
    const toml::array* blocks = root["block"].as_array();
    for (std::size_t i = 0; blocks && i < blocks->size(); ++i)
      if (const toml::table* block = blocks->get(i)->as_table()) collect(*block);
    return fields;
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
      std::set<std::int64_t> repeated;
      for (const toml::node& item : *list) {
        const std::int64_t seed = item.value<std::int64_t>().value_or(-1);
        if (!item.is_integer() || seed < 0) {
          findings_.add(document_.at(item), "a seed is an integer of at least 0");
        } else if (std::find(sweep.seeds.begin(), sweep.seeds.end(), seed) != sweep.seeds.end()) {
          if (repeated.insert(seed).second)
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
  }

  /// Axes of one name: none within a block and within a product of blocks. The blocks of a union share them.
  void check_equal_names(const Sweep& sweep) {
    std::map<std::string, std::pair<std::size_t, const Axis*>>
        first;  // By name, with the number of the block.
    for (std::size_t b = 0; b < sweep.blocks.size(); ++b) {
      for (const Axis& axis : sweep.blocks[b].axes) {
        if (axis.name == kNameless) continue;
        const auto [other, is_new] = first.try_emplace(seen_name(axis.name), b, &axis);
        if (is_new) continue;
        if (const Axis& named = *other->second.second; named.name != axis.name)
          findings_.add(
              axis.where,
              fmt::format("the axis name '{}' differs from that in line {} by white space at its ends "
                          "alone; expected the same name, or another",
                          axis.name, named.where.line));
        else if (sweep.combine == Combine::unite && other->second.first != b)
          check_shared(*other->second.second, axis);
        else
          findings_.add(
              axis.where,
              fmt::format("a second axis named '{}', as in line {}; expected one axis for a key, or axes of "
                          "different names whose 'when' exclude one another",
                          axis.name, other->second.second->where.line));
      }
    }
  }

  void check_shared(const Axis& first, const Axis& axis) {
    const auto condition_of = [](const Axis& of) { return of.when ? of.when->expression.text() : ""; };
    if (condition_of(first) != condition_of(axis))
      findings_.add(axis.where,
                    fmt::format("axis '{}' has another 'when' than in line {}; expected the same, or another "
                                "name",
                                axis.name, first.where.line));
    for (const Level& level : axis.levels)
      for (const Level& other : first.levels)
        if (level.label != other.label && look_alike(level.label, other.label))
          findings_.add(level.where, look_alike_mistake(axis.name, level.label, other.label));
        else if (level.label == other.label && !level.assignments.empty() &&
                 !set_the_same(other.assignments, level.assignments))
          findings_.add(level.where,
                        fmt::format("axis '{}': the level '{}' sets other values than in line {}; expected "
                                    "another label, or another name for the axis",
                                    axis.name, level.label, other.where.line));
  }

  Block read_block(const toml::table& owner) {
    const std::string kind = &owner == &document_.root ? "" : "block";
    Block block;
    block.where = kind.empty() ? Location{document_.source, 1, 1} : document_.at(owner);
    // Where the design cannot be told, nothing is said that depends on it.
    const std::optional<Design> design = choice(owner, kind, "design", Design::grid);
    block.design = design.value_or(Design::grid);
    block.sampler = choice(owner, kind, "sampler", Sampler::sobol).value_or(Sampler::sobol);
    block.sample_seed = static_cast<std::uint64_t>(integer(owner, "sample_seed", 0, INT64_MAX).value_or(0));
    block.samples = integer(owner, "samples", 1, kMaxSamples).value_or(1);
    if (design == Design::sample) {
      if (lacks(owner, kind, "samples"))
        findings_.add(place(owner, "design"), "a sample design without 'samples'; expected how many points");
    } else if (design) {
      for (const char* key : {"samples", "sampler", "sample_seed"})
        if (owner.contains(key))
          findings_.add(place(owner, key), fmt::format("'{}' belongs to design = \"sample\"; this one is {}",
                                                       key, to_name(block.design)));
    }
    for (const toml::table* axis : tables(owner, "axis")) block.axes.push_back(read_axis(*axis, design));
    if (design == Design::zip) check_zip(block);
    return block;
  }

  void check_zip(const Block& block) {
    const Axis* first = nullptr;
    for (const Axis& axis : block.axes) {
      if (axis.levels.empty()) continue;  // Which is a mistake of its own.
      if (!first) first = &axis;
      if (axis.levels.size() != first->levels.size())
        findings_.add(
            axis.where,
            fmt::format("'{}' has {} levels and '{}' has {}; zip takes them in pairs, expected equal numbers",
                        axis.name, axis.levels.size(), first->name, first->levels.size()));
    }
  }

  Axis read_axis(const toml::table& owner, std::optional<Design> design) {
    refuse_unknown(owner, "axis");
    Axis axis;
    axis.where = document_.at(owner);
    const Field* field = nullptr;
    if (const auto key = text(owner, "key")) {
      field = find_field(*key);
      if (!field) findings_.add(place(owner, "key"), unknown_key(*key));
      axis.where = place(owner, "key");
      axis.name = *key;
    }
    if (const auto name = shown_name(owner, "name")) axis.name = *name;
    if (axis.name.empty()) {
      if (lacks(owner, "axis", "key") && lacks(owner, "axis", "name"))
        findings_.add(axis.where, "an axis without 'key' or 'name'; expected the key that varies");
      axis.name = kNameless;
    }
    axis.when = condition(owner, "when");
    if (owner.contains("range")) {
      read_range(owner, design, field, axis);
    } else if (owner.contains("scale") && lacks(owner, "axis", "range")) {
      findings_.add(place(owner, "scale"), "'scale' belongs to 'range'");
    }
    const toml::array* levels = owner["levels"].as_array();
    if (levels && levels->empty())
      findings_.add(place(owner, "levels"),
                    fmt::format("axis '{}' has no level: the grid would be empty", axis.name));
    else if (levels)
      read_levels(*levels, field, !lacks(owner, "axis", "key"), axis);
    else if (owner.contains("levels"))
      wrong_type(*owner.get("levels"), "levels", "a list");
    else if (lacks(owner, "axis", "levels") && lacks(owner, "axis", "range"))
      findings_.add(axis.where, fmt::format("axis '{}' has no 'levels'; expected a list", axis.name));
    refuse_name_of_other_key(owner, field, axis);
    return axis;
  }

  /// An axis may be called by its key or, where it has none, by one that its levels set.
  void refuse_name_of_other_key(const toml::table& owner, const Field* field, const Axis& axis) {
    const Field* named = find_field(axis.name);
    if (!named || named == field || (owner.contains("key") && !field)) return;
    if (!field && sets_key(axis, *named)) return;
    findings_.add(place(owner, "name"),
                  fmt::format("the axis is named '{}', a key that {}; expected another name{}", axis.name,
                              field ? fmt::format("it does not vary: it varies '{}'", field->key)
                                    : std::string("none of its levels sets"),
                              field ? ", or none" : ""));
  }

  void read_range(const toml::table& owner, std::optional<Design> design, const Field* field, Axis& axis) {
    const Location where = place(owner, "range");
    const toml::array* ends = owner["range"].as_array();
    const auto end = [&](std::size_t i) {
      return ends && ends->size() == 2 ? ends->get(i)->value_or(std::nan("")) : std::nan("");
    };
    const auto scale = choice(owner, "axis", "scale", Scale::linear);
    const SampleRange range{end(0), end(1), scale.value_or(Scale::linear), field};
    if (design && design != Design::sample)
      findings_.add(where, "'range' belongs to design = \"sample\"; expected 'levels' here");
    else if (owner.contains("levels"))
      findings_.add(where, "'range' and 'levels' exclude one another");
    else if (!(range.low < range.high))
      findings_.add(where,
                    "'range' is wrong; expected [lowest, highest], two different numbers in this order");
    else if (range.scale == Scale::log && !(range.low > 0))
      findings_.add(where, fmt::format("'range' begins at {}; a log scale needs numbers above zero",
                                       shortest(range.low)));
    else if (lacks(owner, "axis", "key"))
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

  /// Levels that are wrong in themselves are not compared with others.
  void read_levels(const toml::array& levels, const Field* field, bool has_key, Axis& axis) {
    std::vector<std::size_t> whole;
    for (const toml::node& node : levels) {
      const std::size_t before = findings_.diagnostics.size();
      axis.levels.push_back(read_level(node, field, has_key, axis.name));
      const bool is_right =
          findings_.diagnostics.size() == before && (field || !has_key) && axis.name != kNameless;
      const Level& level = axis.levels.back();
      if (is_right && is_level_label(level.label))
        whole.push_back(axis.levels.size() - 1);
      else if (is_right && level.label.empty() && level.assignments.empty())
        findings_.add(level.where, "a level that sets nothing; expected a key or at least a 'label'");
      else if (is_right)
        findings_.add(level.where, label_mistake(axis.name, level.label, "the level"));
    }
    refuse_equal_levels(axis, whole, findings_);
  }

  Level read_level(const toml::node& node, const Field* field, bool has_key, const std::string& axis) {
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
      refuse_set_twice(level.assignments, findings_);
    } else if (field) {
      add_assignment(*field, node, level);
    } else if (!has_key && axis != kNameless) {
      findings_.add(
          level.where,
          fmt::format("axis '{}' has no 'key'; expected levels such as {{ label = \"...\", KEY = VALUE }}",
                      axis));
    }
    if (level.label.empty()) level.label = label_of(level);
    return level;
  }

  void add_assignment(const Field& field, const toml::node& node, Level& level) {
    if (auto assignment = read_assignment(field, node, document_, binder_, findings_))
      level.assignments.push_back(std::move(*assignment));
  }

  void read_rules(Sweep& sweep) {
    for (const toml::table* rule : tables(document_.root, "exclude")) {
      refuse_unknown(*rule, "exclude");
      const auto name = text(*rule, "name");
      if (lacks(*rule, "exclude", "when"))
        findings_.add(document_.at(*rule), "an [[exclude]] without 'when'; expected a condition");
      if (auto when = condition(*rule, "when"))
        sweep.excludes.push_back({name.value_or(when->expression.text()), std::move(*when)});
    }
    std::map<std::string, Location> labels;
    for (const toml::table* cell : tables(document_.root, "include")) {
      IncludeCell include;
      include.where = document_.at(*cell);
      include.label =
          shown_name(*cell, "label").value_or(fmt::format("include {}", sweep.includes.size() + 1));
      const auto [first, is_new] = labels.try_emplace(seen_name(include.label), place(*cell, "label"));
      if (!is_new)
        findings_.add(place(*cell, "label"),
                      fmt::format("a second [[include]] labelled '{}', as in line {}; expected labels that "
                                  "tell the cells apart",
                                  include.label, first->second.line));
      include.assignments = read_assignments(*cell, "", {"label"}, document_, binder_, findings_);
      refuse_set_twice(include.assignments, findings_);
      sweep.includes.push_back(std::move(include));
    }
  }

  NameBinder binder_;
};

Sweep read_experiment_alone(const TomlDocument& document, Findings& findings) {
  Recipe recipe;
  read_experiment(document.file, std::nullopt, NameBinder(), recipe, findings);
  Sweep sweep;
  sweep.name = document.file.stem().string();
  sweep.file = sweep.experiment_file = document.file;
  sweep.where = {document.source, 1, 1};
  recipe.move_to(sweep);
  sweep.seeds = {0};
  sweep.blocks.emplace_back();  // No axes: one cell.
  return sweep;
}

Sweep load_toml(const std::filesystem::path& file, bool may_be_experiment) {
  Findings findings;
  const auto document =
      read_document(resolve_path(std::filesystem::current_path(), file), findings, std::nullopt);
  findings.raise();
  const bool is_sweep = !may_be_experiment || document->root.contains("experiment");
  Sweep sweep =
      is_sweep ? SweepReader(*document, findings).read() : read_experiment_alone(*document, findings);
  findings.raise();
  sweep.sources = std::make_shared<const Sources>(std::move(findings.sources));
  return sweep;
}

}  // namespace

std::optional<std::string> read_sweep_name(const std::filesystem::path& file) {
  Findings findings;
  const auto document = read_document(real_path(file), findings, std::nullopt);
  if (!document) return std::nullopt;
  return document->root["name"].value<std::string>().value_or(document->file.stem().string());
}

Sweep load_sweep(const std::filesystem::path& file) { return load_toml(file, false); }

Sweep load_sweep_or_experiment(const std::filesystem::path& file) { return load_toml(file, true); }

}  // namespace ablate
