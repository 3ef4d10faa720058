#include "views/cell_comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "stats/significance.hpp"
#include "stats/summary.hpp"
#include "store/added_seeds.hpp"
#include "store/outcomes.hpp"
#include "util/error.hpp"
#include "util/text.hpp"
#include "views/choice_notes.hpp"

namespace ablate {

template <>
std::span<const Named<ComparedBy>> names_of<ComparedBy>() {
  using enum ComparedBy;
  static constexpr Named<ComparedBy> kTable[] = {
      {"none", none}, {"by-runs", by_runs}, {"by-seed", by_seed}, {"by-questions", by_questions}};
  return kTable;
}

namespace {

/// The runs of a cell by seed, and what became of their examples, by score.
struct LoadedCell {
  CellRuns runs;
  std::map<std::uint64_t, std::map<std::string, ExampleOutcomes>> outcomes;
};

LoadedCell load_cell(Database& database, const std::vector<RunRecord>& runs, std::int64_t cell) {
  LoadedCell found;
  for (const RunRecord& run : runs) {
    if (run.cell != cell) continue;
    found.runs[run.seed] = &run;
    for (const std::int64_t job : run.jobs) found.outcomes[run.seed].merge(load_outcomes(database, job));
  }
  return found;
}

std::optional<double> number_of(const CellRuns& cell, std::uint64_t seed, const std::string& score) {
  const auto run = cell.find(seed);
  if (run == cell.end()) return std::nullopt;
  const auto value = run->second->values.find(score);
  if (value == run->second->values.end() || !std::isfinite(value->second)) return std::nullopt;
  return value->second;
}

/// Under these seeds; those that have none are left out.
std::vector<SeedOutcomes> outcomes_of(const LoadedCell& cell, const std::vector<std::uint64_t>& seeds,
                                      const std::string& score) {
  std::vector<SeedOutcomes> found;
  for (const std::uint64_t seed : seeds) {
    const auto of_seed = cell.outcomes.find(seed);
    if (of_seed == cell.outcomes.end()) continue;
    if (const auto kept = of_seed->second.find(score); kept != of_seed->second.end())
      found.push_back({seed, kept->second.questions, kept->second.values, kept->second.weights});
  }
  return found;
}

std::string words_of(Unpaired reason) {
  switch (reason) {
    case Unpaired::no_outcomes:
    case Unpaired::no_common_seed:
      return "no outcomes of examples are kept";
    case Unpaired::other_questions:
      return "the cells were asked other questions";
    case Unpaired::other_weights:
      return "examples weigh differently in the cells";
  }
  return "";
}

/// The names of the questions of a cell, where they are kept.
std::map<std::uint64_t, std::string> names_of_questions(const LoadedCell& cell, const std::string& score) {
  std::map<std::uint64_t, std::string> names;
  for (const auto& of_seed : cell.outcomes)
    if (const auto kept = of_seed.second.find(score); kept != of_seed.second.end())
      for (std::size_t i = 0; i < kept->second.names.size(); ++i)
        names.emplace(kept->second.questions[i], kept->second.names[i]);
  return names;
}

void compare_by_questions(const LoadedCell& a, const LoadedCell& b, std::size_t most_examples,
                          ScoreDifference& result) {
  const std::vector<SeedOutcomes> of_a = outcomes_of(a, result.seeds, result.score),
                                  of_b = outcomes_of(b, result.seeds, result.score);
  const Pairing pairing = pair_outcomes(of_a, of_b);
  if (pairing.refusal) {
    result.why_not_by_questions = words_of(*pairing.refusal);
    return;
  }
  if (pairing.seeds.size() < result.seeds.size()) {  // No mean over other seeds than the scores beside it.
    result.why_not_by_questions = fmt::format("outcomes of examples are kept of {} of {} seeds",
                                              pairing.seeds.size(), result.seeds.size());
    return;
  }
  PairedExamples paired = compare_examples(pairing);
  result.estimator = ComparedBy::by_questions;
  result.standard_error = paired.standard_error;
  result.low = paired.low;
  result.high = paired.high;
  result.p.reset();
  result.examples = static_cast<std::int64_t>(paired.examples);
  std::vector<QuestionDifference> differing;
  for (const QuestionDifference& question : paired.questions)
    if (question.a != question.b && differing.size() < most_examples) differing.push_back(question);
  paired.questions.clear();
  result.by_questions = std::move(paired);
  if (differing.empty()) return;
  const std::map<std::uint64_t, std::string> names = names_of_questions(a, result.score);
  for (const QuestionDifference& question : differing) {
    const auto name = names.find(question.question);
    result.differing.push_back({name == names.end() ? "" : name->second, question});
  }
}

/// All runs of one cell against all of the other.
void compare_by_runs(const CellRuns& a, const CellRuns& b, ScoreDifference& result) {
  const auto numbers_of = [&](const CellRuns& cell) {
    std::vector<double> numbers;
    for (const auto& run : cell)
      if (const auto number = number_of(cell, run.first, result.score)) numbers.push_back(*number);
    return numbers;
  };
  const std::vector<double> of_a = numbers_of(a), of_b = numbers_of(b);
  if (of_a.empty() || of_b.empty()) return;
  result.estimator = ComparedBy::by_runs;
  result.why_not_by_questions = "no seed is shared";
  result.seeds_left_out = 0;
  result.runs_of_a = of_a.size();
  result.runs_of_b = of_b.size();
  result.a = summarize(of_a).mean;
  result.b = summarize(of_b).mean;
  result.difference = result.b - result.a;
  const TTest test = welch_test(of_b, of_a);
  result.standard_error = test.se;
  result.low = test.low;
  result.high = test.high;
  result.p = test.p;
}

/// One difference of scores for each seed.
void compare_by_seed(const CellRuns& a, const CellRuns& b, const std::set<std::uint64_t>& seeds,
                     ScoreDifference& result) {
  std::vector<double> of_a, of_b, differences;
  std::int64_t examples = std::numeric_limits<std::int64_t>::max();
  for (const std::uint64_t seed : seeds) {
    const auto in_a = number_of(a, seed, result.score), in_b = number_of(b, seed, result.score);
    if (!in_a || !in_b) {
      ++result.seeds_left_out;
      continue;
    }
    result.seeds.push_back(seed);
    of_a.push_back(*in_a);
    of_b.push_back(*in_b);
    differences.push_back(*in_b - *in_a);
    for (const CellRuns* cell : {&a, &b}) {
      const auto& errors = cell->at(seed)->examples;
      const auto error = errors.find(result.score);
      examples = std::min(examples, error == errors.end() ? 0 : error->second.n);
    }
  }
  if (result.seeds.empty()) return;
  result.estimator = ComparedBy::by_seed;
  result.runs_of_a = result.runs_of_b = result.seeds.size();
  result.examples = examples;
  result.a = summarize(of_a).mean;
  result.b = summarize(of_b).mean;
  const Summary summary = summarize(differences);
  result.difference = summary.mean;
  constexpr double kRounding = 1e-9;  // What is left of no spread at all.
  const double largest = std::max(std::abs(result.a), std::abs(result.b));
  if (!(summary.se > kRounding * largest)) return;
  result.standard_error = summary.se;
  const double half = confidence_half_width(summary, 0.95);
  result.low = summary.mean - half;
  result.high = summary.mean + half;
  result.p = t_test(summary.mean, summary.se, static_cast<double>(summary.n - 1), largest).p;
}

/// Compares what a choice by score does not flatter, and says which cells it flatters.
void compare_fresh(const LoadedCell& a, const LoadedCell& b, const std::vector<SeedAddition>& additions,
                   std::size_t most_examples, CellComparison& comparison) {
  std::set<std::uint64_t> seeds;
  for (const auto& run : a.runs)
    if (b.runs.count(run.first) > 0) seeds.insert(run.first);
  std::size_t chosen = 0;
  for (const auto& [cell, letter] : {std::pair{&a, "A"}, std::pair{&b, "B"}}) {
    const CellName name = name_of(*cell->runs.begin()->second);
    for (const SeedAddition& addition : additions)
      if (addition.choice &&
          std::find(addition.cells->begin(), addition.cells->end(), name) != addition.cells->end())
        comparison.notes.push_back(fmt::format("under {}, which chose it, {} looks better than it is ({})",
                                               list_seeds(addition.choice->seeds), letter, addition.reason));
    const std::set<std::uint64_t> choosing = choosing_seeds(name, additions);
    chosen += choosing.empty() ? 0 : 1;
    for (const std::uint64_t seed : choosing) seeds.erase(seed);
  }
  if (chosen == 0) return;
  for (const ScoreDifference& score : comparison.scores) {
    ScoreDifference fresh{.score = score.score};
    compare_by_seed(a.runs, b.runs, seeds, fresh);
    if (fresh.estimator == ComparedBy::none) continue;
    compare_by_questions(a, b, most_examples, fresh);
    comparison.fresh.push_back(std::move(fresh));
  }
  if (comparison.fresh.empty())
    comparison.notes.push_back(
        "no fresh seed under which both cells have a score: the difference is flattered");
}

}  // namespace

std::string question_name(const DifferingExample& example) {
  return example.name.empty() ? fmt::format("{:016x}", example.outcome.question) : example.name;
}

ScoreDifference compare_runs(const CellRuns& a, const CellRuns& b, const std::string& score, bool own_seeds) {
  ScoreDifference result{.score = score};
  if (own_seeds) {
    compare_by_runs(a, b, result);
    return result;
  }
  std::set<std::uint64_t> seeds;
  for (const CellRuns* cell : {&a, &b})
    for (const auto& run : *cell) seeds.insert(run.first);
  compare_by_seed(a, b, seeds, result);
  if (result.seeds.empty()) compare_by_runs(a, b, result);
  return result;
}

namespace {

/// "of A 2 of 3 runs failed, 1 of them since it diverged"
void note_failures(const CellRuns& cell, const char* letter, CellComparison& comparison) {
  std::size_t failed = 0, diverged = 0;
  for (const auto& run : cell) {
    failed += run.second->state == JobState::failed || run.second->diverged;
    diverged += run.second->diverged;
  }
  if (failed == 0) return;
  std::string note = fmt::format("of {} {} of {} failed", letter, failed,
                                 count_of(static_cast<std::int64_t>(cell.size()), "run"));
  if (diverged > 0)
    note += fmt::format(", {} of them since {} diverged", diverged, diverged == 1 ? "it" : "they");
  comparison.notes.push_back(note);
}

}  // namespace

CellComparison compare_cells(Database& database, const SweepRecord& sweep, const std::string& a,
                             const std::string& b, std::size_t most_examples) {
  const ReadTransaction snapshot(database);
  const std::vector<RunRecord> runs = load_runs(database, sweep.id, {});
  const std::vector<ChosenCell> cells = cells_of(runs, sweep);
  CellComparison comparison{.sweep = sweep.name,
                            .imported = sweep.imported.has_value(),
                            .a = choose_cell(cells, sweep, a),
                            .b = choose_cell(cells, sweep, b)};
  if (comparison.a.number == comparison.b.number)
    throw Error(fmt::format("'{}' and '{}' are both cell {} of sweep '{}'; expected two cells", printable(a),
                            printable(b), comparison.a.number, sweep.name));
  const LoadedCell of_a = load_cell(database, runs, comparison.a.number),
                   of_b = load_cell(database, runs, comparison.b.number);
  comparison.recipe =
      recipe_differences(database, of_a.runs.begin()->second->jobs, of_b.runs.begin()->second->jobs);
  std::set<std::string> scores;
  for (const LoadedCell* cell : {&of_a, &of_b})
    for (const auto& run : cell->runs)
      for (const auto& value : run.second->values) scores.insert(value.first);
  for (const std::string& score : scores) {
    comparison.scores.push_back(compare_runs(of_a.runs, of_b.runs, score, sweep.has_own_seeds()));
    if (ScoreDifference& result = comparison.scores.back(); result.estimator == ComparedBy::by_seed)
      compare_by_questions(of_a, of_b, most_examples, result);
  }
  for (const auto& [cell, letter] : {std::pair{&of_a, "A"}, std::pair{&of_b, "B"}})
    note_failures(cell->runs, letter, comparison);
  compare_fresh(of_a, of_b, load_additions(database, sweep.id), most_examples, comparison);
  return comparison;
}

}  // namespace ablate
