#include "stats/pareto.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <set>
#include <vector>

#include "stats/golden.hpp"

BOOST_AUTO_TEST_SUITE(pareto)

using namespace ablate;

namespace {

Observation run(double cell, std::uint64_t seed, double score, double cost) {
  Observation made;
  made.at = {cell};
  made.seed = seed;
  made.score = score;
  made.cost = cost;
  return made;
}

Observations one_factor(std::vector<Observation> runs) {
  return {.factors = {{.name = "cell", .levels = {"a", "b", "c", "d"}, .values = {}, .range = {}}},
          .runs = std::move(runs)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_front_has_what_nothing_beats_at_its_price) {
  // Two seeds ten apart. Cell c costs more than b and is 0.1 worse, with noise of that size; d is far worse.
  const Observations made =
      one_factor({run(0, 1, 1.0, 1), run(0, 2, 11.1, 1), run(1, 1, 2.0, 2), run(1, 2, 12.0, 2),
                  run(2, 1, 2.0, 3), run(2, 2, 11.8, 3), run(3, 1, 0.0, 3), run(3, 2, 10.0, 3)});
  const ParetoFront found = pareto_front(made);
  BOOST_REQUIRE(found.cells.size() == 4u);
  BOOST_TEST(found.cells[0].on_front);
  BOOST_TEST(found.cells[1].on_front);
  BOOST_TEST(!found.cells[2].on_front);
  BOOST_TEST(*found.cells[2].beaten_by == 1u);
  BOOST_TEST(found.cells[2].behind == 0.1, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(found.cells[2].within_interval);
  BOOST_TEST(!found.cells[3].within_interval);
  BOOST_TEST(found.error_df == 3);
  // By hand: seeds differ by 10.1, 10, 9.8 and 10, so the squares left are 0.0475 / 2.
  BOOST_TEST(found.error_ms == 0.02375 / 3, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(found.cells[2].half_width == 3.18244631 * std::sqrt(found.error_ms),
             boost::test_tools::tolerance(1e-8));
}

BOOST_AUTO_TEST_CASE(lower_is_better_turns_the_front_round) {
  Observations made = one_factor({run(0, 1, 1, 1), run(1, 1, 2, 2), run(2, 1, 0.5, 3)});
  made.lower_is_better = true;
  const ParetoFront found = pareto_front(made);
  BOOST_TEST(found.cells[0].on_front);
  BOOST_TEST(!found.cells[1].on_front);
  BOOST_TEST(found.cells[1].behind == 1);
  BOOST_TEST(found.cells[2].on_front);
  BOOST_TEST(std::isnan(found.cells[1].half_width));
  BOOST_TEST(!found.cells[1].within_interval);
}

BOOST_AUTO_TEST_CASE(a_cell_that_lacks_an_easy_seed_is_not_worse_for_it) {
  // Scores are cell + seed exactly: 0, 1, 2 and 0, 10. Cell b lacks the second seed.
  const Observations made =
      one_factor({run(0, 1, 0, 1), run(0, 2, 10, 1), run(1, 1, 1, 2), run(2, 1, 2, 3), run(2, 2, 12, 3)});
  const ParetoFront found = pareto_front(made);
  BOOST_TEST(found.cells[0].score == 5, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(found.cells[1].score == 6, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(found.cells[1].on_front);
}

BOOST_AUTO_TEST_CASE(a_doubling_has_the_slope_of_the_score) {
  std::vector<Observation> runs;
  for (std::uint64_t seed = 1; seed <= 2; ++seed)
    for (int cell = 0; cell < 3; ++cell)
      runs.push_back(run(cell, seed, 0.5 * cell + 3.0 * static_cast<double>(seed), std::exp2(cell)));
  const auto exact = effect_per_doubling(one_factor(runs), 0);
  BOOST_REQUIRE(exact.has_value());
  BOOST_TEST(exact->estimate == 0.5, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(!exact->p.has_value());  // No residual at all: no test.
  for (Observation& made : runs) made.cost = 4;
  BOOST_TEST(!effect_per_doubling(one_factor(runs), 0).has_value());
}

BOOST_AUTO_TEST_CASE(a_doubling_has_the_error_of_the_slopes_of_seeds) {
  // Slopes 0.4, 0.5, 0.6 without other noise, two runs of a seed alike: one slope a seed, whatever the runs.
  std::vector<Observation> runs;
  for (std::uint64_t seed = 1; seed <= 3; ++seed)
    for (int cell = 0; cell < 3; ++cell)
      for (int copy = 0; copy < 2; ++copy) {
        const double slope = 0.3 + 0.1 * static_cast<double>(seed);
        runs.push_back(run(cell, seed, slope * cell + 3.0 * static_cast<double>(seed), std::exp2(cell)));
        runs.back().at.push_back(copy);
      }
  Observations made = one_factor(runs);
  made.factors.push_back({.name = "copy", .levels = {"a", "b"}, .values = {}});
  const auto effect = effect_per_doubling(made, 0);
  BOOST_REQUIRE(effect.has_value());
  BOOST_TEST(effect->estimate == 0.5, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(effect->seed_se == 0.1 / std::sqrt(3.0), boost::test_tools::tolerance(1e-9));
  BOOST_TEST(effect->seed_df == 2);
  for (Observation& one : made.runs) one.seed = *one.seed == 3 ? 2 : *one.seed;
  BOOST_TEST(std::isnan(effect_per_doubling(made, 0)->seed_se));  // Two seeds do not tell it.
}

BOOST_AUTO_TEST_CASE(a_doubling_along_one_axis_is_freed_of_what_a_sampled_one_costs) {
  // Cost is 2^(cell + 2 x), and x is worth 3 for itself: 1.5 a doubling, against 0.5 of the cells.
  std::vector<Observation> runs;
  for (std::uint64_t i = 0; i < 24; ++i) {
    const double cell = static_cast<double>(i % 3), x = std::fmod(0.381966 * static_cast<double>(i), 1.0);
    runs.push_back(run(cell, i, 0.5 * cell + 3 * x, std::exp2(cell + 2 * x)));
    runs.back().at.push_back(x);
  }
  Observations made = one_factor(runs);
  made.factors.push_back({.name = "x", .levels = {}, .values = {}, .range = SampledRange{0, 1}});
  BOOST_TEST(effect_per_doubling(made, 0)->estimate == 0.5, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(effect_per_doubling(made, 1)->estimate == 1.5, boost::test_tools::tolerance(1e-9));
  // An axis that costs nothing of its own; cost is 2^x and 1 for all, which no cubic curve is exactly.
  for (Observation& one : made.runs) one.cost = 1 + std::exp2(3 * one.at[1]);
  BOOST_TEST(!effect_per_doubling(made, 0).has_value());
  BOOST_TEST(effect_per_doubling(made, 1).has_value());
}

BOOST_AUTO_TEST_CASE(the_front_of_known_tables) {
  if (!golden::present()) {
    BOOST_TEST_MESSAGE("skipped: no tables in " << golden::folder());
    return;
  }
  int checked = 0;
  for (const std::string& name : golden::cases()) {
    const Json known = golden::read_case(name);
    if (!known.contains("pareto")) continue;
    const Observations sweep = golden::observations(known);
    const ParetoFront found = pareto_front(sweep);
    std::size_t on_front = 0;
    for (const CellScore& cell : found.cells) {
      if (!cell.on_front) continue;
      ++on_front;
      bool listed = false;
      for (const Json& row : known["pareto"]) {
        bool same = true;
        for (std::size_t f = 0; f < sweep.factors.size(); ++f)
          same &= row[sweep.factors[f].name] == sweep.factors[f].levels[static_cast<std::size_t>(cell.at[f])];
        if (!same) continue;
        listed = true;
        BOOST_TEST(cell.score == row[known["score"].get<std::string>()].get<double>(),
                   boost::test_tools::tolerance(1e-8));
        BOOST_TEST(cell.cost == row[known["cost"].get<std::string>()].get<double>(),
                   boost::test_tools::tolerance(1e-8));
      }
      BOOST_TEST(listed);
    }
    BOOST_TEST(on_front == known["pareto"].size());
    const Json& doubling = known["effect_per_doubling_of_cost"];
    const auto effect = effect_per_doubling(sweep, 0);
    BOOST_REQUIRE(effect.has_value());
    BOOST_TEST(effect->estimate == doubling["estimate"].get<double>(), boost::test_tools::tolerance(1e-7));
    BOOST_TEST(effect->se == doubling["se"].get<double>(), boost::test_tools::tolerance(1e-7));
    BOOST_TEST(effect->df == doubling["df"].get<double>());
    BOOST_TEST(*effect->p == doubling["p"].get<double>(), boost::test_tools::tolerance(1e-5));
    ++checked;
  }
  BOOST_TEST(checked >= 1);
}

BOOST_AUTO_TEST_SUITE_END()
