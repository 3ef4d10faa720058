#include "store/intake.hpp"

#include <cmath>
#include <limits>

#include "fixture.hpp"

using namespace ablate;

namespace {

struct Running : Store {
  AttemptRecord attempt = begin(2);
  Lines lines;
  IntakeResult take(bool ended = false) { return take_in(database, attempt, ended); }
};

/// Forgets what this process knows: what a scheduler that starts again does.
AttemptRecord reloaded(Database& database, const AttemptRecord& attempt) {
  return get_attempt(database, attempt.id);
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_journal_becomes_points_scores_and_the_attempts_row, Running) {
  append(attempt, {lines.started(1), lines.metric(10, 2.5), lines.metric(20, 1.5),
                   lines.metric(20, 0.1, "lr"), lines.checkpoint(20), lines.score("caption", 0.75)});
  const IntakeResult result = take();
  BOOST_TEST(result.events == 6);
  BOOST_TEST(result.metrics == 3);
  BOOST_TEST(!result.more);
  BOOST_TEST(!result.finished);
  BOOST_CHECK(!result.failure);
  BOOST_TEST(result.step == 20);
  BOOST_TEST(result.total_steps == 1000);
  BOOST_TEST(result.last_event_at == 1006.0);
  BOOST_TEST(result.journal_bytes == attempt.journal.offset);
  BOOST_TEST(curve(2, "loss") == "10:2.5 20:1.5");
  BOOST_TEST(summary(2, "loss") == "2 20 1.5 1.5 2.5");
  BOOST_TEST(summary(2, "lr") == "1 20 0.1 0.1 0.1");
  BOOST_TEST(count("SELECT count(*) FROM score_value WHERE job_id = 2 AND name = 'caption' AND value = 0.75 "
                   "AND n = 100"
                   " AND stderr = 0.1 AND attempt = 1") == 1);
  const AttemptRecord stored = reloaded(database, attempt);
  BOOST_TEST(stored.handle == "4711");
  BOOST_TEST(count("SELECT pid FROM attempts") == 42);  // In its own words.
  BOOST_TEST(stored.host == "node1");
  BOOST_TEST(stored.step == 20);
  BOOST_TEST(stored.checkpoint_step.value() == 20);
  BOOST_TEST(stored.checkpoint_path == "checkpoint-20");
  BOOST_TEST(stored.journal.last_seq == 6);
  BOOST_TEST(stored.journal.offset == attempt.journal.offset);
  BOOST_TEST(text("SELECT json_extract(detail, '$.torch') FROM attempt") == "2.5");
}

BOOST_FIXTURE_TEST_CASE(a_call_with_nothing_new_writes_nothing, Running) {
  BOOST_TEST(take().events == 0);
  append(attempt, {lines.started(1), lines.metric(10, 2.5)});
  take();
  const std::int64_t before = count("SELECT total_changes()");
  const IntakeResult again = take();
  BOOST_TEST(again.events == 0);
  BOOST_TEST(again.step == 10);
  append(attempt, {lines.metric(20, 2).substr(0, 15)});
  BOOST_TEST(take().events == 0);
  BOOST_TEST(count("SELECT total_changes()") == before);
}

BOOST_FIXTURE_TEST_CASE(the_end_is_known_also_to_a_scheduler_that_starts_again, Running) {
  append(attempt, {lines.started(1), lines.metric(10, 2.5), lines.finished(1000)});
  BOOST_TEST(take().finished);
  AttemptRecord again = reloaded(database, attempt);
  const IntakeResult result = take_in(database, again, true);
  BOOST_TEST(result.finished);
  BOOST_TEST(result.events == 0);
  BOOST_TEST(result.total_steps == 1000);
  BOOST_CHECK(job(2).state == JobState::running);  // only end_attempt changes states
  BOOST_TEST(
      text("SELECT json_extract(detail, '$.seconds') || json_extract(detail, '$.host') FROM attempt") ==
      "12.5node1");
}

BOOST_FIXTURE_TEST_CASE(a_failure_comes_with_its_kind_and_message, Running) {
  append(attempt, {lines.started(1), lines.failed(FailureKind::out_of_memory, "no room")});
  BOOST_CHECK(take().failure == FailureKind::out_of_memory);
  AttemptRecord again = reloaded(database, attempt);
  const IntakeResult result = take_in(database, again, true);
  BOOST_CHECK(result.failure == FailureKind::out_of_memory);
  BOOST_TEST(result.message == "no room");
}

BOOST_FIXTURE_TEST_CASE(a_resumed_attempt_rewinds_the_curves_and_doubles_no_point, Running) {
  append(attempt, {lines.started(1), lines.metric(0, 9), lines.metric(10, 5), lines.checkpoint(10),
                   lines.metric(20, 1), lines.metric(20, 0.5, "late"), lines.metric(30, 8)});
  take(true);
  BOOST_TEST(summary(2, "loss") == "4 30 8 1 9");
  std::ofstream(path / "results" / attempt.folder / "checkpoint-10") << "x";
  end(attempt, AttemptState::lost, JobState::waiting);

  AttemptRecord second = begin(2);
  BOOST_TEST(second.resume_step == 10);
  Lines more;
  append(second, {more.started(2, 10)});
  take_in(database, second, false);
  BOOST_TEST(curve(2, "loss") == "0:9 10:5");
  BOOST_TEST(summary(2, "loss") == "2 10 5 5 9");
  BOOST_TEST(curve(2, "late") == "");
  BOOST_TEST(summary(2, "late") == "none");
  append(second, {more.metric(20, 4), more.metric(30, 3)});
  take_in(database, second, false);
  BOOST_TEST(curve(2, "loss") == "0:9 10:5 20:4 30:3");
  BOOST_TEST(summary(2, "loss") == "4 30 3 3 9");
  BOOST_TEST(count("SELECT count(*) FROM metric_point WHERE attempt = 2") == 2);
}

BOOST_FIXTURE_TEST_CASE(an_attempt_from_scratch_removes_all_points_and_scores, Running) {
  append(attempt, {lines.started(1), lines.metric(0, 9), lines.metric(10, 5), lines.score("caption", 0.5)});
  take(true);
  end(attempt, AttemptState::lost, JobState::waiting);
  AttemptRecord second = begin(2);
  Lines more;
  append(second, {more.started(2, 0), more.metric(5, 7)});
  take_in(database, second, false);
  BOOST_TEST(curve(2, "loss") == "5:7");
  BOOST_TEST(summary(2, "loss") == "1 5 7 7 7");
  BOOST_TEST(count("SELECT count(*) FROM score_value") == 0);
}

BOOST_FIXTURE_TEST_CASE(starting_again_within_one_journal_rewinds_too, Running) {
  append(attempt, {lines.started(1), lines.metric(10, 5), lines.metric(20, 1), lines.metric(30, 8),
                   lines.finished(30), lines.started(1, 20), lines.metric(25, 3)});
  const IntakeResult result = take();
  BOOST_TEST(!result.finished);
  BOOST_TEST(curve(2, "loss") == "10:5 20:1 25:3");
  BOOST_TEST(summary(2, "loss") == "3 25 3 1 5");
}

BOOST_FIXTURE_TEST_CASE(a_step_told_twice_counts_once_and_the_later_value_stands, Running) {
  append(attempt, {lines.started(1), lines.metric(10, 5), lines.metric(20, 1), lines.metric(20, 4),
                   lines.metric(10, 6)});
  take();
  BOOST_TEST(curve(2, "loss") == "10:6 20:4");
  BOOST_TEST(summary(2, "loss") == "2 20 4 4 6");
  append(attempt, {lines.metric(15, 9), lines.metric(30, 2)});
  take();
  BOOST_TEST(curve(2, "loss") == "10:6 15:9 20:4 30:2");
  BOOST_TEST(summary(2, "loss") == "4 30 2 2 9");
  append(attempt, {lines.score("caption", 0.1), lines.score("caption", 0.2)});
  take();
  BOOST_TEST(count("SELECT count(*) FROM score_value WHERE value = 0.2") == 1);
  BOOST_TEST(count("SELECT count(*) FROM score_value") == 1);
}

BOOST_FIXTURE_TEST_CASE(a_late_line_of_an_attempt_that_was_given_up_gives_no_rows, Running) {
  append(attempt, {lines.started(1), lines.metric(10, 5)});
  take();
  end(attempt, AttemptState::lost, JobState::waiting);
  AttemptRecord second = begin(2);
  Lines more;
  append(second, {more.started(2), more.metric(10, 7)});
  take_in(database, second, false);
  append(attempt, {lines.metric(20, 1), lines.checkpoint(20), lines.score("caption", 1), lines.finished(20)});
  const IntakeResult late = take();
  BOOST_TEST(late.events == 4);
  BOOST_TEST(late.metrics == 0);
  BOOST_TEST(!late.finished);
  BOOST_TEST(curve(2, "loss") == "10:7");
  BOOST_TEST(count("SELECT count(*) FROM score_value") == 0);
  const AttemptRecord stored = reloaded(database, attempt);
  BOOST_TEST(stored.late == 4);
  BOOST_CHECK(!stored.checkpoint_step);
  BOOST_TEST(take().events == 0);
  BOOST_TEST(reloaded(database, attempt).late == 4);
}

BOOST_FIXTURE_TEST_CASE(faults_are_counted_in_the_attempts_row, Running) {
  const std::string first = lines.started(1), second = lines.metric(10, 5);
  lines.metric(20, 4);  // never written
  append(attempt, {first, second, second, "garbage\n", lines.metric(30, 3)});
  ++lines.seq;
  append(attempt, {fmt::format("{{\"seq\":{},\"time\":1,\"event\":\"song\"}}\n", lines.seq)});
  append(attempt, {lines.metric(40, 2).substr(0, 30)});
  take(true);
  const AttemptRecord stored = reloaded(database, attempt);
  BOOST_TEST(stored.faults.repeated == 1);
  BOOST_TEST(stored.faults.missing == 1);
  BOOST_TEST(stored.faults.malformed == 1);
  BOOST_TEST(stored.faults.unknown == 1);
  BOOST_TEST(stored.faults.torn == 1);
  BOOST_TEST(curve(2, "loss") == "10:5 30:3");
  BOOST_TEST(text("SELECT repeated || missing || unknown || malformed || torn || late FROM attempts") ==
             "111110");
}

BOOST_FIXTURE_TEST_CASE(a_journal_that_claims_another_attempts_number_is_followed_and_counted, Running) {
  append(attempt, {lines.started(7), lines.metric(10, 5)});
  take();
  BOOST_TEST(reloaded(database, attempt).faults.malformed == 1);
  BOOST_TEST(count("SELECT attempt FROM metric_point") == 1);
}

BOOST_FIXTURE_TEST_CASE(values_that_are_not_finite_are_kept, Running) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  append(attempt, {lines.started(1), lines.metric(10, std::nan(""))});
  take();
  BOOST_TEST(summary(2, "loss") == "1 10 nan nan nan");
  append(attempt, {lines.metric(20, 3), lines.metric(30, kInfinity), lines.metric(40, -kInfinity, "lr"),
                   lines.metric(50, std::nan(""))});
  take();
  BOOST_TEST(curve(2, "loss") == "10:nan 20:3 30:inf 50:nan");
  BOOST_TEST(summary(2, "loss") == "4 50 nan 3 inf");
  BOOST_TEST(summary(2, "lr") == "1 40 -inf -inf -inf");
  BOOST_TEST(count("SELECT count(*) FROM metric_point WHERE value IS NULL") == 2);
  append(attempt, {lines.score("caption", std::nan(""))});
  take();
  BOOST_TEST(count("SELECT count(*) FROM score_value WHERE value IS NULL") == 1);
}

