// The database file: opening, creating, migrating. schema.sql says what is in it.
#pragma once

#include <filesystem>
#include <memory>

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace ablate {

/// A connection. WAL mode, foreign keys on, busy time-out 60 s; each writer's transaction is BEGIN IMMEDIATE, so that a
/// reader never delays a writer and no writer fails half-way. Not thread-safe: one connection a thread.
class Database {
 public:
  enum class Mode {
    read_write,  ///< Creates the file and its folder, brings the schema up to date; many processes may do so at once.
    read_only,   ///< Writes nothing at all. Throws Error when there is no database or its version is another.
  };
  Database(const std::filesystem::path& path, Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// The folder that attempts' folders are relative to: the one that holds the file.
  std::filesystem::path folder() const { return path_.parent_path(); }
  SQLite::Database& sqlite() { return *sqlite_; }
  /// A prepared statement, reset and with its bindings cleared; prepared once for each distinct text.
  SQLite::Statement& prepare(const char* sql);
  /// Changes whenever another connection has written (PRAGMA data_version).
  std::int64_t data_version();

 private:
  struct Statements;
  std::filesystem::path path_;
  std::unique_ptr<SQLite::Database> sqlite_;
  std::unique_ptr<Statements> statements_;
};

/// Runs `body` in one BEGIN IMMEDIATE transaction; rolls back when it throws.
class WriteTransaction {
 public:
  explicit WriteTransaction(Database& database);
  ~WriteTransaction();  ///< Rolls back unless committed.
  void commit();

 private:
  Database& database_;
  bool committed_ = false;
};

/// The database that `--db` or the environment names, else results/ablate.db below the working folder.
constexpr const char* kDefaultDatabase = "results/ablate.db";

}  // namespace ablate
