// Stage encoder: pictures, with their captions where the loss wants them.
#include <torch/torch.h>

#include <algorithm>

#include "data/loader.hpp"
#include "data/recipe.hpp"
#include "model/encoder_objective.hpp"
#include "plan/cost.hpp"
#include "train/device.hpp"
#include "train/run_settings.hpp"
#include "train/stage.hpp"
#include "train/weight_files.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

class EncoderStage final : public TrainingStage {
 public:
  EncoderStage(const TrainingJob& job, torch::Device device, const Json& data_state)
      : recipe_(job.experiment),
        train_(recipe_.train_encoder),
        device_(device),
        pairs_(pairs_of(recipe_, job.seed)),
        micro_batch_(micro_batch_of(std::min(recipe_.run.encoder_micro_batch, train_.batch), train_.batch,
                                    job.micro_batch_halvings)),
        objective_(make_encoder_objective(recipe_.encoder, job.seed)) {
    open_data(job, data_state);
    const Weights weights = this->weights();
    initialise(weights, job.seed);
    if (data_state.is_null() && !recipe_.encoder.init.empty())
      load_weights(weights, {recipe_.encoder.init, "encoder.init", "", "", {}},
                   objective_->vision->class_tokens());
    objective_->compute = compute_type(train_.precision, device_);
    objective_->vision->recompute = recipe_.run.activation_checkpointing;
    objective_->to(device_);
  }

  torch::nn::Module& model() override { return *objective_; }
  Weights weights() const override {
    Weights found;
    objective_->append_weights(found);
    return found;
  }

  void load() override {
    examples_.clear();
    for (std::int64_t i = 0; i < train_.batch; ++i) examples_.push_back(loader_->next());
  }

  StepMetrics accumulate(std::int64_t step, Stopwatch& watch) override {
    watch.start(Phase::data);
    std::vector<EncoderBatch> micro_batches;
    for (std::int64_t begin = 0; begin < train_.batch; begin += micro_batch_)
      micro_batches.push_back(make_batch(begin, std::min(micro_batch_, train_.batch - begin)));
    // Forward and backward passes alternate inside, where two passes make one large contrastive batch of
    // them.
    watch.start(Phase::forward_backward);
    StepMetrics metrics =
        objective_->accumulate(micro_batches, static_cast<std::uint64_t>((step - 1) * train_.batch));
    watch.stop();
    return metrics;
  }
  void after_update() override { objective_->after_update(); }

  Work work() const override {
    const auto images = static_cast<double>(examples_.size());
    double tokens = images * static_cast<double>(patches(recipe_.encoder.resolution, recipe_.encoder.patch));
    for (const Pair& pair : examples_) tokens += static_cast<double>(pair.length);
    return {.flops = encoder_step_flops(recipe_, images), .tokens = tokens, .images = images};
  }

  std::vector<std::pair<std::string, double>> data_metrics() const override {
    return loader_->tally().metrics();
  }
  Json data_state() const override {
    return {{"position", examples_.back().position.to_json()}, {"tally", loader_->tally().to_json()}};
  }

 private:
  void open_data(const TrainingJob& job, const Json& data_state) {
    if (pairs_.paths.empty())
      throw Error("data.encoder: no source is named; expected captioned pictures for the encoder stage");
    std::shared_ptr<const Tokenizer> tokenizer;
    if (objective_->needs_captions()) tokenizer = tokenizer_of(recipe_, Stage::encoder, kNoTokenizer);
    const LoaderSettings settings{.threads = loader_threads(job.threads),
                                  .max_broken_share = recipe_.run.max_broken_share};
    if (data_state.is_null()) {
      loader_.emplace(pairs_, tokenizer, settings);
      return;
    }
    const StreamPosition position = StreamPosition::from_json(data_state.at("position"));
    loader_.emplace(pairs_, tokenizer, settings, &position);
    loader_->tally().restore(data_state.at("tally"));
  }

  EncoderBatch make_batch(std::int64_t first, std::int64_t count) const {
    const auto part =
        std::span(examples_).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
    return copy_to_device(make_encoder_batch(part, pairs_.resolution), device_);
  }

  const Experiment recipe_;
  const Train& train_;
  const torch::Device device_;
  const PairSettings pairs_;
  const std::int64_t micro_batch_;
  std::shared_ptr<EncoderObjective> objective_;
  mutable std::optional<PairLoader> loader_;
  std::vector<Pair> examples_;
};

}  // namespace

std::unique_ptr<TrainingStage> make_encoder_stage(const TrainingJob& job, torch::Device device,
                                                  const Json& data_state) {
  return std::make_unique<EncoderStage>(job, device, data_state);
}

}  // namespace ablate
