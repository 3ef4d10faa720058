#include "train/weight_files.hpp"

#include <torch/torch.h>

#include <boost/test/unit_test.hpp>

#include "fixture.hpp"
#include "model/connector.hpp"
#include "model/decoder.hpp"
#include "model/vision_transformer.hpp"
#include "util/error.hpp"

using namespace ablate;

namespace {

Llm small_llm() {
  return {.layers = 1, .width = 8, .heads = 2, .kv_heads = 1, .mlp_width = 12, .vocab_size = 11};
}

Decoder random_decoder(const Llm& llm, std::uint64_t seed, Weights& weights) {
  Decoder decoder(llm);
  decoder->append_weights(weights, "");
  initialise(weights, seed);
  return decoder;
}

bool contains(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return true;
  BOOST_TEST_MESSAGE(text);
  return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(weight_files)

BOOST_AUTO_TEST_CASE(weights_come_back_under_hugging_faces_names) {
  const Scratch scratch;
  Weights from, to;
  const Decoder first = random_decoder(small_llm(), 1, from), second = random_decoder(small_llm(), 2, to);
  save_weights(scratch.path / "model.safetensors", from);
  const SafetensorsFile file(scratch.path / "model.safetensors");
  BOOST_TEST(file.find("model.layers.0.self_attn.k_proj.weight")->shape == (std::vector<std::int64_t>{4, 8}));
  load_weights(to, {scratch.path / "model.safetensors", "llm.init", "", "", {}}, 0);
  for (std::size_t i = 0; i < from.size(); ++i)
    BOOST_TEST(torch::equal(from[i].tensor, to[i].tensor), from[i].name);
}

BOOST_AUTO_TEST_CASE(half_precision_files_buffers_and_prefixes_are_read) {
  const Scratch scratch;
  Weights weights;
  Decoder decoder(small_llm());
  decoder->append_weights(weights, "language_model.");
  initialise(weights, 3);
  std::vector<torch::Tensor> held;
  std::vector<StoredTensor> stored;
  const auto store = [&](const std::string& name, const torch::Tensor& tensor, const char* dtype) {
    held.push_back(tensor.contiguous());
    stored.push_back({name,
                      dtype,
                      tensor.sizes().vec(),
                      {static_cast<const std::byte*>(held.back().data_ptr()), held.back().nbytes()}});
  };
  for (const Weight& weight : weights)
    store(weight.name.substr(15), (weight.tensor.detach() * 0 + 0.5).to(torch::kBFloat16), "BF16");
  store("model.layers.0.self_attn.rotary_emb.inv_freq", torch::ones({2}, torch::kFloat16), "F16");
  write_safetensors(scratch.path / "half.safetensors", stored);
  load_weights(weights, {scratch.path / "half.safetensors", "llm.init", "language_model.", "", {}}, 0);
  for (const Weight& weight : weights) BOOST_TEST((weight.tensor == 0.5).all().item<bool>(), weight.name);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_listed_and_nothing_is_changed) {
  const Scratch scratch;
  Weights weights, wider;
  const Decoder decoder = random_decoder(small_llm(), 1, weights);
  Llm other = small_llm();
  other.vocab_size = 13;
  const Decoder misfit = random_decoder(other, 2, wider);
  wider.erase(wider.begin() + 4);  // v_proj
  wider.push_back({"model.layers.1.mlp.up_proj.weight", torch::ones({2}), {}});
  save_weights(scratch.path / "other.safetensors", wider);
  const torch::Tensor before = decoder->embedding.detach().clone();
  const std::string message = message_of([&] {
    load_weights(weights, {scratch.path / "other.safetensors", "llm.init", "", "", {}}, 0);
  });
  BOOST_TEST(contains(message, "llm.init: "));
  BOOST_TEST(contains(message, "missing: model.layers.0.self_attn.v_proj.weight"));
  BOOST_TEST(contains(message, "model.embed_tokens.weight ([13, 8], expected [11, 8])"));
  BOOST_TEST(contains(message, "unexpected: model.layers.1.mlp.up_proj.weight"));
  BOOST_TEST(message.find('\n') == std::string::npos);
  BOOST_TEST(torch::equal(decoder->embedding, before));
}

BOOST_AUTO_TEST_CASE(an_aim_encoder_without_a_patch_bias_is_refused_with_the_way_out) {
  const Scratch scratch;
  Encoder encoder;
  encoder.loss = EncoderLoss::aim;
  encoder.patch = 4;
  encoder.width = 8;
  encoder.layers = 1;
  encoder.heads = 2;
  encoder.mlp_width = 16;
  VisionTransformer vision(encoder, 12);
  Weights weights, old;
  vision->append_weights(weights, "vision_model.");
  initialise(weights, 1);
  for (const Weight& weight : weights)
    if (weight.name != "vision_model.embeddings.patch_embedding.bias") old.push_back(weight);
  BOOST_REQUIRE(old.size() + 1 == weights.size());
  const auto path = scratch.path / "old.safetensors";
  save_weights(path, old);
  const auto complaint = [&] {
    return message_of([&] { load_weights(weights, {path, "encoder.init", "", "", {}}, 0); });
  };
  BOOST_TEST(contains(complaint(), "missing: vision_model.embeddings.patch_embedding.bias (AIM's"));
  old.push_back({"vision_model.embeddings.patch_embedding.bias", torch::zeros({8}), {}});
  save_weights(path, old);
  BOOST_TEST(complaint() == "no error");
}

BOOST_AUTO_TEST_CASE(a_cut_file_is_refused) {
  const Scratch scratch;
  Weights weights;
  const Decoder decoder = random_decoder(small_llm(), 1, weights);
  save_weights(scratch.path / "model.safetensors", weights);
  std::filesystem::resize_file(scratch.path / "model.safetensors",
                               std::filesystem::file_size(scratch.path / "model.safetensors") - 7);
  BOOST_TEST(
      contains(message_of([&] {
                 load_weights(weights, {scratch.path / "model.safetensors", "llm.init", "", "", {}}, 0);
               }),
               "model.safetensors"));
}

BOOST_AUTO_TEST_CASE(position_embeddings_of_another_resolution_are_interpolated) {
  const Scratch scratch;
  Encoder encoder;
  encoder.loss = EncoderLoss::clip;
  encoder.patch = 4;
  encoder.width = 8;
  encoder.layers = 1;
  encoder.heads = 2;
  encoder.mlp_width = 16;
  VisionTransformer small(encoder, 12), large(encoder, 20);
  Weights from, to;
  small->append_weights(from, "vision_model.");
  large->append_weights(to, "vision_tower.vision_model.");
  initialise(from, 1);
  from.push_back({"text_model.final_layer_norm.weight", torch::ones({3}), {}});
  save_weights(scratch.path / "clip.safetensors", from);
  const WeightSource source{
      scratch.path / "clip.safetensors", "encoder.init", "vision_tower.", "", {"text_model."}};
  load_weights(to, source, large->class_tokens());
  const auto positions = [](const Weights& weights) {
    for (const Weight& weight : weights)
      if (weight.name.ends_with("position_embedding.weight")) return weight.tensor;
    return torch::Tensor();
  };
  BOOST_TEST(torch::equal(positions(to)[0], positions(from)[0]));  // the class token's
  BOOST_TEST(torch::equal(positions(to).slice(0, 1),
                          resize_positions(positions(from).slice(0, 1).contiguous(), 3, 5)));
  BOOST_TEST(torch::equal(small->patch_embedding->weight, large->patch_embedding->weight));
  // Without leave to have a text tower it is unexpected.
  BOOST_TEST(contains(message_of([&] {
                        load_weights(to, {source.path, "encoder.init", "vision_tower.", "", {}}, 1);
                      }),
                      "unexpected: text_model.final_layer_norm.weight"));
}

BOOST_AUTO_TEST_CASE(a_connectors_positions_of_another_resolution_are_interpolated) {
  const Scratch scratch;
  const auto path = scratch.path / "vlm.safetensors";
  const auto connector = [](ConnectorKind kind, std::int64_t patches, Weights& weights) {
    ConnectorShape shape;
    shape.connector.kind = kind;
    shape.connector.tokens = 4;
    shape.connector.width = 8;
    shape.connector.depth = 1;
    shape.connector.heads = 2;
    shape.patches = patches;
    shape.encoder_width = 8;
    shape.llm_width = 8;
    const auto made = make_connector(shape);
    made->append_weights(weights, "multi_modal_projector.");
    initialise(weights, static_cast<std::uint64_t>(patches));
    return made;
  };
  for (const ConnectorKind kind : {ConnectorKind::average_pool, ConnectorKind::attention_pool,
                                   ConnectorKind::c_abstractor, ConnectorKind::mlp}) {
    Weights from, to;
    const auto small = connector(kind, 16, from), large = connector(kind, 36, to);
    save_weights(path, from);
    load_weights(to, {path, "the vlm stage", "", "", {}}, 1);
    for (std::size_t i = 0; i < from.size(); ++i) {
      torch::Tensor expected = from[i].tensor;
      if (from[i].name == "multi_modal_projector.abstractor.pos_emb")
        expected = resize_positions(expected[0].contiguous(), 4, 6).unsqueeze(0);
      BOOST_TEST(torch::equal(to[i].tensor, expected), from[i].name);
    }
  }
  Weights cut, to;
  const auto whole = connector(ConnectorKind::c_abstractor, 16, cut),
             large = connector(ConnectorKind::c_abstractor, 36, to);
  for (Weight& weight : cut)
    if (weight.name.ends_with("pos_emb")) weight.tensor = weight.tensor.slice(1, 0, 15).contiguous();
  save_weights(path, cut);
  BOOST_TEST(contains(message_of([&] {
                        load_weights(to, {path, "the vlm stage", "", "", {}}, 1);
                      }),
                      "abstractor.pos_emb ([1, 15, 8], expected [1, 36, 8])"));
}

BOOST_AUTO_TEST_SUITE_END()
