// Tests of one number, held to tables and to sums done by hand.
#include "stats/significance.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "stats/trend.hpp"

BOOST_AUTO_TEST_SUITE(significance)

using namespace ablate;

namespace {

const auto kNear = boost::test_tools::tolerance(1e-9);
const auto kTable = boost::test_tools::tolerance(1e-4);  // Printed tables have four or five digits.

}  // namespace

BOOST_AUTO_TEST_CASE(three_seeds_need_four_standard_errors) {
  const double differences[] = {0.1, 0.2, 0.3};
  const TTest test = t_test(differences, 1);
  BOOST_TEST(test.estimate == 0.2, kNear);
  BOOST_TEST(test.se == 0.1 / std::sqrt(3.0), kNear);
  BOOST_TEST((test.high - test.estimate) / test.se == 4.302653, kTable);
  // With 2 degrees of freedom P(|T| > t) = 1 - t / sqrt(2 + t^2).
  BOOST_TEST(*test.p == 1 - test.t / std::sqrt(2 + test.t * test.t), kNear);
}

BOOST_AUTO_TEST_CASE(no_spread_is_no_test) {
  const double same[] = {0.04, 0.04 + 1e-17, 0.04}, one[] = {0.3};
  for (const TTest& test : {t_test(same, 0.7), t_test(one, 1), t_test(std::span<const double>(), 1),
                            t_test(1, std::nan(""), 3, 1), t_test(1, 0.1, 0, 1)}) {
    BOOST_TEST(!test.p);
    BOOST_TEST(std::isnan(test.low));
    BOOST_TEST(!equivalence(test, 1).p);
  }
  BOOST_TEST(!f_test(3, 2, 0, 4).p);
  BOOST_TEST(!f_test(3, 2, std::nan(""), 4).p);
}

BOOST_AUTO_TEST_CASE(holm_leaves_out_what_has_no_p) {
  const std::optional<double> p[] = {0.01, std::nullopt, 0.04, 0.03, 0.005};
  const auto adjusted = holm(p);
  BOOST_TEST(*adjusted[4] == 0.02, kNear);
  BOOST_TEST(*adjusted[0] == 0.03, kNear);
  BOOST_TEST(*adjusted[3] == 0.06, kNear);
  BOOST_TEST(*adjusted[2] == 0.06, kNear);
  BOOST_TEST(!adjusted[1]);
  const std::optional<double> large[] = {0.9, 0.8};
  BOOST_TEST(*holm(large)[0] == 1);
}

BOOST_AUTO_TEST_CASE(equivalence_is_the_ninety_percent_interval_inside) {
  for (const double estimate : {-0.3, 0.0, 0.1, 0.25}) {
    const TTest test = t_test(estimate, 0.1, 6, 1);
    const Equivalence same = equivalence(test, 0.4);
    const bool inside = same.low > -0.4 && same.high < 0.4;
    BOOST_TEST((*same.p < 0.05) == inside);
  }
  // At the edge: t(0.95, 6) = 1.943180.
  BOOST_TEST(*equivalence(t_test(0.4 - 0.1943180, 0.1, 6, 1), 0.4).p == 0.05, kTable);
}

BOOST_AUTO_TEST_CASE(failures_by_level) {
  // Fisher's tea: 3 of 4 right. Two-sided by the sum of tables no likelier: 34/70.
  const FailureCount tea[] = {{3, 1}, {1, 3}};
  BOOST_TEST(*failure_test(tea).p == 34.0 / 70, kNear);
  const FailureCount all_of_one[] = {{4, 0}, {0, 4}};
  BOOST_TEST(*failure_test(all_of_one).p == 2.0 / 70, kNear);
  // Three levels of two runs, both of the first fail: 15 tables' weight, of which 3 of weight 1 are as rare.
  const FailureCount three[] = {{2, 0}, {0, 2}, {0, 2}};
  BOOST_TEST(*failure_test(three).p == 3.0 / 15, kNear);
  const FailureCount none[] = {{0, 4}, {0, 4}}, single[] = {{1, 3}};
  BOOST_TEST(!failure_test(none).p);
  BOOST_TEST(!failure_test(single).p);
  std::vector<FailureCount> many(12, {50, 50});
  many[0] = {80, 20};
  BOOST_TEST(!failure_test(many).exact);
  // Chi-square 33.08 with 11 degrees of freedom.
  BOOST_TEST(*failure_test(many).p == 0.00051, boost::test_tools::tolerance(0.01));
}

