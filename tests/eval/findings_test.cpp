#include "eval/findings.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

#include "util/random.hpp"

BOOST_AUTO_TEST_SUITE(evaluation_findings)

using namespace ablate;
namespace tt = boost::test_tools;

BOOST_AUTO_TEST_CASE(a_mean_has_the_standard_error_of_its_examples) {
  EvalFindings findings;
  findings.add_mean("vqa/0-shot", std::vector<double>{1, 2, 4});
  findings.add_mean("same", std::vector<double>{3, 3});
  const Score& score = findings.evaluation.scores.at(0);
  BOOST_TEST(score.name == "vqa/0-shot");
  BOOST_TEST(score.value == 7.0 / 3, tt::tolerance(1e-12));
  BOOST_TEST(score.n == 3);
  // Squares of deviations: 16/9, 1/9, 25/9; over 2, over 3.
  BOOST_TEST(score.standard_error.value() == std::sqrt(42.0 / 9 / 2 / 3), tt::tolerance(1e-12));
  BOOST_TEST(findings.evaluation.scores.at(1).value == 3);
  BOOST_TEST(findings.evaluation.scores.at(1).standard_error.value() == 0);
}

BOOST_AUTO_TEST_CASE(the_standard_error_of_ties_is_that_of_their_random_orders) {
  // Numerators over 12: each question is hit in as many of 12 equally likely orders.
  for (const std::vector<int>& hit_of_12 :
       {std::vector{3, 3, 3}, std::vector{12, 0, 4}, std::vector{6, 6}, std::vector{12, 0, 12, 6}}) {
    const auto n = static_cast<double>(hit_of_12.size());
    double squares = 0;  // Of all outcomes, weighted by how likely they are: s^2 / n.
    for (unsigned outcome = 0; outcome < 1u << hit_of_12.size(); ++outcome) {
      double likelihood = 1, sum = 0;
      for (std::size_t i = 0; i < hit_of_12.size(); ++i) {
        const bool hit = (outcome >> i & 1u) != 0;
        likelihood *= (hit ? hit_of_12[i] : 12 - hit_of_12[i]) / 12.0;
        sum += hit;
      }
      squares += likelihood * (sum - sum * sum / n) / (n - 1) / n;
    }
    std::vector<double> hits;
    for (const int hit : hit_of_12) hits.push_back(hit / 12.0);
    EvalFindings findings;
    findings.add_hits("ties", hits);
    BOOST_TEST(findings.evaluation.scores.at(0).standard_error.value() == std::sqrt(squares),
               tt::tolerance(1e-12));
  }
  // Of seven equal candidates, 49 times.
  EvalFindings findings;
  findings.add_hits("seventh", std::vector<double>(49, 1.0 / 7));
  findings.add_hits("without ties", std::vector<double>{1, 1});
  findings.add_hits("one", std::vector<double>{0.5});
  findings.add_hits("none", {});
  const std::vector<Score>& scores = findings.evaluation.scores;
  BOOST_TEST(scores.size() == 3u);
  BOOST_TEST(scores.at(0).standard_error.value() == std::sqrt(6.0) / 49, tt::tolerance(1e-12));
  BOOST_TEST(scores.at(1).standard_error.value() == 0);
  BOOST_TEST(!scores.at(2).standard_error);
}

BOOST_AUTO_TEST_CASE(one_example_has_no_standard_error_and_none_is_no_score) {
  EvalFindings findings;
  findings.add_mean("one", std::vector<double>{0.25});
  findings.add_mean("none", {});
  findings.add_ratio("one of two", std::vector<double>{3, 0}, std::vector<double>{4, 0});
  findings.add_ratio("nothing to divide by", std::vector<double>{0, 0}, std::vector<double>{0, 0});
  BOOST_TEST(findings.evaluation.scores.size() == 2u);
  for (const Score& score : findings.evaluation.scores) {
    BOOST_TEST(score.n == 1);
    BOOST_TEST(!score.standard_error);
  }
  BOOST_TEST(findings.evaluation.scores[0].value == 0.25);
  BOOST_TEST(findings.evaluation.scores[1].value == 0.75);
}

