// Golden numbers: tests/model/golden/decoder.py.
#include "model/decoder.hpp"

#include <torch/torch.h>

#include <boost/test/unit_test.hpp>

#include "golden.hpp"
#include "model/vision_language_model.hpp"
#include "util/error.hpp"

using namespace ablate;
namespace tt = boost::test_tools;

namespace {

Llm tiny_llm() {
  return {.layers = 2, .width = 16, .heads = 4, .kv_heads = 2, .mlp_width = 24, .vocab_size = 13};
}

Decoder golden_decoder(const Llm& llm) {
  Decoder decoder(llm);
  Weights weights;
  decoder->append_weights(weights, "");
  golden::fill(weights);
  return decoder;
}

/// Documents of these lengths, packed one after another and padded to `length`.
Sequence pack_of(const std::vector<std::vector<std::int32_t>>& documents, std::size_t length) {
  Sequence sequence;
  for (std::size_t d = 0; d < documents.size(); ++d)
    for (std::size_t i = 0; i < documents[d].size(); ++i) {
      sequence.tokens.push_back(documents[d][i]);
      sequence.labels.push_back(i + 1 < documents[d].size() ? documents[d][i + 1] : kNoTarget);
      sequence.positions.push_back(static_cast<std::int32_t>(i));
      sequence.documents.push_back(static_cast<std::int32_t>(d));
    }
  sequence.tokens.resize(length, 0);
  sequence.labels.resize(length, kNoTarget);
  sequence.positions.resize(length, 0);
  sequence.documents.resize(length, -1);
  return sequence;
}

std::vector<std::int32_t> document(const char* name, std::int64_t length) {
  std::vector<std::int32_t> tokens;
  for (const std::uint32_t bits : golden::bits(name, length))
    tokens.push_back(static_cast<std::int32_t>(bits % 13));
  return tokens;
}

torch::Tensor logits_of(Decoder& decoder, const Sequence& sequence) {
  const torch::NoGradGuard no_grad;
  const SequenceBatch batch = make_sequence_batch(std::span(&sequence, 1), 8, 13, torch::kCPU);
  const torch::Tensor hidden =
      decoder(decoder->embed(batch.tokens, torch::kFloat32), batch.positions, batch.visibility);
  return torch::linear(hidden, decoder->head())[0];  // [T, V]
}

}  // namespace

BOOST_AUTO_TEST_SUITE(decoder)

BOOST_AUTO_TEST_CASE(logits_loss_and_gradients_are_those_of_another_implementation) {
  Decoder decoder = golden_decoder(tiny_llm());
  const Sequence sequence = pack_of({document("tokens", 7)}, 7);
  const torch::Tensor logits = logits_of(decoder, sequence);
  constexpr double kLogits[] = {0.8059933067428149, 0.9510659076095765, 0.23638991714917307,
                                0.25756493485141296};
  for (std::int64_t i = 0; i < 4; ++i)
    BOOST_TEST(logits[6][i].item<double>() == kLogits[i], tt::tolerance(2e-5));

  const SequenceBatch batch = make_sequence_batch(std::span(&sequence, 1), 8, 13, torch::kCPU);
  const torch::Tensor hidden =
      decoder(decoder->embed(batch.tokens, torch::kFloat32), batch.positions, batch.visibility);
  const HeadLoss loss = head_loss(hidden.flatten(0, 1).index_select(0, batch.target_positions),
                                  decoder->head(), batch.targets, torch::full({6}, 1.0 / 6), 0);
  loss.total.backward();
  BOOST_TEST(loss.total.item<double>() == 2.861052581385028, tt::tolerance(1e-6));
  BOOST_TEST(decoder->embedding.grad().norm().item<double>() == 2.148229488589605, tt::tolerance(1e-5));
  BOOST_TEST(
      decoder->blocks[0]->qkv->weight.grad().narrow(0, 16, 8).norm().item<double>() == 0.5198342521362911,
      tt::tolerance(1e-5));
  const torch::Tensor gate_up = decoder->blocks[1]->named_parameters()["gate_up.weight"].grad();
  BOOST_TEST(gate_up.narrow(0, 24, 24).norm().item<double>() == 0.8904332872884577, tt::tolerance(1e-5));
}

BOOST_AUTO_TEST_CASE(a_document_has_the_same_logits_alone_and_in_a_pack) {
  Decoder decoder = golden_decoder(tiny_llm());
  const auto first = document("first", 70), second = document("second", 9), third = document("third", 100);
  const torch::Tensor packed = logits_of(decoder, pack_of({first, second, third}, 192));
  const torch::Tensor alone = logits_of(decoder, pack_of({second}, 9));
  const torch::Tensor long_one = logits_of(decoder, pack_of({third}, 100));
  BOOST_TEST((packed.narrow(0, 70, 9) - alone).abs().max().item<double>() < 1e-5);
  BOOST_TEST((packed.narrow(0, 79, 100) - long_one).abs().max().item<double>() < 1e-5);
}

