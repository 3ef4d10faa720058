#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numeric>

#include "data/problem.hpp"
#include "eval/fixture.hpp"
#include "eval/tasks.hpp"
#include "train/convergence.hpp"
#include "util/random.hpp"

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
  const std::vector<Question> questions = {
      question_with_answer(1), question_with_answer(0), question_with_answer(2), question_with_answer(0),
      question_with_answer(0), question_with_answer(0), question_with_answer(0)};
  const std::vector<std::vector<Likelihood>> results = {
      {{-3, 1}, {-2, 1}, {-4, 1}, {-5, 1}},  // Right.
      {{-3, 1}, {-2, 1}},                    // Wrong.
      {{-2, 1}, {-3, 1}, {-2, 1}},           // One of two.
      {},                                    // No result.
      {{-1, 1}, {-1, 1}, {-1, 1}, {-1, 1}},  // One of four.
      {{-3, 1}, {-2, 1}, {-2, 1}},           // Two that are wrong.
      {{-3, 1}},                             // No choice.
  };
  const RankingScores scores = score_ranking(questions, results, nats_of);
  BOOST_TEST(scores.hits == (std::vector<double>{1, 0, 0.5, 0.25, 0}), tt::tolerance(1e-12)
                                                                           << tt::per_element());
  BOOST_TEST(scores.chances == (std::vector<double>{0.25, 0.5, 1.0 / 3, 0.25, 1.0 / 3}), tt::per_element());
}

BOOST_AUTO_TEST_CASE(what_counts_is_the_value_that_was_asked_for) {
  const std::vector<Question> questions = {question_with_answer(0)};
  const std::vector<std::vector<Likelihood>> results = {{{-6, 4}, {-2, 1}}};
  BOOST_TEST(score_ranking(questions, results, nats_of).hits.at(0) == 0);
  BOOST_TEST(score_ranking(questions, results, nats_per_token).hits.at(0) == 1);
}

BOOST_AUTO_TEST_CASE(a_likelihood_that_is_no_number_is_no_choice) {
  Question question = question_with_answer(0);
  question.id = "q.jsonl: byte 7";
  for (const double nats : {std::nan(""), -HUGE_VAL})
    for (const std::size_t place : {0, 1}) {
      std::vector<std::vector<Likelihood>> results = {{{-1, 1}, {-2, 1}}};
      results[0][place].nats = nats;
      try {
        score_ranking({&question, 1}, results, nats_of);
        BOOST_ERROR("no number was taken for one");
      } catch (const Diverged& diverged) {
        BOOST_TEST(
            std::string(diverged.what()).starts_with("q.jsonl: byte 7: the likelihood of a candidate is "));
      }
    }
}

BOOST_AUTO_TEST_CASE(likelihoods_that_differ_by_rounding_are_equal) {
  // Of the same uniform distribution, as sums and means of different lengths give it.
  double five = 0;
  for (int i = 0; i < 5; ++i) five -= std::log(1024.0f);
  const std::vector<std::vector<Likelihood>> results = {{{five, 5}, {-std::log(1024.0f) * 1.0000001, 1}}};
  const std::vector<Question> questions = {question_with_answer(1)};
  BOOST_TEST(score_ranking(questions, results, nats_per_token).hits.at(0) == 0.5);
}

