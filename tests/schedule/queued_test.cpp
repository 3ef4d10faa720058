// Attempts that are submitted together, and begin later.
#include <boost/test/unit_test.hpp>

#include "schedule/fixture.hpp"
#include "store/query.hpp"
#include "util/error.hpp"

namespace ablate {

BOOST_AUTO_TEST_SUITE(queued_attempts)

BOOST_AUTO_TEST_CASE(all_that_has_a_place_is_submitted_at_once) {
  TestSweep sweep({{"a"}, {"b"}, {"c"}, {"d", {0, 1, 2}}});
  sweep.options.devices = {{.slots = 2, .threads = 3}};
  sweep.options.timeout = 50;
  BOOST_TEST(sweep.run().finished == 4);
  const std::vector<std::size_t> expected = {2, 1, 1};
  BOOST_TEST(sweep.runner.bundles == expected, boost::test_tools::per_element());
  const AttemptSpec spec =
      AttemptSpec::from_json(load_json(AttemptFolder{sweep.folder(sweep.last(0))}.spec()));
  BOOST_TEST(spec.placement.threads == 3);
  BOOST_TEST(spec.placement.time_limit == 50);
  BOOST_TEST(sweep.runner.started.front().placement.to_json() == spec.placement.to_json());
}

BOOST_AUTO_TEST_CASE(one_of_a_bundle_that_is_refused_fails_alone) {
  TestSweep sweep({{"a"}, {"b"}, {"c"}});
  sweep.options.devices.front().slots = 3;
  sweep.runner.on_start = [&](const AttemptRequest& request) {
    if (request.job_folder.filename() == hash128("b").hex()) throw Error("lock: is held by another process");
  };
  const ScheduleResult result = sweep.run();
  BOOST_TEST(result.finished == 2);
  BOOST_TEST(result.failed == 1);
  BOOST_TEST(sweep.last(1).message == "lock: is held by another process");
}

BOOST_AUTO_TEST_CASE(when_the_database_gives_out_all_that_was_started_is_counted_and_adopted) {
  TestSweep sweep({{"a"}, {"b"}});
  sweep.options.devices.front().slots = 2;
  sweep.runner.on_start = [&](const AttemptRequest&) {
    Query(sweep.database, "PRAGMA query_only = ON").run();
  };
  BOOST_CHECK_EXCEPTION(sweep.run(), Error, [](const Error& error) {
    return std::string(error.what())
        .ends_with("; 2 running jobs are left alone: the next `ablate run` takes over");
  });
  Query(sweep.database, "PRAGMA query_only = OFF").run();
  sweep.runner.on_start = nullptr;
  sweep.runner.processes.clear();
  sweep.runner.alive = finishing();
  BOOST_TEST(sweep.run().finished == 2);
  BOOST_TEST(sweep.progress.num_adopted == 2);
  BOOST_TEST(sweep.attempts(0).size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_queued_attempt_is_due_nothing_until_it_begins) {
  for (const bool tells_start : {true, false}) {
    TestSweep sweep({{"a"}});
    sweep.options.heartbeat = 10;
    sweep.options.timeout = 30;
    // It waits for longer than either; the journal says that it runs when the runner does not.
    sweep.runner.behave = [&](const AttemptRequest&) {
      return Act{.seconds = 5,
                 .at_start = [](const auto& folder) { TextJournal(folder).started(1); },
                 .at_end = [](const auto& folder) { TextJournal(folder, 1).finished(); },
                 .queued = 1000,
                 .tells_start = tells_start};
    };
    std::vector<JobState> seen;
    sweep.runner.on_wait = [&] {
      if (seen.empty() || seen.back() != sweep.state(0)) seen.push_back(sweep.state(0));
    };
    BOOST_TEST(sweep.run().finished == 1);
    BOOST_TEST(sweep.runner.signals.empty());
    BOOST_TEST_REQUIRE(seen.size() == 2u);
    BOOST_CHECK(seen[0] == JobState::queued && seen[1] == JobState::running);
    BOOST_TEST(sweep.progress.queue == sweep.ids, boost::test_tools::per_element());
    BOOST_TEST(sweep.progress.order == sweep.ids, boost::test_tools::per_element());
    BOOST_CHECK(sweep.last(0).state == AttemptState::finished);
    // The time in the queue is none of its own.
    if (tells_start) BOOST_TEST(*sweep.last(0).ended_at - sweep.last(0).started_at < 10);
  }
}

BOOST_AUTO_TEST_CASE(from_its_start_on_a_queued_attempt_has_to_tell_something) {
  TestSweep sweep({{"a"}});
  sweep.options.heartbeat = 10;
  sweep.options.retries = 0;
  sweep.runner.behave = [](const AttemptRequest&) { return Act{.seconds = 1e6, .queued = 1000}; };
  BOOST_TEST(sweep.run().failed == 1);
  BOOST_TEST(sweep.last(0).failure == "no-heartbeat");
  BOOST_TEST(sweep.clock.seconds >= 2010.0);
}

BOOST_AUTO_TEST_CASE(a_queued_attempt_can_be_cancelled_and_interrupted) {
  for (const bool cancel : {true, false}) {
    TestSweep sweep({{"a"}});
    sweep.runner.behave = [](const AttemptRequest&) { return Act{.queued = 1e6}; };
    Database user(sweep.database.path(), Database::Mode::read_write);
    sweep.runner.on_wait = [&] {
      if (sweep.clock.seconds < 1010) return;
      if (cancel)
        cancel_jobs(user, sweep.ids, CancelReason::user);
      else
        sweep.stop = 1;
    };
    const ScheduleResult result = sweep.run();
    BOOST_TEST(result.cancelled == (cancel ? 1 : 0));
    BOOST_TEST(result.waiting == (cancel ? 0 : 1));
    BOOST_CHECK(sweep.last(0).state == AttemptState::cancelled);
    BOOST_TEST(*sweep.last(0).ended_at == sweep.last(0).started_at);  // It took no time.
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
