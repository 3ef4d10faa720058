// What has only one possible value, or counts what is not known, is no score: it is left out and counted, and
// an error where nothing else is left.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "data/fixture.hpp"
#include "data/pieces.hpp"
#include "data/problem.hpp"
#include "eval/oracle.hpp"

BOOST_AUTO_TEST_SUITE(no_score)

using namespace ablate;
namespace tt = boost::test_tools;

namespace {

/// A tokenizer as other systems have them, which makes one piece of whatever it does not know.
std::filesystem::path write_tokenizer_without_bytes(const Scratch& scratch) {
  struct Lines : PieceLines {
    bool done() const override { return number >= 300; }
    const std::string& line() const override { return text; }
    void advance() override { text = sentence(++number, 12); }
    std::uint64_t number = 0;
    std::string text = sentence(0, 12);
  } lines;
  std::string model;
  const std::string problem = piece_library().train(
      {{"model_type", "bpe"}, {"vocab_size", "80"}, {"minloglevel", "2"}}, lines, model);
  BOOST_TEST_REQUIRE(problem == "");
  return scratch.write("unknown.model", model);
}

}  // namespace

BOOST_AUTO_TEST_CASE(where_there_is_nothing_to_choose_from_there_is_no_hit) {
  const Scratch scratch;
  std::string questions;
  for (const Json& choices : {Json{"a", "b", "a"}, Json{"a"}, Json{"a", "a"}, Json()}) {
    Json line = {{"question", fmt::format("{}?", questions.size())}, {"answer", "a"}};
    if (!choices.is_null()) line["choices"] = choices;
    questions += line.dump() + "\n";
  }
  Eval eval;
  eval.questions = eval.doctext = {scratch.write("q.jsonl", questions).string()};
  eval.shots = {0};
  for (const auto& [task, name] :
       {std::pair<OracleTask, std::string>{evaluate_vqa, "vqa"}, {evaluate_doctext, "doctext"}})
    for (const bool right : {true, false}) {
      Json detail;
      const auto scores = oracle_scores(task, eval, Oracle(right), &detail);
      check_score(scores.at(name + "/0-shot"), right, 1);
      check_score(scores.at(name + "-chance/0-shot"), 0.5, 1);
      check_score(scores.at(name + "-exact/0-shot"), right, 4);
      BOOST_TEST(detail == (Json{{"left_out", {{name + "/0-shot", 2}}}}));
    }
  questions = "{\"question\": \"One?\", \"answer\": \"a\", \"choices\": [\"a\", \"a\"]}\n";
  eval.questions = eval.doctext = {scratch.write("one.jsonl", questions).string()};
  BOOST_TEST(names_of_scores(oracle_scores(evaluate_vqa, eval)) == "vqa-accuracy/0-shot vqa-exact/0-shot");
  eval.max_new_tokens = 0;
  BOOST_CHECK_THROW(oracle_scores(evaluate_vqa, eval), DataError);
  BOOST_TEST(complaint_of([&] { oracle_scores(evaluate_doctext, eval); }) ==
             "eval.doctext: 1 question and too little to choose from; expected questions with two different "
             "choices, or eval.max_new_tokens above 0");
}

BOOST_AUTO_TEST_CASE(captions_that_cannot_be_told_apart_are_no_question) {
  const Scratch scratch;
  const auto captioned = [&](const std::vector<std::pair<int, std::string>>& lines) {
    std::string text;
    for (const auto& [picture, caption] : lines) {
      const std::string name = fmt::format("{}.png", picture);
      scratch.write(name, square_png(8, static_cast<std::uint8_t>(90 * picture), 1, 2));
      text += Json{{"image", name}, {"caption", caption}}.dump() + "\n";
    }
    return scratch.write("c.jsonl", text).string();
  };
  Eval eval;
  eval.shots = {0};
  eval.choices = 2;
  using Lines = std::vector<std::pair<int, std::string>>;
  for (const Lines& lines : {Lines{{0, "one"}}, Lines{{0, "same"}, {1, "same"}}, Lines{{0, "a"}, {0, "b"}}}) {
    eval.captions = {captioned(lines)};
    BOOST_CHECK_THROW(oracle_scores(evaluate_caption, eval), DataError);
    BOOST_TEST(complains_of(complaint_of([&] { oracle_scores(evaluate_caption, eval); }),
                            " and too little to choose from; expected 2 different captions for one of them "
                            "(eval.choices): its own, and those of other pictures"));
  }
  // Picture 2 has both captions: nothing is wrong of it. CIDEr has no words that tell the others apart.
  eval.captions = {captioned({{0, "Square."}, {1, "square"}, {2, "Square."}, {2, "square"}})};
  Json detail;
  const auto scores = oracle_scores(evaluate_caption, eval, Oracle(), &detail);
  BOOST_TEST(names_of_scores(scores) == "caption-chance/0-shot caption/0-shot");
  check_score(scores.at("caption/0-shot"), 1, 2);
  check_score(scores.at("caption-chance/0-shot"), 0.5, 2);
  BOOST_TEST(detail == (Json{{"left_out", {{"caption/0-shot", 2}, {"cider/0-shot", 3}}}}));

  // Picture 2 has two of the four captions, so three to choose from: no question of four.
  eval.captions = {captioned({{0, "a"}, {1, "b"}, {2, "c"}, {2, "d"}})};
  eval.max_new_tokens = 0;
  const std::pair<std::int64_t, int> known[] = {{2, 4}, {3, 4}, {4, 2}};
  for (const auto& [choices, questions] : known) {
    eval.choices = choices;
    const auto ranked = oracle_scores(evaluate_caption, eval, Oracle(), &detail);
    check_score(ranked.at("caption/0-shot"), 1, questions);
    check_score(ranked.at("caption-chance/0-shot"), 1.0 / static_cast<double>(choices), questions);
    BOOST_TEST(detail ==
               (questions == 4 ? Json::object() : Json{{"left_out", {{"caption/0-shot", 4 - questions}}}}));
  }
  eval.choices = 5;
  BOOST_TEST(
      complaint_of([&] { oracle_scores(evaluate_caption, eval); }) ==
      "eval.captions: 4 questions and too little to choose from; expected 5 different captions for one "
      "of them (eval.choices): its own, and those of other pictures");
}

