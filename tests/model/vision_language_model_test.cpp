#include "model/vision_language_model.hpp"

#include <ATen/record_function.h>
#include <torch/torch.h>

#include <boost/test/unit_test.hpp>

#include "config/fields.hpp"
#include "config/names.hpp"
#include "golden.hpp"
#include "model/aim.hpp"
#include "model/contrastive.hpp"
#include "model/vae.hpp"
#include "plan/cost.hpp"

using namespace ablate;
namespace tt = boost::test_tools;

namespace {

Experiment tiny_recipe(EncoderLoss loss, ConnectorKind kind) {
  Experiment recipe;
  recipe.encoder = golden::tiny_encoder(loss);
  recipe.connector = {.kind = kind, .tokens = 4, .width = 8, .depth = 1, .heads = 2};
  recipe.llm = {.layers = 2, .width = 16, .heads = 4, .kv_heads = 2, .mlp_width = 24, .vocab_size = 13};
  recipe.data.seq_len = 40;
  return recipe;
}

/// Text, a picture's k places, and text again; the second sequence has no picture.
std::vector<Sequence> pictured_sequences(std::int64_t k, std::int64_t resolution) {
  std::vector<Sequence> sequences(2);
  for (Sequence& sequence : sequences)
    for (std::int32_t t = 0; t < 40; ++t) {
      sequence.tokens.push_back((t * 5 + 1) % 13);
      sequence.labels.push_back((t * 5 + 6) % 13);
      sequence.positions.push_back(t);
      sequence.documents.push_back(0);
    }
  sequences[0].images = {{.start = 3, .tokens = k, .views = 1}};
  for (std::int64_t i = 0; i < k; ++i) sequences[0].labels[static_cast<std::size_t>(3 + i)] = kNoTarget;
  for (const std::uint32_t bits : golden::bits("pixels", resolution * resolution * 3))
    sequences[0].pixels.push_back(static_cast<std::uint8_t>(bits & 255));
  return sequences;
}

SequenceBatch pictured_batch(const Experiment& recipe, std::int64_t resolution) {
  const std::int64_t k = visual_tokens(recipe, resolution);
  const auto sequences = pictured_sequences(k, resolution);
  return make_sequence_batch(sequences, resolution, recipe.llm.vocab_size, torch::kCPU);
}

double parameters_of(const torch::nn::Module& module) {
  double count = 0;
  for (const torch::Tensor& parameter : module.parameters()) count += static_cast<double>(parameter.numel());
  return count;
}

double listed_parameters(const Weights& weights) {
  double count = 0;
  for (const Weight& weight : weights) count += static_cast<double>(weight.tensor.numel());
  return count;
}

/// Operations of all matrix products and convolutions that LibTorch runs in this thread while it lives.
class ProductCounter {
 public:
  ProductCounter() {
    g_flops = 0;
    g_fused = false;
    handle_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback(count).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
  }
  ~ProductCounter() { at::removeCallback(handle_); }
  double flops() const { return g_flops; }
  /// Whether attention was one operation, as in LibTorch 2.x.
  bool fused() const { return g_fused; }

