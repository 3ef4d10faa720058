#include "report/row_writers.hpp"

#include <fmt/format.h>

#include <cmath>

#include "util/json.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

void append_csv(std::string& line, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    line += text;
    return;
  }
  line += '"';
  for (const char c : text) {
    if (c == '"') line += '"';
    line += c;
  }
  line += '"';
}

std::string csv_value(const TableCell& cell) {
  if (const auto* whole = std::get_if<std::int64_t>(&cell.value)) return fmt::format("{}", *whole);
  if (const auto* real = std::get_if<double>(&cell.value)) return std::isfinite(*real) ? shortest(*real) : "";
  if (std::holds_alternative<Null>(cell.value)) return "";
  return cell.text;
}

std::string json_text(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string json_value(const TableCell& cell) {
  if (const auto* whole = std::get_if<std::int64_t>(&cell.value)) return fmt::format("{}", *whole);
  if (const auto* real = std::get_if<double>(&cell.value))
    return std::isfinite(*real) ? shortest(*real) : "null";
  if (std::holds_alternative<Null>(cell.value)) return "null";
  return json_text(cell.text);
}

}  // namespace

std::string csv_header(std::span<const Column> columns) {
  std::string line;
  for (const Column& column : columns) {
    if (&column != columns.data()) line += ',';
    append_csv(line, column.name);
  }
  return line + "\n";
}

std::string csv_row(std::span<const TableCell> row) {
  std::string line;
  for (const TableCell& cell : row) {
    if (&cell != row.data()) line += ',';
    append_csv(line, csv_value(cell));
  }
  return line + "\n";
}

std::string json_row(std::span<const Column> columns, std::span<const TableCell> row) {
  std::string line = "{";
  for (std::size_t i = 0; i < columns.size(); ++i)
    line += fmt::format("{}{}: {}", i == 0 ? "" : ", ", json_text(columns[i].name), json_value(row[i]));
  return line + "}";
}

}  // namespace ablate
