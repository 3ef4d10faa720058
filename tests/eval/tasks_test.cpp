// What the evaluations of a model of language make of its answers.
#include "eval/tasks.hpp"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "data/fixture.hpp"
#include "data/source.hpp"
#include "eval/cider.hpp"
#include "eval/oracle.hpp"

BOOST_AUTO_TEST_SUITE(evaluation_tasks)

using namespace ablate;
namespace tt = boost::test_tools;

BOOST_AUTO_TEST_CASE(captions_are_all_right_for_who_knows_them) {
  Eval eval;
  eval.captions = {sample_path("captions")};
  eval.shots = {0, 2};
  Oracle oracle;
  oracle.goes_on = " Output: of the next picture";
  const auto scores = oracle_scores(evaluate_caption, eval, oracle);
  BOOST_TEST(names_of_scores(scores) ==
             "caption-chance/0-shot caption-chance/2-shot caption/0-shot caption/2-shot cider/0-shot "
             "cider/2-shot");
  std::vector<CaptionExample> examples;
  for (const Document& document : read_sample("captions", DataRole::captions)) {
    const std::string& caption = document.segments.back().text;
    examples.push_back({caption, {caption}});
  }
  double mean = 0;
  for (const auto& score : cider_d(examples)) mean += score.value() / static_cast<double>(examples.size());
  BOOST_TEST(mean > 5);
  const auto n = std::ssize(examples);
  for (const char* shots : {"0-shot", "2-shot"}) {
    check_score(scores.at(std::string("caption/") + shots), 1, n);
    check_score(scores.at(std::string("cider/") + shots), mean, n);
    BOOST_TEST(scores.at(std::string("caption/") + shots).standard_error.value() == 0);
    check_score(scores.at(std::string("caption-chance/") + shots), 0.25, n);
    BOOST_TEST(!scores.at(std::string("caption-chance/") + shots).standard_error);
  }
}

BOOST_AUTO_TEST_CASE(outcomes_make_the_score_that_they_are_kept_beside) {
  EvaluationJob job;
  Eval& eval = job.experiment.eval;
  eval.captions = eval.questions = eval.episodes = {sample_path("scenes.toml")};
  eval.text = {sample_path("text")};
  eval.shots = {0, 4};
  eval.max_examples = 20;
  for (const OracleTask task : {evaluate_caption, evaluate_vqa, evaluate_fewshot, evaluate_heldout_loss}) {
    EvalFindings findings;
    Oracle oracle;
    oracle.with_unknown = 3;
    task(job, oracle, findings);
    check_outcomes(findings.evaluation);
    BOOST_TEST(!findings.evaluation.outcomes.empty());
  }
}

BOOST_AUTO_TEST_CASE(captions_are_compared_by_their_likelihood_per_token) {
  Eval eval;
  eval.captions = {sample_path("captions")};
  eval.episodes = {sample_path("scenes.toml")};
  eval.shots = {0};
  eval.max_examples = 10;
  eval.max_new_tokens = 0;
  Oracle oracle;
  oracle.better = {-10, 10};
  oracle.worse = {-2, 1};
  const auto captions = oracle_scores(evaluate_caption, eval, oracle);
  BOOST_TEST(names_of_scores(captions) == "caption-chance/0-shot caption/0-shot");
  check_score(captions.at("caption/0-shot"), 1, 10);
  check_score(oracle_scores(evaluate_fewshot, eval, oracle).at("fewshot/0-shot"), 0, 10);
}

