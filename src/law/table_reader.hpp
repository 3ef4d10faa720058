// Rows with named columns, from CSV or JSON, with the place of each for messages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ablate {

struct TableRow {
  std::size_t line = 0;            ///< In the text, from 1; of an array of records the record's number.
  std::vector<std::string> cells;  ///< One for each column; what JSON has as null or not at all is empty.
};

struct TextTable {
  std::string name;  ///< Stands before line numbers in messages.
  std::vector<std::string> columns;
  std::vector<TableRow> rows;
  bool records = false;  ///< From an array of records, which has no lines to speak of.

  /// Position of a column. Throws Error with the nearest name, or those that there are.
  std::size_t column(std::string_view wanted) const;
  /// "runs.csv:12", "runs.json: record 12".
  std::string where(const TableRow& row) const;
};

/// CSV (RFC 4180: quotes, doubled quotes, line breaks within quotes; CRLF or LF) with a header line. Commas,
/// semicolons or tabs separate, whichever the header has most of, or what Excel's first line "sep=;" says.
/// Lines without any value do not count, nor do empty fields beyond the header's. Throws Error for an empty
/// text, no rows, a row with another number of fields than the header, an open quote, lines that end in CR
/// alone, text in UTF-16.
TextTable parse_csv(std::string_view text, std::string_view name);

/// One flat JSON object a line (empty lines do not count), or one array of such objects. NaN, Infinity and
/// -Infinity, which Python writes, become cells with these words. Throws Error for an empty text, what is no
/// object, or a table by columns ({"loss": {"0": 3.1}}, as pandas writes it).
TextTable parse_json_table(std::string_view text, std::string_view name);

/// JSON where the name ends in .jsonl, .ndjson or .json, else CSV.
TextTable parse_table(std::string_view text, std::string_view name);

}  // namespace ablate
