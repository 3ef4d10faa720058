#include "worker/training.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/fields.hpp"
#include "config/names.hpp"
#include "config/resolved.hpp"
#include "data/problem.hpp"
#include "eval/evaluate.hpp"
#include "journal/attempt_folder.hpp"
#include "train/train.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

/// Sets the keys of a job's configuration; `what` and `file` are for messages.
void apply_config(const Json& config, const std::string& file,
                  const std::map<std::string, std::filesystem::path>& sources, bool needs_sources,
                  Experiment& recipe) {
  try {
    apply_resolved(
        config,
        [&](const std::string& hash) -> std::string {
          const auto found = sources.find(hash);
          if (found != sources.end()) return found->second.string();
          if (!needs_sources) return "";
          throw Error(
              fmt::format("no path is known for the content {}; expected one under 'sources' of "
                          "attempt.json",
                          hash));
        },
        recipe);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: config: {}", file, error.what()));
  }
}

void apply_run(const AttemptSpec& spec, Experiment& recipe) {
  try {
    apply_resolved(
        {{"run", spec.run}}, [](const std::string& path) { return path; }, recipe);
  } catch (const Error& error) {
    throw Error(fmt::format("attempt.json: {}", error.what()));
  }
}

/// What `work` returns; what can go wrong with a model has kinds of failure of its own.
template <class Work>
auto with_failure_kinds(const Work& work) {
  try {
    return work();
  } catch (const DataError& error) {
    throw StageFailure(FailureKind::data, error.what());
  } catch (const OutOfMemory& error) {
    throw StageFailure(FailureKind::out_of_memory, error.what());
  }
}

/// The folder of a parent's finished attempt, with its model in it.
std::filesystem::path model_folder(const StageContext& context, const std::string& stage) {
  std::filesystem::path folder = context.parent(stage);
  const std::filesystem::path model = folder / kModelFile;
  std::error_code failed;
  if (!std::filesystem::exists(model, failed))
    throw StageFailure(
        FailureKind::data,
        fmt::format("{}: no such file; expected the model that the finished {} stage left there",
                    model.string(), stage));
  return folder;
}

}  // namespace

StageResult train_model(const StageContext& context) {
  const AttemptSpec& spec = context.spec;
  TrainingJob job{.experiment = {},
                  .stage = context.job.stage,
                  .seed = context.job.seed,
                  .device = to_name(spec.placement.kind),
                  .threads = spec.placement.threads,
                  .micro_batch_halvings = spec.micro_batch_halvings,
                  .folder = context.folder,
                  .resume_path = spec.resume_path,
                  .resume_step = spec.resume_step,
                  .keep_last = spec.keep_last};
  apply_config(context.job.config, context.job.file.string(), spec.sources, /*needs_sources=*/true,
               job.experiment);
  apply_run(spec, job.experiment);
  for (const auto& [stage, key] : context.job.parents) job.parents[stage] = model_folder(context, stage);
  const TrainingHooks hooks{
      .metric =
          [&](std::int64_t step, std::vector<std::pair<std::string, double>> values) {
            context.metric(step, std::move(values));
          },
      .checkpoint = [&](std::int64_t step, const std::string& path) { context.checkpoint(step, path); },
      .stop_requested = context.stop_requested};
  return with_failure_kinds([&] { return train_stage(job, hooks); });
}

StageResult evaluate_model(const StageContext& context) {
  if (context.job.parents.size() != 1)
    throw Error(fmt::format("{}: 'parents': {} stages; expected the one that is evaluated",
                            context.job.file.string(), context.job.parents.size()));
  const std::string& stage = context.job.parents.begin()->first;
  const std::filesystem::path folder = model_folder(context, stage);
  const Job trained = load_job(JobFolder{folder.parent_path()}.job());
  EvaluationJob job{.experiment = {},
                    .stage = trained.stage,
                    .task = from_name<EvalTask>(context.job.task),
                    .model = folder / kModelFile,
                    .device = to_name(context.spec.placement.kind),
                    .threads = context.spec.placement.threads,
                    .micro_batch_halvings = context.spec.micro_batch_halvings};
  // Of the model's own recipe, what it was trained on is not looked at.
  apply_config(trained.config, trained.file.string(), context.spec.sources, /*needs_sources=*/false,
               job.experiment);
  apply_config(context.job.config, context.job.file.string(), context.spec.sources, /*needs_sources=*/true,
               job.experiment);
  apply_run(context.spec, job.experiment);
  std::optional<Evaluation> evaluation =
      with_failure_kinds([&] { return evaluate(job, context.stop_requested); });
  if (!evaluation) return std::nullopt;
  const std::string kept = context.save_outcomes(evaluation->outcomes);
  for (const Score& score : evaluation->scores) {
    const bool is_kept = std::any_of(evaluation->outcomes.begin(), evaluation->outcomes.end(),
                                     [&](const ExampleOutcomes& one) { return one.score == score.name; });
    context.score(score.name, score.value, score.n, score.standard_error, is_kept ? kept : "");
  }
  return std::move(evaluation->detail);
}

}  // namespace ablate