BOOST_AUTO_TEST_CASE(a_ratio_is_that_of_the_sums) {
  EvalFindings findings;
  findings.add_ratio("loss", std::vector<double>{2, 9, 4}, std::vector<double>{1, 4, 2});
  const Score& score = findings.evaluation.scores.at(0);
  BOOST_TEST(score.value == 15.0 / 7, tt::tolerance(1e-12));
  BOOST_TEST(score.n == 3);
  // Residuals -1/7, 3/7, -2/7.
  BOOST_TEST(score.standard_error.value() == std::sqrt(14.0 / 49 * 3 / 2) / 7, tt::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(the_standard_error_of_a_ratio_is_that_of_the_jackknife) {
  constexpr std::size_t kExamples = 400;
  const RandomStream random(1, "documents");
  std::vector<double> nats, tokens;
  double all_nats = 0, all_tokens = 0;
  for (std::size_t i = 0; i < kExamples; ++i) {
    tokens.push_back(static_cast<double>(10 + random.below(40, i)));
    nats.push_back(tokens.back() * (2 + 0.5 * random.normal(i, 1)));
    all_nats += nats.back();
    all_tokens += tokens.back();
  }
  EvalFindings findings;
  findings.add_ratio("loss", nats, tokens);
  // Each example left out in turn.
  std::vector<double> without;
  double mean = 0;
  for (std::size_t i = 0; i < kExamples; ++i) {
    without.push_back((all_nats - nats[i]) / (all_tokens - tokens[i]));
    mean += without.back() / kExamples;
  }
  double squares = 0;
  for (const double value : without) squares += (value - mean) * (value - mean);
  BOOST_TEST(findings.evaluation.scores.at(0).standard_error.value() ==
                 std::sqrt(squares * (kExamples - 1) / kExamples),
             tt::tolerance(0.01));
}

BOOST_AUTO_TEST_CASE(outcomes_are_kept_of_scores_whose_examples_are_named) {
  AskedExamples asked;
  for (const std::uint64_t question : {30u, 10u, 20u}) asked.add(question, "r" + std::to_string(question));
  EvalFindings findings;
  findings.add_hits("vqa/0-shot", std::vector<double>{1, 0.5, 0}, asked);
  findings.add_ratio("loss", std::vector<double>{6, 0, 5}, std::vector<double>{4, 0, 2}, asked);
  findings.add_ratio("per patch", std::vector<double>{8, 16, 4}, std::vector<double>{4, 4, 4}, asked);
  findings.add_mean("without", std::vector<double>{1, 0, 0});
  findings.add_chance("vqa-chance/0-shot", std::vector<double>{0.5, 0.5, 0.5});
  findings.add_mean("none", {}, {});
  const std::vector<ExampleOutcomes>& kept = findings.evaluation.outcomes;
  BOOST_REQUIRE(kept.size() == 3u);
  BOOST_TEST(kept[0].score == "vqa/0-shot");
  BOOST_TEST((kept[0].questions == std::vector<std::uint64_t>{30, 10, 20}));
  BOOST_TEST((kept[0].values == std::vector<float>{1, 0.5f, 0}));
  BOOST_TEST((kept[0].names == std::vector<std::string>{"r30", "r10", "r20"}));
  BOOST_TEST(kept[0].weights.empty());
  BOOST_TEST((kept[1].questions == std::vector<std::uint64_t>{30, 20}));
  BOOST_TEST((kept[1].values == std::vector<float>{1.5f, 2.5f}));
  BOOST_TEST((kept[1].weights == std::vector<float>{4, 2}));
  BOOST_TEST((kept[2].values == std::vector<float>{2, 4, 1}));
  BOOST_TEST(kept[2].weights.empty());
  BOOST_CHECK_THROW(findings.add_mean("odd", std::vector<double>{1, 0}, asked), std::logic_error);
}

BOOST_AUTO_TEST_CASE(equal_ratios_have_no_error) {
  // Their sums round, and so do the losses that a model finds equal.
  EvalFindings findings;
  for (const double value : {0.1, 1.0 / 3, 1e-20, -0.7, 0.0})
    for (const std::size_t n : {2, 3, 10, 1000}) findings.add_mean("same", std::vector<double>(n, value));
  std::vector<double> nats, tokens;
  for (int i = 1; i < 100; ++i) {
    tokens.push_back(i % 4 == 0 ? 0 : i);
    double sum = 0;
    for (int token = 0; token < i && i % 4 != 0; ++token) sum += std::log(1024.0f) * (i % 3 ? 1 : 1 + 1e-7);
    nats.push_back(sum);
  }
  findings.add_ratio("loss", nats, tokens);
  for (const Score& score : findings.evaluation.scores) BOOST_TEST((score.standard_error == 0.0));
  BOOST_TEST(findings.evaluation.scores.back().value == std::log(1024.0), tt::tolerance(1e-6));
  // A difference that is no rounding counts.
  findings.add_mean("nearly", std::vector<double>{1, 1 + 1e-5});
  BOOST_TEST(findings.evaluation.scores.back().standard_error.value() == 5e-6, tt::tolerance(1e-3));
  findings.add_mean("small", std::vector<double>{1e-9, 3e-9});
  BOOST_TEST(findings.evaluation.scores.back().standard_error.value() == 1e-9, tt::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(examples_that_were_left_out_are_noted_where_there_are_any) {
  EvalFindings findings;
  findings.note_left_out("vqa/0-shot", 0);
  BOOST_TEST(findings.evaluation.detail == Json::object());
  findings.note_left_out("vqa/4-shot", 3);
  findings.note_left_out("vqa/8-shot", 5);
  BOOST_TEST(findings.evaluation.detail ==
             Json::parse(R"({"left_out": {"vqa/4-shot": 3, "vqa/8-shot": 5}})"));
}

BOOST_AUTO_TEST_SUITE_END()
