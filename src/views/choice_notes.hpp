// What seeds that were added to the best of many cells mean for results: a cell that was chosen for its score
// looks better than it is under the seeds that chose it, and fresh seeds alone do not flatter it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "store/added_seeds.hpp"
#include "store/results.hpp"
#include "store/sweeps.hpp"

namespace ablate {

/// Seeds, ascending, that were added to cells chosen for their scores, unless all cells have them.
/// Comparisons of all cells leave them out: they are under the seeds that cells share, and no chosen cell is
/// held to others by a mixture of flattering and fresh seeds.
std::vector<std::uint64_t> seeds_of_chosen(const std::vector<RunRecord>& runs,
                                           const std::vector<SeedAddition>& additions);
/// Takes out the runs under such seeds, and returns these.
std::vector<std::uint64_t> leave_out_added(std::vector<RunRecord>& runs,
                                           const std::vector<SeedAddition>& additions);

/// The seeds that chose a cell, whatever the score; none for a cell that was not chosen.
std::set<std::uint64_t> choosing_seeds(const CellName& cell, const std::vector<SeedAddition>& additions);

/// A cell that was chosen for its score. NaN: not known.
struct FlatteredCell {
  std::int64_t number = 0;
  std::size_t choosing = 0, fresh = 0;  ///< Seeds under which it has the score.
  double mean_choosing = std::numeric_limits<double>::quiet_NaN();
  /// What that mean is when the best of many is allowed for (stats/best_of_many.hpp).
  double shrunken = std::numeric_limits<double>::quiet_NaN();
  double mean_fresh = std::numeric_limits<double>::quiet_NaN();
  double half_width =
      std::numeric_limits<double>::quiet_NaN();  ///< Of its 95 % interval, t over fresh seeds.
};

/// Choices by one score.
struct ScoreChoices {
  std::string score;
  std::vector<std::string> reasons;  ///< "best 3 by vqa of 24 cells"
  std::vector<FlatteredCell> cells;  ///< In the order in which they were chosen, each once.
};

/// Of all scores that cells of the sweep were chosen for; empty: of none.
std::vector<ScoreChoices> load_choices(Database& database, const SweepRecord& sweep);

/// "best 3 by vqa of 24 cells: the seeds that chose them flatter them, ...", and a line for each cell, or for
/// the first twelve: "cell 7: 0.641 over the 3 seeds that chose it (shrunk: 0.615), 0.612 ± 0.02 over 2 fresh
/// ones".
std::vector<std::string> choice_notes(const ScoreChoices& choices);

/// For comparisons of cells: who is flattered, and what is done about it. Empty where nothing was chosen.
std::vector<std::string> comparison_notes(Database& database, const SweepRecord& sweep);

}  // namespace ablate
