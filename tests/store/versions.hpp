// Databases as older programs left them.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <filesystem>
#include <string>

#include "store/database.hpp"
#include "store/migrations.hpp"
#include "store/query.hpp"
#include "util/file.hpp"

namespace ablate {

inline const int kNewest = known_migrations().back().to;

inline std::string error_of_open(const std::filesystem::path& path, Database::Mode mode) {
  try {
    Database database(path, mode);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

inline std::string old_version(const std::filesystem::path& path, int version) {
  return fmt::format(
      "{}: is a database of version {}; expected version {}; `ablate run SWEEP` or `ablate "
      "plan SWEEP --save` brings it up to date and keeps what is in it",
      path.string(), version, kNewest);
}

/// Makes what an ablate of version 4 made in an empty file, and says that it is of `version`; of the versions
/// before, the tests take away what they did not have.
inline void make_old(SQLite::Database& sqlite, int version) {
  sqlite.exec(read_file(ABLATE_SOURCE_DIR "/tests/store/schema_version_4.sql", 1 << 20));
  sqlite.exec(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", 0x41424c54, version));
}

inline std::int64_t ask(Database& database, const char* sql) {
  Query query(database, sql);
  return query.step() ? query.integer(0) : -1;
}

}  // namespace ablate
