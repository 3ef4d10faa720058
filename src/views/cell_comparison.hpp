// Two cells of a sweep, compared seed by seed and, where their evaluations have kept it, question by
// question.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "stats/common_cells.hpp"
#include "stats/paired_examples.hpp"
#include "store/sweeps.hpp"
#include "views/cell_choice.hpp"
#include "views/recipe_difference.hpp"

namespace ablate {

/// What estimates a difference and its interval.
enum class ComparedBy {
  none,          ///< No seed has both numbers, or one of the cells has none.
  by_runs,       ///< Each run has a seed of its own: nothing is paired; Welch's t.
  by_seed,       ///< One difference of scores for each seed, t with seeds - 1; no interval for one seed.
  by_questions,  ///< Question by question within each seed (stats/paired_examples.hpp).
};
template <>
std::span<const Named<ComparedBy>> names_of<ComparedBy>();

/// A question that the cells answer differently.
struct DifferingExample {
  std::string name;  ///< Of the record; "" where no names were kept.
  QuestionDifference outcome;
};

/// The record's name, else the question's number.
std::string question_name(const DifferingExample& example);

/// B - A of one score, over the seeds under which both cells have a number. NaN: not known.
struct ScoreDifference {
  std::string score;
  ComparedBy estimator = ComparedBy::none;
  std::string why_not_by_questions;          ///< Of the other estimators.
  std::vector<std::uint64_t> seeds;          ///< In the difference, ascending; none where nothing is paired.
  std::size_t runs_of_a = 0, runs_of_b = 0;  ///< In the means.
  std::size_t seeds_left_out = 0;  ///< Under which one of the cells alone has a number, or none has.
  double a = std::numeric_limits<double>::quiet_NaN(), b = a;  ///< Means over seeds.
  double difference = std::numeric_limits<double>::quiet_NaN();
  double standard_error = std::numeric_limits<double>::quiet_NaN();
  double low = std::numeric_limits<double>::quiet_NaN(), high = low;  ///< 95 % interval.
  std::optional<double> p;    ///< Of no difference, two-sided; none by questions, or where nothing varies.
  std::int64_t examples = 0;  ///< Of each seed, the fewest of both cells; 0: not known.
  std::optional<PairedExamples> by_questions;
  std::vector<DifferingExample> differing;  ///< Largest difference first.
};

struct CellComparison {
  std::string sweep;
  bool imported = false;  ///< Recipes are not known.
  ChosenCell a, b;
  std::vector<RecipeDifference> recipe;
  std::vector<ScoreDifference> scores;  ///< By name.
  /// The same under fresh seeds alone, where a cell was chosen for its score and both have others than those
  /// that chose it: what the choice does not flatter.
  std::vector<ScoreDifference> fresh;
  std::vector<std::string> notes;  ///< On such a choice.
};

/// The runs of a cell, by seed.
using CellRuns = RowRuns::BySeed;
/// By the scores of runs alone: by seed, or with `own_seeds` by runs.
ScoreDifference compare_runs(const CellRuns& a, const CellRuns& b, const std::string& score, bool own_seeds);

/// `most_examples`: how many differing ones of each score. Throws Error for cells that the sweep does not
/// have, for one and the same cell, and for outcomes that are missing or damaged.
CellComparison compare_cells(Database& database, const SweepRecord& sweep, const std::string& a,
                             const std::string& b, std::size_t most_examples);

}  // namespace ablate
