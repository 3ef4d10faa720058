#include "store/law_runs.hpp"

#include <cmath>

#include "fixture.hpp"

using namespace ablate;

BOOST_FIXTURE_TEST_CASE(trained_jobs_come_with_configuration_loss_scores_and_failures, Store) {
  const auto run = [&](std::int64_t job_id, std::initializer_list<std::string> lines) {
    AttemptRecord attempt = begin(job_id);
    append(attempt, lines);
    take_in(database, attempt, true);
    end(attempt, AttemptState::finished, JobState::finished);
  };
  Lines encoder, vlm, eval;
  run(1, {encoder.started(1), encoder.metric(10, 9)});
  run(2, {vlm.started(1), vlm.metric(10, 5), vlm.metric(20, 2)});
  // One whose losses ended before it did, and one that was stopped since others were better.
  AttemptRecord lost = begin(4);
  append(lost, {Lines().metric(10, 6)});
  take_in(database, lost, true);
  run(3, {eval.started(1), eval.score("caption", 0.75)});
  AttemptEnd diverged{.state = AttemptState::failed, .failure = "diverged", .job_state = JobState::failed};
  end_attempt(database, lost.id, diverged, 2000);
  cancel_jobs(database, std::vector<std::int64_t>{7}, CancelReason::early_stop);
  cancel_jobs(database, std::vector<std::int64_t>{9}, CancelReason::user);

  const auto jobs = load_trained_jobs(database, sweep, Stage::vlm);
  BOOST_REQUIRE(jobs.size() == 4u);
  BOOST_CHECK(jobs[0].state == JobState::finished);
  BOOST_TEST(jobs[0].steps == 1000);
  BOOST_TEST(jobs[0].config.dump() == R"({"connector":{"kind":"mlp"},"encoder":{"width":64}})");
  BOOST_TEST(jobs[0].metrics.at("loss") == 2);
  BOOST_TEST(jobs[0].scores.at("caption") == 0.75);
  BOOST_TEST(jobs[0].unscored.empty());
  BOOST_CHECK(jobs[1].state == JobState::failed);
  BOOST_TEST(jobs[1].failure == "diverged");
  BOOST_TEST(jobs[1].scores.empty());
  BOOST_REQUIRE(jobs[1].unscored.size() == 1u);
  BOOST_TEST(jobs[1].unscored[0].task == "caption");
  BOOST_CHECK(jobs[1].unscored[0].state == JobState::waiting);
  BOOST_TEST(jobs[1].metrics.empty());
  BOOST_TEST(jobs[1].last_step == 10);
  BOOST_CHECK(jobs[2].state == JobState::stopped_early);
  BOOST_CHECK(jobs[3].state == JobState::cancelled);
  BOOST_TEST(load_trained_jobs(database, sweep, Stage::encoder).size() == 2u);
  BOOST_TEST(load_trained_jobs(database, sweep, Stage::llm).empty());
}
