// Jobs that train a model, as the scheduler hands them to a worker.
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <set>
#include <thread>

#include "data/input_files.hpp"
#include "data/shard.hpp"
#include "journal/data_promise.hpp"
#include "plan/stages.hpp"
#include "train/fixture.hpp"
#include "util/hash.hpp"
#include "util/process.hpp"
#include "util/safetensors.hpp"
#include "worker/fixture.hpp"

namespace ablate {

namespace {

namespace fs = std::filesystem;
using Milliseconds = std::chrono::milliseconds;

/// Jobs with the small recipe; data go by hashes that the test makes up.
struct TrainingWorker : WorkerFixture {
  /// "h-" and the last part of the path.
  static std::string made_up_hash(const std::string& path) {
    return "h-" + fs::path(path).filename().string();
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
    BOOST_TEST(!fs::exists(attempt(name, number).path / "model.safetensors"));
    return failed.message;
  }

  /// Promises what all sources hold now: content hash, as the test makes it up, to file.
  std::map<std::string, fs::path> promise_all() const {
    std::map<std::string, fs::path> promises;
    for (const auto& [hash, path] : sources) {
      const SourceKind kind = hash.ends_with(".model") ? SourceKind::tokenizer : SourceKind::documents;
      const InputFiles list =
          list_input_files(path, kind, [](const InputFile& lines) { return read_picture_names(lines.path); });
      InputContent content{{}, list.names_count, list.format};
      for (const InputFile& file : list.files)
        content.files.push_back({file.name, file.is_picture, read_content(file.path)});
      promises[hash] = scratch.path / "promises" / hash;
      write_promise(promises[hash], content);
    }
    return promises;
  }

  std::map<std::string, fs::path> sources;
};

/// JSON lines of `count` short texts.
std::string text_lines(std::int64_t count) {
  std::string lines;
  for (std::int64_t i = 0; i < count; ++i)
    lines += fmt::format("{{\"text\": \"document {} is about a red bag beside a blue coat\"}}\n", i);
  return lines;
}

Experiment llm_recipe(std::int64_t steps) {
  Experiment recipe = TrainingFixture::recipe();
  recipe.train_llm.steps = steps;
  recipe.train_llm.ema = 0.9;
  return recipe;
}

/// The files of a folder, name to content.
std::map<std::string, std::string> content_of(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file())
      files[fs::relative(entry.path(), folder)] = read_file(entry.path(), 1u << 30);
  return files;
}

/// A worker of its own; killed with the test at the latest.
class WorkerProcess {
 public:
  WorkerProcess(const fs::path& job_folder, std::int64_t number)
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

bool has_unfinished_checkpoint(const fs::path& folder) {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed))
    if (entry.path().extension() == ".unfinished") return true;
  return false;
}

/// What these tests expect holds where there is a GPU, too.
struct HiddenGpus {
  HiddenGpus() { ::setenv("CUDA_VISIBLE_DEVICES", "", 1); }
};
BOOST_TEST_GLOBAL_FIXTURE(HiddenGpus);

}  // namespace

BOOST_FIXTURE_TEST_SUITE(training_jobs, TrainingWorker)

