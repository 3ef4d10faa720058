#include <boost/test/unit_test.hpp>

#include "eval/fixture.hpp"
#include "eval/tasks.hpp"

BOOST_AUTO_TEST_SUITE(evaluation_ranking)

using namespace ablate;
namespace tt = boost::test_tools;

namespace {

double nats_of(const Likelihood& likelihood) { return likelihood.nats; }
double nats_per_token(const Likelihood& likelihood) {
  return likelihood.nats / static_cast<double>(likelihood.tokens);
}

Question question_with_answer(std::size_t answer) {
  Question question;
  question.answer = answer;
  return question;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_likeliest_candidate_is_the_choice_and_ties_are_shared) {
  const std::vector<Question> questions = {question_with_answer(1), question_with_answer(0),
                                           question_with_answer(2), question_with_answer(0),
                                           question_with_answer(0), question_with_answer(0)};
  const std::vector<std::vector<Likelihood>> results = {
      {{-3, 1}, {-2, 1}, {-4, 1}, {-5, 1}},  // Right.
      {{-3, 1}, {-2, 1}},                    // Wrong.
      {{-2, 1}, {-3, 1}, {-2, 1}},           // One of two.
      {},                                    // No result.
      {{-1, 1}, {-1, 1}, {-1, 1}, {-1, 1}},  // One of four.
      {{-3, 1}, {-2, 1}, {-2, 1}},           // Two that are wrong.
  };
  const RankingScores scores = score_ranking(questions, results, nats_of);
  BOOST_TEST(scores.hits == (std::vector<double>{1, 0, 0.5, 0.25, 0}), tt::per_element());
  BOOST_TEST(scores.chances == (std::vector<double>{0.25, 0.5, 1.0 / 3, 0.25, 1.0 / 3}), tt::per_element());
}

BOOST_AUTO_TEST_CASE(what_counts_is_the_value_that_was_asked_for) {
  const std::vector<Question> questions = {question_with_answer(0)};
  const std::vector<std::vector<Likelihood>> results = {{{-6, 4}, {-2, 1}}};
  BOOST_TEST(score_ranking(questions, results, nats_of).hits.at(0) == 0);
  BOOST_TEST(score_ranking(questions, results, nats_per_token).hits.at(0) == 1);
}

BOOST_AUTO_TEST_CASE(no_questions_have_no_scores) {
  const RankingScores scores = score_ranking({}, {}, nats_of);
  BOOST_TEST(scores.hits.empty());
  BOOST_TEST(scores.chances.empty());
}

BOOST_AUTO_TEST_CASE(shots_that_leave_no_example_are_an_error) {
  EvaluationJob job;
  job.task = EvalTask::fewshot;
  job.experiment.data.seq_len = 256;
  require_examples(1, 4, job);
  BOOST_TEST(complaint_of([&] { require_examples(0, 4, job); }) ==
             "eval.shots: 4: no example of fewshot is left: either 4 examples and a question are longer than "
             "data.seq_len (256), or the data have not as many; expected fewer");
}

BOOST_AUTO_TEST_SUITE_END()
