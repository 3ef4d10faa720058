#include "store/migrations.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include "util/error.hpp"

namespace ablate {

namespace {

constexpr const char kSchema[] =
#include "store/schema.sql.inc"
    ;

constexpr const char kMigration5[] =
#include "store/migration_5.sql.inc"
    ;

constexpr const char kMigration6[] =
#include "store/migration_6.sql.inc"
    ;

constexpr const char kMigration7[] =
#include "store/migration_7.sql.inc"
    ;

constexpr const char kMigration8[] =
#include "store/migration_8.sql.inc"
    ;

constexpr const char kMigration9[] =
#include "store/migration_9.sql.inc"
    ;

constexpr const char kMigration10[] =
#include "store/migration_10.sql.inc"
    ;

/// PRAGMA application_id of our files: "ABLT".
constexpr int kApplicationId = 0x41424c54;

}  // namespace

std::span<const Migration> known_migrations() {
  static constexpr Migration kMigrations[] = {
      {1, kSchema},
      {2,
       "CREATE TABLE IF NOT EXISTS data_source (hash TEXT PRIMARY KEY, path TEXT NOT NULL)"
       " STRICT, WITHOUT ROWID"},
      // What was remembered of files by size and time alone may be another file's.
      {3,
       "DROP TABLE data_hash;"
       "CREATE TABLE data_hash (path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,"
       " ctime_ns INTEGER NOT NULL, inode INTEGER NOT NULL, hash TEXT NOT NULL) STRICT, WITHOUT ROWID;"
       "CREATE TABLE IF NOT EXISTS data_names (hash TEXT PRIMARY KEY, version INTEGER NOT NULL,"
       " names TEXT NOT NULL) STRICT"},
      // A cancelled job keeps who had it cancelled. Of older ones nobody knows: they count as the user's,
      // which nothing starts again by itself.
      // And one example has no standard error: older evaluations wrote 0.
      {4,
       "UPDATE job SET cancel = 1 WHERE state = 'cancelled';"
       "UPDATE score_value SET stderr = NULL WHERE n = 1"},
      {5, kMigration5},
      {6, kMigration6},
      {7, kMigration7},
      {8, kMigration8},
      {9, kMigration9},
      {10, kMigration10},
  };
  return kMigrations;
}

int get_version(SQLite::Database& sqlite, const std::filesystem::path& path) {
  // One statement, so that it sees one state: another process may be making the schema at this moment.
  SQLite::Statement query(sqlite,
                          "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)"
                          " FROM pragma_application_id, pragma_user_version");
  query.executeStep();
  const int application = query.getColumn(0).getInt(), version = query.getColumn(1).getInt();
  const bool empty = query.getColumn(2).getInt() == 0;
  if (application == kApplicationId || (empty && application == 0 && version == 0)) return version;
  throw Error(fmt::format("{}: is an SQLite database of another program; expected one that ablate made",
                          path.string()));
}

namespace {

int check_not_newer(int version, const std::filesystem::path& path, int known) {
  if (version > known)
    throw VersionError(
        fmt::format("{}: is a database of version {}, made by a newer ablate; expected version {} or less",
                    path.string(), version, known),
        "use a newer ablate, or another database: --db PATH");
  return version;
}

/// Lets a table be made anew that others refer to. The setting cannot be changed within a transaction.
class WithoutForeignKeys {
 public:
  explicit WithoutForeignKeys(SQLite::Database& sqlite)
      : sqlite_(sqlite), checked_(sqlite.execAndGet("PRAGMA foreign_keys").getInt() != 0) {
    sqlite_.exec("PRAGMA foreign_keys = OFF");
  }
  ~WithoutForeignKeys() {
    if (checked_) sqlite_.tryExec("PRAGMA foreign_keys = ON");
  }
  WithoutForeignKeys(const WithoutForeignKeys&) = delete;
  WithoutForeignKeys& operator=(const WithoutForeignKeys&) = delete;

 private:
  SQLite::Database& sqlite_;
  const bool checked_;
};

}  // namespace

void check_version(int version, const std::filesystem::path& path) {
  const int known = known_migrations().back().to;
  if (check_not_newer(version, path, known) == known) return;
  if (version == 0)
    throw VersionError(
        fmt::format("{}: is empty, or {}-wal was left behind when it was copied", path.string(),
                    path.filename().string()),
        "copy that file, too, in which SQLite keeps what it has written last; a new database is filled by "
        "`ablate run SWEEP`");
  throw VersionError(
      fmt::format("{}: is a database of version {}; expected version {}", path.string(), version, known),
      "`ablate run SWEEP` or `ablate plan SWEEP --save` brings it up to date and keeps what is in it");
}

void migrate(SQLite::Database& sqlite, const std::filesystem::path& path,
             std::span<const Migration> migrations) {
  const int known = migrations.back().to;
  if (check_not_newer(get_version(sqlite, path), path, known) == known) return;

  const WithoutForeignKeys unchecked(sqlite);
  SQLite::Transaction transaction(sqlite, SQLite::TransactionBehavior::IMMEDIATE);
  // Another process may have been first.
  const int version = check_not_newer(get_version(sqlite, path), path, known);
  if (version == 0) sqlite.exec(migrations.front().sql);
  for (const Migration& migration : migrations.subspan(1))
    if (version > 0 && migration.to > version) sqlite.exec(migration.sql);
  sqlite.exec(fmt::format("PRAGMA application_id = {}", kApplicationId));
  sqlite.exec(fmt::format("PRAGMA user_version = {}", known));
  transaction.commit();
}

}  // namespace ablate
