// Rows with named columns, from CSV or JSONL, with the line of each for messages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ablate {

struct TableRow {
  std::size_t line = 0;            ///< In the text, from 1.
  std::vector<std::string> cells;  ///< One for each column; what JSON has as null or not at all is empty.
};

struct TextTable {
  std::string name;  ///< Stands before line numbers in messages.
  std::vector<std::string> columns;
  std::vector<TableRow> rows;

  /// Position of a column. Throws Error with the nearest name, or those that there are.
  std::size_t column(std::string_view wanted) const;
};

/// CSV (RFC 4180: quotes, doubled quotes, line breaks within quotes; CRLF or LF) with a header line. Throws
/// Error for an empty text, no rows, a row with another number of fields than the header, an open quote.
TextTable parse_csv(std::string_view text, std::string_view name);

/// One flat JSON object a line; empty lines do not count. NaN, Infinity and -Infinity, which Python writes,
/// are read as null. Throws Error for an empty text or a line that is no object.
TextTable parse_jsonl(std::string_view text, std::string_view name);

}  // namespace ablate
