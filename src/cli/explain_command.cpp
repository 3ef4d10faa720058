// `ablate explain`: the keys of experiments and sweeps.
#include <algorithm>

#include "cli/common.hpp"
#include "config/fields.hpp"
#include "config/scenes_file.hpp"
#include "config/sweep_keys.hpp"
#include "report/output.hpp"
#include "report/wrap.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr const char* kSweepSection = "sweep";  ///< What the keys at the top of a sweep file are found under.
constexpr const char* kScenesSection = "scenes";

std::string default_of(const Field& field) {
  static const Experiment kDefaults;
  const std::string text = to_text(get_value(field, kDefaults));
  return text.empty() ? "\"\"" : text;
}

/// A preset changes what the keys that it sets change.
bool changes_result(const Field& field, Stage stage) {
  const std::vector<const Field*>& keys = preset_keys(field);
  return field.stages.has(stage) ||
         std::any_of(keys.begin(), keys.end(), [&](const Field* key) { return key->stages.has(stage); });
}

std::string changes_of(const Field& field) {
  std::vector<std::string> names;
  for (const Named<Stage>& stage : names_of<Stage>())
    if (changes_result(field, stage.value)) names.push_back(stage.name);
  if (!names.empty()) return join(names, ", ");
  return field.section() == "run" ? "no result: it says how to run" : "which jobs there are";
}

std::string full_name(const SweepKey& key) {
  return *key.table ? fmt::format("{}.{}", key.table, key.key) : key.key;
}

std::string full_name(const ScenesKey& key) { return fmt::format("{}.{}", kScenesSection, key.key); }

/// Everything that can be asked for: keys, then sections.
std::vector<std::string> known_topics() {
  std::vector<std::string> names = field_keys();
  const auto add = [&](const std::string& name) {
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const SweepKey& key : sweep_keys()) add(full_name(key));
  for (const Field& field : fields()) {
    add(field.section());
    add(field.section().substr(0, field.section().find('.')));
  }
  for (const SweepKey& key : sweep_keys()) add(key.table);
  add(kSweepSection);
  for (const ScenesKey& key : scenes_keys()) add(full_name(key));
  add(kScenesSection);
  return names;
}

std::string entry(const char* name, const std::string& text) {
  return fmt::format("  {:<9}{}\n", name, wrap(text, 11));
}

std::string describe(const Field& field) {
  return fmt::format("{}\n  {}\n\n", field.key, wrap(field.doc, 2)) + entry("type", describe_type(field)) +
         entry("default", default_of(field)) + (field.unit.empty() ? "" : entry("unit", field.unit)) +
         entry("changes", changes_of(field));
}

std::string describe(const SweepKey& key) {
  const std::string place =
      *key.table ? fmt::format(" (in [[{}]] of a sweep file)", key.table) : " (at the top of a sweep file)";
  return fmt::format("{}{}\n  {}\n\n", full_name(key), place, wrap(key.doc, 2)) + entry("type", key.type);
}

std::string describe(const ScenesKey& key) {
  return fmt::format("{} (in [scenes] of a scenes file, which is a data source)\n  {}\n\n", full_name(key),
                     wrap(key.doc, 2)) +
         entry("type", key.type) + entry("default", key.fallback) +
         (key.unit.empty() ? "" : entry("unit", key.unit));
}

/// The keys whose section is `section` or lies in it; all when it is empty.
Table field_list(const std::string& section) {
  Table table;
  table.columns = {{"key"}, {"default"}, {"meaning"}};
  for (const Field& field : fields())
    if (section.empty() || field.section() == section || field.section().starts_with(section + "."))
      table.rows.push_back({{field.key}, {default_of(field)}, {field.doc}});
  return table;
}

Table sweep_key_list(const std::string& section) {
  Table table;
  table.columns = {{"key"}, {"type"}, {"meaning"}};
  for (const SweepKey& key : sweep_keys())
    if (section.empty() || section == key.table || (section == kSweepSection && !*key.table))
      table.rows.push_back({{full_name(key)}, {key.type}, {key.doc}});
  return table;
}

Table scenes_key_list(const std::string& section) {
  Table table;
  table.columns = {{"key"}, {"default"}, {"meaning"}};
  if (section.empty() || section == kScenesSection)
    for (const ScenesKey& key : scenes_keys())
      table.rows.push_back({{full_name(key)}, {key.fallback}, {key.doc}});
  return table;
}

void explain_section(const std::string& section) {
  const Table experiment_keys = field_list(section), keys = sweep_key_list(section),
              scenes = scenes_key_list(section);
  if (section.empty()) write_out("Keys of an experiment, and of [override] and [[axis]] in a sweep\n\n");
  if (!experiment_keys.rows.empty()) print_table(experiment_keys);
  if (section.empty()) write_out("\nKeys of a sweep file\n\n");
  if (!keys.rows.empty()) print_table(keys);
  if (section.empty()) write_out("\nKeys of a scenes file\n\n");
  if (!scenes.rows.empty()) print_table(scenes);
  write_out("\n`ablate explain KEY` tells all about one of them.\n");
}

int run_explain(const Arguments& arguments) {
  if (arguments.flag("--names")) {
    write_out(join(known_topics(), "\n") + "\n");
    return ExitCode::done;
  }
  const std::string topic = arguments.text("KEY");
  if (const Field* field = find_field(topic)) {
    write_out(describe(*field));
    return ExitCode::done;
  }
  for (const SweepKey& key : sweep_keys())
    if (full_name(key) == topic) {
      write_out(describe(key));
      // [[axis]] is a key and a table of keys.
      const Table below = sweep_key_list(topic);
      if (!below.rows.empty()) {
        write_out("\n");
        print_table(below);
      }
      return ExitCode::done;
    }
  for (const ScenesKey& key : scenes_keys())
    if (full_name(key) == topic) {
      write_out(describe(key));
      return ExitCode::done;
    }
  const std::vector<std::string> known = known_topics();
  if (!topic.empty() && std::find(known.begin(), known.end(), topic) == known.end()) {
    const std::string near = suggestion(topic, known);
    throw Error(fmt::format("there is no key '{}'{}", printable(topic),
                            near.empty() ? "; `ablate explain` lists all" : near));
  }
  explain_section(topic);
  return ExitCode::done;
}

}  // namespace

CommandSpec explain_command() {
  return {
      .name = "explain",
      .group = Group::health,
      .summary = "Explains the keys of experiments, sweeps and scenes",
      .description =
          "For a key its type, range, unit, default, and the stages whose results it changes; for a "
          "section, or without a key, a list.",
      .example = "ablate explain connector.tokens",
      .options = {optional_positional("KEY", ValueType::key, "a key, or a section such as train.vlm or axis"),
                  flag("--names", "only the names of keys and sections")},
      .run = run_explain};
}

}  // namespace ablate