BOOST_AUTO_TEST_CASE(questions_that_cannot_have_their_shots_are_left_out_and_counted) {
  const Scratch scratch;
  std::string captions, questions;
  // Three of one picture, and two others.
  for (const int picture : {0, 0, 0, 1, 2}) {
    const std::string name = fmt::format("{}.png", picture);
    scratch.write(name, square_png(8, static_cast<std::uint8_t>(90 * picture), 1, 2));
    const std::string text = fmt::format("text {}", captions.size());
    captions += Json{{"image", name}, {"caption", text}}.dump() + "\n";
    questions +=
        Json{{"image", name}, {"question", text + "?"}, {"answer", "a"}, {"choices", {"a", "b"}}}.dump() +
        "\n";
  }
  Eval eval;
  eval.captions = {scratch.write("c.jsonl", captions).string()};
  eval.questions = eval.doctext = {scratch.write("q.jsonl", questions).string()};
  eval.shots = {0, 2, 3, 4};
  eval.choices = 3;
  for (const auto& [task, name] : {std::pair<OracleTask, std::string>{evaluate_caption, "caption"},
                                   {evaluate_vqa, "vqa"},
                                   {evaluate_doctext, "doctext"}}) {
    BOOST_TEST_CONTEXT(name) {
      eval.max_new_tokens = 0;
      Json detail;
      const auto scores = oracle_scores(task, eval, Oracle(), &detail);
      BOOST_TEST(scores.at(name + "/0-shot").n == 5);
      BOOST_TEST(scores.at(name + "/2-shot").n == 5);
      BOOST_TEST(scores.at(name + "/3-shot").n == 2);
      BOOST_TEST(scores.at(name + "/4-shot").n == 2);
      BOOST_TEST(detail == (Json{{"left_out", {{name + "/3-shot", 3}, {name + "/4-shot", 3}}}}));
      eval.max_new_tokens = 5;
      oracle_scores(task, eval, Oracle(), &detail);
      const std::string written = name == "caption" ? "cider" : name + "-exact";
      // Captions are written of pictures: of the three, one cannot have its shots.
      BOOST_TEST(detail.at("left_out").at(written + "/4-shot") == (name == "caption" ? 1 : 3));
      Eval more = eval;
      more.shots = {0, 5};
      BOOST_TEST(
          complains_of(complaint_of([&] { oracle_scores(task, more); }), "eval.shots: 5: no example of "));
    }
  }
}

BOOST_AUTO_TEST_CASE(chance_is_that_of_the_questions_of_each_number_of_shots_in_any_order) {
  const Scratch scratch;
  // Three about one picture, of four choices, which cannot have three shots, and two others of two.
  std::string lines;
  for (const int picture : {0, 0, 0, 1, 2}) {
    const std::string name = fmt::format("{}.png", picture);
    scratch.write(name, square_png(8, static_cast<std::uint8_t>(90 * picture), 1, 2));
    Json choices = {"a", "b"};
    if (picture == 0) choices = {"a", "b", "c", "d"};
    lines += Json{{"image", name},
                  {"question", fmt::format("{}?", lines.size())},
                  {"answer", "a"},
                  {"choices", choices}}
                 .dump() +
             "\n";
  }
  Eval eval;
  eval.questions = {scratch.write("q.jsonl", lines).string()};
  eval.max_new_tokens = 0;
  for (const auto& shots : {std::vector<std::int64_t>{0, 3}, std::vector<std::int64_t>{3, 0}}) {
    eval.shots = shots;
    const auto scores = oracle_scores(evaluate_vqa, eval);
    check_score(scores.at("vqa-chance/0-shot"), (3 * 0.25 + 2 * 0.5) / 5, 5);
    check_score(scores.at("vqa-chance/3-shot"), 0.5, 2);
    for (const auto& [name, score] : scores)
      BOOST_TEST(score.standard_error.has_value() == (name.find("-chance/") == name.npos), name);
  }
}

BOOST_AUTO_TEST_CASE(questions_are_all_right_for_who_knows_the_answers) {
  Eval eval;
  eval.questions = eval.doctext = {sample_path("evaluation")};
  eval.shots = {0, 3};
  const std::pair<const char*, OracleTask> tasks[] = {{"vqa", evaluate_vqa}, {"doctext", evaluate_doctext}};
  for (const auto& [name, task] : tasks) {
    BOOST_TEST_CONTEXT(name) {
      Oracle oracle;
      oracle.goes_on = " Question: and now?";
      const auto scores = oracle_scores(task, eval, oracle);
      BOOST_TEST(scores.size() == 8u);
      for (const char* measure :
           {"/0-shot", "/3-shot", "-exact/0-shot", "-exact/3-shot", "-accuracy/0-shot", "-accuracy/3-shot"})
        check_score(scores.at(name + std::string(measure)), 1, 12);
      // Five questions with ten choices, seven with four.
      for (const char* shots : {"-chance/0-shot", "-chance/3-shot"})
        check_score(scores.at(name + std::string(shots)), (5 * 0.1 + 7 * 0.25) / 12, 12);
      const auto wrong = oracle_scores(task, eval, Oracle(false));
      for (const char* measure : {"/0-shot", "-exact/3-shot", "-accuracy/0-shot"})
        check_score(wrong.at(name + std::string(measure)), 0, 12);
      eval.max_new_tokens = 0;
      BOOST_TEST(oracle_scores(task, eval).size() == 4u);
      eval.max_new_tokens = 20;
    }
  }
}

