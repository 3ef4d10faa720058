#include <fmt/format.h>

#include "config/names.hpp"
#include "util/error.hpp"
#include "util/file.hpp"
#include "util/hash.hpp"
#include "worker/demo.hpp"
#include "worker/stage.hpp"
#ifdef ABLATE_LIBTORCH
#include "worker/training.hpp"
#endif

namespace ablate {

namespace {

struct StageEntry {
  Stage stage;
  const char* task;  ///< The evaluation; "" for a stage that trains.
  StageFunction run;
};

constexpr StageEntry kStages[] = {
#ifdef ABLATE_LIBTORCH
    {Stage::encoder, "", train_model},
    {Stage::llm, "", train_model},
    {Stage::vlm, "", train_model},
    {Stage::sft, "", train_model},
    {Stage::eval, "heldout-loss", evaluate_model},
    {Stage::eval, "caption", evaluate_model},
    {Stage::eval, "vqa", evaluate_model},
    {Stage::eval, "doctext", evaluate_model},
    {Stage::eval, "fewshot", evaluate_model},
    {Stage::eval, "retrieval", evaluate_model},
    {Stage::eval, "zero-shot", evaluate_model},
#endif
    {Stage::demo, "", train_demo},
    {Stage::eval, "demo-accuracy", eval_demo_accuracy},
    {Stage::eval, "demo-robustness", eval_demo_robustness},
};

std::string entry_name(std::string stage, const std::string& task) {
  return task.empty() ? stage : stage + " " + task;
}

}  // namespace

StageFunction get_stage(const Job& job) {
  std::vector<std::string> known;
  for (const StageEntry& entry : kStages) {
    if (entry.stage == job.stage && entry.task == job.task) return entry.run;
    known.push_back(entry_name(to_name(entry.stage), entry.task));
  }
  throw Error(fmt::format("this build of ablate-worker cannot run '{}'; it has: {}",
                          entry_name(to_name(job.stage), printable(job.task)), join(known, ", ")));
}

void StageContext::metric(std::int64_t step, std::vector<std::pair<std::string, double>> values) const {
  write({.what = MetricEvent{step, std::move(values)}});
}

void StageContext::checkpoint(std::int64_t step, const std::string& path) const {
  write({.what = CheckpointEvent{step, path}});
}

void StageContext::score(const std::string& name, double value, std::int64_t n,
                         std::optional<double> standard_error, const std::string& outcomes) const {
  write({.what = ScoreEvent{name, value, n, standard_error, outcomes}});
}

std::string StageContext::save_outcomes(std::span<const ExampleOutcomes> outcomes) const {
  if (outcomes.empty()) return "";
  const std::string bytes = encode_outcomes(outcomes);
  if (bytes.size() > kMaxOutcomesBytes) return "";
  save(kOutcomesFile, bytes);
  return hash128(bytes).hex();
}

std::int64_t StageContext::run_setting(const char* key, std::int64_t fallback, std::int64_t least) const {
  const auto found = spec.run.find(key);
  if (found == spec.run.end()) return fallback;
  if (!found->is_number_integer() || found->get<std::int64_t>() < least)
    throw Error(fmt::format("attempt.json: run.{}: found {}; expected a whole number, {} or more", key,
                            found->dump(), least));
  return found->get<std::int64_t>();
}

std::filesystem::path StageContext::parent(const std::string& stage) const {
  const auto found = spec.parents.find(stage);
  if (found == spec.parents.end())
    throw Error(fmt::format(
        "attempt.json: parents: '{}' is missing; expected the folder of its finished attempt", stage));
  return found->second;
}

void StageContext::save(const std::string& name, std::string_view content) const {
  try {
    write_file(folder / name, content, /*durable=*/true);
  } catch (const Error& error) {
    throw std::runtime_error(error.what());
  }
}

}  // namespace ablate
