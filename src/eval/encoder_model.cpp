#include "eval/encoder_model.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "data/pairs.hpp"
#include "data/recipe.hpp"
#include "eval/tasks.hpp"
#include "model/device_copy.hpp"
#include "train/device.hpp"
#include "train/run_settings.hpp"
#include "train/weight_files.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

/// Pictures that go through the model at a time, where the recipe does not say.
constexpr std::int64_t kPicturesAtATime = 64;
/// Seeds AIM's prefixes and the VAE's noise, which are the same for all models.
constexpr std::uint64_t kObjectiveSeed = 0;

/// Vectors [N, E], and the names of what they are of.
const torch::Tensor& require_numbers(const torch::Tensor& vectors, const std::vector<std::string>& names) {
  const torch::Tensor finite = vectors.isfinite().all(1).contiguous();
  for (std::size_t i = 0; i < names.size(); ++i)
    if (!finite.data_ptr<bool>()[i]) require_number(NAN, "its vector", names[i]);
  return vectors;
}

}  // namespace

EncoderModel::EncoderModel(const EvaluationJob& job)
    : recipe_(job.experiment),
      device_(choose_device(job.device)),
      batch_(micro_batch_of(recipe_.run.encoder_micro_batch, kPicturesAtATime, job.micro_batch_halvings)),
      objective_(make_encoder_objective(recipe_.encoder, kObjectiveSeed)) {
  if (objective_->needs_captions())
    tokenizer_ = tokenizer_of(recipe_, Stage::encoder, "expected that of the trained encoder");
  Weights weights;
  objective_->append_weights(weights);
  load_weights(weights, {job.model, "the model", "", "", {}}, objective_->vision->class_tokens());
  objective_->compute = compute_type(recipe_.train_encoder.precision, device_);
  objective_->to(device_);
}

bool EncoderModel::is_contrastive() const {
  return dynamic_cast<const ContrastiveObjective*>(objective_.get()) != nullptr;
}

ContrastiveObjective& EncoderModel::contrastive() {
  auto* found = dynamic_cast<ContrastiveObjective*>(objective_.get());
  if (!found) throw Error("encoder.loss: expected clip or siglip, whose pictures and texts can be compared");
  return *found;
}

EncoderExamples EncoderModel::load(const std::vector<Document>& captioned, ReadReport& report) const {
  PairSettings settings = pairs_of(recipe_, /*seed=*/0);
  settings.synthetic_share = 0;
  EncoderExamples examples;
  std::vector<Pair> pairs;
  const auto flush = [&] {
    if (!pairs.empty()) examples.batches.push_back(make_encoder_batch(pairs, settings.resolution));
    pairs.clear();
  };
  for (std::size_t i = 0; i < captioned.size(); ++i) {
    Pair pair =
        load_pair({.drawn = {captioned[i], 0}, .report = {}, .position = {}}, settings, tokenizer_.get());
    report.add(pair.report);
    if (pair.pixels.empty()) continue;
    examples.documents.push_back(i);
    examples.ids.push_back(captioned[i].id);
    pairs.push_back(std::move(pair));
    if (std::ssize(pairs) == batch_) flush();
  }
  flush();
  return examples;
}

torch::Tensor EncoderModel::embed_pictures(const EncoderExamples& examples,
                                           const std::function<bool()>& stop_requested) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> parts;
  for (const EncoderBatch& batch : examples.batches) {
    if (stop_requested()) throw StopRequested();
    parts.push_back(contrastive().embed_pictures(copy_to_device(batch.pixels, device_)).to(torch::kCPU));
  }
  return require_numbers(torch::cat(parts), examples.ids);
}

torch::Tensor EncoderModel::embed_captions(const EncoderExamples& examples,
                                           const std::function<bool()>& stop_requested) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> parts;
  for (const EncoderBatch& batch : examples.batches) {
    if (stop_requested()) throw StopRequested();
    parts.push_back(
        contrastive()
            .embed_captions(copy_to_device(batch.tokens, device_), copy_to_device(batch.lengths, device_))
            .to(torch::kCPU));
  }
  return require_numbers(torch::cat(parts), examples.ids);
}

torch::Tensor EncoderModel::embed_texts(const std::vector<std::string>& texts,
                                        const std::function<bool()>& stop_requested) {
  const torch::NoGradGuard no_grad;
  ContrastiveObjective& objective = contrastive();
  const auto context = static_cast<std::size_t>(recipe_.encoder.text.context);
  std::vector<torch::Tensor> parts;
  for (std::size_t first = 0; first < texts.size(); first += static_cast<std::size_t>(batch_)) {
    if (stop_requested()) throw StopRequested();
    const std::size_t count = std::min(static_cast<std::size_t>(batch_), texts.size() - first);
    const auto rows = static_cast<std::int64_t>(count);
    const torch::Tensor tokens = torch::empty({rows, recipe_.encoder.text.context}, torch::kInt64),
                        lengths = torch::empty({rows}, torch::kInt64);
    for (std::size_t i = 0; i < count; ++i) {
      const CaptionTokens caption = tokenize_caption(texts[first + i], *tokenizer_, context);
      std::copy(caption.tokens.begin(), caption.tokens.end(), tokens.data_ptr<std::int64_t>() + i * context);
      lengths.data_ptr<std::int64_t>()[i] = caption.length;
    }
    parts.push_back(
        objective.embed_captions(copy_to_device(tokens, device_), copy_to_device(lengths, device_))
            .to(torch::kCPU));
  }
  return require_numbers(torch::cat(parts), texts);
}

EncoderModel::BlockLosses EncoderModel::block_losses(const torch::Tensor& pictures,
                                                     const torch::Tensor& captions) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor logits =
      contrastive().logits(copy_to_device(pictures, device_), copy_to_device(captions, device_));
  return {logits.to(torch::kCPU), contrastive().picture_losses(logits).to(torch::kCPU)};
}

EncoderModel::PictureSums EncoderModel::picture_sums(const EncoderExamples& examples,
                                                     const std::function<bool()>& stop_requested) {
  const torch::NoGradGuard no_grad;
  auto& objective = dynamic_cast<PictureObjective&>(*objective_);
  const auto append = [](std::vector<double>& numbers, const torch::Tensor& more) {
    const torch::Tensor read = more.to(torch::kCPU, torch::kFloat64).contiguous();
    numbers.insert(numbers.end(), read.data_ptr<double>(), read.data_ptr<double>() + read.numel());
  };
  PictureSums found;
  append(found.counts, objective.picture_counts(std::ssize(examples.documents), 0));
  std::uint64_t first = 0;
  for (const EncoderBatch& batch : examples.batches) {
    if (stop_requested()) throw StopRequested();
    const StepMetrics parts = objective.picture_sums(copy_to_device(batch, device_), first);
    found.sums.resize(parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
      found.sums[i].first = parts[i].first;
      append(found.sums[i].second, parts[i].second);
    }
    first += static_cast<std::uint64_t>(batch.pixels.size(0));
  }
  return found;
}

}  // namespace ablate
