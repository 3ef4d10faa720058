#include "store/database.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "store/migrations.hpp"
#include "store/query.hpp"
#include "util/file.hpp"

namespace ablate {

namespace {

constexpr int kBusySeconds = 60;

Error not_a_database(const std::filesystem::path& path) {
  return Error(fmt::format("{}: is not a database; expected one that ablate made", path.string()));
}

/// `handle`: of the connection that failed; null when none was made.
Error describe_failure(const std::filesystem::path& path, const SQLite::Exception& exception,
                       sqlite3* handle) {
  const int system = handle ? sqlite3_system_errno(handle) : errno;
  const auto with_reason = [&](std::string_view what) {
    return Error(
        fmt::format("{}: {}: {}", path.string(), what, system ? std::strerror(system) : exception.what()));
  };
  switch (exception.getErrorCode()) {
    case SQLITE_FULL:
      return Error(fmt::format("{}: disk full", path.string()));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error(
          fmt::format("{}: locked by another process for more than {} s", path.string(), kBusySeconds));
    case SQLITE_NOTADB:
      return not_a_database(path);
    case SQLITE_CORRUPT:
      return Error(fmt::format("{}: is damaged: {}", path.string(), exception.what()));
    case SQLITE_CANTOPEN:
      return with_reason("cannot be opened");
    case SQLITE_IOERR:
      if (system == ENOSPC || system == EDQUOT) return Error(fmt::format("{}: disk full", path.string()));
      return with_reason("cannot be read or written");
    default:
      return Error(fmt::format("{}: {}", path.string(), exception.what()));
  }
}

/// Errors that pass when many processes create one database: SQLite's busy time-out does not cover the change
/// to WAL mode.
bool is_passing(const SQLite::Exception& exception) {
  const int code = exception.getErrorCode();
  return code == SQLITE_BUSY || code == SQLITE_LOCKED || code == SQLITE_PROTOCOL;
}

/// In a read-only connection: no other file is opened or made, and the way out of `query_only` is shut.
int allow_reading(void*, int action, const char* name, const char* argument, const char*, const char*) {
  if (action == SQLITE_ATTACH || action == SQLITE_DETACH) return SQLITE_DENY;
  if (action == SQLITE_PRAGMA && argument)
    for (const char* setting : {"query_only", "journal_mode", "writable_schema", "locking_mode"})
      if (sqlite3_stricmp(name, setting) == 0) return SQLITE_DENY;
  return SQLITE_OK;
}

/// The file's name for a connection that makes no files beside it: for a folder that cannot be written.
std::string immutable_uri(const std::filesystem::path& path) {
  std::string uri = "file:";
  for (const char c : path.string())
    if (c == '%' || c == '?' || c == '#')
      uri += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    else
      uri += c;
  return uri + "?immutable=1";
}

}  // namespace

struct Database::Statements {
  std::unordered_map<std::string, SQLite::Statement> by_text;
};

std::filesystem::path database_file(const std::filesystem::path& path) {
  const std::filesystem::path file = real_path(path);
  std::error_code ignored;
  const auto status = std::filesystem::status(file, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    throw Error(
        fmt::format("{}: is {}; expected a database file", file.string(),
                    std::filesystem::is_directory(status) ? "a folder" : "no file but a device or pipe"));
  return file;
}

void refuse_second_name(const std::filesystem::path& file) {
  std::error_code failed;
  const auto names = std::filesystem::hard_link_count(file, failed);
  if (!failed && names > 1)
    throw Error(fmt::format(
        "{}: the file has {} names (hard links), and what is kept beside a database would be beside "
        "one of them; expected one: `cp` makes a copy with a name of its own",
        file.string(), names));
}

Database::Database(const std::filesystem::path& path, Mode mode)
    : path_(database_file(path)), statements_(std::make_unique<Statements>()) {
  if (mode == Mode::read_write) {
    make_directories(folder());
    refuse_second_name(path_);
  }
  std::error_code ignored;
  const auto status = std::filesystem::status(path_, ignored);
  if (mode == Mode::read_only && !std::filesystem::exists(status))
    throw Error(
        fmt::format("{}: there is no such file; expected a database that ablate made", path_.string()));

  if (!std::filesystem::exists(status) && ::access(folder().c_str(), W_OK) != 0)
    throw Error(fmt::format("{}: cannot be made in its folder: {}", path_.string(), std::strerror(errno)));

  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(kBusySeconds);
  for (int round = 0;; ++round) {
    errno = 0;
    try {
      open(mode, std::filesystem::exists(status));
      return;
    } catch (const SQLite::Exception& exception) {
      if (!is_passing(exception) || std::chrono::steady_clock::now() > deadline)
        throw describe_failure(path_, exception, sqlite_ ? sqlite_->getHandle() : nullptr);
    }
    // Different waits for different processes, so that they do not meet again.
    std::this_thread::sleep_for(std::chrono::microseconds(500 * (1 + round % 8) + ::getpid() % 16 * 100));
  }
}

Database::~Database() = default;

/// `existed`: the file, before this process looked for it.
void Database::open(Mode mode, bool existed) {
  const bool writing = mode == Mode::read_write;
  sqlite_.reset();
  std::error_code ignored;
  // SQLite itself takes a single byte for an empty file.
  if (std::filesystem::file_size(path_, ignored) == 1 && !ignored) throw not_a_database(path_);
  const bool had_wal = std::filesystem::exists(path_.string() + "-wal", ignored);  // SQLite makes it.
  // Read-only connections are opened for writing too, and then barred from it: SQLite's own read-only mode
  // leaves a -wal and a -shm file.
  if (!connect(SQLite::OPEN_READWRITE | (writing ? SQLite::OPEN_CREATE : 0), path_.string())) {
    if (writing)
      throw Error(fmt::format("{}: cannot be written; expected a file and folder that can", path_.string()));
    if (had_wal || !connect(SQLite::OPEN_READONLY | SQLite::OPEN_URI, immutable_uri(path_)))
      throw Error(fmt::format("{}: cannot be read: its folder cannot be written, and a writer left it open",
                              path_.string()));
  }
  if (!writing) {
    check_version(get_version(*sqlite_, path_), path_);
    sqlite_->exec("PRAGMA query_only = ON");
    sqlite3_set_authorizer(sqlite_->getHandle(), allow_reading, nullptr);
    return;
  }
  if (sqlite3_db_readonly(sqlite_->getHandle(), "main") == 1)
    throw Error(fmt::format("{}: cannot be written; expected a file and folder that can", path_.string()));
  const int version = get_version(*sqlite_, path_);  // before anything is changed: whose file is it?
  if (version == 0 && existed && !had_wal) refuse_torn_copy();
  sqlite_->exec("PRAGMA journal_mode = WAL");
  migrate(*sqlite_, path_, known_migrations());
  if (version != known_migrations().back().to) checkpoint();  // Else the file by itself would stay empty.
}

/// Throws Error for a file that is empty, as its log or its content is gone, beside the folder of somebody's
/// jobs: all that was finished would run again. Another process that is making the database at this moment is
/// waited for.
void Database::refuse_torn_copy() const {
  constexpr int kRounds = 40;
  constexpr std::chrono::milliseconds kRound(50);
  std::error_code failed;
  const std::filesystem::path jobs = folder() / "jobs";
  if (std::filesystem::is_empty(jobs, failed) || failed) return;
  for (int round = 0; round < kRounds; ++round) {
    std::this_thread::sleep_for(kRound);
    if (get_version(*sqlite_, path_) != 0) return;
  }
  throw Error(fmt::format(
      "{0}: is empty, though {1} beside it holds the work of jobs: was {2} left behind when it was copied? "
      "Copy that file, too, in which SQLite keeps what it has written last; to begin anew, remove {0}",
      path_.string(), jobs.string(), path_.filename().string() + "-wal"));
}

/// A passive checkpoint waits for nobody and has nobody wait. Without one the file stays as it was until
/// SQLite has written 1,000 pages or the last connection is closed, and a copy of the file alone, which
/// people make, lacks all of that. Where it fails, everything stays in the -wal file, where it is safe.
void Database::checkpoint() {
  sqlite3_wal_checkpoint_v2(sqlite_->getHandle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

/// False when SQLite cannot make its files in the folder.
bool Database::connect(int flags, const std::string& name) {
  sqlite_ = std::make_unique<SQLite::Database>(name, flags | SQLite::OPEN_NOMUTEX, kBusySeconds * 1000);
  try {
    sqlite_->exec(
        "PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536; PRAGMA "
        "temp_store = MEMORY");
    sqlite_->execAndGet("SELECT count(*) FROM sqlite_schema");
    return true;
  } catch (const SQLite::Exception& exception) {
    const int code = exception.getErrorCode();
    if (code == SQLITE_CANTOPEN || code == SQLITE_READONLY) return false;
    throw;
  }
}

SQLite::Statement& Database::prepare(const char* sql) {
  auto found = statements_->by_text.find(sql);
  try {
    if (found == statements_->by_text.end())
      found = statements_->by_text.emplace(sql, SQLite::Statement(*sqlite_, sql)).first;
    found->second.tryReset();
    found->second.clearBindings();
  } catch (const SQLite::Exception& exception) {
    throw to_error(*this, exception);
  }
  return found->second;
}

std::int64_t Database::data_version() {
  Query query(*this, "PRAGMA data_version");
  return query.step() ? query.integer(0) : 0;
}

Error to_error(Database& database, const SQLite::Exception& exception) {
  return describe_failure(database.path(), exception, database.sqlite().getHandle());
}

ReadTransaction::ReadTransaction(Database& database) : database_(database) {
  if (sqlite3_get_autocommit(database_.sqlite().getHandle()) == 0) return;
  Query(database_, "BEGIN").run();
  begun_ = true;
}

ReadTransaction::~ReadTransaction() {
  if (begun_) database_.sqlite().tryExec("ROLLBACK");
}

WriteTransaction::WriteTransaction(Database& database) : database_(database) {
  Query(database_, "BEGIN IMMEDIATE").run();
}

WriteTransaction::~WriteTransaction() {
  if (committed_) return;
  database_.sqlite().tryExec("ROLLBACK");  // fails where SQLite has rolled back by itself
  database_.metric_names().clear();
}

void WriteTransaction::commit() {
  Query(database_, "COMMIT").run();
  committed_ = true;
}

}  // namespace ablate
