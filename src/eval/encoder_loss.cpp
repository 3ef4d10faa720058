#include <torch/torch.h>

#include <map>

#include "data/source.hpp"
#include "eval/encoder_model.hpp"
#include "eval/tasks.hpp"

namespace ablate {

void evaluate_encoder_loss(const EvaluationJob& job, EncoderModel& model,
                           const std::function<bool()>& stop_requested, Findings& findings) {
  const Eval& eval = job.experiment.eval;
  const std::vector<Document> documents =
      read_held_out(eval.captions, "eval.captions", DataRole::captions, eval.max_examples, findings.report);
  const EncoderExamples examples = model.load(documents, findings.report);
  std::map<std::string, std::vector<double>> values;
  std::vector<double> sizes;
  for (const StepMetrics& batch : model.losses(examples, stop_requested)) {
    const auto size = static_cast<double>(examples.batches[sizes.size()].pixels.size(0));
    for (const auto& [name, value] : batch) values[name].push_back(value.item<double>() * size);
    sizes.push_back(size);
  }
  for (const auto& [name, sums] : values)
    findings.add_ratio("heldout-loss/" + (name == "loss" ? "pictures" : name), sums, sizes);
}

}  // namespace ablate
