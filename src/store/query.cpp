#include "store/query.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <cmath>
#include <limits>

namespace ablate {

Query::Query(Database& database, const char* sql, Unbound)
    : database_(database), statement_(database.prepare(sql)) {}

Query::~Query() { statement_.tryReset(); }

void Query::reset() { statement_.tryReset(); }

bool Query::step() {
  try {
    return statement_.executeStep();
  } catch (const SQLite::Exception& exception) {
    throw to_error(database_, exception);
  }
}

std::int64_t Query::run() {
  while (step()) {
  }
  return statement_.getChanges();
}

bool Query::is_null(int column) const { return statement_.isColumnNull(column); }

std::int64_t Query::integer(int column) const { return statement_.getColumn(column).getInt64(); }

double Query::real(int column) const {
  return is_null(column) ? std::numeric_limits<double>::quiet_NaN()
                         : statement_.getColumn(column).getDouble();
}

std::string_view Query::view(int column) const {
  const SQLite::Column value = statement_.getColumn(column);
  const char* const text = value.getText();
  return {text, static_cast<std::size_t>(value.getBytes())};
}

std::optional<std::int64_t> Query::find_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<double> Query::find_real(int column) const {
  if (is_null(column)) return std::nullopt;
  return real(column);
}

void Query::bind_at(int index, std::int64_t value) { statement_.bind(index, value); }

void Query::bind_at(int index, double value) {
  if (std::isnan(value))
    statement_.bind(index);
  else
    statement_.bind(index, value);
}

void Query::bind_at(int index, const std::string& value) { statement_.bind(index, value); }

void Query::bind_at(int index, std::string_view value) { statement_.bind(index, std::string(value)); }

void Query::bind_at(int index, std::nullptr_t) { statement_.bind(index); }

}  // namespace ablate
