// Columns of a table of runs that are none of the law's, and may be settings that move the loss.
#pragma once

#include <string>
#include <vector>

#include "law/findings.hpp"
#include "program/law_columns.hpp"

namespace ablate {

/// Whether a column has, by its name, what a run came to or when: a loss, another metric, a time, memory.
bool is_outcome_name(const std::string& column);

/// Notes on columns with a few values that divide the runs of one size, token count and batch, and findings
/// on other columns of numbers that vary among these. No finding is about an outcome (is_outcome_name()), a
/// column of a usual name, one that follows from the rate (is affine to it, or one or both of their
/// logarithms are), or from the loss, or numbers the rows.
void tell_other_columns(const TextTable& table, const LawColumns& columns, std::vector<std::string>& notes,
                        std::vector<LawFinding>& findings);

}  // namespace ablate