BOOST_AUTO_TEST_CASE(changing_a_document_leaves_the_others_bit_equal) {
  Decoder decoder = golden_decoder(tiny_llm());
  const auto first = document("first", 70), third = document("third", 100);
  auto second = document("second", 9);
  const torch::Tensor before = logits_of(decoder, pack_of({first, second, third}, 192));
  for (std::int32_t& token : second) token = (token + 5) % 13;
  const torch::Tensor after = logits_of(decoder, pack_of({first, second, third}, 192));
  BOOST_TEST(torch::equal(before.narrow(0, 0, 70), after.narrow(0, 0, 70)));
  BOOST_TEST(torch::equal(before.narrow(0, 79, 100), after.narrow(0, 79, 100)));
  BOOST_TEST(!torch::equal(before.narrow(0, 70, 9), after.narrow(0, 70, 9)));
}

BOOST_AUTO_TEST_CASE(branches_are_read_as_if_each_alone_followed_the_trunk) {
  Decoder decoder = golden_decoder(tiny_llm());
  const auto trunk = document("first", 30);
  const std::vector<std::vector<std::int32_t>> branches = {document("second", 9), document("third", 1),
                                                           document("fourth", 40)};
  // Another document stands before them, and one after.
  TokenizedDocument tree{.id = "tree", .tokens = trunk, .targets = {}, .images = {}, .branches = {}};
  tree.branches.resize(trunk.size(), 0);
  for (std::size_t b = 0; b < branches.size(); ++b)
    for (const std::int32_t token : branches[b]) {
      tree.tokens.push_back(token);
      tree.branches.push_back(static_cast<std::int32_t>(b + 1));
    }
  tree.targets.resize(tree.tokens.size(), 1);
  const TokenizedDocument plain{.id = "plain",
                                .tokens = document("fifth", 20),
                                .targets = std::vector<std::uint8_t>(20, 1),
                                .images = {},
                                .branches = {}};
  SequencePlan plan;
  plan.documents = {plain, tree, plain};
  const Sequence sequence = load_sequence(plan, {.seq_len = 128, .image_tokens = 1, .resolution = 8}, {});
  const torch::Tensor logits = logits_of(decoder, sequence);
  std::int64_t at = 20 + 30;
  for (const auto& branch : branches) {
    auto alone = trunk;
    alone.insert(alone.end(), branch.begin(), branch.end());
    const torch::Tensor want = logits_of(decoder, pack_of({alone}, alone.size()));
    const auto length = static_cast<std::int64_t>(branch.size());
    BOOST_TEST((logits.narrow(0, 20, 30) - want.narrow(0, 0, 30)).abs().max().item<double>() < 1e-5);
    BOOST_TEST((logits.narrow(0, at, length) - want.narrow(0, 30, length)).abs().max().item<double>() < 1e-5);
    // The last token of a branch has no successor, whatever follows it.
    BOOST_TEST(sequence.labels[static_cast<std::size_t>(at + length - 1)] == kNoTarget);
    at += length;
  }
  const torch::Tensor last = logits_of(decoder, pack_of({plain.tokens}, 20));
  BOOST_TEST((logits.narrow(0, at, 20) - last).abs().max().item<double>() < 1e-5);
}

