#include <boost/test/unit_test.hpp>

#include "schedule/fixture.hpp"
#include "store/intake.hpp"
#include "util/error.hpp"

namespace ablate {

BOOST_AUTO_TEST_SUITE(leftovers)

BOOST_AUTO_TEST_CASE(one_that_finished_unseen_is_finished) {
  TestSweep sweep({{"a"}, {"b", {0}}});
  TextJournal(sweep.folder(sweep.leave_behind(0))).started(1).metric(1, 0.5).finished();
  const ScheduleResult result = sweep.run();
  BOOST_TEST(result.finished == 2);
  BOOST_TEST(result.attempts == 1);
  BOOST_CHECK(sweep.last(0).state == AttemptState::finished);
}

BOOST_AUTO_TEST_CASE(one_that_was_read_to_its_finished_event_and_not_ended_is_finished) {
  TestSweep sweep({{"a"}});
  AttemptRecord attempt = sweep.leave_behind(0);
  TextJournal(sweep.folder(attempt)).started(1).finished();
  take_in(sweep.database, attempt, true);
  const ScheduleResult result = sweep.run();
  BOOST_TEST(result.finished == 1);
  BOOST_TEST(result.attempts == 0);
  BOOST_TEST(result.adopted == 0);
}

BOOST_AUTO_TEST_CASE(one_that_died_is_lost_and_its_job_goes_on_from_its_checkpoint) {
  TestSweep sweep({{"a"}});
  const AttemptRecord attempt = sweep.leave_behind(0);
  std::ofstream(sweep.folder(attempt) / "state") << "x";
  TextJournal(sweep.folder(attempt)).started(1).metric(1, 0.5).checkpoint(1, "state").metric(2, 0.4);
  BOOST_TEST(sweep.run().finished == 1);
  BOOST_CHECK(sweep.attempts(0)[0].state == AttemptState::lost);
  BOOST_TEST(sweep.attempts(0)[0].message == "ended unseen, without a last word in its journal");
  BOOST_TEST(
      AttemptSpec::from_json(load_json(AttemptFolder{sweep.folder(sweep.last(0))}.spec())).resume_step == 1);
}

BOOST_AUTO_TEST_CASE(one_that_never_got_a_folder_is_lost) {
  TestSweep sweep({{"a"}});
  std::filesystem::remove_all(sweep.folder(sweep.leave_behind(0)));
  BOOST_TEST(sweep.run().finished == 1);
  BOOST_CHECK(sweep.attempts(0)[0].state == AttemptState::lost);
}

BOOST_AUTO_TEST_CASE(one_that_lives_is_adopted_and_takes_its_slot) {
  TestSweep sweep({{"a"}, {"b"}});
  sweep.leave_behind(0);
  sweep.runner.alive = finishing(5);
  const ScheduleResult result = sweep.run();
  BOOST_TEST(result.finished == 2);
  BOOST_TEST(result.attempts == 1);
  BOOST_TEST(result.adopted == 1);
  BOOST_TEST(sweep.progress.num_adopted == 1);
  BOOST_TEST(sweep.runner.most_at_once == 1u);
  BOOST_TEST(sweep.clock.seconds == 1006.0);
}

BOOST_AUTO_TEST_CASE(one_that_was_to_be_cancelled_is) {
  TestSweep sweep({{"a"}, {"b"}});
  sweep.leave_behind(0);
  sweep.leave_behind(1);
  cancel_jobs(sweep.database, sweep.ids, CancelReason::user);
  BOOST_TEST(sweep.run().cancelled == 2);

  TestSweep live({{"a"}});
  live.leave_behind(0);
  cancel_jobs(live.database, live.ids, CancelReason::user);
  live.runner.alive = Act{.seconds = 1e6};
  BOOST_TEST(live.run().cancelled == 1);
  BOOST_TEST(live.runner.signals == std::vector<int>({SIGTERM}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(those_of_another_sweep_are_buried_when_dead_and_left_alone_when_alive) {
  TestSweep sweep({{"a"}});
  sweep.add(make_test_plan("other", {{"dead"}, {"alive"}}, {{0, 1}}));
  std::vector<AttemptRecord> left;
  for (const char* name : {"dead", "alive"}) {
    const JobRecord job = get_job(sweep.database, hash128(name).hex());
    left.push_back(*begin_attempt(sweep.database, job, sweep.invocation, {}, 0));
    record_submission(sweep.database, left.back(), "7", /*is_running=*/true, 0);
    std::filesystem::create_directories(sweep.folder(left.back()));
  }
  const auto lock = FileLock::try_take(AttemptFolder{sweep.folder(left[1])}.lock());
  const ScheduleResult result = sweep.run();
  BOOST_TEST(result.finished == 1);
  BOOST_CHECK(get_attempt(sweep.database, left[0].id).state == AttemptState::lost);
  BOOST_CHECK(get_attempt(sweep.database, left[1].id).state == AttemptState::running);
  BOOST_CHECK(get_job(sweep.database, hash128("dead").hex()).state == JobState::waiting);
  BOOST_TEST(sweep.progress.notes.find("of another sweep is still running: left alone") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_job_shared_with_another_sweep_is_adopted) {
  TestSweep sweep({{"a"}});
  sweep.leave_behind(0);
  sweep.sweep_id = sweep.add(make_test_plan("other", {{"a"}}, {{0}}));
  sweep.runner.alive = finishing(5);
  BOOST_TEST(sweep.run().finished == 1);
  BOOST_TEST(sweep.progress.num_adopted == 1);
}

BOOST_AUTO_TEST_CASE(a_folder_of_unknown_origin_is_left_alone_and_its_number_passed_over) {
  TestSweep sweep({{"a"}, {"b"}});
  const auto folder = [&](const char* job, int number) {
    return sweep.database.folder() / "jobs" / hash128(job).hex() / std::to_string(number);
  };
  std::filesystem::create_directories(folder("a", 1));
  std::filesystem::create_directories(folder("a", 2));
  TextJournal(folder("a", 1)).started(1).failed(FailureKind::error, "of another database");
  const std::string journal = read_file(AttemptFolder{folder("a", 1)}.journal(), 1000);
  const auto lock =
      FileLock::try_take(AttemptFolder{folder("a", 2)}.lock());  // An unknown process lives there.
  BOOST_TEST(sweep.run().finished == 2);
  BOOST_TEST(sweep.last(0).number == 3);
  BOOST_TEST(sweep.folder(sweep.last(0)) == folder("a", 3));
  BOOST_TEST(sweep.last(1).number == 1);
  BOOST_TEST(read_file(AttemptFolder{folder("a", 1)}.journal(), 1000) == journal);
}

BOOST_AUTO_TEST_CASE(a_job_whose_folder_cannot_be_made_fails_alone) {
  TestSweep sweep({{"a"}, {"b"}});
  sweep.scratch.write("jobs/" + hash128("a").hex(), "in the way");
  const ScheduleResult result = sweep.run();
  BOOST_TEST(result.failed == 1);
  BOOST_TEST(result.finished == 1);
  BOOST_TEST(sweep.last(0).failure == "start");
}

BOOST_AUTO_TEST_CASE(a_runner_that_cannot_start_anything_stops_the_run_and_loses_nothing) {
  TestSweep sweep({{"a"}, {"b"}, {"c"}});
  sweep.options.devices.front().slots = 3;
  sweep.runner.on_start = [&](const AttemptRequest&) {
    if (sweep.runner.started.size() == 1) throw RunnerError("/nowhere/ablate-worker: no such program");
  };
  BOOST_CHECK_EXCEPTION(sweep.run(), Error, [](const Error& error) {
    return std::string(error.what()) ==
           "/nowhere/ablate-worker: no such program; 1 running job is left alone: the next `ablate run` "
           "takes over";
  });
  for (const std::size_t job : {1, 2}) {
    BOOST_CHECK(sweep.state(job) == JobState::waiting);
    BOOST_TEST(sweep.last(job).failure == "start");
  }
  BOOST_TEST(sweep.runner.signals.empty());

  sweep.runner.on_start = nullptr;
  sweep.runner.processes.clear();
  sweep.runner.alive = finishing();
  BOOST_TEST(sweep.run().finished == 3);
  BOOST_TEST(sweep.progress.num_adopted == 1);
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_written_stops_the_run) {
  TestSweep sweep({{"a"}, {"b"}});
  sweep.scratch.write("jobs", "a file in the way of every job");
  BOOST_CHECK_THROW(sweep.run(), Error);
  BOOST_CHECK(sweep.state(0) == JobState::waiting);
  BOOST_CHECK(sweep.state(1) == JobState::waiting);
  BOOST_TEST(sweep.attempts(1).empty());
}

BOOST_AUTO_TEST_CASE(one_that_is_still_queued_is_adopted_by_its_handle_and_begins_later) {
  TestSweep sweep({{"a"}});
  sweep.options.heartbeat = 10;
  sweep.leave_behind(0, /*is_queued=*/true);
  sweep.runner.alive = finishing(5);
  sweep.runner.alive->queued = 500;
  BOOST_TEST(sweep.run().finished == 1);
  BOOST_TEST(sweep.progress.num_adopted == 1);
  BOOST_TEST_REQUIRE(sweep.runner.adopted.size() == 1u);
  BOOST_TEST(sweep.runner.adopted.front().handle == "an earlier handle");
  BOOST_TEST(sweep.runner.signals.empty());
  BOOST_TEST(sweep.progress.order == sweep.ids, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(one_that_began_before_that_was_written_down_runs) {
  TestSweep sweep({{"a"}});
  sweep.leave_behind(0, /*is_queued=*/true);
  sweep.runner.alive = finishing(5);
  std::vector<JobState> seen;
  sweep.runner.on_wait = [&] { seen.push_back(sweep.state(0)); };
  BOOST_TEST(sweep.run().finished == 1);
  BOOST_CHECK(seen.front() == JobState::running);
}

BOOST_AUTO_TEST_CASE(one_that_was_never_started_is_lost_and_its_job_tried_again) {
  TestSweep sweep({{"a"}});
  sweep.leave_behind(0, /*is_queued=*/true);
  BOOST_TEST(sweep.run().finished == 1);
  BOOST_CHECK(sweep.attempts(0)[0].state == AttemptState::lost);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