BOOST_AUTO_TEST_CASE(page_counts_agreeing_seeds) {
  // Four seeds that all put three levels in order: L = 4 * 14, mean 48, variance 4 * 9 * 16 * 2 / 144 = 8.
  const RankTest test = page_test({{1, 2, 3}, {5, 6, 9}, {0, 1, 2}, {3, 4, 5}});
  BOOST_TEST(test.statistic == 56, kNear);
  BOOST_TEST(test.z == 8 / std::sqrt(8.0), kNear);
  BOOST_TEST(!test.ties);
  BOOST_TEST(*page_test({{3, 2, 1}, {3, 2, 1}}).p_rises > 0.95);
}

BOOST_AUTO_TEST_CASE(friedman_of_perfect_agreement_is_seeds_times_levels_less_one) {
  const FriedmanTest test = friedman_test({{1, 2, 3}, {5, 6, 9}, {0, 1, 2}, {3, 4, 5}});
  BOOST_TEST(test.statistic == 8, kNear);
  BOOST_TEST(*test.p == std::exp(-4.0), kNear);  // Chi-square with 2 degrees of freedom.
  BOOST_TEST(!friedman_test({{1, 1, 1}, {2, 2, 2}}).p);
}

BOOST_AUTO_TEST_CASE(jonckheere_of_three_singles) {
  // J = 3 of 3, mean 1.5; variance (3 * 2 * 11) / 72.
  const RankTest test = jonckheere_test(std::vector<std::vector<double>>{{1}, {2}, {3}});
  BOOST_TEST(test.statistic == 3, kNear);
  BOOST_TEST(test.z == 1.5 / std::sqrt(66.0 / 72), kNear);
}

BOOST_AUTO_TEST_CASE(a_trend_is_weaker_than_every_step) {
  const SeedTable table{{0, 1.0, 0.9}, {0, 1.1, 1.3}, {0, 0.9, 1.0}, {0, 1.2, 1.1}};
  BOOST_TEST(*slope_by_seed(table, std::vector<double>{0, 1, 2}).p < 0.01);
  BOOST_TEST(*every_step(steps_by_seed(table)).p_rises > 0.05);
  // A step without spread cannot be tested, so the whole cannot.
  BOOST_TEST(!every_step(steps_by_seed(SeedTable{{0, 1, 2}, {0, 1, 3}})).p_rises);
}

BOOST_AUTO_TEST_CASE(sizes_spaced_by_ratios_have_log_codes) {
  const std::vector<double> doubling{256, 512, 1024}, even{4, 8, 12}, zero{0, 2, 4, 8};
  BOOST_TEST(trend_codes(doubling, 3) == (std::vector<double>{8, 9, 10}), boost::test_tools::per_element());
  BOOST_TEST(trend_codes(even, 3) == even, boost::test_tools::per_element());
  BOOST_TEST(trend_codes(zero, 4) == zero, boost::test_tools::per_element());
  BOOST_TEST(trend_codes({}, 3) == (std::vector<double>{1, 2, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(lenth_of_one_large_effect) {
  // Median 2 and s0 3; the 10 is above 7.5, so PSE = 1.5 * median(1, 1, 2, 2, 3, 3) = 3.
  const double effects[] = {1, -1, 2, -2, 3, -3, 10};
  const Lenth found = lenth(effects);
  BOOST_TEST(found.s0 == 3, kNear);
  BOOST_TEST(found.pse == 3, kNear);
  BOOST_TEST(found.df == 7.0 / 3, kNear);
  const double zeros[] = {0, 0, 0};
  BOOST_TEST(std::isnan(lenth(zeros).pse));
}

BOOST_AUTO_TEST_CASE(tukeys_degree_of_freedom_finds_a_product) {
  // y = r c with centred r and c: all of the interaction is the product, and nothing is left as error.
  const double product[] = {1, 0, -1, 0, 0, 0, -1, 0, 1};
  BOOST_TEST(!tukey_one_df(product, 3).p);
  // Rows 0, 3, 6 and columns 0, 1, 2 as main effects: their product plus a small pattern.
  std::vector<double> table;
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < 3; ++c)
      table.push_back(3 * r + c + 2 * (r - 1) * (c - 1) + (r == 1 && c == 1 ? 0.01 : 0));
  BOOST_TEST(*tukey_one_df(table, 3).p < 1e-4);
}

BOOST_AUTO_TEST_SUITE_END()
