// One execution of an SQL statement: bind, step, read; errors come as Error with the database's path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/database.hpp"
#include "util/error.hpp"

namespace SQLite {
class Exception;
}

namespace ablate {

/// What SQLite complains about, as a user can mend it: "PATH: disk full".
Error to_error(Database& database, const SQLite::Exception& exception);

/// Uses the connection's cached statement of that text and resets it at its end, so that no read transaction
/// stays open. Two queries of the same text must not live at the same time.
class Query {
 public:
  template <typename... Values>
  Query(Database& database, const char* sql, const Values&... values) : Query(database, sql, Unbound{}) {
    bind(values...);
  }
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  /// Makes ready for another execution with other values: integers, real numbers (NaN is bound as NULL),
  /// text, optionals, nullptr.
  template <typename... Values>
  Query& bind(const Values&... values) {
    reset();
    int index = 0;
    (bind_at(++index, values), ...);
    return *this;
  }
  /// The next row; false after the last.
  bool step();
  /// To the end. Returns how many rows were written.
  std::int64_t run();

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;            ///< NaN for NULL.
  std::string_view view(int column) const;  ///< Valid until the next step; empty for NULL.
  std::string text(int column) const { return std::string(view(column)); }
  std::optional<std::int64_t> find_integer(int column) const;
  std::optional<double> find_real(int column) const;

 private:
  struct Unbound {};
  Query(Database& database, const char* sql, Unbound);
  void reset();
  void bind_at(int index, std::int64_t value);
  void bind_at(int index, int value) { bind_at(index, std::int64_t{value}); }
  void bind_at(int index, bool value) { bind_at(index, std::int64_t{value}); }
  void bind_at(int index, double value);
  void bind_at(int index, std::string_view value);
  void bind_at(int index, const std::string& value);
  void bind_at(int index, const char* value) { bind_at(index, std::string_view(value)); }
  void bind_at(int index, std::nullptr_t);
  template <typename T>
  void bind_at(int index, const std::optional<T>& value) {
    if (value)
      bind_at(index, *value);
    else
      bind_at(index, nullptr);
  }

  Database& database_;
  SQLite::Statement& statement_;
};

}  // namespace ablate
