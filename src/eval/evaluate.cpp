#include "eval/evaluate.hpp"

#include "config/check.hpp"
#include "config/names.hpp"
#include "data/loader.hpp"
#include "eval/encoder_model.hpp"
#include "eval/tasks.hpp"
#include "train/device.hpp"
#include "train/failures.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

using LanguageTask = void (*)(const EvaluationJob&, LanguageModel&, EvalFindings&);
using EncoderTask = void (*)(const EvaluationJob&, EncoderModel&, const std::function<bool()>&,
                             EvalFindings&);

struct Task {
  LanguageTask of_language = nullptr;
  EncoderTask of_encoder = nullptr;
};

Task find_task(EvalTask task) {
  switch (task) {
    case EvalTask::heldout_loss:
      return {evaluate_heldout_loss, evaluate_encoder_loss};
    case EvalTask::caption:
      return {evaluate_caption, nullptr};
    case EvalTask::vqa:
      return {evaluate_vqa, nullptr};
    case EvalTask::doctext:
      return {evaluate_doctext, nullptr};
    case EvalTask::fewshot:
      return {evaluate_fewshot, nullptr};
    case EvalTask::retrieval:
      return {nullptr, evaluate_retrieval};
    case EvalTask::zero_shot:
      return {nullptr, evaluate_zero_shot};
    case EvalTask::demo_accuracy:
    case EvalTask::demo_robustness:
      break;
  }
  throw std::logic_error("an evaluation of the demonstration");
}

void evaluate_into(const EvaluationJob& job, const std::function<bool()>& stop_requested,
                   EvalFindings& findings) {
  const Task task = find_task(job.task);
  const bool is_encoder = job.stage == Stage::encoder;
  const bool fits = is_encoder
                        ? task.of_encoder != nullptr
                        : task.of_language && (job.stage != Stage::llm || job.task == EvalTask::heldout_loss);
  if (!fits)
    throw Error("eval: a model of stage " + to_name(job.stage) + " cannot be evaluated with " +
                to_name(job.task));
  if (const auto nothing = find_nothing_to_ask(job.experiment, job.task, job.stage))
    throw Error(nothing->message);
  set_up_device(choose_device(job.device), job.threads, /*shapes_vary=*/true);
  if (is_encoder) {
    EncoderModel model(job);
    task.of_encoder(job, model, stop_requested, findings);
  } else {
    task.of_language(job, *load_language_model(job, stop_requested), findings);
  }
}

}  // namespace

std::optional<Evaluation> evaluate(const EvaluationJob& job, const std::function<bool()>& stop_requested) {
  EvalFindings findings;
  try {
    with_plain_failures(job.device, [&] { evaluate_into(job, stop_requested, findings); });
  } catch (const StopRequested&) {
    return std::nullopt;
  }
  DataTally tally;
  tally.add(findings.report);
  if (findings.evaluation.scores.empty()) throw DataError("no held-out document could be read");
  findings.evaluation.detail["data"] = tally.to_json();
  if (findings.report.repeated > 0) findings.evaluation.detail["data"]["repeated"] = findings.report.repeated;
  return std::move(findings.evaluation);
}

}  // namespace ablate
