#include "data/tokenizer.hpp"

#include <sentencepiece_trainer.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>
#include <unordered_map>

#include "data/fixture.hpp"
#include "util/error.hpp"
#include "util/file.hpp"

BOOST_AUTO_TEST_SUITE(tokenizer)

using namespace ablate;

namespace {

/// A model as other systems train it: no padding, no pieces for pictures.
std::string foreign_model(const std::string& user_symbols) {
  struct Lines : sentencepiece::SentenceIterator {
    bool done() const override { return number >= 300; }
    void Next() override { text = sentence(++number, 12); }
    const std::string& value() const override { return text; }
    sentencepiece::util::Status status() const override { return {}; }
    std::uint64_t number = 0;
    std::string text = sentence(0, 12);
  } lines;
  std::unordered_map<std::string, std::string> options = {
      {"model_type", "bpe"}, {"vocab_size", "320"}, {"byte_fallback", "true"}, {"minloglevel", "2"}};
  if (!user_symbols.empty()) options["user_defined_symbols"] = user_symbols;
  std::string model;
  BOOST_TEST_REQUIRE(sentencepiece::SentencePieceTrainer::Train(options, &lines, &model).ok());
  return model;
}

std::set<std::int32_t> specials(const Tokenizer& tokenizer) {
  const SpecialPieces& special = tokenizer.special();
  return {special.pad, special.document_end, special.image_start, special.image_end};
}

}  // namespace

BOOST_AUTO_TEST_CASE(text_comes_back_to_the_byte) {
  for (const std::string text : {"a red sneaker", " two  spaces ", "line\nbreak\n\n", "tab\there",
                                 "Grüße 日本 🙂", "12345", "<image>", "a</s>b<pad>"}) {
    const std::vector<std::int32_t> ids = small_tokenizer()->encode(text);
    BOOST_TEST(small_tokenizer()->decode(ids) == text);
    for (const std::int32_t id : ids) BOOST_TEST((id >= 0 && id < small_tokenizer()->vocab_size()));
  }
  BOOST_TEST(small_tokenizer()->encode("").empty());
}

BOOST_AUTO_TEST_CASE(known_words_take_few_pieces) {
  BOOST_TEST(small_tokenizer()->encode("a red sneaker beside the coat").size() < 16u);
  BOOST_TEST(small_tokenizer()->piece(small_tokenizer()->encode("a")[0]) == "\u2581a");
}

BOOST_AUTO_TEST_CASE(special_pieces_have_ids_of_their_own) {
  const SpecialPieces& special = small_tokenizer()->special();
  BOOST_TEST(specials(*small_tokenizer()).size() == 4u);
  BOOST_TEST(small_tokenizer()->vocab_size() == 340);
  BOOST_TEST(small_tokenizer()->piece(special.image_start) == "<image>");
  BOOST_TEST(small_tokenizer()->piece(special.image_end) == "</image>");
  BOOST_TEST(small_tokenizer()->piece(special.document_end) == "</s>");
  BOOST_TEST(small_tokenizer()->piece(special.pad) == "<pad>");
  BOOST_TEST(small_tokenizer()->decode(std::vector{special.image_start, special.pad, special.document_end}) ==
             "");
}

BOOST_AUTO_TEST_CASE(a_foreign_model_gets_the_special_pieces_it_lacks) {
  const Scratch scratch;
  const Tokenizer tokenizer(scratch.write("llama.model", foreign_model("")));
  BOOST_TEST(tokenizer.special().document_end == 2);  // SentencePiece's own </s>.
  BOOST_TEST(tokenizer.special().pad == 320);
  BOOST_TEST(tokenizer.special().image_start == 321);
  BOOST_TEST(tokenizer.special().image_end == 322);
  BOOST_TEST(tokenizer.vocab_size() == 323);
  BOOST_TEST(tokenizer.piece(321) == "<image>");
  BOOST_TEST(tokenizer.piece(99999) == "#99999");
  BOOST_TEST(tokenizer.piece(tokenizer.unknown()) == "<unk>");
}

BOOST_AUTO_TEST_CASE(text_cannot_forge_a_special_piece) {
  const Scratch scratch;
  const Tokenizer tokenizer(scratch.write("m.model", foreign_model("<image>,</image>")));
  BOOST_TEST(tokenizer.piece(tokenizer.special().image_start) == "<image>");
  BOOST_TEST(tokenizer.special().image_start < 320);
  const std::set<std::int32_t> forbidden = specials(tokenizer);
  const std::vector<std::int32_t> ids = tokenizer.encode("see <image> and </image> and </s>");
  for (const std::int32_t id : ids) BOOST_TEST(!forbidden.count(id));
  BOOST_TEST(std::count(ids.begin(), ids.end(), tokenizer.unknown()) == 2);
}

BOOST_AUTO_TEST_CASE(training_is_deterministic_and_bounded) {
  const auto train = [](std::int64_t max_bytes) {
    std::uint64_t number = 0;
    return train_tokenizer(
        [&](std::string& text) {
          text = sentence(number, 20);
          return ++number <= 500;
        },
        {.vocab_size = 330, .max_bytes = max_bytes});
  };
  BOOST_TEST((train(1'000'000) == train(1'000'000)));
  BOOST_TEST((train(1'000'000) != train(5'000)));
}

BOOST_AUTO_TEST_CASE(long_lines_are_cut_between_characters) {
  bool given = false;
  const std::string model = train_tokenizer(
      [&](std::string& text) {
        for (int i = 0; i < 5000; ++i) text += "\u00fc";
        text += "\n" + sentence(1, 400);
        return !std::exchange(given, true);
      },
      {.vocab_size = 300});
  BOOST_TEST(!model.empty());
}

BOOST_AUTO_TEST_CASE(wrong_input_is_told) {
  const Scratch scratch;
  const auto message = [](auto&& act) {
    try {
      act();
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  BOOST_TEST(message([&] {
               Tokenizer(scratch.write("a.model", "no model"));
             }).find("no SentencePiece model") != std::string::npos);
  BOOST_TEST(message([&] { Tokenizer(scratch.write("b.model", "")); }).find("no SentencePiece model") !=
             std::string::npos);
  BOOST_TEST(message([&] { Tokenizer(scratch.path / "absent.model"); }).find("absent.model") !=
             std::string::npos);
  const std::string whole = foreign_model("");
  for (std::size_t size = 0; size < whole.size(); size += 97) try {
      Tokenizer(scratch.write("cut.model", whole.substr(0, size)));
    } catch (const Error&) {
    }
  BOOST_TEST(message([] { train_tokenizer([](std::string&) { return false; }, {}); }).find("no text") !=
             std::string::npos);
  bool given = false;
  BOOST_TEST(message([&] {
               train_tokenizer(
                   [&](std::string& text) {
                     text = "too little";
                     return !std::exchange(given, true);
                   },
                   {.vocab_size = 4000});
             }).find("4000 pieces cannot be made") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
