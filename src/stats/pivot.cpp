#include "stats/pivot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <tuple>

#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

template <>
std::span<const Named<Over>> names_of<Over>() {
  using enum Over;
  static constexpr Named<Over> kTable[] = {{"common", common}, {"own", own}};
  return kTable;
}

namespace {

RunLevel level_of(const RunRecord& run, const std::string& axis) {
  const auto found = run.levels.find(axis);
  return found == run.levels.end() ? RunLevel() : found->second;
}

}  // namespace

std::vector<std::string> varying_axes(const std::vector<RunRecord>& runs, const std::vector<PlanAxis>& axes) {
  std::vector<std::string> varying;
  for (const PlanAxis& axis : axes) {
    std::set<RunLevel> levels;
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

/// "tokens = 4" for each axis on which the run differs.
std::vector<std::string> changes_of(const RunRecord& run, const RunRecord& baseline,
                                    const std::vector<PlanAxis>& axes) {
  std::vector<std::string> changes;
  for (const PlanAxis& axis : axes) {
    const RunLevel level = level_of(run, axis.name);
    if (level != level_of(baseline, axis.name)) changes.push_back(axis.name + " = " + level_text(level));
  }
  return changes;
}

}  // namespace

bool changes_one_at_a_time(const std::vector<RunRecord>& runs, const std::vector<PlanAxis>& axes) {
  const RunRecord* baseline = find_baseline(runs);
  const std::vector<std::string> varying = varying_axes(runs, axes);
  std::map<std::string, std::int64_t> cells;  // Of each change.
  return varying.size() > 2 && std::all_of(runs.begin(), runs.end(), [&](const RunRecord& run) {
           if (!run.label.empty()) return true;
           const auto applies = [&](const std::string& axis) { return level_of(run, axis).has_value(); };
           const std::vector<std::string> changes = changes_of(run, *baseline, axes);
           return std::all_of(varying.begin(), varying.end(), applies) && changes.size() < 2 &&
                  cells.emplace(join(changes, ""), run.cell).first->second == run.cell;
         });
}

void name_changes(std::vector<RunRecord>& runs, std::vector<PlanAxis>& axes) {
  const RunRecord baseline = *find_baseline(runs);
  std::map<std::int64_t, std::string> names;  // Of each cell.
  std::set<std::string> taken;
  const auto add = [&](const RunRecord& run, std::string name) {
    if (names.count(run.cell) > 0) return;
    while (!taken.insert(name).second) name += fmt::format(" (cell {})", run.cell);
    names.emplace(run.cell, std::move(name));
  };
  for (const RunRecord& run : runs) {
    if (!run.label.empty()) continue;
    const std::vector<std::string> changes = changes_of(run, baseline, axes);
    add(run, changes.empty() ? "(baseline)" : changes.front());
  }
  for (const RunRecord& run : runs)
    if (!run.label.empty()) add(run, run.label);
  PlanAxis axis{kChangeAxis, {}};
  std::map<std::int64_t, AxisLevel> level_of_cell;
  for (const auto& [cell, name] : names) {
    level_of_cell.emplace(cell, AxisLevel{axis.levels.size(), name});
    axis.levels.push_back(name);
  }
  axes = {axis};
  for (RunRecord& run : runs) {
    run.label.clear();
    run.levels = {{kChangeAxis, level_of_cell.at(run.cell)}};
  }
}

namespace {

/// A group with its runs.
struct Member {
  PivotGroup group;
  RowRuns runs;
};

/// "tokens = 144, mix = a"
std::string describe(const std::vector<std::string>& axes, const std::vector<RunLevel>& levels) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < axes.size(); ++i) words.push_back(axes[i] + " = " + level_text(levels[i]));
  return join(words, ", ");
}

/// Finds the group's worst state, and how many of its seeds are in it.
void count_states(Member& member) {
  std::map<std::uint64_t, JobState> worst;
  for (const auto& [setting, runs] : member.runs.by_setting())
    for (const auto& [seed, run] : runs) {
      JobState& state = worst.try_emplace(seed, JobState::finished).first->second;
      if (badness(run->state) > badness(state)) state = run->state;
    }
  PivotGroup& group = member.group;
  for (const auto& [seed, state] : worst)
    if (badness(state) > badness(group.state)) group.state = state;
  group.seeds = static_cast<std::int64_t>(worst.size());
  group.seeds_in_state = std::count_if(worst.begin(), worst.end(),
                                       [&](const auto& entry) { return entry.second == group.state; });
}