BOOST_AUTO_TEST_CASE(a_vlm_job_builds_on_its_parents_and_journals_losses_shares_and_what_was_read) {
  const Experiment recipe = TrainingFixture::recipe();
  write_job("encoder", training_job(Stage::encoder, recipe));
  write_job("llm", training_job(Stage::llm, recipe));
  Experiment frozen = recipe;
  frozen.train_vlm.freeze = {ModelPart::encoder, ModelPart::llm};
  Json job = training_job(Stage::vlm, frozen);
  job["parents"] = {{"encoder", "encoder"}, {"llm", "llm"}};
  write_job("vlm", job);
  BOOST_TEST(train("encoder") == 0);
  BOOST_TEST(train("llm") == 0);
  BOOST_TEST(train("vlm", 1, [&](AttemptSpec& spec) {
               spec.parents = {{"encoder", attempt("encoder").path}, {"llm", attempt("llm").path}};
             }) == 0);

  const auto started = std::get<StartedEvent>(journal("vlm").front().what);
  BOOST_TEST(started.total_steps == 6);
  BOOST_TEST(started.detail.at("device") == "cpu");
  std::vector<std::int64_t> steps, checkpoints;
  std::set<std::string> names;
  for (const CheckpointEvent& event : all<CheckpointEvent>("vlm")) {
    checkpoints.push_back(event.step);
    BOOST_TEST(fs::exists(attempt("vlm").path / event.path / "model.safetensors"));
  }
  for (const MetricEvent& event : metrics("vlm")) {
    steps.push_back(event.step);
    BOOST_TEST(event.values.front().first == "loss");
    for (const auto& [name, value] : event.values) {
      names.insert(name);
      BOOST_TEST(std::isfinite(value), name);
    }
  }
  BOOST_TEST((steps == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}));
  BOOST_TEST((checkpoints == std::vector<std::int64_t>{2, 4}));
  for (const char* name :
       {"loss", "loss_captions", "loss_interleaved", "grad_norm", "lr", "tokens_per_second",
        "token_share_captions", "token_share_interleaved", "sequence_share_captions",
        "target_share_interleaved", "image_share_interleaved", "fill", "broken_documents", "memory_bytes"})
    BOOST_TEST(names.count(name) == 1u, name);

  const auto finished = last<FinishedEvent>("vlm");
  BOOST_TEST(finished.step == 6);
  BOOST_TEST(finished.detail.at("model") == "model.safetensors");
  BOOST_TEST(finished.detail.at("device") == "CPU, 1 thread");
  BOOST_TEST(finished.detail.at("parameters").get<std::int64_t>() >
             2 * finished.detail.at("trainable_parameters").get<std::int64_t>());
  BOOST_TEST(finished.detail.at("data").at("documents").get<std::int64_t>() > 0);
  BOOST_TEST(finished.detail.at("data").at("broken") == 0);
  BOOST_TEST(finished.detail.at("seconds").get<double>() > 0);
  // The frozen decoder came from its parent.
  const SafetensorsFile trained(attempt("vlm").path), decoder(attempt("llm").path);
  const StoredTensor *from = decoder.find("model.norm.weight"),
                     *to = trained.find("language_model.model.norm.weight");
  BOOST_TEST_REQUIRE((from && to));
  BOOST_TEST(std::equal(from->bytes.begin(), from->bytes.end(), to->bytes.begin(), to->bytes.end()));

  // Parents that are not told of, or are something else.
  BOOST_TEST(has(failure(2, FailureKind::config, "vlm", 2), "attempt.json: parents: 'encoder' is missing"));
  BOOST_TEST(has(failure(2, FailureKind::config, "vlm", 3,
                         [&](AttemptSpec& spec) {
                           spec.parents = {{"encoder", attempt("llm").path}, {"llm", attempt("llm").path}};
                         }),
                 "the encoder stage"));
}

BOOST_AUTO_TEST_CASE(an_evaluation_journals_scores_of_the_model_that_its_parent_trained) {
  Experiment recipe = TrainingFixture::recipe();
  write_job("vlm", training_job(Stage::vlm, recipe));
  BOOST_TEST(train("vlm") == 0);
  // What the model was trained on need not be there any more.
  sources.clear();
  recipe.eval.captions = recipe.data.captions;
  recipe.eval.text = recipe.data.text;
  recipe.eval.max_examples = 15;
  write_job("eval", heldout_loss_job(recipe));
  BOOST_TEST(sources.count("h-interleaved") == 0u);
  const auto of_vlm = [&](AttemptSpec& spec) { spec.parents = {{"vlm", attempt("vlm").path}}; };
  BOOST_TEST(train("eval", 1, of_vlm) == 0);

  BOOST_CHECK(journal("eval").front().kind() == EventKind::started);
  std::map<std::string, ScoreEvent> scores;
  for (const ScoreEvent& event : all<ScoreEvent>("eval")) scores[event.name] = event;
  BOOST_TEST(scores.size() == 3u);
  double last_loss = 0;
  for (const MetricEvent& event : metrics("vlm")) last_loss = event.values.front().second;
  for (const char* name : {"heldout-loss/captions", "heldout-loss/text", "bits-per-byte/text"}) {
    BOOST_TEST_REQUIRE(scores.count(name) == 1u, name);
    BOOST_TEST(scores[name].n == 15);
    BOOST_TEST(scores[name].standard_error.value() > 0);
  }
  // Seen in training, so about as likely as then.
  BOOST_TEST(std::abs(scores["heldout-loss/captions"].value - last_loss) < 1);
  BOOST_TEST(scores["heldout-loss/captions"].value < std::log(1024.0));
  const auto evaluated = last<FinishedEvent>("eval");
  BOOST_TEST(evaluated.detail.at("data").at("documents") == 30);
  BOOST_TEST(evaluated.detail.at("data").at("broken") == 0);

  // Again, by the worker of its own that a scheduler starts: the same scores.
  AttemptSpec spec;
  spec.attempt = 2;
  spec.sources = sources;
  of_vlm(spec);
  scratch.write("eval/2/attempt.json", spec.to_json().dump());
  BOOST_TEST(*WorkerProcess(job_folder("eval"), 2).wait().code == 0);
  for (const ScoreEvent& event : all<ScoreEvent>("eval", 2))
    BOOST_TEST(event.value == scores[event.name].value, boost::test_tools::tolerance(1e-5));
}

