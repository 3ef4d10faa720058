// Golden numbers: tests/eval/golden/text_metrics.py.
#include "eval/cider.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(cider)

using ablate::caption_words;
using ablate::CaptionExample;
using ablate::cider_d;
using Words = std::vector<std::string>;
using Scores = std::vector<std::optional<double>>;

BOOST_AUTO_TEST_CASE(scores_are_those_of_the_formula) {
  const struct {
    CaptionExample example;
    double score;
  } known[] = {
      {{"a cat sits on the mat", {"a cat sits on the mat"}}, 10.0},
      {{"a dog runs over the grass",
        {"a brown dog runs over the green grass", "the dog is running", "a dog on grass"}},
       2.243605884869545},
      // Clipping, once on either side.
      {{"dog dog dog dog dog", {"the dog chases a dog", "two dogs play"}}, 0.34186594670635717},
      {{"the dog chases a dog", {"dog dog dog dog dog", "dog dog"}}, 1.6089039644346692},
      // Length.
      {{"a red bus stops at the station and waits there for a long long time in the rain",
        {"a red bus stops at the station"}},
       0.9888121028226939},
      {{"a red bus", {"a red bus", "a bus that is red"}}, 4.488707061443727},
      {{"", {"a man rides a horse"}}, 0.0},
      {{"a man rides a horse", {"", "a man rides a horse on a beach"}}, 2.650571836924835},
      {{"nothing of this was ever seen", {"people walk along a street"}}, 0.0},
  };
  std::vector<CaptionExample> examples;
  for (const auto& [example, score] : known) examples.push_back(example);
  const Scores scores = cider_d(examples);
  BOOST_REQUIRE(scores.size() == examples.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    BOOST_TEST_CONTEXT(examples[i].candidate) {
      BOOST_TEST(scores[i].value() == known[i].score, boost::test_tools::tolerance(1e-12));
    }
  }
}

BOOST_AUTO_TEST_CASE(only_a_perfect_caption_of_four_words_or_more_scores_ten) {
  const CaptionExample examples[] = {{"One two three four.", {"one two three four"}},
                                     {"five six seven eight nine", {"Five, six, seven, eight, nine"}}};
  for (const auto& score : cider_d(examples))
    BOOST_TEST(score.value() == 10.0, boost::test_tools::tolerance(1e-12));
  const CaptionExample shorter[] = {{"one two three", {"one two three"}}, {"five six", {"five six"}}};
  const Scores scores = cider_d(shorter);
  BOOST_TEST(scores.at(0).value() == 7.5, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(scores.at(1).value() == 5.0, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(where_no_caption_could_score_there_is_no_score) {
  const Scores none = {std::nullopt}, both = {std::nullopt, std::nullopt};
  const CaptionExample lone[] = {{"a cat sits on the mat", {"a cat sits on the mat", "a cat"}}};
  BOOST_TEST((cider_d(lone) == none));
  const CaptionExample alike[] = {{"a cat", {"A cat."}}, {"a dog", {"a cat", "cat, a cat"}}};
  BOOST_TEST((cider_d({alike, 1}) == none));
  const Scores second = cider_d(alike);
  BOOST_TEST(!second.at(0));
  BOOST_TEST(second.at(1).value() == 0);  // "cat a" is its own: a caption with it would score.
  const CaptionExample equal[] = {{"a cat", {"A cat."}}, {"a dog", {"a cat"}}};
  BOOST_TEST((cider_d(equal) == both));
}

BOOST_AUTO_TEST_CASE(what_is_missing_has_no_score_and_what_is_not_written_scores_nothing) {
  BOOST_TEST(cider_d({}).empty());
  const CaptionExample examples[] = {{"a cat", {}}, {"", {""}}, {"?!", {"a cat"}}};
  BOOST_TEST((cider_d(examples) == Scores{std::nullopt, std::nullopt, 0.0}));
}

BOOST_AUTO_TEST_CASE(captions_fall_into_words_as_in_the_treebank) {
  const struct {
    std::string text;
    Words words;
  } known[] = {
      {"A man, sitting; on a Bench.", {"a", "man", "sitting", "on", "a", "bench"}},
      {"He DOESN'T and can't, won't", {"he", "does", "n't", "and", "ca", "n't", "wo", "n't"}},
      {"it's I'm he'd they're we've you'll",
       {"it", "'s", "i", "'m", "he", "'d", "they", "'re", "we", "'ve", "you", "'ll"}},
      {"shouldn't've", {"should", "n't", "'ve"}},
      {"the dog 's tail, the dogs' tails", {"the", "dog", "'s", "tail", "the", "dogs", "tails"}},
      {"five o'clock 'quoted' \"twice\" `so`", {"five", "o'clock", "quoted", "twice", "so"}},
      {"a t-shirt - red -- or mother-in-law's", {"a", "t-shirt", "red", "or", "mother-in-law", "'s"}},
      {"3.5 of 1,000 at 10:30. U.S.", {"3.5", "of", "1,000", "at", "10:30", "u", "s"}},
      {"one...two!?(three){four}", {"one", "two", "three", "four"}},
      {"black/white & $5 [x]", {"black", "/", "white", "&", "$", "5", "[", "x", "]"}},
      {" \tna\xC3\xAFve caf\xC3\xA9\n", {"na\xC3\xAFve", "caf\xC3\xA9"}},
      {"n't 's ' -", {"n't", "'s"}},
      {"", {}},
  };
  for (const auto& [text, words] : known) {
    BOOST_TEST_CONTEXT(text) { BOOST_TEST(caption_words(text) == words, boost::test_tools::per_element()); }
  }
}

BOOST_AUTO_TEST_SUITE_END()
