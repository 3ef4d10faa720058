// Two cells on one HTML page that needs no other file.
#pragma once

#include <string>
#include <vector>

#include "views/cell_comparison.hpp"
#include "views/shown_examples.hpp"

namespace ablate {

/// What compare_report.hpp shows, and of the examples that differ most what they show and ask.
std::string comparison_page(const CellComparison& comparison, const std::vector<ShownExamples>& shown);

}  // namespace ablate
