// How a database file becomes one of this version.
#pragma once

#include <filesystem>
#include <span>

namespace SQLite {
class Database;
}

namespace ablate {

/// SQL that makes a database of version `to` from one of the version before. The first makes the whole
/// schema.
struct Migration {
  int to;
  const char* sql;
};

/// What this program knows, oldest first. A change of the schema adds an entry and leaves the ones before it
/// alone.
std::span<const Migration> known_migrations();

/// The version (PRAGMA user_version) of a database; 0 for an empty file. Throws Error when the file is
/// another program's.
int get_version(SQLite::Database& sqlite, const std::filesystem::path& path);

/// Brings a database to the last of `migrations`, all in one transaction. Throws Error, and changes nothing,
/// when it is newer than that or a step fails.
void migrate(SQLite::Database& sqlite, const std::filesystem::path& path,
             std::span<const Migration> migrations);

}  // namespace ablate
