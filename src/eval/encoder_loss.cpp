#include <torch/torch.h>

#include <algorithm>

#include "data/source.hpp"
#include "eval/encoder_model.hpp"
#include "eval/tasks.hpp"

namespace ablate {

namespace {

std::string loss_name(const std::string& part) {
  return "heldout-loss/" + (part == "loss" ? "pictures" : part);
}

void add_block_losses(EncoderModel& model, const EncoderExamples& examples,
                      const std::function<bool()>& stop_requested, Findings& findings) {
  const torch::Tensor pictures = model.embed_pictures(examples, stop_requested),
                      captions = model.embed_captions(examples, stop_requested);
  const std::int64_t n = pictures.size(0), block = std::min(kContrastiveBlock, n);
  std::vector<double> losses, accuracy;
  for (std::int64_t first = 0; first < n; first += block) {
    const std::int64_t from = std::min(first, n - block);  // The last block is filled up from before.
    const auto found = model.block_losses(pictures.narrow(0, from, block), captions.narrow(0, from, block));
    const torch::Tensor table = found.logits.to(torch::kFloat64).contiguous(),
                        loss = found.losses.to(torch::kFloat64).contiguous();
    for (std::int64_t row = first - from; row < block; ++row) {
      const std::string& id = examples.ids[static_cast<std::size_t>(from + row)];
      losses.push_back(require_number(loss.data_ptr<double>()[row], "the loss", id));
      std::vector<bool> right(static_cast<std::size_t>(block));
      right[static_cast<std::size_t>(row)] = true;
      accuracy.push_back(
          find_standing({table.data_ptr<double>() + row * block, right.size()}, right).hits_within(1));
    }
  }
  findings.add_mean(loss_name("loss"), losses);
  findings.add_mean(loss_name("accuracy"), accuracy);
  findings.evaluation.detail["block"] = block;
}

void add_picture_losses(EncoderModel& model, const EncoderExamples& examples,
                        const std::function<bool()>& stop_requested, Findings& findings) {
  const EncoderModel::PictureSums found = model.picture_sums(examples, stop_requested);
  for (const auto& [name, sums] : found.sums) {
    for (std::size_t i = 0; i < sums.size(); ++i) require_number(sums[i], "the loss", examples.ids[i]);
    findings.add_ratio(loss_name(name), sums, found.counts);
  }
}

}  // namespace

void evaluate_encoder_loss(const EvaluationJob& job, EncoderModel& model,
                           const std::function<bool()>& stop_requested, Findings& findings) {
  const Eval& eval = job.experiment.eval;
  const std::vector<Document> documents =
      read_held_out(eval.captions, "eval.captions", DataRole::captions, eval.max_examples, findings.report);
  const EncoderExamples examples = model.load(documents, findings.report);
  if (examples.documents.empty()) return;
  if (model.is_contrastive())
    add_block_losses(model, examples, stop_requested, findings);
  else
    add_picture_losses(model, examples, stop_requested, findings);
}

}  // namespace ablate
