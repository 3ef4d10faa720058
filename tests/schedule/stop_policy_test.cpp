#include "schedule/stop_policy.hpp"

#include <boost/test/unit_test.hpp>

#include "schedule/fixture.hpp"
#include "store/results.hpp"

namespace ablate {

BOOST_AUTO_TEST_SUITE(stop_policy)

BOOST_AUTO_TEST_CASE(a_stop_policy_ends_jobs_by_what_they_have_recorded) {
  struct Policy final : StopPolicy {
    explicit Policy(const TestSweep& of) : sweep(of) {}
    std::vector<StopDecision> decide(Database& database, double now) override {
      BOOST_TEST(now == sweep.clock.seconds);
      if (decided || load_curve(database, sweep.ids[0], "loss").size() < 2) return {};
      decided = true;
      return {{sweep.ids[0], CancelReason::early_stop},   // runs
              {sweep.ids[3], CancelReason::early_stop},   // waits
              {sweep.ids[1], CancelReason::early_stop}};  // has finished
    }
    const TestSweep& sweep;
    bool decided = false;
  };
  TestSweep sweep({{"a"}, {"b"}, {"c"}, {"d"}});
  sweep.options.devices.front().slots = 2;
  sweep.options.heartbeat = 0;
  Policy policy(sweep);
  sweep.options.stop_policy = &policy;
  sweep.runner.behave = [&](const AttemptRequest& request) {
    if (request.job_folder.filename() == hash128("b").hex()) return finishing(1);
    return Act{.seconds = 1e6, .at_start = [](const auto& folder) { TextJournal(folder).started(1); }};
  };
  bool told = false;
  sweep.runner.on_wait = [&] {
    for (const FakeRunner::Process& process : sweep.runner.processes) {
      if (process.request.job_folder.filename() != hash128("a").hex()) continue;
      if (told || sweep.clock.seconds < 1010) continue;
      TextJournal(process.folder, 1).metric(1, 2.0).metric(2, 3.0);
      told = true;
    }
    if (policy.decided && sweep.clock.seconds > 1100) sweep.stop = 2;
  };
  const ScheduleResult result = sweep.run();
  BOOST_TEST(result.finished == 1);
  BOOST_TEST(result.cancelled == 0);
  BOOST_TEST(result.stopped_early == 2);
  BOOST_CHECK(sweep.last(0).state == AttemptState::cancelled);
  BOOST_TEST(sweep.runner.signals.front() == SIGTERM);
  for (const std::size_t job : {0, 3})
    BOOST_CHECK(get_job(sweep.database, std::to_string(sweep.ids[job])).cancel == CancelReason::early_stop);
  BOOST_CHECK(get_job(sweep.database, std::to_string(sweep.ids[1])).cancel == CancelReason::none);
  BOOST_TEST(sweep.attempts(3).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
