#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "data/source.hpp"
#include "eval/encoder_model.hpp"
#include "eval/tasks.hpp"

namespace ablate {

namespace {

std::string loss_name(const std::string& part) {
  return "heldout-loss/" + (part == "loss" ? "pictures" : part);
}

/// Of the documents whose pictures could be read.
AskedExamples asked_documents(const std::vector<Document>& documents, const EncoderExamples& examples) {
  QuestionIdentities identities;
  AskedExamples asked;
  for (const std::size_t read : examples.documents)
    asked.add(identities.of(documents[read]), documents[read].id);
  return asked;
}

void add_block_losses(const EvaluationJob& job, const AskedExamples& alone, EncoderModel& model,
                      const EncoderExamples& examples, const std::function<bool()>& stop_requested,
                      EvalFindings& findings) {
  const torch::Tensor pictures = model.embed_pictures(examples, stop_requested),
                      captions = model.embed_captions(examples, stop_requested);
  const std::int64_t n = pictures.size(0), block = std::min(kContrastiveBlock, n);
  std::vector<double> losses;
  RankingScores accuracy;
  AskedExamples asked;  // Each among the others of its block.
  for (std::int64_t first = 0; first < n; first += block) {
    const std::int64_t from = std::min(first, n - block);  // The last block is filled up from before.
    const auto found = model.block_losses(pictures.narrow(0, from, block), captions.narrow(0, from, block));
    const torch::Tensor table = found.logits.to(torch::kFloat64).contiguous(),
                        loss = found.losses.to(torch::kFloat64).contiguous();
    const std::uint64_t others = QuestionIdentities::of(
        std::span(alone.questions).subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(block)));
    for (std::int64_t row = first - from; row < block; ++row) {
      const auto example = static_cast<std::size_t>(from + row);
      const std::string& id = examples.ids[example];
      asked.add(QuestionIdentities::of({alone.questions[example], others}), id);
      losses.push_back(require_number(loss.data_ptr<double>()[row], "the loss", id));
      std::vector<bool> right(static_cast<std::size_t>(block));
      right[static_cast<std::size_t>(row)] = true;
      accuracy.add(example, {table.data_ptr<double>() + row * block, right.size()}, right, 1);
    }
  }
  findings.add_mean(loss_name("loss"), losses, asked);
  if (job.experiment.encoder.loss == EncoderLoss::clip)
    findings.add_chance("heldout-loss-chance/pictures",
                        std::vector<double>(losses.size(), std::log(static_cast<double>(block))));
  findings.add_hits(loss_name("accuracy"), accuracy.hits, asked.at(accuracy.queries));
  findings.add_chance("heldout-loss-chance/accuracy", accuracy.chances);
  findings.evaluation.detail["block"] = block;
}

/// A picture that is compared with nothing else has a CLIP loss of 0 and is always the nearest.
void require_differences(const std::vector<Document>& documents, const EncoderExamples& examples) {
  std::set<std::string> pictures, captions;
  for (const std::size_t read : examples.documents) {
    pictures.insert(picture_identity(*documents[read].segments.front().picture));
    captions.insert(documents[read].segments.back().text);
  }
  require_two_of_each(pictures.size(), captions.size());
}

void add_picture_losses(const AskedExamples& asked, EncoderModel& model, const EncoderExamples& examples,
                        const std::function<bool()>& stop_requested, EvalFindings& findings) {
  const EncoderModel::PictureSums found = model.picture_sums(examples, stop_requested);
  for (const auto& [name, sums] : found.sums) {
    for (std::size_t i = 0; i < sums.size(); ++i) require_number(sums[i], "the loss", examples.ids[i]);
    findings.add_ratio(loss_name(name), sums, found.counts, asked);
  }
}

}  // namespace

void evaluate_encoder_loss(const EvaluationJob& job, EncoderModel& model,
                           const std::function<bool()>& stop_requested, EvalFindings& findings) {
  const Eval& eval = job.experiment.eval;
  const std::vector<Document> documents =
      read_held_out(eval.captions, "eval.captions", DataRole::captions, job.experiment, findings.report);
  const EncoderExamples examples = model.load(documents, findings.report);
  if (examples.documents.empty()) return;
  if (model.is_contrastive()) {
    require_differences(documents, examples);
    add_block_losses(job, asked_documents(documents, examples), model, examples, stop_requested, findings);
  } else {
    add_picture_losses(asked_documents(documents, examples), model, examples, stop_requested, findings);
  }
}

}  // namespace ablate
