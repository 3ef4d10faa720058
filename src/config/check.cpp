#include "config/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "config/names.hpp"

namespace ablate {

namespace {

/// Collects broken rules; each member states one family of them.
class Checker {
 public:
  explicit Checker(const Experiment& experiment) : e_(experiment) {}

  std::vector<Contradiction> run() {
    check_stages();
    if (uses_encoder()) check_encoder();
    if (uses_connector()) check_connector();
    if (has(Stage::llm) || has(Stage::vlm) || has(Stage::sft)) check_llm();
    if (has(Stage::vlm) || has(Stage::sft)) check_data();
    check_training(Stage::encoder, "train.encoder.warmup_steps", "train.encoder.steps");
    check_training(Stage::llm, "train.llm.warmup_steps", "train.llm.steps");
    check_training(Stage::vlm, "train.vlm.warmup_steps", "train.vlm.steps");
    check_training(Stage::sft, "train.sft.warmup_steps", "train.sft.steps");
    if (has(Stage::demo) && Demo::kPictureSide % e_.demo.resolution != 0)
      add({"demo.resolution"},
          fmt::format("'demo.resolution' is {}; expected 2, 4, 8 or 16", e_.demo.resolution));
    return std::move(found_);
  }

 private:
  void add(std::vector<const char*> keys, std::string message) {
    found_.push_back({std::move(keys), std::move(message)});
  }
  bool has(Stage stage) const { return e_.has_stage(stage); }
  bool uses_connector() const {
    return e_.encoder.loss != EncoderLoss::none && (has(Stage::vlm) || has(Stage::sft));
  }
  bool uses_encoder() const { return has(Stage::encoder) || has(Stage::vlm) || has(Stage::sft); }

  void divides(const char* divisor_key, std::int64_t divisor, const char* key, std::int64_t number) {
    if (number % divisor != 0)
      add({key, divisor_key},
          fmt::format("'{}' is {}; expected a multiple of '{}' ({})", key, number, divisor_key, divisor));
  }

  void check_stages() {
    if (e_.stages.empty()) add({"stages"}, "'stages' is empty; expected at least one stage");
    if (has(Stage::sft) && !has(Stage::vlm))
      add({"stages"}, "'stages' has sft without vlm; instruction tuning builds on the vlm stage");
    if (!has(Stage::eval)) return;
    if (e_.stages.size() == 1)
      add({"stages"}, "'stages' has only eval; expected a stage that trains a model");
    if (e_.eval.tasks.empty())
      add({"eval.tasks", "stages"}, "'eval.tasks' is empty, though 'stages' has eval");
    check_prompts();
    check_shots();
    for (const EvalTask task : e_.eval.tasks) {
      if (!find_evaluated_stage(e_, task))
        add({"eval.tasks", "stages"},
            fmt::format("'eval.tasks' has {}, which none of the stages ({}) can be evaluated with",
                        to_name(task), join(to_names(e_.stages), ", ")));
      else if (task == EvalTask::zero_shot || task == EvalTask::retrieval) {
        if (!is_contrastive(e_.encoder.loss))
          add({"eval.tasks", "encoder.loss"},
              fmt::format("'eval.tasks' has {}, which needs a contrastive encoder; 'encoder.loss' is {}",
                          to_name(task), to_name(e_.encoder.loss)));
      }
    }
  }

  /// Pictures of the examples and of the question alone must leave room for text.
  void check_shots() {
    if (!has(Stage::vlm) && !has(Stage::sft)) return;
    const bool shown = std::any_of(e_.eval.tasks.begin(), e_.eval.tasks.end(), [](EvalTask task) {
      const auto read = eval_keys(task);
      return std::find(read.begin(), read.end(), "eval.shots") != read.end();
    });
    if (!shown || e_.eval.shots.empty()) return;
    const std::int64_t most = *std::max_element(e_.eval.shots.begin(), e_.eval.shots.end());
    const std::int64_t tokens =
        visual_tokens(e_, resolution_of(e_, has(Stage::sft) ? Stage::sft : Stage::vlm)) + 2;
    if ((most + 1) * tokens >= e_.data.seq_len)
      add({"eval.shots", "data.seq_len", "connector.tokens"},
          fmt::format("'eval.shots' has {}: {} pictures of {} tokens each; expected fewer than "
                      "'data.seq_len' ({}) in all",
                      most, most + 1, tokens, e_.data.seq_len));
  }

