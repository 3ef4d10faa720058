#include "config/level_labels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/load_experiment.hpp"
#include "util/text.hpp"

namespace ablate {

std::string label_of(const Level& level) {
  std::vector<std::string> parts;
  for (const Assignment& assignment : level.assignments) {
    const auto* computed = std::get_if<BoundExpression>(&assignment.value);
    const std::string value =
        computed ? computed->expression.text() : to_text(std::get<Value>(assignment.value));
    parts.push_back(level.assignments.size() == 1 ? value : assignment.field->leaf() + "=" + value);
  }
  return join(parts, ", ");
}

std::string seen_name(const std::string& name) { return std::string(trim_unseen(name)); }

bool look_alike(const std::string& a, const std::string& b) { return trim_unseen(a) == trim_unseen(b); }

std::string look_alike_mistake(const std::string& axis, const std::string& label, const std::string& other) {
  return fmt::format(
      "axis '{}': the level '{}' differs from '{}' by white space at its ends alone, which tables do not "
      "show; expected labels that can be told apart: {{ label = \"...\", ... }}",
      axis, label, other);
}

bool sets_key(const Axis& axis, const Field& field) {
  return std::any_of(axis.levels.begin(), axis.levels.end(), [&](const Level& level) {
    return std::any_of(level.assignments.begin(), level.assignments.end(),
                       [&](const Assignment& assignment) { return assignment.field == &field; });
  });
}

void refuse_equal_levels(const Axis& axis, const std::vector<std::size_t>& whole, Findings& findings) {
  std::map<std::size_t, std::vector<std::size_t>> repeats;  // By the first level of that label.
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const Level& level = axis.levels[whole[i]];
    const auto earlier =
        std::find_if(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(i), [&](std::size_t other) {
          return look_alike(axis.levels[other].label, level.label) ||
                 (!level.assignments.empty() &&
                  set_the_same(axis.levels[other].assignments, level.assignments));
        });
    if (earlier == whole.begin() + static_cast<std::ptrdiff_t>(i)) continue;
    const Level& first = axis.levels[*earlier];
    if (first.label == level.label)
      repeats[*earlier].push_back(whole[i]);
    else if (look_alike(first.label, level.label))
      findings.add(level.where, look_alike_mistake(axis.name, level.label, first.label));
    else
      findings.add(level.where, fmt::format("axis '{}': the level '{}' sets the same values as '{}'",
                                            axis.name, level.label, first.label));
  }
  for (const auto& [first, others] : repeats) {
    const std::string times = others.size() == 1 ? "twice" : fmt::format("{} times", others.size() + 1);
    findings.add(axis.levels[others.front()].where,
                 fmt::format("axis '{}' has the level '{}' {}", axis.name, axis.levels[first].label, times));
  }
  std::map<std::string, std::size_t> says;  // The first level that sets what the text says.
  for (const std::size_t i : whole) says.try_emplace(seen_name(label_of(axis.levels[i])), i);
  for (const std::size_t i : whole) {
    const Level& level = axis.levels[i];
    const auto found = says.find(seen_name(level.label));
    if (found == says.end()) continue;
    const Level& of = axis.levels[found->second];
    if (look_alike(level.label, of.label) || set_the_same(level.assignments, of.assignments)) continue;
    findings.add(level.where, fmt::format("axis '{}': the label '{}' is what the level '{}' sets; expected a "
                                          "label that is no other level's value",
                                          axis.name, level.label, of.label));
  }
}

}  // namespace ablate
