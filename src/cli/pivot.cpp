#include "cli/pivot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "config/names.hpp"

namespace ablate {

namespace {

constexpr const char* kNoLevel = "-";

std::string level_of(const RunRecord& run, const std::string& axis) {
  const auto found = run.levels.find(axis);
  return found == run.levels.end() ? kNoLevel : found->second;
}

/// Where a level stands in its axis; levels that are not in it come last.
std::size_t place_of(const std::vector<PlanAxis>& axes, const std::string& axis, const std::string& level) {
  for (const PlanAxis& entry : axes)
    if (entry.name == axis)
      return static_cast<std::size_t>(std::find(entry.levels.begin(), entry.levels.end(), level) -
                                      entry.levels.begin());
  return 0;
}

/// The later, the worse: as in the view `runs`.
int badness(JobState state) {
  switch (state) {
    case JobState::finished:
      return 0;
    case JobState::waiting:
      return 1;
    case JobState::running:
      return 2;
    case JobState::cancelled:
      return 3;
    case JobState::failed:
      return 4;
  }
  return 0;
}

/// A run's value, when it counts.
std::optional<double> value_of(const RunRecord& run, const std::string& name) {
  if (is_metric(name) && run.state != JobState::finished) return std::nullopt;
  const auto found = run.values.find(name);
  if (found == run.values.end()) return std::nullopt;
  return found->second;
}

void count_missing(PivotCell& cell, const RunRecord& run, bool not_finite) {
  if (not_finite) {
    ++cell.not_finite;
    return;
  }
  switch (run.state) {
    case JobState::failed:
      ++cell.failed;
      break;
    case JobState::cancelled:
      ++cell.cancelled;
      break;
    case JobState::running:
      ++cell.running;
      break;
    case JobState::waiting:
      ++cell.waiting;
      break;
    case JobState::finished:
      ++cell.absent;
      break;
  }
}

PivotCell summarize_group(const std::map<std::uint64_t, std::vector<const RunRecord*>>& by_seed,
                          const std::string& name) {
  PivotCell cell;
  cell.planned = static_cast<std::int64_t>(by_seed.size());
  std::vector<double> seeds;
  for (const auto& [seed, runs] : by_seed) {
    double sum = 0;
    const RunRecord* worst = nullptr;
    bool not_finite = false;
    for (const RunRecord* run : runs) {
      const auto found = value_of(*run, name);
      if (found && std::isfinite(*found)) {
        sum += *found;
        continue;
      }
      if (!worst || badness(run->state) > badness(worst->state)) worst = run;
      not_finite = not_finite || found.has_value();
    }
    if (worst)
      count_missing(cell, *worst, not_finite);
    else
      seeds.push_back(sum / static_cast<double>(runs.size()));
  }
  cell.summary = summarize(seeds);
  return cell;
}

}  // namespace

bool is_metric(const std::string& value) {
  for (const Named<Stage>& stage : names_of<Stage>())
    if (value.starts_with(std::string(stage.name) + "/")) return true;
  return false;
}

std::vector<std::string> varying_axes(const std::vector<RunRecord>& runs, const std::vector<PlanAxis>& axes) {
  std::vector<std::string> varying;
  for (const PlanAxis& axis : axes) {
    std::set<std::string> levels;
    for (const RunRecord& run : runs)
      if (run.label.empty()) levels.insert(level_of(run, axis.name));
    if (levels.size() > 1) varying.push_back(axis.name);
  }
  return varying;
}

namespace {

/// The run without a label whose cell comes first; null when there is none.
const RunRecord* find_baseline(const std::vector<RunRecord>& runs) {
  const RunRecord* first = nullptr;
  for (const RunRecord& run : runs)
    if (run.label.empty() && (!first || run.cell < first->cell)) first = &run;
  return first;
}

/// "tokens = 4" for each axis on which the run differs; one that does not apply to it does not.
std::vector<std::string> changes_of(const RunRecord& run, const RunRecord& baseline,
                                    const std::vector<PlanAxis>& axes) {
  std::vector<std::string> changes;
  for (const PlanAxis& axis : axes) {
    const std::string level = level_of(run, axis.name);
    if (level != kNoLevel && level != level_of(baseline, axis.name))
      changes.push_back(axis.name + " = " + level);
  }
  return changes;
}

}  // namespace

bool changes_one_at_a_time(const std::vector<RunRecord>& runs, const std::vector<PlanAxis>& axes) {
  const RunRecord* baseline = find_baseline(runs);
  return baseline && varying_axes(runs, axes).size() > 2 &&
         std::all_of(runs.begin(), runs.end(), [&](const RunRecord& run) {
           return !run.label.empty() || changes_of(run, *baseline, axes).size() < 2;
         });
}

void name_changes(std::vector<RunRecord>& runs, std::vector<PlanAxis>& axes) {
  const RunRecord baseline = *find_baseline(runs);
  std::vector<std::pair<std::int64_t, std::string>> levels;  // With their cells.
  for (RunRecord& run : runs) {
    std::string change = run.label;
    if (change.empty()) {
      const std::vector<std::string> changes = changes_of(run, baseline, axes);
      change = changes.empty() ? "(baseline)" : changes.front();
    }
    levels.emplace_back(run.cell, change);
    run.label.clear();
    run.levels = {{kChangeAxis, std::move(change)}};
  }
  std::sort(levels.begin(), levels.end());
  PlanAxis axis{kChangeAxis, {}};
  for (const auto& [cell, level] : levels)
    if (std::find(axis.levels.begin(), axis.levels.end(), level) == axis.levels.end())
      axis.levels.push_back(level);
  axes = {axis};
}

Pivot make_pivot(const std::vector<RunRecord>& runs, const std::vector<PlanAxis>& axes,
                 const std::vector<std::string>& by, const std::vector<std::string>& values) {
  using Key = std::tuple<std::string, std::vector<std::size_t>, std::vector<std::string>>;  // Sorts by place.
  std::map<Key, std::vector<const RunRecord*>> groups;
  Pivot pivot;
  for (const RunRecord& run : runs) {
    std::vector<std::size_t> places;
    std::vector<std::string> levels;
    for (const std::string& axis : by) {
      levels.push_back(level_of(run, axis));
      places.push_back(place_of(axes, axis, levels.back()));
    }
    groups[Key(run.label, places, levels)].push_back(&run);
    pivot.has_labels = pivot.has_labels || !run.label.empty();
  }
  for (const std::string& axis : varying_axes(runs, axes)) {
    if (std::find(by.begin(), by.end(), axis) != by.end()) continue;
    std::set<std::string> levels;
    for (const RunRecord& run : runs) levels.insert(level_of(run, axis));
    pivot.averaged.push_back(fmt::format("{} ({} levels)", axis, levels.size()));
  }
  for (const auto& [key, members] : groups) {
    PivotGroup& group = pivot.groups.emplace_back();
    group.label = std::get<0>(key);
    group.levels = std::get<2>(key);
    std::map<std::uint64_t, std::vector<const RunRecord*>> by_seed;
    std::set<std::int64_t> cells;
    for (const RunRecord* run : members) {
      by_seed[run->seed].push_back(run);
      cells.insert(run->cell);
      if (badness(run->state) > badness(group.state)) group.state = run->state;
    }
    group.cells = static_cast<std::int64_t>(cells.size());
    for (const std::string& name : values) group.values.push_back(summarize_group(by_seed, name));
  }
  return pivot;
}

}  // namespace ablate
