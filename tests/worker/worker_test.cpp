#include "worker/worker.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numeric>
#include <thread>

#include "journal/outcomes.hpp"
#include "util/file.hpp"
#include "with_variable.hpp"
#include "worker/fixture.hpp"

namespace ablate {

namespace {

double score_of(const WorkerFixture& fixture, const std::string& name) {
  const auto scores = fixture.all<ScoreEvent>(name);
  return scores.empty() ? -1 : scores.front().value;
}

/// Trains at that resolution with default steps, and returns the accuracy.
double train_and_evaluate(std::int64_t resolution) {
  const WorkerFixture fixture;
  fixture.write_job("demo", WorkerFixture::demo_job(resolution, 300));
  fixture.write_job("eval", WorkerFixture::eval_job("demo-accuracy"));
  BOOST_TEST(fixture.run("demo") == 0);
  BOOST_TEST(fixture.run("eval", 1, [&](AttemptSpec& spec) {
    spec.parents["demo"] = fixture.attempt("demo").path;
  }) == 0);
  return score_of(fixture, "eval");
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(worker, WorkerFixture)

BOOST_AUTO_TEST_CASE(a_training_is_journalled_from_started_to_finished) {
  write_job("demo", demo_job());
  BOOST_TEST(run("demo") == 0);
  const std::vector<Event> events = journal("demo");
  const auto& started = std::get<StartedEvent>(events.front().what);
  BOOST_TEST(started.total_steps == 40);
  BOOST_TEST(started.detail.at("device") == "cpu");
  const auto& finished = std::get<FinishedEvent>(events.back().what);
  BOOST_TEST(finished.step == 40);
  BOOST_TEST(std::filesystem::exists(attempt("demo").path / finished.detail.at("model").get<std::string>()));
  BOOST_TEST(metrics("demo").size() == 40u);
  BOOST_TEST(!std::filesystem::exists(attempt("demo").path / "checkpoint-10"));
  BOOST_TEST(std::filesystem::exists(attempt("demo").path / "checkpoint-20"));
  BOOST_TEST(std::filesystem::exists(attempt("demo").path / "checkpoint-30"));
}

BOOST_AUTO_TEST_CASE(cublas_has_a_workspace_of_its_own_unless_told_otherwise) {
  write_job("demo", demo_job());
  for (const char* before : {static_cast<const char*>(nullptr), ":16:8"}) {
    const WithVariable variable("CUBLAS_WORKSPACE_CONFIG", before);
    run("demo", before ? 2 : 1);
    const char* after = ::getenv("CUBLAS_WORKSPACE_CONFIG");
    BOOST_TEST(std::string(after ? after : "") == (before ? before : ":4096:8"));
  }
}

BOOST_AUTO_TEST_CASE(the_first_losses_are_known) {
  write_job("demo", demo_job());
  run("demo");
  const double golden[] = {2.1996232626441925, 2.537980619966188, 2.4663125437219966, 2.2552360486825056,
                           2.071147464917052,  2.101250714793515, 2.163875964331498,  2.011668249183492,
                           2.1473082206885254, 2.0181886321909865};
  const auto found = metrics("demo");
  for (std::size_t i = 0; i < std::size(golden); ++i)
    BOOST_TEST(std::abs(found[i].values[0].second - golden[i]) < 1e-9 * golden[i], "step " << i + 1);
}

BOOST_AUTO_TEST_CASE(a_resumed_training_equals_an_uninterrupted_one_bit_for_bit) {
  write_job("demo", demo_job());
  run("demo", 1);
  run("demo", 2, [&](AttemptSpec& spec) {
    spec.resume_step = 20;
    spec.resume_path = attempt("demo", 1).path / "checkpoint-20";
  });
  const auto whole = metrics("demo", 1), rest = metrics("demo", 2);
  BOOST_TEST_REQUIRE(rest.size() == 20u);
  for (std::size_t i = 0; i < rest.size(); ++i) {
    BOOST_TEST(rest[i].step == whole[i + 20].step);
    BOOST_TEST((rest[i].values == whole[i + 20].values));
  }
  BOOST_TEST(read_file(attempt("demo", 1).path / "model", 1 << 20) ==
             read_file(attempt("demo", 2).path / "model", 1 << 20));
}

BOOST_AUTO_TEST_CASE(a_loss_of_ten_times_the_first_one_has_diverged) {
  Json job = demo_job();
  job["config"]["demo"]["peak_lr"] = 100;
  write_job("demo", job);
  const auto each_step = [](AttemptSpec& spec) {
    spec.run = {{"log_interval", 1}, {"checkpoint_interval", 1}};
  };
  BOOST_TEST(run("demo", 1, each_step) == 1);
  const auto failed = last<FailedEvent>("demo");
  BOOST_CHECK(failed.failure == FailureKind::diverged);
  const auto told = metrics("demo");
  BOOST_TEST_REQUIRE(told.size() > 0u);
  const double first = told.front().values[0].second;
  for (const MetricEvent& metric : told) BOOST_TEST(metric.values[0].second <= 10 * first);
  BOOST_TEST(has(failed.message, fmt::format("diverged by step {}: loss ", told.size() + 1)));
  BOOST_TEST(has(failed.message, fmt::format("; the first step's loss was {:.6g}; learning rate ", first)));
  // The first loss is that of the first step, wherever an attempt begins.
  BOOST_TEST(run("demo", 2, [&](AttemptSpec& spec) {
               each_step(spec);
               spec.resume_step = 1;
               spec.resume_path = attempt("demo", 1).path / "checkpoint-1";
             }) == 1);
  BOOST_TEST(last<FailedEvent>("demo", 2).message == failed.message);
}

BOOST_AUTO_TEST_CASE(training_learns_and_resolution_matters) {
  const double at_2 = train_and_evaluate(2), at_4 = train_and_evaluate(4), at_8 = train_and_evaluate(8);
  BOOST_TEST_MESSAGE("accuracy at resolution 2, 4, 8: " << at_2 << ", " << at_4 << ", " << at_8);
  BOOST_TEST(at_2 > 0.25);
  BOOST_TEST(at_4 > at_2 + 0.1);
  BOOST_TEST(at_8 > at_4 + 0.05);
}

BOOST_AUTO_TEST_CASE(evaluations_tell_score_count_and_standard_error) {
  write_job("demo", demo_job());
  write_job("accuracy", eval_job("demo-accuracy"));
  write_job("robustness", eval_job("demo-robustness"));
  run("demo");
  for (const char* name : {"accuracy", "robustness"})
    BOOST_TEST(run(name, 1, [&](AttemptSpec& spec) { spec.parents["demo"] = attempt("demo").path; }) == 0);
  const auto score = std::get<ScoreEvent>(journal("accuracy")[1].what);
  BOOST_TEST(score.name == "demo-accuracy");
  BOOST_TEST(score.n == 1000);
  BOOST_TEST(*score.standard_error == std::sqrt(score.value * (1 - score.value) / 999));
  BOOST_TEST(score_of(*this, "robustness") < score.value);
}

BOOST_AUTO_TEST_CASE(an_evaluation_leaves_the_outcome_of_each_example) {
  const auto evaluate = [&](const std::string& name, const std::string& task, std::int64_t resolution) {
    write_job("demo" + name, demo_job(resolution));
    write_job(name, eval_job(task));
    run("demo" + name);
    BOOST_TEST(run(name, 1, [&](AttemptSpec& spec) { spec.parents["demo"] = attempt("demo" + name).path; }) ==
               0);
    const auto score = std::get<ScoreEvent>(journal(name)[1].what);
    const std::vector<ExampleOutcomes> kept = read_outcomes(attempt(name).outcomes(), score.outcomes);
    BOOST_REQUIRE(kept.size() == 1u);
    BOOST_TEST(kept[0].score == score.name);
    BOOST_TEST(kept[0].values.size() == 1000u);
    BOOST_TEST(std::accumulate(kept[0].values.begin(), kept[0].values.end(), 0.0) / 1000 == score.value,
               boost::test_tools::tolerance(1e-12));
    BOOST_TEST(kept[0].names.at(0).starts_with("held-out picture "));
    return kept[0];
  };
  const ExampleOutcomes fine = evaluate("fine", "demo-accuracy", 8),
                        coarse = evaluate("coarse", "demo-accuracy", 4),
                        noisy = evaluate("noisy", "demo-robustness", 8);
  BOOST_TEST((fine.questions == coarse.questions));  // The same drawings, seen otherwise.
  BOOST_TEST((fine.values != coarse.values));
  BOOST_TEST((fine.questions != noisy.questions));
}

BOOST_AUTO_TEST_CASE(sigterm_leaves_a_checkpoint_and_no_last_word) {
  write_job("demo", demo_job(8, 1000000));
  ::setenv("ABLATE_DEMO_STEP_SECONDS", "0.001", 1);
  const auto self = ::pthread_self();
  std::thread other([&] {
    while (!std::filesystem::exists(attempt("demo").path / "checkpoint-10"))
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    ::pthread_kill(self, SIGTERM);
  });
  const int code = run("demo");
  other.join();
  ::unsetenv("ABLATE_DEMO_STEP_SECONDS");
  BOOST_TEST(code == 130);
  BOOST_TEST(std::filesystem::exists(attempt("demo").path / last<CheckpointEvent>("demo").path));
}

BOOST_AUTO_TEST_CASE(an_evaluation_that_this_build_lacks_is_named_with_what_it_has) {
  write_job("eval", eval_job("segmentation"));
  BOOST_TEST(run("eval") == 2);
  const auto failed = last<FailedEvent>("eval");
  BOOST_CHECK(failed.failure == FailureKind::config);
  BOOST_TEST(
      failed.message.starts_with("this build of ablate-worker cannot run 'eval segmentation'; it has: "));
  BOOST_TEST(failed.message.ends_with("demo, eval demo-accuracy, eval demo-robustness"));
}

BOOST_AUTO_TEST_CASE(wrong_job_files_are_answered_with_file_and_key) {
  const std::string file = job_folder("demo").string() + "/job.json";
  Json job = demo_job();
  job["config"]["demo"]["width"] = "wide";
  write_job("demo", job);
  BOOST_TEST(run("demo", 1) == 2);
  BOOST_TEST(last<FailedEvent>("demo", 1).message ==
             file + ": config.demo: 'width': found \"wide\"; expected a whole number from 1 to 65536");

  job = demo_job(3);
  write_job("demo", job);
  BOOST_TEST(run("demo", 2) == 2);
  BOOST_TEST(last<FailedEvent>("demo", 2).message ==
             file + ": config.demo: 'resolution': found 3; expected a divisor of 16");

  job = demo_job();
  job.erase("seed");
  write_job("demo", job);
  BOOST_TEST(run("demo", 3) == 2);
  BOOST_TEST(last<FailedEvent>("demo", 3).message == file + ": 'seed' is missing");

  job = demo_job();
  job["stage"] = "dema";
  write_job("demo", job);
  BOOST_TEST(run("demo", 4) == 2);
  BOOST_TEST(last<FailedEvent>("demo", 4).message ==
             file + ": stage: unknown name 'dema'; did you mean 'demo'?");

  scratch.write("demo/job.json", "{\"key\": ");
  BOOST_TEST(run("demo", 5) == 2);
  BOOST_TEST(last<FailedEvent>("demo", 5).message.find(file + ": not valid JSON") == 0u);
  std::filesystem::remove(file);
  BOOST_TEST(run("demo", 6) == 2);
  scratch.write("demo/job.json", std::string(17 << 20, ' '));
  BOOST_TEST(run("demo", 7) == 2);
}

BOOST_AUTO_TEST_CASE(hostile_values_are_refused) {
  for (const char* text :
       {"null", "[]", "3", "{\"key\": 3}", "{\"key\":\"k\",\"stage\":\"demo\",\"task\":\"\",\"seed\":-1}"}) {
    scratch.write("demo/job.json", text);
    std::filesystem::remove_all(attempt("demo").path);
    BOOST_TEST(run("demo") == 2);
  }
  for (const Json& value :
       {Json(0), Json(-5), Json(1e300), Json(UINT64_MAX), Json(nullptr), Json(2.5), Json::object()}) {
    Json job = demo_job();
    job["config"]["demo"]["batch"] = value;
    write_job("demo", job);
    std::filesystem::remove_all(attempt("demo").path);
    BOOST_TEST(run("demo") == 2);
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_attempt_file_is_a_wrong_configuration) {
  write_job("demo", demo_job());
  BOOST_TEST(run("demo", 1, [](AttemptSpec& spec) { spec.attempt = 2; }) == 2);
  BOOST_TEST(run("demo", 2, [](AttemptSpec& spec) { spec.run["log_interval"] = 0; }) == 2);
  BOOST_TEST(last<FailedEvent>("demo", 2).message ==
             "attempt.json: run.log_interval: found 0; expected a whole number, 1 or more");
  BOOST_TEST(run("demo", 3, [](AttemptSpec& spec) { spec.resume_path = "/nowhere/checkpoint"; }) == 2);
  BOOST_TEST(run_worker(job_folder("demo"), 99) == 2);
  BOOST_TEST(run_worker(job_folder("absent"), std::nullopt) == 2);
}

BOOST_AUTO_TEST_CASE(a_diverged_training_says_so_and_exits_with_1) {
  Json job = demo_job();
  job["config"]["demo"]["peak_lr"] = 1e6;
  job["config"]["demo"]["noise"] = 1000;
  write_job("demo", job);
  BOOST_TEST(run("demo") == 1);
  BOOST_CHECK(last<FailedEvent>("demo").failure == FailureKind::diverged);
}

BOOST_AUTO_TEST_CASE(by_hand_it_makes_the_next_attempt_and_finds_its_parents) {
  write_job("demo", demo_job());
  write_job("eval", eval_job("demo-accuracy"));
  BOOST_TEST(run_worker(job_folder("eval"), std::nullopt) == 2);
  BOOST_TEST(run_worker(job_folder("demo"), std::nullopt) == 0);
  BOOST_TEST(run_worker(job_folder("demo"), std::nullopt) == 0);
  BOOST_CHECK(journal("demo", 2).back().kind() == EventKind::finished);
  BOOST_TEST(run_worker(job_folder("eval"), std::nullopt) == 0);
  BOOST_TEST(score_of(*this, "eval") > 0.15);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
