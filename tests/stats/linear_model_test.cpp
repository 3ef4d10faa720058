// Least squares on categorical columns, held to designs that are solved by hand.
#include "stats/linear_model.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cmath>

#include "util/random.hpp"

BOOST_AUTO_TEST_SUITE(linear_model)

using namespace ablate;

namespace {

/// Four processes in five blends (Box, Hunter & Hunter, section 4.2): column 0 is the process, 1 the blend.
CodedRuns penicillin() {
  const double yields[5][4] = {
      {89, 88, 97, 94}, {84, 77, 92, 79}, {81, 87, 87, 85}, {87, 92, 89, 84}, {79, 81, 80, 88}};
  CodedRuns runs{.sizes = {4, 5}};
  for (std::int32_t blend = 0; blend < 5; ++blend)
    for (std::int32_t process = 0; process < 4; ++process)
      runs.add(std::vector<std::int32_t>{process, blend}, yields[blend][process]);
  return runs;
}

}  // namespace

BOOST_AUTO_TEST_CASE(randomised_blocks_of_a_text_book) {
  const CodedRuns runs = penicillin();
  const LinearModel model(runs, {{0}, {1}});
  const auto near = boost::test_tools::tolerance(1e-10);
  BOOST_TEST(model.rank() == 8u);
  BOOST_TEST(model.error_df() == 12u);
  BOOST_TEST(model.error_ss() == 226, near);
  BOOST_TEST(model.total_ss() == 560, near);
  BOOST_TEST(model.type2({0}).ss == 70, near);
  BOOST_TEST(model.type3({0}).ss == 70, near);
  BOOST_TEST(model.type2({1}).ss == 264, near);
  BOOST_TEST(model.type2({1}).df == 4u);
  const auto difference = model.estimate(weights_of(2, 0, {1, -1, 0, 0}));
  BOOST_TEST(difference->value == -1, near);
  BOOST_TEST(difference->variance == 2.0 / 5, near);
  const auto mean = model.estimate(weights_of(2, 0, {0, 0, 1, 0}));
  BOOST_TEST(mean->value == 89, near);
  BOOST_TEST(mean->variance == 1.0 / 5, near);
}

BOOST_AUTO_TEST_CASE(a_hole_is_filled_by_what_the_model_says) {
  // y = 10 + a (0, 1) + b (0, 2, 4), one of the six cells missing: the additive model finds them exactly.
  CodedRuns runs{.sizes = {2, 3}};
  for (std::int32_t a = 0; a < 2; ++a)
    for (std::int32_t b = 0; b < 3; ++b)
      if (a == 0 || b < 2) runs.add(std::vector<std::int32_t>{a, b}, 10 + a + 2 * b);
  const LinearModel additive(runs, {{0}, {1}});
  BOOST_TEST(additive.error_df() == 1u);
  BOOST_TEST(additive.estimate(weights_of(2, 0, {-1, 1}))->value == 1, boost::test_tools::tolerance(1e-12));
  // By hand: a difference within the two levels of b that both have.
  BOOST_TEST(additive.estimate(weights_of(2, 0, {-1, 1}))->variance == 1,
             boost::test_tools::tolerance(1e-12));
  BOOST_TEST(std::isnan(additive.error_ms()));  // The residual is rounding alone.

  const LinearModel crossed(runs, {{0}, {1}, {0, 1}});
  BOOST_TEST(crossed.rank() == 5u);
  BOOST_TEST(crossed.parameters() == 6u);
  BOOST_TEST(!crossed.estimate(weights_of(2, 0, {-1, 1})));
  BOOST_TEST(std::isnan(crossed.type3({0}).ss));
  BOOST_TEST(crossed.type2({0, 1}).df == 1u);
  const CellWeights seen{{-1, 1}, {1, 0, 0}};
  BOOST_TEST(crossed.estimate(seen)->value == 1, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(a_large_score_loses_no_digits) {
  CodedRuns runs = penicillin();
  for (double& y : runs.y) y += 1e7;
  const LinearModel model(runs, {{0}, {1}});
  BOOST_TEST(model.error_ss() == 226, boost::test_tools::tolerance(1e-7));
  BOOST_TEST(model.type3({0}).ss == 70, boost::test_tools::tolerance(1e-7));
}

BOOST_AUTO_TEST_CASE(ten_thousand_runs_are_quick) {
  const RandomStream random(1, "test");
  CodedRuns runs{.sizes = {10, 10, 10, 10}};
  for (std::uint64_t i = 0; i < 10000; ++i) {
    std::vector<std::int32_t> at;
    for (std::uint64_t f = 0; f < 4; ++f) at.push_back(static_cast<std::int32_t>(random.below(10, i, f)));
    runs.add(at, random.uniform(i, 9));
  }
  const std::size_t columns[] = {0, 1, 2, 3};
  const auto start = std::chrono::steady_clock::now();
  const LinearModel model(runs, terms_up_to(columns, 2));
  for (const Term& term : model.terms()) BOOST_TEST(model.type2(term).df > 0u);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  BOOST_TEST_MESSAGE("two-factor model of 10,000 runs: " << seconds << " s");
  BOOST_TEST(model.rank() == 1u + 36 + 6 * 81);
  BOOST_TEST(seconds < 20);
}

BOOST_AUTO_TEST_SUITE_END()
