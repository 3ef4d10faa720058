// Intervals for optima at the edge of what was tried, where a standard error says nothing.
#pragma once

#include <span>

#include "law/bowl.hpp"
#include "law/runs.hpp"

namespace ablate {

/// Gives each axis that is at an edge the 95 % interval of its profile likelihood, with the shape of the bowl
/// as fitted and everything else of the scan free: closed on the inner side, open on the side of the edge.
void widen_edges(std::span<const LawRun> runs, BowlFit& fit);

}  // namespace ablate