BOOST_FIXTURE_TEST_CASE(rows_and_offset_move_together_or_not_at_all, Running) {
  append(attempt, {lines.started(1), lines.metric(10, 5), lines.metric(20, 4, "fresh")});
  Query(database,
        "CREATE TEMP TRIGGER stop BEFORE INSERT ON metric_point WHEN NEW.step = 20"
        " BEGIN SELECT raise(ABORT, 'stopped'); END")
      .run();
  for (int i = 0; i < 3; ++i) BOOST_CHECK_THROW(take(), Error);
  BOOST_TEST(attempt.journal.offset == 0);
  BOOST_TEST(reloaded(database, attempt).journal.offset == 0);
  BOOST_TEST(count("SELECT count(*) FROM metric_point") == 0);
  BOOST_TEST(count("SELECT count(*) FROM metric_name") == 0);
  Query(database, "DROP TRIGGER stop").run();
  BOOST_TEST(take().metrics == 2);
  BOOST_TEST(curve(2, "loss") == "10:5");
  BOOST_TEST(curve(2, "fresh") == "20:4");
}

BOOST_FIXTURE_TEST_CASE(two_readers_of_one_journal_count_each_line_once, Running) {
  Database other(database.path(), Database::Mode::read_write);
  AttemptRecord stale = attempt;
  append(attempt, {lines.started(1), lines.metric(10, 5)});
  take();
  append(attempt, {lines.metric(20, 4)});
  const IntakeResult result = take_in(other, stale, false);
  BOOST_TEST(result.events == 1);
  BOOST_TEST(stale.faults.repeated == 0);
  BOOST_TEST(take().events == 0);
  BOOST_TEST(curve(2, "loss") == "10:5 20:4");
}

BOOST_FIXTURE_TEST_CASE(a_long_journal_is_taken_in_by_several_calls, Running) {
  std::string text = lines.started(1);
  for (int step = 1; step <= 60'000; ++step) text += lines.metric(step, 1.0 / step);
  append(attempt, {text});
  std::int64_t calls = 0, metrics = 0;
  IntakeResult result;
  do {
    result = take();
    metrics += result.metrics;
    ++calls;
  } while (result.more);
  BOOST_TEST(calls > 1);
  BOOST_TEST(metrics == 60'000);
  BOOST_TEST(summary(2, "loss") == fmt::format("60000 60000 {} {} 1", 1.0 / 60'000, 1.0 / 60'000));
  BOOST_TEST(text.size() == static_cast<std::size_t>(attempt.journal.offset));
  Query check(database, "PRAGMA integrity_check");
  BOOST_REQUIRE(check.step());
  BOOST_TEST(check.text(0) == "ok");
}
