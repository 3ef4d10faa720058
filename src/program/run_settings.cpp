#include "program/run_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include "config/fields.hpp"
#include "config/names.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr const char* kNotSet = "not set";

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return shortest(value.get<double>());
  if (!value.is_array()) return value.dump();
  std::vector<std::string> parts;
  for (const Json& one : value) parts.push_back(text_of(one));
  return parts.empty() ? "none" : join(parts, ", ");
}

std::string value_text(const Field& field, const Experiment& experiment) {
  return text_of(std::visit([](const auto& held) { return Json(held); }, get_value(field, experiment)));
}

std::optional<double> number_of(const std::string& text) {
  std::size_t end = 0;
  try {
    const double value = std::stod(text, &end);
    return end == text.size() ? std::optional(value) : std::nullopt;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

/// "a, b and 3 more"
std::string levels_text(const std::set<std::string>& values) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string> shown(values.begin(), values.end());
  std::stable_sort(shown.begin(), shown.end(), [](const std::string& a, const std::string& b) {
    const auto x = number_of(a), y = number_of(b);
    return x && y ? *x < *y : x.has_value() > y.has_value();
  });
  const std::size_t more = shown.size() > kShown ? shown.size() - kShown : 0;
  shown.resize(shown.size() - more);
  return one_line(join(shown, ", ")) + (more > 0 ? fmt::format(" and {} more", more) : "");
}

/// Whether each rate has one value, and each value one rate where it is not known to be computed.
bool goes_with_rate(const std::map<std::string, std::set<double>>& rates_of, bool computed) {
  constexpr std::size_t kLeast = 3;
  std::set<double> rates;
  std::size_t count = 0;
  for (const auto& [value, own] : rates_of) {
    rates.insert(own.begin(), own.end());
    count += own.size();
  }
  return rates.size() == count && (computed || (rates_of.size() >= kLeast && count == rates_of.size()));
}

}  // namespace

void add_settings(const Json& config, const std::map<std::string, std::filesystem::path>& sources,
                  Settings& settings) {
  for (const auto& [section, keys] : config.items())
    for (const auto& [leaf, value] : keys.items()) {
      const std::string key = section.empty() ? leaf : section + "." + leaf;
      const Field* field = find_field(key);
      Json shown = value;
      const auto name = [&](Json& hash) {
        const auto source = hash.is_string() ? sources.find(hash.get<std::string>()) : sources.end();
        if (source != sources.end()) hash = fmt::format("{} ({:.8})", source->second.string(), source->first);
      };
      if (field != nullptr && field->is_path()) {
        if (shown.is_array())
          for (Json& one : shown) name(one);
        else
          name(shown);
      }
      settings.try_emplace(key, text_of(shown));
    }
}

bool SettingChoice::holds(const std::string& text) const {
  if (text == value) return true;
  if (const auto wanted = number_of(value), found = number_of(text); wanted && found)
    return *wanted == *found;
  for (std::string part : split(text, ',')) {
    part.erase(0, part.find_first_not_of(' '));
    if (const std::size_t hash = part.rfind(" ("); part.ends_with(')') && hash != std::string::npos)
      part.resize(hash);
    if (part == value || std::filesystem::path(part).filename() == value) return true;
  }
  return false;
}

std::vector<SettingChoice> parse_choices(const std::vector<std::string>& words) {
  std::vector<SettingChoice> choices;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == 0 || equals == std::string::npos)
      throw Error(fmt::format("--where is '{}'; expected KEY=VALUE", one_line(word)));
    choices.push_back({word.substr(0, equals), word.substr(equals + 1)});
  }
  return choices;
}

Settings settings_of(const Experiment& experiment, Stage stage) {
  Settings settings;
  for (const Field& field : fields())
    if (field.stages.has(stage) && !field.is_preset() &&
        (field.applies == nullptr || field.applies(experiment, stage)))
      settings[field.key] = value_text(field, experiment);
  return settings;
}

bool holds(std::span<const SettingChoice> choices, const Experiment& experiment) {
  return std::all_of(choices.begin(), choices.end(), [&](const SettingChoice& choice) {
    const Field* field = find_field(choice.key);
    if (field == nullptr)
      throw Error(fmt::format("--where: there is no key '{}'{}", one_line(choice.key),
                              suggestion(choice.key, field_keys())));
    return choice.holds(value_text(*field, experiment));
  });
}

SettingDifferences find_differences(std::span<const SettledRun> runs, Stage stage,
                                    const std::set<std::string>& computed) {
  const std::string train = "train." + to_name(stage) + ".";
  std::set<std::string> keys;
  for (const SettledRun& one : runs)
    for (const auto& [key, value] : one.settings) keys.insert(key);
  for (const char* own : {"peak_lr", "batch", "steps", "weight_decay", "schedule"}) keys.erase(train + own);
  const auto goes_with_size = [&](const std::string& key) {
    return key.starts_with("llm.") || key.starts_with("encoder.") || key.starts_with("connector.") ||
           key == train + "warmup_steps";
  };
  SettingDifferences found;
  for (const std::string& key : keys) {
    std::map<std::tuple<double, double, double>, std::map<std::string, std::set<double>>> scans;
    std::set<std::string> values;
    for (const SettledRun& one : runs) {
      const auto place = one.settings.find(key);
      const std::string value = place == one.settings.end() ? kNotSet : place->second;
      scans[{one.run.params, one.run.tokens, one.run.batch}][value].insert(one.run.lr);
      values.insert(value);
    }
    if (values.size() < 2) continue;
    const bool within = std::any_of(scans.begin(), scans.end(), [&](const auto& scan) {
      return scan.second.size() > 1 && !goes_with_rate(scan.second, computed.contains(key));
    });
    const std::string words = fmt::format("{} ({})", key, levels_text(values));
    const bool with_rate =
        std::any_of(scans.begin(), scans.end(), [](const auto& scan) { return scan.second.size() > 1; });
    if (within)
      found.within.push_back(words);
    else if (with_rate)
      found.with_rate.push_back(words);
    else if (!goes_with_size(key))
      found.between.push_back(words);
  }
  return found;
}

void require_one_experiment(const std::string& name, const SettingDifferences& differences) {
  if (differences.within.empty()) return;
  throw Error(fmt::format(
      "{}: runs of one size, token count and batch differ in more than the rate and the seed: {}; these are "
      "different experiments: --where KEY=VALUE leaves one",
      name, join(differences.within, ", ")));
}

std::string words_of(std::span<const SettingChoice> choices) {
  std::string words;
  for (const SettingChoice& choice : choices)
    words += " --where " + one_line(choice.key + "=" + choice.value);
  return words;
}

}  // namespace ablate
