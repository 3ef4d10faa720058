#include "data/recipe.hpp"

#include <boost/test/unit_test.hpp>

#include "data/fixture.hpp"
#include "util/error.hpp"

BOOST_AUTO_TEST_SUITE(recipe)

using namespace ablate;

BOOST_AUTO_TEST_CASE(a_tokenizer_must_be_named_and_fit_the_vocabulary_of_its_model) {
  const Scratch scratch;
  const std::string text = sentence(1, 400);
  bool given = false;
  const auto once = [&](std::string& out) {
    out = text;
    return !std::exchange(given, true);
  };
  Experiment experiment;
  experiment.data.tokenizer = scratch.write("m.model", train_tokenizer(once, {.vocab_size = 300})).string();
  experiment.encoder.text.vocab_size = 299;
  experiment.llm.vocab_size = 300;
  const auto message = [&](Stage stage) {
    try {
      tokenizer_of(experiment, stage, "expected one");
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  BOOST_TEST(tokenizer_of(experiment, Stage::llm, "expected one")->vocab_size() == 300);
  BOOST_TEST(message(Stage::vlm).empty());
  BOOST_TEST(message(Stage::encoder) ==
             "encoder.text.vocab_size: found 299; expected at least 300, the pieces of " +
                 experiment.data.tokenizer);
  experiment.llm.vocab_size = 299;
  BOOST_TEST(message(Stage::sft) ==
             "llm.vocab_size: found 299; expected at least 300, the pieces of " + experiment.data.tokenizer);
  experiment.data.tokenizer.clear();
  BOOST_TEST(message(Stage::llm) == "data.tokenizer: no SentencePiece model is named; expected one");
}

BOOST_AUTO_TEST_SUITE_END()
