// What the columns of axes are called in tables that have columns of other kinds, too.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "report/table.hpp"

namespace ablate {

/// Puts a column for each axis at `place`, after which all other columns must already be known. It is called
/// as the axis is; "axis/state" where the axis is called "state" and so is another column, or one of the
/// `values` that the table has, whatever its columns are called: an axis has one name in all formats. No two
/// are alike.
void insert_axis_columns(std::vector<Column>& columns, std::size_t place,
                         const std::vector<std::string>& axes, const std::vector<std::string>& values);

}  // namespace ablate
