// Stages llm, vlm and sft: packed sequences through the decoder, with pictures or without.
#include <torch/torch.h>

#include <algorithm>
#include <set>

#include "config/names.hpp"
#include "data/recipe.hpp"
#include "data/step_loader.hpp"
#include "model/compat.hpp"
#include "model/vision_language_model.hpp"
#include "plan/cost.hpp"
#include "train/device.hpp"
#include "train/run_settings.hpp"
#include "train/stage.hpp"
#include "train/weight_files.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

/// What one step is computed from.
struct DecoderStep {
  std::vector<SequenceBatch> micro_batches;  ///< On the host.
  std::set<DataRole> roles;                  ///< Those of its sequences.
  std::int64_t targets = 0;
  double tokens = 0, images = 0;
};

class DecoderStage final : public TrainingStage {
 public:
  DecoderStage(const TrainingJob& job, torch::Device device, const Json& data_state)
      : recipe_(at_stage(job.experiment, job.stage)),
        train_(train_of(recipe_, job.stage)),
        stage_(job.stage),
        device_(device),
        resolution_(resolution_of(recipe_, job.stage)),
        mixture_(mixture_of(recipe_, job.stage, job.seed)),
        micro_batch_(micro_batch_of(std::min(recipe_.run.micro_batch, train_.batch), train_.batch,
                                    job.micro_batch_halvings)),
        model_(std::make_shared<VisionLanguageModel>(recipe_, resolution_)) {
    open_data(job, data_state);
    initialise(model_->weights(), job.seed);
    if (data_state.is_null()) start_from_others(job);  // Else a checkpoint has all weights.
    freeze();
    model_->compute = compute_type(train_.precision, device_, recipe_.run.cpu_bf16);
    model_->set_recompute(recipe_.run.activation_checkpointing);
    model_->to(device_);
    const auto options = torch::TensorOptions(torch::kFloat32).device(device_);
    sums_ = {torch::zeros({}, options), torch::zeros({}, options), torch::zeros({kRoles}, options),
             torch::zeros({kRoles}, options),
             torch::arange(kRoles, options.dtype(torch::kInt64)).unsqueeze(1)};
    if (recipe_.llm.sparse_layers() > 0) {
      const std::int64_t L = recipe_.llm.sparse_layers();
      sums_.routing = {torch::zeros({L, recipe_.llm.moe.experts}, options), torch::zeros({L}, options),
                       torch::zeros({L}, options), torch::zeros({L}, options)};
      model_->decoder->train_routers(train_.batch);
    }
    // Pictures differ in number from batch to batch, the last micro-batch may be smaller, and so may be what
    // an expert without a bound takes.
    const bool fixed_experts = recipe_.llm.sparse_layers() == 0 || recipe_.llm.moe.capacity_factor > 0;
    records_ =
        recipe_.run.cuda_graphs && resolution_ == 0 && train_.batch % micro_batch_ == 0 && fixed_experts;
  }

  torch::nn::Module& model() override { return *model_; }
  Weights weights() const override { return model_->weights(); }

  void load() override { loader_->next(); }

  StepMetrics accumulate(std::int64_t, Stopwatch& watch) override {
    const DecoderStep& step = loader_->step();
    sums_.target_weight.fill_(1.0 / static_cast<double>(std::max<std::int64_t>(step.targets, 1)));
    for (torch::Tensor* sum : {&sums_.total, &sums_.loss, &sums_.count}) sum->zero_();
    if (has_experts())
      for (torch::Tensor* sum : {&sums_.routing.load, &sums_.routing.dropped, &sums_.routing.load_balance,
                                 &sums_.routing.router_z})
        sum->zero_();
    for (const SequenceBatch& on_host : step.micro_batches) {
      watch.start(Phase::data);
      const SequenceBatch batch = copy_to_device(on_host, device_);
      if (records_) {
        run_recorded(batch, watch);
      } else {
        run_plainly(batch, watch);
      }
      watch.stop();
    }
    const torch::Tensor total = sums_.total.clone(), sums = sums_.loss.clone(), counts = sums_.count;
    StepMetrics metrics = {{"loss", total}};
    if (train_.z_loss > 0) {
      const torch::Tensor cross_entropy = sums.sum() * sums_.target_weight;
      metrics = {{"loss", cross_entropy}, {"z_loss", total - cross_entropy}};
    }
    if (has_experts())
      for (auto& metric : routing_metrics(sums_.routing, train_.batch)) metrics.push_back(std::move(metric));
    if (mixture_.sources.size() > 1)
      for (const auto& role : names_of<DataRole>()) {
        const auto index = static_cast<std::int64_t>(role.value);
        if (step.roles.count(role.value) > 0)
          metrics.emplace_back(std::string("loss_") + role.name, sums[index] / counts[index].clamp_min(1));
      }
    return metrics;
  }

