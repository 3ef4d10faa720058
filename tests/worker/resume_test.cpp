// Trainings that were stopped or killed go on from their checkpoints.
#include <fmt/format.h>
#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <thread>

#include "worker/training_fixture.hpp"

namespace ablate {

namespace {

namespace fs = std::filesystem;

/// The files of a folder, name to content.
std::map<std::string, std::string> content_of(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file())
      files[fs::relative(entry.path(), folder)] = read_file(entry.path(), 1u << 30);
  return files;
}

bool has_unfinished_checkpoint(const fs::path& folder) {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed))
    if (entry.path().extension() == ".unfinished") return true;
  return false;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(resumed_jobs, TrainingWorker)

BOOST_AUTO_TEST_CASE(a_training_that_sigterm_stopped_goes_on_to_the_same_model) {
  write_job("llm", training_job(Stage::llm, llm_recipe(100)));
  const auto seldom = [](AttemptSpec& spec) { spec.run["checkpoint_interval"] = 20; };
  BOOST_TEST(train("llm", 1, seldom) == 0);
  const auto self = ::pthread_self();
  std::thread other([&] {
    while (!fs::exists(attempt("llm", 2).path / "checkpoint-20"))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ::pthread_kill(self, SIGTERM);
  });
  const int code = train("llm", 2, seldom);
  other.join();
  BOOST_TEST(code == 130);
  const std::int64_t stopped_at = last<CheckpointEvent>("llm", 2).step;
  BOOST_TEST(stopped_at >= 20);
  BOOST_TEST(!fs::exists(attempt("llm", 2).path / "model.safetensors"));
  BOOST_TEST(train("llm", 3, [&](AttemptSpec& spec) {
               seldom(spec);
               resume_from(spec, "llm", 2);
             }) == 0);
  BOOST_TEST(*journal("llm", 3).front().step() == stopped_at);
  BOOST_TEST((model_of("llm", 3) == model_of("llm", 1)));
  BOOST_TEST(last<FinishedEvent>("llm", 3).detail.at("data") ==
             last<FinishedEvent>("llm", 1).detail.at("data"));
  // Step by step, too.
  const auto losses = [&](std::int64_t number) {
    std::map<std::int64_t, double> found;
    for (const MetricEvent& event : metrics("llm", number)) found[event.step] = event.values.front().second;
    return found;
  };
  const auto whole = losses(1);
  for (const auto& [step, loss] : losses(3)) BOOST_TEST(loss == whole.at(step), "step " << step);
}

BOOST_AUTO_TEST_CASE(sigterm_before_the_first_step_leaves_nothing_to_go_on_from) {
  write_job("llm", training_job(Stage::llm, llm_recipe(1000000)));
  const auto self = ::pthread_self();
  std::thread other([&] {
    while (!fs::exists(attempt("llm").journal())) std::this_thread::yield();
    ::pthread_kill(self, SIGTERM);
  });
  BOOST_TEST(train("llm", 1, [](AttemptSpec& spec) { spec.run["checkpoint_interval"] = 1000; }) == 130);
  other.join();
  // As a rule it comes while the model is built; else a checkpoint says so.
  const EventKind last_kind = last_event("llm").kind();
  BOOST_TEST((last_kind == EventKind::started || last_kind == EventKind::checkpoint));
}

BOOST_AUTO_TEST_CASE(a_killed_training_goes_on_from_its_journal_to_the_same_model) {
  constexpr std::int64_t kSteps = 60;
  write_job("llm", training_job(Stage::llm, llm_recipe(kSteps)));
  write_job("whole", training_job(Stage::llm, llm_recipe(kSteps)));
  BOOST_TEST(train("whole") == 0);

  const auto prepare = [&](std::int64_t number, std::int64_t from) {
    AttemptSpec spec;
    spec.attempt = number;
    spec.sources = sources;
    spec.run = {{"log_interval", 1}, {"checkpoint_interval", 2}};
    // The newest checkpoint, as the scheduler finds it: an attempt may have died before its first.
    for (; from > 0 && spec.resume_step == 0; --from) resume_from(spec, "llm", from);
    BOOST_TEST((spec.resume_step == 0 || fs::exists(spec.resume_path / "state.json")));
    scratch.write(fmt::format("llm/{}/attempt.json", number), spec.to_json().dump());
    return spec.resume_step;
  };
  const auto kill_when = [&](std::int64_t number, const std::function<bool()>& is_so) {
    WorkerProcess worker(job_folder("llm"), number);
    if (worker.wait_until(is_so)) BOOST_TEST(*worker.end(SIGKILL).signal == SIGKILL);
  };
  std::int64_t number = 0, last_resume = -1, progressed = 0;
  const auto kill_next_when = [&](const std::function<bool()>& is_so) {
    ++number;
    const std::int64_t resume = prepare(number, number - 1);
    if (resume > last_resume) ++progressed;
    last_resume = resume;
    kill_when(number, is_so);
  };
  for (const std::size_t count : {1u, 3u, 5u})
    kill_next_when([&] { return metrics("llm", number).size() >= count; });
  kill_next_when([&] { return has_unfinished_checkpoint(attempt("llm", number).path); });
  BOOST_TEST(progressed >= 3);  // What was done before a kill was not done in vain.
  // A batch system may start the very same attempt again; what the kill left half-written is in its way.
  kill_when(number, [&] { return metrics("llm", number).size() >= 3; });

  ++number;
  const std::int64_t resume = prepare(number, number - 1);
  BOOST_TEST(resume > last_resume);
  BOOST_TEST(resume < kSteps);
  BOOST_TEST(*WorkerProcess(job_folder("llm"), number).wait().code == 0);
  const auto finished = last<FinishedEvent>("llm", number);
  BOOST_TEST((model_of("llm", number) == model_of("whole")));
  BOOST_TEST(finished.detail.at("data") == last<FinishedEvent>("whole").detail.at("data"));
  BOOST_TEST(!has_unfinished_checkpoint(attempt("llm", number).path));
  // The last attempt tells each step after its checkpoint once.
  const auto told = metrics("llm", number);
  BOOST_TEST(told.size() == static_cast<std::size_t>(kSteps - resume));
  BOOST_TEST(told.front().step == resume + 1);
}

