#include "fixture.hpp"

using namespace ablate;

BOOST_FIXTURE_TEST_CASE(an_attempt_is_written_down_before_it_starts, Store) {
  const AttemptRecord attempt = begin(2, 1000, "cuda:0");
  BOOST_TEST(attempt.number == 1);
  BOOST_CHECK(attempt.state == AttemptState::running);
  BOOST_TEST(attempt.folder == "jobs/" + job(2).key + "/1");
  BOOST_TEST(attempt.device == "cuda:0");
  BOOST_TEST(attempt.threads == 2);
  BOOST_TEST(attempt.resume_step == 0);
  BOOST_TEST(attempt.started_at == 1000.0);
  BOOST_CHECK(!attempt.pid);
  BOOST_CHECK(!attempt.ended_at);
  BOOST_CHECK(job(2).state == JobState::running);
  set_attempt_pid(database, attempt.id, 4711);
  const auto running = load_running_attempts(database);
  BOOST_REQUIRE(running.size() == 1u);
  BOOST_TEST(running[0].pid.value() == 4711);
  BOOST_CHECK(!begin_attempt(database, job(2), invocation, "cpu", 1, 1));  // it runs already
}

BOOST_FIXTURE_TEST_CASE(an_attempt_ends_once, Store) {
  const AttemptRecord attempt = begin(2);
  AttemptEnd ending;
  ending.state = AttemptState::failed;
  ending.job_state = JobState::waiting;
  ending.exit = ExitStatus{std::nullopt, 9};
  ending.failure = "out-of-memory";
  ending.message = "killed";
  ending.halve_micro_batch = true;
  BOOST_TEST(end_attempt(database, attempt.id, ending, 1010));
  const AttemptRecord ended = get_attempt(database, attempt.id);
  BOOST_CHECK(ended.state == AttemptState::failed);
  BOOST_TEST(ended.ended_at.value() == 1010.0);
  BOOST_TEST(ended.signal.value() == 9);
  BOOST_CHECK(!ended.exit_code);
  BOOST_TEST(ended.failure == "out-of-memory");
  BOOST_TEST(ended.message == "killed");
  BOOST_CHECK(job(2).state == JobState::waiting);
  BOOST_TEST(job(2).micro_batch_halvings == 1);
  // The next attempt runs; the first can end no more, nor touch the job.
  begin(2);
  BOOST_TEST(!end_attempt(database, attempt.id, ending, 1020));
  BOOST_CHECK(job(2).state == JobState::running);
  BOOST_TEST(get_attempt(database, attempt.id).ended_at.value() == 1010.0);
  BOOST_TEST(load_attempts(database, 2).size() == 2u);
  BOOST_TEST(load_running_attempts(database).size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(an_attempt_resumes_from_the_checkpoint_of_the_highest_attempt_that_left_one, Store) {
  const auto run_to = [&](std::optional<std::int64_t> checkpoint) {
    AttemptRecord attempt = begin(2);
    Lines lines;
    append(attempt, {lines.started(attempt.number, attempt.resume_step)});
    if (checkpoint) {
      append(attempt, {lines.checkpoint(*checkpoint)});
      std::ofstream(path / "results" / attempt.folder / fmt::format("checkpoint-{}", *checkpoint)) << "x";
    }
    take_in(database, attempt, true);
    end(attempt, AttemptState::lost, JobState::waiting);
    return attempt.resume_step;
  };
  BOOST_CHECK(!find_checkpoint(database, 2));
  BOOST_TEST(run_to(300) == 0);
  BOOST_TEST(run_to(std::nullopt) == 300);
  BOOST_TEST(run_to(200) == 300);  // it began again further back
  BOOST_TEST(run_to(std::nullopt) == 200);
  const auto checkpoint = find_checkpoint(database, 2);
  BOOST_REQUIRE(checkpoint);
  BOOST_TEST(checkpoint->step == 200);
  BOOST_TEST(checkpoint->path == database.folder() / "jobs" / job(2).key / "3" / "checkpoint-200");
  BOOST_TEST(begin(2).resume_path == checkpoint->path);
}

BOOST_FIXTURE_TEST_CASE(a_checkpoint_whose_file_is_gone_gives_way_to_the_one_before_it, Store) {
  for (const std::int64_t step : {100, 200}) {
    AttemptRecord attempt = begin(2);
    Lines lines;
    append(attempt, {lines.started(attempt.number, attempt.resume_step), lines.checkpoint(step)});
    std::ofstream(path / "results" / attempt.folder / fmt::format("checkpoint-{}", step)) << "x";
    take_in(database, attempt, true);
    end(attempt, AttemptState::lost, JobState::waiting);
  }
  std::filesystem::remove(find_checkpoint(database, 2)->path);
  BOOST_TEST(find_checkpoint(database, 2)->step == 100);
  BOOST_TEST(begin(2).resume_step == 100);
}

BOOST_FIXTURE_TEST_CASE(an_invocation_is_recorded_with_what_makes_it_reproducible, Store) {
  InvocationRecord record;
  record.command = {"ablate", "run", "a \"b\".toml"};
  record.folder = "/home/user";
  record.host = "node1";
  record.user = "user";
  record.version = "0.1.0";
  record.git_revision = "abc";
  record.pid = 12;
  record.git_dirty = true;
  const std::int64_t id = begin_invocation(database, record, 5);
  BOOST_TEST(count("SELECT count(*) FROM invocation WHERE ended_at IS NULL AND git_dirty = 1 AND pid = 12") ==
             1);
  BOOST_TEST(text("SELECT json_extract(command, '$[2]') FROM invocation") == "a \"b\".toml");
  end_invocation(database, id, 9);
  BOOST_TEST(count("SELECT count(*) FROM invocation WHERE ended_at = 9") == 1);
}
