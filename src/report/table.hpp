// Tables: what stands in them, and how each format shows it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "report/format.hpp"

namespace ablate {

/// No value: null in JSON, empty in CSV.
struct Null {};
/// What CSV and JSON show: the cell's text, nothing, or a number in full precision. A number that is not
/// finite is null in JSON, and empty in CSV.
using CellValue = std::variant<std::monostate, Null, std::int64_t, double>;

/// One cell. The text formats show `text` and, after it, `mark`; a cell with a number is typeset as
/// mathematics in LaTeX.
struct TableCell {
  std::string text;
  CellValue value = {};
  std::string mark = {};  ///< "2 of 3", "1 failed": what the reader has to know beside the number.
  bool strong = false;    ///< `text` is bold in Markdown, LaTeX and HTML, and has a '*' before it in text.

  static TableCell null() { return {"", Null{}}; }
  static TableCell integer(std::int64_t value);  ///< With thousands separated by commas.
  static TableCell number(double value, std::string text);
  static TableCell number(double value);  ///< With six significant digits.
  /// For other programs: what is not finite stays so, as the text NaN, Infinity or -Infinity.
  static TableCell exact(double value);
};

enum class Align { left, right };

struct Column {
  std::string name;
  Align align = Align::left;
  bool wraps = false;  ///< Tells rows apart: long texts go on in a second line, as no two may look alike.
};

struct Table {
  std::string title;  ///< Above the table; empty: none.
  std::vector<Column> columns;
  std::vector<std::vector<TableCell>> rows;  ///< Each as long as `columns`.
  std::vector<std::string> notes;            ///< Below the table. CSV and JSON leave them and the title out.
};

/// The whole table, with a newline at its end. `width`: columns of the terminal; 0: no terminal. The text
/// format fits the table into it, or into kPageWidth, by breaking names of columns, texts that wrap and
/// marks, and, where some columns tell rows apart, by showing the others in several tables. On a terminal it
/// then shortens the widest texts, never numbers; elsewhere a table is as wide as it has to be. Notes are
/// broken, too.
std::string render(const Table& table, Format format, std::size_t width = 0);

}  // namespace ablate
