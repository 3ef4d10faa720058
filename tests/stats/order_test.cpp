#include "stats/order.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

#include "stats/golden_model.hpp"

BOOST_AUTO_TEST_SUITE(order)

using namespace ablate;

namespace {

LevelMeans two_levels(double difference, double variance) {
  LevelMeans means;
  means.mean = Eigen::Vector2d(0, difference);
  means.covariance = Eigen::Matrix2d::Identity() * variance;
  return means;
}

}  // namespace

BOOST_AUTO_TEST_CASE(equal_factors_come_first_equally_often) {
  const std::vector<LevelMeans> factors = {two_levels(1, 0.1), two_levels(-1, 0.1)};
  const auto found = order_probabilities(factors, 1, 10);
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(std::abs(found->pairs[0][1] - 0.5) < 0.012);
  BOOST_TEST(found->pairs[0][1] + found->pairs[1][0] == 1, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(found->orders.size() == 2u);
}

BOOST_AUTO_TEST_CASE(more_levels_without_effect_come_first_more_often) {
  // P(chi-square(2) > chi-square(1)) = 1 / sqrt(2) = 0.707.
  LevelMeans three;
  three.mean = Eigen::Vector3d::Zero();
  three.covariance = Eigen::Matrix3d::Identity() * 0.3;  // Level means of 3 and of 2 levels of as many runs:
  const std::vector<LevelMeans> factors = {three, two_levels(0, 0.2)};  // equal sums of squares for each df.
  const auto found = order_probabilities(factors, 1, 1e6);
  BOOST_TEST(std::abs(found->pairs[0][1] - 1 / std::sqrt(2.0)) < 0.012);
}

BOOST_AUTO_TEST_CASE(without_an_error_no_order_is_told) {
  const std::vector<LevelMeans> factors = {two_levels(1, 0.1), two_levels(-1, 0.1)};
  BOOST_TEST(!order_probabilities(factors, std::nan(""), 10).has_value());
  BOOST_TEST(!order_probabilities(factors, 1, 0).has_value());
  BOOST_TEST(!outweighs(std::vector<double>{1, 1}, std::vector<double>{0.5, 0.5}).p.has_value());
  BOOST_TEST(!outweighs(std::vector<double>{1}, std::vector<double>{0.5}).p.has_value());
}

BOOST_AUTO_TEST_CASE(a_larger_effect_outweighs_whatever_its_sign) {
  const std::vector<double> large = {-1, -1.2, -0.9, -1.1}, small = {0.2, 0.1, 0.3, 0.25};
  const Outweighs found = outweighs(large, small);
  BOOST_TEST(found.estimate == 1.05 - 0.2125, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(*found.p < 0.01);
  BOOST_TEST(*found.p_reverse > 0.99);
  BOOST_TEST(*outweighs(small, large).p == *found.p_reverse, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(orders_of_known_tables) {
  if (!golden::present()) {
    BOOST_TEST_MESSAGE("skipped: no tables in " << golden::folder());
    return;
  }
  int checked = 0;
  golden::visit_results([&](const std::string& name, const Json& known, const Json& results,
                            const std::string& score) {
    if (!results.contains("rank")) return;
    const golden::TableModel table = golden::table_model(known, results, score);
    std::vector<Term> terms = table.terms;
    if (table.block) terms.push_back({*table.block});
    const LinearModel model(table.runs, terms);
    std::vector<LevelMeans> factors;
    for (std::size_t f = 0; f < known["factors"].size(); ++f)
      factors.push_back(*level_means(model, table.names.size(), f, table.runs.sizes[f]));
    const auto found = order_probabilities(factors, model.error_ms(), static_cast<double>(model.error_df()));
    BOOST_REQUIRE(found.has_value());
    for (const Json& row : results["rank"]["pairs"]) BOOST_TEST_CONTEXT(name << " " << row.dump()) {
        const std::size_t first = table.term(row["first"])[0], second = table.term(row["second"])[0];
        BOOST_TEST(std::abs(found->pairs[first][second] - row["probability"].get<double>()) <
                   row["tolerance"].get<double>());
        ++checked;
      }
    BOOST_TEST(std::abs(found->orders[0].probability -
                        results["rank"]["orders"][0]["probability"].get<double>()) < 0.02);
  });
  BOOST_TEST(checked > 25);
}

BOOST_AUTO_TEST_CASE(outweighing_of_known_tables) {
  if (!golden::present()) {
    BOOST_TEST_MESSAGE("skipped: no tables in " << golden::folder());
    return;
  }
  const Json known = golden::read_case("sim-order");
  const Observations sweep = golden::observations(known);
  // In a full two-level grid: the effect of each factor under each seed.
  const auto effects = [&](const std::string& name) {
    std::size_t factor = 0;
    while (sweep.factors[factor].name != name) ++factor;
    std::vector<double> found(6, 0.0);
    for (const Observation& run : sweep.runs)
      found[*run.seed - 1] += (run.at[factor] == 1 ? 1 : -1) * run.score / 4;
    return found;
  };
  for (const Json& row : known["outweighs"]) BOOST_TEST_CONTEXT(row.dump()) {
      const Outweighs found = outweighs(effects(row["first"]), effects(row["second"]));
      BOOST_TEST(found.estimate == row["estimate"].get<double>(), boost::test_tools::tolerance(1e-6));
      BOOST_TEST(*found.p == row["p"].get<double>(), boost::test_tools::tolerance(1e-6));
    }
}

BOOST_AUTO_TEST_SUITE_END()
