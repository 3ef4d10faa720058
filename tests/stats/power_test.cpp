#include "stats/power.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

#include "stats/golden.hpp"
#include "util/random.hpp"

BOOST_AUTO_TEST_SUITE(power)

using namespace ablate;

BOOST_AUTO_TEST_CASE(power_is_that_of_forty_thousand_simulations) {
  // Of t tests with a true difference of 0.12 and a standard deviation of 0.10, simulated elsewhere.
  BOOST_TEST(power_of_seeds(7, 0.12, 0.10) == 0.754, boost::test_tools::tolerance(0.003));
  BOOST_TEST(power_of_seeds(8, 0.12, 0.10) == 0.828, boost::test_tools::tolerance(0.003));
  BOOST_TEST(*seeds_for_power(0.12, 0.10) == 8);
}

BOOST_AUTO_TEST_CASE(no_difference_is_found_as_often_as_alpha_says) {
  BOOST_TEST(power_of_seeds(5, 0, 1) == 0.05, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(!seeds_for_power(0, 1).has_value());
}

BOOST_AUTO_TEST_CASE(without_spread_or_seeds_there_is_no_power) {
  BOOST_TEST(std::isnan(power_of_seeds(1, 1, 1)));
  BOOST_TEST(std::isnan(power_of_seeds(5, 1, 0)));
  BOOST_TEST(!seeds_for_power(1, 0).has_value());
  BOOST_TEST(!seeds_for_half_width(1, std::nan("")).has_value());
  BOOST_TEST(!seeds_for_power(1e-9, 1).has_value());
}

BOOST_AUTO_TEST_CASE(runs_under_seeds_of_their_own_are_two_groups) {
  // R's power.t.test(n = 20, delta = 1, sd = 1) and power.t.test(power = .90, delta = 1), which gives 22.02.
  BOOST_TEST(power_of_seeds(20, 1, 1, 0.05, SeedDesign::own) == 0.8689528,
             boost::test_tools::tolerance(1e-6));
  BOOST_TEST(*seeds_for_power(1, 1, 0.9, 0.05, SeedDesign::own) == 23);
  // t(0.975; 8) = 2.306004 with five runs of each.
  BOOST_TEST(half_width_of_seeds(5, 1, 0.95, SeedDesign::own) == 2.306004 * std::sqrt(2.0 / 5),
             boost::test_tools::tolerance(1e-6));
  BOOST_TEST(std::isnan(half_width_of_seeds(1, 1, 0.95, SeedDesign::own)));
}

BOOST_AUTO_TEST_CASE(three_seeds_know_the_spread_within_a_factor_of_twelve) {
  const Limits found = sd_limits(1, 2);
  BOOST_TEST(found.low == 0.5207, boost::test_tools::tolerance(1e-3));
  BOOST_TEST(found.high == 6.285, boost::test_tools::tolerance(1e-3));
  const SeedsNeeded needed = seeds_needed_for_half_width(1, 1, 3);
  BOOST_TEST(*needed.likely == 7);  // t(0.975, 6) / sqrt(7) = 0.925; with six seeds 1.049.
  BOOST_TEST(*needed.low < *needed.likely);
  BOOST_TEST(*needed.high > 20 * *needed.likely);
}

BOOST_AUTO_TEST_CASE(the_spread_splits_into_seeds_and_examples) {
  // sd^2 = 4 of 1, 3, 5; examples explain 1 of it.
  const std::vector<double> differences = {1, 3, 5}, errors = {1, 1, 1};
  const auto parts = split_spread(differences, errors);
  BOOST_REQUIRE(parts.has_value());
  BOOST_TEST(parts->seeds == 3, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(parts->examples == 1, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(half_width_with(*parts, 1, 1) == 4.30265273 * 2 / std::sqrt(3),
             boost::test_tools::tolerance(1e-8));
  BOOST_TEST(half_width_with(*parts, 2, 1) == 2.57058184 * 2 / std::sqrt(6),
             boost::test_tools::tolerance(1e-8));
  BOOST_TEST((better_doubled(*parts) == MoreOf::seeds));
  BOOST_TEST(!split_spread(differences, std::vector<double>{1, std::nan(""), 1}).has_value());
}

BOOST_AUTO_TEST_CASE(outcomes_tell_seeds_from_questions) {
  const RandomStream random(3, "outcomes");
  constexpr std::size_t kSeeds = 40, kQuestions = 2000;
  std::vector<std::vector<double>> differences(kSeeds, std::vector<double>(kQuestions));
  for (std::size_t s = 0; s < kSeeds; ++s)
    for (std::size_t q = 0; q < kQuestions; ++q)
      differences[s][q] =
          0.1 + 0.05 * random.normal(s, 0) + 0.5 * random.normal(q, 1) + random.normal(q, 2 + s);
  const auto parts = split_outcomes(differences);
  BOOST_REQUIRE(parts.has_value());
  BOOST_TEST(parts->seeds == 0.0025, boost::test_tools::tolerance(0.5));
  BOOST_TEST(parts->questions == 0.25 / kQuestions, boost::test_tools::tolerance(0.2));
  BOOST_TEST(parts->examples == 1.0 / kQuestions, boost::test_tools::tolerance(0.02));
  // Questions that all seeds share: more seeds do not help.
  const SpreadParts shared{.seeds = 0, .examples = 1e-6, .questions = 1, .num_seeds = 10};
  BOOST_TEST((better_doubled(shared) == MoreOf::examples));
}

BOOST_AUTO_TEST_CASE(seeds_of_known_tables) {
  if (!golden::present()) {
    BOOST_TEST_MESSAGE("skipped: no tables in " << golden::folder());
    return;
  }
  const auto near = boost::test_tools::tolerance(1e-7);
  int checked = 0;
  for (const std::string& name : golden::cases()) {
    const Json known = golden::read_case(name);
    if (!known.contains("power")) continue;
    for (const Json& row : known["power"]) BOOST_TEST_CONTEXT(name << " " << row.dump()) {
        const double delta = row["delta"], sd = row["sd_diff"], half_width = row["half_width"];
        BOOST_TEST(power_of_seeds(row["seeds_now"], delta, sd) == row["power_now"].get<double>(), near);
        const auto seeds = seeds_for_power(delta, sd, row["target_power"]);
        BOOST_REQUIRE(seeds.has_value());
        BOOST_TEST(*seeds == row["seeds_for_power"].get<std::int64_t>());
        BOOST_TEST(power_of_seeds(*seeds, delta, sd) == row["power_at_that"].get<double>(), near);
        if (!row["power_one_less"].is_null())
          BOOST_TEST(power_of_seeds(*seeds - 1, delta, sd) == row["power_one_less"].get<double>(), near);
        BOOST_TEST(*seeds_for_half_width(half_width, sd) == row["seeds_for_half_width"].get<std::int64_t>());
        ++checked;
      }
  }
  BOOST_TEST(checked > 20);
}

BOOST_AUTO_TEST_SUITE_END()