  Work work() const override {
    const DecoderStep& step = loader_->step();
    return {
        .flops = training_flops(recipe_, stage_)
                     .step(static_cast<double>(train_.batch), static_cast<double>(step.targets), step.images),
        .tokens = step.tokens,
        .images = step.images};
  }

  std::vector<std::pair<std::string, double>> data_metrics() const override {
    return loader_->tally().metrics();
  }
  Json data_state() const override { return loader_->state(); }

 private:
  static constexpr std::int64_t kRoles = 6;  ///< Values of DataRole.

  bool has_experts() const { return sums_.routing.load.defined(); }

  void open_data(const TrainingJob& job, const Json& data_state) {
    const auto tokenizer = tokenizer_of(recipe_, stage_, kNoTokenizer);
    const LoaderSettings settings{.threads = loader_threads(job.threads),
                                  .max_broken_share = recipe_.run.max_broken_share};
    loader_.emplace(
        open_loader<SequenceLoader>(mixture_, tokenizer, settings, data_state), train_.batch,
        [this](std::vector<Sequence> sequences) { return prepare(std::move(sequences)); },
        steps_ahead(device_));
  }

  /// May run in a thread of its own.
  DecoderStep prepare(std::vector<Sequence> sequences) const {
    DecoderStep step;
    for (const Sequence& sequence : sequences) {
      step.roles.insert(sequence.role);
      step.targets += count_targets(sequence);
      step.tokens += static_cast<double>(std::count_if(sequence.documents.begin(), sequence.documents.end(),
                                                       [](std::int32_t document) { return document >= 0; }));
      step.images += static_cast<double>(count_views(sequence));
    }
    const auto size = static_cast<std::size_t>(micro_batch_);
    for (std::size_t begin = 0; begin < sequences.size(); begin += size) {
      const auto part = std::span(sequences).subspan(begin, std::min(size, sequences.size() - begin));
      step.micro_batches.push_back(
          make_sequence_batch(part, mixture_.resolution, recipe_.llm.vocab_size, device_));
      for (Sequence& sequence : part) sequence = {};  // Its pictures would be in memory twice.
    }
    return step;
  }

  /// Forward and backward of one micro-batch; adds up what the metrics are made of.
  void run_plainly(const SequenceBatch& batch, Stopwatch& watch) {
    watch.start(Phase::forward);
    const HeadLoss loss = model_->loss(batch, sums_.target_weight, train_.z_loss);
    watch.start(Phase::backward);
    if (loss.total.requires_grad()) loss.total.backward();
    add_up(loss, batch);
  }
  void add_up(const HeadLoss& loss, const SequenceBatch& batch) {
    const torch::NoGradGuard no_grad;
    sums_.total += loss.total.detach();
    if (has_experts()) sums_.routing += model_->decoder->routing();
    // A few masked sums: adding to so few places by index, a GPU adds one after the other.
    const torch::Tensor is_role = batch.target_roles.unsqueeze(0) == sums_.roles;  // [kRoles, N]
    const auto by_role = [&](const torch::Tensor& values) {
      return torch::where(is_role, values, torch::zeros({}, values.options())).sum(1);
    };
    sums_.loss += by_role(loss.cross_entropy * batch.target_weights);
    sums_.count += by_role(batch.target_weights);
  }

  /// The same as a recording, which always works on the same tensors.
  struct Recorded {
    Recorded(torch::Device device, std::int64_t room) : documents(room), graph(device) {}
    std::int64_t documents;  ///< That a batch has room for.
    SequenceBatch batch;
    compat::StepGraph graph;
  };
  void run_recorded(const SequenceBatch& batch, Stopwatch& watch) {
    // More documents than ever before: recorded anew, with room for twice as many.
    if (!recorded_ || count_documents(batch) > recorded_->documents) {
      synchronize(device_);  // What is replayed still runs.
      recorded_.emplace(device_, 2 * count_documents(batch));
    }
    const SequenceBatch fixed = to_fixed_shape(batch, recorded_->documents);
    if (!recorded_->batch.tokens.defined())
      recorded_->batch = fixed;
    else
      copy_batch(fixed, recorded_->batch);
    watch.start(Phase::forward_backward);
    recorded_->graph.run([this] {
      const HeadLoss loss = model_->loss(recorded_->batch, sums_.target_weight, train_.z_loss);
      loss.total.backward();
      add_up(loss, recorded_->batch);
    });
  }