BOOST_AUTO_TEST_CASE(an_evaluation_names_the_source_or_the_parent_that_it_lacks) {
  Experiment recipe = TrainingFixture::recipe();
  write_job("vlm", training_job(Stage::vlm, recipe));
  BOOST_TEST(train("vlm") == 0);
  sources.clear();
  recipe.eval.text = recipe.data.text;
  const Json eval = heldout_loss_job(recipe);
  write_job("eval", eval);
  const auto of_vlm = [&](AttemptSpec& spec) { spec.parents = {{"vlm", attempt("vlm").path}}; };
  BOOST_TEST(has(failure(2, FailureKind::config, "eval", 1,
                         [&](AttemptSpec& changed) {
                           of_vlm(changed);
                           changed.sources.erase("h-text");
                         }),
                 "job.json: config: no path is known for the content h-text"));
  BOOST_TEST(has(failure(2, FailureKind::config, "eval", 2), "attempt.json: parents: 'vlm' is missing"));
  BOOST_TEST(has(failure(1, FailureKind::data, "eval", 3,
                         [&](AttemptSpec& changed) {
                           of_vlm(changed);
                           changed.sources["h-text"] = "/nowhere/at/all";
                         }),
                 "/nowhere/at/all"));
  Json wrong = eval;
  wrong["parents"] = Json::object();
  write_job("orphan", wrong);
  BOOST_TEST(has(failure(2, FailureKind::config, "orphan"), "expected the one that is evaluated"));
  wrong = eval;
  wrong["task"] = "retrieval";
  write_job("misfit", wrong);
  BOOST_TEST(has(failure(2, FailureKind::config, "misfit", 1, of_vlm),
                 "a model of stage vlm cannot be evaluated with retrieval"));
}

