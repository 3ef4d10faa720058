// What a model of language finds of the losses of documents.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "data/problem.hpp"
#include "data/source.hpp"
#include "eval/plain_model.hpp"

BOOST_AUTO_TEST_SUITE(document_losses)

using namespace ablate;
namespace tt = boost::test_tools;

namespace {

double nats_sum(const std::vector<DocumentLoss>& losses) {
  double sum = 0;
  for (const DocumentLoss& loss : losses) sum += loss.nats;
  return sum;
}

}  // namespace

BOOST_AUTO_TEST_CASE(losses_are_those_of_each_document_alone) {
  PlainModel plain(Stage::vlm, kLoud);
  plain.recipe.data.seq_len = 1024;
  plain.recipe.data.max_images = 8;
  ReadReport report;
  std::vector<Document> documents;
  for (const auto& [name, role] : {std::pair{"captions", DataRole::captions},
                                   {"interleaved", DataRole::interleaved},
                                   {"text", DataRole::text}})
    for (Document& document : read_held_out({sample_path(name)}, name, role, reading(12), report))
      if (plain.length_of(document.segments) < 1024) documents.push_back(std::move(document));
  BOOST_TEST_REQUIRE(documents.size() > 25u);
  const auto found = plain.load()->losses(documents, DataRole::interleaved, report);
  BOOST_TEST_REQUIRE(found.size() == documents.size());
  std::size_t pictures = 0;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const TokenizedDocument document = tokenize(documents[i], plain.tokenizer, {plain.kImageTokens});
    const torch::Tensor known = plain.log_probabilities(document);
    double nats = 0;
    std::int64_t tokens = 0;
    pictures += document.images.size();
    for (std::size_t t = 1; t < document.tokens.size(); ++t) {
      if (!document.targets[t]) continue;
      nats -= known[static_cast<std::int64_t>(t) - 1][document.tokens[t]].item<double>();
      ++tokens;
    }
    BOOST_TEST(found[i].nats == nats, tt::tolerance(1e-5));
    BOOST_TEST(found[i].tokens == tokens);
  }
  BOOST_TEST(pictures > 20u);

  // Whatever they are packed with.
  std::reverse(documents.begin(), documents.end());
  const auto reversed = plain
                            .load([](EvaluationJob& job) {
                              job.experiment.run.micro_batch = 1;
                              job.threads = 4;
                            })
                            ->losses(documents, DataRole::interleaved, report);
  for (std::size_t i = 0; i < found.size(); ++i)
    BOOST_TEST(reversed[found.size() - 1 - i].nats == found[i].nats, tt::tolerance(1e-5));
  BOOST_TEST(report.broken.empty());
}

BOOST_AUTO_TEST_CASE(experts_take_all_tokens_whatever_a_document_is_packed_with) {
  Experiment recipe = SavedModel::small_recipe();
  // In training three of four choices would be dropped.
  recipe.llm.moe = {.experts = 4, .every = 1, .capacity_factor = 0.5, .upcycle = Upcycle::none};
  recipe.data.seq_len = 512;
  PlainModel plain(Stage::llm, kLoud, recipe);
  plain.model->eval();
  ReadReport report;
  const std::vector<Document> documents =
      read_held_out({sample_path("text")}, "text", DataRole::text, reading(8), report);
  const auto packed = plain.load()->losses(documents, DataRole::text, report);
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const TokenizedDocument document = tokenize(documents[i], plain.tokenizer, {plain.kImageTokens});
    if (std::ssize(document.tokens) > recipe.data.seq_len) continue;
    const auto alone = plain.load()->losses(std::span(documents).subspan(i, 1), DataRole::text, report);
    BOOST_TEST(packed[i].nats == alone[0].nats, tt::tolerance(1e-5));
    BOOST_TEST(packed[i].nats == -plain.log_likelihood(document, std::ssize(document.tokens) - 1),
               tt::tolerance(1e-5));
  }
}

