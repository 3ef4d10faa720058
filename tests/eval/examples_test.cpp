#include "eval/examples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>
#include <set>

#include "data/problem.hpp"
#include "data/source.hpp"
#include "eval/fixture.hpp"
#include "scratch.hpp"

BOOST_AUTO_TEST_SUITE(evaluation_examples)

using namespace ablate;

namespace {

/// Picture "pI" and "caption I".
std::vector<Document> captioned_pictures(int count) {
  std::vector<Document> documents;
  for (int i = 0; i < count; ++i)
    documents.push_back(
        {.id = fmt::format("d{}", i),
         .segments = {shown_picture(fmt::format("p{}", i)), shown_text(fmt::format("caption {}", i))}});
  return documents;
}

/// Picture "pI", the question "q I?", and one of three answers.
std::vector<Document> questioned_pictures(int count) {
  const std::vector<std::string> answers = {"red", "green", "blue"};
  std::vector<Document> documents;
  for (int i = 0; i < count; ++i)
    documents.push_back(
        {.id = fmt::format("d{}", i),
         .segments = {shown_picture(fmt::format("p{}", i)), shown_text(fmt::format("q {}?", i), false),
                      shown_text(answers[static_cast<std::size_t>(i) % 3])},
         .choices = answers});
  return documents;
}

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

/// The bytes of a prompt's pictures, in order.
std::vector<std::string> pictures_of(const std::vector<Segment>& prompt) {
  std::vector<std::string> found;
  for (const Segment& segment : prompt)
    if (segment.picture) found.push_back(std::get<std::string>(*segment.picture));
  return found;
}

bool all_differ(std::vector<std::string> list) {
  std::sort(list.begin(), list.end());
  return std::adjacent_find(list.begin(), list.end()) == list.end();
}

std::string show_question(const Question& question) {
  return fmt::format("{} : {} : {} : {}", show_prompt(question.prompt), fmt::join(question.candidates, " | "),
                     question.answer, fmt::join(question.references, " | "));
}

std::vector<std::string> show_questions(const std::vector<Question>& questions) {
  std::vector<std::string> shown;
  for (const Question& question : questions) shown.push_back(show_question(question));
  return shown;
}

std::vector<std::string> ids_of(const std::vector<Document>& documents) {
  std::vector<std::string> ids;
  for (const Document& document : documents) ids.push_back(document.id);
  return ids;
}

}  // namespace

BOOST_AUTO_TEST_CASE(held_out_documents_are_read_once_in_an_order_of_their_own) {
  ReadReport report;
  const auto read = [&](std::int64_t most) {
    return ids_of(read_held_out({sample_path("text")}, "eval.text", DataRole::text, most, report));
  };
  const std::vector<std::string> all = read(1000), few = read(10);
  BOOST_TEST(all.size() == 59u);
  BOOST_TEST(all_differ(all));
  BOOST_TEST(!std::is_sorted(all.begin(), all.end()));
  BOOST_TEST(few == std::vector<std::string>(all.begin(), all.begin() + 10),
             boost::test_tools::per_element());
  BOOST_TEST(read(59) == all, boost::test_tools::per_element());
  BOOST_TEST(report.broken.empty());
}

BOOST_AUTO_TEST_CASE(sources_that_are_not_named_or_not_there_are_errors) {
  ReadReport report;
  BOOST_TEST(complaint_of([&] { read_held_out({}, "eval.captions", DataRole::captions, 10, report); }) ==
             "eval.captions: no source is named; expected held-out documents");
  BOOST_CHECK_THROW(read_held_out({"/nowhere/at/all"}, "eval.text", DataRole::text, 10, report), DataError);
  const Scratch scratch;
  const std::string source = scratch.write("a.jsonl", "{\"text\": 3}\n");
  BOOST_CHECK_THROW(read_held_out({source}, "eval.text", DataRole::text, 10, report), DataError);
}

