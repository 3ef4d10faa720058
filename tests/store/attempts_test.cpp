#include "fixture.hpp"

using namespace ablate;

BOOST_FIXTURE_TEST_CASE(an_attempt_is_written_down_before_it_starts_and_queued_until_then, Store) {
  invocation = begin_invocation(database, {}, 1);
  const Placement placement{
      .kind = DeviceKind::cuda, .cards = {0, 2}, .threads = 3, .memory_bytes = 5e9, .time_limit = 60};
  AttemptRecord attempt = *begin_attempt(database, job(2), invocation, placement, 1000);
  BOOST_TEST(attempt.number == 1);
  BOOST_CHECK(attempt.state == AttemptState::queued);
  BOOST_TEST(attempt.folder == "jobs/" + job(2).key + "/1");
  BOOST_TEST(attempt.placement.to_json() == placement.to_json());
  BOOST_TEST(text("SELECT device FROM attempts") == "cuda:0,2");
  BOOST_TEST(attempt.resume_step == 0);
  BOOST_TEST(attempt.started_at == 1000.0);
  BOOST_TEST(attempt.handle == "");
  BOOST_CHECK(!attempt.ended_at);
  BOOST_CHECK(job(2).state == JobState::queued);
  BOOST_CHECK(!begin_attempt(database, job(2), invocation, {}, 1));  // it has one already

  record_submission(database, attempt, "slurm 77_3", /*is_running=*/false, 1001);
  BOOST_CHECK(get_attempt(database, attempt.id).state == AttemptState::queued);
  BOOST_TEST(load_open_attempts(database).at(0).handle == "slurm 77_3");
  BOOST_TEST(load_progress(database, sweep)[1].queued == 1);
  BOOST_TEST(load_running(database, sweep).empty());

  record_start(database, attempt, 5000);
  BOOST_CHECK(attempt.state == AttemptState::running);
  BOOST_CHECK(job(2).state == JobState::running);
  BOOST_TEST(get_attempt(database, attempt.id).started_at == 5000.0);
  BOOST_TEST(load_open_attempts(database).size() == 1u);
  record_start(database, attempt, 6000);  // once
  BOOST_TEST(get_attempt(database, attempt.id).started_at == 5000.0);
}

BOOST_FIXTURE_TEST_CASE(one_that_ends_in_the_queue_took_no_time, Store) {
  invocation = begin_invocation(database, {}, 1);
  const AttemptRecord attempt = *begin_attempt(database, job(1), invocation, {}, 1000);
  cancel_jobs(database, std::vector<std::int64_t>{1}, CancelReason::user);
  BOOST_TEST(load_cancel_requests(database) == std::vector<std::int64_t>{1},
             boost::test_tools::per_element());
  BOOST_TEST(end(attempt, AttemptState::cancelled, JobState::cancelled, 9000));
  BOOST_CHECK(job(1).state == JobState::cancelled);
  BOOST_TEST(count("SELECT seconds = 0 FROM jobs WHERE id = 1") == 1);
  AttemptRecord ended = attempt;
  record_start(database, ended, 9500);
  BOOST_CHECK(get_attempt(database, attempt.id).state == AttemptState::cancelled);
}

BOOST_FIXTURE_TEST_CASE(a_journal_says_that_a_queued_attempt_runs, Store) {
  invocation = begin_invocation(database, {}, 1);
  AttemptRecord attempt = *begin_attempt(database, job(1), invocation, {}, 10);
  std::filesystem::create_directories(path / "results" / attempt.folder);
  take_in(database, attempt, false);
  BOOST_CHECK(attempt.state == AttemptState::queued);
  Lines lines;
  append(attempt, {lines.started(1), lines.metric(1, 0.5)});
  BOOST_TEST(take_in(database, attempt, false).metrics == 1);
  BOOST_CHECK(attempt.state == AttemptState::running);
  BOOST_TEST(attempt.started_at == 1001.0);  // As the journal says.
  BOOST_CHECK(get_attempt(database, attempt.id).state == AttemptState::running);
  BOOST_CHECK(job(1).state == JobState::running);
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
  BOOST_TEST(load_open_attempts(database).size() == 1u);
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

BOOST_FIXTURE_TEST_CASE(a_longer_job_goes_on_from_a_shorter_one_with_its_curves, Store) {
  // Jobs 2 and 4 become two ends of one training.
  Query(database,
        "UPDATE job SET trajectory = 't', steps = CASE id WHEN 2 THEN 45 ELSE 200 END"
        " WHERE id IN (2, 4)")
      .run();
  BOOST_TEST(has_longer_job(database, job(2)));
  BOOST_TEST(!has_longer_job(database, job(4)));
  BOOST_TEST(!has_longer_job(database, job(1)));
  AttemptRecord first = begin(2);
  Lines lines;
  append(first, {lines.started(1), lines.metric(30, 0.5), lines.metric(45, 0.25), lines.checkpoint(45)});
  const auto checkpoint = path / "results" / first.folder / "checkpoint-45";
  std::ofstream(checkpoint) << "x";
  take_in(database, first, true);
  BOOST_CHECK(!find_other_checkpoint(database, job(4), 0));  // It runs: it may take it away.
  end(first, AttemptState::finished, JobState::finished);
  BOOST_CHECK(!find_other_checkpoint(database, job(4), 45));
  BOOST_CHECK(!find_other_checkpoint(database, job(7), 0));

  AttemptRecord longer = begin(4);
  BOOST_TEST(longer.resume_step == 45);
  BOOST_TEST(longer.resume_path == checkpoint);
  BOOST_TEST(longer.resume_job == job(2).key);
  BOOST_TEST(curve(4, "loss") == "30:0.5 45:0.25");
  BOOST_TEST(summary(4, "loss") == "2 45 0.25 0.25 0.5");
  // Its own checkpoint goes before what is no further.
  Lines more;
  append(longer, {more.started(1, 45), more.metric(60, 0.125), more.checkpoint(60)});
  std::ofstream(path / "results" / longer.folder / "checkpoint-60") << "x";
  take_in(database, longer, true);
  BOOST_TEST(curve(4, "loss") == "30:0.5 45:0.25 60:0.125");
  end(longer, AttemptState::lost, JobState::waiting);
  BOOST_TEST(find_other_checkpoint(database, job(4), 0)->step == 45);
  // A job that has failed goes on from its own checkpoints alone: the other one's may be why.
  Query(database,
        "INSERT INTO attempt (job_id, number, invocation_id, state, device, threads, memory_bytes, "
        "time_limit, folder,"
        " started_at) SELECT 4, 9, min(invocation_id), 'failed', 'cpu', 1, 0, 0, 'none', 0 FROM attempt")
      .run();
  BOOST_CHECK(!find_other_checkpoint(database, job(4), 0));
  Query(database, "DELETE FROM attempt WHERE job_id = 4 AND number = 9").run();
  const AttemptRecord again = begin(4);
  BOOST_TEST(again.resume_step == 60);
  BOOST_TEST(again.resume_job == "");
  end(again, AttemptState::lost, JobState::waiting);
  // Nothing is left on the disk: from the start.
  std::filesystem::remove(checkpoint);
  std::filesystem::remove(path / "results" / longer.folder / "checkpoint-60");
  BOOST_TEST(begin(4).resume_step == 0);
}