BOOST_AUTO_TEST_CASE(reading_on_position_by_position_gives_the_same_states) {
  const torch::NoGradGuard no_grad;
  Decoder decoder = golden_decoder(tiny_llm());
  const std::vector<std::vector<std::int32_t>> rows = {document("first", 17), document("second", 12)};
  const std::vector<std::int64_t> lengths = {11, 4};  // Read at once; the others one by one.
  const torch::Tensor tokens = torch::zeros({2, 11}, torch::kInt64);
  for (std::int64_t b = 0; b < 2; ++b)
    for (std::int64_t t = 0; t < lengths[static_cast<std::size_t>(b)]; ++t)
      tokens[b][t] = rows[static_cast<std::size_t>(b)][static_cast<std::size_t>(t)];
  DecoderImpl::Reading reading;
  torch::Tensor states =
      decoder->read(decoder->embed(tokens, torch::kFloat32), torch::tensor(lengths), /*room=*/17, reading);
  std::vector<torch::Tensor> want;
  for (const auto& row : rows)
    want.push_back(torch::linear(
        decoder(decoder->embed(torch::tensor(std::vector<std::int64_t>(row.begin(), row.end())).unsqueeze(0),
                               torch::kFloat32),
                torch::arange(static_cast<std::int64_t>(row.size())).unsqueeze(0),
                see_causal(static_cast<std::int64_t>(row.size()), torch::kCPU)),
        torch::eye(16))[0]);
  for (std::int64_t b = 0; b < 2; ++b) {
    const std::int64_t length = lengths[static_cast<std::size_t>(b)];
    BOOST_TEST((states[b].narrow(0, 0, length) - want[static_cast<std::size_t>(b)].narrow(0, 0, length))
                   .abs()
                   .max()
                   .item<double>() < 1e-5);
  }
  for (std::int64_t step = 0; step < 6; ++step) {
    const torch::Tensor next = torch::zeros({2, 1}, torch::kInt64);
    for (std::size_t b = 0; b < 2; ++b)
      next[static_cast<std::int64_t>(b)][0] = rows[b][static_cast<std::size_t>(lengths[b] + step)];
    states = decoder->extend(decoder->embed(next, torch::kFloat32), reading);
    for (std::size_t b = 0; b < 2; ++b)
      BOOST_TEST(
          (states[static_cast<std::int64_t>(b)][0] - want[b][lengths[b] + step]).abs().max().item<double>() <
          1e-5);
  }
  BOOST_CHECK_THROW(
      decoder->extend(decoder->embed(torch::zeros({2, 1}, torch::kInt64), torch::kFloat32), reading),
      std::logic_error);
}

BOOST_AUTO_TEST_CASE(a_tied_head_is_the_embedding) {
  Llm llm = tiny_llm();
  llm.tied_head = true;
  Decoder decoder(llm);
  Weights weights;
  decoder->append_weights(weights, "");
  BOOST_TEST(weights.back().name == "model.norm.weight");
  BOOST_TEST(decoder->head().is_same(decoder->embedding));
}

BOOST_AUTO_TEST_CASE(recomputing_blocks_changes_no_bit) {
  const auto gradient = [](bool recompute) {
    Decoder decoder = golden_decoder(tiny_llm());
    decoder->recompute = recompute;
    const Sequence sequence = pack_of({document("first", 70), document("second", 20)}, 96);
    const SequenceBatch batch = make_sequence_batch(std::span(&sequence, 1), 8, 13, torch::kCPU);
    decoder(decoder->embed(batch.tokens, torch::kFloat32), batch.positions, batch.visibility)
        .square()
        .sum()
        .backward();
    return torch::cat({decoder->embedding.grad().flatten(), decoder->blocks[0]->qkv->weight.grad().flatten(),
                       decoder->blocks[1]->named_parameters()["down.weight"].grad().flatten()});
  };
  BOOST_TEST(torch::equal(gradient(false), gradient(true)));
}

BOOST_AUTO_TEST_CASE(a_batch_is_copied_whole) {
  const Sequence sequence = pack_of({{1, 2, 3}, {4, 5}}, 6);
  const SequenceBatch on_host = make_sequence_batch(std::span(&sequence, 1), 8, 13, torch::kCPU);
  const auto parts = [](const SequenceBatch& batch) {
    return std::vector<torch::Tensor>{
        batch.tokens,           batch.positions,          batch.pixels,
        batch.targets,          batch.visibility.begin,   batch.visibility.end,
        batch.visual_positions, batch.target_roles,       batch.target_positions,
        batch.target_weights,   batch.visibility.borders, batch.padding};
  };
  const SequenceBatch same = copy_to_device(on_host, torch::kCPU),
                      moved = copy_to_device(on_host, torch::kMeta);
  for (std::size_t i = 0; i < parts(on_host).size(); ++i) {
    BOOST_TEST(parts(same)[i].is_same(parts(on_host)[i]));
    BOOST_TEST(parts(moved)[i].is_meta(), "part " << i);
    BOOST_TEST(parts(moved)[i].sizes() == parts(on_host)[i].sizes());
  }
  BOOST_TEST((moved.visibility.kind == Visibility::Kind::intervals));
  BOOST_TEST(moved.visibility.longest == 3);
}

BOOST_AUTO_TEST_CASE(a_token_beyond_the_vocabulary_is_named) {
  const Sequence sequence = pack_of({{1, 2, 13}}, 4);
  BOOST_CHECK_EXCEPTION(make_sequence_batch(std::span(&sequence, 1), 8, 13, torch::kCPU), Error,
                        [](const Error& error) {
                          return std::string(error.what()) ==
                                 "the tokenizer gives piece 13; expected pieces below the model's vocabulary "
                                 "('llm.vocab_size', 13)";
                        });
}

BOOST_AUTO_TEST_SUITE_END()
