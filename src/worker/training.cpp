#include "worker/training.hpp"

#include <fmt/format.h>

#include "config/fields.hpp"
#include "config/names.hpp"
#include "config/resolved.hpp"
#include "data/problem.hpp"
#include "train/train.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

/// The recipe of a job, with the paths and the [run] table of its attempt.
Experiment read_recipe(const StageContext& context) {
  Experiment recipe;
  try {
    apply_resolved(
        context.job.config,
        [&](const std::string& hash) {
          const auto found = context.spec.sources.find(hash);
          if (found == context.spec.sources.end())
            throw Error(
                fmt::format("no path is known for the content {}; expected one under 'sources' of "
                            "attempt.json",
                            hash));
          return found->second.string();
        },
        recipe);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: config: {}", context.job.file.string(), error.what()));
  }
  try {
    apply_resolved(
        {{"run", context.spec.run}}, [](const std::string& path) { return path; }, recipe);
  } catch (const Error& error) {
    throw Error(fmt::format("attempt.json: {}", error.what()));
  }
  return recipe;
}

}  // namespace

StageResult train_model(const StageContext& context) {
  const AttemptSpec& spec = context.spec;
  TrainingJob job{.experiment = read_recipe(context),
                  .stage = context.job.stage,
                  .seed = context.job.seed,
                  .device = spec.device,
                  .threads = spec.threads,
                  .micro_batch_halvings = spec.micro_batch_halvings,
                  .folder = context.folder,
                  .resume_path = spec.resume_path,
                  .resume_step = spec.resume_step};
  for (const auto& [stage, key] : context.job.parents) job.parents[stage] = context.parent(stage);
  const TrainingHooks hooks{
      .metric =
          [&](std::int64_t step, std::vector<std::pair<std::string, double>> values) {
            context.metric(step, std::move(values));
          },
      .checkpoint = [&](std::int64_t step, const std::string& path) { context.checkpoint(step, path); },
      .stop_requested = context.stop_requested};
  try {
    return train_stage(job, hooks);
  } catch (const DataError& error) {
    throw StageFailure(FailureKind::data, error.what());
  } catch (const Diverged& error) {
    throw StageFailure(FailureKind::diverged, error.what());
  } catch (const OutOfMemory& error) {
    throw StageFailure(FailureKind::out_of_memory, error.what());
  }
}

}  // namespace ablate
