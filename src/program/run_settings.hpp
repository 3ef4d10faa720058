// What runs of a search differ in besides what the law is about: such runs are different experiments.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "config/experiment.hpp"
#include "law/runs.hpp"
#include "util/json.hpp"

namespace ablate {

/// The settings of one run as text, by key: "train.llm.beta2" -> "0.95".
using Settings = std::map<std::string, std::string>;

/// Adds the keys of a resolved configuration that are not there yet. `sources`: where the content of a hash
/// lies.
void add_settings(const Json& config, const std::map<std::string, std::filesystem::path>& sources,
                  Settings& settings);

/// KEY=VALUE: a choice among experiments.
struct SettingChoice {
  std::string key, value;
  /// Of a path its last part is enough, of a list one element.
  bool holds(const std::string& text) const;
};
/// Throws Error for what is not KEY=VALUE.
std::vector<SettingChoice> parse_choices(const std::vector<std::string>& words);
/// The settings of a cell that matter to a stage.
Settings settings_of(const Experiment& experiment, Stage stage);
/// Whether a cell has all of the values.
bool holds(std::span<const SettingChoice> choices, const Experiment& experiment);

/// A run of a search with what else was set.
struct SettledRun {
  LawRun run;
  Settings settings;
};

/// What differs, and between what.
struct SettingDifferences {
  /// Keys that have several values at one size, token count and batch, with the values: "beta2 (0.5, 0.99)".
  /// A key that follows the rate is none of them: it is known to be computed from it, or has another value at
  /// every rate.
  std::vector<std::string> within;
  /// Those keys.
  std::vector<std::string> with_rate;
  /// Keys that differ between these alone, without those of models, which go with the size, and the warm-up.
  std::vector<std::string> between;
};
/// `stage`: whose rates are searched. Its rate, batch, steps, weight decay and schedule do not count: the law
/// is about them, or has findings about them. `computed`: keys that are known to be computed from the rate.
SettingDifferences find_differences(std::span<const SettledRun> runs, Stage stage,
                                    const std::set<std::string>& computed = {});
/// Throws Error where runs differ within a size, token count and batch.
void require_one_experiment(const std::string& name, const SettingDifferences& differences);

/// " --where a=b", for each, as it goes on a command line.
std::string words_of(std::span<const SettingChoice> choices);

}  // namespace ablate
