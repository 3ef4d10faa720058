// A comparison of two cells as people and programs read it: what `ablate compare` shows.
#pragma once

#include <string>
#include <vector>

#include "report/table.hpp"
#include "util/json.hpp"
#include "views/cell_comparison.hpp"

namespace ablate {

/// Two lines, or more for long names: which cells A and B are.
std::string comparison_heading(const CellComparison& comparison);
Table recipe_table(const CellComparison& comparison);
Table score_table(const CellComparison& comparison);
/// What differs in the recipes, the differences of the scores, and the examples that differ most.
std::vector<Table> comparison_tables(const CellComparison& comparison);
/// The same in full precision; what is not known is null.
Json comparison_json(const CellComparison& comparison);

}  // namespace ablate
