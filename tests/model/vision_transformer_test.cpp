#include "model/vision_transformer.hpp"

#include <torch/torch.h>

#include <boost/test/unit_test.hpp>
#include <map>

#include "golden.hpp"

using namespace ablate;
namespace tt = boost::test_tools;

namespace {

VisionTransformer make_vision(EncoderLoss loss) {
  const Encoder encoder = golden::tiny_encoder(loss);
  VisionTransformer vision(encoder, encoder.resolution);
  Weights weights;
  vision->append_weights(weights, "vision_model.");
  golden::fill(weights);
  return vision;
}

torch::Tensor tiny_patches(const Encoder& encoder) {
  return patchify(golden::tiny_batch(3).pixels, encoder, PatchOrder::channel_row_column, torch::kFloat32);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(vision_transformer)

BOOST_AUTO_TEST_CASE(patches_lie_row_by_row_and_their_values_in_the_stated_order) {
  const Encoder encoder = golden::tiny_encoder(EncoderLoss::clip);
  const torch::Tensor pixels = golden::tiny_batch(3).pixels;
  const torch::Tensor by_channel = patchify(pixels, encoder, PatchOrder::channel_row_column, torch::kFloat32);
  const torch::Tensor by_row = patchify(pixels, encoder, PatchOrder::row_column_channel, torch::kFloat32);
  // Picture 1, patch 5 (row 1, column 2 of the grid), row 3 and column 2 within it, blue.
  const double value = pixels[1][1 * 4 + 3][2 * 4 + 2][2].item<double>();
  const double expected = (value / 255 - encoder.pixel_mean[2]) / encoder.pixel_std[2];
  BOOST_TEST(by_channel[1][5][2 * 16 + 3 * 4 + 2].item<double>() == expected, tt::tolerance(1e-5));
  BOOST_TEST(by_row[1][5][(3 * 4 + 2) * 3 + 2].item<double>() == expected, tt::tolerance(1e-5));
}

BOOST_AUTO_TEST_CASE(unpatchify_undoes_patchify) {
  const Encoder encoder = golden::tiny_encoder(EncoderLoss::aim);
  const torch::Tensor pixels = golden::tiny_batch(3).pixels;
  const auto options = torch::TensorOptions(torch::kFloat64);
  const torch::Tensor mean = torch::tensor(encoder.pixel_mean, options);
  const torch::Tensor deviation = torch::tensor(encoder.pixel_std, options);
  for (const PatchOrder order : {PatchOrder::channel_row_column, PatchOrder::row_column_channel}) {
    const torch::Tensor back =
        unpatchify(patchify(pixels, encoder, order, torch::kFloat32), encoder.patch, order);
    BOOST_TEST(torch::equal(((back * deviation + mean) * 255).round().to(torch::kUInt8), pixels));
  }
}

BOOST_AUTO_TEST_CASE(positions_keep_their_values_at_the_same_size) {
  const torch::Tensor field = golden::numbers("field", {256, 2});
  BOOST_TEST(torch::equal(resize_positions(field, 16, 16), field));
}

BOOST_AUTO_TEST_CASE(a_constant_field_of_positions_stays_constant) {
  for (const std::int64_t side : {3, 7, 27, 48}) {
    const torch::Tensor out = resize_positions(torch::full({256, 4}, 0.7), 16, side);
    BOOST_TEST((out.sizes() == torch::IntArrayRef{side * side, 4}));
    BOOST_TEST((out - 0.7).abs().max().item<double>() < 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(resized_positions_are_those_of_antialiased_bicubic) {
  struct Expected {
    std::int64_t from, to;
    double first, last, squares, slope;
  };
  for (const Expected& e : {Expected{16, 27, 0.141677272, 0.223895763, 20.5919548, 0.27633352},
                            Expected{27, 16, 0.111734533, -0.0928308209, 2.56798316, 0.0808354372}}) {
    const torch::Tensor out =
        resize_positions(golden::numbers("field", {e.from * e.from, 2}), e.from, e.to).flatten();
    BOOST_TEST(out[0].item<double>() == e.first, tt::tolerance(1e-5));
    BOOST_TEST(out[-1].item<double>() == e.last, tt::tolerance(1e-5));
    BOOST_TEST(out.square().sum().item<double>() == e.squares, tt::tolerance(1e-5));
    BOOST_TEST((out * golden::numbers("slope", out.sizes())).sum().item<double>() == e.slope,
               tt::tolerance(1e-4));
  }
}

BOOST_AUTO_TEST_CASE(sine_positions_encode_the_column_first) {
  const torch::Tensor row_1_column_2 = torch::tensor({0.909297407, 0.0199986659, -0.416146845, 0.999800026,
                                                      0.841470957, 0.00999983307, 0.540302277, 0.999949992});
  BOOST_TEST(torch::allclose(sine_positions(3, 8)[5], row_1_column_2.to(torch::kFloat32), 1e-6, 1e-7));
}

BOOST_AUTO_TEST_CASE(patch_features_leave_out_the_class_token) {
  VisionTransformer clip = make_vision(EncoderLoss::clip);
  const torch::Tensor patches = tiny_patches(clip->encoder);
  const torch::Tensor tokens = clip(patches);
  BOOST_TEST(clip->class_tokens() == 1);
  BOOST_TEST((tokens.sizes() == torch::IntArrayRef{3, 10, 16}));
  BOOST_TEST(torch::equal(clip->patch_features(patches), tokens.narrow(1, 1, 9)));
  for (const EncoderLoss loss : {EncoderLoss::siglip, EncoderLoss::aim, EncoderLoss::vae}) {
    VisionTransformer vision = make_vision(loss);
    BOOST_TEST(vision->class_tokens() == 0);
    BOOST_TEST(torch::equal(vision->patch_features(patches), vision(patches)));
  }
}

BOOST_AUTO_TEST_CASE(a_prefix_of_one_patch_is_causal_attention) {
  VisionTransformer vision = make_vision(EncoderLoss::aim);
  const torch::Tensor patches = tiny_patches(vision->encoder);
  const Visibility prefix = see_prefix(torch::ones({3}, torch::kInt64), 9);
  const Visibility causal = see_causal(9, torch::kCPU);
  const torch::Tensor seen = vision->forward(patches, &prefix);
  BOOST_TEST(torch::allclose(seen, vision->forward(patches, &causal), 1e-5, 1e-6));
  BOOST_TEST(!torch::allclose(seen, vision(patches), 1e-2, 1e-2));
}

BOOST_AUTO_TEST_CASE(encoders_list_hugging_faces_names_and_shapes) {
  Weights weights;
  make_vision(EncoderLoss::clip)->append_weights(weights, "vision_model.");
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (const Weight& weight : weights) shapes[weight.name] = weight.tensor.sizes().vec();
  const std::map<std::string, std::vector<std::int64_t>> expected = {
      {"vision_model.embeddings.class_embedding", {16}},
      {"vision_model.embeddings.patch_embedding.weight", {16, 3, 4, 4}},
      {"vision_model.embeddings.position_embedding.weight", {10, 16}},
      {"vision_model.pre_layrnorm.weight", {16}},
      {"vision_model.encoder.layers.1.self_attn.k_proj.weight", {16, 16}},
      {"vision_model.encoder.layers.1.mlp.fc1.bias", {24}},
      {"vision_model.post_layernorm.bias", {16}}};
  for (const auto& [name, shape] : expected) {
    BOOST_TEST_CONTEXT(name) {
      BOOST_REQUIRE(shapes.contains(name));
      BOOST_TEST(shapes[name] == shape, tt::per_element());
    }
  }
  BOOST_TEST(!shapes.contains("vision_model.embeddings.patch_embedding.bias"));
}

BOOST_AUTO_TEST_SUITE_END()
