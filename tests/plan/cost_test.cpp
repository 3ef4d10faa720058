// Golden values: open_clip's model profile (vision FLOPs), Honeybee's C-Abstractor, MM1's sizes, torchtitan's
// MFU figures.
#include "plan/cost.hpp"

#include <boost/test/unit_test.hpp>

#include "config/fields.hpp"
#include "config/names.hpp"
#include "plan/real.hpp"

using namespace ablate;

namespace {

Encoder encoder(EncoderPreset preset, std::int64_t resolution) {
  Encoder made;
  apply_preset(made, preset);
  made.resolution = resolution;
  return made;
}

Llm llm(LlmPreset preset) {
  Llm made;
  apply_preset(made, preset);
  return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cost)

BOOST_AUTO_TEST_CASE(vision_flops_equal_the_published_table) {
  const auto gigaflops = [](EncoderPreset preset, std::int64_t resolution) {
    return vit_flops(encoder(preset, resolution), resolution, 1) / 1e9;
  };
  BOOST_TEST(gigaflops(EncoderPreset::vit_b16, 224) == 35.1, boost::test_tools::tolerance(0.002));
  BOOST_TEST(gigaflops(EncoderPreset::vit_l14, 224) == 162.02, boost::test_tools::tolerance(5e-5));
  BOOST_TEST(gigaflops(EncoderPreset::vit_l14, 336) == 381.92, boost::test_tools::tolerance(5e-5));
  BOOST_TEST(gigaflops(EncoderPreset::vit_h14, 224) == 334.59, boost::test_tools::tolerance(5e-5));
  BOOST_TEST(gigaflops(EncoderPreset::vit_h14, 378) == 1006.96, boost::test_tools::tolerance(5e-5));
}

BOOST_AUTO_TEST_CASE(vision_parameters_equal_the_published_table) {
  BOOST_TEST(vit_params(encoder(EncoderPreset::vit_b16, 224), 224, 512) == 86.2e6,
             boost::test_tools::tolerance(5e-4));
  BOOST_TEST(vit_params(encoder(EncoderPreset::vit_l14, 224), 224, 768) == 303966208.0);
  BOOST_TEST(vit_params(encoder(EncoderPreset::vit_h14, 224), 224, 1024) == 632.1e6,
             boost::test_tools::tolerance(5e-4));
}

BOOST_AUTO_TEST_CASE(c_abstractor_parameters_equal_the_golden_values) {
  Experiment e;
  e.encoder.width = 1024;
  e.connector = {.kind = ConnectorKind::c_abstractor, .tokens = 144, .width = 1024, .depth = 3};
  e.llm.width = 4096;
  BOOST_TEST(connector_params(e, 576).total == 37398016.0);
  e.encoder.width = 1280;
  e.llm.width = 2048;
  BOOST_TEST(connector_params(e, 729).total == 24763200.0);
}

BOOST_AUTO_TEST_CASE(simple_connectors_have_closed_forms) {
  Experiment e;
  e.encoder.width = 10;
  e.llm.width = 20;
  e.connector.tokens = 4;
  e.connector.kind = ConnectorKind::average_pool;
  BOOST_TEST(connector_params(e, 16).total == 10 * 20 + 20);
  BOOST_TEST(connector_flops(e, 16) == 2 * 4 * 10 * 20);
  e.connector.kind = ConnectorKind::mlp;
  BOOST_TEST(connector_params(e, 16).total == 10 * 20 + 20 + 20 * 20 + 20);
  BOOST_TEST(connector_flops(e, 16) == 2 * 16 * (10 * 20 + 20 * 20));
  BOOST_TEST(visual_tokens(e, 42) == 9);
  e.encoder.loss = EncoderLoss::none;
  BOOST_TEST(visual_tokens(e, 42) == 12);  // 3 x 3 patches and a newline token after each row
}

BOOST_AUTO_TEST_CASE(decoder_sizes_are_those_of_mm1) {
  const std::pair<LlmPreset, double> sizes[] = {{LlmPreset::m9, 9.44e6},    {LlmPreset::m85, 84.9e6},
                                                {LlmPreset::m302, 302.0e6}, {LlmPreset::b1_2, 1208e6},
                                                {LlmPreset::b3, 2.9e9},     {LlmPreset::b7, 6.44e9},
                                                {LlmPreset::b30, 29.6e9}};
  for (const auto& [preset, expected] : sizes) {
    BOOST_TEST_CONTEXT(to_name(preset)) {
      BOOST_TEST(llm_body_params(llm(preset)).total == expected, boost::test_tools::tolerance(0.006));
    }
  }
}

BOOST_AUTO_TEST_CASE(decoder_parameters_and_flops_agree_with_llama_3_8b) {
  const Llm llama{
      .layers = 32, .width = 4096, .heads = 32, .kv_heads = 8, .mlp_width = 14336, .vocab_size = 128256};
  BOOST_TEST(llm_params(llama).total == 8030261248.0);
  // torchtitan: 5,762 tokens/s on an H100 (989 TFLOP/s) at 8192 tokens is an MFU of 33.7 %.
  const double per_token = 3 * llm_flops(llama, 8192, 8192) / 8192;
  BOOST_TEST(5762 * per_token / 989e12 == 0.337, boost::test_tools::tolerance(0.003));
}

BOOST_AUTO_TEST_CASE(experts_add_parameters_and_a_token_passes_a_few_of_them) {
  // Two of four blocks have 8 experts, of which a token goes to 2.
  Llm llm{.layers = 4, .width = 16, .heads = 2, .kv_heads = 2, .mlp_width = 40, .vocab_size = 100};
  const double attention = 4 * 16 * 16, mlp = 3 * 16 * 40, router = 16 * 8;
  const double dense = llm_params(llm).total;
  llm.moe = {.experts = 8, .every = 2, .top_k = 2};
  const Params body = llm_body_params(llm);
  BOOST_TEST(body.total == 4 * attention + 2 * mlp + 2 * (8 * mlp + router));
  BOOST_TEST(body.active == 4 * attention + 2 * mlp + 2 * (2 * mlp + router));
  BOOST_TEST(llm_params(llm).total == dense + 2 * (7 * mlp + router));
  BOOST_TEST(llm_products(llm, 10).linear == 2 * body.active * 10);
  llm.moe.every = 4;
  BOOST_TEST(llm_body_params(llm).total == 4 * attention + 3 * mlp + 8 * mlp + router);
  llm.moe.every = 3;  // The third block; the fourth begins what would be three.
  BOOST_TEST(llm_body_params(llm).total == 4 * attention + 3 * mlp + 8 * mlp + router);
}

BOOST_AUTO_TEST_CASE(stages_before_upcycling_cost_what_the_dense_model_does) {
  Experiment dense, sparse;
  dense.eval.text = sparse.eval.text = {"held-out"};
  sparse.llm.moe.experts = 8;
  const auto same = [&](Stage stage) {
    const Cost a = stage_cost(dense, stage, {}), b = stage_cost(sparse, stage, {});
    return a.params == b.params && a.flops == b.flops && a.memory_bytes == b.memory_bytes;
  };
  BOOST_TEST(same(Stage::llm));
  BOOST_TEST(!same(Stage::vlm));
  sparse.llm.moe.upcycle = Upcycle::none;
  BOOST_TEST(!same(Stage::llm));
  dense.stages = sparse.stages = {Stage::llm, Stage::eval};
  BOOST_TEST(stage_cost(sparse, Stage::eval, EvalTask::heldout_loss).params == llm_params(sparse.llm).total);
  // Weights, gradients and two moments of fp32 for each parameter more.
  const double more = llm_params(sparse.llm).total - llm_params(dense.llm).total;
  sparse.llm.moe.top_k = 1;
  BOOST_TEST(stage_cost(sparse, Stage::llm, {}).memory_bytes -
                 stage_cost(dense, Stage::llm, {}).memory_bytes >
             16 * more);
}

namespace {

/// One step over one sequence with 2 pictures of 4 tokens each.
Experiment one_sequence() {
  Experiment e;
  e.encoder = encoder(EncoderPreset::vit_ti16, 64);
  apply_preset(e.llm, LlmPreset::m1);
  e.connector.kind = ConnectorKind::average_pool;
  e.connector.tokens = 4;
  e.data.seq_len = 256;
  e.data.mix = {1, 0, 0};
  e.data.max_images = 2;
  e.train_vlm.steps = e.train_llm.steps = e.train_sft.steps = 1;
  e.train_vlm.batch = e.train_llm.batch = e.train_sft.batch = 1;
  return e;
}

}  // namespace

// Every product Y = X W has two in its backward pass: with respect to X where something before it trains, and
// to W where W does. Attention's Q K^T and P V are products of two activations, both of which need gradients
// wherever one passes at all.
BOOST_AUTO_TEST_CASE(training_counts_the_gradients_that_something_needs) {
  Experiment e = one_sequence();
  BOOST_TEST(images_per_sequence(e, Stage::vlm) == 2);
  const double vision = 2 * vit_flops(e.encoder, 64, 1), connector = 2 * 2 * 4 * 192 * real(e.llm.width);
  const double patch_projection = 2 * 2 * 3 * 16 * 16 * 192 * 16;  // Pictures need no gradient.
  const double blocks = 2 * llm_body_params(e.llm).active * 256;
  const double attention = 4 * real(e.llm.layers * e.llm.width) * 256 * 256;
  const double head = 2 * real(e.llm.width * e.llm.vocab_size) * (256 - 2 * (4 + 2));
  const double decoder = blocks + attention + head;
  const auto flops = [&](std::vector<ModelPart> freeze) {
    e.train_vlm.freeze = std::move(freeze);
    return stage_cost(e, Stage::vlm, {}).flops;
  };
  BOOST_TEST(flops({}) == 3 * (vision + connector + decoder) - patch_projection);
  BOOST_TEST(flops({ModelPart::encoder}) == vision + 2 * connector + 3 * decoder);
  BOOST_TEST(flops({ModelPart::connector}) == 3 * vision - patch_projection + 2 * connector + 3 * decoder);
  BOOST_TEST(flops({ModelPart::llm}) ==
             3 * (vision + connector + attention) - patch_projection + 2 * (blocks + head));
  BOOST_TEST(flops({ModelPart::encoder, ModelPart::llm}) ==
             vision + 2 * connector + 2 * (blocks + head) + 3 * attention);
  BOOST_TEST(flops({ModelPart::encoder, ModelPart::connector}) == vision + connector + 3 * decoder);
  BOOST_TEST(flops({ModelPart::encoder, ModelPart::connector, ModelPart::llm}) ==
             vision + connector + decoder);
}

BOOST_AUTO_TEST_CASE(the_head_is_counted_where_something_is_predicted) {
  Experiment e = one_sequence();
  const auto rest_is = [&](Stage stage, double targets) {
    const double before = stage_cost(e, stage, {}).flops, before_params = llm_params(e.llm).total;
    e.llm.vocab_size += 1000;
    const double more = stage_cost(e, stage, {}).flops - before;
    BOOST_TEST(llm_params(e.llm).total > before_params);
    BOOST_TEST(more == 3 * 2 * real(e.llm.width) * 1000 * targets, boost::test_tools::tolerance(1e-9));
  };
  rest_is(Stage::llm, 256);
  rest_is(Stage::vlm, 256 - 2 * 6);
  rest_is(Stage::sft, 256 - 2 * 6);
  e.data.mix = {1, 0, 1};  // Half of the sequences of vlm have no picture; it says nothing of sft.
  rest_is(Stage::vlm, 256 - 6);
  rest_is(Stage::sft, 256 - 2 * 6);
  // An evaluation asks for the held-out text, for candidates, and for the tokens that it writes.
  const auto evaluation_is = [&](EvalTask task, double targets) {
    const double before = stage_cost(e, Stage::eval, task).flops;
    e.llm.vocab_size += 1000;
    const double more = stage_cost(e, Stage::eval, task).flops - before;
    BOOST_TEST(more == 2 * real(e.llm.width) * 1000 * targets, boost::test_tools::tolerance(1e-9));
  };
  e.stages = {Stage::vlm, Stage::eval};
  e.eval.max_examples = 10;
  e.eval.shots = {0};
  e.eval.captions = {"held-out"};
  evaluation_is(EvalTask::heldout_loss,
                10 * (256 - 2 * 6));  // The mix of training says nothing of it, either.
  evaluation_is(EvalTask::fewshot, 10 * 4 * 64);
  evaluation_is(EvalTask::caption, 10 * (4 * 64 + 20));
  e.eval.text = {"held-out"};
  evaluation_is(EvalTask::heldout_loss, 10 * (256 - 2 * 6) + 10 * 256);
  e.stages = {Stage::llm, Stage::eval};
  evaluation_is(EvalTask::heldout_loss, 10 * 256);
}

// Up to eval.max_examples documents of each kind that is named, for the model of an llm stage of text alone.
BOOST_AUTO_TEST_CASE(held_out_loss_counts_the_kinds_that_are_named) {
  Experiment e = one_sequence();
  e.stages = {Stage::vlm, Stage::eval};
  e.eval.max_examples = 10;
  const auto of = [&](EvalTask task) { return stage_cost(e, Stage::eval, task); };
  e.eval.text = {"t"};
  const Cost text = of(EvalTask::heldout_loss);
  BOOST_TEST(text.flops == 10 * llm_flops(e.llm, 256, 256));
  BOOST_TEST(text.most_examples == 10);
  e.eval.text = {};
  e.eval.captions = {"c1", "c2"};  // Two sources of one kind are one mixture.
  const Cost captions = of(EvalTask::heldout_loss);
  const double vision = 2 * vit_flops(e.encoder, 64, 1), connector = 2 * 2 * 4 * 192 * real(e.llm.width);
  BOOST_TEST(captions.flops == 10 * (llm_flops(e.llm, 256, 256 - 2 * 6) + vision + connector));
  e.eval.interleaved = {"i"};
  e.eval.text = {"t"};
  BOOST_TEST(of(EvalTask::heldout_loss).flops == text.flops + 2 * captions.flops);
  BOOST_TEST(of(EvalTask::heldout_loss).most_examples == 30);
  BOOST_TEST(of(EvalTask::caption).most_examples == 10);
  e.stages = {Stage::llm, Stage::eval};
  BOOST_TEST(of(EvalTask::heldout_loss).flops == text.flops);
  BOOST_TEST(of(EvalTask::heldout_loss).most_examples == 10);
  BOOST_TEST(stage_cost(e, Stage::llm, {}).most_examples == 0);
  e.stages = {Stage::demo, Stage::eval};  // Its pictures are drawn, as many as are asked for.
  BOOST_TEST(of(EvalTask::demo_accuracy).most_examples == 0);
}

BOOST_AUTO_TEST_CASE(parameters_are_those_at_the_resolution_of_the_stage) {
  Experiment e = one_sequence();
  e.stages = {Stage::encoder, Stage::vlm, Stage::sft, Stage::eval};
  const double params = stage_cost(e, Stage::vlm, {}).params,
               encoder = stage_cost(e, Stage::encoder, {}).params;
  e.train_vlm.resolution = 128;  // 64 patches for 16
  e.train_sft.resolution = 32;   // 4 patches
  BOOST_TEST(stage_cost(e, Stage::encoder, {}).params == encoder);
  BOOST_TEST(stage_cost(e, Stage::vlm, {}).params == params + (64 - 16) * 192);
  BOOST_TEST(stage_cost(e, Stage::sft, {}).params == params - (16 - 4) * 192);
  BOOST_TEST(stage_cost(e, Stage::eval, EvalTask::caption).params == params - (16 - 4) * 192);
  e.stages = {Stage::encoder, Stage::vlm, Stage::eval};
  BOOST_TEST(stage_cost(e, Stage::eval, EvalTask::caption).params == params + (64 - 16) * 192);
}

BOOST_AUTO_TEST_CASE(a_picture_with_sub_images_costs_five_views_and_takes_their_places) {
  Experiment e = one_sequence();
  e.stages = {Stage::encoder, Stage::vlm, Stage::eval};
  const double view = 3 * (2 * vit_flops(e.encoder, 64, 1) + 2 * 2 * 4 * 192 * real(e.llm.width)) / 2 -
                      2 * 3 * 16 * 16 * 192 * 16;
  const double target = 3 * 2 * real(e.llm.width * e.llm.vocab_size);
  const Cost whole = stage_cost(e, Stage::vlm, {});
  e.train_vlm.sub_images = SubImages::quadrants;
  const Cost quadrants = stage_cost(e, Stage::vlm, {});
  // 2 pictures: 8 views more, of 4 tokens, at which nothing is predicted.
  BOOST_TEST(quadrants.flops - whole.flops == 8 * (view - 4 * target), boost::test_tools::tolerance(1e-9));
  BOOST_TEST(quadrants.images_per_sequence == 2);
  BOOST_TEST(quadrants.params == whole.params);
  BOOST_TEST(quadrants.memory_bytes > whole.memory_bytes);
  e.train_vlm.sub_images = SubImages::grid;  // As many at most.
  BOOST_TEST(stage_cost(e, Stage::vlm, {}).flops == quadrants.flops);
  // Of MM1's 720 tokens a picture 4,096 positions hold 5.2, beside 64 of text each.
  e.connector.tokens = 144;
  e.data.seq_len = 4096;
  e.data.max_images = 16;
  BOOST_TEST(images_per_sequence(e, Stage::vlm) == 4096.0 / (720 + 64), boost::test_tools::tolerance(1e-12));

  // The last picture of each prompt alone: less than all, more than none.
  e = one_sequence();
  e.stages = {Stage::encoder, Stage::vlm, Stage::eval};
  e.train_vlm.sub_images = SubImages::quadrants;
  e.eval.shots = {0, 4};
  const double all = stage_cost(e, Stage::eval, EvalTask::fewshot).flops;
  e.eval.sub_image_pictures = 1;
  const double last = stage_cost(e, Stage::eval, EvalTask::fewshot).flops;
  e.eval.sub_image_pictures = 5;
  BOOST_TEST(stage_cost(e, Stage::eval, EvalTask::fewshot).flops == all);
  BOOST_TEST(last < all);
  e.eval.sub_image_pictures = 1;
  e.eval.shots = {0};
  const double zero_shot = stage_cost(e, Stage::eval, EvalTask::fewshot).flops;
  e.eval.sub_image_pictures = 0;
  BOOST_TEST(stage_cost(e, Stage::eval, EvalTask::fewshot).flops == zero_shot);
}

BOOST_AUTO_TEST_CASE(cost_grows_with_steps_and_batch_and_memory_with_the_micro_batch) {
  Experiment e;
  e.run.micro_batch = 2;
  const Cost one = stage_cost(e, Stage::vlm, {});
  e.train_vlm.steps *= 2;
  e.train_vlm.batch *= 2;
  const Cost four = stage_cost(e, Stage::vlm, {});
  BOOST_TEST(four.flops == 4 * one.flops);
  BOOST_TEST(four.memory_bytes == one.memory_bytes);
  e.run.micro_batch = 8;
  BOOST_TEST(stage_cost(e, Stage::vlm, {}).memory_bytes > one.memory_bytes);
}

BOOST_AUTO_TEST_CASE(adafactor_takes_the_memory_of_two_moments_less) {
  Experiment e;
  const Cost adamw = stage_cost(e, Stage::sft, {});
  e.train_sft.optimizer = OptimizerKind::adafactor;
  const Cost adafactor = stage_cost(e, Stage::sft, {});
  BOOST_TEST(adamw.memory_bytes - adafactor.memory_bytes == 8 * adamw.params,
             boost::test_tools::tolerance(1e-9));
  BOOST_TEST(adafactor.flops == adamw.flops);
}

BOOST_AUTO_TEST_CASE(sequences_of_sft_without_pictures_have_none) {
  Experiment e;
  e.data.sft = {"a"};
  const double all = images_per_sequence(e, Stage::sft);
  e.data.sft_questions = {"b"};
  e.data.sft_text = {"c"};
  BOOST_TEST(all > 0);
  BOOST_TEST(images_per_sequence(e, Stage::sft) == all);
  e.data.sft_shares = {1, 2, 1};
  BOOST_TEST(images_per_sequence(e, Stage::sft) == 0.75 * all, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(memory_of_recipes_in_bf16_is_that_of_a_gpu) {
  Experiment e;
  e.llm = {.layers = 1, .width = 2, .heads = 1, .kv_heads = 1, .mlp_width = 2, .vocab_size = 1000};
  e.train_llm.batch = 4;
  const auto memory = [&](Precision precision, std::int64_t tokens, std::int64_t vocabulary = 1000) {
    e.train_llm.precision = precision;
    e.data.seq_len = tokens;
    e.llm.vocab_size = vocabulary;
    return stage_cost(e, Stage::llm, {}).memory_bytes;
  };
  const auto near = boost::test_tools::tolerance(1e-9);
  // The context is there before anything else.
  BOOST_TEST(memory(Precision::bf16, 1, 2) > 0.7e9);
  BOOST_TEST(memory(Precision::bf16, 1, 2) < 0.7e9 + 1e4);
  BOOST_TEST(memory(Precision::fp32, 1, 2) < 230e6 + 1e4);
  // The mask alone grows with the square of the length: 3 bytes for each pair of positions.
  const auto bend = [&](Precision precision) {
    return memory(precision, 300) - 2 * memory(precision, 200) + memory(precision, 100);
  };
  BOOST_TEST(bend(Precision::bf16) == 3.0 * 4 * 2 * 100 * 100, near);
  BOOST_TEST(std::abs(bend(Precision::fp32)) < 1e-3);
  // 16 bytes for each logit, up to 2^26 of them; beside them, the head's matrix and its state.
  const auto more = [&](std::int64_t from, std::int64_t to) {
    return memory(Precision::bf16, 100, to) - memory(Precision::bf16, 100, from);
  };
  const double of_matrix = more(1'000'000, 2'000'000) / 1'000'000;
  BOOST_TEST(more(1000, 2000) == 1000 * (400 * 16 + of_matrix), near);
}

BOOST_AUTO_TEST_CASE(every_stage_and_task_has_a_cost) {
  Experiment e;
  e.eval.captions = {"held-out"};
  for (const auto& loss : names_of<EncoderLoss>()) {
    e.encoder.loss = loss.value;
    for (const auto& stage : names_of<Stage>()) {
      if (stage.value == Stage::encoder && loss.value == EncoderLoss::none) continue;
      for (const auto& task : names_of<EvalTask>()) {
        const Cost cost = stage_cost(e, stage.value, task.value);
        BOOST_TEST_CONTEXT(loss.name << " " << stage.name << " " << task.name) {
          const bool no_model = stage.value == Stage::eval && loss.value == EncoderLoss::none &&
                                (task.value == EvalTask::retrieval || task.value == EvalTask::zero_shot);
          if (!no_model) BOOST_TEST(cost.params > 0);
          if (!no_model) BOOST_TEST(cost.flops > 0);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
