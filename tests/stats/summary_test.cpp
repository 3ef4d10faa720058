#include "stats/summary.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

BOOST_AUTO_TEST_SUITE(summary)

using ablate::confidence_half_width;
using ablate::summarize;
using ablate::Summary;

BOOST_AUTO_TEST_CASE(four_numbers_have_the_textbook_mean_and_spread) {
  const Summary found = summarize(std::vector<double>{2, 4, 4, 6});
  BOOST_TEST(found.n == 4u);
  BOOST_TEST(found.mean == 4.0);
  BOOST_TEST(found.sd == std::sqrt(8.0 / 3), boost::test_tools::tolerance(1e-15));
  BOOST_TEST(found.se == std::sqrt(2.0 / 3), boost::test_tools::tolerance(1e-15));
  BOOST_TEST(found.min == 2.0);
  BOOST_TEST(found.max == 6.0);
}

BOOST_AUTO_TEST_CASE(one_number_has_no_spread) {
  const Summary found = summarize(std::vector<double>{0.25});
  BOOST_TEST(found.mean == 0.25);
  BOOST_TEST(found.min == 0.25);
  BOOST_TEST(std::isnan(found.sd));
  BOOST_TEST(std::isnan(found.se));
  BOOST_TEST(std::isnan(confidence_half_width(found, 0.95)));
}

BOOST_AUTO_TEST_CASE(no_number_has_nothing) {
  const Summary found = summarize({});
  BOOST_TEST(found.n == 0u);
  BOOST_TEST(std::isnan(found.mean));
  BOOST_TEST(std::isnan(confidence_half_width(found, 0.95)));
}

BOOST_AUTO_TEST_CASE(equal_numbers_have_no_spread_but_rounding) {
  const Summary found = summarize(std::vector<double>{0.1, 0.1, 0.1});
  BOOST_TEST(found.sd < 1e-16);
}

BOOST_AUTO_TEST_CASE(a_small_spread_beside_a_large_mean_keeps_its_digits) {
  const Summary found = summarize(std::vector<double>{1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16});
  BOOST_TEST(found.sd == std::sqrt(30.0), boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(intervals_use_the_quantiles_of_student) {
  // Two-sided quantiles from printed tables of Student's t.
  const struct {
    std::size_t n;
    double level, t;
  } known[] = {{2, 0.95, 12.7062047}, {3, 0.95, 4.30265273},  {4, 0.95, 3.18244631},
               {5, 0.99, 4.60409487}, {11, 0.90, 1.81246112}, {31, 0.95, 2.04227246}};
  for (const auto& [n, level, t] : known) {
    Summary sample;
    sample.n = n;
    sample.se = 0.5;
    BOOST_TEST(confidence_half_width(sample, level) == 0.5 * t, boost::test_tools::tolerance(1e-8));
  }
}

BOOST_AUTO_TEST_SUITE_END()
