#include "views/sql_rows.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <memory>

#include "store/query.hpp"
#include "store/reading_guard.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Prepared = std::unique_ptr<sqlite3_stmt, Finalize>;

const std::vector<std::string>& view_names() {
  static const std::vector<std::string> kViews = {"sweeps", "claims",   "added_seeds", "runs",  "sweep_jobs",
                                                  "jobs",   "attempts", "metrics",     "scores"};
  return kViews;
}

/// "SQL: no such table: rums", the line with a caret below its mistake, and what would be right.
Error sql_error(sqlite3* sqlite, const std::string& sql) {
  const std::string message = sqlite3_errmsg(sqlite);
  std::string text = "SQL: " + message;
  const int offset = sqlite3_error_offset(sqlite);
  if (offset >= 0 && static_cast<std::size_t>(offset) <= sql.size()) {
    const auto at = static_cast<std::size_t>(offset);
    const std::size_t begin = at == 0 ? 0 : sql.rfind('\n', at - 1) + 1;
    const std::size_t end = std::min(sql.find('\n', at), sql.size());
    const std::string before = one_line(sql.substr(begin, at - begin));
    text += fmt::format(" (at character {})\n  {}\n  {}^", at + 1, one_line(sql.substr(begin, end - begin)),
                        std::string(display_width(before), ' '));
  }
  constexpr std::string_view kNoTable = "no such table: ";
  if (message.starts_with(kNoTable)) {
    const auto near = nearest(message.substr(kNoTable.size()), view_names());
    text += near ? fmt::format("\ndid you mean '{}'?", *near) : "";
    text += fmt::format("{}the views are: {}", near ? " " : "\n", join(view_names(), ", "));
  }
  return Error(text);
}

bool is_blank(std::string_view rest) {
  // Comments are blank too: the tail of a statement is prepared to nothing.
  return rest.find_first_not_of(" \t\r\n;") == std::string_view::npos;
}

std::vector<Column> columns_of(sqlite3_stmt* statement) {
  std::vector<Column> columns;
  for (int i = 0; i < sqlite3_column_count(statement); ++i)
    columns.push_back({sqlite3_column_name(statement, i)});
  return columns;
}

std::string blob_text(const void* bytes, int size) {
  std::string text = "X'";
  for (int i = 0; i < size; ++i) text += fmt::format("{:02x}", static_cast<const unsigned char*>(bytes)[i]);
  return text + "'";
}

TableCell cell_of(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: {
      const std::int64_t number = sqlite3_column_int64(statement, column);
      return {fmt::format("{}", number), number};
    }
    case SQLITE_FLOAT:
      return TableCell::exact(sqlite3_column_double(statement, column));
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return {std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)))};
    }
    case SQLITE_BLOB: {
      const void* bytes = sqlite3_column_blob(statement, column);
      return {blob_text(bytes, sqlite3_column_bytes(statement, column))};
    }
    default:
      return TableCell::null();
  }
}

/// Writes all rows; false when a step failed.
bool write_rows(sqlite3_stmt* statement, Format format, const RowStream::Sink& sink, std::size_t width,
                std::int64_t& rows) {
  const int columns = sqlite3_column_count(statement);
  int result = sqlite3_step(statement);
  if (result != SQLITE_ROW && result != SQLITE_DONE) return false;
  RowStream stream(format, columns_of(statement), sink, width);
  for (; result == SQLITE_ROW; result = sqlite3_step(statement)) {
    std::vector<TableCell> row;
    for (int i = 0; i < columns; ++i) row.push_back(cell_of(statement, i));
    stream.add(std::move(row));
  }
  if (result != SQLITE_DONE) return false;
  stream.finish();
  rows = stream.rows();
  return true;
}

}  // namespace

std::int64_t write_user_query(Database& database, const std::string& sql, double seconds, Format format,
                              const RowStream::Sink& sink, std::size_t width) {
  sqlite3* sqlite = database.sqlite().getHandle();
  const ReadingGuard guard(sqlite, seconds);
  const auto fail = [&]() -> Error {
    if (!guard.refused().empty())
      return Error(fmt::format("query only reads; refused: {}", one_line(guard.refused())));
    if (guard.timed_out())
      return Error(
          fmt::format("the query took longer than {}; --timeout 0 lets it run", human_duration(seconds)));
    return sql_error(sqlite, sql);
  };
  const auto prepare = [&](const char* text, const char** tail) {
    sqlite3_stmt* raw = nullptr;
    const int result = sqlite3_prepare_v2(sqlite, text, -1, &raw, tail);
    Prepared statement(raw);
    if (result != SQLITE_OK) throw fail();
    return statement;
  };
  if (sql.find('\0') != std::string::npos) throw Error("SQL: a zero byte in the statement");
  const char* tail = nullptr;
  const Prepared statement = prepare(sql.c_str(), &tail);
  if (!statement)
    throw Error("SQL: there is no statement; for example: ablate query \"SELECT * FROM runs LIMIT 5\"");
  while (!is_blank(tail))
    if (prepare(tail, &tail)) throw Error("SQL: several statements; expected one");
  if (!sqlite3_stmt_readonly(statement.get()))
    throw Error("query only reads; refused: a statement that writes");
  std::int64_t rows = 0;
  if (!write_rows(statement.get(), format, sink, width, rows)) throw fail();
  return rows;
}

std::int64_t write_query(Database& database, const std::string& sql, std::optional<std::int64_t> sweep_id,
                         Format format, const RowStream::Sink& sink) {
  sqlite3* sqlite = database.sqlite().getHandle();
  sqlite3_stmt* raw = nullptr;
  sqlite3_prepare_v2(sqlite, sql.c_str(), -1, &raw, nullptr);
  const Prepared statement(raw);
  std::int64_t rows = 0;
  if (statement && sweep_id) sqlite3_bind_int64(raw, 1, *sweep_id);
  if (!statement || !write_rows(raw, format, sink, 0, rows))
    throw to_error(database, SQLite::Exception(sqlite));
  return rows;
}

}  // namespace ablate