  void check_prompts() {
    const auto has_place = [&](const char* key, const std::string& prompt) {
      if (prompt.find("{}") == prompt.npos)
        add({key}, fmt::format("'{}' is '{}'; expected a text with {{}} in it", key, prompt));
    };
    has_place("eval.question_prompt", e_.eval.question_prompt);
    for (const std::string& prompt : e_.eval.class_prompts) has_place("eval.class_prompts", prompt);
    if (e_.eval.class_prompts.empty())
      add({"eval.class_prompts"}, "'eval.class_prompts' is empty; expected at least one text with {} in it");
  }

  void check_encoder() {
    divides("encoder.patch", e_.encoder.patch, "encoder.resolution", e_.encoder.resolution);
    has_three("encoder.pixel_mean", e_.encoder.pixel_mean);
    has_three("encoder.pixel_std", e_.encoder.pixel_std);
    if (has(Stage::vlm) && e_.train_vlm.resolution > 0)
      divides("encoder.patch", e_.encoder.patch, "train.vlm.resolution", e_.train_vlm.resolution);
    if (has(Stage::sft) && e_.train_sft.resolution > 0)
      divides("encoder.patch", e_.encoder.patch, "train.sft.resolution", e_.train_sft.resolution);
    if (e_.encoder.loss == EncoderLoss::none) return;
    divides("encoder.heads", e_.encoder.heads, "encoder.width", e_.encoder.width);
    if (has(Stage::encoder) || e_.encoder.loss == EncoderLoss::aim) check_sine_positions();
    if (has(Stage::encoder) && is_contrastive(e_.encoder.loss))
      divides("encoder.text.heads", e_.encoder.text.heads, "encoder.text.width", e_.encoder.text.width);
  }

  void has_three(const char* key, const std::vector<double>& numbers) {
    if (numbers.size() != 3)
      add({key}, fmt::format("'{}' has {} numbers; expected 3: red, green, blue", key, numbers.size()));
  }

  /// Those of AIM, of its head, and of the VAE's decoder: a quarter of the width for each of sine and cosine
  /// of x and y.
  void check_sine_positions() {
    const auto in_quarters = [&](const char* key, std::int64_t width) {
      if (width % 4 != 0)
        add({key, "encoder.loss"},
            fmt::format("'{}' is {}; expected a multiple of 4 for {}", key, width, to_name(e_.encoder.loss)));
    };
    const bool aim = e_.encoder.loss == EncoderLoss::aim;
    if (aim || e_.encoder.loss == EncoderLoss::vae) in_quarters("encoder.width", e_.encoder.width);
    if (aim) in_quarters("encoder.aim_head_width", e_.encoder.aim_head_width);
    if (aim && patches(e_.encoder.resolution, e_.encoder.patch) < 2)
      add({"encoder.resolution", "encoder.patch", "encoder.loss"},
          "'encoder.resolution' is one patch; expected two or more, since aim predicts patches from others");
  }

  /// Sides of the pictures whose features the connector maps, of vlm and sft, each once.
  std::vector<std::int64_t> connected_resolutions() const {
    std::vector<std::int64_t> sides;
    for (const Stage stage : {Stage::vlm, Stage::sft})
      if (const std::int64_t side = resolution_of(e_, stage);
          has(stage) && (sides.empty() || sides.back() != side))
        sides.push_back(side);
    return sides;
  }

  void check_connector() {
    const Connector& connector = e_.connector;
    if (connector.kind == ConnectorKind::mlp) {
      for (const std::int64_t side : connected_resolutions())
        check_sequence(patches(side, e_.encoder.patch), "one visual token per patch makes");
      return;
    }
    check_sequence(connector.tokens, "'connector.tokens' is");
    if (connector.kind == ConnectorKind::attention_pool) {
      divides("connector.heads", connector.heads, "encoder.width", e_.encoder.width);
      return;
    }
    const auto side = static_cast<std::int64_t>(std::sqrt(static_cast<double>(connector.tokens)));
    if (side * side != connector.tokens)
      add({"connector.tokens", "connector.kind"},
          fmt::format("'connector.tokens' is {}; expected a square number ({} or {}), since {} pools a grid",
                      connector.tokens, side * side, (side + 1) * (side + 1), to_name(connector.kind)));
    for (const std::int64_t resolution : connected_resolutions())
      if (const std::int64_t available = patches(resolution, e_.encoder.patch); connector.tokens > available)
        add({"connector.tokens", "encoder.resolution", "train.vlm.resolution", "train.sft.resolution",
             "encoder.patch"},
            fmt::format("'connector.tokens' is {}; expected at most {}, the patches of a {} px picture",
                        connector.tokens, available, resolution));
  }

  void check_sequence(std::int64_t tokens, const char* what) {
    if (tokens >= e_.data.seq_len)
      add({"connector.tokens", "data.seq_len", "connector.kind"},
          fmt::format("{} {}; expected fewer than 'data.seq_len' ({}), so that text fits beside a picture",
                      what, tokens, e_.data.seq_len));
  }

