// Jobs that train a small model, run here or by a worker of their own.
#pragma once

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "plan/stages.hpp"
#include "train/fixture.hpp"
#include "util/process.hpp"
#include "worker/fixture.hpp"

namespace ablate {

/// Jobs with the small recipe; data go by hashes that the test makes up.
struct TrainingWorker : WorkerFixture {
  /// "h-" and the last part of the path.
  static std::string made_up_hash(const std::string& path) {
    return "h-" + std::filesystem::path(path).filename().string();
  }

  /// The configuration of a job as the plan writes it.
  Json job_config(Stage stage, const Experiment& recipe, EvalTask task = EvalTask::caption) {
    std::vector<ConfigPart> parts;
    const Fingerprint fingerprint = [](const std::string& path, SourceKind) { return made_up_hash(path); };
    PartTable table(parts, fingerprint);
    std::vector<std::uint32_t> indices;
    table.find(recipe, stage, task, indices);
    Json config = Json::object();
    for (const std::uint32_t index : indices) config[parts[index].section] = Json::parse(parts[index].json);
    for (const auto& [hash, path] : table.sources()) sources[hash] = path;
    return config;
  }
  /// job.json.
  Json training_job(Stage stage, const Experiment& recipe) {
    return {{"key", to_name(stage)},
            {"stage", to_name(stage)},
            {"task", ""},
            {"seed", 5},
            {"steps", train_of(recipe, stage).steps},
            {"config", job_config(stage, recipe)},
            {"parents", Json::object()}};
  }
  /// The evaluation of job "vlm".
  Json heldout_loss_job(const Experiment& recipe) {
    return {{"key", "eval"},
            {"stage", "eval"},
            {"task", "heldout-loss"},
            {"seed", 5},
            {"steps", 0},
            {"config", job_config(Stage::eval, recipe, EvalTask::heldout_loss)},
            {"parents", {{"vlm", "vlm"}}}};
  }
  /// attempt.json says where everything lies, and to log and save often.
  int train(
      const std::string& name, std::int64_t number = 1,
      const std::function<void(AttemptSpec&)>& change = [](AttemptSpec&) {}) const {
    return run(name, number, [&](AttemptSpec& spec) {
      spec.sources = sources;
      spec.run = {{"log_interval", 1}, {"checkpoint_interval", 2}, {"keep_checkpoints", 2}};
      change(spec);
    });
  }
  /// Goes on from the last checkpoint that the journal of attempt `from` names.
  void resume_from(AttemptSpec& spec, const std::string& name, std::int64_t from) const {
    for (const CheckpointEvent& event : all<CheckpointEvent>(name, from)) {
      spec.resume_step = event.step;
      spec.resume_path = attempt(name, from).path / event.path;
    }
  }
  Event last_event(const std::string& name, std::int64_t number = 1) const {
    const std::vector<Event> events = journal(name, number);
    BOOST_REQUIRE(!events.empty());
    return events.back();
  }
  std::string model_of(const std::string& name, std::int64_t number = 1) const {
    return read_file(attempt(name, number).path / "model.safetensors", 1u << 30);
  }
  /// One failed job: its message.
  std::string failure(
      int expected_code, FailureKind kind, const std::string& name, std::int64_t number = 1,
      const std::function<void(AttemptSpec&)>& change = [](AttemptSpec&) {}) const {
    BOOST_TEST(train(name, number, change) == expected_code);
    const auto failed = last<FailedEvent>(name, number);
    BOOST_CHECK(failed.failure == kind);
    BOOST_TEST(failed.message.find('\n') == std::string::npos, failed.message);
    BOOST_TEST(!std::filesystem::exists(attempt(name, number).path / "model.safetensors"));
    return failed.message;
  }

  std::map<std::string, std::filesystem::path> sources;
};

inline Experiment llm_recipe(std::int64_t steps) {
  Experiment recipe = TrainingFixture::recipe();
  recipe.train_llm.steps = steps;
  recipe.train_llm.ema = 0.9;
  return recipe;
}

/// A worker of its own; killed with the test at the latest.
class WorkerProcess {
 public:
  WorkerProcess(const std::filesystem::path& job_folder, std::int64_t number)
      : pid_(spawn({.arguments = {ABLATE_WORKER_PROGRAM, job_folder, "--attempt", std::to_string(number)},
                    .environment = {},
                    .output = job_folder / "log.txt",
                    .inherit_fd = -1})) {}
  ~WorkerProcess() {
    if (!exit_) end(SIGKILL);
  }
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  /// Waits until something is so, for at most two minutes. False when the worker ends before.
  bool wait_until(const std::function<bool()>& is_so) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (!is_so()) {
      if (exit_ = try_reap(pid_); exit_) return false;
      BOOST_REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return true;
  }
  ExitStatus end(int signal) {
    ::kill(pid_, signal);
    return wait();
  }
  ExitStatus wait() {
    wait_until([] { return false; });
    return *exit_;
  }

 private:
  pid_t pid_;
  std::optional<ExitStatus> exit_;
};

}  // namespace ablate
