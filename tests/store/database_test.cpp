#include "store/database.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <thread>

#include "fixture.hpp"
#include "versions.hpp"

namespace {

using namespace ablate;
using Mode = Database::Mode;

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

/// An SQLite file that this project's code did not make.
void make_foreign(const std::filesystem::path& path, const char* sql) {
  SQLite::Database(path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec(sql);
}

/// Runs `body` in children that start at once; how many of them ended well.
template <typename Body>
int run_in_children(int count, Body body) {
  int gate[2];
  BOOST_REQUIRE(pipe(gate) == 0);
  for (int child = 0; child < count; ++child) {
    if (fork() != 0) continue;
    char byte;
    close(gate[1]);
    (void)!read(gate[0], &byte, 1);  // until the parent opens the gate
    int code = 1;
    try {
      body(child);
      code = 0;
    } catch (const std::exception& error) {
      fprintf(stderr, "child %d: %s\n", child, error.what());
    }
    _exit(code);
  }
  close(gate[0]);
  close(gate[1]);
  int well = 0, status = 0;
  for (int child = 0; child < count; ++child)
    if (wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) ++well;
  return well;
}

}  // namespace

BOOST_AUTO_TEST_CASE(sixteen_processes_that_open_a_fresh_database_at_once_all_succeed) {
  for (int round = 0; round < 4; ++round) {
    const Scratch folder;
    const auto file = folder.path / "results" / "ablate.db";
    if (round % 2 == 1) folder.write("results/jobs/key/1/journal.jsonl", "");  // Of another database.
    const int well = run_in_children(16, [&](int child) {
      Database database(file, Mode::read_write);
      const std::string word = std::to_string(child);
      begin_invocation(database, {{word}, "/", "host", "user", "1", "r"}, 1);
    });
    BOOST_TEST(well == 16);
    Database database(file, Mode::read_write);
    BOOST_TEST(ask(database, "SELECT count(DISTINCT command) FROM invocation") == 16);
    BOOST_TEST(ask(database, "PRAGMA user_version") == known_migrations().back().to);
    Query check(database, "PRAGMA integrity_check");
    BOOST_TEST(check.step());
    BOOST_TEST(check.text(0) == "ok");
  }
}

BOOST_AUTO_TEST_CASE(a_fresh_database_has_wal_foreign_keys_and_strict_tables) {
  const Scratch folder;
  Database database(folder.path / "a.db", Mode::read_write);
  Query mode(database, "PRAGMA journal_mode");
  BOOST_REQUIRE(mode.step());
  BOOST_TEST(mode.text(0) == "wal");
  BOOST_TEST(ask(database, "PRAGMA foreign_keys") == 1);
  BOOST_TEST(ask(database, "PRAGMA synchronous") == 1);  // NORMAL
  BOOST_TEST(ask(database, "PRAGMA busy_timeout") == 60000);
  BOOST_TEST(
      ask(database,
          "SELECT count(*) FROM pragma_table_list WHERE type = 'table' AND NOT strict AND name NOT LIKE"
          " 'sqlite_%'") == 0);
  BOOST_CHECK_THROW(Query(database, "INSERT INTO metric_name (name) VALUES (x'00')").run(), Error);
  BOOST_CHECK_THROW(Query(database, "INSERT INTO cell VALUES (99, 0, NULL, '{}')").run(), Error);
}

BOOST_AUTO_TEST_CASE(what_is_no_database_of_ours_is_refused_and_left_alone) {
  const Scratch folder;
  const auto file = folder.write("notes.txt", std::string(5000, 'x'));
  for (const Mode mode : {Mode::read_write, Mode::read_only}) {
    BOOST_TEST(error_of_open(file, mode) ==
               file.string() + ": is not a database; expected one that ablate made");
    BOOST_TEST(error_of_open(folder.path, mode) ==
               folder.path.string() + ": is a folder; expected a database file");
  }
  BOOST_TEST(std::filesystem::file_size(file) == 5000u);
  const auto foreign = folder.path / "foreign.db";
  make_foreign(foreign, "CREATE TABLE song (name)");
  BOOST_TEST(error_of_open(foreign, Mode::read_write) ==
             foreign.string() + ": is an SQLite database of another program; expected one that ablate made");
  BOOST_TEST(names_in(folder.path) == (std::vector<std::string>{"foreign.db", "notes.txt"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(all_paths_to_a_database_are_that_of_its_file) {
  const Scratch folder;
  const auto file = std::filesystem::canonical(folder.path) / "e" / "x.db";
  std::filesystem::create_directory(folder.path / "f");
  std::filesystem::create_symlink("../e/x.db", folder.path / "f" / "y.db");
  // Before there is a file, too: the first one makes it where the link leads.
  BOOST_TEST(database_file(folder.path / "f" / "y.db") == file);
  for (const char* path : {"f/y.db", "e/x.db", "f/../e/./x.db", "f/y.db"}) {
    const Database database(folder.path / path, Mode::read_write);
    BOOST_TEST(database.path() == file);
    BOOST_TEST(database.folder() == file.parent_path());
  }
  BOOST_TEST(names_in(folder.path / "f") == std::vector<std::string>{"y.db"},
             boost::test_tools::per_element());

  std::filesystem::create_hard_link(file, folder.path / "e" / "z.db");
  const std::string refusal = error_of_open(file, Mode::read_write);
  BOOST_TEST(refusal.starts_with(file.string() + ": the file has 2 names (hard links)"));
  BOOST_TEST(error_of_open(file, Mode::read_only) == "");
}

BOOST_AUTO_TEST_CASE(a_device_is_no_database) {
  for (const Mode mode : {Mode::read_write, Mode::read_only})
    BOOST_TEST(error_of_open("/dev/null", mode) ==
               "/dev/null: is no file but a device or pipe; expected a database file");
}

BOOST_AUTO_TEST_CASE(a_place_where_no_file_can_be_made_is_refused) {
  const Scratch folder;
  const auto file = folder.write("file", "text");
  BOOST_TEST(error_of_open(file / "ablate.db", Mode::read_write)
                 .starts_with(file.string() + ": folder cannot be made"));
  BOOST_TEST(error_of_open("/proc/ablate.db", Mode::read_write).starts_with("/proc/ablate.db: cannot be "));
}

BOOST_AUTO_TEST_CASE(reading_needs_a_database_and_makes_no_file) {
  const Scratch folder;
  const auto file = folder.path / "absent" / "a.db";
  BOOST_TEST(error_of_open(file, Mode::read_only) ==
             file.string() + ": there is no such file; expected a database that ablate made");
  BOOST_TEST(names_in(folder.path).empty());
  const auto empty = folder.write("empty.db", "");
  BOOST_TEST(error_of_open(empty, Mode::read_only)
                 .starts_with(empty.string() + ": is empty, or empty.db-wal was left behind when"));

  { Database database(folder.path / "a.db", Mode::read_write); }
  { Database database(folder.path / "a.db", Mode::read_only); }
  BOOST_TEST(names_in(folder.path) == (std::vector<std::string>{"a.db", "empty.db"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_read_only_connection_cannot_be_talked_into_writing) {
  const Scratch folder;
  { Database database(folder.path / "a.db", Mode::read_write); }
  Database database(folder.path / "a.db", Mode::read_only);
  const std::string other = (folder.path / "b.db").string();
  for (const std::string& sql :
       {std::string("DELETE FROM job"), std::string("PRAGMA query_only = OFF"),
        std::string("PRAGMA journal_mode = DELETE"), std::string("PRAGMA user_version = 7"),
        std::string("CREATE TABLE t (x)"), "ATTACH '" + other + "' AS b", "VACUUM INTO '" + other + "'"})
    BOOST_CHECK_THROW(Query(database, sql.c_str()).run(), Error);
  BOOST_TEST(!std::filesystem::exists(other));
  BOOST_TEST(ask(database, "SELECT count(*) FROM runs") == 0);
}

BOOST_AUTO_TEST_CASE(the_file_by_itself_has_the_schema_while_the_database_is_open) {
  const Scratch folder;
  const Database open(folder.path / "a.db", Mode::read_write);
  std::filesystem::copy_file(folder.path / "a.db", folder.path / "b.db");
  Database copy(folder.path / "b.db", Mode::read_only);
  BOOST_TEST(ask(copy, "SELECT count(*) FROM runs") == 0);
}

BOOST_AUTO_TEST_CASE(a_file_whose_log_was_left_behind_is_said_to_be_empty) {
  const Scratch folder;
  const auto file = folder.path / "a.db";
  make_foreign(file, "PRAGMA journal_mode = WAL");  // As it is while all that was written is in the log.
  BOOST_TEST(std::filesystem::file_size(file) > 0u);
  BOOST_TEST(error_of_open(file, Mode::read_only) ==
             file.string() +
                 ": is empty, or a.db-wal was left behind when it was copied; copy that file, too, in which "
                 "SQLite keeps what it has written last; a new database is filled by `ablate run SWEEP`");
  folder.write("jobs/key/1/journal.jsonl", "");
  BOOST_TEST(
      error_of_open(file, Mode::read_write) ==
      fmt::format("{0}: is empty, though {1} beside it holds the work of jobs: was a.db-wal left behind "
                  "when it was copied? Copy that file, too, in which SQLite keeps what it has written "
                  "last; to begin anew, remove {0}",
                  file.string(), (folder.path / "jobs").string()));
  // Nothing at all is left of another one.
  const auto nothing = folder.write("c.db", "");
  BOOST_TEST(
      error_of_open(nothing, Mode::read_write)
          .starts_with(fmt::format("{}: is empty, though {} beside it holds the work of jobs: was c.db-wal",
                                   nothing.string(), (folder.path / "jobs").string())));
  BOOST_TEST(std::filesystem::file_size(nothing) == 0u);
  // Without the work of jobs nothing is lost, and beside it a new database may be made.
  std::filesystem::remove_all(folder.path / "jobs");
  const Database made(file, Mode::read_write);
  folder.write("jobs/key/1/journal.jsonl", "");
  const Database other(folder.path / "b.db", Mode::read_write);
}

BOOST_AUTO_TEST_CASE(a_file_of_one_byte_is_not_empty) {
  const Scratch folder;
  const auto file = folder.write("a.db", "x");
  for (const Mode mode : {Mode::read_only, Mode::read_write})
    BOOST_TEST(error_of_open(file, mode) ==
               file.string() + ": is not a database; expected one that ablate made");
  BOOST_TEST(std::filesystem::file_size(file) == 1u);
}

BOOST_AUTO_TEST_CASE(a_newer_database_is_refused_by_version) {
  const Scratch folder;
  const auto file = folder.path / "a.db";
  {
    Database database(file, Mode::read_write);
    Query(database, fmt::format("PRAGMA user_version = {}", kNewest + 1).c_str()).run();
  }
  const std::string newer = fmt::format(
      "{}: is a database of version {}, made by a newer ablate; expected version {} or less; use "
      "a newer ablate, or another database: --db PATH",
      file.string(), kNewest + 1, kNewest);
  BOOST_TEST(error_of_open(file, Mode::read_write) == newer);
  BOOST_TEST(error_of_open(file, Mode::read_only) == newer);
}

BOOST_AUTO_TEST_CASE(a_transaction_that_is_left_is_rolled_back) {
  const Scratch folder;
  Database database(folder.path / "a.db", Mode::read_write);
  {
    WriteTransaction transaction(database);
    Query(database, "INSERT INTO metric_name (name) VALUES ('loss')").run();
    database.metric_names()["loss"] = 1;
  }
  BOOST_TEST(ask(database, "SELECT count(*) FROM metric_name") == 0);
  BOOST_TEST(database.metric_names().empty());
  {
    WriteTransaction transaction(database);
    Query(database, "INSERT INTO metric_name (name) VALUES ('loss')").run();
    transaction.commit();
  }
  BOOST_TEST(ask(database, "SELECT count(*) FROM metric_name") == 1);
}

BOOST_AUTO_TEST_CASE(a_reader_that_holds_a_transaction_delays_no_writer_and_sees_one_state) {
  const Scratch folder;
  Database writer(folder.path / "a.db", Mode::read_write);
  Database reader(folder.path / "a.db", Mode::read_only);
  {
    const ReadTransaction snapshot(reader);
    BOOST_TEST(ask(reader, "SELECT count(*) FROM metric_name") == 0);
    const std::int64_t before = reader.data_version();
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) {
      WriteTransaction transaction(writer);
      Query(writer, "INSERT INTO metric_name (name) VALUES (?)", fmt::format("metric {}", i)).run();
      transaction.commit();
    }
    BOOST_TEST((std::chrono::steady_clock::now() - start < std::chrono::seconds(2)));
    BOOST_TEST(ask(reader, "SELECT count(*) FROM metric_name") == 0);
    BOOST_TEST(reader.data_version() == before);
  }
  const std::int64_t between = reader.data_version();
  BOOST_TEST(ask(reader, "SELECT count(*) FROM metric_name") == 20);
  Query(writer, "INSERT INTO metric_name (name) VALUES ('another')").run();
  BOOST_TEST(reader.data_version() != between);
}

BOOST_AUTO_TEST_CASE(writers_take_turns) {
  const Scratch folder;
  const auto file = folder.path / "a.db";
  { Database database(file, Mode::read_write); }
  const int well = run_in_children(4, [&](int child) {
    Database database(file, Mode::read_write);
    for (int i = 0; i < 25; ++i) {
      WriteTransaction transaction(database);
      Query(database, "INSERT INTO metric_name (name) VALUES (?)", fmt::format("{} {}", child, i)).run();
      transaction.commit();
    }
  });
  BOOST_TEST(well == 4);
  Database database(file, Mode::read_write);
  BOOST_TEST(ask(database, "SELECT count(*) FROM metric_name") == 100);
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_told_as_such_and_leaves_the_database_whole) {
  const Scratch folder;
  Database database(folder.path / "a.db", Mode::read_write);
  Query(database, fmt::format("PRAGMA max_page_count = {}", ask(database, "PRAGMA page_count") + 5).c_str())
      .run();
  std::string message;
  try {
    WriteTransaction transaction(database);
    for (int i = 0; i < 1000; ++i)
      Query(database, "INSERT INTO metric_name (name) VALUES (?)", std::string(1000, 'a') + std::to_string(i))
          .run();
    transaction.commit();
  } catch (const Error& error) {
    message = error.what();
  }
  BOOST_TEST(message == (folder.path / "a.db").string() + ": disk full");
  BOOST_TEST(ask(database, "SELECT count(*) FROM metric_name") == 0);
  Query(database, "INSERT INTO metric_name (name) VALUES ('small')").run();
  Query check(database, "PRAGMA integrity_check");
  BOOST_REQUIRE(check.step());
  BOOST_TEST(check.text(0) == "ok");
}

BOOST_AUTO_TEST_CASE(wrong_sql_is_an_error_with_the_path) {
  const Scratch folder;
  Database database(folder.path / "a.db", Mode::read_write);
  const auto names_path = [&](const Error& error) {
    return std::string(error.what()) == database.path().string() + ": no such table: song";
  };
  BOOST_CHECK_EXCEPTION(Query(database, "SELECT * FROM song"), Error, names_path);
}
