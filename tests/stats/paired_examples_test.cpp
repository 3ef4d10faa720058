#include "stats/paired_examples.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "util/random.hpp"

BOOST_AUTO_TEST_SUITE(paired_examples)

using namespace ablate;
namespace tt = boost::test_tools;

namespace {

SeedOutcomes outcomes(std::uint64_t seed, std::vector<float> values, std::vector<float> weights = {},
                      std::uint64_t first_question = 1) {
  SeedOutcomes made{.seed = seed, .values = std::move(values), .weights = std::move(weights)};
  for (std::size_t i = 0; i < made.values.size(); ++i) made.questions.push_back(first_question + i);
  return made;
}

PairedExamples compare(const std::vector<SeedOutcomes>& a, const std::vector<SeedOutcomes>& b) {
  return compare_examples(pair_outcomes(a, b));
}

std::optional<Unpaired> refusal(const std::vector<SeedOutcomes>& a, const std::vector<SeedOutcomes>& b) {
  return pair_outcomes(a, b).refusal;
}

}  // namespace

BOOST_AUTO_TEST_CASE(one_seed_has_the_paired_t_interval_of_its_questions) {
  // Differences 1, 0, 1, -1, 1: mean 0.4, variance 0.8; R: t.test(c(1,0,1,-1,1)).
  const PairedExamples found = compare({outcomes(3, {0, 1, 0, 1, 0})}, {outcomes(3, {1, 1, 1, 0, 1})});
  BOOST_TEST(found.difference == 0.4, tt::tolerance(1e-12));
  BOOST_TEST(found.standard_error == 0.4, tt::tolerance(1e-12));
  BOOST_TEST(found.example_variance == 0.16, tt::tolerance(1e-12));
  BOOST_TEST(std::isnan(found.seed_variance));
  BOOST_TEST(found.high - found.difference == 0.4 * 2.7764451052, tt::tolerance(1e-9));
  BOOST_TEST(found.difference - found.low == 0.4 * 2.7764451052, tt::tolerance(1e-9));
  BOOST_TEST(found.examples == 5u);
  BOOST_TEST(found.seeds.size() == 1u);
  BOOST_TEST(found.seeds[0].standard_error == 0.4, tt::tolerance(1e-12));
  // Largest first; equal ones in the order of the questions.
  std::vector<std::uint64_t> order;
  for (const QuestionDifference& question : found.questions) order.push_back(question.question);
  BOOST_TEST((order == std::vector<std::uint64_t>{1, 3, 4, 5, 2}));
  BOOST_TEST(found.questions[2].a == 1);
  BOOST_TEST(found.questions[2].b == 0);
}

BOOST_AUTO_TEST_CASE(two_seeds_with_the_same_questions_have_the_mean_squares_of_both) {
  // z = (1, 3; 2, 8): seeds differ by 3, questions by 4. By hand: means 2 and 5, grand 3.5; SS of seeds
  // 2 * (1.5^2 + 1.5^2) = 9, of questions 2 * (2^2 + 2^2) = 16, residuals 1 in all four places: 4.
  const PairedExamples found =
      compare({outcomes(0, {0, 0}), outcomes(1, {0, 0})}, {outcomes(0, {1, 3}), outcomes(1, {2, 8})});
  BOOST_TEST(found.same_questions);
  BOOST_TEST(found.difference == 3.5, tt::tolerance(1e-12));
  BOOST_TEST(found.example_variance == 16.0 / 4, tt::tolerance(1e-12));
  BOOST_TEST(found.seed_variance == (9.0 - 4) / 4, tt::tolerance(1e-12));
  BOOST_TEST(found.standard_error == std::sqrt(4 + 1.25), tt::tolerance(1e-12));
  // t with 1 degree of freedom is 12.7062047362.
  const double half = 12.7062047362 * std::sqrt(9.0 / 4 + (16.0 - 4) / 4);
  BOOST_TEST(found.high == 3.5 + half, tt::tolerance(1e-9));
  BOOST_TEST(found.low == 3.5 - half, tt::tolerance(1e-9));
  BOOST_TEST(found.questions.at(0).question == 2u);
  BOOST_TEST(found.questions.at(0).b == 5.5);
  BOOST_TEST(found.questions.at(0).seeds == 2u);
}

