// Scores of a sweep as statistics see them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "stats/observations.hpp"
#include "store/results.hpp"
#include "store/sweeps.hpp"

namespace ablate {

/// Whether less of a score or metric is better: of losses, perplexities and bits per byte, by name; of an
/// imported sweep what its import says.
bool lower_is_better(const SweepRecord& sweep, const std::string& value);

constexpr std::size_t kMostAxisLevels = 12;
constexpr double kLogSpan = 30;

/// Seeds and levels alone, one observation for each run, with the axes that vary among them as factors. A
/// level's number is what its label reads as, where all labels of its axis are numbers. An axis that was
/// sampled from a range is continuous, and so is one of an imported sweep whose more than kMostAxisLevels
/// numbers mostly stand in one cell each: its range is then from the least to the largest, in the logarithm
/// where all are positive, span more than a factor of kLogSpan, and lie more evenly there.
Observations levels_of_runs(const std::vector<RunRecord>& runs, const SweepRecord& sweep);

/// What load_observations() leaves out, and which cells the choice by score flatters.
std::vector<std::string> observation_notes(Database& database, const SweepRecord& sweep);

/// Levels of an axis that are compared with each other at most.
constexpr std::size_t kMostCompared = 300;
/// Throws Error where no axis varies, and for an axis of more levels than kMostCompared, which is no question
/// but a column of names.
void require_comparable(const Observations& runs, const SweepRecord& sweep);

/// One for each value: levels_of_runs() of a sweep with what they scored. A run that failed or diverged has
/// ended as such; what was cancelled, or is not done, is unknown, and so is a score that is not finite and
/// did not diverge. Runs under seeds that were added to cells chosen for their scores have no score, either,
/// and are left out (seeds_of_chosen()). A run's cost is the FLOPs of its jobs by formula, of an imported
/// sweep its column of costs.
std::vector<Observations> load_observations(Database& database, const SweepRecord& sweep,
                                            const std::vector<std::string>& values);

}  // namespace ablate