BOOST_AUTO_TEST_CASE(a_long_document_is_cut_and_its_parts_are_added_up) {
  PlainModel plain(Stage::llm, kLoud);
  plain.recipe.data.seq_len = 50;
  const Document document{.id = "long", .segments = {shown_text(sentence(3, 80))}};
  const auto tokens = tokenize(document, plain.tokenizer, {}).tokens;
  BOOST_TEST_REQUIRE(tokens.size() > 120u);
  DocumentLoss want;
  for (std::size_t first = 0; first < tokens.size(); first += 50) {
    TokenizedDocument part;
    part.tokens.assign(tokens.begin() + static_cast<std::ptrdiff_t>(first),
                       tokens.begin() + static_cast<std::ptrdiff_t>(std::min(first + 50, tokens.size())));
    part.targets.assign(part.tokens.size(), 1);
    if (part.tokens.size() < 2) continue;
    want.nats -= plain.log_likelihood(part, std::ssize(part.tokens) - 1);
    want.tokens += std::ssize(part.tokens) - 1;
  }
  ReadReport report;
  const auto found = plain.load()->losses(std::span(&document, 1), DataRole::interleaved, report);
  BOOST_TEST(found.at(0).nats == want.nats, tt::tolerance(1e-5));
  BOOST_TEST(found.at(0).tokens == want.tokens);
}

BOOST_AUTO_TEST_CASE(bytes_are_those_of_the_text_after_its_first_piece) {
  PlainModel plain(Stage::llm);
  plain.recipe.data.seq_len = 4096;
  ReadReport report;
  auto documents = read_held_out({sample_path("text")}, "eval.text", DataRole::text, reading(20), report);
  for (const char* text : {"Grüße aus 東京, 1851! \xF0\x9F\x98\x80", "two  spaces\nand a\ttab", "I"})
    documents.push_back({.id = "d", .segments = {shown_text(text)}});
  const auto found = plain.load()->losses(documents, DataRole::interleaved, report);
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::string& text = documents[i].segments[0].text;
    const auto pieces = plain.tokenizer.encode(text);
    BOOST_TEST_REQUIRE(pieces.size() < 4095u);
    BOOST_TEST_REQUIRE(plain.tokenizer.decode(pieces) == text);
    const std::string first = plain.tokenizer.decode(std::span(pieces).first(1));
    BOOST_TEST_REQUIRE(text.starts_with(first));
    BOOST_TEST(found[i].bytes.value() == std::ssize(text) - std::ssize(first), text);
  }
  BOOST_TEST(found.back().bytes.value() == 0);
  BOOST_TEST(found.back().tokens == 1);
}

BOOST_AUTO_TEST_CASE(nothing_to_predict_is_no_loss) {
  const PlainModel plain(Stage::llm);
  const std::vector<Document> documents = {{.id = "empty"}, {.id = "whole", .segments = {shown_text("ab")}}};
  ReadReport report;
  const auto found = plain.load()->losses(documents, DataRole::interleaved, report);
  BOOST_TEST(found.at(0).tokens == 0);
  BOOST_TEST(found.at(0).nats == 0);
  BOOST_TEST(found.at(1).tokens > 0);
  BOOST_TEST(plain.load()->losses({}, DataRole::interleaved, report).empty());
}

BOOST_AUTO_TEST_CASE(a_document_with_a_broken_picture_has_no_loss) {
  const PlainModel plain(Stage::vlm, kLoud);
  std::vector<Document> documents;
  for (const char* id : {"shard: a", "shard: b", "shard: c"})
    documents.push_back({.id = id, .segments = {coloured(255, 0, 0), shown_text(id)}});
  ReadReport report;
  const auto whole = plain.load()->losses(documents, DataRole::interleaved, report);
  documents[1].segments[0] = shown_picture("no picture at all");
  const auto found = plain.load()->losses(documents, DataRole::interleaved, report);
  BOOST_TEST(found[1].tokens == 0);
  for (const std::size_t i : {0u, 2u}) BOOST_TEST(found[i].nats == whole[i].nats, tt::tolerance(1e-6));
  BOOST_TEST(nats_sum(found) < nats_sum(whole));
  BOOST_TEST((report.broken == std::map<ProblemKind, std::int64_t>{{ProblemKind::image, 1}}));
  BOOST_TEST(report.first.at(0).where == "shard: b");
}

BOOST_AUTO_TEST_CASE(all_broken_pictures_of_a_sequence_count_however_many_are_kept_in_words) {
  const PlainModel plain(Stage::vlm, kLoud);
  const auto model = plain.load([](EvaluationJob& job) {
    job.experiment.data.max_images = 64;
    job.experiment.data.seq_len = 2048;
  });
  const std::vector<Document> documents(
      30, {.id = "d", .segments = {shown_picture("no picture at all"), shown_text("ab")}});
  ReadReport report;
  model->losses(documents, DataRole::interleaved, report);
  BOOST_TEST(report.broken[ProblemKind::image] == 30);
  BOOST_TEST(report.first.size() == ReadReport::kKept);
}

BOOST_AUTO_TEST_SUITE_END()
