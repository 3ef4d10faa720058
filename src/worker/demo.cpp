#include "worker/demo.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <thread>

#include "train/convergence.hpp"
#include "util/error.hpp"
#include "util/file.hpp"
#include "util/text.hpp"
#include "worker/demo_model.hpp"
#include "worker/demo_pictures.hpp"

namespace ablate {

namespace {

constexpr const char* kDemoModelFile = "model";
constexpr std::size_t kMaxStateBytes = 256u << 20;

struct DemoConfig {
  std::int64_t resolution, width, steps, batch;
  double noise, peak_lr;
};

DemoConfig read_demo_config(const Job& job) {
  const DemoConfig config{.resolution = job.whole("demo", "resolution", 1, Demo::kPictureSide),
                          .width = job.whole("demo", "width", 1, 65536),
                          .steps = job.whole("demo", "steps", 1, 1'000'000'000),
                          .batch = job.whole("demo", "batch", 1, 65536),
                          .noise = job.real("demo", "noise", 0, 1000),
                          .peak_lr = job.real("demo", "peak_lr", 0, 1e6)};
  if (Demo::kPictureSide % config.resolution != 0)
    throw Error(fmt::format("{}: config.demo: 'resolution': found {}; expected a divisor of {}",
                            job.file.string(), config.resolution, Demo::kPictureSide));
  return config;
}

DemoState make_state(const DemoConfig& config) {
  return DemoState(DemoModel(config.resolution * config.resolution, config.width, Demo::kShapes));
}

void read_state(const std::filesystem::path& file, DemoState& state) {
  const std::string bytes = read_file(file, kMaxStateBytes);
  try {
    load_state(bytes, state);
  } catch (const std::runtime_error& error) {
    throw Error(fmt::format("{}: {}", file.string(), error.what()));
  }
}

void draw_batch(const DemoPictures& pictures, std::int64_t first, std::int64_t count, DemoBatch& batch) {
  const auto pixels = static_cast<std::size_t>(pictures.pixels());
  batch.pictures.resize(static_cast<std::size_t>(count) * pixels);
  batch.classes.resize(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < batch.classes.size(); ++i)
    batch.classes[i] = pictures.draw(static_cast<std::uint64_t>(first) + i,
                                     std::span(batch.pictures).subspan(i * pixels, pixels));
}

/// The last few checkpoints of this attempt; older ones are removed.
class Checkpoints {
 public:
  Checkpoints(const StageContext& context, std::int64_t keep) : context_(context), keep_(keep) {}
  void save(const DemoState& state) {
    const std::string name = fmt::format("checkpoint-{}", state.step);
    context_.save(name, save_state(state));
    context_.checkpoint(state.step, name);  // Only now: what the journal names is on the disk.
    names_.push_back(name);
    for (; names_.size() > static_cast<std::size_t>(keep_); names_.pop_front()) {
      std::error_code ignored;
      std::filesystem::remove(context_.folder / names_.front(), ignored);
    }
  }

 private:
  const StageContext& context_;
  std::int64_t keep_;
  std::deque<std::string> names_;
};

double step_seconds() {
  const char* text = std::getenv("ABLATE_DEMO_STEP_SECONDS");
  if (text == nullptr) return 0;
  const auto seconds = parse_duration(text);
  if (!seconds)
    throw Error(fmt::format("ABLATE_DEMO_STEP_SECONDS: found '{}'; expected seconds", printable(text)));
  return *seconds;
}

StageResult eval_demo(const StageContext& context, double noise_factor) {
  const std::int64_t examples = context.job.whole("eval", "max_examples", 1, 1'000'000);
  const std::filesystem::path parent = context.parent("demo");
  const DemoConfig config = read_demo_config(load_job(JobFolder{parent.parent_path()}.job()));
  DemoState state = make_state(config);
  read_state(parent / kDemoModelFile, state);
  // The same under every seed, as those of data are.
  const DemoPictures pictures(0, "held-out", config.resolution, noise_factor * config.noise);
  DemoBatch batch;
  draw_batch(pictures, 0, examples, batch);
  const DemoLoss found = compute_loss(state.model, batch, nullptr);
  const double p = found.accuracy;
  const auto n = static_cast<double>(examples);
  std::optional<double> standard_error;
  if (examples > 1) standard_error = std::sqrt(p * (1 - p) / (n - 1));  // As eval/findings.hpp.
  ExampleOutcomes outcomes{.score = context.job.task, .values = found.hits};
  for (std::int64_t i = 0; i < examples; ++i) {
    outcomes.questions.push_back(pictures.identity(static_cast<std::uint64_t>(i)));
    outcomes.names.push_back(fmt::format("held-out picture {}", i));
  }
  const std::string kept = context.save_outcomes(std::span(&outcomes, 1));
  context.score(context.job.task, p, examples, standard_error, kept);
  return Json::object();
}

}  // namespace

StageResult train_demo(const StageContext& context) {
  const DemoConfig config = read_demo_config(context.job);
  const std::int64_t log_interval = context.run_setting("log_interval", 10, 1);
  const std::int64_t checkpoint_interval = context.run_setting("checkpoint_interval", 100, 1);
  const double pause = step_seconds();
  const DemoPictures pictures(context.job.seed, "training", config.resolution, config.noise);
  DemoState state = make_state(config);
  state.model.initialise(context.job.seed);
  DemoBatch batch;
  draw_batch(pictures, 0, config.batch, batch);
  const double first_loss = compute_loss(state.model, batch, nullptr).loss;
  if (!context.spec.resume_path.empty()) read_state(context.spec.resume_path, state);
  if (state.step != context.spec.resume_step || state.step > config.steps)
    throw Error(fmt::format("{}: holds step {}; expected step {} of {}", context.spec.resume_path.string(),
                            state.step, context.spec.resume_step, config.steps));

  Checkpoints checkpoints(context, context.run_setting("keep_checkpoints", 2, 1));
  std::vector<double> gradient;
  while (state.step < config.steps) {
    if (context.stop_requested()) {
      checkpoints.save(state);
      return std::nullopt;
    }
    const double lr = cosine_lr(state.step, config.steps, config.peak_lr);
    draw_batch(pictures, state.step * config.batch, config.batch, batch);
    const DemoLoss loss = compute_loss(state.model, batch, &gradient);
    state.update(gradient, lr);
    if (pause > 0) std::this_thread::sleep_for(std::chrono::duration<double>(pause));
    check_converges({{"loss", loss.loss}}, first_loss, state.step, lr);
    if (state.step % log_interval == 0 || state.step == config.steps)
      context.metric(state.step, {{"loss", loss.loss}, {"accuracy", loss.accuracy}, {"lr", lr}});
    if (state.step % checkpoint_interval == 0 && state.step < config.steps) checkpoints.save(state);
  }
  context.save(kDemoModelFile, save_state(state));
  return Json{{"model", kDemoModelFile}};
}

StageResult eval_demo_accuracy(const StageContext& context) { return eval_demo(context, 1); }
StageResult eval_demo_robustness(const StageContext& context) { return eval_demo(context, 2); }

}  // namespace ablate
