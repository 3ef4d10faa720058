// What becomes of the seeds that a sweep was given beside those of its file, when it is planned.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "store/database.hpp"
#include "store/sweeps.hpp"

namespace ablate {

/// Chooses cells of a plan that is about to be made, by what the database has of the sweep; both null: it has
/// nothing. Returns additions without seeds.
using SeedCells =
    std::function<std::vector<SeedAddition>(const Plan& plan, Database* database, const SweepRecord* saved)>;

/// Nothing: what was added goes on.
struct SeedChange {
  bool take_back = false;  ///< The sweep has the seeds of its file alone again.
  std::int64_t more = 0;   ///< So many are added, numbered on from the largest that the sweep has.
  SeedCells cells;         ///< That get them; null: all.
};

/// The additions of a sweep that is planned under a name which is taken from `former`, if that is not none.
/// The database may be null. What is returned throws Error for a seed beyond 2^64 - 1, and as `cells` does.
SeedAdditions additions_after(Database* database, const std::string& name,
                              const std::optional<FormerFile>& former, const SeedChange& change);

/// What does not go on: "takes back seeds 3, 4: all cells" of each addition, or "the seeds that the sweep of
/// OLD was given are dropped".
std::vector<std::string> forgotten_lines(Database& database, const std::string& name,
                                         const std::optional<FormerFile>& former, const SeedChange& change);

/// Whether the plan has additions that are not saved yet.
bool adds_seeds(const Plan& plan);

/// What a reader should know of the added seeds of a plan: those that are new, what the sweep has besides,
/// and what was dropped. A line each.
std::vector<std::string> seed_lines(const Plan& plan);

}  // namespace ablate
