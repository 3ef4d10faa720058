#include "train/checkpoint.hpp"

#include <fmt/format.h>

#include "config/names.hpp"
#include "train/weight_files.hpp"
#include "util/error.hpp"
#include "util/file.hpp"

namespace ablate {

namespace {

namespace fs = std::filesystem;

constexpr const char *kOptimizerFile = "optimizer.safetensors", *kStateFile = "state.json";

NamedTensors weights_by_name(const Weights& weights) {
  NamedTensors tensors;
  for (const Weight& weight : weights) tensors.emplace_back(weight.name, weight.tensor);
  return tensors;
}

}  // namespace

void Checkpoints::save(std::int64_t step, double first_loss, const Json& totals, const TrainingStage& stage,
                       const Optimizer& optimizer) {
  const std::string name = fmt::format("checkpoint-{}", step);
  const fs::path unfinished = job_.folder / (name + ".unfinished"), folder = job_.folder / name;
  std::error_code failed;
  fs::remove_all(unfinished, failed);
  make_directories(unfinished);
  save_weights(unfinished / kModelFile, stage.weights());
  save_tensors(unfinished / kOptimizerFile, optimizer.state());
  const Json state = {{"stage", to_name(job_.stage)}, {"seed", job_.seed}, {"step", step},
                      {"first_loss", first_loss},     {"totals", totals},  {"data", stage.data_state()}};
  write_file(unfinished / kStateFile, state.dump(1) + "\n", /*durable=*/true);
  fs::remove_all(folder, failed);  // Left where the same attempt was started before, by hand.
  rename_folder(unfinished, folder);
  hooks_.checkpoint(step, name);  // Only now: what the journal names is on the disk.
  names_.push_back(name);
  const auto keep = static_cast<std::size_t>(job_.experiment.run.keep_checkpoints);
  for (; names_.size() > keep; names_.pop_front()) fs::remove_all(job_.folder / names_.front(), failed);
}

Json load_checkpoint_state(const TrainingJob& job) {
  const fs::path file = job.resume_path / kStateFile;
  const Json state = load_json(file);
  const Json expected = {{"stage", to_name(job.stage)}, {"seed", job.seed}, {"step", job.resume_step}};
  for (const auto& [key, value] : expected.items())
    if (!state.is_object() || state.value(key, Json()) != value)
      throw Error(fmt::format("{}: '{}': found {}; expected {}", file.string(), key,
                              state.is_object() ? state.value(key, Json()).dump() : "no object",
                              value.dump()));
  const Json data = state.value("data", Json());
  if (!state.value("first_loss", Json()).is_number() || !data.is_object() || !data.contains("position") ||
      !data.contains("tally"))
    throw Error(fmt::format("{}: 'first_loss' or 'data' is missing or of a wrong type", file.string()));
  return state;
}

void load_checkpoint(const TrainingJob& job, const TrainingStage& stage, Optimizer& optimizer) {
  load_tensors(job.resume_path / kModelFile, weights_by_name(stage.weights()));
  optimizer.weights_have_changed();
  load_tensors(job.resume_path / kOptimizerFile, optimizer.state());
}

}  // namespace ablate