BOOST_AUTO_TEST_CASE(episodes_of_one_name_are_no_question) {
  const Scratch scratch;
  scratch.write("0.png", square_png(8, 90, 1, 2));
  const auto episode = [&](const Json& choices) {
    return Json{{"support", {{{"image", "0.png"}, {"text", "This is a dax."}}}},
                {"query", {{"image", "0.png"}}},
                {"question", "This is a"},
                {"answer", "dax"},
                {"choices", choices}}
               .dump() +
           "\n";
  };
  Eval eval;
  eval.shots = {0};
  eval.episodes = {scratch.write("e.jsonl", episode({"dax"}) + episode({"dax", "dax"})).string()};
  BOOST_CHECK_THROW(oracle_scores(evaluate_fewshot, eval), DataError);
  BOOST_TEST(  // A choice that stands twice is one: the second episode is the first again.
      complaint_of([&] { oracle_scores(evaluate_fewshot, eval); }) ==
      "eval.episodes: 1 question and too little to choose from; expected episodes of two different names");
  eval.episodes = {scratch.write("e.jsonl", episode({"dax"}) + episode({"dax", "wug"})).string()};
  Json detail;
  check_score(oracle_scores(evaluate_fewshot, eval, Oracle(), &detail).at("fewshot/0-shot"), 1, 1);
  BOOST_TEST(detail == (Json{{"left_out", {{"fewshot/0-shot", 1}}}}));
}

BOOST_AUTO_TEST_CASE(bits_of_text_that_the_tokenizer_does_not_know_are_not_known) {
  Eval eval;
  eval.text = {sample_path("text")};
  Oracle oracle;
  oracle.with_unknown = 9;
  Json detail;
  auto scores = oracle_scores(evaluate_heldout_loss, eval, oracle, &detail);
  check_score(scores.at("heldout-loss/text"), (50 * 8 + 9 * 1) / (59 * 4.0), 59);
  check_score(scores.at("bits-per-byte/text"), 4 / std::log(2.0), 50);
  BOOST_TEST(detail == (Json{{"left_out", {{"bits-per-byte/text", 9}}}}));
  oracle.with_unknown = 59;
  scores = oracle_scores(evaluate_heldout_loss, eval, oracle, &detail);
  BOOST_TEST(names_of_scores(scores) == "heldout-loss/text");
  BOOST_TEST(detail == (Json{{"left_out", {{"bits-per-byte/text", 59}}}}));
}

BOOST_AUTO_TEST_CASE(what_the_tokenizer_does_not_know_is_no_text_of_known_bytes_and_no_choice) {
  SavedModel saved(Stage::llm, 10);
  saved.recipe.data.tokenizer = write_tokenizer_without_bytes(saved).string();
  const Tokenizer tokenizer(saved.recipe.data.tokenizer);
  const std::unique_ptr<LanguageModel> model = load_language_model(saved.job(), kNeverStop);
  BOOST_TEST(tokenizer.piece(tokenizer.unknown()) == "<unk>");
  std::vector<Document> documents;
  for (const char* text : {"a red coat", "a red 東京 coat", "東京", "東京 and left"})
    documents.push_back({.id = text, .segments = {shown_text(text)}});
  ReadReport report;
  const auto found = model->losses(documents, DataRole::interleaved, report);
  const std::string first = tokenizer.decode(std::vector{tokenizer.encode("a red coat")[0]});
  BOOST_TEST(found.at(0).bytes.value() == 10 - std::ssize(first));
  for (const std::size_t unknown : {1, 2, 3}) {
    BOOST_TEST(!found.at(unknown).bytes, documents[unknown].id);
    BOOST_TEST(found.at(unknown).tokens == std::ssize(tokenizer.encode(documents[unknown].id)));
  }

  std::vector<Question> questions(3);
  for (Question& question : questions) question.prompt = {shown_text("the red")};
  questions[0].candidates = {"coat", "東京"};
  questions[1].candidates = {"東", "京"};
  questions[2].candidates = {"東", "京", "coat"};
  const auto ranked = model->rank(questions, report);
  BOOST_TEST(ranked.at(0).size() == 2u);
  BOOST_TEST(ranked.at(1).empty());
  BOOST_TEST_REQUIRE(ranked.at(2).size() == 3u);
  BOOST_TEST(ranked[2][0].nats == ranked[2][1].nats, tt::tolerance(1e-6));
}

BOOST_AUTO_TEST_SUITE_END()
