// Stage encoder: pictures, with their captions where the loss wants them.
#include <torch/torch.h>

#include <algorithm>

#include "data/recipe.hpp"
#include "data/step_loader.hpp"
#include "model/encoder_objective.hpp"
#include "plan/cost.hpp"
#include "train/device.hpp"
#include "train/run_settings.hpp"
#include "train/stage.hpp"
#include "train/weight_files.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

/// What one step is computed from.
struct EncoderStep {
  std::vector<EncoderBatch> micro_batches;  ///< On the host.
  double caption_tokens = 0;
};

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
    objective_->compute = compute_type(train_.precision, device_, recipe_.run.cpu_bf16);
    objective_->vision->recompute = recipe_.run.activation_checkpointing;
    objective_->to(device_);
  }

  torch::nn::Module& model() override { return *objective_; }
  Weights weights() const override {
    Weights found;
    objective_->append_weights(found);
    return found;
  }

  void load() override { loader_->next(); }

  StepMetrics accumulate(std::int64_t step, Stopwatch& watch) override {
    watch.start(Phase::data);
    std::vector<EncoderBatch> micro_batches;
    for (const EncoderBatch& on_host : loader_->step().micro_batches)
      micro_batches.push_back(copy_to_device(on_host, device_));
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
    const auto images = static_cast<double>(train_.batch);
    const auto patch_count = static_cast<double>(patches(recipe_.encoder.resolution, recipe_.encoder.patch));
    return {.flops = encoder_step_flops(recipe_, images),
            .tokens = images * patch_count + loader_->step().caption_tokens,
            .images = images};
  }

  std::vector<std::pair<std::string, double>> data_metrics() const override {
    return loader_->tally().metrics();
  }
  Json data_state() const override { return loader_->state(); }

 private:
  void open_data(const TrainingJob& job, const Json& data_state) {
    if (pairs_.paths.empty())
      throw Error("data.encoder: no source is named; expected captioned pictures for the encoder stage");
    std::shared_ptr<const Tokenizer> tokenizer;
    if (objective_->needs_captions()) tokenizer = tokenizer_of(recipe_, Stage::encoder, kNoTokenizer);
    const LoaderSettings settings{.threads = loader_threads(job.threads),
                                  .max_broken_share = recipe_.run.max_broken_share};
    loader_.emplace(
        open_loader<PairLoader>(pairs_, tokenizer, settings, data_state), train_.batch,
        [this](std::vector<Pair> pairs) { return prepare(std::move(pairs)); }, steps_ahead(device_));
  }

  /// May run in a thread of its own.
  EncoderStep prepare(std::vector<Pair> pairs) const {
    EncoderStep step;
    for (const Pair& pair : pairs) step.caption_tokens += static_cast<double>(pair.length);
    const auto size = static_cast<std::size_t>(micro_batch_);
    for (std::size_t begin = 0; begin < pairs.size(); begin += size) {
      const auto part = std::span(pairs).subspan(begin, std::min(size, pairs.size() - begin));
      step.micro_batches.push_back(make_encoder_batch(part, pairs_.resolution, device_));
      for (Pair& pair : part) pair = {};  // Its picture would be in memory twice.
    }
    return step;
  }

  const Experiment recipe_;
  const Train& train_;
  const torch::Device device_;
  const PairSettings pairs_;
  const std::int64_t micro_batch_;
  std::shared_ptr<EncoderObjective> objective_;
  std::optional<StepLoader<PairLoader, EncoderStep>> loader_;  ///< Its thread uses what stands above.
};

}  // namespace

std::unique_ptr<TrainingStage> make_encoder_stage(const TrainingJob& job, torch::Device device,
                                                  const Json& data_state) {
  return std::make_unique<EncoderStage>(job, device, data_state);
}

}  // namespace ablate
