// Seeds that a sweep was given beside those of its file, for all of its cells or for some.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ablate {

struct Cell;
struct Plan;

/// What a cell is known by, however often its sweep is planned anew.
struct CellName {
  std::string label;                          ///< Of an [[include]] cell; else empty.
  std::map<std::string, std::string> levels;  ///< Axis to the label of its level; absent: it does not apply.
  auto operator<=>(const CellName&) const = default;
  /// Its label, else "connector.kind = mlp, connector.tokens = 64", or "the only cell".
  std::string text() const;
};

/// Cells that were chosen since they scored best: under the seeds that chose them they look better than they
/// are.
struct ScoreChoice {
  std::string score;
  std::int64_t of_cells = 0;         ///< That had the score, and could have been chosen.
  std::vector<std::uint64_t> seeds;  ///< Under which they had it, ascending.
  bool operator==(const ScoreChoice&) const = default;
};

/// Seeds that were added at one time to cells that were chosen in one way.
struct SeedAddition {
  std::vector<std::uint64_t> seeds;            ///< Ascending.
  std::optional<std::vector<CellName>> cells;  ///< None: all, whatever the file makes of them.
  std::string reason;                          ///< "best 3 by vqa of 24 cells", "all cells"
  std::optional<ScoreChoice> choice;
  double added_at = 0;  ///< Seconds since 1970; 0: not saved yet.
  /// Whether they are the same but for the time.
  bool is_like(const SeedAddition& other) const;
};

/// The name of one of the plan's cells.
CellName name_of(const Plan& plan, const Cell& cell);

/// Gives a plan, which has axes, cells and seeds, its additions and the replicates that they make. Cells that
/// it does not have leave their addition.
void add_seeds(Plan& plan, std::vector<SeedAddition> additions);

/// "seed 3", "seeds 3, 4", "seeds 3 to 12"
std::string list_seeds(const std::vector<std::uint64_t>& seeds);
/// "seeds 3, 4: 3 cells (best 3 by vqa of 24 cells)"
std::string addition_text(const SeedAddition& addition);
/// Of all replicates that were added: "seeds 3, 4, added to 3 cells".
std::string added_text(const Plan& plan);

}  // namespace ablate