  void check_llm() {
    divides("llm.heads", e_.llm.heads, "llm.width", e_.llm.width);
    divides("llm.kv_heads", e_.llm.kv_heads, "llm.heads", e_.llm.heads);
    if (e_.llm.width % e_.llm.heads == 0 && e_.llm.width / e_.llm.heads % 2 != 0)
      add({"llm.width", "llm.heads"},
          fmt::format(
              "'llm.width' / 'llm.heads' is {}; expected an even number, since rotary embeddings turn pairs",
              e_.llm.width / e_.llm.heads));
  }

  void check_data() {
    double sum = 0;
    for (const double weight : e_.data.mix) sum += weight;
    if (e_.data.mix.size() != 3)
      add({"data.mix"}, fmt::format("'data.mix' has {} numbers; expected 3: captions, interleaved, text",
                                    e_.data.mix.size()));
    else if (!(sum > 0))
      add({"data.mix"}, "'data.mix' is all zero; expected at least one weight above zero");
  }

  void check_training(Stage stage, const char* warmup_key, const char* steps_key) {
    const Train& train = train_of(e_, stage);
    if (has(stage) && train.warmup_steps > train.steps)
      add({warmup_key, steps_key}, fmt::format("'{}' is {}; expected at most '{}' ({})", warmup_key,
                                               train.warmup_steps, steps_key, train.steps));
  }

  const Experiment& e_;
  std::vector<Contradiction> found_;
};

}  // namespace

std::vector<Contradiction> find_contradictions(const Experiment& experiment) {
  return Checker(experiment).run();
}

std::optional<Stage> find_evaluated_stage(const Experiment& experiment, EvalTask task) {
  std::vector<Stage> candidates;
  switch (task) {
    case EvalTask::heldout_loss:
      candidates = {Stage::sft, Stage::vlm, Stage::llm, Stage::encoder};
      break;
    case EvalTask::caption:
    case EvalTask::vqa:
    case EvalTask::doctext:
    case EvalTask::fewshot:
      candidates = {Stage::sft, Stage::vlm};
      break;
    case EvalTask::retrieval:
    case EvalTask::zero_shot:
      candidates = {Stage::encoder};
      break;
    case EvalTask::demo_accuracy:
    case EvalTask::demo_robustness:
      candidates = {Stage::demo};
      break;
  }
  for (const Stage candidate : candidates)
    if (experiment.has_stage(candidate)) return candidate;
  return std::nullopt;
}

std::span<const std::string_view> eval_keys(EvalTask task) {
  static constexpr std::string_view kHeldoutLoss[] = {"eval.captions", "eval.interleaved", "eval.text",
                                                      "eval.max_examples", "data.tokenizer"};
  static constexpr std::string_view kCaption[] = {
      "eval.captions",       "eval.shots",          "eval.max_examples", "eval.choices",
      "eval.max_new_tokens", "eval.caption_prompt", "data.tokenizer"};
  static constexpr std::string_view kVqa[] = {"eval.questions",       "eval.shots",
                                              "eval.max_examples",    "eval.max_new_tokens",
                                              "eval.question_prompt", "data.tokenizer"};
  static constexpr std::string_view kDoctext[] = {"eval.doctext",         "eval.shots",
                                                  "eval.max_examples",    "eval.max_new_tokens",
                                                  "eval.question_prompt", "data.tokenizer"};
  static constexpr std::string_view kFewshot[] = {"eval.episodes", "eval.shots", "eval.max_examples",
                                                  "data.tokenizer"};
  static constexpr std::string_view kRetrieval[] = {"eval.captions", "eval.max_examples", "data.tokenizer"};
  static constexpr std::string_view kZeroShot[] = {"eval.labelled", "eval.max_examples", "eval.class_prompts",
                                                   "data.tokenizer"};
  static constexpr std::string_view kDemo[] = {"eval.max_examples"};
  switch (task) {
    case EvalTask::heldout_loss:
      return kHeldoutLoss;
    case EvalTask::caption:
      return kCaption;
    case EvalTask::vqa:
      return kVqa;
    case EvalTask::doctext:
      return kDoctext;
    case EvalTask::fewshot:
      return kFewshot;
    case EvalTask::retrieval:
      return kRetrieval;
    case EvalTask::zero_shot:
      return kZeroShot;
    case EvalTask::demo_accuracy:
    case EvalTask::demo_robustness:
      return kDemo;
  }
  throw std::logic_error("unknown task");
}

}  // namespace ablate