BOOST_AUTO_TEST_CASE(broken_held_out_documents_are_passed_over_and_told) {
  const Scratch scratch;
  const std::string source =
      scratch.write("a.jsonl", "{\"text\": \"A\"}\n{\"text\": 3}\n{\"text\": \"B\"}\n{\"text\": \"C\"}\n");
  ReadReport report;
  BOOST_TEST(read_held_out({source}, "eval.text", DataRole::text, 3, report).size() == 3u);
  BOOST_TEST(report.broken[ProblemKind::record] <= 1);
  report = {};
  BOOST_TEST(read_held_out({source}, "eval.text", DataRole::text, 100, report).size() == 3u);
  BOOST_TEST(report.broken[ProblemKind::record] >= 1);
  BOOST_TEST(report.first.at(0).where.find("a.jsonl") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(captions_of_other_pictures_are_shown_and_stand_to_choose_from) {
  const auto documents = captioned_pictures(40);
  Eval eval;
  eval.choices = 5;
  for (const std::int64_t shots : {0, 1, 8}) {
    const auto questions = ask_captions(documents, shots, eval);
    BOOST_TEST_REQUIRE(questions.size() == 40u);
    BOOST_TEST((show_questions(ask_captions(documents, shots, eval)) == show_questions(questions)));
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const Question& question = questions[i];
      BOOST_TEST(question.prompt.size() == static_cast<std::size_t>(2 * shots + 1));
      const auto pictures = pictures_of(question.prompt);
      BOOST_TEST(pictures.back() == fmt::format("p{}", i));
      BOOST_TEST(all_differ(pictures));
      for (std::size_t s = 0; s + 1 < pictures.size(); ++s)
        BOOST_TEST(question.prompt[2 * s + 1].text == "caption " + pictures[s].substr(1));
      BOOST_TEST(question.candidates.size() == 5u);
      BOOST_TEST(all_differ(question.candidates));
      BOOST_TEST(question.candidates.at(question.answer) == fmt::format("caption {}", i));
      BOOST_TEST(question.references == std::vector{fmt::format("caption {}", i)},
                 boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(the_prompt_of_captions_follows_every_picture) {
  Eval eval;
  eval.caption_prompt = "Output:";
  const auto questions = ask_captions(captioned_pictures(2), 1, eval);
  BOOST_TEST(show_prompt(questions[0].prompt) == "[p1] Output: caption 1 [p0] Output:");
  BOOST_TEST(show_prompt(questions[1].prompt) == "[p0] Output: caption 0 [p1] Output:");
}

BOOST_AUTO_TEST_CASE(the_right_caption_stands_in_any_place_and_wrong_ones_are_of_any_picture) {
  constexpr int kPictures = 2000;
  Eval eval;
  std::vector<double> places(4);
  std::map<std::string, int> wrong, shown;
  for (const Question& question : ask_captions(captioned_pictures(kPictures), 3, eval)) {
    ++places.at(question.answer);
    for (std::size_t c = 0; c < question.candidates.size(); ++c)
      if (c != question.answer) ++wrong[question.candidates[c]];
    for (std::size_t s = 0; s < 3; ++s) ++shown[question.prompt[2 * s + 1].text];
  }
  double chi_square = 0;
  for (const double count : places) chi_square += (count - 500) * (count - 500) / 500;
  BOOST_TEST(chi_square < 16.27);  // 3 degrees of freedom, 0.1 %.
  // Each is drawn 3 times on the average: Poisson, 15 of 2,000 would be one in 10^4.
  for (const auto& counts : {wrong, shown}) {
    BOOST_TEST(counts.size() > kPictures * 0.92);
    for (const auto& [caption, count] : counts) BOOST_TEST(count < 15, caption);
  }
}

BOOST_AUTO_TEST_CASE(captions_that_are_equal_are_no_choice) {
  auto documents = captioned_pictures(30);
  for (std::size_t i = 0; i < documents.size(); ++i)
    documents[i].segments.back().text = std::string("caption ") + "abc"[i % 3];
  Eval eval;
  eval.choices = 3;
  for (const Question& question : ask_captions(documents, 2, eval)) {
    BOOST_TEST(question.candidates.size() == 3u);
    BOOST_TEST(all_differ(question.candidates));
    BOOST_TEST(question.candidates.at(question.answer) == question.references.at(0));
  }
  // A lone picture has nothing beside it.
  const auto lone = ask_captions(captioned_pictures(1), 0, Eval{});
  BOOST_TEST(show_question(lone.at(0)) == "[p0] :  : 0 : caption 0");
  for (Document& document : documents) document.segments.back().text = "the same";
  for (const Question& question : ask_captions(documents, 2, Eval{})) {
    BOOST_TEST(question.candidates.empty());
    BOOST_TEST(question.references.at(0) == "the same");
  }
  BOOST_TEST(ask_captions({}, 4, Eval{}).empty());
}

BOOST_AUTO_TEST_CASE(all_that_people_wrote_is_right_to_write) {
  auto documents = captioned_pictures(2);
  documents[0].references = {"caption 0", "another"};
  const auto captions = ask_captions(documents, 0, Eval{});
  BOOST_TEST(fmt::format("{}", fmt::join(captions[0].references, " | ")) == "caption 0 | another");
  // The same in documents of their own.
  auto apart = captioned_pictures(3);
  apart[1] = apart[0];
  apart[1].segments.back().text = "another";
  const auto of_pictures = ask_captions(apart, 1, Eval{});
  BOOST_TEST(of_pictures.size() == 3u);
  for (const std::size_t i : {0, 1})
    BOOST_TEST(fmt::format("{}", fmt::join(of_pictures[i].references, " | ")) == "caption 0 | another");
  const auto written = one_per_subject(of_pictures);
  BOOST_TEST(written.size() == 2u);
  BOOST_TEST(written[1].references.at(0) == "caption 2");
  auto asked = questioned_pictures(1);
  asked[0].references = {"red", "scarlet"};
  const auto questions = ask_questions(asked, 0, Eval{});
  BOOST_TEST(fmt::format("{}", fmt::join(questions[0].references, " | ")) == "red | scarlet");
}

BOOST_AUTO_TEST_CASE(questions_follow_their_picture_in_the_words_of_the_prompt) {
  Eval eval;
  BOOST_TEST(show_question(ask_questions(questioned_pictures(1), 0, eval).at(0)) ==
             "[p0] q 0? : red | green | blue : 0 : red");
  eval.question_prompt = "Question: {} Short answer:";
  const auto questions = ask_questions(questioned_pictures(2), 1, eval);
  BOOST_TEST(show_question(questions[0]) ==
             "[p1] Question: q 1? Short answer: green [p0] Question: q 0? Short answer: : "
             "red | green | blue : 0 : red");
  BOOST_TEST(show_question(questions[1]) ==
             "[p0] Question: q 0? Short answer: red [p1] Question: q 1? Short answer: : "
             "red | green | blue : 1 : green");
}

BOOST_AUTO_TEST_CASE(questions_come_with_several_texts_and_pictures_or_without_any) {
  Document document{.id = "d",
                    .segments = {shown_picture("a"), shown_text("Left", false), shown_picture("b"),
                                 shown_text("right: which?", false), shown_text("left")},
                    .choices = {"right", "left", "right"}};
  Eval eval;
  BOOST_TEST(show_question(ask_questions({document}, 0, eval).at(0)) ==
             "[a] [b] Left right: which? : right | left : 1 : left");
  document.segments = {shown_text("Which?", false), shown_text("left")};
  for (const char* times : {"one", "two"}) {  // What has one answer alone is no choice.
    document.choices.assign(times == std::string("one") ? 1 : 2, "left");
    BOOST_TEST(show_question(ask_questions({document}, 0, eval).at(0)) == "Which? :  : 0 : left");
  }
  document.choices = {};
  BOOST_TEST(show_question(ask_questions({document}, 0, eval).at(0)) == "Which? :  : 0 : left");
  document.segments = {shown_picture("a"), shown_text("left")};
  BOOST_TEST(show_question(ask_questions({document}, 0, eval).at(0)) == "[a] :  : 0 : left");
}

BOOST_AUTO_TEST_CASE(no_question_is_shown_to_itself_and_none_twice) {
  const auto documents = questioned_pictures(12);
  for (const std::int64_t shots : {1, 6, 11}) {
    const auto questions = ask_questions(documents, shots, Eval{});
    BOOST_TEST_REQUIRE(questions.size() == 12u);
    BOOST_TEST((show_questions(ask_questions(documents, shots, Eval{})) == show_questions(questions)));
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const auto pictures = pictures_of(questions[i].prompt);
      BOOST_TEST(pictures.size() == static_cast<std::size_t>(shots + 1));
      BOOST_TEST(pictures.back() == fmt::format("p{}", i));
      BOOST_TEST(all_differ(pictures));
      for (std::size_t s = 0; s + 1 < pictures.size(); ++s) {
        const auto number = static_cast<std::size_t>(std::stoi(pictures[s].substr(1)));
        BOOST_TEST(questions[i].prompt[3 * s + 1].text == documents[number].segments[1].text);
        BOOST_TEST(questions[i].prompt[3 * s + 2].text == documents[number].segments[2].text);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_shown_as_many_examples_is_no_question) {
  for (const std::int64_t shots : {0, 1, 2, 3, 8, 100}) {
    const std::size_t left = shots <= 2 ? 3 : 0;
    const auto captions = ask_captions(captioned_pictures(3), shots, Eval{});
    BOOST_TEST(captions.size() == left);
    for (const Question& question : captions)
      BOOST_TEST(pictures_of(question.prompt).size() == static_cast<std::size_t>(shots + 1));
    BOOST_TEST(ask_questions(questioned_pictures(3), shots, Eval{}).size() == left);
    BOOST_TEST(ask_captions({}, shots, Eval{}).empty());
  }
}

BOOST_AUTO_TEST_CASE(nothing_of_the_same_picture_is_shown_or_stands_to_choose_from) {
  auto captioned = captioned_pictures(9);
  auto asked = questioned_pictures(9);
  for (const std::size_t i : {4, 5, 6, 7})  // Four documents about picture 3, besides itself.
    captioned[i].segments[0] = asked[i].segments[0] = shown_picture("p3");
  captioned[8] = captioned[2];  // The same once more.
  asked[8] = asked[2];
  captioned[3].references = {"caption 3", "caption 0"};  // Right for it, too.
  // Different pictures are p0, p1, p2, p3.
  const std::pair<std::int64_t, std::size_t> known[] = {{0, 9}, {3, 9}, {4, 4}, {7, 4}, {8, 0}};
  for (const auto& [shots, left] : known) {
    BOOST_TEST_CONTEXT(shots << " shots") {
      Eval eval;
      eval.choices = 3;
      const auto captions = ask_captions(captioned, shots, eval),
                 questions = ask_questions(asked, shots, eval);
      BOOST_TEST(questions.size() == left);
      BOOST_TEST(captions.size() == left);
      for (const auto& list : {captions, questions})
        for (const Question& question : list) {
          auto pictures = pictures_of(question.prompt);
          const std::string own = pictures.back();
          pictures.pop_back();
          BOOST_TEST(std::count(pictures.begin(), pictures.end(), own) == 0);
          BOOST_TEST(std::count(pictures.begin(), pictures.end(), "p2") <= 1);
          if (own < "p2") BOOST_TEST(question.id == "d" + own.substr(1));
        }
      for (const Question& question : captions) {
        const bool is_three = pictures_of(question.prompt).back() == "p3";
        // Of the eight captions: five are of picture 3, which has one of another's besides.
        BOOST_TEST(question.candidates.size() == 3u);
        for (std::size_t c = 0; c < question.candidates.size(); ++c)
          if (is_three && c != question.answer)
            BOOST_TEST((question.candidates[c] == "caption 1" || question.candidates[c] == "caption 2"));
      }
      eval.choices = 8;  // More than picture 3 has.
      for (const Question& question : ask_captions(captioned, shots, eval))
        BOOST_TEST(question.candidates.size() == (pictures_of(question.prompt).back() == "p3" ? 0u : 8u));
    }
  }
}

BOOST_AUTO_TEST_CASE(no_question_without_a_picture_is_shown_to_its_like) {
  std::vector<Document> documents;
  for (const char* text : {"Which?", "Where?", "Which?", "When?"})
    documents.push_back(
        {.id = text, .segments = {shown_text(text, false), shown_text("left")}, .choices = {}});
  documents[2].segments[1].text = "right";
  const auto questions = ask_questions(documents, 2, Eval{});
  BOOST_TEST(questions.size() == 4u);
  BOOST_TEST(questions[0].prompt.back().text == "Which?");
  for (const std::size_t i : {0, 2})
    for (std::size_t s = 0; s + 1 < questions[i].prompt.size(); ++s)
      BOOST_TEST(questions[i].prompt[s].text != "Which?");
  BOOST_TEST(ask_questions(documents, 3, Eval{}).size() == 2u);  // For the others.
}

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
  const auto scenes =
      read_held_out({sample_path("scenes.toml")}, "eval.episodes", DataRole::interleaved, 200, report);
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
      read_held_out({sample_path("few-shot")}, "eval.episodes", DataRole::interleaved, 200, report);
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

BOOST_AUTO_TEST_CASE(shots_have_a_name) {
  BOOST_TEST(shots_name(0) == "0-shot");
  BOOST_TEST(shots_name(16) == "16-shot");
}

BOOST_AUTO_TEST_SUITE_END()
