#include "views/choice_notes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "stats/best_of_many.hpp"
#include "stats/common_cells.hpp"
#include "stats/summary.hpp"
#include "util/text.hpp"
#include "views/cell_choice.hpp"

namespace ablate {

namespace {

bool has_cell(const SeedAddition& addition, const CellName& cell) {
  return std::find(addition.cells->begin(), addition.cells->end(), cell) != addition.cells->end();
}

/// By how much the scores of all cells under some seeds are drawn towards their mean; by cell number.
std::map<std::int64_t, double> shrink_under(const std::vector<RunRecord>& runs, const std::string& score,
                                            const std::set<std::uint64_t>& choosing) {
  std::map<std::int64_t, std::size_t> cells;
  std::map<std::uint64_t, std::size_t> seeds;
  std::vector<CellRun> scores;
  for (const RunRecord& run : runs) {
    if (choosing.count(run.seed) == 0 || !has_number(run, score)) continue;
    const std::size_t cell = cells.try_emplace(run.cell, cells.size()).first->second;
    const std::size_t seed = seeds.try_emplace(run.seed, seeds.size()).first->second;
    scores.push_back({cell, seed, value_of(run, score).value()});
  }
  std::map<std::int64_t, double> drawn;
  if (scores.empty()) return drawn;
  const ShrunkenCells found = shrink_cells(scores, cells.size(), seeds.size());
  for (const auto& entry : cells)
    drawn.emplace(entry.first, found.shrunken[entry.second] - found.mean[entry.second]);
  return drawn;
}

FlatteredCell describe_flattered(const std::vector<RunRecord>& runs, const CellName& name,
                                 const std::string& score, const std::set<std::uint64_t>& choosing) {
  FlatteredCell cell;
  std::vector<double> flattered, fresh;
  for (const RunRecord& run : runs) {
    if (name_of(run) != name) continue;
    cell.number = run.cell;
    if (has_number(run, score))
      (choosing.count(run.seed) > 0 ? flattered : fresh).push_back(value_of(run, score).value());
  }
  const Summary of_fresh = summarize(fresh);
  cell.choosing = flattered.size();
  cell.fresh = fresh.size();
  cell.mean_choosing = summarize(flattered).mean;
  cell.mean_fresh = of_fresh.mean;
  cell.half_width = confidence_half_width(of_fresh, 0.95);
  return cell;
}

std::string cell_words(const FlatteredCell& cell) {
  const auto number = [](double value) { return fmt::format("{:.4g}", value); };
  std::string text = fmt::format("cell {}: ", cell.number);
  if (cell.choosing > 0)
    text += fmt::format("{} over the {} that chose it", number(cell.mean_choosing),
                        count_of(static_cast<std::int64_t>(cell.choosing), "seed"));
  else
    text += "no score under the seeds that chose it";
  if (std::isfinite(cell.shrunken)) text += fmt::format(" (shrunk: {})", number(cell.shrunken));
  if (cell.fresh == 0) return text + ", none over fresh ones yet";
  text += fmt::format(", {}", number(cell.mean_fresh));
  if (std::isfinite(cell.half_width)) text += fmt::format(" ± {:.2g}", cell.half_width);
  return text +
         fmt::format(" over {}", cell.fresh == 1 ? "1 fresh one" : fmt::format("{} fresh ones", cell.fresh));
}

}  // namespace

std::vector<std::uint64_t> seeds_of_chosen(const std::vector<RunRecord>& runs,
                                           const std::vector<SeedAddition>& additions) {
  std::map<std::uint64_t, std::set<std::int64_t>> cells_of_seed;
  for (const SeedAddition& addition : additions)
    if (addition.choice)
      for (const std::uint64_t seed : addition.seeds) cells_of_seed[seed];
  if (cells_of_seed.empty()) return {};
  std::set<std::int64_t> cells;
  for (const RunRecord& run : runs) {
    cells.insert(run.cell);
    if (const auto of_seed = cells_of_seed.find(run.seed); of_seed != cells_of_seed.end())
      of_seed->second.insert(run.cell);
  }
  std::vector<std::uint64_t> seeds;
  for (const auto& entry : cells_of_seed)
    if (!entry.second.empty() && entry.second != cells) seeds.push_back(entry.first);
  return seeds;
}

std::vector<std::uint64_t> leave_out_added(std::vector<RunRecord>& runs,
                                           const std::vector<SeedAddition>& additions) {
  const std::vector<std::uint64_t> seeds = seeds_of_chosen(runs, additions);
  std::erase_if(
      runs, [&](const RunRecord& run) { return std::binary_search(seeds.begin(), seeds.end(), run.seed); });
  return seeds;
}

std::set<std::uint64_t> choosing_seeds(const CellName& cell, const std::vector<SeedAddition>& additions) {
  std::set<std::uint64_t> seeds;
  for (const SeedAddition& addition : additions)
    if (addition.choice && has_cell(addition, cell))
      seeds.insert(addition.choice->seeds.begin(), addition.choice->seeds.end());
  return seeds;
}

std::vector<ScoreChoices> load_choices(Database& database, const SweepRecord& sweep) {
  std::vector<SeedAddition> additions = load_additions(database, sweep.id);
  std::erase_if(additions, [](const SeedAddition& addition) { return !addition.choice; });
  std::vector<ScoreChoices> choices;
  std::vector<std::string> scores;
  for (const SeedAddition& addition : additions)
    if (std::find(scores.begin(), scores.end(), addition.choice->score) == scores.end())
      scores.push_back(addition.choice->score);
  if (scores.empty()) return choices;
  const std::vector<RunRecord> runs = load_runs(database, sweep.id, scores);
  for (const std::string& score : scores) {
    ScoreChoices& of_score = choices.emplace_back(ScoreChoices{.score = score});
    std::set<CellName> known;
    for (const SeedAddition& addition : additions) {
      if (addition.choice->score != score) continue;
      of_score.reasons.push_back(addition.reason);
      for (const CellName& name : *addition.cells) {
        if (!known.insert(name).second) continue;
        const std::set<std::uint64_t> choosing = choosing_seeds(name, additions);
        FlatteredCell& cell = of_score.cells.emplace_back(describe_flattered(runs, name, score, choosing));
        const std::map<std::int64_t, double> drawn = shrink_under(runs, score, choosing);
        if (const auto found = drawn.find(cell.number); cell.choosing > 0 && found != drawn.end())
          cell.shrunken = cell.mean_choosing + found->second;
      }
    }
  }
  return choices;
}

std::vector<std::string> choice_notes(const ScoreChoices& choices) {
  constexpr std::size_t kListed = 12;
  const bool one = choices.cells.size() == 1;
  std::vector<std::string> notes = {fmt::format(
      "{}: the seeds that chose {} flatter {}, fresh ones do not ({}; ±: half of a 95 % interval)",
      join(choices.reasons, " and "), one ? "it" : "them", one ? "it" : "them", choices.score)};
  for (const FlatteredCell& cell : choices.cells)
    if (notes.size() <= kListed) notes.push_back(cell_words(cell));
  if (choices.cells.size() > kListed)
    notes.push_back(fmt::format("{} cells more", choices.cells.size() - kListed));
  return notes;
}

std::vector<std::string> comparison_notes(Database& database, const SweepRecord& sweep) {
  const std::vector<SeedAddition> additions = load_additions(database, sweep.id);
  std::vector<RunRecord> runs;
  std::vector<std::string> notes;
  std::map<CellName, std::int64_t> numbers;
  for (const SeedAddition& addition : additions) {
    if (!addition.choice) continue;
    if (numbers.empty()) {
      runs = load_runs(database, sweep.id, {addition.choice->score});
      for (const RunRecord& run : runs) numbers.emplace(name_of(run), run.cell);
    }
    std::vector<std::string> cells;
    for (const CellName& cell : *addition.cells)
      if (const auto number = numbers.find(cell); number != numbers.end())
        cells.push_back(std::to_string(number->second));
    const bool one = cells.size() == 1;
    notes.push_back(fmt::format("under {}, which chose {}, {} {} {} better than {} ({})",
                                list_seeds(addition.choice->seeds), one ? "it" : "them",
                                one ? "cell" : "cells", join(cells, ", "), one ? "looks" : "look",
                                one ? "it is" : "they are", addition.reason));
  }
  if (notes.empty()) return notes;
  if (const std::vector<std::uint64_t> left_out = seeds_of_chosen(runs, additions); !left_out.empty())
    notes.push_back(
        fmt::format("without {}, which only such cells have: `ablate table {}` and `ablate compare` "
                    "have their fresh scores",
                    list_seeds(left_out), sweep.name));
  return notes;
}

}  // namespace ablate
