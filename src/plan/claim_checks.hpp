// Whether what a sweep claims can be told of it: its axes, levels and scores are the sweep's.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "config/sweep.hpp"
#include "plan/plan.hpp"

namespace ablate {

/// The scores that the evaluations of an experiment may give, each in full ("vqa/4-shot") or up to its '/'
/// where the rest depends on the data ("heldout-loss/"), and its metrics ("vlm/").
void add_known_scores(const Experiment& experiment, std::set<std::string>& scores);

/// One mistake for each name of a claim that is none of the sweep's, with the nearest one.
std::vector<Diagnostic> check_claims(const std::vector<Claim>& claims, const std::vector<PlanAxis>& axes,
                                     const std::set<std::string>& scores);

}  // namespace ablate
