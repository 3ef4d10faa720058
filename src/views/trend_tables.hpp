// What one axis does at the levels of another, and along an axis of numbers.
#pragma once

#include <optional>

#include "report/table.hpp"
#include "views/effects_view.hpp"

namespace ablate {

/// A row for each pair of axes that can be tested; none: there is no such pair.
std::optional<Table> interaction_table(const ScoreEffects& effects);
/// A row for each axis of numbers whose slope can be tested; none: there is no such axis.
std::optional<Table> trend_table(const ScoreEffects& effects);

}  // namespace ablate
