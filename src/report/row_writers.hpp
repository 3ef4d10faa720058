// Single rows of the formats that need not see the whole table: CSV and JSON.
#pragma once

#include <span>
#include <string>

#include "report/table.hpp"

namespace ablate {

/// "a,b\n": quoted as RFC 4180 says, with the line ends that shell tools expect.
std::string csv_header(std::span<const Column> columns);
std::string csv_row(std::span<const TableCell> row);
/// {"a": 1, "b": "text"}, keys in the order of the columns.
std::string json_row(std::span<const Column> columns, std::span<const TableCell> row);

}  // namespace ablate
