#include "data/packing.hpp"

#include <boost/test/unit_test.hpp>
#include <numeric>
#include <set>

#include "data/fixture.hpp"
#include "data/mixture.hpp"

BOOST_AUTO_TEST_SUITE(packing)

using namespace ablate;

namespace {

constexpr std::int64_t kImageTokens = 4;

Segment text(const std::string& words, bool target = true) { return {words, nullptr, target}; }

Segment picture() { return {"", std::make_shared<const Picture>(square_png(8, 255, 0, 0)), true}; }

TokenizedDocument tokens_of(std::vector<Segment> segments, const std::string& id = "d") {
  return tokenize({.id = id, .segments = std::move(segments), .synthetic_caption = "", .choices = {}},
                  *small_tokenizer(), {kImageTokens});
}

/// Words and pictures in a random order.
TokenizedDocument random_document(std::uint64_t number) {
  const RandomStream random(number, "document");
  std::vector<Segment> segments;
  const std::uint64_t count = 1 + random.below(12, 0);
  for (std::uint64_t i = 0; i < count; ++i)
    segments.push_back(random.below(3, i + 1) == 0
                           ? picture()
                           : text(sentence(number * 100 + i, 1 + random.below(20, i + 1, 1)),
                                  random.below(4, i + 1, 2) > 0));
  return tokens_of(std::move(segments));
}

MixtureSettings settings_of(std::int64_t seq_len, std::int64_t resolution = 8) {
  MixtureSettings settings;
  settings.seq_len = seq_len;
  settings.image_tokens = kImageTokens;
  settings.resolution = resolution;
  return settings;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_document_is_its_pieces_and_its_pictures_places) {
  const SpecialPieces& special = small_tokenizer()->special();
  const std::vector<std::int32_t> words = small_tokenizer()->encode("a red coat");
  const TokenizedDocument document = tokens_of({picture(), text("a red coat")});
  std::vector<std::int32_t> expected = {special.image_start, special.pad, special.pad,
                                        special.pad,         special.pad, special.image_end};
  expected.insert(expected.end(), words.begin(), words.end());
  expected.push_back(special.document_end);
  BOOST_TEST(document.tokens == expected, boost::test_tools::per_element());
  BOOST_TEST(document.images.size() == 1u);
  BOOST_TEST(document.images[0].start == 1);
  for (std::size_t i = 0; i < document.targets.size(); ++i) BOOST_TEST(document.targets[i] == (i >= 6));
}

BOOST_AUTO_TEST_CASE(questions_are_no_targets_and_answers_are) {
  const std::size_t asked = small_tokenizer()->encode("what is left").size();
  const TokenizedDocument document = tokens_of({text("what is left", false), text("a bag")});
  for (std::size_t i = 0; i < document.targets.size(); ++i) BOOST_TEST(document.targets[i] == (i >= asked));
}

BOOST_AUTO_TEST_CASE(pieces_of_a_document_are_the_document) {
  for (std::uint64_t number = 0; number < 300; ++number) {
    const TokenizedDocument document = random_document(number);
    for (const auto& [max_tokens, max_images] : {std::pair{7, 1}, {13, 2}, {40, 1}, {64, 3}, {4096, 16}}) {
      BOOST_TEST_CONTEXT("document " << number << ", " << max_tokens << " tokens, " << max_images
                                     << " images") {
        std::vector<std::int32_t> joined;
        std::size_t images = 0;
        for (const TokenizedDocument& piece : cut_document(document, max_tokens, max_images)) {
          BOOST_TEST(piece.tokens.size() <= static_cast<std::size_t>(max_tokens));
          BOOST_TEST(piece.targets.size() == piece.tokens.size());
          BOOST_TEST(piece.images.size() <= static_cast<std::size_t>(max_images));
          BOOST_TEST(std::count(piece.targets.begin() + 1, piece.targets.end(), 1) > 0);
          for (const PlacedPicture& place : piece.images) {
            BOOST_TEST(piece.tokens.at(static_cast<std::size_t>(place.start - 1)) ==
                       small_tokenizer()->special().image_start);
            BOOST_TEST(piece.tokens.at(static_cast<std::size_t>(place.start + kImageTokens)) ==
                       small_tokenizer()->special().image_end);
          }
          joined.insert(joined.end(), piece.tokens.begin(), piece.tokens.end());
          images += piece.images.size();
        }
        // Pieces may be left out, never made up or reordered.
        auto at = document.tokens.begin();
        for (const std::int32_t token : joined) {
          at = std::find(at, document.tokens.end(), token);
          BOOST_TEST_REQUIRE((at != document.tokens.end()));
          ++at;
        }
        if (max_tokens == 4096) BOOST_TEST(joined.size() == document.tokens.size());
        BOOST_TEST(images <= document.images.size());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_piece_with_nothing_to_predict_is_left_out) {
  BOOST_TEST(cut_document(tokens_of({}), 100, 4).empty());  // document_end alone follows nothing.
  TokenizedDocument document = tokens_of({text("a red coat"), picture(), picture(), picture()});
  document.index = 3;
  for (const TokenizedDocument& piece : cut_document(std::move(document), 7, 1)) {
    BOOST_TEST(std::count(piece.targets.begin(), piece.targets.end(), 1) > 0);
    BOOST_TEST(piece.index == 3u);
  }
}

BOOST_AUTO_TEST_CASE(a_picture_is_never_cut_however_many_tokens_its_views_have) {
  TokenizedDocument document;
  // Two words, a picture of 3 tokens, a word, one of 2 x 3 tokens, a word: 2 + 5 + 1 + 8 + 1 positions.
  document.tokens.assign(17, 0);
  document.targets = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  document.images = {{{.start = 3, .tokens = 3, .views = 1}, nullptr},
                     {{.start = 9, .tokens = 6, .views = 2}, nullptr}};
  const auto pieces = cut_document(std::move(document), 9, 4);
  BOOST_TEST_REQUIRE(pieces.size() == 2u);
  BOOST_TEST(pieces[0].tokens.size() == 8u);
  BOOST_TEST(pieces[1].tokens.size() == 9u);
  BOOST_TEST_REQUIRE(pieces[1].images.size() == 1u);
  BOOST_TEST(pieces[1].images[0].start == 1);
  BOOST_TEST(pieces[1].images[0].views == 2);
}

BOOST_AUTO_TEST_CASE(best_fit_by_hand) {
  // Longest first: 7 opens A, 6 opens B, 4 fits B exactly, 3 fits A exactly, 2 opens C.
  const std::vector<PackedSize> sizes = {{4, 0}, {7, 0}, {2, 0}, {3, 0}, {6, 0}};
  const std::vector<std::vector<std::size_t>> expected = {{1, 3}, {4, 0}, {2}};
  BOOST_TEST((pack(sizes, {10, 0}) == expected));
  BOOST_TEST(pack({}, {10, 0}).empty());
}

BOOST_AUTO_TEST_CASE(a_sequence_takes_no_more_pictures_than_it_may) {
  const std::vector<PackedSize> sizes = {{2, 1}, {2, 1}, {2, 1}, {2, 0}};
  const auto packed = pack(sizes, {100, 2});
  BOOST_TEST(packed.size() == 2u);
  BOOST_TEST((packed[0] == std::vector<std::size_t>{0, 1, 3}));
}

BOOST_AUTO_TEST_CASE(every_document_has_one_place_and_little_room_is_lost) {
  for (const std::int64_t seq_len : {128, 512, 4096}) {
    const RandomStream random(static_cast<std::uint64_t>(seq_len), "sizes");
    std::vector<PackedSize> sizes;
    std::int64_t tokens = 0;
    for (std::uint64_t i = 0; tokens < 128 * seq_len; ++i) {
      const auto size = static_cast<std::int64_t>(
          2 + random.below(static_cast<std::uint64_t>(seq_len) - 1, i) * random.below(1000, i, 1) / 1000);
      sizes.push_back({size, static_cast<std::int64_t>(random.below(3, i, 2))});
      tokens += size;
    }
    const auto packed = pack(sizes, {seq_len, 64});
    std::vector<int> seen(sizes.size());
    for (const auto& sequence : packed) {
      std::int64_t used = 0, images = 0;
      for (const std::size_t index : sequence) {
        ++seen[index];
        used += sizes[index].tokens;
        images += sizes[index].images;
      }
      BOOST_TEST(used <= seq_len);
      BOOST_TEST(images <= 64);
    }
    BOOST_TEST(std::all_of(seen.begin(), seen.end(), [](int times) { return times == 1; }));
    const double fill =
        static_cast<double>(tokens) / static_cast<double>(static_cast<std::int64_t>(packed.size()) * seq_len);
    BOOST_TEST(fill > 0.98);
  }
}

BOOST_AUTO_TEST_CASE(labels_positions_and_documents_are_laid_out_by_the_definition) {
  SequencePlan plan;
  plan.documents = {tokens_of({picture(), text("a red coat")}, "one"),
                    tokens_of({text("what", false), text("bag")}, "two")};
  const std::vector<TokenizedDocument> documents = plan.documents;
  const Sequence sequence = load_sequence(std::move(plan), settings_of(48), small_tokenizer()->special());
  BOOST_TEST(sequence.tokens.size() == 48u);
  std::size_t at = 0;
  for (std::size_t d = 0; d < documents.size(); ++d)
    for (std::size_t i = 0; i < documents[d].tokens.size(); ++i, ++at) {
      BOOST_TEST(sequence.tokens[at] == documents[d].tokens[i]);
      BOOST_TEST(sequence.positions[at] == static_cast<std::int32_t>(i));
      BOOST_TEST(sequence.documents[at] == static_cast<std::int32_t>(d));
      const bool last = i + 1 == documents[d].tokens.size();
      BOOST_TEST(sequence.labels[at] ==
                 (last || !documents[d].targets[i + 1] ? kNoTarget : documents[d].tokens[i + 1]));
    }
  for (; at < 48; ++at) {
    BOOST_TEST(sequence.tokens[at] == small_tokenizer()->special().pad);
    BOOST_TEST(sequence.labels[at] == kNoTarget);
    BOOST_TEST(sequence.documents[at] == -1);
    BOOST_TEST(sequence.positions[at] == 0);
  }
  BOOST_TEST((sequence.images == std::vector<ImagePlace>{{.start = 1, .tokens = kImageTokens, .views = 1}}));
  // The first word after a picture is predicted from the picture's end.
  BOOST_TEST(sequence.labels[5] == small_tokenizer()->encode("a red coat")[0]);
  BOOST_TEST(sequence.pixels.size() == 8u * 8 * 3);
  BOOST_TEST(static_cast<int>(sequence.pixels[0]) == 255);
  BOOST_TEST(static_cast<int>(sequence.pixels[1]) == 0);
}

BOOST_AUTO_TEST_CASE(a_broken_picture_takes_its_document_along_and_no_other) {
  SequencePlan plan;
  const Segment broken{"", std::make_shared<const Picture>(square_png(8, 0, 0, 0).substr(0, 30)), true};
  plan.documents = {tokens_of({text("bag"), picture()}, "one"),
                    tokens_of({picture(), broken, text("coat")}, "two"),
                    tokens_of({text("boot"), picture()}, "three")};
  for (std::size_t i = 0; i < 3; ++i) plan.documents[i].index = 10 + i;
  plan.report.documents = 3;
  const Sequence sequence = load_sequence(std::move(plan), settings_of(64), small_tokenizer()->special());
  BOOST_TEST((sequence.ids == std::vector<std::string>{"one", "three"}));
  BOOST_TEST((sequence.indices == std::vector<std::size_t>{10, 12}));
  BOOST_TEST(sequence.images.size() == 2u);
  BOOST_TEST(sequence.pixels.size() == 2u * 8 * 8 * 3);
  BOOST_TEST(sequence.report.documents == 3);
  BOOST_TEST(sequence.report.broken.at(ProblemKind::image) == 1);
  BOOST_TEST(sequence.report.first.at(0).where == "two");
  for (const ImagePlace& image : sequence.images)
    BOOST_TEST(sequence.tokens[static_cast<std::size_t>(image.start - 1)] ==
               small_tokenizer()->special().image_start);
}

BOOST_AUTO_TEST_SUITE_END()
