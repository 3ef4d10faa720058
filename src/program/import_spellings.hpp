// Numbers as spreadsheets and papers write them: "71,2", "1,234.5", "71.2%", "71.2 ± 0.3".
#pragma once

#include <map>
#include <string>
#include <vector>

#include "law/table_reader.hpp"

namespace ablate {

/// Writes decimal commas as points and leaves out separators of thousands, where the table leaves no doubt
/// which of them its commas are; what was done is returned, a sentence, or nothing. `as_they_are` names
/// columns that are not looked at. Throws Error, with place, where commas may be either, or stand beside
/// decimal points.
std::string settle_commas(TextTable& table, const std::vector<std::string>& as_they_are);

/// Leaves out percent signs and what stands after "±" or "\pm" in columns of nothing but such numbers. By
/// position of the column: what was done, a sentence.
std::map<std::size_t, std::string> leave_out_signs(TextTable& table);

}  // namespace ablate
