#include "config/fields.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <map>
#include <set>

#include "config/check.hpp"
#include "config/eval_tasks.hpp"
#include "config/names.hpp"
#include "util/error.hpp"

using namespace ablate;

namespace {

std::string refusal(const char* key, const Value& value) {
  Experiment experiment;
  try {
    set_value(*find_field(key), experiment, value);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

/// The defaults, with data for their stages.
Experiment with_data() {
  Experiment e;
  for (auto* paths :
       {&e.data.encoder, &e.data.captions, &e.data.interleaved, &e.data.text, &e.data.sft, &e.eval.captions})
    *paths = {"a source"};
  e.data.tokenizer = "t.model";
  return e;
}

std::string first_contradiction(const Experiment& experiment) {
  const auto found = find_contradictions(experiment);
  return found.empty() ? "none" : found.front().message;
}

/// The messages of an experiment's contradictions, those that begin with `start`.
std::vector<std::string> contradictions(const Experiment& experiment, const std::string& start = "") {
  std::vector<std::string> messages;
  for (const Contradiction& found : find_contradictions(experiment))
    if (found.message.starts_with(start)) messages.push_back(found.message);
  return messages;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(experiment_fields)

BOOST_AUTO_TEST_CASE(every_key_is_unique_explained_and_holds_its_own_default) {
  std::set<std::string> keys;
  for (const Field& field : fields()) {
    BOOST_TEST_CONTEXT(field.key) {
      BOOST_TEST(keys.insert(field.key).second);
      BOOST_TEST(field.doc.ends_with("."));
      BOOST_TEST(find_field(field.key) == &field);
      Experiment experiment;
      const Value value = get_value(field, experiment);
      BOOST_CHECK_NO_THROW(set_value(field, experiment, value));
      BOOST_TEST((get_value(field, experiment) == value));
      BOOST_TEST(!describe_type(field).empty());
    }
  }
  BOOST_TEST(keys.size() > 100u);
}

BOOST_AUTO_TEST_CASE(the_defaults_contradict_nothing_but_that_data_are_named) {
  BOOST_TEST(find_contradictions(with_data()).empty());
  const std::vector<std::string> expected = {
      "none of 'eval.captions', 'eval.interleaved', 'eval.sft', 'eval.text' names a source; expected "
      "held-out "
      "documents in one of them, since 'eval.tasks' has heldout-loss",
      "'data.encoder' names no source; expected captioned pictures, since 'stages' has encoder",
      "'data.captions' names no source, though 'data.mix' gives it a weight of 45; expected a source, or a "
      "weight of 0",
      "'data.interleaved' names no source, though 'data.mix' gives it a weight of 45; expected a source, or "
      "a weight of 0",
      "'data.text' names no source, though 'data.mix' gives it a weight of 10; expected a source, or a "
      "weight "
      "of 0",
      "'data.tokenizer' names no file; expected a SentencePiece model, since 'stages' has encoder, llm, vlm, "
      "eval"};
  BOOST_TEST(contradictions(Experiment{}) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(wrong_values_are_refused_with_what_was_expected) {
  BOOST_TEST(refusal("encoder.patch", Value(0.5)) ==
             "'encoder.patch' is 0.5 (a number); expected an integer from 1 to 1024, px");
  BOOST_TEST(refusal("encoder.patch", Value(std::int64_t{0})) ==
             "'encoder.patch' is 0; expected an integer from 1 to 1024, px");
  BOOST_TEST(refusal("train.vlm.peak_lr", Value(std::nan(""))) ==
             "'train.vlm.peak_lr' is nan; expected a number from 0 to 10");
  // Ends of a range with which a stage trains nothing, or makes its weights nan.
  BOOST_TEST(refusal("train.llm.beta1", Value(std::int64_t{1})) ==
             "'train.llm.beta1' is 1; expected a number from 0 to 1, but not 1");
  BOOST_TEST(refusal("train.sft.beta2", Value(1.0)) ==
             "'train.sft.beta2' is 1; expected a number from 0 to 1, but not 1");
  BOOST_TEST(refusal("train.vlm.ema", Value(1.0)) ==
             "'train.vlm.ema' is 1; expected a number from 0 to 1, but not 1");
  BOOST_TEST(refusal("train.llm.epsilon", Value(0.0)) ==
             "'train.llm.epsilon' is 0; expected a number from 1e-37 to 1");
  BOOST_TEST(refusal("encoder.text.context", Value(std::int64_t{1})) ==
             "'encoder.text.context' is 1; expected an integer from 2 to 65536, tokens");
  BOOST_TEST(refusal("train.llm.beta1", Value(0.0)) == "accepted");
  BOOST_TEST(refusal("encoder.loss", Value(std::string("clipp"))) ==
             "'encoder.loss' has the unknown level 'clipp'; did you mean 'clip'?");
  BOOST_TEST(refusal("data.mix", Value(std::vector<double>{1, -1, 0})) ==
             "'data.mix' is -1; expected a list of numbers, each of at least 0");
  BOOST_TEST(refusal("eval.tasks", Value(std::vector<std::string>{"vqa", "vqa"})) ==
             "'eval.tasks' holds 'vqa' twice");
  BOOST_TEST(refusal("stages", Value(std::vector<std::string>{"vml"})) ==
             "'stages' holds the unknown name 'vml'; did you mean 'vlm'?");
  BOOST_TEST(refusal("llm.tied_head", Value(std::string("yes"))) ==
             "'llm.tied_head' is yes (a text); expected true or false");
  BOOST_TEST(refusal("train.vlm.peak_lr", Value(std::int64_t{1})) == "accepted");
  BOOST_TEST(refusal("data.mix", Value(std::vector<std::int64_t>{1, 2, 3})) == "accepted");
  BOOST_TEST(refusal("eval.shots", Value(std::vector<std::string>{})) == "accepted");
}

BOOST_AUTO_TEST_CASE(each_stage_has_its_own_training_and_resolution) {
  Experiment e;
  e.encoder.resolution = 224;
  // The recipes of the stages start from different rates, so that none passes for another.
  BOOST_TEST(train_of(e, Stage::encoder).peak_lr == 1e-3);
  BOOST_TEST(train_of(e, Stage::llm).peak_lr == 3e-4);
  BOOST_TEST(train_of(e, Stage::vlm).peak_lr == 8.6e-5);
  BOOST_TEST(train_of(e, Stage::sft).peak_lr == 1e-5);
  train_of(e, Stage::sft).steps = 7;
  BOOST_TEST(e.train_sft.steps == 7);
  BOOST_CHECK_THROW(train_of(e, Stage::demo), std::logic_error);
  BOOST_CHECK_THROW(train_of(e, Stage::eval), std::logic_error);

  const auto resolutions = [&] {
    std::vector<std::int64_t> found;
    for (const Stage stage : {Stage::encoder, Stage::llm, Stage::vlm, Stage::sft})
      found.push_back(resolution_of(e, stage));
    return found;
  };
  using Sides = std::vector<std::int64_t>;
  BOOST_TEST(resolutions() == (Sides{224, 0, 224, 224}), boost::test_tools::per_element());
  e.train_vlm.resolution = 336;
  BOOST_TEST(resolutions() == (Sides{224, 0, 336, 336}), boost::test_tools::per_element());
  e.train_sft.resolution = 448;
  BOOST_TEST(resolutions() == (Sides{224, 0, 336, 448}), boost::test_tools::per_element());
  e.train_vlm.resolution = 0;
  BOOST_TEST(resolutions() == (Sides{224, 0, 224, 448}), boost::test_tools::per_element());
  BOOST_CHECK_THROW(resolution_of(e, Stage::demo), std::logic_error);
}

BOOST_AUTO_TEST_CASE(lists_of_names_are_held_as_values_and_shown_as_names) {
  using Names = std::vector<std::string>;
  Experiment e;
  set_value(*find_field("stages"), e, Value(Names{"eval", "demo"}));
  BOOST_CHECK((e.stages == std::vector<Stage>{Stage::eval, Stage::demo}));
  set_value(*find_field("eval.tasks"), e, Value(Names{"zero-shot", "demo-accuracy"}));
  BOOST_CHECK((e.eval.tasks == std::vector<EvalTask>{EvalTask::zero_shot, EvalTask::demo_accuracy}));
  set_value(*find_field("train.sft.freeze"), e, Value(Names{"llm", "encoder"}));
  BOOST_CHECK((e.train_sft.freeze == std::vector<ModelPart>{ModelPart::llm, ModelPart::encoder}));
  BOOST_CHECK((get_value(*find_field("train.sft.freeze"), e) == Value(Names{"llm", "encoder"})));
  set_value(*find_field("train.sft.freeze"), e, Value(Names{}));
  BOOST_TEST(e.train_sft.freeze.empty());
  BOOST_TEST(describe_type(*find_field("train.sft.freeze")) ==
             "a list of names among: encoder, connector, llm");
  // A name that is wrong leaves the list as it was.
  BOOST_CHECK_THROW(set_value(*find_field("stages"), e, Value(Names{"llm", "vml"})), Error);
  BOOST_CHECK((e.stages == std::vector<Stage>{Stage::eval, Stage::demo}));
}

BOOST_AUTO_TEST_CASE(presets_set_the_shape) {
  Experiment experiment;
  set_value(*find_field("encoder.preset"), experiment, Value(std::string("vit-h14")));
  BOOST_TEST(experiment.encoder.width == 1280);
  BOOST_TEST(experiment.encoder.layers == 32);
  set_value(*find_field("llm.preset"), experiment, Value(std::string("9m")));
  BOOST_TEST(experiment.llm.width == 256);
  BOOST_TEST(experiment.llm.mlp_width == 688);
  for (const auto& preset : names_of<LlmPreset>()) {
    Experiment with = with_data();
    apply_preset(with.llm, preset.value);
    BOOST_TEST_CONTEXT(preset.name) { BOOST_TEST(find_contradictions(with).empty()); }
  }
}

BOOST_AUTO_TEST_CASE(experts_must_fit_the_decoder_and_come_from_somewhere) {
  using Messages = std::vector<std::string>;
  const auto found = [](const std::function<void(Experiment&)>& change) {
    Experiment e = with_data();
    e.eval.text = {"a source"};
    e.llm.moe.experts = 8;
    change(e);
    return contradictions(e);
  };
  BOOST_TEST(found([](Experiment&) {}).empty());
  BOOST_TEST(found([](Experiment& e) { e.llm.moe.upcycle = Upcycle::none; }).empty());
  BOOST_TEST(found([](Experiment& e) {
               e.llm.moe.top_k = 9;
               e.llm.moe.every = 25;
             }) == (Messages{"'llm.moe.top_k' is 9; expected at most 'llm.moe.experts' (8)",
                             "'llm.moe.every' is 25; expected at most 'llm.layers' (24)"}),
             boost::test_tools::per_element());
  BOOST_TEST(
      found([](Experiment& e) {
        e.stages = {Stage::llm, Stage::eval};
      }) == Messages{"'llm.moe.upcycle' is vlm, which 'stages' (llm, eval) does not have; expected one of "
                     "those stages, or none for experts from the first one on"},
      boost::test_tools::per_element());
  const auto alone = [](Experiment& e) { e.stages = {Stage::vlm, Stage::eval}; };
  BOOST_TEST(
      found(alone) ==
          Messages{"'llm.moe.upcycle' is vlm, before which nothing trains a decoder that could be copied; "
                   "expected a file in 'llm.init', or none for experts that start at random"},
      boost::test_tools::per_element());
  BOOST_TEST(found([&](Experiment& e) {
               alone(e);
               e.llm.init = "dense.safetensors";
             }).empty());
  // Without experts nothing of this matters.
  BOOST_TEST(found([&](Experiment& e) {
               alone(e);
               e.llm.moe = {.experts = 0, .every = 99, .top_k = 64};
             }).empty());
  BOOST_TEST(refusal("llm.moe.upcycle", Value(std::string("vml"))) ==
             "'llm.moe.upcycle' has the unknown level 'vml'; did you mean 'vlm'?");
  BOOST_TEST(refusal("llm.moe.top_k", Value(std::int64_t{0})) ==
             "'llm.moe.top_k' is 0; expected an integer from 1 to 64");
}

BOOST_AUTO_TEST_CASE(visual_tokens_must_fit_the_pictures) {
  Experiment e = with_data();
  e.encoder.resolution = 100;
  BOOST_TEST(first_contradiction(e) ==
             "'encoder.resolution' is 100; expected a multiple of 'encoder.patch' (14)");
  e = with_data();
  e.connector.tokens = 150;
  BOOST_TEST(
      first_contradiction(e) ==
      "'connector.tokens' is 150; expected a square number (144 or 169), since c-abstractor pools a grid");
  e.connector.kind = ConnectorKind::attention_pool;
  BOOST_TEST(first_contradiction(e) == "none");
  e.connector.tokens = 1000;
  e.connector.kind = ConnectorKind::average_pool;
  BOOST_TEST(first_contradiction(e).starts_with(
      "'connector.tokens' is 1000; expected a square number (961 or 1024)"));
  e.connector.tokens = 1024;
  BOOST_TEST(first_contradiction(e) ==
             "'connector.tokens' is 1024; expected at most 576, the patches of a 336 px picture");
  // What holds for the pictures of stage vlm holds for those of stage sft, where it is run.
  e = with_data();
  e.train_sft.resolution = 154;
  BOOST_TEST(first_contradiction(e) == "none");
  e.stages = {Stage::encoder, Stage::llm, Stage::vlm, Stage::sft};
  BOOST_TEST(first_contradiction(e) ==
             "'connector.tokens' is 144; expected at most 121, the patches of a 154 px picture");
  e.connector.kind = ConnectorKind::mlp;
  BOOST_TEST(first_contradiction(e) == "none");
  e.train_sft.resolution = 896;
  BOOST_TEST(first_contradiction(e) ==
             "a picture of 896 px takes 4098 tokens (its patches, a start and an end); expected fewer than "
             "'data.seq_len' (4096), so that text fits beside it");
  e.train_sft.resolution = 0;
  e.connector = {.tokens = 1024};
  e.train_vlm.resolution = 168;
  BOOST_TEST(find_contradictions(e).size() == 1u);  // One resolution of both stages is said once.
}

BOOST_AUTO_TEST_CASE(text_must_fit_beside_a_picture) {
  Experiment e = with_data();
  e.data.seq_len = 146;
  BOOST_TEST(first_contradiction(e) ==
             "a picture takes 146 tokens ('connector.tokens', a start and an end); expected fewer than "
             "'data.seq_len' (146), so that text fits beside it");
  e.data.seq_len = 147;
  BOOST_TEST(first_contradiction(e) == "none");
  e = with_data();
  e.encoder.loss = EncoderLoss::none;
  e.data.seq_len = 602;
  BOOST_TEST(first_contradiction(e) ==
             "a picture of 336 px takes 602 tokens (its patches and rows of patches, a start and an end); "
             "expected fewer than 'data.seq_len' (602), so that text fits beside it");
  e.data.mix = {0, 0, 1};
  BOOST_TEST(find_contradictions(e).size() == 1u);  // The held-out captions.
  e.eval.captions = {};
  e.eval.text = {"a source"};
  BOOST_TEST(first_contradiction(e) == "none");
}

BOOST_AUTO_TEST_CASE(contradictions_name_the_keys_and_the_numbers) {
  Experiment e = with_data();
  e.data.mix = {0, 0, 0};
  BOOST_TEST(first_contradiction(e) == "'data.mix' is all zero; expected at least one weight above zero");
  e = with_data();
  e.llm.heads = 7;
  BOOST_TEST(first_contradiction(e) == "'llm.width' is 2048; expected a multiple of 'llm.heads' (7)");
  e = with_data();
  e.train_vlm.warmup_steps = 300000;
  BOOST_TEST(first_contradiction(e) ==
             "'train.vlm.warmup_steps' is 300000; expected at most 'train.vlm.steps' (200000)");
  e = with_data();
  e.train_vlm.stop_at = 200001;
  BOOST_TEST(first_contradiction(e) ==
             "'train.vlm.stop_at' is 200001; expected at most 'train.vlm.steps' (200000), or 0 for its end");
  e = with_data();
  e.stages = {Stage::llm, Stage::eval};
  e.eval.tasks = {EvalTask::vqa};
  BOOST_TEST(first_contradiction(e) ==
             "'eval.tasks' has vqa, which none of the stages (llm, eval) can be evaluated with");
  e = with_data();
  e.encoder.loss = EncoderLoss::aim;
  e.eval.tasks = {EvalTask::zero_shot};
  e.eval.labelled = {"a source"};
  BOOST_TEST(first_contradiction(e) ==
             "'eval.tasks' has zero-shot, which needs a contrastive encoder; 'encoder.loss' is aim");
  e = with_data();
  e.stages = {Stage::demo};
  e.demo.resolution = 3;
  BOOST_TEST(first_contradiction(e) == "'demo.resolution' is 3; expected 2, 4, 8 or 16");
  e = with_data();
  e.stages = {Stage::sft};
  BOOST_TEST(first_contradiction(e) ==
             "'stages' has sft without vlm; instruction tuning builds on the vlm stage");
}

BOOST_AUTO_TEST_CASE(shares_of_sft_are_one_for_each_of_its_sources) {
  Experiment e = with_data();
  e.stages = {Stage::encoder, Stage::llm, Stage::vlm, Stage::sft};
  BOOST_TEST(first_contradiction(e) == "none");
  e.data.sft_questions = {"a", "b"};
  e.data.sft_shares = {1, 2};
  BOOST_TEST(first_contradiction(e) ==
             "'data.sft_shares' has 2 numbers; expected 3, one for each source of 'data.sft' (1), "
             "'data.sft_questions' (2) and 'data.sft_text' (0), or none");
  e.data.sft_shares = {0, 0, 0};
  BOOST_TEST(first_contradiction(e) ==
             "'data.sft_shares' is all zero; expected at least one weight above zero");
  e.data.sft_shares = {1, 0, 2};
  BOOST_TEST(first_contradiction(e) == "none");
  e.data.sft = e.data.sft_questions = {};
  e.data.sft_shares = {};
  BOOST_TEST(first_contradiction(e) ==
             "'data.sft' names no source; expected instructions, since 'stages' has sft");
  e.data.sft_text = {"c"};
  BOOST_TEST(first_contradiction(e) == "none");
}

BOOST_AUTO_TEST_CASE(evaluations_look_at_the_stage_that_is_asked_for) {
  Experiment e = with_data();
  e.stages = {Stage::encoder, Stage::llm, Stage::vlm, Stage::sft, Stage::eval};
  const auto evaluated = [&](EvalTask task, EvaluatedStage of) {
    e.eval.of = of;
    return find_evaluated_stage(e, task);
  };
  BOOST_TEST((evaluated(EvalTask::vqa, EvaluatedStage::last) == Stage::sft));
  BOOST_TEST((evaluated(EvalTask::vqa, EvaluatedStage::vlm) == Stage::vlm));
  BOOST_TEST((evaluated(EvalTask::vqa, EvaluatedStage::llm) == std::nullopt));
  BOOST_TEST((evaluated(EvalTask::heldout_loss, EvaluatedStage::llm) == Stage::llm));
  // An encoder is what it is before and after.
  BOOST_TEST((evaluated(EvalTask::retrieval, EvaluatedStage::sft) == Stage::encoder));
  e.eval.tasks = {EvalTask::caption};
  e.eval.of = EvaluatedStage::llm;
  BOOST_TEST(
      first_contradiction(e) ==
      "'eval.of' is llm, but caption cannot be asked of that stage's model, or 'stages' (encoder, llm, vlm, "
      "sft, eval) has no such stage; expected another stage, or last");
  e.eval.of = EvaluatedStage::vlm;
  BOOST_TEST(first_contradiction(e) == "none");
}

BOOST_AUTO_TEST_CASE(an_evaluation_without_anything_to_ask_is_a_contradiction) {
  Experiment e = with_data();
  e.eval.captions = {};
  e.stages = {Stage::encoder, Stage::llm, Stage::vlm, Stage::eval};
  const std::map<EvalTask, std::string> keys = {
      {EvalTask::caption, "eval.captions"},   {EvalTask::vqa, "eval.questions"},
      {EvalTask::doctext, "eval.doctext"},    {EvalTask::fewshot, "eval.episodes"},
      {EvalTask::retrieval, "eval.captions"}, {EvalTask::zero_shot, "eval.labelled"}};
  for (const auto& task : names_of<EvalTask>()) {
    e.eval.tasks = {task.value};
    const std::optional<Stage> evaluated = find_evaluated_stage(e, task.value);
    if (!evaluated) continue;
    BOOST_TEST_CONTEXT(task.name) {
      const auto found = contradictions(e);
      BOOST_REQUIRE(found.size() == 1u);
      if (keys.count(task.value))
        BOOST_TEST(found[0] == "'" + keys.at(task.value) +
                                   "' names no source; expected held-out documents, since 'eval.tasks' has " +
                                   task.name);
      // All that an evaluation needs, it reads.
      const auto read = eval_keys(task.value);
      for (const EvalSource& source : eval_sources(task.value, *evaluated)) {
        BOOST_TEST((std::find(read.begin(), read.end(), source.key) != read.end()));
        BOOST_TEST((find_field(source.key)->source != SourceKind::none));
        Experiment named = e;
        named.eval.*source.paths = {"a source"};
        BOOST_TEST(contradictions(named).empty());
        BOOST_TEST(
            (get_value(*find_field(source.key), named) == Value(std::vector<std::string>{"a source"})));
      }
      std::size_t documents = 0;
      for (const std::string_view key : read) {
        const SourceKind kind = find_field(key)->source;
        documents += kind == SourceKind::documents || kind == SourceKind::text;
      }
      BOOST_TEST(documents == eval_sources(task.value, Stage::vlm).size());
    }
  }
  // The held-out loss is that of the last stage, on what that stage reads.
  e.eval.tasks = {EvalTask::heldout_loss};
  e.eval.text = {"a source"};
  BOOST_TEST(contradictions(e).empty());
  e.stages = {Stage::llm, Stage::eval};
  BOOST_TEST(contradictions(e).empty());
  e.stages = {Stage::encoder, Stage::eval};
  BOOST_TEST(contradictions(e, "'eval.captions' names no source").size() == 1u);
  // Numbers of examples.
  e = with_data();
  e.eval.tasks = {EvalTask::heldout_loss, EvalTask::caption};
  e.eval.shots = {};
  const std::vector<std::string> expected = {
      "'eval.shots' is empty; expected a number of examples, 0 for none, since 'eval.tasks' has caption"};
  BOOST_TEST(contradictions(e) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_a_model_writes_fits_behind_the_pictures) {
  Experiment e = with_data();
  e.eval.tasks = {EvalTask::caption};
  e.data.seq_len = 9 * 146 + 20;
  BOOST_TEST(contradictions(e).empty());
  e.eval.max_new_tokens = 21;
  const std::vector<std::string> expected = {
      "'eval.max_new_tokens' is 21; expected at most 20, what 9 pictures of 146 tokens ('eval.shots' has 8) "
      "leave of 'data.seq_len' (1334)"};
  BOOST_TEST(contradictions(e) == expected, boost::test_tools::per_element());
  e.eval.tasks = {EvalTask::fewshot};  // It writes nothing.
  e.eval.episodes = {"a source"};
  BOOST_TEST(contradictions(e).empty());
}

BOOST_AUTO_TEST_CASE(examples_suffice_for_shots_and_for_comparisons) {
  Experiment e = with_data();
  e.eval.questions = {"a source"};
  e.eval.tasks = {EvalTask::caption, EvalTask::vqa};
  e.eval.max_examples = 9;
  BOOST_TEST(contradictions(e).empty());
  e.eval.max_examples = 8;
  const std::vector<std::string> expected = {
      "'eval.max_examples' is 8; expected at least 9, since caption shows up to 8 of them before another "
      "('eval.shots')",
      "'eval.max_examples' is 8; expected at least 9, since vqa shows up to 8 of them before another "
      "('eval.shots')"};
  BOOST_TEST(contradictions(e) == expected, boost::test_tools::per_element());
  e.eval.max_examples = 1;
  e.eval.shots = {0};
  BOOST_TEST(contradictions(e) == std::vector<std::string>{"'eval.max_examples' is 1; expected at least 4, "
                                                           "since caption tells one from 3 others "
                                                           "('eval.choices')"},
             boost::test_tools::per_element());
  e.eval.tasks = {EvalTask::heldout_loss};
  BOOST_TEST(contradictions(e).empty());
  e.stages = {Stage::encoder, Stage::eval};
  BOOST_TEST(contradictions(e) == std::vector<std::string>{"'eval.max_examples' is 1; expected at least 2, "
                                                           "since heldout-loss tells one from another"},
             boost::test_tools::per_element());
  e.encoder.loss = EncoderLoss::vae;
  BOOST_TEST(contradictions(e).empty());
}

BOOST_AUTO_TEST_CASE(a_stage_that_could_change_no_weight_is_a_contradiction) {
  Experiment e = with_data();
  e.train_encoder.batch = 1;
  BOOST_TEST(
      contradictions(e) ==
          std::vector<std::string>{
              "'train.encoder.batch' is 1, but clip tells a picture's caption from those of others, so "
              "nothing would be trained; expected 2 or more, or 'train.encoder.peak_lr' = 0 for a "
              "model that stays as it is"},
      boost::test_tools::per_element());
  e.train_encoder.peak_lr = 0;
  BOOST_TEST(contradictions(e).empty());
  e = with_data();
  e.train_encoder.batch = 1;
  e.encoder.loss = EncoderLoss::siglip;  // Each pair alone has a loss.
  BOOST_TEST(contradictions(e).empty());
  const auto frozen = [](EncoderLoss loss, std::vector<double> mix, std::vector<ModelPart> parts) {
    Experiment made = with_data();
    made.encoder.loss = loss;
    made.data.mix = std::move(mix);
    made.train_vlm.freeze = std::move(parts);
    const auto found = contradictions(made);
    return found.empty() ? std::string("none") : found[0];
  };
  using enum ModelPart;
  BOOST_TEST(frozen(EncoderLoss::clip, {1, 1, 1}, {encoder, connector}) == "none");
  BOOST_TEST(frozen(EncoderLoss::clip, {1, 0, 0}, {encoder, llm}) == "none");
  BOOST_TEST(
      frozen(EncoderLoss::clip, {1, 1, 1}, {llm, connector, encoder}) ==
      "'train.vlm.freeze' has encoder, connector, llm, all that there is, so nothing would be trained; "
      "expected fewer parts, or 'train.vlm.peak_lr' = 0 for a model that stays as it is");
  BOOST_TEST(frozen(EncoderLoss::none, {1, 1, 1}, {connector, llm})
                 .starts_with("'train.vlm.freeze' has connector, llm, all that there is, so nothing"));
  BOOST_TEST(frozen(EncoderLoss::clip, {0, 0, 1}, {llm})
                 .starts_with("'train.vlm.freeze' has llm, all that text reaches, so nothing"));
  e = with_data();
  e.stages = {Stage::encoder, Stage::llm, Stage::vlm, Stage::sft};
  e.train_sft.freeze = {encoder, connector, llm};
  BOOST_TEST(contradictions(e, "'train.sft.freeze' has encoder, connector, llm").size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
