#include "config/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "config/eval_tasks.hpp"
#include "config/names.hpp"
#include "util/error.hpp"

namespace ablate {

namespace {

bool reads(EvalTask task, std::string_view key) {
  const auto keys = eval_keys(task);
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

/// Collects broken rules; each member states one family of them.
class Checker {
 public:
  Checker(const Experiment& experiment, const PieceCount& count_pieces)
      : e_(experiment), count_pieces_(count_pieces) {}

  std::vector<Contradiction> run() {
    check_stages();
    if (uses_encoder()) check_encoder();
    if (uses_connector()) check_connector();
    if (has_decoder()) check_llm();
    if (shows_pictures()) check_room();
    check_data();
    check_tokenizer();
    check_training(Stage::encoder, "train.encoder.warmup_steps", "train.encoder.stop_at",
                   "train.encoder.steps");
    check_training(Stage::llm, "train.llm.warmup_steps", "train.llm.stop_at", "train.llm.steps");
    check_training(Stage::vlm, "train.vlm.warmup_steps", "train.vlm.stop_at", "train.vlm.steps");
    check_training(Stage::sft, "train.sft.warmup_steps", "train.sft.stop_at", "train.sft.steps");
    check_contrast();
    check_frozen(Stage::vlm, "train.vlm.freeze", "train.vlm.peak_lr");
    check_frozen(Stage::sft, "train.sft.freeze", "train.sft.peak_lr");
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
  bool has_decoder() const { return has(Stage::llm) || has(Stage::vlm) || has(Stage::sft); }
  bool compares_captions() const { return has(Stage::encoder) && is_contrastive(e_.encoder.loss); }
  double weight(std::size_t kind) const { return kind < e_.data.mix.size() ? e_.data.mix[kind] : 0; }
  bool trains_on_pictures(Stage stage) const {
    return has(stage) && ((stage == Stage::sft && !(e_.data.sft.empty() && e_.data.sft_questions.empty())) ||
                          (stage == Stage::vlm && weight(0) + weight(1) > 0));
  }
  /// Whether a decoder sees pictures, in training or in an evaluation.
  bool shows_pictures() const {
    if (trains_on_pictures(Stage::vlm) || trains_on_pictures(Stage::sft)) return true;
    return has(Stage::vlm) && has(Stage::eval) &&
           std::any_of(e_.eval.tasks.begin(), e_.eval.tasks.end(), [&](EvalTask task) {
             return find_evaluated_stage(e_, task) == Stage::vlm &&
                    (task != EvalTask::heldout_loss || !e_.eval.captions.empty() ||
                     !e_.eval.interleaved.empty());
           });
  }

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
    check_max_examples();
    for (const EvalTask task : e_.eval.tasks) {
      const std::optional<Stage> evaluated = find_evaluated_stage(e_, task);
      if (auto nothing = evaluated ? find_nothing_to_ask(e_, task, *evaluated) : std::nullopt)
        found_.push_back(std::move(*nothing));
      if (!evaluated && e_.eval.of != EvaluatedStage::last)
        add({"eval.of", "eval.tasks", "stages"},
            fmt::format(
                "'eval.of' is {}, but {} cannot be asked of that stage's model, or 'stages' ({}) has no "
                "such stage; expected another stage, or last",
                to_name(e_.eval.of), to_name(task), join(to_names(e_.stages), ", ")));
      else if (!evaluated)
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

  bool is_read(std::string_view key) const {
    return std::any_of(e_.eval.tasks.begin(), e_.eval.tasks.end(),
                       [&](EvalTask task) { return reads(task, key); });
  }

  /// Pictures of the examples and of the question alone must leave room for text, and for what is written.
  void check_shots() {
    if (!has(Stage::vlm) && !has(Stage::sft)) return;
    if (!is_read("eval.shots") || e_.eval.shots.empty()) return;
    const std::int64_t most = *std::max_element(e_.eval.shots.begin(), e_.eval.shots.end());
    const std::int64_t tokens =
        visual_tokens(e_,
                      resolution_of(e_, find_evaluated_stage(e_, EvalTask::fewshot).value_or(Stage::vlm))) +
        2;
    if ((most + 1) * tokens >= e_.data.seq_len)
      add({"eval.shots", "data.seq_len", "connector.tokens"},
          fmt::format("'eval.shots' has {}: {} pictures of {} tokens each; expected fewer than "
                      "'data.seq_len' ({}) in all",
                      most, most + 1, tokens, e_.data.seq_len));
    else if (const std::int64_t left = e_.data.seq_len - (most + 1) * tokens;
             is_read("eval.max_new_tokens") && e_.eval.max_new_tokens > left)
      add({"eval.max_new_tokens", "eval.shots", "data.seq_len", "connector.tokens"},
          fmt::format("'eval.max_new_tokens' is {}; expected at most {}, what {} picture{} of {} tokens "
                      "('eval.shots' has {}) leave{} of 'data.seq_len' ({})",
                      e_.eval.max_new_tokens, left, most + 1, most == 0 ? "" : "s", tokens, most,
                      most == 0 ? "s" : "", e_.data.seq_len));
  }

  /// Shots are others of the examples, and so is what one is told from.
  void check_max_examples() {
    for (const EvalTask task : e_.eval.tasks) {
      const bool is_asked_in_turn =
          task == EvalTask::caption || task == EvalTask::vqa || task == EvalTask::doctext;
      const std::int64_t shots = is_asked_in_turn && !e_.eval.shots.empty()
                                     ? *std::max_element(e_.eval.shots.begin(), e_.eval.shots.end())
                                     : 0;
      const bool compares =
          task == EvalTask::retrieval || (task == EvalTask::heldout_loss && is_contrastive(e_.encoder.loss) &&
                                          find_evaluated_stage(e_, task) == Stage::encoder);
      const std::int64_t choices = task == EvalTask::caption ? e_.eval.choices : compares ? 2 : 1;
      const std::int64_t least = std::max(shots + 1, choices);
      if (e_.eval.max_examples >= least) continue;
      const std::string why =
          least > choices ? fmt::format("shows up to {} of them before another ('eval.shots')", shots)
          : compares      ? "tells one from another"
                          : fmt::format("tells one from {} others ('eval.choices')", choices - 1);
      add({"eval.max_examples", "eval.shots", "eval.choices", "eval.tasks"},
          fmt::format("'eval.max_examples' is {}; expected at least {}, since {} {}", e_.eval.max_examples,
                      least, to_name(task), why));
    }
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
    if (connector.kind == ConnectorKind::mlp) return;
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

  /// Text must fit beside a picture.
  void check_room() {
    const bool is_direct = e_.encoder.loss == EncoderLoss::none;
    const bool is_pooled = !is_direct && e_.connector.kind != ConnectorKind::mlp;
    const char* what = is_direct   ? "its patches and rows of patches"
                       : is_pooled ? "'connector.tokens'"
                                   : "its patches";
    std::int64_t told = 0;
    for (const Stage stage : {Stage::vlm, Stage::sft}) {
      if (!has(stage)) continue;
      const std::int64_t side = resolution_of(e_, stage);
      const std::int64_t views = most_views(train_of(e_, stage).sub_images);
      const std::int64_t tokens = views * visual_tokens(e_, side) + 2;
      if (tokens < e_.data.seq_len || tokens == told) continue;
      told = tokens;
      add({"connector.tokens", "data.seq_len", "connector.kind", "encoder.resolution", "train.vlm.resolution",
           "train.sft.resolution", "encoder.patch", "encoder.loss", "train.vlm.sub_images",
           "train.sft.sub_images"},
          fmt::format("a picture{} takes {} tokens ({}{}, a start and an end); expected fewer than "
                      "'data.seq_len' ({}), so that text fits beside it",
                      is_pooled ? "" : fmt::format(" of {} px", side), tokens,
                      views == 1 ? "" : fmt::format("{} views, each ", views), what, e_.data.seq_len));
    }
  }

  void check_llm() {
    divides("llm.heads", e_.llm.heads, "llm.width", e_.llm.width);
    divides("llm.kv_heads", e_.llm.kv_heads, "llm.heads", e_.llm.heads);
    if (e_.llm.width % e_.llm.heads == 0 && e_.llm.width / e_.llm.heads % 2 != 0)
      add({"llm.width", "llm.heads"},
          fmt::format(
              "'llm.width' / 'llm.heads' is {}; expected an even number, since rotary embeddings turn pairs",
              e_.llm.width / e_.llm.heads));
    if (e_.llm.moe.experts > 0) check_experts();
  }

  void check_experts() {
    const Moe& moe = e_.llm.moe;
    const auto at_most = [&](const char* key, std::int64_t number, const char* other_key, std::int64_t most) {
      if (number > most)
        add({key, other_key},
            fmt::format("'{}' is {}; expected at most '{}' ({})", key, number, other_key, most));
    };
    at_most("llm.moe.top_k", moe.top_k, "llm.moe.experts", moe.experts);
    at_most("llm.moe.every", moe.every, "llm.layers", e_.llm.layers);
    if (moe.upcycle == Upcycle::none) return;
    const std::string name = to_name(moe.upcycle);
    const auto stage = from_name<Stage>(name);
    if (!has(stage))
      add({"llm.moe.upcycle", "llm.moe.experts", "stages"},
          fmt::format("'llm.moe.upcycle' is {}, which 'stages' ({}) does not have; expected one of those "
                      "stages, or none for experts from the first one on",
                      name, join(to_names(e_.stages), ", ")));
    else if (e_.llm.init.empty() && (stage == Stage::llm || (stage == Stage::vlm && !has(Stage::llm))))
      add({"llm.moe.upcycle", "llm.moe.experts", "llm.init", "stages"},
          fmt::format("'llm.moe.upcycle' is {}, before which nothing trains a decoder that could be copied; "
                      "expected a file in 'llm.init', or none for experts that start at random",
                      name));
  }

  void check_data() {
    if (has(Stage::vlm) || has(Stage::sft)) check_mix();
    names_source(Stage::encoder, "data.encoder", e_.data.encoder, "captioned pictures");
    if (weight(2) == 0 || !has(Stage::vlm)) names_source(Stage::llm, "data.text", e_.data.text, "text");
    if (e_.data.sft_questions.empty() && e_.data.sft_text.empty())
      names_source(Stage::sft, "data.sft", e_.data.sft, "instructions");
    if (has(Stage::sft)) check_shares();
    if (!has(Stage::vlm)) return;
    const auto is_named = [&](std::size_t kind, const char* key, const std::vector<std::string>& paths) {
      if (weight(kind) > 0 && paths.empty())
        add({key, "data.mix", "stages"},
            fmt::format("'{}' names no source, though 'data.mix' gives it a weight of {}; expected a "
                        "source, or a weight of 0",
                        key, weight(kind)));
    };
    is_named(0, "data.captions", e_.data.captions);
    is_named(1, "data.interleaved", e_.data.interleaved);
    is_named(2, "data.text", e_.data.text);
  }

  void names_source(Stage stage, const char* key, const std::vector<std::string>& paths, const char* what) {
    if (has(stage) && paths.empty())
      add({key, "stages"},
          fmt::format("'{}' names no source; expected {}, since 'stages' has {}", key, what, to_name(stage)));
  }

  void check_tokenizer() {
    if (!has_decoder() && !compares_captions()) return;
    if (e_.data.tokenizer.empty())
      return add({"data.tokenizer", "stages"},
                 fmt::format("'data.tokenizer' names no file; expected a SentencePiece model, since 'stages' "
                             "has {}",
                             join(to_names(e_.stages), ", ")));
    if (!count_pieces_) return;
    const auto holds = [&](const char* key, std::int64_t vocabulary, ChatFormat format) {
      const std::optional<std::int64_t> pieces = count_pieces_(e_.data.tokenizer, format);
      if (!pieces || *pieces <= vocabulary) return;
      std::vector<const char*> keys = {key, "data.tokenizer"};
      if (format == ChatFormat::chatml) keys.push_back("data.chat_format");
      add(std::move(keys),
          fmt::format("'{}' is {}; expected at least {}, the pieces of {}{}", key, vocabulary, *pieces,
                      e_.data.tokenizer, format == ChatFormat::chatml ? " and ChatML's marks" : ""));
    };
    try {
      if (has_decoder())
        holds("llm.vocab_size", e_.llm.vocab_size, has(Stage::sft) ? e_.data.chat_format : ChatFormat::plain);
      if (compares_captions())
        holds("encoder.text.vocab_size", e_.encoder.text.vocab_size, ChatFormat::plain);
    } catch (const Error& error) {
      add({"data.tokenizer"}, error.what());
    }
  }

  void check_shares() {
    const std::vector<double>& shares = e_.data.sft_shares;
    const std::size_t sources = e_.data.sft.size() + e_.data.sft_questions.size() + e_.data.sft_text.size();
    const std::vector<const char*> keys = {"data.sft_shares", "data.sft", "data.sft_questions",
                                           "data.sft_text"};
    if (shares.empty()) return;
    if (shares.size() != sources)
      add(keys,
          fmt::format("'data.sft_shares' has {} numbers; expected {}, one for each source of 'data.sft' "
                      "({}), 'data.sft_questions' ({}) and 'data.sft_text' ({}), or none",
                      shares.size(), sources, e_.data.sft.size(), e_.data.sft_questions.size(),
                      e_.data.sft_text.size()));
    else if (std::all_of(shares.begin(), shares.end(), [](double share) { return share == 0; }))
      add(keys, "'data.sft_shares' is all zero; expected at least one weight above zero");
  }

  void check_mix() {
    double sum = 0;
    for (const double weight : e_.data.mix) sum += weight;
    if (e_.data.mix.size() != 3)
      add({"data.mix"}, fmt::format("'data.mix' has {} numbers; expected 3: captions, interleaved, text",
                                    e_.data.mix.size()));
    else if (!(sum > 0))
      add({"data.mix"}, "'data.mix' is all zero; expected at least one weight above zero");
  }

  void check_training(Stage stage, const char* warmup_key, const char* stop_key, const char* steps_key) {
    if (!has(stage)) return;
    const Train& train = train_of(e_, stage);
    if (train.stop_at > train.steps)
      add({stop_key, steps_key}, fmt::format("'{}' is {}; expected at most '{}' ({}), or 0 for its end",
                                             stop_key, train.stop_at, steps_key, train.steps));
    if (train.warmup_steps > train.steps)
      add({warmup_key, steps_key}, fmt::format("'{}' is {}; expected at most '{}' ({})", warmup_key,
                                               train.warmup_steps, steps_key, train.steps));
  }

  /// CLIP's loss compares a picture with the captions of the others; a single pair always has a loss of 0.
  void check_contrast() {
    const Train& train = e_.train_encoder;
    if (has(Stage::encoder) && e_.encoder.loss == EncoderLoss::clip && train.batch == 1 && train.peak_lr > 0)
      add({"train.encoder.batch", "encoder.loss"},
          fmt::format(
              "'train.encoder.batch' is 1, but clip tells a picture's caption from those of others, so "
              "nothing would be trained; expected 2 or more, or {}",
              untrained("train.encoder.peak_lr")));
  }

  /// One of the parts that the losses reach must train: pictures reach all, text the decoder alone.
  void check_frozen(Stage stage, const char* freeze_key, const char* peak_lr_key) {
    const Train& train = train_of(e_, stage);
    if (!has(stage) || train.freeze.empty() || train.peak_lr == 0) return;
    const bool pictures = trains_on_pictures(stage);
    std::vector<ModelPart> reached;
    if (pictures && e_.encoder.loss != EncoderLoss::none) reached.push_back(ModelPart::encoder);
    if (pictures) reached.push_back(ModelPart::connector);
    reached.push_back(ModelPart::llm);
    for (const ModelPart part : reached)
      if (std::find(train.freeze.begin(), train.freeze.end(), part) == train.freeze.end()) return;
    add({freeze_key, "data.mix", "encoder.loss"},
        fmt::format("'{}' has {}, all that {}, so nothing would be trained; expected fewer parts, or {}",
                    freeze_key, join(to_names(reached), ", "), pictures ? "there is" : "text reaches",
                    untrained(peak_lr_key)));
  }

  /// How to ask for what was perhaps meant.
  static std::string untrained(const char* peak_lr_key) {
    return fmt::format("'{}' = 0 for a model that stays as it is", peak_lr_key);
  }

  const Experiment& e_;
  const PieceCount& count_pieces_;
  std::vector<Contradiction> found_;
};

}  // namespace

std::vector<Contradiction> find_contradictions(const Experiment& experiment, const PieceCount& count_pieces) {
  return Checker(experiment, count_pieces).run();
}

std::optional<Contradiction> find_nothing_to_ask(const Experiment& experiment, EvalTask task,
                                                 Stage evaluated) {
  const Eval& eval = experiment.eval;
  const std::span<const EvalSource> sources = eval_sources(task, evaluated);
  std::vector<const char*> keys;
  std::vector<std::string> names;
  for (const EvalSource& source : sources) {
    keys.push_back(source.key);
    names.push_back(fmt::format("'{}'", source.key));
  }
  keys.push_back("eval.tasks");
  if (!sources.empty() && std::all_of(sources.begin(), sources.end(),
                                      [&](const EvalSource& source) { return (eval.*source.paths).empty(); }))
    return Contradiction{keys, fmt::format("{}{} names {} source; expected held-out documents{}, since "
                                           "'eval.tasks' has {}",
                                           names.size() > 1 ? "none of " : "", join(names, ", "),
                                           names.size() > 1 ? "a" : "no",
                                           names.size() > 1 ? " in one of them" : "", to_name(task))};
  if (reads(task, "eval.shots") && eval.shots.empty())
    return Contradiction{
        {"eval.shots", "eval.tasks"},
        fmt::format("'eval.shots' is empty; expected a number of examples, 0 for none, since 'eval.tasks' "
                    "has {}",
                    to_name(task))};
  return std::nullopt;
}

}  // namespace ablate
