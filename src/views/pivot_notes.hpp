// What stands below a table of results: what its means are over, and what its spreads are.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "views/pivot_table.hpp"

namespace ablate {

/// After a number whose spread is that of the examples, where the table has others beside it.
inline constexpr const char* kExamplesMark = "(ex)";
/// After a number that is over other cells than the rest of the table.
inline constexpr const char* kApartMark = "(own cells)";

/// Whether spreads over seeds and over examples stand side by side: then the latter are marked.
bool mixes_sources(const Pivot& pivot, Spread spread);
/// Whether the value of a group is over other cells than the rest of the table.
bool stands_apart(const Pivot& pivot, const PivotGroup& group, std::size_t value);
std::vector<std::string> pivot_notes(const Pivot& pivot, const PivotLayout& layout);

}  // namespace ablate
