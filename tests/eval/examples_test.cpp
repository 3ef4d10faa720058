#include "eval/examples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>
#include <set>

#include "data/fixture.hpp"
#include "data/problem.hpp"
#include "data/source.hpp"
#include "eval/fixture.hpp"
#include "scratch.hpp"
#include "util/json.hpp"

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

std::vector<std::string> ids_of(const std::vector<Document>& documents) {
  std::vector<std::string> ids;
  for (const Document& document : documents) ids.push_back(document.id);
  return ids;
}

}  // namespace

BOOST_AUTO_TEST_CASE(held_out_documents_are_read_once_in_an_order_of_their_own) {
  ReadReport report;
  const auto read = [&](std::int64_t most) {
    return ids_of(read_held_out({sample_path("text")}, "eval.text", DataRole::text, reading(most), report));
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

BOOST_AUTO_TEST_CASE(questions_are_known_by_all_that_they_ask) {
  const std::vector<Document> documents = questioned_pictures(6);
  QuestionIdentities identities;
  const Question question = ask_questions(documents, 2, Eval()).at(0);
  std::set<std::uint64_t> different = {identities.of(question)};
  const auto changed = [&](const auto& change) {
    Question other = question;
    change(other);
    BOOST_TEST(different.insert(identities.of(other)).second, show_question(other));
  };
  changed([](Question& q) { q.prompt[0] = shown_picture("another one"); });
  changed([](Question& q) { q.prompt.pop_back(); });
  changed([](Question& q) { std::swap(q.prompt[0], q.prompt[3]); });
  changed([](Question& q) { q.candidates.pop_back(); });
  changed([](Question& q) { q.answer = 1 - q.answer; });
  changed([](Question& q) { q.references.push_back("red"); });
  changed([](Question& q) { q.prompt.back().text += " "; });
  // Neither the place nor another copy of it makes another question, nor the order of candidates.
  Question same = ask_questions(questioned_pictures(6), 2, Eval()).at(0);
  same.id = "elsewhere";
  same.subject = 17;
  std::reverse(same.candidates.begin(), same.candidates.end());
  same.answer = same.candidates.size() - 1 - same.answer;
  QuestionIdentities others;
  BOOST_TEST(others.of(same) == identities.of(question));
  BOOST_TEST(others.of(documents[1]) == identities.of(questioned_pictures(2)[1]));
  BOOST_TEST(others.of(documents[1]) != others.of(documents[2]));
  BOOST_TEST(QuestionIdentities::of({1, 23}) != QuestionIdentities::of({12, 3}));

  // Scenes by what is drawn.
  const auto read = [&] {
    ReadReport report;
    return read_held_out({sample_path("scenes.toml")}, "eval.captions", DataRole::captions, reading(50),
                         report);
  };
  const std::vector<Document> once = read(), again = read();
  std::set<std::uint64_t> scenes;
  for (std::size_t i = 0; i < once.size(); ++i) {
    BOOST_TEST(identities.of(once[i]) == identities.of(again[i]));
    scenes.insert(identities.of(once[i]));
  }
  BOOST_TEST(scenes.size() == 50u);
}

BOOST_AUTO_TEST_CASE(sources_that_are_not_named_or_not_there_are_errors) {
  ReadReport report;
  BOOST_TEST(complaint_of([&] {
               read_held_out({}, "eval.captions", DataRole::captions, reading(10), report);
             }) == "eval.captions: no source is named; expected held-out documents");
  BOOST_CHECK_THROW(read_held_out({"/nowhere/at/all"}, "eval.text", DataRole::text, reading(10), report),
                    DataError);
  const Scratch scratch;
  const std::string source = scratch.write("a.jsonl", "{\"text\": 3}\n");
  BOOST_CHECK_THROW(read_held_out({source}, "eval.text", DataRole::text, reading(10), report), DataError);
}

BOOST_AUTO_TEST_CASE(each_broken_held_out_document_is_told_once_wherever_it_stands) {
  const Scratch scratch;
  for (const int broken : {0, 1, 7, 11}) {
    for (int first = 0; first <= 12 - broken; ++first) {
      std::string lines;
      for (int i = 0; i < 12; ++i)
        lines += i >= first && i < first + broken ? std::string("{\"text\": 3}\n")
                                                  : fmt::format("{{\"text\": \"{}\"}}\n", i);
      const std::string source = scratch.write("a.jsonl", lines);
      ReadReport report;
      BOOST_TEST(read_held_out({source}, "eval.text", DataRole::text, reading(100, 1), report).size() ==
                 static_cast<std::size_t>(12 - broken));
      BOOST_TEST(report.documents == 12);
      BOOST_TEST((broken == 0 ? report.broken.empty() : report.broken[ProblemKind::record] == broken));
      BOOST_TEST(report.first.size() == static_cast<std::size_t>(broken));
    }
  }
}

BOOST_AUTO_TEST_CASE(held_out_records_that_are_there_again_count_once) {
  const Scratch scratch;
  for (const char* name : {"a.png", "b.png"}) scratch.write(name, square_png(8, 200, 0, 0));
  const auto record = [](const char* image, const char* question, const char* answer,
                         const std::vector<std::string>& choices) {
    return Json{{"image", image}, {"question", question}, {"answer", answer}, {"choices", choices}}.dump() +
           "\n";
  };
  const std::string asked = record("a.png", "What?", "red", {"red", "blue"}),
                    other_name = record("b.png", "What?", "red", {"red", "blue"}),
                    others = record("a.png", "Which?", "red", {"red", "blue"}) +
                             record("a.png", "What?", "blue", {"red", "blue"}) +
                             record("a.png", "What?", "red", {"red", "green"});
  const std::vector<std::string> sources = {scratch.write("1.jsonl", asked + others + asked + other_name),
                                            scratch.write("2.jsonl", others)};
  ReadReport report;
  BOOST_TEST(read_held_out(sources, "eval.questions", DataRole::sft, reading(100), report).size() == 4u);
  BOOST_TEST(report.documents == 9);
  BOOST_TEST(report.repeated == 5);
  BOOST_TEST(report.broken.empty());
  // They take no place of others.
  BOOST_TEST(read_held_out(sources, "eval.questions", DataRole::sft, reading(4), report).size() == 4u);
}

BOOST_AUTO_TEST_CASE(of_held_out_documents_the_share_alone_decides_how_many_may_be_broken) {
  const Scratch scratch;
  const std::string source =
      scratch.write("a.jsonl", "{\"text\": 3}\n{\"text\": \"A\"}\n{\"text\": \"B\"}\n{\"text\": \"C\"}\n");
  const auto complaint = [&](double share) {
    ReadReport report;
    return complaint_of(
        [&] { read_held_out({source}, "eval.text", DataRole::text, reading(100, share), report); });
  };
  BOOST_TEST(complaint(0.25) == "no error");
  BOOST_TEST(complaint(0.24).starts_with("1 of 4 documents are broken, more than run.max_broken_share = 0.24 "
                                         "allows; the first: a.jsonl: byte 0: "),
             complaint(0.24));
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

BOOST_AUTO_TEST_CASE(shots_have_a_name) {
  BOOST_TEST(shots_name(0) == "0-shot");
  BOOST_TEST(shots_name(16) == "16-shot");
}

BOOST_AUTO_TEST_SUITE_END()
