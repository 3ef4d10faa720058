// Which answer of several people's is right, from the record to the question.
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "data/fixture.hpp"
#include "eval/examples.hpp"
#include "eval/fixture.hpp"
#include "scratch.hpp"
#include "util/json.hpp"

BOOST_AUTO_TEST_SUITE(right_answer)

using namespace ablate;

BOOST_AUTO_TEST_CASE(the_order_of_answers_and_of_choices_makes_no_other_example) {
  const Scratch scratch;
  scratch.write("a.png", square_png(8, 200, 0, 0));
  const auto asked = [&](const std::vector<Json>& records) {
    std::string lines;
    for (Json record : records) {
      record["image"] = "a.png";
      record["question"] = "Is it so?";
      lines += record.dump() + "\n";
    }
    ReadReport report;
    const auto documents = read_held_out({scratch.write("a.jsonl", lines)}, "eval.questions", DataRole::sft,
                                         reading(100), report);
    BOOST_TEST(report.repeated == std::ssize(records) - std::ssize(documents));
    BOOST_TEST(report.broken.empty());
    return documents.size();
  };
  using Texts = std::vector<std::string>;
  const auto record = [](const Texts& answers, const Texts& choices) {
    return Json{{"answers", answers}, {"choices", choices}};
  };
  const Texts choices = {"yes", "no", "x"};
  const Json named = {{"answer", "yes"}, {"choices", choices}};
  BOOST_TEST(asked({named, Json{{"answer", "yes"}, {"choices", Texts{"no", "x", "yes"}}}}) == 1u);
  BOOST_TEST(asked({named, Json{{"answer", "yes"}, {"choices", Texts{"no", "x", "yes", "no"}}}}) == 1u);
  BOOST_TEST(asked({named, Json{{"answer", "yes"}, {"choices", Texts{"no", "yes"}}}}) == 2u);
  BOOST_TEST(asked({named, Json{{"answer", "no"}, {"choices", choices}}}) == 2u);
  BOOST_TEST(asked({record({"yes", "no"}, choices), record({"no", "yes"}, choices)}) == 1u);
  BOOST_TEST(asked({Json{{"answers", Texts{"a b", "c"}}}, Json{{"answers", Texts{"c", "a b"}}}}) == 1u);
  BOOST_TEST(asked({Json{{"answers", Texts{"No", "no"}}}, Json{{"answers", Texts{"no", "No"}}}}) == 1u);
  BOOST_TEST(asked({record({"yes", "no", "no"}, choices), record({"no", "no", "yes"}, choices)}) == 1u);
  BOOST_TEST(asked({record({"yes", "no", "no"}, choices), record({"no", "yes", "yes"}, choices)}) == 2u);
  BOOST_TEST(asked({record({"yes", "no"}, choices), record({"no", "yes", "yes", "no"}, choices)}) == 2u);
  // What a record names right is no matter of order.
  Json yes = record({"yes", "no"}, choices), no = yes;
  yes["answer"] = "yes";
  no["answer"] = "no";
  BOOST_TEST(asked({yes, no}) == 2u);
}

BOOST_AUTO_TEST_CASE(what_most_people_answered_is_the_right_choice) {
  const Scratch scratch;
  scratch.write("a.png", square_png(8, 200, 0, 0));
  for (const std::size_t place : {0u, 4u, 9u}) {
    std::vector<std::string> answers(10, "no");
    answers[place] = "yes";
    const Json record = {{"image", "a.png"},
                         {"question", "Is it so?"},
                         {"answers", answers},
                         {"choices", std::vector<std::string>{"yes", "no"}}};
    ReadReport report;
    const auto documents = read_held_out({scratch.write("a.jsonl", record.dump() + "\n")}, "eval.questions",
                                         DataRole::sft, reading(100), report);
    const std::vector<Question> questions = ask_questions(documents, 0, Eval());
    BOOST_REQUIRE(questions.size() == 1u);
    BOOST_TEST(questions[0].candidates.at(questions[0].answer) == "no");
    BOOST_TEST(questions[0].references == answers, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_SUITE_END()
