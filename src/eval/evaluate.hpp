// Scores of a trained model on documents that were held out. No LibTorch in this header: the worker includes
// it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/experiment.hpp"
#include "journal/outcomes.hpp"
#include "util/json.hpp"

namespace ablate {

struct EvaluationJob {
  Experiment experiment;     ///< The recipe of the model, and what [eval] says; paths of this machine.
  Stage stage = Stage::vlm;  ///< The stage that trained the model.
  EvalTask task = EvalTask::heldout_loss;
  std::filesystem::path model;  ///< Its "model.safetensors".
  std::string device = "auto";
  std::int64_t threads = 1;
  std::int64_t micro_batch_halvings = 0;
};

struct Score {
  std::string name;  ///< "vqa/4-shot".
  double value = 0;
  std::int64_t n = 0;                    ///< Examples (documents, questions, pictures) that it is of.
  std::optional<double> standard_error;  ///< Over examples; nothing for a single one or for chance.
};

/// Everything that one evaluation found out.
struct Evaluation {
  std::vector<Score> scores;
  /// Of those scores that are means over examples, weighted or not.
  std::vector<ExampleOutcomes> outcomes;
  Json detail = Json::object();  ///< For the `finished` event: what was read and broken.
};

/// Which examples are looked at, and which are shown before them, depends on the data and on [eval] alone:
/// the same ones for all seeds and cells. Nothing of [run], of the device's threads or of how often memory
/// ran out changes a score by more than rounding. Nothing when it was asked to stop. Throws Error for what a
/// user can mend, DataError, OutOfMemory, and Diverged for a model whose numbers are none
/// (train/convergence.hpp).
std::optional<Evaluation> evaluate(const EvaluationJob& job, const std::function<bool()>& stop_requested);

}  // namespace ablate
