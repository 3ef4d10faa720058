// The seeds that sweeps were given beside those of their files.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/added_seeds.hpp"
#include "store/database.hpp"

namespace ablate {

/// In the order in which they were added.
std::vector<SeedAddition> load_additions(Database& database, std::int64_t sweep_id);

/// Whether the sweep has these, and no others.
bool has_additions(Database& database, std::int64_t sweep_id, const std::vector<SeedAddition>& additions);

/// Makes these the additions of the sweep, within the caller's transaction. New ones get the time.
void save_additions(Database& database, std::int64_t sweep_id, const std::vector<SeedAddition>& additions,
                    double now);

}  // namespace ablate
