#include "store/database.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <thread>

#include "fixture.hpp"
#include "store/migrations.hpp"

namespace {

using namespace ablate;
using Mode = Database::Mode;

const int kNewest = known_migrations().back().to;

std::string error_of_open(const std::filesystem::path& path, Mode mode) {
  try {
    Database database(path, mode);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string old_version(const std::filesystem::path& path, int version) {
  return fmt::format(
      "{}: is a database of version {}; expected version {}; `ablate run SWEEP` or `ablate "
      "plan SWEEP --save` brings it up to date and keeps what is in it",
      path.string(), version, kNewest);
}

/// Makes what an ablate of version 4 made in an empty file, and says that it is of `version`; of the versions
/// before, the tests take away what they did not have.
void make_old(SQLite::Database& sqlite, int version) {
  sqlite.exec(read_file(ABLATE_SOURCE_DIR "/tests/store/schema_version_4.sql", 1 << 20));
  sqlite.exec(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", 0x41424c54, version));
}

std::int64_t ask(Database& database, const char* sql) {
  Query query(database, sql);
  return query.step() ? query.integer(0) : -1;
}

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
  BOOST_TEST(error_of_open(empty, Mode::read_only) == old_version(empty, 0));

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

BOOST_AUTO_TEST_CASE(a_newer_database_is_refused_by_version) {
  const Scratch folder;
  const auto file = folder.path / "a.db";
  {
    Database database(file, Mode::read_write);
    Query(database, "PRAGMA user_version = 7").run();
  }
  const std::string newer = fmt::format(
      "{}: is a database of version 7, made by a newer ablate; expected version {} or less; use "
      "a newer ablate, or another database: --db PATH",
      file.string(), kNewest);
  BOOST_TEST(error_of_open(file, Mode::read_write) == newer);
  BOOST_TEST(error_of_open(file, Mode::read_only) == newer);
}

BOOST_AUTO_TEST_CASE(an_older_database_is_migrated_in_one_transaction_or_not_at_all) {
  const Scratch folder;
  const auto file = folder.path / "a.db";
  SQLite::Database sqlite(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  const std::vector<Migration> steps = {{1, "CREATE TABLE a (x)"},
                                        {2, "ALTER TABLE a ADD COLUMN y; INSERT INTO a VALUES (1, 2)"},
                                        {3, "CREATE TABLE b (x); SELECT no_such_function()"}};
  const auto version = [&] { return sqlite.execAndGet("PRAGMA user_version").getInt(); };
  migrate(sqlite, file, std::span(steps).first(1));
  BOOST_TEST(version() == 1);
  BOOST_CHECK_THROW(migrate(sqlite, file, steps), SQLite::Exception);
  BOOST_TEST(version() == 1);
  BOOST_TEST(sqlite.execAndGet("SELECT count(*) FROM pragma_table_info('a')").getInt() == 1);
  migrate(sqlite, file, std::span(steps).first(2));
  BOOST_TEST(version() == 2);
  BOOST_TEST(sqlite.execAndGet("SELECT y FROM a").getInt() == 2);
  migrate(sqlite, file, std::span(steps).first(2));  // once only
  BOOST_TEST(sqlite.execAndGet("SELECT count(*) FROM a").getInt() == 1);
}

BOOST_AUTO_TEST_CASE(a_database_of_version_1_gets_its_table_of_data_sources_and_keeps_the_rest) {
  const Scratch folder;
  const auto file = folder.path / "a.db";
  {
    // Version 1 was the schema without that table.
    SQLite::Database old(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    make_old(old, 1);
    old.exec("DROP TABLE data_source; INSERT INTO metric_name (name) VALUES ('loss')");
    BOOST_TEST(old.execAndGet("PRAGMA user_version").getInt() == 1);
  }
  BOOST_TEST(error_of_open(file, Mode::read_only) == old_version(file, 1));
  {
    Database database(file, Mode::read_write);
    BOOST_TEST(ask(database, "PRAGMA user_version") == kNewest);
    Query(database, "INSERT INTO data_source (hash, path) VALUES ('aa', '/data')").run();
    BOOST_CHECK_THROW(Query(database, "INSERT INTO data_source VALUES ('bb', NULL)").run(), Error);
  }
  Database database(file, Mode::read_only);
  BOOST_TEST(ask(database, "SELECT count(*) FROM data_source") == 1);
  BOOST_TEST(ask(database, "SELECT count(*) FROM metric_name") == 1);

  // The table is the same in a new file.
  const auto layout = [](Database& of) {
    Query query(
        of, "SELECT group_concat(name || type || \"notnull\" || pk) FROM pragma_table_info('data_source')");
    return query.step() ? query.text(0) : std::string();
  };
  Database fresh(folder.path / "b.db", Mode::read_write);
  BOOST_TEST(layout(fresh) == layout(database));
  const char* strict = "SELECT strict + wr FROM pragma_table_list WHERE name = 'data_source'";
  BOOST_TEST(ask(fresh, strict) == 2);
  BOOST_TEST(ask(database, strict) == 2);
}

BOOST_AUTO_TEST_CASE(a_database_of_version_2_forgets_hashes_that_size_and_time_alone_stand_for) {
  const Scratch folder;
  const auto file = folder.path / "a.db";
  {
    SQLite::Database old(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    make_old(old, 2);
    old.exec(
        "DROP TABLE data_hash; DROP TABLE data_names;"
        "CREATE TABLE data_hash (path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,"
        " hash TEXT NOT NULL) STRICT, WITHOUT ROWID;"
        "INSERT INTO data_hash VALUES ('/data/a', 3, 4, 'aa');"
        "INSERT INTO metric_name (name) VALUES ('loss')");
    BOOST_TEST(old.execAndGet("PRAGMA user_version").getInt() == 2);
  }
  BOOST_TEST(error_of_open(file, Mode::read_only) == old_version(file, 2));
  Database database(file, Mode::read_write);
  BOOST_TEST(ask(database, "SELECT count(*) FROM data_hash") == 0);
  BOOST_TEST(ask(database, "SELECT count(*) FROM metric_name") == 1);
  Database fresh(folder.path / "b.db", Mode::read_write);
  for (const char* table : {"data_hash", "data_names"}) {
    const auto layout = [&](Database& of) {
      Query query(
          of,
          "SELECT (SELECT group_concat(name || type || \"notnull\" || pk) FROM pragma_table_info(?1)) ||"
          " (SELECT strict || wr FROM pragma_table_list WHERE name = ?1)",
          table);
      return query.step() ? query.text(0) : std::string();
    };
    BOOST_TEST(layout(fresh) == layout(database), table);
    BOOST_TEST(layout(fresh) != "");
  }
}

BOOST_AUTO_TEST_CASE(a_cancelled_job_of_an_older_database_is_the_users_and_one_example_has_no_error) {
  for (const int version : {2, 3}) {
    const Scratch folder;
    const auto file = folder.path / "a.db";
    {
      SQLite::Database old(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
      make_old(old, version);
      const auto insert = [&](const char* key, const char* state, int cancel) {
        old.exec(
            fmt::format("INSERT INTO job (key, stage, task, seed, parts, parents, steps, params, flops,"
                        " memory_bytes, state, cancel, created_at) VALUES ('{}', 'llm', '', 0, '[]', '[]',"
                        " 10, 1, 1, 1, '{}', {}, 0)",
                        key, state, cancel));
      };
      insert("a", "cancelled", 0);
      insert("b", "running", 1);
      insert("c", "waiting", 0);
      old.exec("INSERT INTO score_value VALUES (1, 'one', 0.5, 1, 0, 1), (1, 'two', 0.5, 2, 0, 1)");
    }
    Database database(file, Mode::read_write);
    BOOST_TEST(ask(database, "PRAGMA user_version") == kNewest);
    BOOST_TEST(ask(database, "SELECT sum(cancel = 1) FROM job WHERE key IN ('a', 'b')") == 2);
    BOOST_TEST(ask(database, "SELECT cancel FROM job WHERE key = 'c'") == 0);
    BOOST_TEST(ask(database, "SELECT count(*) FROM score_value WHERE name = 'one' AND stderr IS NULL") == 1);
    BOOST_TEST(ask(database, "SELECT count(*) FROM score_value WHERE name = 'two' AND stderr = 0") == 1);
  }
}

BOOST_AUTO_TEST_CASE(a_database_of_version_2_gets_queued_attempts_and_handles_and_keeps_all_rows) {
  for (const int version : {2, 3, 4}) {
    const Scratch folder;
    const auto file = folder.path / "a.db";
    {
      SQLite::Database old(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
      make_old(old, version);
      if (version == 2)
        old.exec(
            "DROP TABLE data_hash; DROP TABLE data_names;"
            "CREATE TABLE data_hash (path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,"
            " hash TEXT NOT NULL) STRICT, WITHOUT ROWID");
      old.exec(
          "INSERT INTO sweep VALUES (1, 's', '/s.toml', 'f', '[]', '{}', 1);"
          "INSERT INTO cell VALUES (1, 0, NULL, '{}'); INSERT INTO replicate VALUES (1, 0, 0, 5, '[1, 2]');"
          "INSERT INTO part VALUES (1, 'h', 'llm', '{\"width\":4}');"
          "INSERT INTO invocation VALUES (1, '[]', '/', 'h', 'u', 12, 'v', '', 0, 1, NULL)");
      const auto job = [&](int id, const char* state) {
        old.exec(
            fmt::format("INSERT INTO job VALUES ({}, 'key{}', 'llm', '', 5, '[1]', '[]', 10, 1, 2, 3e9, '{}',"
                        " 1, 2, 100)",
                        id, id, state));
      };
      job(1, "running");
      job(2, "failed");
      const auto attempt = [&](int job_id, const char* state, const char* device, const char* pid) {
        old.exec(fmt::format(
            "INSERT INTO attempt (job_id, number, invocation_id, state, device, threads, folder, pid, host,"
            " detail, resume_step, step, total_steps, last_word, checkpoint_step, checkpoint_path, "
            "started_at,"
            " last_event_at, ended_at, exit_code, signal, failure, message, journal_offset, journal_seq, "
            "repeated,"
            " missing, unknown, malformed, torn, late) VALUES ({}, 1, 1, '{}', '{}', 2, 'jobs/key{}/1', {}, "
            "'node',"
            " '{{\"pid\": 4711}}', 3, 4, 10, 'failed', 4, 'c', 6, 7, 8, 1, 9, 'data', 'm', 50, 51, 52, 53, "
            "54, 55,"
            " 56, 57)",
            job_id, state, device, job_id, pid));
      };
      attempt(1, "running", "cuda:1", "4711");
      attempt(2, "failed", "cpu", "NULL");
      old.exec("INSERT INTO score_value VALUES (2, 'accuracy', 0.5, 10, 0.1, 1)");
    }
    BOOST_TEST(error_of_open(file, Mode::read_only) == old_version(file, version));
    Database database(file, Mode::read_write);
    BOOST_TEST(ask(database, "PRAGMA user_version") == 5);
    BOOST_TEST(ask(database, "PRAGMA foreign_keys") == 1);
    BOOST_TEST(ask(database, "SELECT count(*) FROM pragma_foreign_key_check") == 0);
    const std::vector<AttemptRecord> open = load_open_attempts(database);
    BOOST_TEST_REQUIRE(open.size() == 1u);
    BOOST_TEST(open[0].handle == "4711");
    BOOST_TEST(open[0].placement.device() == "cuda:1");
    BOOST_TEST(open[0].placement.memory_bytes == 3e9);
    BOOST_TEST(open[0].placement.time_limit == 0);
    BOOST_TEST(open[0].journal.offset == 50);
    BOOST_TEST(open[0].late == 57);
    BOOST_TEST(get_attempt(database, 2).handle == "");
    BOOST_CHECK(get_job(database, "1").cancel == CancelReason::user);
    BOOST_TEST(get_job(database, "1").micro_batch_halvings == 2);
    BOOST_TEST(ask(database, "SELECT sum(pid) FROM attempts") == 2 * 4711);
    BOOST_TEST(
        ask(database, "SELECT count(*) FROM runs WHERE state = 'failed' AND scores LIKE '%accuracy%'") == 1);
    // What a new file has, name by name and column by column.
    Database fresh(folder.path / "b.db", Mode::read_write);
    const auto layout = [](Database& of) {
      Query query(
          of,
          "SELECT group_concat(x, char(10)) FROM (SELECT m.type || m.tbl_name || m.name || coalesce(("
          " SELECT group_concat(i.name || i.type || i.\"notnull\" || coalesce(i.dflt_value, '') || i.pk)"
          " FROM pragma_table_info(m.name) i), '') AS x FROM sqlite_schema m ORDER BY x)");
      return query.step() ? query.text(0) : std::string();
    };
    BOOST_TEST(layout(fresh) == layout(database));
    for (const char* sql :
         {"UPDATE job SET state = 'queued' WHERE id = 1", "UPDATE attempt SET state = 'queued' WHERE id = 1"})
      BOOST_TEST(Query(database, sql).run() == 1);
    BOOST_CHECK_THROW(Query(database, "UPDATE job SET state = 'started' WHERE id = 1").run(), Error);
    BOOST_CHECK_THROW(Query(database, "UPDATE attempt SET job_id = 99 WHERE id = 1").run(), Error);
  }
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
