// When levels spread unlike, by simulated sweeps whose truth is known.
#include "stats/spread.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>

#include "stats/contrasts.hpp"
#include "util/random.hpp"

BOOST_AUTO_TEST_SUITE(spread)

using namespace ablate;

namespace {

struct SpreadDesign {
  std::size_t a = 3, b = 3;  ///< Levels; b = 1: one axis alone.
  std::uint64_t seeds = 4;
  bool own_seeds = false;
  double last_noise = 1;  ///< Of the last level of a, in times of the others.
  double with_seed = 0;   ///< Standard deviation of a x seed.
  double failing = 0;     ///< Part of the runs.
};

Observations simulated(const SpreadDesign& design, std::uint64_t sweep) {
  const RandomStream random(sweep, "spread");
  Observations made;
  for (const auto& [name, levels] : {std::pair{"a", design.a}, std::pair{"b", design.b}}) {
    Factor factor{.name = name, .levels = {}, .values = {}, .range = {}};
    for (std::size_t level = 0; level < levels; ++level)
      factor.levels.push_back(name + std::to_string(level));
    made.factors.push_back(factor);
  }
  std::uint64_t next = 0;
  for (std::size_t i = 0; i < design.a; ++i)
    for (std::size_t j = 0; j < design.b; ++j)
      for (std::uint64_t seed = 0; seed < design.seeds; ++seed) {
        const std::uint64_t index = next++;
        Observation run;
        run.at = {static_cast<double>(i), static_cast<double>(j)};
        if (!design.own_seeds) run.seed = seed;
        run.score = 0.3 * static_cast<double>(i * j) + (design.own_seeds ? 0 : random.normal(seed, 1)) +
                    design.with_seed * random.normal(seed, 10 + i) +
                    0.25 * (i + 1 == design.a ? design.last_noise : 1) * random.normal(index, 2);
        if (random.uniform(index, 3) >= design.failing) made.runs.push_back(run);
      }
  return made;
}

/// The part of the sweeps in which an axis is said to spread unlike.
double part_said(const SpreadDesign& design, int sweeps, std::size_t axis = 0) {
  int said = 0;
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    const Contrasts found = contrasts_of(simulated(design, static_cast<std::uint64_t>(sweep)));
    said += found.factors.at(axis).unlike_spread ? 1 : 0;
  }
  return static_cast<double>(said) / sweeps;
}

}  // namespace

BOOST_AUTO_TEST_CASE(levels_that_spread_alike_are_seldom_said_to_differ) {
  const SpreadDesign alike[] = {{},
                                {.seeds = 3},
                                {.seeds = 2},
                                {.b = 1},
                                {.b = 1, .seeds = 8},
                                {.a = 4, .b = 2, .seeds = 3},
                                {.own_seeds = true},
                                {.seeds = 5, .with_seed = 0.5},
                                {.seeds = 4, .failing = 0.15}};
  for (const SpreadDesign& design : alike) {
    const double said = part_said(design, 500);
    BOOST_TEST_MESSAGE("said of " << design.a << " x " << design.b << " under " << design.seeds << ": "
                                  << said);
    // At p < 0.01, and 500 sweeps have a standard error of 0.0045.
    BOOST_TEST(said <= 0.025, design.a << " x " << design.b << " under " << design.seeds << ": " << said);
  }
}

BOOST_AUTO_TEST_CASE(a_level_of_four_times_the_noise_is_named) {
  BOOST_TEST(part_said({.seeds = 5, .last_noise = 4}, 200) > 0.5);
  BOOST_TEST(part_said({.b = 6, .seeds = 5, .last_noise = 4}, 200) > 0.9);
  BOOST_TEST(part_said({.b = 2, .seeds = 8, .own_seeds = true, .last_noise = 4}, 200) > 0.9);
  BOOST_TEST(part_said({.b = 6, .seeds = 5, .last_noise = 4, .failing = 0.1}, 200) > 0.8);
  const Contrasts found = contrasts_of(simulated({.a = 3, .b = 4, .seeds = 20, .last_noise = 4}, 1));
  const FactorContrasts& axis = found.factors.at(0);
  BOOST_REQUIRE(axis.unlike_spread.has_value());
  BOOST_TEST(axis.unlike_spread->widest == 2u);
  BOOST_TEST(axis.unlike_spread->p < 1e-6);
  BOOST_TEST(axis.unlike_spread->widest_sd == 1, boost::test_tools::tolerance(0.2));
  BOOST_TEST(axis.unlike_spread->narrowest_sd == 0.25, boost::test_tools::tolerance(0.2));
  BOOST_TEST(std::count_if(axis.notes.begin(), axis.notes.end(), [](const std::string& note) {
               return note.find("may be too narrow with a2") != std::string::npos &&
                      note.find("estimator 'paired'") != std::string::npos;
             }) == 1);
  // The other axis has the noisy level at each of its own.
  BOOST_TEST(part_said({.b = 4, .seeds = 5, .last_noise = 4}, 300, 1) <= 0.025);
}

BOOST_AUTO_TEST_CASE(of_two_levels_a_pooled_error_is_right) {
  BOOST_TEST(part_said({.a = 2, .seeds = 10, .last_noise = 4}, 20) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