/// The cell's number for one with a label, else -1; and the levels of the axes asked for.
using Key = std::pair<std::int64_t, std::vector<RunLevel>>;

std::vector<Member> group_runs(const std::vector<RunRecord>& runs, const std::vector<std::string>& by,
                               const std::vector<std::string>& others) {
  // Cells with a label come last, each on its own; others in the order of their levels, those to which an
  // axis does not apply after the others.
  struct LastWithout {
    bool operator()(const RunLevel& a, const RunLevel& b) const { return a && (!b || *a < *b); }
  };
  struct Before {
    bool operator()(const Key& a, const Key& b) const {
      if (a.first != b.first) return a.first < b.first;
      return std::lexicographical_compare(a.second.begin(), a.second.end(), b.second.begin(), b.second.end(),
                                          LastWithout());
    }
  };
  std::map<Key, Member, Before> members;
  for (const RunRecord& run : runs) {
    std::vector<RunLevel> levels;
    for (const std::string& axis : by) levels.push_back(level_of(run, axis));
    Setting setting;
    for (const std::string& axis : others) setting.push_back(level_of(run, axis));
    const std::int64_t own_cell = run.label.empty() ? -1 : run.cell;
    Member& member = members[Key(own_cell, std::move(levels))];
    member.group.label = run.label;
    member.runs.add(setting, run);
  }
  std::vector<Member> sorted;
  for (auto& [key, member] : members) {
    std::tie(member.group.cell, member.group.levels) = key;
    member.group.cells = static_cast<std::int64_t>(member.runs.by_setting().size());
    count_states(member);
    sorted.push_back(std::move(member));
  }
  return sorted;
}

void count_missing(PivotCell& cell, const RunRecord& run, const std::string& value) {
  if (value_of(run, value)) {
    ++cell.not_finite;
    return;
  }
  switch (run.state_of(value)) {
    case JobState::failed:
      ++cell.failed;
      break;
    case JobState::cancelled:
      ++cell.cancelled;
      break;
    case JobState::stopped_early:
      ++cell.stopped_early;
      break;
    case JobState::running:
      ++cell.running;
      break;
    case JobState::queued:
    case JobState::waiting:
      ++cell.waiting;
      break;
    case JobState::finished:
      ++cell.absent;
      break;
  }
}

/// Counts each seed that is not in the mean under the worst of its runs without a number: of those that the
/// selection asks for, where there is one.
void count_all_missing(PivotCell& cell, const RowRuns& row, const Selection& selection,
                       const std::string& value) {
  std::set<const RowRuns::BySeed*> selected;
  for (const Setting& setting : selection.settings) selected.insert(row.find(setting));
  std::map<std::uint64_t, const RunRecord*> worst;  // Null: all runs have a number.
  for (const auto& [setting, runs] : row.by_setting())
    for (const auto& [seed, run] : runs) {
      const RunRecord*& entry = worst.try_emplace(seed, nullptr).first->second;
      if (!selected.empty() && selected.count(&runs) == 0) continue;
      if (has_number(*run, value)) continue;
      if (!entry || badness(run->state_of(value)) > badness(entry->state_of(value))) entry = run;
    }
  cell.planned = static_cast<std::int64_t>(worst.size());
  for (const auto& [seed, run] : worst)
    if (run && !std::binary_search(cell.seeds.begin(), cell.seeds.end(), seed))
      count_missing(cell, *run, value);
}

