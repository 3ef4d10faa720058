#include "law/halving.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ablate {

std::vector<std::size_t> survivors(std::span<const RungLoss> runs, const HalvingRule& rule) {
  const auto loss = [&](std::size_t i) {
    return std::isfinite(runs[i].loss) ? runs[i].loss : std::numeric_limits<double>::infinity();
  };
  std::vector<std::size_t> by_loss(runs.size()), by_rate(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) by_loss[i] = by_rate[i] = i;
  std::stable_sort(by_loss.begin(), by_loss.end(),
                   [&](std::size_t a, std::size_t b) { return loss(a) < loss(b); });
  std::stable_sort(by_rate.begin(), by_rate.end(),
                   [&](std::size_t a, std::size_t b) { return runs[a].lr < runs[b].lr; });
  if (runs.empty() || !std::isfinite(loss(by_loss.front()))) return {};
  const std::size_t best = by_loss.front();
  const auto kept = static_cast<std::size_t>(std::ceil(rule.keep * static_cast<double>(runs.size())));
  std::vector<bool> goes_on(runs.size(), false);
  for (std::size_t rank = 0; rank < runs.size(); ++rank)
    goes_on[by_loss[rank]] = rank < kept || loss(by_loss[rank]) <= loss(best) * (1 + rule.margin);
  for (std::size_t rank = 0; rank < runs.size(); ++rank) {
    if (by_rate[rank] != best) continue;
    if (rank > 0) goes_on[by_rate[rank - 1]] = true;
    if (rank + 1 < runs.size()) goes_on[by_rate[rank + 1]] = true;
  }
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < runs.size(); ++i)
    if (goes_on[i] && std::isfinite(loss(i))) indices.push_back(i);
  return indices;
}

}  // namespace ablate