BOOST_AUTO_TEST_CASE(other_questions_under_other_seeds_are_in_what_the_seeds_differ_by) {
  const PairedExamples found = compare({outcomes(0, {0, 0, 0}), outcomes(1, {0, 0, 0}, {}, 100)},
                                       {outcomes(1, {5, 7, 9}, {}, 100), outcomes(0, {1, 2, 3})});
  BOOST_TEST(!found.same_questions);
  BOOST_TEST(found.difference == 4.5, tt::tolerance(1e-12));
  // Differences 2 and 7; squared standard errors 1/3 and 4/3.
  BOOST_TEST(found.example_variance == (1.0 / 3 + 4.0 / 3) / 4, tt::tolerance(1e-12));
  BOOST_TEST(found.seed_variance == 12.5 / 2 - 5.0 / 12, tt::tolerance(1e-12));
  BOOST_TEST(found.standard_error == 2.5, tt::tolerance(1e-12));
  BOOST_TEST(found.high == 4.5 + 12.7062047362 * 2.5, tt::tolerance(1e-9));
  BOOST_TEST(found.questions.size() == 6u);
}

BOOST_AUTO_TEST_CASE(weights_make_the_difference_of_two_ratios_with_the_error_of_a_ratio) {
  // (1*2 + 3*4 + 2*6) / 6 - (1*1 + 3*1 + 2*1) / 6 = 26/6 - 1. Residuals w (d - D) with d = 1, 3, 5, D = 10/3.
  const std::vector<float> weights = {1, 3, 2};
  const PairedExamples found = compare({outcomes(0, {1, 1, 1}, weights)}, {outcomes(0, {2, 4, 6}, weights)});
  const double ratio = 20.0 / 6;
  BOOST_TEST(found.difference == ratio, tt::tolerance(1e-12));
  double squares = 0;
  for (int i = 0; i < 3; ++i) {
    const double residual = double{weights[static_cast<std::size_t>(i)]} * (1 + 2 * i - ratio);
    squares += residual * residual;
  }
  BOOST_TEST(found.standard_error == std::sqrt(squares * 3 / 2) / 6, tt::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(what_does_not_vary_cannot_be_tested) {
  const std::vector<float> third = {1.0f / 3, 0.1f, 0.7f};
  for (const std::size_t seeds : {1u, 3u}) {
    std::vector<SeedOutcomes> a, same, more;
    for (std::size_t seed = 0; seed < seeds; ++seed) {
      a.push_back(outcomes(seed, third, {1, 2, 4}));
      same.push_back(outcomes(seed, third, {1, 2, 4}));
      more.push_back(outcomes(seed, {third[0] + 1, third[1] + 1, third[2] + 1}, {1, 2, 4}));
    }
    const PairedExamples equal = compare(a, same);
    BOOST_TEST(equal.difference == 0);
    BOOST_TEST(std::isnan(equal.low));
    BOOST_TEST(std::isnan(equal.high));
    const PairedExamples shifted = compare(a, more);  // By 1, but for single precision.
    BOOST_TEST(shifted.difference == 1, tt::tolerance(1e-6));
    BOOST_TEST(std::isnan(shifted.low));
  }
  // One example under one seed tells nothing of others; under two seeds, what seeds do.
  BOOST_TEST(std::isnan(compare({outcomes(0, {0})}, {outcomes(0, {1})}).low));
  const PairedExamples two =
      compare({outcomes(0, {0}), outcomes(1, {0})}, {outcomes(0, {1}), outcomes(1, {3})});
  BOOST_TEST(two.high == 2 + 12.7062047362, tt::tolerance(1e-9));
  BOOST_TEST(std::isnan(two.example_variance));
}

BOOST_AUTO_TEST_CASE(cells_that_were_asked_other_things_are_never_paired) {
  const std::vector<SeedOutcomes> a = {outcomes(0, {0, 1}), outcomes(1, {0, 1})};
  BOOST_CHECK(!refusal(a, a));
  BOOST_CHECK(refusal(a, {}) == Unpaired::no_outcomes);
  BOOST_CHECK(refusal({}, a) == Unpaired::no_outcomes);
  BOOST_CHECK(refusal(a, {outcomes(2, {0, 1})}) == Unpaired::no_common_seed);
  BOOST_CHECK(refusal(a, {outcomes(0, {0, 1}), outcomes(1, {0, 1}, {}, 2)}) == Unpaired::other_questions);
  BOOST_CHECK(refusal(a, {outcomes(0, {0}), outcomes(1, {0, 1})}) == Unpaired::other_questions);
  BOOST_CHECK(refusal(a, {outcomes(0, {0, 1}, {1, 2})}) == Unpaired::other_weights);
  BOOST_CHECK(!refusal(a, {outcomes(1, {1, 1}), outcomes(5, {1, 1})}));  // Seed 1 is common.
  BOOST_TEST(pair_outcomes(a, std::vector{outcomes(1, {1, 1})}).seeds.size() == 1u);
  BOOST_CHECK_THROW(compare_examples(pair_outcomes(a, {})), std::logic_error);
}

BOOST_AUTO_TEST_CASE(intervals_cover_the_truth_and_the_parts_are_those_that_were_drawn) {
  struct UnitTable {
    std::size_t seeds;
    double of_seeds, of_questions, of_answers;
  };
  constexpr std::size_t kExamples = 100, kSweeps = 400;
  const RandomStream random(11, "paired examples");
  std::uint64_t index = 0;
  for (const UnitTable& design : {UnitTable{2, 0.05, 0.3, 0.3},
                                  {3, 0.0, 0.3, 0.3},
                                  {3, 0.05, 0.0, 0.4},
                                  {4, 0.1, 0.1, 0.3},
                                  {5, 0.03, 0.4, 0.1}}) {
    std::size_t covered = 0;
    double seed_variance = 0, example_variance = 0;
    for (std::size_t sweep = 0; sweep < kSweeps; ++sweep) {
      std::vector<float> of_question;
      for (std::size_t i = 0; i < kExamples; ++i)
        of_question.push_back(static_cast<float>(design.of_questions * random.normal(++index, 0)));
      std::vector<SeedOutcomes> a, b;
      for (std::size_t seed = 0; seed < design.seeds; ++seed) {
        const double of_seed = design.of_seeds * random.normal(++index, 0);
        std::vector<float> values;
        for (std::size_t i = 0; i < kExamples; ++i)
          values.push_back(static_cast<float>(0.2 + of_seed + double{of_question[i]} +
                                              design.of_answers * random.normal(++index, 0)));
        a.push_back(outcomes(seed, std::vector<float>(kExamples)));
        b.push_back(outcomes(seed, values));
      }
      const PairedExamples found = compare(a, b);
      covered += found.low <= 0.2 && 0.2 <= found.high;
      seed_variance += found.seed_variance / kSweeps;
      example_variance += found.example_variance / kSweeps;
    }
    const double seeds = static_cast<double>(design.seeds);
    const double answers = design.of_answers * design.of_answers / seeds / kExamples,
                 examples = design.of_questions * design.of_questions / kExamples + answers,
                 of_seeds = design.of_seeds * design.of_seeds / seeds;
    BOOST_TEST_CONTEXT(design.seeds << " seeds, " << design.of_seeds << ", " << design.of_questions) {
      BOOST_TEST(covered >= 0.93 * kSweeps);
      BOOST_TEST(example_variance == examples, tt::tolerance(0.05));
      // Cut at 0, it is a little more where it is little.
      BOOST_TEST(seed_variance > 0.8 * of_seeds);
      BOOST_TEST(seed_variance < 1.2 * of_seeds + answers);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