/// One row's mean over a selection that it has; an empty one: nothing but why there is none.
PivotCell summarize_row(const RowRuns& row, const Selection& selection, const std::string& value) {
  PivotCell cell;
  std::vector<double> means;
  std::set<std::int64_t> cells;
  double errors = 0, terms = 0;
  if (!selection.empty()) cell.seeds = selection.seeds;
  for (const std::uint64_t seed : cell.seeds) {
    double sum = 0;
    for (const Setting& setting : selection.settings) {
      const RunRecord& run = *row.find(setting)->at(seed);
      sum += run.values.at(value);
      cells.insert(run.cell);
      const auto examples = run.examples.find(value);
      const ExampleError error = examples == run.examples.end() ? ExampleError{} : examples->second;
      cell.examples.n = terms == 0 ? error.n : std::min(cell.examples.n, error.n);
      cell.most_examples = std::max(cell.most_examples, error.n);
      cell.of_runs.push_back(error);
      errors += error.standard_error;
      ++terms;
    }
    means.push_back(sum / static_cast<double>(selection.settings.size()));
  }
  cell.summary = summarize(means);
  cell.cells.assign(cells.begin(), cells.end());
  if (terms > 0) cell.examples.standard_error = errors / terms;
  count_all_missing(cell, row, selection, value);
  return cell;
}

/// What messages call a row.
std::string name_of(const Pivot& pivot, const PivotGroup& group) {
  if (!group.label.empty()) return group.label;
  return pivot.by == std::vector<std::string>{kChangeAxis} ? level_text(group.levels.front())
                                                           : describe(pivot.by, group.levels);
}

/// The rows of a table that are held against one another, as far as they have a number.
struct Comparison {
  std::vector<const Member*> members;
  std::vector<const RowRuns*> rows;
  void add(const Member& member) {
    members.push_back(&member);
    rows.push_back(&member.runs);
  }
  std::string name(const Pivot& pivot, std::size_t row) const { return name_of(pivot, members[row]->group); }
};

[[noreturn]] void refuse(const Pivot& pivot, const Comparison& comparison, const std::string& value) {
  constexpr std::size_t kShown = 3;
  std::string message = fmt::format(
      "the rows of '{}' have no cell under one seed in common: a difference of their means would not be due "
      "to {} "
      "alone",
      value, join(pivot.by, " and "));
  for (std::size_t i = 0; i < std::min(kShown, comparison.rows.size()); ++i) {
    const Selection own = choose_common({&comparison.rows[i], 1}, value);
    std::vector<std::string> has;
    for (const Setting& setting : own.settings)
      if (has.size() < kShown) has.push_back(describe(pivot.averaged, setting));
    if (own.settings.size() > has.size())
      has.push_back(fmt::format("{} more", own.settings.size() - has.size()));
    message += fmt::format("\n  {} has {} (seeds {})", comparison.name(pivot, i), join(has, "; "),
                           fmt::join(own.seeds, ", "));
  }
  if (comparison.rows.size() > kShown)
    message += fmt::format("\n  ({} rows more)", comparison.rows.size() - kShown);
  if (const auto odd = find_odd_row(comparison.rows, value))
    message += fmt::format("\n  all rows but {} have something in common", comparison.name(pivot, *odd));
  std::vector<std::string> all = pivot.by;
  all.insert(all.end(), pivot.averaged.begin(), pivot.averaged.end());
  throw Error(
      fmt::format("{}\nname the axes that differ, too (all: --rows {}), or take each row over its own "
                  "cells, whatever these are (--over own)",
                  message, join(all, ",")));
}

bool has_all_levels(const std::vector<RunLevel>& levels) {
  return std::find(levels.begin(), levels.end(), std::nullopt) == levels.end();
}

/// Whether all axes apply to a row, and to some of what is averaged in it.
bool all_axes_apply(const Member& member) {
  const auto& settings = member.runs.by_setting();
  return has_all_levels(member.group.levels) &&
         std::any_of(settings.begin(), settings.end(),
                     [](const auto& entry) { return has_all_levels(entry.first); });
}

/// What the compared rows have in common. Where that is nothing, rows to which an axis does not apply are
/// taken out: they differ from the others by more than the axes of the table.
Selection find_common(const Pivot& pivot, Comparison& comparison, const std::string& value,
                      PivotMeans& means) {
  Selection common = choose_common(comparison.rows, value);
  if (!common.empty() || pivot.averaged.empty()) return common;
  Comparison applies;
  for (const Member* member : comparison.members)
    if (all_axes_apply(*member)) applies.add(*member);
  if (applies.rows.size() > 1) common = choose_common(applies.rows, value);
  if (common.empty()) refuse(pivot, comparison, value);
  means.some_apart = true;
  comparison = std::move(applies);
  return common;
}