BOOST_AUTO_TEST_CASE(a_training_that_sigterm_stopped_goes_on_to_the_same_model) {
  write_job("llm", training_job(Stage::llm, llm_recipe(100)));
  const auto seldom = [](AttemptSpec& spec) { spec.run["checkpoint_interval"] = 20; };
  BOOST_TEST(train("llm", 1, seldom) == 0);
  const auto self = ::pthread_self();
  std::thread other([&] {
    while (!fs::exists(attempt("llm", 2).path / "checkpoint-20"))
      std::this_thread::sleep_for(Milliseconds(1));
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

BOOST_AUTO_TEST_CASE(wrong_configurations_end_with_2_and_one_line) {
  const Experiment recipe = llm_recipe(6);
  const Json job = training_job(Stage::llm, recipe), vlm = training_job(Stage::vlm, recipe);
  std::int64_t number = 0;
  const auto message_for = [&](const Json& changed, const std::function<void(AttemptSpec&)>& change) {
    const std::string name = "wrong" + std::to_string(++number);
    write_job(name, changed);
    const std::string text = failure(2, FailureKind::config, name, 1, change);
    // Nothing but what the protocol has.
    for (const auto& entry : fs::directory_iterator(attempt(name).path))
      BOOST_TEST((entry.path().filename() == "attempt.json" || entry.path().filename() == "journal.jsonl"),
                 entry.path());
    return text;
  };
  const auto nothing = [](AttemptSpec&) {};
  BOOST_TEST(has(message_for(job, [](AttemptSpec& spec) { spec.sources.erase("h-text"); }),
                 "job.json: config: no path is known for the content h-text; expected one under 'sources' of "
                 "attempt.json"));
  Json wrong = vlm;
  wrong["config"]["connector"]["kind"] = "c-abstracter";
  BOOST_TEST(has(message_for(wrong, nothing),
                 "job.json: config: 'connector.kind' has the unknown level 'c-abstracter'; did you mean "
                 "'c-abstractor'?"));
  wrong = job;
  wrong["config"]["llm"]["layerz"] = 2;
  BOOST_TEST(has(message_for(wrong, nothing), "job.json: config: unknown key 'llm.layerz'; did you mean"));
  wrong = job;
  wrong["config"]["train.llm"]["precision"] = "bf16";
  BOOST_TEST(has(message_for(wrong, nothing), "train.llm.precision: found bf16; expected fp32 on a CPU"));
  wrong = job;
  wrong["config"] = Json::array();
  BOOST_TEST(has(message_for(wrong, nothing), "job.json: config: the configuration is no JSON object"));
  BOOST_TEST(has(message_for(job, [](AttemptSpec& spec) { spec.run["log_interval"] = 0; }),
                 "attempt.json: 'run.log_interval' is 0; expected an integer of at least 1"));
  BOOST_TEST(has(message_for(job, [](AttemptSpec& spec) { spec.run["log_intervall"] = 1; }),
                 "attempt.json: unknown key 'run.log_intervall'; did you mean 'run.log_interval'?"));
  BOOST_TEST(has(message_for(job, [](AttemptSpec& spec) { spec.sources["h-tokenizer.model"] = "/nowhere"; }),
                 "/nowhere"));
  BOOST_TEST(has(message_for(job,
                             [](AttemptSpec& spec) {
                               spec.resume_step = 2;
                               spec.resume_path = "/nowhere/checkpoint-2";
                             }),
                 "/nowhere/checkpoint-2/state.json"));
  BOOST_TEST(has(message_for(job, [](AttemptSpec& spec) { spec.placement.kind = DeviceKind::cuda; }),
                 "sees no GPU"));
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

BOOST_AUTO_TEST_CASE(data_that_are_mostly_broken_are_a_failure_of_their_own_kind) {
  write_job("llm", training_job(Stage::llm, llm_recipe(200)));
  std::string lines;
  for (int i = 0; i < 30; ++i) lines += i % 3 == 0 ? "{\"text\": \"a whole record\"}\n" : "{\"text\": 3}\n";
  sources["h-text"] = scratch.write("data/broken.jsonl", lines);
  const std::string message =
      failure(1, FailureKind::data, "llm", 1, [](AttemptSpec& spec) { spec.run["max_broken_share"] = 0.05; });
  BOOST_TEST(has(message, "documents are broken, more than run.max_broken_share = 0.05 allows; the first: "));
  BOOST_TEST(has(message, "broken.jsonl: byte "));
  // With that many allowed it trains, and says how many there were.
  write_job("allowed", training_job(Stage::llm, llm_recipe(6)));
  sources["h-text"] = scratch.path / "data/broken.jsonl";
  BOOST_TEST(train("allowed", 1, [](AttemptSpec& spec) { spec.run["max_broken_share"] = 0.9; }) == 0);
  BOOST_TEST(last<FinishedEvent>("allowed").detail.at("data").at("broken").get<int>() > 10);
  // Data that are not there at all.
  sources["h-text"] = scratch.path / "data/absent";
  BOOST_TEST(has(failure(1, FailureKind::data, "llm", 2), "data/absent"));
}

BOOST_AUTO_TEST_CASE(data_that_change_while_a_job_runs_are_a_failure_and_leave_no_result) {
  const Experiment recipe = llm_recipe(1000000);
  write_job("llm", training_job(Stage::llm, recipe));
  const fs::path text = scratch.write("data/own.jsonl", text_lines(200));
  sources["h-text"] = text;
  const auto promises = promise_all();
  std::atomic<bool> edited = false;
  std::thread other([&] {
    // A checkpoint's folder is there before the data are looked at and the journal names it; that of step 20
    // is in the journal once the next folder is there.
    while (!fs::exists(attempt("llm").path / "checkpoint-22")) std::this_thread::sleep_for(Milliseconds(1));
    fs::rename(scratch.write("new", text_lines(199) + "{\"text\": \"another\"}\n"), text);
    edited = true;
  });
  const std::string message =
      failure(1, FailureKind::data, "llm", 1, [&](AttemptSpec& spec) { spec.promises = promises; });
  other.join();
  BOOST_TEST(edited);
  BOOST_TEST(has(message, text.string() + " has changed since the sweep was planned: found "));
  // All that it has journaled was of the right data, and nothing follows the first look at the wrong ones.
  std::int64_t last_checkpoint = 0;
  for (const CheckpointEvent& event : all<CheckpointEvent>("llm")) last_checkpoint = event.step;
  BOOST_TEST(last_checkpoint >= 20);
  BOOST_TEST(*last_event("llm").step() <= last_checkpoint + 3);
  // With the data as they are now the job does not start again, from wherever.
  failure(1, FailureKind::data, "llm", 2, [&](AttemptSpec& spec) {
    spec.promises = promises;
    resume_from(spec, "llm", 1);
  });
  BOOST_TEST(metrics("llm", 2).empty());
}

BOOST_AUTO_TEST_CASE(held_out_data_that_change_give_no_score) {
  Experiment recipe = TrainingFixture::recipe();
  write_job("vlm", training_job(Stage::vlm, recipe));
  BOOST_TEST(train("vlm") == 0);
  sources.clear();
  const fs::path text = scratch.write("data/held-out.jsonl", text_lines(30));
  recipe.eval.text = {text};
  recipe.eval.max_examples = 15;
  write_job("eval", heldout_loss_job(recipe));
  const auto promises = promise_all();
  const auto of_vlm = [&](AttemptSpec& spec) {
    spec.promises = promises;
    spec.parents = {{"vlm", attempt("vlm").path}};
  };
  BOOST_TEST(train("eval", 1, of_vlm) == 0);
  fs::last_write_time(text, fs::file_time_type::clock::now() + std::chrono::hours(1));
  BOOST_TEST(train("eval", 2, of_vlm) == 0);
  fs::resize_file(text, fs::file_size(text) - 1);
  BOOST_TEST(has(failure(1, FailureKind::data, "eval", 3, of_vlm), "held-out.jsonl has changed"));
  BOOST_TEST(all<ScoreEvent>("eval", 3).empty());
  // A model that is gone is told as such.
  fs::remove(attempt("vlm").path / "model.safetensors");
  scratch.write("data/held-out.jsonl", text_lines(30));
  BOOST_TEST(
      has(failure(1, FailureKind::data, "eval", 4, of_vlm),
          "model.safetensors: no such file; expected the model that the finished vlm stage left there"));
}

BOOST_AUTO_TEST_CASE(a_training_that_diverges_journals_the_steps_before_it) {
  Experiment recipe = llm_recipe(50);
  recipe.train_llm.peak_lr = 10;
  recipe.train_llm.warmup_steps = 0;
  recipe.train_llm.schedule = LrSchedule::constant;
  recipe.train_llm.weight_decay = 10;
  recipe.train_llm.grad_clip = 0;
  write_job("llm", training_job(Stage::llm, recipe));
  const std::string message = failure(1, FailureKind::diverged, "llm");
  const auto told = metrics("llm");
  BOOST_TEST_REQUIRE(!told.empty());
  for (std::size_t i = 0; i < told.size(); ++i) BOOST_TEST(told[i].step == static_cast<std::int64_t>(i) + 1);
  BOOST_TEST(has(message, fmt::format("diverged by step {}: loss ", told.size() + 1)));
  BOOST_TEST(*last_event("llm").step() == told.back().step);
}

BOOST_AUTO_TEST_CASE(by_hand_a_job_is_repeated_with_the_sources_and_settings_of_an_attempt) {
  write_job("llm", training_job(Stage::llm, llm_recipe(7)));
  // Without any attempt nobody has said where the data lie.
  BOOST_TEST(run_worker(job_folder("llm"), std::nullopt) == 2);
  BOOST_TEST(has(last<FailedEvent>("llm").message, "expected one under 'sources' of attempt.json"));
  BOOST_TEST(train("llm", 2, [](AttemptSpec& spec) { spec.run["log_interval"] = 3; }) == 0);
  BOOST_TEST(run_worker(job_folder("llm"), std::nullopt, {}) == 0);
  const AttemptSpec spec = AttemptSpec::from_json(load_json(attempt("llm", 3).spec()));
  BOOST_CHECK(spec.sources == sources);
  std::vector<std::int64_t> steps;
  for (const MetricEvent& event : metrics("llm", 3)) steps.push_back(event.step);
  BOOST_TEST((steps == std::vector<std::int64_t>{1, 3, 6, 7}));
  BOOST_TEST((model_of("llm", 3) == model_of("llm", 2)));

  // A job that builds on it finds its model in the folder beside its own.
  Json vlm = training_job(Stage::vlm, llm_recipe(7));
  vlm["parents"] = {{"llm", "llm"}};
  write_job("vlm", vlm);
  scratch.write("vlm/1/attempt.json", [&] {
    AttemptSpec prepared;
    prepared.sources = sources;
    return prepared.to_json().dump();
  }());
  BOOST_TEST(run_worker(job_folder("vlm"), std::nullopt) == 0);
  BOOST_TEST(AttemptSpec::from_json(load_json(attempt("vlm", 2).spec())).parents.at("llm") ==
             attempt("llm", 3).path);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
