// The rows of any SQL statement as rows of a table.
#pragma once

#include <cstdint>
#include <string>

#include "report/row_stream.hpp"
#include "store/database.hpp"

namespace ablate {

/// Runs one reading statement of a user and writes its rows. Throws Error with the place of a mistake, for
/// more than one statement, for a statement that is not reading, and when it takes longer than `seconds` (0:
/// any). Returns the count of rows.
std::int64_t write_user_query(Database& database, const std::string& sql, double seconds, Format format,
                              const RowStream::Sink& sink, std::size_t width);

/// The same for our own statement; `?1` is the sweep's id, or NULL.
std::int64_t write_query(Database& database, const std::string& sql, std::optional<std::int64_t> sweep_id,
                         Format format, const RowStream::Sink& sink);

}  // namespace ablate
