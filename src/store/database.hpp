// The database file: opening, creating, migrating. schema.sql says what is in it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace ablate {

/// The file of a database that is given by some path: links are followed, so that two paths to one database
/// give one file, and one lock and folder of jobs beside it. Throws Error for what is there and is no file.
std::filesystem::path database_file(const std::filesystem::path& path);
/// Throws Error for a file that has another name, too (a hard link): what SQLite and `ablate run` keep beside
/// it would be beside one of its names.
void refuse_second_name(const std::filesystem::path& file);

/// A connection. WAL mode, foreign keys on, busy time-out 60 s; each writer's transaction is BEGIN IMMEDIATE,
/// so that a reader never delays a writer and no writer fails half-way. Not thread-safe: one connection a
/// thread, and none across fork(). Whatever SQLite refuses comes as Error with the file's path; only code
/// that steps statements of its own sees SQLite::Exception (query.hpp: Query, to_error).
class Database {
 public:
  enum class Mode {
    read_write,  ///< Creates the file and its folder, brings the schema up to date; many processes may do so
                 ///< at once.
    read_only,  ///< Changes nothing, whatever is asked. Throws Error when there is no database or its version
                ///< is another.
  };
  Database(const std::filesystem::path& path, Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::filesystem::path& path() const { return path_; }  ///< See database_file().
  /// The folder that attempts' folders are relative to: the one that holds the file.
  std::filesystem::path folder() const { return path_.parent_path(); }
  SQLite::Database& sqlite() { return *sqlite_; }
  /// A prepared statement, reset and with its bindings cleared; prepared once for each distinct text.
  SQLite::Statement& prepare(const char* sql);
  /// Moves what is committed from the -wal file into the file itself, as far as nobody reads what was before.
  void checkpoint();
  /// Changes whenever another connection has written (PRAGMA data_version).
  std::int64_t data_version();
  /// Ids of metric names that this connection has met: forgotten when a transaction rolls back.
  std::unordered_map<std::string, std::int64_t>& metric_names() { return metric_names_; }

 private:
  void open(Mode mode, bool existed);
  bool connect(int flags, const std::string& name);
  void refuse_torn_copy() const;

  struct Statements;
  std::filesystem::path path_;
  std::unique_ptr<SQLite::Database> sqlite_;
  std::unique_ptr<Statements> statements_;
  std::unordered_map<std::string, std::int64_t> metric_names_;
};

/// Several reads of one state of the database, for as long as it lives. Within another transaction it is part
/// of that one.
class ReadTransaction {
 public:
  explicit ReadTransaction(Database& database);
  ~ReadTransaction();
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

 private:
  Database& database_;
  bool begun_ = false;
};

/// One BEGIN IMMEDIATE transaction; rolls back when it is left without commit(). Transactions do not nest.
class WriteTransaction {
 public:
  explicit WriteTransaction(Database& database);
  ~WriteTransaction();  ///< Rolls back unless committed.
  WriteTransaction(const WriteTransaction&) = delete;
  WriteTransaction& operator=(const WriteTransaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool committed_ = false;
};

/// The database that `--db` or the environment names, else results/ablate.db below the working folder.
constexpr const char* kDefaultDatabase = "results/ablate.db";

}  // namespace ablate
