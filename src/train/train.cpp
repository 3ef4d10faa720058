#include "train/train.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "config/names.hpp"
#include "data/problem.hpp"
#include "train/checkpoint.hpp"
#include "train/convergence.hpp"
#include "train/device.hpp"
#include "train/failures.hpp"
#include "train/learning_rate.hpp"
#include "train/memory.hpp"
#include "train/meter.hpp"
#include "train/optimizer.hpp"
#include "train/stage.hpp"
#include "train/weight_files.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

std::unique_ptr<TrainingStage> make_stage(const TrainingJob& job, torch::Device device,
                                          const Json& data_state) {
  switch (job.stage) {
    case Stage::encoder:
      return make_encoder_stage(job, device, data_state);
    case Stage::llm:
    case Stage::vlm:
    case Stage::sft:
      return make_decoder_stage(job, device, data_state);
    case Stage::demo:
    case Stage::eval:
      break;
  }
  throw std::logic_error("a stage that does not train a model");
}

/// Runs what writes: a full disk is no mistake in the job.
void write_or_fail(const std::function<void()>& write) {
  try {
    write();
  } catch (const Error& error) {
    throw std::runtime_error(error.what());
  }
}

/// Writes the weights, and returns what the `finished` event tells of the stage.
Json finish(const TrainingJob& job, torch::Device device, TrainingStage& stage, Optimizer& optimizer,
            const Meter& meter) {
  if (optimizer.has_ema()) optimizer.swap_ema();
  write_or_fail([&] { save_weights(job.folder / kModelFile, stage.weights()); });
  Json detail = meter.totals();
  detail["model"] = kModelFile;
  detail["device"] = device_name(device, job.threads);
  std::int64_t parameters = 0;
  for (const torch::Tensor& parameter : stage.model().parameters()) parameters += parameter.numel();
  detail["parameters"] = parameters;
  detail["trainable_parameters"] = optimizer.trainable();
  detail["data"] = stage.data_state().at("tally");
  return detail;
}

/// Throws Error where a recipe asks for a number format that is not for this device.
torch::Device device_for(const TrainingJob& job, Precision precision) {
  const torch::Device device = choose_device(job.device);
  if (precision == Precision::bf16 && device.is_cpu() && !job.experiment.run.cpu_bf16)
    throw Error(fmt::format(
        "train.{}.precision: found bf16; expected fp32 on a CPU, or run.cpu_bf16 = true (bf16 is for GPUs)",
        to_name(job.stage)));
  return device;
}

std::optional<Json> train(const TrainingJob& job, const TrainingHooks& hooks) {
  const Train& settings = train_of(job.experiment, job.stage);
  const torch::Device device = device_for(job, settings.precision);
  // Batches of packed sequences differ in their number of pictures.
  const bool shapes_vary = job.stage != Stage::encoder && resolution_of(job.experiment, job.stage) > 0;
  set_up_device(device, job.threads, shapes_vary);
  keep_freed_memory();

  Meter meter(device, compute_type(settings.precision, device, job.experiment.run.cpu_bf16));
  const bool resumes = !job.resume_path.empty();
  const Json state = resumes ? load_checkpoint_state(job) : Json();
  const auto stage = make_stage(job, device, resumes ? state.at("data") : Json());
  Optimizer optimizer(stage->model(), settings);
  if (resumes) load_checkpoint(job, *stage, optimizer);
  Checkpoints checkpoints(job, hooks);
  const Run& run = job.experiment.run;

  double first_loss = resumes ? state.at("first_loss").get<double>() : 0;
  const std::int64_t last_step = settings.last_step();
  std::int64_t step = job.resume_step;
  // Checkpoints of earlier versions have no totals: what they went through is not counted then.
  if (resumes && state.contains("totals")) meter.restore(state.at("totals"));
  meter.start();
  while (true) {
    // Save?
    const bool stopping = step < last_step && hooks.stop_requested();
    const bool due =
        step > job.resume_step && (step < last_step ? step % run.checkpoint_interval == 0 : job.keep_last);
    if ((due || stopping) && step > job.resume_step)
      write_or_fail([&] { checkpoints.save(step, first_loss, meter.totals(), *stage, optimizer); });
    if (stopping) return std::nullopt;
    // Done?
    if (step == last_step) break;

    // Step.
    ++step;
    const bool logs = step % run.log_interval == 0 || step == last_step || step == 1;
    meter.begin_step(/*synchronize=*/logs);
    meter.watch.start(Phase::data);
    stage->load();
    optimizer.zero_grad();
    StepMetrics metrics = stage->accumulate(step, meter.watch);
    meter.watch.start(Phase::optimizer);
    const double lr = lr_at(step, settings);
    metrics.emplace_back("grad_norm", optimizer.step(step, lr));
    stage->after_update();
    meter.watch.stop();
    meter.end_step(stage->work());

    // Log.
    if (!logs) continue;
    std::vector<std::pair<std::string, double>> values;
    for (const auto& [name, value] : metrics) values.emplace_back(name, value.item<double>());
    if (step == 1) first_loss = values.front().second;
    check_converges(values, first_loss, step, lr);
    values.emplace_back("lr", lr);
    for (auto& value : meter.read()) values.push_back(std::move(value));
    for (auto& value : stage->data_metrics()) values.push_back(std::move(value));
    hooks.metric(step, std::move(values));
  }
  return finish(job, device, *stage, optimizer, meter);
}

}  // namespace

std::optional<Json> train_stage(const TrainingJob& job, const TrainingHooks& hooks) {
  return with_plain_failures(job.device, [&] { return train(job, hooks); });
}

}  // namespace ablate