BOOST_AUTO_TEST_CASE(a_broken_checkpoint_is_refused_and_left_as_it_is) {
  write_job("llm", training_job(Stage::llm, llm_recipe(6)));
  BOOST_TEST(train("llm") == 0);
  const fs::path checkpoint = attempt("llm").path / "checkpoint-4";
  const auto whole = content_of(checkpoint);
  BOOST_TEST(whole.size() == 3u);
  std::int64_t number = 1;
  const auto refused = [&](const std::string& part) {
    const auto before = content_of(attempt("llm").path);
    const std::string text = failure(2, FailureKind::config, "llm", ++number, [&](AttemptSpec& spec) {
      spec.resume_step = 4;
      spec.resume_path = checkpoint;
    });
    BOOST_TEST(has(text, part));
    BOOST_TEST((content_of(attempt("llm").path) == before));
  };
  for (const char* name : {"model.safetensors", "optimizer.safetensors", "state.json"}) {
    fs::resize_file(checkpoint / name, whole.at(name).size() / 2);
    refused(name);
    fs::resize_file(checkpoint / name, 0);
    refused(name);
    fs::remove(checkpoint / name);
    refused(name);
    scratch.write(fs::relative(checkpoint / name, scratch.path), whole.at(name));
  }
  for (const char* state : {"[]", "{\"stage\":\"llm\",\"seed\":5,\"step\":4}"}) {
    scratch.write(fs::relative(checkpoint / "state.json", scratch.path), state);
    refused("state.json");
  }
  scratch.write(fs::relative(checkpoint / "state.json", scratch.path), whole.at("state.json"));
  BOOST_TEST(train("llm", ++number, [&](AttemptSpec& spec) {
               spec.resume_step = 4;
               spec.resume_path = checkpoint;
             }) == 0);
  BOOST_TEST((model_of("llm", number) == model_of("llm")));
}

BOOST_AUTO_TEST_CASE(a_longer_training_goes_on_from_the_end_of_a_shorter_one_to_the_same_model) {
  constexpr std::int64_t kSteps = 40;
  const auto stopping_at = [&](std::int64_t stop) {
    Experiment recipe = llm_recipe(kSteps);
    recipe.train_llm.stop_at = stop;
    return training_job(Stage::llm, recipe);
  };
  const auto keeping = [](AttemptSpec& spec) {
    spec.run["checkpoint_interval"] = 1000;
    spec.keep_last = true;
  };
  const auto losses = [&](const std::string& name) {
    std::map<std::int64_t, double> found;
    for (const MetricEvent& event : metrics(name)) found[event.step] = event.values.front().second;
    return found;
  };
  for (const std::int64_t stop : {7, 23, 0}) {
    write_job("alone-" + std::to_string(stop), stopping_at(stop));
    BOOST_TEST(train("alone-" + std::to_string(stop)) == 0);
  }
  write_job("a", stopping_at(7));
  write_job("b", stopping_at(23));
  write_job("c", stopping_at(0));
  BOOST_TEST(train("a", 1, keeping) == 0);
  BOOST_TEST(all<CheckpointEvent>("a").back().step == 7);
  BOOST_TEST(train("b", 1, [&](AttemptSpec& spec) { keeping(spec), resume_from(spec, "a", 1); }) == 0);
  BOOST_TEST(train("c", 1, [&](AttemptSpec& spec) { resume_from(spec, "b", 1); }) == 0);
  BOOST_TEST(*journal("c").front().step() == 23);
  BOOST_TEST((model_of("a") == model_of("alone-7")));
  BOOST_TEST((model_of("b") == model_of("alone-23")));
  BOOST_TEST((model_of("c") == model_of("alone-0")));
  BOOST_TEST((model_of("a") != model_of("b")));
  const auto whole = losses("alone-0");
  BOOST_TEST(whole.size() == static_cast<std::size_t>(kSteps));
  for (const char* name : {"a", "b", "c"})
    for (const auto& [step, loss] : losses(name)) BOOST_TEST(loss == whole.at(step), name << " " << step);
  BOOST_TEST(losses("c").size() == static_cast<std::size_t>(kSteps - 23));
  for (const char* key : {"data", "flops", "tokens"})
    BOOST_TEST(last<FinishedEvent>("c").detail.at(key) == last<FinishedEvent>("alone-0").detail.at(key));
  // Without being asked to, none is kept for others.
  BOOST_TEST(all<CheckpointEvent>("alone-23").back().step == 22);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
