#include "store/job_times.hpp"

#include "fixture.hpp"

using namespace ablate;

namespace {

TimeFit fit(std::vector<TimedAttempt> attempts) { return fit_times(attempts); }

struct Times : Store {
  /// `detail`: what its worker said at its end.
  void finish(std::int64_t job_id, const std::string& device, double seconds, std::int64_t resume = 0,
              std::int64_t step = 0, const std::string& detail = "{}") {
    const AttemptRecord attempt = begin(job_id, 1000, device);
    Query(database, "UPDATE attempt SET resume_step = ?, step = ?, detail = ? WHERE id = ?", resume, step,
          detail, attempt.id)
        .run();
    end(attempt, AttemptState::finished, JobState::finished, 1000 + seconds);
  }
  void set(std::int64_t job_id, const std::string& task, double flops) {
    Query(database, "UPDATE job SET task = ?, flops = ? WHERE id = ?", task, flops, job_id).run();
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(attempts_of_one_size_take_time_in_proportion_to_their_work) {
  const TimeFit found = fit({{10, 5}, {10, 4}, {10, 100}});  // 2, 2.5 and 0.1 a second.
  BOOST_TEST(found.startup_seconds == 0);
  BOOST_TEST(found.flops_per_second == 2);
  BOOST_TEST(fit({{8, 2}, {8, 4}}).flops_per_second == 3);
  BOOST_TEST(fit({{10, 5}, {12, 5}}).startup_seconds == 0);  // Too much alike to tell the start.
  BOOST_TEST(fit({}).flops_per_second == 0);
}

BOOST_AUTO_TEST_CASE(a_start_that_all_attempts_share_is_told_from_their_sizes) {
  // 1 s and 0.25 s for each unit; one attempt had a bad day.
  const TimeFit found = fit({{4, 2}, {8, 3}, {16, 5}, {16, 50}, {4, 2}, {8, 3}});
  BOOST_TEST(found.startup_seconds == 1);
  BOOST_TEST(found.flops_per_second == 4);
}

BOOST_AUTO_TEST_CASE(neither_start_nor_speed_is_negative) {
  const TimeFit falling = fit({{4, 3}, {8, 2}});  // The larger one was quicker: all of it is the start.
  BOOST_TEST(falling.startup_seconds == 2.5);
  BOOST_TEST(falling.flops_per_second == 0);
  const TimeFit steep = fit({{1, 1}, {2, 4}, {4, 16}});  // More than in proportion: 1, 0.5 and 0.25 a second.
  BOOST_TEST(steep.startup_seconds == 0);
  BOOST_TEST(steep.flops_per_second == 0.5);
}

BOOST_AUTO_TEST_CASE(a_start_that_workers_do_not_count_is_no_work) {
  // 0.5 s, more or less, before the worker begins; then 0.1 s and 28 GFLOP/s.
  std::vector<TimedAttempt> attempts;
  for (const double jitter : {-0.2, 0.3, 0.0, 0.1, -0.1})
    for (const double flops : {1e6, 1e8, 1e9, 14e9})
      attempts.push_back({flops, 0.1 + flops / 28e9, 0.5 + jitter});
  const auto near = boost::test_tools::tolerance(1e-6);
  const TimeFit found = fit(attempts);
  BOOST_TEST(found.startup_seconds == 0.6, near);
  BOOST_TEST(found.flops_per_second == 28e9, near);
  BOOST_TEST(found.largest_flops == 14e9);
  BOOST_TEST(found.seconds(28e9) == 1.6, near);
  BOOST_TEST(found.proven_flops_per_second() == 14e9 / 1.1, near);
  // Of one size: 2 s of work after a start of 1 s.
  const TimeFit alike = fit({{10, 2, 1}, {10, 2, 1}, {10, 2, 9}});
  BOOST_TEST(alike.startup_seconds == 1);
  BOOST_TEST(alike.flops_per_second == 5);
  const TimeFit falling = fit({{4, 3, 1}, {8, 2, 1}});
  BOOST_TEST(falling.startup_seconds == 3.5);
  BOOST_TEST(falling.flops_per_second == 0);
  BOOST_TEST(fit({}).proven_flops_per_second() == 0);
}

BOOST_AUTO_TEST_CASE(attempts_that_start_for_most_of_their_time_tell_no_speed) {
  const TimeFit found = fit({{4, 0.02, 1}, {8, 0.04, 1.25}, {16, 0.08, 1}});  // 200 a second, in 0.08 s of 1.
  BOOST_TEST(found.startup_seconds == 1.04);
  BOOST_TEST(found.flops_per_second == 0);
  BOOST_TEST(found.proven_flops_per_second() == 16 / 1.04);
  BOOST_TEST(fit({{10, 0.125, 1}, {10, 0.125, 1}}).startup_seconds == 1.125);
  BOOST_TEST(fit({{10, 0.125, 1}, {10, 0.125, 1}}).flops_per_second == 0);
  BOOST_TEST(fit({{10, 0.25, 1}, {10, 0.25, 1}}).flops_per_second == 40);  // A fifth of the time.
}

BOOST_FIXTURE_TEST_CASE(workers_say_how_long_they_took_without_their_start, Times) {
  finish(2, "cpu", 10, 0, 1000, R"({"seconds": 8})");      // 4e12 on 2 threads.
  finish(4, "cpu", 6, 500, 1000, R"({"seconds": 4})");     // Half of it: of this attempt alone.
  finish(3, "cpu", 5, 0, 0, R"({"seconds": "NaN"})");      // Says nothing.
  finish(9, "cuda:1", 5, 0, 1000, R"({"seconds": 5.5})");  // Cannot be.
  const auto times = load_job_times(database);
  BOOST_REQUIRE(times.size() == 3u);
  BOOST_TEST(times[0].fit.startup_seconds == 0);
  BOOST_TEST(times[0].fit.flops_per_second == 4e12 / 2 / 5);
  BOOST_TEST(times[1].fit.startup_seconds == 2);
  BOOST_TEST(times[1].fit.flops_per_second == 4e12 / 2 / 8);
  BOOST_TEST(times[1].fit.largest_flops == 4e12 / 2);
  BOOST_TEST(times[2].fit.startup_seconds == 0);
  BOOST_TEST(times[2].fit.flops_per_second == 4e12 / 5);
}

BOOST_FIXTURE_TEST_CASE(times_are_those_of_a_stage_and_a_task_on_a_kind_of_device, Times) {
  set(3, "caption", 4e12);
  set(5, "retrieval", 1e9);
  set(8, "retrieval", 1e9);
  finish(2, "cpu", 10, 0, 1000);    // 4e12 in 10 s on 2 threads.
  finish(4, "cpu", 5, 500, 1000);   // Half of it in half the time.
  finish(7, "cpu", 15, 250, 1000);  // Three quarters.
  finish(9, "cuda:1", 2, 0, 1000);
  finish(3, "cpu", 4);  // An evaluation has no steps: all of it.
  finish(5, "cpu", 1);
  finish(8, "cpu", 1);
  end(begin(10), AttemptState::failed, JobState::failed);
  const auto times = load_job_times(database);
  BOOST_REQUIRE(times.size() == 4u);
  BOOST_CHECK(times[0].stage == Stage::eval);
  BOOST_TEST(times[0].task == "caption");
  BOOST_TEST(times[0].fit.flops_per_second == 4e12 / 2 / 4);
  BOOST_TEST(times[0].attempts == 1);
  BOOST_TEST(times[1].task == "retrieval");
  BOOST_TEST(times[1].fit.flops_per_second == 1e9 / 2);
  BOOST_TEST(times[1].attempts == 2);
  BOOST_CHECK(times[2].stage == Stage::vlm);
  BOOST_CHECK(times[2].kind == DeviceKind::cpu);
  BOOST_TEST(times[2].attempts == 3);
  // Sizes of 2e12, 1e12 and 1.5e12 a thread took 10, 5 and 15 s: a line would begin below zero, so the median
  // speed.
  BOOST_TEST(times[2].fit.flops_per_second == 1e12 / 5, boost::test_tools::tolerance(1e-12));
  BOOST_CHECK(times[3].kind == DeviceKind::cuda);
  BOOST_TEST(times[3].fit.flops_per_second == 4e12 / 2);
}
