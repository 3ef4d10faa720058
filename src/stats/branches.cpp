#include "stats/branches.hpp"

#include <algorithm>
#include <cmath>

namespace ablate {

std::vector<Branch> branches_of(const Observations& observations) {
  std::vector<Branch> branches(1);
  for (std::size_t run = 0; run < observations.runs.size(); ++run)
    if (std::isfinite(observations.runs[run].score)) branches[0].runs.push_back(run);
  const std::vector<std::size_t> scored = branches[0].runs;
  std::vector<std::vector<std::size_t>> applies(observations.factors.size());
  for (std::size_t factor = 0; factor < applies.size(); ++factor) {
    for (const std::size_t run : scored)
      if (!std::isnan(observations.runs[run].at[factor])) applies[factor].push_back(run);
    const auto same = [&](const Branch& branch) { return branch.runs == applies[factor]; };
    if (!applies[factor].empty() && std::none_of(branches.begin(), branches.end(), same))
      branches.push_back({.runs = applies[factor], .factors = {}, .conditional = {}});
  }
  for (Branch& branch : branches)
    for (std::size_t factor = 0; factor < applies.size(); ++factor) {
      const std::vector<std::size_t>& runs = applies[factor];
      if (!std::includes(runs.begin(), runs.end(), branch.runs.begin(), branch.runs.end())) continue;
      branch.factors.push_back(factor);
      if (runs.size() < scored.size()) branch.conditional.push_back(factor);
    }
  return branches;
}

}  // namespace ablate
