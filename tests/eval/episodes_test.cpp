#include <fmt/format.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

#include "eval/examples.hpp"
#include "eval/fixture.hpp"

BOOST_AUTO_TEST_SUITE(evaluation_episodes)

using namespace ablate;

namespace {

/// Each name with so many examples, in turns; the last picture is "asked".
Document naming_episode(const std::vector<std::string>& names, int examples, const std::string& answer) {
  Document document;
  for (int k = 0; k < examples; ++k)
    for (const std::string& name : names) {
      document.segments.push_back(shown_picture(fmt::format("{}{}", name, k)));
      document.segments.push_back(shown_text("This is a " + name + "."));
    }
  document.segments.push_back(shown_picture("asked"));
  document.segments.push_back(shown_text("This is a"));
  document.segments.push_back(shown_text(answer));
  document.choices = names;
  return document;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_episode_shows_as_many_examples_of_each_name) {
  const std::vector<std::string> names = {"dax", "wug", "fep"};
  const std::vector<Document> episodes(20, naming_episode(names, 3, "wug"));
  const std::pair<std::int64_t, int> known[] = {{0, 0}, {3, 1}, {5, 1}, {6, 2}, {8, 2}, {9, 3}, {11, 3}};
  for (const auto& [shots, of_each] : known) {
    BOOST_TEST_CONTEXT(shots << " shots") {
      const auto questions = ask_episodes(episodes, shots);
      BOOST_TEST_REQUIRE(questions.size() == episodes.size());
      BOOST_TEST((show_questions(ask_episodes(episodes, shots)) == show_questions(questions)));
      std::set<std::string> orders;
      for (const Question& question : questions) {
        auto pictures = pictures_of(question.prompt);
        orders.insert(show_prompt(question.prompt));
        BOOST_TEST(pictures.back() == "asked");
        BOOST_TEST(question.prompt.back().text == "This is a");
        pictures.pop_back();
        BOOST_TEST(all_differ(pictures));
        std::map<std::string, int> of_name;
        for (std::size_t s = 0; s < pictures.size(); ++s) {
          const std::string name = pictures[s].substr(0, 3);
          ++of_name[name];
          BOOST_TEST(question.prompt[2 * s + 1].text == "This is a " + name + ".");
        }
        for (const std::string& name : names) BOOST_TEST(of_name[name] == of_each);
        BOOST_TEST(question.candidates == names, boost::test_tools::per_element());
        BOOST_TEST(question.answer == 1u);
        BOOST_TEST(question.references == std::vector<std::string>{"wug"}, boost::test_tools::per_element());
      }
      BOOST_TEST((of_each == 0) == (orders.size() == 1));  // Shuffled, each in its own way.
    }
  }
}

BOOST_AUTO_TEST_CASE(episodes_with_too_few_examples_are_left_out) {
  const std::vector<std::string> names = {"dax", "wug"};
  Document uneven = naming_episode(names, 2, "dax");
  uneven.segments.erase(uneven.segments.begin() + 6, uneven.segments.begin() + 8);  // The second wug.
  const std::vector<Document> episodes = {naming_episode(names, 1, "dax"), uneven,
                                          naming_episode(names, 2, "wug")};
  const std::pair<std::int64_t, std::size_t> known[] = {{0, 3}, {1, 0}, {2, 3}, {3, 3}, {4, 1}, {6, 0}};
  for (const auto& [shots, left] : known) BOOST_TEST(ask_episodes(episodes, shots).size() == left, shots);
  BOOST_TEST(ask_episodes(episodes, 4).at(0).references.at(0) == "wug");
}

BOOST_AUTO_TEST_CASE(examples_are_told_apart_by_the_longest_name_in_their_text) {
  const auto questions = ask_episodes({naming_episode({"boot", "ankle boot"}, 1, "boot")}, 2);
  BOOST_TEST_REQUIRE(questions.size() == 1u);
  auto pictures = pictures_of(questions[0].prompt);
  std::sort(pictures.begin(), pictures.end());
  BOOST_TEST(fmt::format("{}", fmt::join(pictures, " ")) == "ankle boot0 asked boot0");
}

BOOST_AUTO_TEST_CASE(what_is_no_episode_is_left_out) {
  const Document whole = naming_episode({"dax", "wug"}, 1, "dax");
  std::vector<Document> wrong(7, whole);
  wrong[0].choices = {};
  wrong[1].choices = {"dax"};
  wrong[2].segments[1].text = "Nobody knows.";                         // No name in it.
  wrong[3].segments.erase(wrong[3].segments.begin());                  // Begins with a text.
  wrong[4].segments.erase(wrong[4].segments.begin() + 1);              // Two pictures in a row.
  wrong[5].segments = {shown_text("dax or wug?"), shown_text("dax")};  // No picture.
  wrong[6] = naming_episode({"dax", "dax"}, 1, "dax");
  for (const std::int64_t shots : {0, 2}) {
    BOOST_TEST(ask_episodes(wrong, shots).empty());
    BOOST_TEST(ask_episodes({whole}, shots).size() == 1u);
  }
  BOOST_TEST(ask_episodes({}, 2).empty());
}

BOOST_AUTO_TEST_CASE(episodes_of_scenes_and_of_records_are_understood) {
  ReadReport report;
  const auto scenes = read_held_out({sample_path("scenes.toml")}, "eval.episodes", DataRole::interleaved,
                                    reading(200), report);
  BOOST_TEST(scenes.size() == 200u);
  BOOST_TEST(ask_episodes(scenes, 0).size() == 200u);
  const auto two = ask_episodes(scenes, 2), four = ask_episodes(scenes, 4);
  BOOST_TEST(two.size() == 200u);
  // One or two examples of each of two names: a quarter has two of both.
  BOOST_TEST((four.size() > 30 && four.size() < 70));
  for (const Question& question : two) {
    BOOST_TEST(question.prompt.size() == 6u);
    BOOST_TEST(question.candidates.size() == 2u);
    BOOST_TEST(question.candidates.at(question.answer) == question.references.at(0));
    std::multiset<std::string> texts, want;
    for (const std::size_t s : {1, 3}) texts.insert(question.prompt[s].text);
    for (const std::string& name : question.candidates)
      want.insert(question.prompt.back().text + " " + name + ".");
    BOOST_TEST(texts == want, boost::test_tools::per_element());
  }

  const auto records =
      read_held_out({sample_path("few-shot")}, "eval.episodes", DataRole::interleaved, reading(200), report);
  BOOST_TEST(records.size() == 4u);
  BOOST_TEST(ask_episodes(records, 0).size() == 4u);
  BOOST_TEST(ask_episodes(records, 2).size() == 2u);
  const auto five = ask_episodes(records, 5);  // Two names have not two examples each.
  BOOST_TEST_REQUIRE(five.size() == 2u);
  for (const Question& question : five) {
    BOOST_TEST(pictures_of(question.prompt).size() == 6u);
    BOOST_TEST(question.prompt.back().text == "What is this?");
    BOOST_TEST(question.candidates.at(question.answer) == question.references.at(0));
  }
  BOOST_TEST(report.broken.empty());
}

BOOST_AUTO_TEST_SUITE_END()
