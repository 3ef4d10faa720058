// Golden values: tests/eval/golden/text_metrics.py.
#include "eval/answers.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

#include "data/answer_form.hpp"

BOOST_AUTO_TEST_SUITE(answers)

using ablate::cut_answer;
using ablate::cut_caption;
using ablate::is_exact_match;
using ablate::normalize_answer;
using ablate::vqa_accuracy;
using Answers = std::vector<std::string>;

/// `same` annotators that say "cat", the others each something of their own.
static Answers annotators(std::size_t same, std::size_t all) {
  Answers found(same, "cat");
  while (found.size() < all) found.push_back("other " + std::to_string(100 + found.size()));
  return found;
}

BOOST_AUTO_TEST_CASE(normal_forms_are_the_official_ones) {
  const std::string periods(40, '.');
  const std::string known[][2] = {
      {"Yes", "yes"},
      {" Yes.\n", "yes"},
      {"a\tcat", "cat"},
      {"The Cat and AN owl", "cat and owl"},
      {"two", "2"},
      {"None", "0"},
      {"ten dogs", "10 dogs"},
      {"1,000", "1000"},
      {"1,000-2,000 [kg]", "10002000 kg"},
      {"red, white", "red white"},
      {"red,white", "red white"},
      {"on-off", "on off"},
      {"on-off - both", "onoff both"},
      {"black/white", "black white"},
      {"black / white", "black white"},
      {"3.", "3"},
      {"3.5", "3.5"},
      {".5", ".5"},
      {"3 .", "3"},
      {"u.s.a.", "usa"},
      {"p.m.", "pm"},
      {"10:30", "10:30"},
      {"what?!", "what"},
      {"(a) b", "b"},
      {"the", ""},
      {"", ""},
      {periods, "........"},  // Only 32 go.
      {"don't", "don't"},
      {"na\xC3\xAFve \xC3\x89", "na\xC3\xAFve \xC3\x89"},
  };
  for (const auto& [answer, normal] : known) {
    BOOST_TEST_CONTEXT(answer) { BOOST_TEST(normalize_answer(answer) == normal); }
  }
}

BOOST_AUTO_TEST_CASE(contractions_get_back_one_apostrophe) {
  const std::string known[][2] = {
      {"dont", "don't"},
      {"Im not sure, it isnt", "im not sure it isn't"},  // The table's "Im" never meets a word in lower case.
      {"oclock", "o'clock"},
      {"couldn'tve", "couldn't've"},
      {"couldnt've", "couldn't've"},
      {"couldntve", "couldntve"},
      {"y'alld've", "y'all'd've"},
      {"twas", "'twas"},
      {"somebody'd", "somebodyd"},
      {"somebodyd", "somebodyd"},
      {"she's", "she's"},
      {"shed", "shed"},
      {"cat's", "cat's"},
  };
  for (const auto& [answer, normal] : known) {
    BOOST_TEST_CONTEXT(answer) { BOOST_TEST(normalize_answer(answer) == normal); }
  }
}

BOOST_AUTO_TEST_CASE(ten_annotators_give_the_official_accuracy) {
  const double known[] = {0, 0.3, 0.6, 0.9, 1, 1, 1, 1, 1, 1, 1};
  for (std::size_t same = 0; same <= 10; ++same) {
    BOOST_TEST_CONTEXT(same) { BOOST_TEST(vqa_accuracy("cat", annotators(same, 10)) == known[same]); }
  }
}

BOOST_AUTO_TEST_CASE(fewer_annotators_need_fewer_to_agree) {
  const std::vector<double> known[] = {
      {0}, {0, 1}, {0, 0.5, 1}, {0, 1.0 / 3, 2.0 / 3, 1}, {0, 0.25, 0.5, 0.75, 1}};
  for (std::size_t all = 0; all < std::size(known); ++all) {
    for (std::size_t same = 0; same <= all; ++same) {
      BOOST_TEST_CONTEXT(same << " of " << all) {
        BOOST_TEST(vqa_accuracy("cat", annotators(same, all)) == known[all][same]);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(both_sides_are_normalised) {
  // The official evaluation would compare equal references as they are.
  BOOST_TEST(vqa_accuracy("A cat.", Answers(10, "The Cat")) == 1.0);
  BOOST_TEST(vqa_accuracy("two", Answers{"2"}) == 1.0);
  BOOST_TEST(is_exact_match("Two cats!", Answers{"dog", "2 cats"}));
  BOOST_TEST(!is_exact_match("cats", Answers{"cat"}));
  BOOST_TEST(!is_exact_match("cat", Answers{}));
}

BOOST_AUTO_TEST_CASE(an_answer_ends_where_the_next_prompt_begins) {
  const std::string known[][2] = {
      {" red Question: what next? Short answer: blue", "red"},
      {"red Answer: blue", "red"},
      {"red Short answer: blue", "red"},
      {"red, green Question", "red"},
      {"1,000\n", "1,000"},
      {"short answers", "short answers"},
      {"Question", ""},
      {" , red", ""},
      {"", ""},
  };
  for (const auto& [text, answer] : known) {
    BOOST_TEST_CONTEXT(text) { BOOST_TEST(cut_answer(text) == answer); }
  }
}

BOOST_AUTO_TEST_CASE(a_caption_ends_where_the_next_prompt_begins) {
  BOOST_TEST(cut_caption(" \"A dog\", on grass. Output: a cat") == "A dog, on grass.");
  BOOST_TEST(cut_caption("\" a dog \"") == "a dog");
  BOOST_TEST(cut_caption("Output:") == "");
  BOOST_TEST(cut_caption("") == "");
}

BOOST_AUTO_TEST_SUITE_END()