/// The levels of a setting; beside a single one that is selected, only those on which it differs.
std::string describe_left_out(const Pivot& pivot, const Selection& selection, const Setting& setting) {
  if (selection.settings.size() > 1) return describe(pivot.averaged, setting);
  std::vector<std::string> axes;
  std::vector<RunLevel> levels;
  for (std::size_t i = 0; i < setting.size(); ++i)
    if (setting[i] != selection.settings.front()[i]) {
      axes.push_back(pivot.averaged[i]);
      levels.push_back(setting[i]);
    }
  return describe(axes, levels);
}

/// What the mean of a row over its own cells lacks.
std::vector<PivotLeftOut> left_out_of_row(const Pivot& pivot, const RowRuns& row, const Selection& own,
                                          const std::string& value) {
  std::vector<PivotLeftOut> items;
  const RowRuns* rows[] = {&row};
  for (LeftOut& left : find_left_out(rows, own, value))
    items.push_back(
        {left.setting ? describe_left_out(pivot, own, *left.setting) : fmt::format("seed {}", *left.seed),
         std::move(left.reason)});
  return items;
}

/// Fills in one value of all groups.
void add_value(Pivot& pivot, std::vector<Member>& members, const std::string& value, Over over) {
  PivotMeans& means = pivot.means.emplace_back();
  means.over = over;
  Comparison comparison;
  std::vector<Selection> own;
  for (const Member& member : members) {
    const RowRuns* row = &member.runs;
    own.push_back(choose_common({&row, 1}, value));
    if (over == Over::common && !own.back().empty() && (pivot.averaged.empty() || member.group.label.empty()))
      comparison.add(member);
  }
  if (!comparison.rows.empty()) means.selection = find_common(pivot, comparison, value, means);
  means.nothing_common = !comparison.rows.empty() && means.selection.empty();
  if (!means.selection.empty())
    for (const LeftOut& left : find_left_out(comparison.rows, means.selection, value)) {
      std::string why = fmt::format("{}: {}", comparison.name(pivot, left.row), left.reason);
      if (left.setting)
        means.cells_left_out.push_back(
            {describe_left_out(pivot, means.selection, *left.setting), std::move(why)});
      else
        means.seeds_left_out.push_back({fmt::format("seed {}", *left.seed), std::move(why)});
    }
  const std::set<const RowRuns*> compared(comparison.rows.begin(), comparison.rows.end());
  for (std::size_t i = 0; i < members.size(); ++i) {
    const bool is_common = !means.selection.empty() && compared.count(&members[i].runs) > 0;
    PivotCell& cell = members[i].group.values.emplace_back(
        summarize_row(members[i].runs, is_common ? means.selection : own[i], value));
    cell.over = is_common ? Over::common : Over::own;
    if (!is_common && !own[i].empty() && !pivot.averaged.empty())
      if (auto items = left_out_of_row(pivot, members[i].runs, own[i], value); !items.empty())
        means.rows_left_out.push_back({name_of(pivot, members[i].group), std::move(items)});
    means.some_labelled = means.some_labelled || (!means.selection.empty() && !is_common &&
                                                  !members[i].group.label.empty() && cell.summary.n > 0);
  }
}

}  // namespace

Pivot make_pivot(const std::vector<RunRecord>& runs, const std::vector<PlanAxis>& axes,
                 const std::vector<std::string>& by, const std::vector<std::string>& values,
                 std::optional<Over> over) {
  Pivot pivot{.by = by};
  for (const std::string& axis : varying_axes(runs, axes))
    if (std::find(by.begin(), by.end(), axis) == by.end()) pivot.averaged.push_back(axis);
  std::vector<Member> members = group_runs(runs, by, pivot.averaged);
  for (const std::string& value : values)
    add_value(pivot, members, value, over.value_or(pivot.averaged.empty() ? Over::own : Over::common));
  for (Member& member : members) {
    pivot.has_labels = pivot.has_labels || !member.group.label.empty();
    pivot.groups.push_back(std::move(member.group));
  }
  return pivot;
}

}  // namespace ablate
