// Scores of a sweep as statistics see them.
#pragma once

#include <string>
#include <vector>

#include "stats/observations.hpp"
#include "store/sweeps.hpp"

namespace ablate {

/// One for each value: the runs of a sweep with the axes that vary among them as factors. A level's number is
/// what its label reads as, where all labels of its axis are numbers. A run that failed or diverged has ended
/// as such; what was cancelled, or is not done, is unknown, and so is a score that is not finite and did not
/// diverge. Losses, perplexities and bits per byte, by name, are better lower; of an imported sweep what its
/// import says. A run's cost is the FLOPs of its jobs by formula, of an imported sweep its column of costs.
std::vector<Observations> load_observations(Database& database, const SweepRecord& sweep,
                                            const std::vector<std::string>& values);

}  // namespace ablate