  /// Weights of the stages before, or of files.
  void start_from_others(const TrainingJob& job) {
    const auto parent = [&](const char* stage) -> const std::filesystem::path* {
      const auto found = job.parents.find(stage);
      return found == job.parents.end() ? nullptr : &found->second;
    };
    // In the stage that upcycles, what comes before is dense.
    const bool upcycles =
        recipe_.llm.sparse_layers() > 0 && to_name(recipe_.llm.moe.upcycle) == to_name(stage_);
    const auto with_decoder = [&](const Weights& weights) {
      return upcycles ? under_dense_names(weights) : weights;
    };
    if (const auto* vlm = parent("vlm")) {
      load_weights(with_decoder(model_->weights()), {*vlm / kModelFile, "the vlm stage", "", "", {}},
                   class_tokens());
      return;
    }
    // What files of encoders have beside the image side: other towers, heads, projections.
    const std::vector<std::string> beside = {"text_model.",        "text_projection.", "visual_projection.",
                                             "vision_model.head.", "logit_",           "aim_head.",
                                             "latent_projection.", "decoder."};
    if (model_->vision) {
      const std::string prefix = "vision_tower.";
      if (const auto* encoder = parent("encoder"))
        load_weights(model_->vision_weights(),
                     {*encoder / kModelFile, "the encoder stage", prefix, "", beside}, class_tokens());
      else if (!recipe_.encoder.init.empty())
        load_weights(model_->vision_weights(), {recipe_.encoder.init, "encoder.init", prefix, "", beside},
                     class_tokens());
    }
    const std::string prefix = model_->reads_pictures() ? "language_model." : "";
    if (const auto* llm = parent("llm"))
      load_weights(with_decoder(model_->decoder_weights()),
                   {*llm / kModelFile, "the llm stage", prefix, "", {}}, 0);
    else if (!recipe_.llm.init.empty())
      load_weights(with_decoder(model_->decoder_weights()), {recipe_.llm.init, "llm.init", prefix, "", {}},
                   0);
  }

  std::int64_t class_tokens() const { return model_->vision ? model_->vision->class_tokens() : 0; }

  void freeze() {
    const auto keep = [](torch::nn::Module& part) {
      for (torch::Tensor& param : part.parameters()) param.set_requires_grad(false);
    };
    for (const ModelPart part : train_.freeze) switch (part) {
        case ModelPart::encoder:
          if (model_->vision) keep(*model_->vision);
          break;
        case ModelPart::connector:
          if (model_->connector) keep(*model_->connector);
          if (model_->patch_projection) keep(*model_->patch_projection);
          break;
        case ModelPart::llm:
          keep(*model_->decoder);
          break;
      }
  }

  const Experiment recipe_;
  const Train& train_;
  const Stage stage_;
  const torch::Device device_;
  const std::int64_t resolution_;  ///< 0: no pictures.
  const MixtureSettings mixture_;
  const std::int64_t micro_batch_;
  std::shared_ptr<VisionLanguageModel> model_;
  /// What one step sums up on the device: the loss, cross entropy and targets by role, and how tokens went to
  /// experts.
  struct Sums {
    torch::Tensor target_weight, total, loss, count;
    torch::Tensor roles;  ///< [kRoles, 1]: 0, 1, ...
    Routing routing;      ///< Undefined tensors where there are no experts.
  } sums_;
  bool records_ = false;  ///< Whether steps are recorded.
  std::optional<Recorded> recorded_;
  std::optional<StepLoader<SequenceLoader, DecoderStep>> loader_;  ///< Its thread uses what stands above.
};

}  // namespace

std::unique_ptr<TrainingStage> make_decoder_stage(const TrainingJob& job, torch::Device device,
                                                  const Json& data_state) {
  return std::make_unique<DecoderStage>(job, device, data_state);
}

}  // namespace ablate
