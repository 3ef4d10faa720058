// Jobs that train or evaluate a model, as the scheduler hands them to a worker.
#include <fmt/format.h>
#include <stdlib.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <set>

#include "util/safetensors.hpp"
#include "worker/stage.hpp"
#include "worker/training_fixture.hpp"

namespace ablate {

namespace {

namespace fs = std::filesystem;

/// What these tests expect holds where there is a GPU, too.
struct HiddenGpus {
  HiddenGpus() { ::setenv("CUDA_VISIBLE_DEVICES", "", 1); }
};
BOOST_TEST_GLOBAL_FIXTURE(HiddenGpus);

/// The jobs of a vlm stage that trains its connector alone, and of its parents.
struct FrozenVlm : TrainingWorker {
  FrozenVlm() {
    Experiment recipe = TrainingFixture::recipe();
    write_job("encoder", training_job(Stage::encoder, recipe));
    write_job("llm", training_job(Stage::llm, recipe));
    recipe.train_vlm.freeze = {ModelPart::encoder, ModelPart::llm};
    Json job = training_job(Stage::vlm, recipe);
    job["parents"] = {{"encoder", "encoder"}, {"llm", "llm"}};
    write_job("vlm", job);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(training_jobs, TrainingWorker)

BOOST_FIXTURE_TEST_CASE(a_vlm_job_builds_on_its_parents_and_journals_losses_shares_and_what_was_read,
                        FrozenVlm) {
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
}

BOOST_FIXTURE_TEST_CASE(a_vlm_job_whose_parents_are_not_told_of_or_are_something_else_fails, FrozenVlm) {
  BOOST_TEST(train("llm") == 0);
  BOOST_TEST(has(failure(2, FailureKind::config, "vlm", 1), "attempt.json: parents: 'encoder' is missing"));
  BOOST_TEST(has(failure(2, FailureKind::config, "vlm", 2,
                         [&](AttemptSpec& spec) {
                           spec.parents = {{"encoder", attempt("llm").path}, {"llm", attempt("llm").path}};
                         }),
                 "the encoder stage"));
}

BOOST_AUTO_TEST_CASE(what_cuda_says_when_its_memory_runs_out_fails_a_job_as_out_of_memory) {
  write_job("llm", training_job(Stage::llm, TrainingFixture::recipe()));
  std::filesystem::create_directories(attempt("llm").path);
  const Job job = load_job(JobFolder{job_folder("llm")}.job());
  AttemptSpec spec;
  spec.sources = sources;
  const auto failure_of = [&](const char* of_library) {
    const auto write = [&](const Event& event) {
      if (event.kind() == EventKind::metric) throw std::runtime_error(of_library);
    };
    try {
      get_stage(job)({job, spec, attempt("llm").path, write, [] { return false; }});
    } catch (const StageFailure& failure) {
      return std::pair(failure.kind, std::string(failure.what()));
    } catch (const std::exception& error) {
      return std::pair(FailureKind::error, std::string(error.what()));
    }
    return std::pair(FailureKind::error, std::string("no failure"));
  };
  const auto [kind, message] = failure_of(
      "CUDA out of memory. Tried to allocate 128.00 GiB. GPU 0 has a total capacity of 139.81 GiB of which "
      "101.55 GiB is free.");
  BOOST_CHECK(kind == FailureKind::out_of_memory);
  BOOST_TEST(message == "out of memory on cpu");
  const auto [other_kind, other_message] = failure_of("CUDA error: misaligned address");
  BOOST_CHECK(other_kind == FailureKind::error);
  BOOST_TEST(other_message == "CUDA error: misaligned address");
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