 private:
  static std::unique_ptr<at::ObserverContext> count(const at::RecordFunction& function) {
    const std::string_view name = function.name();
    const auto inputs = function.inputs();
    const auto size = [&](std::size_t input, std::int64_t dim) {
      return static_cast<double>(inputs[input].toTensor().size(dim));
    };
    if (name == "aten::mm") g_flops += 2 * size(0, 0) * size(0, 1) * size(1, 1);
    if (name == "aten::addmm") g_flops += 2 * size(1, 0) * size(1, 1) * size(2, 1);
    if (name == "aten::bmm") g_flops += 2 * size(0, 0) * size(0, 1) * size(0, 2) * size(1, 2);
    if (name == "aten::baddbmm") g_flops += 2 * size(1, 0) * size(1, 1) * size(1, 2) * size(2, 2);
    if (name == "aten::_scaled_dot_product_flash_attention_for_cpu")  // LibTorch 2.x; [B, H, T, C]
      g_flops += 4 * size(0, 0) * size(0, 1) * size(0, 2) * size(0, 3) * size(1, 2);
    g_fused = g_fused || name == "aten::_scaled_dot_product_flash_attention_for_cpu";
    if (name == "aten::_scaled_dot_product_flash_attention_for_cpu_backward")  // After the output's gradient.
      g_flops += 8 * size(1, 0) * size(1, 1) * size(1, 2) * size(1, 3) * size(2, 2);
    if (name == "aten::convolution_backward") {
      const auto wanted = inputs[inputs.size() - 1].toBoolList();
      for (const std::size_t i : {0, 1})  // Gradients of the input and of the weights.
        if (wanted[i])
          g_flops +=
              2 * size(1, 0) * size(2, 0) * size(1, 2) * size(1, 3) * size(2, 1) * size(2, 2) * size(2, 3);
    }
    if (name == "aten::convolution")  // Padded: as many pixels out as in.
      g_flops += 2 * size(0, 0) * size(1, 0) * size(0, 2) * size(0, 3) * size(1, 1) * size(1, 2) * size(1, 3);
    return nullptr;
  }
  static inline thread_local double g_flops = 0;
  static inline thread_local bool g_fused = false;
  at::CallbackHandle handle_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(vision_language_model)

BOOST_AUTO_TEST_CASE(visual_tokens_stand_in_their_places_and_nowhere_else) {
  for (const auto& loss : names_of<EncoderLoss>()) {
    BOOST_TEST_CONTEXT(loss.name) {
      const Experiment recipe = tiny_recipe(loss.value, ConnectorKind::average_pool);
      VisionLanguageModel model(recipe, 12);
      golden::fill(model.weights());
      SequenceBatch batch = pictured_batch(recipe, 12);
      const torch::NoGradGuard no_grad;
      const torch::Tensor before = model.hidden(batch);
      batch.pixels = 255 - batch.pixels;
      const torch::Tensor changed = (model.hidden(batch) - before).abs().amax(-1);  // [2, 40]
      BOOST_TEST(changed[0].narrow(0, 0, 3).max().item<double>() == 0);
      BOOST_TEST(changed[0].narrow(0, 3, 37).min().item<double>() > 0);
      BOOST_TEST(changed[1].max().item<double>() == 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_number_of_places_is_an_error) {
  const Experiment recipe = tiny_recipe(EncoderLoss::clip, ConnectorKind::average_pool);
  VisionLanguageModel model(recipe, 12);
  golden::fill(model.weights());
  SequenceBatch batch = pictured_batch(recipe, 12);
  batch.visual_positions = batch.visual_positions.narrow(0, 0, 3);
  BOOST_CHECK_THROW(model.hidden(batch), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(views_of_a_picture_are_read_one_after_the_other_like_pictures) {
  const Experiment recipe = tiny_recipe(EncoderLoss::clip, ConnectorKind::average_pool);
  const std::int64_t resolution = recipe.encoder.resolution, k = visual_tokens(recipe, resolution);
  VisionLanguageModel model(recipe, resolution);
  golden::fill(model.weights());
  auto sequences = pictured_sequences(2 * k, resolution);
  std::vector<std::uint8_t>& pixels = sequences[0].pixels;
  std::vector<std::uint8_t> second(pixels.rbegin(), pixels.rend());
  pixels.insert(pixels.end(), second.begin(), second.end());
  const auto read_with = [&](std::vector<ImagePlace> images) {
    sequences[0].images = std::move(images);
    BOOST_TEST(count_views(sequences[0]) == 2);
    return model.embed(make_sequence_batch(sequences, resolution, recipe.llm.vocab_size, torch::kCPU));
  };
  const torch::Tensor one = read_with({{.start = 3, .tokens = 2 * k, .views = 2}}),
                      two = read_with({{.start = 3, .tokens = k}, {.start = 3 + k, .tokens = k}});
  BOOST_TEST(torch::equal(one, two));
}

BOOST_AUTO_TEST_CASE(a_batch_without_a_target_has_no_loss_and_no_gradient) {
  const Experiment recipe = tiny_recipe(EncoderLoss::clip, ConnectorKind::mlp);
  VisionLanguageModel model(recipe, 0);
  golden::fill(model.weights());
  auto sequences = pictured_sequences(0, 12);
  sequences.erase(sequences.begin());
  for (std::int32_t& label : sequences[0].labels) label = kNoTarget;
  const SequenceBatch batch = make_sequence_batch(sequences, 12, 13, torch::kCPU);
  const HeadLoss loss = model.loss(batch, torch::ones({}), 1e-4);
  loss.total.backward();
  BOOST_TEST(loss.total.item<double>() == 0);
  BOOST_TEST(model.decoder->embedding.grad().abs().sum().item<double>() == 0);
}

BOOST_AUTO_TEST_CASE(parameters_equal_the_planners_formulas) {
  for (const auto& loss : names_of<EncoderLoss>())
    for (const auto& kind : names_of<ConnectorKind>()) {
      BOOST_TEST_CONTEXT(loss.name << " " << kind.name) {
        const Experiment recipe = tiny_recipe(loss.value, kind.value);
        const VisionLanguageModel model(recipe, 12);
        BOOST_TEST(listed_parameters(model.weights()) == parameters_of(model));
        BOOST_TEST(listed_parameters(model.connector_weights()) == connector_params(recipe, 9).total);
        BOOST_TEST(listed_parameters(model.decoder_weights()) == llm_params(recipe.llm).total);
        BOOST_TEST(parameters_of(model) == stage_cost(recipe, Stage::vlm, {}).params);
        Experiment finer = recipe;
        finer.stages = {Stage::vlm, Stage::sft, Stage::eval};
        finer.train_vlm.resolution = 20;
        finer.train_sft.resolution = 32;
        const WeightDevice nowhere(torch::kMeta);
        const double of_vlm = parameters_of(VisionLanguageModel(finer, 20)),
                     of_sft = parameters_of(VisionLanguageModel(finer, 32));
        BOOST_TEST(stage_cost(finer, Stage::vlm, {}).params == of_vlm);
        BOOST_TEST(stage_cost(finer, Stage::sft, {}).params == of_sft);
        BOOST_TEST(stage_cost(finer, Stage::eval, EvalTask::caption).params == of_sft);
        if (loss.value == EncoderLoss::none) continue;
        const auto objective = make_encoder_objective(recipe.encoder, 0);
        BOOST_TEST(parameters_of(*objective) == encoder_params(recipe).total);
      }
    }
}

BOOST_AUTO_TEST_CASE(parameters_of_all_presets_equal_the_planners_formulas) {
  const WeightDevice nowhere(torch::kMeta);
  for (const auto& preset : names_of<LlmPreset>()) {
    Llm llm;
    apply_preset(llm, preset.value);
    BOOST_TEST(parameters_of(*Decoder(llm)) == llm_params(llm).total, preset.name);
  }
  for (const auto& preset : names_of<EncoderPreset>())
    for (const auto& loss : names_of<EncoderLoss>()) {
      if (loss.value == EncoderLoss::none) continue;
      Experiment recipe;
      apply_preset(recipe.encoder, preset.value);
      recipe.encoder.loss = loss.value;
      recipe.encoder.resolution = 14 * recipe.encoder.patch;
      BOOST_TEST(parameters_of(*make_encoder_objective(recipe.encoder, 0)) == encoder_params(recipe).total,
                 preset.name << " " << loss.name);
    }
}

BOOST_AUTO_TEST_CASE(matrix_products_that_run_equal_the_planners_flops) {
  // In bf16 every product is one of LibTorch's, where they can be counted.
  const torch::NoGradGuard no_grad;
  for (const auto& loss : names_of<EncoderLoss>())
    for (const auto& kind : names_of<ConnectorKind>()) {
      BOOST_TEST_CONTEXT(loss.name << " " << kind.name) {
        const Experiment recipe = tiny_recipe(loss.value, kind.value);
        VisionLanguageModel model(recipe, 12);
        golden::fill(model.weights());
        model.compute = torch::kBFloat16;
        const SequenceBatch batch = pictured_batch(recipe, 12);
        const torch::Tensor input =
            patchify(batch.pixels, recipe.encoder, PatchOrder::channel_row_column, torch::kBFloat16);
        torch::Tensor features = input;
        if (model.vision) {
          const ProductCounter counter;
          features = model.vision->patch_features(input);
          BOOST_TEST(counter.flops() == vit_flops(recipe.encoder, 12, model.vision->class_tokens()));
        }
        {
          const ProductCounter counter;
          model.visual_tokens(batch.pixels);
          const double vision =
              model.vision ? vit_flops(recipe.encoder, 12, model.vision->class_tokens()) : 0;
          BOOST_TEST(counter.flops() ==
                     vision + connector_flops(recipe, 9) + connector_batch_products(recipe).forward());
        }
        SequenceBatch text = batch;
        text.pixels = text.pixels.narrow(0, 0, 0);
        const ProductCounter counter;
        torch::linear(model.hidden(text), model.decoder->head().to(torch::kBFloat16));
        BOOST_TEST(counter.flops() == 2 * llm_flops(recipe.llm, 40, 40));
      }
    }
}

BOOST_AUTO_TEST_CASE(parameters_and_products_with_experts_equal_the_planners_formulas) {
  for (const std::int64_t every : {1, 2})
    for (const std::int64_t k : {1, 2, 3})
      for (const bool frozen : {false, true}) {
        BOOST_TEST_CONTEXT("every " << every << ", top " << k << (frozen ? ", frozen" : "")) {
          Experiment recipe = tiny_recipe(EncoderLoss::clip, ConnectorKind::mlp);
          recipe.llm.moe = {.experts = 5, .every = every, .top_k = k, .capacity_factor = 0};
          if (frozen) recipe.train_vlm.freeze = {ModelPart::llm};
          VisionLanguageModel model(recipe, 12);
          golden::fill(model.weights());
          model.compute = torch::kBFloat16;
          model.decoder->train_routers(2);
          BOOST_TEST(listed_parameters(model.decoder_weights()) == llm_params(recipe.llm).total);
          BOOST_TEST(parameters_of(model) == stage_cost(recipe, Stage::vlm, {}).params);
          if (frozen)
            for (torch::Tensor& param : model.decoder->parameters()) param.set_requires_grad(false);
          const SequenceBatch batch = pictured_batch(recipe, 12);
          {
            const torch::NoGradGuard no_grad;
            SequenceBatch text = batch;
            text.pixels = text.pixels.narrow(0, 0, 0);
            const ProductCounter counter;
            torch::linear(model.hidden(text), model.decoder->head().to(torch::kBFloat16));
            BOOST_TEST(counter.flops() == 2 * llm_flops(recipe.llm, 40, 40));
          }
          const ProductCounter counter;
          model.loss(batch, torch::ones({}), 0).total.backward();
          BOOST_TEST(counter.flops() ==
                     training_flops(recipe, Stage::vlm)
                         .step(2, static_cast<double>(batch.targets.size(0)), /*images=*/1));
        }
      }
}

BOOST_AUTO_TEST_CASE(products_of_encoder_objectives_equal_the_planners_flops) {
  const torch::NoGradGuard no_grad;
  for (const auto& loss : names_of<EncoderLoss>()) {
    if (loss.value == EncoderLoss::none) continue;
    BOOST_TEST_CONTEXT(loss.name) {
      const Experiment recipe = tiny_recipe(loss.value, ConnectorKind::mlp);
      const auto objective = golden::tiny_objective(loss.value);
      objective->compute = torch::kBFloat16;
      const ProductCounter counter;
      const EncoderBatch batch = golden::tiny_batch(3);
      if (const auto contrastive = std::dynamic_pointer_cast<ContrastiveObjective>(objective)) {
        contrastive->logits(contrastive->embed_pictures(batch.pixels),
                            contrastive->embed_captions(batch.tokens, batch.lengths));
      } else if (const auto aim = std::dynamic_pointer_cast<AimObjective>(objective)) {
        aim->predict(batch.pixels, see_prefix(torch::tensor({1, 4, 7}), 9));
      } else {
        const auto vae = std::dynamic_pointer_cast<VaeObjective>(objective);
        const torch::Tensor latent = vae->latent_projection(vae->vision(
            patchify(batch.pixels, recipe.encoder, PatchOrder::channel_row_column, torch::kBFloat16)));
        vae->decode(latent.chunk(2, -1)[0]);
      }
      BOOST_TEST(counter.flops() == 3 * encoder_flops(recipe) + encoder_batch_flops(recipe, 3));
    }
  }
}

BOOST_AUTO_TEST_CASE(products_of_a_step_of_the_encoder_equal_the_planners_flops) {
  for (const auto& loss : names_of<EncoderLoss>()) {
    if (loss.value == EncoderLoss::none) continue;
    BOOST_TEST_CONTEXT(loss.name) {
      const auto objective = golden::tiny_objective(loss.value);
      objective->compute = torch::kBFloat16;
      const ProductCounter counter;
      objective->accumulate({golden::tiny_batch(3)}, 0);
      BOOST_TEST(counter.flops() == encoder_step_flops(tiny_recipe(loss.value, ConnectorKind::mlp), 3));
    }
  }
}

BOOST_AUTO_TEST_CASE(products_of_a_step_equal_the_planners_flops_whatever_is_frozen) {
  constexpr ModelPart kParts[] = {ModelPart::encoder, ModelPart::connector, ModelPart::llm};
  for (const auto& loss : names_of<EncoderLoss>())
    for (const auto& kind : names_of<ConnectorKind>())
      for (unsigned frozen = 0; frozen < 8; ++frozen) {
        Experiment recipe = tiny_recipe(loss.value, kind.value);
        for (unsigned i = 0; i < 3; ++i)
          if (frozen >> i & 1) recipe.train_vlm.freeze.push_back(kParts[i]);
        VisionLanguageModel model(recipe, 12);
        golden::fill(model.weights());
        model.compute = torch::kBFloat16;
        const auto keep = [](torch::nn::Module* part) {
          for (torch::Tensor& param : part->parameters()) param.set_requires_grad(false);
        };
        if (frozen & 1 && model.vision) keep(model.vision.get());
        if (frozen & 2 && model.connector) keep(model.connector.get());
        if (frozen & 2 && model.patch_projection) keep(model.patch_projection.get());
        if (frozen & 4) keep(model.decoder.get());
        const SequenceBatch batch = pictured_batch(recipe, 12);
        const ProductCounter counter;
        const HeadLoss head = model.loss(batch, torch::ones({}), 0);
        if (head.total.requires_grad()) head.total.backward();
        double expected = training_flops(recipe, Stage::vlm)
                              .step(2, static_cast<double>(batch.targets.size(0)), /*images=*/1);
        // Fused attention computes all its gradients; LibTorch's operators leave out that of frozen queries.
        if ((frozen & 3) == 2 && loss.value != EncoderLoss::none &&
            kind.value == ConnectorKind::attention_pool && !counter.fused())
          expected -= 2 * 4 * 9 * 16;
        BOOST_TEST_CONTEXT(loss.name << " " << kind.name
                                     << " frozen: " << join(to_names(recipe.train_vlm.freeze), ", ")) {
          BOOST_TEST(counter.flops() == expected);
        }
      }
}

BOOST_AUTO_TEST_SUITE_END()
