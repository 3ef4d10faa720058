// Jobs whose data are broken, or change while they run.
#include <fmt/format.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <thread>

#include "data/input_files.hpp"
#include "data/shard.hpp"
#include "journal/data_promise.hpp"
#include "util/hash.hpp"
#include "worker/training_fixture.hpp"

namespace ablate {

namespace {

namespace fs = std::filesystem;

struct PromisingWorker : TrainingWorker {
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
};

/// JSON lines of `count` short texts.
std::string text_lines(std::int64_t count) {
  std::string lines;
  for (std::int64_t i = 0; i < count; ++i)
    lines += fmt::format("{{\"text\": \"document {} is about a red bag beside a blue coat\"}}\n", i);
  return lines;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(data_of_jobs, PromisingWorker)

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
    while (!fs::exists(attempt("llm").path / "checkpoint-22"))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
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

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