BOOST_AUTO_TEST_CASE(equal_candidates_stand_in_every_order_alike) {
  // All orders of up to seven candidates, some of them right, against the closed form.
  const RandomStream random(2, "candidates");
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    const std::size_t n = 1 + random.below(6, trial);
    std::vector<double> values;
    std::vector<bool> right;
    for (std::size_t i = 0; i < n; ++i) {
      values.push_back(static_cast<double>(random.below(3, trial, 1 + i)));
      right.push_back(random.below(3, trial, 11 + i) == 0);
    }
    right[random.below(n, trial, 21)] = true;
    const Standing standing = find_standing(values, right);
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::vector<double> hits(n + 2);
    double orders = 0;
    do {
      bool falls = true;
      for (std::size_t i = 0; i + 1 < n; ++i) falls = falls && values[order[i]] >= values[order[i + 1]];
      if (!falls) continue;
      ++orders;
      for (std::size_t k = 1; k < hits.size(); ++k)
        hits[k] += std::any_of(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(std::min(k, n)),
                               [&](std::size_t i) { return right[i]; });
    } while (std::next_permutation(order.begin(), order.end()));
    for (std::size_t k = 1; k < hits.size(); ++k)
      BOOST_TEST(std::abs(standing.hits_within(static_cast<std::int64_t>(k)) - hits[k] / orders) < 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(among_equals_the_right_one_is_found_by_chance) {
  const std::vector<double> values(40, 0.25);
  std::vector<bool> right(40);
  right[7] = true;
  const Standing standing = find_standing(values, right);
  for (const std::int64_t k : {1, 5, 40, 50})
    BOOST_TEST(standing.hits_within(k) == std::min(1.0, static_cast<double>(k) / 40), tt::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_missed_is_no_score) {
  const RandomStream random(3, "candidates");
  for (std::uint64_t trial = 0; trial < 100; ++trial) {
    const std::size_t n = 1 + random.below(8, trial);
    std::vector<double> values;
    std::vector<bool> right;
    for (std::size_t i = 0; i < n; ++i) {
      values.push_back(random.uniform(trial, 1 + i));
      right.push_back(random.below(4, trial, 21 + i) == 0);
    }
    right[random.below(n, trial, 11)] = true;
    const std::int64_t wrong = std::count(right.begin(), right.end(), false);
    for (const std::int64_t k : {1, 5}) {
      RankingScores scores;
      scores.add(7, values, right, k);
      // Whether some order of the candidates has k wrong ones at its head.
      BOOST_TEST(scores.hits.size() == (wrong >= k ? 1u : 0u));
      BOOST_TEST(scores.chances.size() == scores.hits.size());
      if (wrong < k) continue;
      // Guessing misses with each of the k: of the ways to choose them, those of wrong ones alone.
      double misses = 1;
      for (std::int64_t i = 0; i < k; ++i)
        misses *= static_cast<double>(wrong - i) / static_cast<double>(std::ssize(right) - i);
      BOOST_TEST(scores.chances[0] == 1 - misses, tt::tolerance(1e-12));
      BOOST_TEST(scores.chances[0] < 1);
    }
  }
}

BOOST_AUTO_TEST_CASE(data_without_a_choice_are_an_error) {
  std::vector<Question> questions(3);
  BOOST_TEST(count_choices(questions) == 0u);
  BOOST_TEST(complaint_of([] { require_choice(0, 3, "eval.captions", "others"); }) ==
             "eval.captions: 3 questions and too little to choose from; expected others");
  BOOST_CHECK_THROW(require_choice(0, 1, "eval.captions", "others"), DataError);
  questions[1].candidates = {"a", "b"};
  BOOST_TEST(count_choices(questions) == 1u);
  require_choice(1, 3, "eval.captions", "others");
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
  job.experiment.eval.max_new_tokens = 300;
  const auto complaint = [&](std::int64_t shots, Lack lack) {
    return complaint_of([&] { require_examples(0, shots, lack, job); });
  };
  require_examples(1, 4, Lack::shots, job);
  BOOST_TEST(
      complaint(4, Lack::shots) ==
      "eval.shots: 4: no example of fewshot is left: the data have not as many for any question; expected "
      "fewer, or other documents");
  BOOST_TEST(complaint(0, Lack::shots) ==
             "eval.shots: 0: no example of fewshot is left: no document makes a question; expected other "
             "documents");
  BOOST_TEST(complaint(4, Lack::room) ==
             "eval.shots: 4: no example of fewshot is left: 4 examples, a question and its answer are longer "
             "than data.seq_len (256), or data.tokenizer cannot tell the candidates apart; expected fewer "
             "examples, a longer sequence or other candidates");
  BOOST_TEST(complaint(0, Lack::room_to_write) ==
             "eval.shots: 0: no example of fewshot is left: a question and eval.max_new_tokens (300) are "
             "longer than data.seq_len (256); expected fewer new tokens or a longer sequence");
}

BOOST_AUTO_TEST_SUITE_END()
