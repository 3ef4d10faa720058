#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "store/results.hpp"

namespace ablate {

/// Levels named by axis and label, as a run has them; labels must be among those of the axes.
inline std::map<std::string, AxisLevel> levels_of(const std::vector<PlanAxis>& axes,
                                                  const std::map<std::string, std::string>& labels) {
  std::map<std::string, AxisLevel> levels;
  for (const PlanAxis& axis : axes)
    if (const auto label = labels.find(axis.name); label != labels.end()) {
      const auto place = std::find(axis.levels.begin(), axis.levels.end(), label->second);
      levels[axis.name] = {static_cast<std::size_t>(place - axis.levels.begin()), label->second};
    }
  return levels;
}

}  // namespace ablate
