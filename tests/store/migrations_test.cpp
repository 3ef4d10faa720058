#include "store/migrations.hpp"

#include <boost/test/unit_test.hpp>

#include "fixture.hpp"
#include "versions.hpp"

using namespace ablate;
using Mode = Database::Mode;

namespace {

/// A sweep whose first job runs and whose second one has failed: what databases of versions 2 to 4 held.
void insert_old_rows(SQLite::Database& old, int version) {
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
        " detail, resume_step, step, total_steps, last_word, checkpoint_step, checkpoint_path, started_at,"
        " last_event_at, ended_at, exit_code, signal, failure, message, journal_offset, journal_seq,"
        " repeated, missing, unknown, malformed, torn, late)"
        " VALUES ({}, 1, 1, '{}', '{}', 2, 'jobs/key{}/1', {}, 'node', '{{\"pid\": 4711}}', 3, 4, 10,"
        " 'failed', 4, 'c', 6, 7, 8, 1, 9, 'data', 'm', 50, 51, 52, 53, 54, 55, 56, 57)",
        job_id, state, device, job_id, pid));
  };
  attempt(1, "running", "cuda:1", "4711");
  attempt(2, "failed", "cpu", "NULL");
  old.exec("INSERT INTO score_value VALUES (2, 'accuracy', 0.5, 10, 0.1, 1)");
}

/// Name by name and column by column.
std::string layout_of(Database& database) {
  Query query(database,
              "SELECT group_concat(x, char(10)) FROM (SELECT m.type || m.tbl_name || m.name || coalesce(("
              " SELECT group_concat(i.name || i.type || i.\"notnull\" || coalesce(i.dflt_value, '') || i.pk)"
              " FROM pragma_table_xinfo(m.name) i), '') || CASE m.type WHEN 'view' THEN m.sql ELSE '' END AS "
              "x FROM sqlite_schema m ORDER BY x)");
  return query.step() ? query.text(0) : std::string();
}

}  // namespace

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
      insert_old_rows(old, version);
    }
    BOOST_TEST(error_of_open(file, Mode::read_only) == old_version(file, version));
    Database database(file, Mode::read_write);
    BOOST_TEST(ask(database, "PRAGMA user_version") == kNewest);
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
    // What a new file has.
    Database fresh(folder.path / "b.db", Mode::read_write);
    BOOST_TEST(layout_of(fresh) == layout_of(database));
    for (const char* sql :
         {"UPDATE job SET state = 'queued' WHERE id = 1", "UPDATE attempt SET state = 'queued' WHERE id = 1"})
      BOOST_TEST(Query(database, sql).run() == 1);
    BOOST_CHECK_THROW(Query(database, "UPDATE job SET state = 'started' WHERE id = 1").run(), Error);
    BOOST_CHECK_THROW(Query(database, "UPDATE attempt SET job_id = 99 WHERE id = 1").run(), Error);
  }
}
