#include "views/result_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "store/results.hpp"
#include "util/text.hpp"
#include "views/choice_notes.hpp"

namespace ablate {

namespace {

void check_axes(const std::vector<std::string>& names, const SweepRecord& sweep) {
  std::vector<std::string> known;
  for (const PlanAxis& axis : sweep.axes) known.push_back(axis.name);
  for (const std::string& name : names)
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw Error(
          fmt::format("sweep '{}' has no axis '{}'{}", sweep.name, printable(name), suggestion(name, known)));
}

void check_layout(const PivotLayout& layout) {
  std::set<std::string> seen;
  for (const auto& axes : {layout.rows, layout.columns})
    for (const std::string& axis : axes)
      if (!seen.insert(axis).second)
        throw Error(fmt::format("axis '{}' is asked for twice; expected once, in --rows or --columns", axis));
}

/// Scores of one evaluation stand side by side: "caption" of "caption/4-shot".
std::string family_of(const std::string& score) { return score.substr(0, score.find('/')); }

/// "caption (2 failed, 1 blocked)"
std::string unscored_words(const UnscoredEvaluation& evaluation) {
  std::vector<std::string> counts;
  for (const auto& [state, count] : evaluation.jobs) counts.push_back(with_commas(count) + " " + state);
  return fmt::format("{} ({})", evaluation.task, join(counts, ", "));
}

}  // namespace

std::string unscored_note(const std::vector<UnscoredEvaluation>& unscored, const SweepRecord& sweep) {
  if (unscored.empty()) return "";
  std::vector<std::string> words;
  for (const UnscoredEvaluation& evaluation : unscored) words.push_back(unscored_words(evaluation));
  return fmt::format("no score yet of {}; `ablate jobs {} --stage eval` lists the jobs", join(words, ", "),
                     sweep.name);
}

namespace {

/// "loss:min" is known when "loss" is. A name that is not may be that of a score that no job has given yet.
void check_values(const std::vector<std::string>& names, const std::vector<std::string>& known,
                  const std::vector<UnscoredEvaluation>& unscored, const SweepRecord& sweep) {
  for (const std::string& name : names) {
    std::string plain = name;
    for (const char* suffix : {":min", ":max"})
      if (plain.ends_with(suffix)) plain.resize(plain.size() - 4);
    if (std::find(known.begin(), known.end(), plain) != known.end()) continue;
    for (const UnscoredEvaluation& evaluation : unscored)
      if (evaluation.task == family_of(plain))
        throw Error(fmt::format("sweep '{}': {}", sweep.name, unscored_note({evaluation}, sweep)));
    if (known.empty())
      throw Error(fmt::format("sweep '{}' has no values yet; `ablate status {}` shows how far it is",
                              sweep.name, sweep.name));
    const std::string note = unscored_note(unscored, sweep);
    throw Error(fmt::format("sweep '{}' has no value '{}'{}{}{}", sweep.name, printable(name),
                            suggestion(plain, known), note.empty() ? "" : "\n", note));
  }
}

/// Values in groups of one table each: all in one, or one for each family where they are many.
std::vector<std::vector<std::string>> divide_values(const std::vector<std::string>& values, bool chosen) {
  constexpr std::size_t kMostColumns = 6;
  if (chosen || values.size() <= kMostColumns) return {values};
  std::vector<std::vector<std::string>> groups;
  for (const std::string& name : values)
    if (!groups.empty() && family_of(groups.back().back()) == family_of(name))
      groups.back().push_back(name);
    else
      groups.push_back({name});
  return groups;
}

/// One table for all values, or one for each family; notes that are those of the last table stand there
/// alone.
std::vector<Table> wide_tables(const std::vector<RunRecord>& runs, const std::vector<PlanAxis>& axes,
                               const std::vector<std::string>& by, PivotLayout layout,
                               std::optional<Over> over, bool all_in_one) {
  std::vector<Table> tables;
  for (const std::vector<std::string>& group : divide_values(layout.values, all_in_one)) {
    layout.values = group;
    tables.push_back(wide_table(make_pivot(runs, axes, by, group, over), layout));
  }
  for (std::size_t i = 0; i + 1 < tables.size(); ++i)
    if (tables[i].notes == tables.back().notes) tables[i].notes.clear();
  return tables;
}

/// One run for each cell, with the means of its runs: what numbers repeats is no seed, so that no two of them
/// belong together.
std::vector<RunRecord> means_of_cells(const std::vector<RunRecord>& runs) {
  std::vector<RunRecord> cells;
  std::map<std::int64_t, std::size_t> places;
  std::vector<std::map<std::string, std::pair<double, int>>> sums;
  for (const RunRecord& run : runs) {
    const auto [place, is_new] = places.try_emplace(run.cell, cells.size());
    if (is_new) {
      cells.push_back(run);
      cells.back().seed = 1;
      cells.back().examples.clear();
      sums.emplace_back();
    }
    RunRecord& cell = cells[place->second];
    for (const auto& [name, value] : run.values) {
      if (!std::isfinite(value)) continue;
      auto& [sum, count] = sums[place->second][name];
      sum += value;
      ++count;
      cell.values[name] = sum / count;
      cell.states[name] = JobState::finished;
      cell.state = JobState::finished;
      cell.diverged = false;
    }
  }
  return cells;
}

/// What rows of cells that were chosen for their scores are over.
std::string mixture_note(const ResultQuery& query, const std::vector<std::uint64_t>& left_out) {
  if (query.over == Over::own) return "rows of chosen cells are over flattering and fresh seeds alike";
  if (left_out.empty()) return "all cells have the seeds that were added to chosen ones";
  return fmt::format("without {}, which not all cells have; --over own counts {} in", list_seeds(left_out),
                     left_out.size() == 1 ? "it" : "them");
}

/// What is asked for, checked against what the sweep has.
PivotLayout layout_of(const ResultQuery& query, const SweepRecord& sweep,
                      const std::vector<std::string>& known,
                      const std::vector<UnscoredEvaluation>& unscored) {
  PivotLayout layout{
      .rows = query.rows, .columns = query.columns, .values = query.values, .spread = query.spread};
  check_axes(layout.rows, sweep);
  check_axes(layout.columns, sweep);
  check_layout(layout);
  check_values(layout.values, known, unscored, sweep);
  if (layout.values.empty())
    for (const std::string& name : known)
      if (sweep.imported || !is_metric(name)) layout.values.push_back(name);
  if (!query.sort_by) return layout;
  layout.sort_value = find_sort_value(layout.values, *query.sort_by);
  layout.descending = query.descending;
  return layout;
}

}  // namespace

std::size_t find_sort_value(const std::vector<std::string>& values, const std::string& sort_by) {
  const auto at = std::find(values.begin(), values.end(), sort_by);
  if (at == values.end())
    throw Error(fmt::format("--sort is '{}', which is no column of this table{}", sort_by,
                            suggestion(sort_by, values)));
  return static_cast<std::size_t>(at - values.begin());
}

std::vector<std::string> choose_values(Database& database, const SweepRecord& sweep,
                                       const std::vector<std::string>& names) {
  const std::vector<std::string> known = known_values(database, sweep.id);
  check_values(names, known, load_unscored(database, sweep.id), sweep);
  if (!names.empty()) return names;
  std::vector<std::string> scores;
  const std::string cost = sweep.imported ? sweep.imported->cost : "";
  for (const std::string& name : known)
    if ((sweep.imported || !is_metric(name)) && name != cost) scores.push_back(name);
  return scores;
}

std::vector<std::string> require_values(Database& database, const SweepRecord& sweep,
                                        const std::vector<std::string>& names) {
  std::vector<std::string> values = choose_values(database, sweep, names);
  if (values.empty())
    throw Error(fmt::format("no run of sweep '{}' has a score; `ablate status {}` shows what became of them",
                            sweep.name, sweep.name));
  return values;
}

std::vector<Table> result_tables(Database& database, const SweepRecord& sweep, const ResultQuery& query) {
  const std::vector<std::string> known = known_values(database, sweep.id);
  const std::vector<UnscoredEvaluation> unscored = load_unscored(database, sweep.id);
  PivotLayout layout = layout_of(query, sweep, known, unscored);
  std::vector<RunRecord> runs = load_runs(database, sweep.id, layout.values);
  const std::vector<ScoreChoices> choices = load_choices(database, sweep);
  std::vector<std::uint64_t> left_out;
  if (query.over != Over::own) left_out = leave_out_added(runs, load_additions(database, sweep.id));
  std::vector<PlanAxis> axes = sweep.axes;
  std::optional<Over> over = query.over;
  if (layout.rows.empty() && layout.columns.empty() && changes_one_at_a_time(runs, axes)) {
    // Rows are there to be compared with the baseline: under the same seeds, whatever the format.
    if (!over) over = Over::common;
    if (!query.tidy) name_changes(runs, axes);
  }
  if (layout.rows.empty())
    for (const std::string& axis : varying_axes(runs, axes))
      if (std::find(layout.columns.begin(), layout.columns.end(), axis) == layout.columns.end())
        layout.rows.push_back(axis);
  std::vector<std::string> by = layout.rows;
  by.insert(by.end(), layout.columns.begin(), layout.columns.end());

  const std::vector<std::string> varying = varying_axes(runs, axes);
  layout.of_cell_means =
      sweep.has_own_seeds() && std::any_of(varying.begin(), varying.end(), [&](const std::string& axis) {
        return std::find(by.begin(), by.end(), axis) == by.end();
      });
  if (layout.of_cell_means) runs = means_of_cells(runs);

  std::vector<Table> tables;
  if (query.tidy)
    tables.push_back(tidy_table(make_pivot(runs, axes, by, layout.values, over), layout));
  else
    tables = wide_tables(runs, axes, by, layout, over, !query.values.empty() || query.sort_by);
  if (query.values.empty() && !unscored.empty())
    tables.back().notes.push_back(unscored_note(unscored, sweep));
  if (layout.values.empty() && !known.empty())
    tables.back().notes.push_back("no scores yet; --value shows metrics: " + join(known, ", "));
  for (const ScoreChoices& of_score : choices)
    for (std::string& note : choice_notes(of_score)) tables.back().notes.push_back(std::move(note));
  if (!choices.empty()) tables.back().notes.push_back(mixture_note(query, left_out));
  return tables;
}

}  // namespace ablate