BOOST_AUTO_TEST_CASE(answers_of_several_people_count_by_how_many_agree) {
  const Scratch scratch;
  Eval eval;
  eval.questions = {scratch.write(
      "q.jsonl",
      "{\"question\": \"One?\", \"answers\": [\"red\", \"red\", \"dark red\", \"blue\"]}\n"
      "{\"question\": \"Two?\", \"answers\": [{\"answer\": \"Two\"}, {\"answer\": \"2\"}, {\"answer\": "
      "\"two.\"}, {\"answer\": \"2\"}]}\n")};
  eval.shots = {0, 1};
  const auto scores = oracle_scores(evaluate_vqa, eval);
  // There is too little to choose from.
  BOOST_TEST(names_of_scores(scores) ==
             "vqa-accuracy/0-shot vqa-accuracy/1-shot vqa-exact/0-shot vqa-exact/1-shot");
  check_score(scores.at("vqa-exact/0-shot"), 1, 2);
  // "red": 1/3, 1/3, 2/3, 2/3 by the others of each; "2": all of them.
  check_score(scores.at("vqa-accuracy/1-shot"), (0.5 + 1) / 2, 2);
  BOOST_TEST(scores.at("vqa-accuracy/1-shot").standard_error.value() == 0.25, tt::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(names_are_all_right_for_who_knows_them) {
  Eval eval;
  eval.episodes = {sample_path("scenes.toml")};
  eval.shots = {0, 2, 4};
  eval.max_examples = 100;
  Json detail;
  auto scores = oracle_scores(evaluate_fewshot, eval, Oracle(), &detail);
  BOOST_TEST(
      names_of_scores(scores) ==
      "fewshot-chance/0-shot fewshot-chance/2-shot fewshot-chance/4-shot fewshot/0-shot fewshot/2-shot "
      "fewshot/4-shot");
  check_score(scores.at("fewshot/0-shot"), 1, 100);
  check_score(scores.at("fewshot/2-shot"), 1, 100);
  const std::int64_t four = scores.at("fewshot/4-shot").n;
  BOOST_TEST((four > 10 && four < 45));
  BOOST_TEST(detail == (Json{{"left_out", {{"fewshot/4-shot", 100 - four}}}}));
  check_score(scores.at("fewshot-chance/0-shot"), 0.5, 100);
  check_score(scores.at("fewshot-chance/4-shot"), 0.5, four);

  eval.episodes = {sample_path("few-shot")};
  eval.shots = {0, 2};
  scores = oracle_scores(evaluate_fewshot, eval);
  check_score(scores.at("fewshot/0-shot"), 1, 4);
  check_score(scores.at("fewshot/2-shot"), 1, 2);
  check_score(scores.at("fewshot-chance/0-shot"), (0.5 + 0.5 + 0.2 + 0.2) / 4, 4);
  check_score(scores.at("fewshot-chance/2-shot"), 0.5, 2);
  check_score(oracle_scores(evaluate_fewshot, eval, Oracle(false)).at("fewshot/2-shot"), 0, 2);
  eval.shots = {4};  // More than two names have, fewer than five need.
  BOOST_TEST(complains_of(complaint_of([&] { oracle_scores(evaluate_fewshot, eval); }),
                          "eval.shots: 4: no example of "));
}

BOOST_AUTO_TEST_CASE(losses_are_those_of_all_tokens_together) {
  Eval eval;
  eval.text = {sample_path("text")};
  eval.interleaved = {sample_path("interleaved")};
  const auto scores = oracle_scores(evaluate_heldout_loss, eval);
  BOOST_TEST(names_of_scores(scores) == "bits-per-byte/text heldout-loss/interleaved heldout-loss/text");
  check_score(scores.at("heldout-loss/text"), 2, 59);
  check_score(scores.at("bits-per-byte/text"), 4 / std::log(2.0), 59);
}

BOOST_AUTO_TEST_SUITE_END()
