// How a database file becomes one of this version.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "util/error.hpp"

namespace SQLite {
class Database;
}

namespace ablate {

/// SQL that makes a database of version `to` from one of the version before. The first one is for an empty
/// file alone, and makes the whole schema of today.
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

/// A database of another version than this program's.
struct VersionError : Error {
  VersionError(const std::string& what_found, const std::string& what_helps)
      : Error(what_found + "; " + what_helps), found(what_found), remedy(what_helps) {}
  std::string found, remedy;
};

/// Throws VersionError for any version but the last one that this program knows.
void check_version(int version, const std::filesystem::path& path);

/// Brings a database to the last of `migrations`, all in one transaction. Changes nothing when it is newer
/// than that, which throws VersionError, or a step fails.
void migrate(SQLite::Database& sqlite, const std::filesystem::path& path,
             std::span<const Migration> migrations);

}  // namespace ablate
