// Which cells get the seeds that are added to a sweep: what `ablate run --cells` means.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "program/seed_change.hpp"

namespace ablate {

/// The cells of a plan that `texts` mean, as SeedCells has them: a cell's number or label, levels (all cells
/// that have them), or "best N by SCORE": the N cells with the best mean; SCORE may be left out where the
/// sweep has one. One addition for each choice by score, and one for all others. Throws Error, with the
/// nearest spelling, for what the plan or the database does not have.
std::vector<SeedAddition> choose_seed_cells(const std::vector<std::string>& texts, const Plan& plan,
                                            Database* database, const SweepRecord* saved);

}  // namespace ablate
