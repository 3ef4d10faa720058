// What differences a sweep's design allows, and what it does not: small sweeps solved by hand.
#include "stats/contrasts.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <limits>

#include "stats/estimators.hpp"
#include "stats/level_trend.hpp"
#include "stats/summary.hpp"
#include "util/random.hpp"

BOOST_AUTO_TEST_SUITE(contrasts)

using namespace ablate;

namespace {

const auto kNear = boost::test_tools::tolerance(1e-9);
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

Factor factor(const std::string& name, std::vector<std::string> levels) {
  return {.name = name, .levels = std::move(levels)};
}

Observation run(std::vector<double> at, std::uint64_t seed, double score) {
  return {.at = std::move(at), .seed = seed, .score = score};
}

/// A grid of two factors under some seeds.
Observations grid(std::size_t a, std::size_t b, std::uint64_t seeds,
                  const std::function<double(std::size_t, std::size_t, std::uint64_t)>& score) {
  Observations sweep{.factors = {factor("a", {}), factor("b", {})}};
  for (std::size_t i = 0; i < a; ++i) sweep.factors[0].levels.push_back("a" + std::to_string(i));
  for (std::size_t j = 0; j < b; ++j) sweep.factors[1].levels.push_back("b" + std::to_string(j));
  for (std::size_t i = 0; i < a; ++i)
    for (std::size_t j = 0; j < b; ++j)
      for (std::uint64_t s = 1; s <= seeds; ++s)
        sweep.runs.push_back(run({static_cast<double>(i), static_cast<double>(j)}, s, score(i, j, s)));
  return sweep;
}

double noise(std::uint64_t index) { return RandomStream(7, "noise").normal(index); }

bool says(const std::vector<std::string>& notes, const std::string& text) {
  return std::any_of(notes.begin(), notes.end(),
                     [&](const std::string& n) { return n.find(text) != n.npos; });
}

}  // namespace

BOOST_AUTO_TEST_CASE(strata_of_two_levels_are_pairs) {
  const Observations sweep = grid(2, 3, 4, [](auto i, auto j, auto s) {
    return static_cast<double>(i) + 3 * static_cast<double>(s) + 0.1 * noise(100 * i + 10 * j + s);
  });
  const Contrasts strata = contrasts_of(sweep);
  const Contrasts paired = contrasts_of(sweep, {.estimator = Estimator::paired});
  BOOST_REQUIRE(strata.factors.size() == 2u);
  BOOST_TEST((strata.factors[0].estimator == Estimator::strata));
  const TTest &a = strata.factors[0].contrasts[0].difference, &b = paired.factors[0].contrasts[0].difference;
  BOOST_TEST(a.estimate == b.estimate, kNear);
  BOOST_TEST(a.se == b.se, kNear);
  BOOST_TEST(a.df == 3);
  BOOST_TEST(paired.factors[0].contrasts[0].seeds == 4u);
  BOOST_TEST(strata.family == 4u);  // One pair of a, three of b.
}

BOOST_AUTO_TEST_CASE(two_seeds_are_blocks) {
  const Observations sweep = grid(2, 2, 2, [](auto i, auto, auto s) {
    return static_cast<double>(i) + static_cast<double>(s) + 0.1 * noise(10 * i + s);
  });
  const Contrasts found = contrasts_of(sweep);
  BOOST_TEST((found.factors[0].estimator == Estimator::blocks));
  BOOST_TEST(found.factors[0].contrasts[0].difference.df == 3);  // (cells - 1) (seeds - 1).
  BOOST_TEST(found.factors[0].these_seeds);
}

BOOST_AUTO_TEST_CASE(an_effect_that_differs_between_seeds_is_said) {
  const Observations sweep = grid(2, 4, 5, [](auto i, auto j, auto s) {
    return (i == 1 ? 0.5 * noise(s) : 0) + 0.01 * noise(1000 + 100 * i + 10 * j + s);
  });
  const Contrasts pooled = contrasts_of(sweep, {.estimator = Estimator::blocks});
  BOOST_TEST(*pooled.factors[0].seed_interaction.p < 1e-6);
  BOOST_TEST(says(pooled.factors[0].notes, "too narrow"));
  BOOST_TEST(*pooled.factors[1].seed_interaction.p > 0.001);
  const Contrasts strata = contrasts_of(sweep);
  BOOST_TEST(strata.factors[0].contrasts[0].difference.se > 2 * pooled.factors[0].contrasts[0].difference.se);
}

BOOST_AUTO_TEST_CASE(an_interaction_has_the_error_of_its_own_differences_between_seeds) {
  // 2 x 2 under six seeds, each with an interaction of its own: t over seeds, squared.
  const std::uint64_t seeds = 6;
  const Observations sweep = grid(2, 2, seeds, [](auto i, auto j, auto s) {
    return (i == 1 && j == 1 ? 0.8 * noise(s) : 0) + 0.01 * noise(1000 + 100 * i + 10 * j + s);
  });
  std::vector<double> of_seed(seeds, 0);
  for (const Observation& run : sweep.runs)
    of_seed[*run.seed - 1] += run.at[0] == run.at[1] ? run.score : -run.score;
  const Summary summary = summarize(of_seed);
  const std::vector<Interaction> found = interactions_of(sweep);
  BOOST_REQUIRE(found.size() == 1u);
  BOOST_TEST(found[0].by_seed.f == std::pow(summary.mean / summary.se, 2),
             boost::test_tools::tolerance(1e-8));
  BOOST_TEST(found[0].by_seed.df1 == 1);
  BOOST_TEST(found[0].by_seed.df2 == static_cast<double>(seeds - 1));
  BOOST_TEST(found[0].test.df2 == static_cast<double>(3 * (seeds - 1)));
  // Two seeds do not tell it.
  BOOST_TEST(
      !interactions_of(grid(2, 2, 2, [](auto i, auto j, auto s) { return noise(10 * i + 5 * j + s); }))[0]
           .by_seed.p.has_value());
}

BOOST_AUTO_TEST_CASE(residuals_of_exactly_zero_give_no_p) {
  // Four cells of six under an additive law: one degree of freedom, and nothing in it.
  Observations sweep = grid(2, 3, 1, [](auto i, auto j, auto) {
    return 0.1 * static_cast<double>(i) + 0.7 * static_cast<double>(j);
  });
  sweep.runs.pop_back();
  const Contrasts found = contrasts_of(sweep);
  const FactorContrasts& a = found.factors[0];
  BOOST_TEST((a.estimator == Estimator::additive));
  BOOST_TEST(a.contrasts[0].difference.estimate == -0.1, kNear);
  BOOST_TEST(!a.contrasts[0].difference.p);
  BOOST_TEST(!a.contrasts[0].p_holm);
  BOOST_TEST(std::isnan(a.contrasts[0].difference.low));
  BOOST_TEST(says(a.notes, "no error estimate"));
  BOOST_TEST(found.family == 0u);
}

BOOST_AUTO_TEST_CASE(identical_levels_leave_the_family) {
  const Observations sweep = grid(3, 2, 4, [](auto i, auto j, auto s) {
    return i == 2 ? noise(s) + 1 : noise(s) + 0.1 * static_cast<double>(j);
  });
  const Contrasts found = contrasts_of(sweep, {.estimator = Estimator::paired});
  const Contrast& same = found.factors[0].contrasts[0];  // a0 - a1: run for run the same.
  BOOST_TEST(same.difference.estimate == 0);
  BOOST_TEST(same.difference.se == 0);
  BOOST_TEST(!same.difference.p);
  BOOST_TEST(!same.p_holm_factor);
}

BOOST_AUTO_TEST_CASE(holes_do_not_turn_into_effects) {
  // b has an effect of 10, a none; a1 lost both of its runs at b1. Means would say -5 (trap: incomplete
  // grids).
  Observations sweep = grid(2, 3, 2, [](auto i, auto j, auto s) {
    return 10 * static_cast<double>(j) + static_cast<double>(s) + 0.01 * noise(100 * i + 10 * j + s);
  });
  std::erase_if(sweep.runs, [](const Observation& r) { return r.at[0] == 1 && r.at[1] == 2; });
  const Contrasts found = contrasts_of(sweep);
  BOOST_TEST((found.factors[0].estimator == Estimator::blocks));
  BOOST_TEST(found.factors[0].order == 1u);
  BOOST_TEST(std::abs(found.factors[0].contrasts[0].difference.estimate) < 0.05);
  BOOST_TEST(says(found.factors[0].notes, "main effects alone"));
}

BOOST_AUTO_TEST_CASE(a_lost_run_does_not_hide_that_an_effect_differs_between_seeds) {
  // Kinds have no effect, but each seed has its favourite. Of 200 such sweeps, each short of one run, at most
  // one in eight may find a difference; one pooled error finds one in two of them.
  std::size_t found = 0, pooled = 0, strata = 0;
  for (std::uint64_t sweep_number = 0; sweep_number < 200; ++sweep_number) {
    Observations sweep = grid(3, 4, 4, [&](auto i, auto j, auto s) {
      return 0.3 * noise(10000 * sweep_number + 10 * s + i) +
             0.2 * noise(10000 * sweep_number + 1000 + 100 * i + 10 * j + s);
    });
    sweep.runs.pop_back();
    const Contrasts usual = contrasts_of(sweep);
    strata += usual.factors[0].estimator == Estimator::strata;
    found += *usual.factors[0].contrasts[0].difference.p < 0.05;
    pooled +=
        *contrasts_of(sweep, {.estimator = Estimator::blocks}).factors[0].contrasts[0].difference.p < 0.05;
  }
  BOOST_TEST(strata > 180u);
  BOOST_TEST(found <= 24u);
  BOOST_TEST(pooled > 60u);
}

BOOST_AUTO_TEST_CASE(what_is_fitted_last_is_what_tables_of_means_have) {
  // In a full grid factor x seed after least squares is the mean square of the table of seeds and levels.
  const Observations sweep = grid(3, 2, 4, [](auto i, auto j, auto s) {
    return noise(100 * i + 10 * j + s) + 2 * noise(1000 + 10 * i + s);
  });
  const auto design = Designs(sweep).of({0});
  const SeedStratum fitted = stratum_of_focus(*design, 2);
  const StrataError table = strata_error(seed_level_means(*design), {0, 1, 2});
  BOOST_TEST(fitted.ms == 2 * table.ms, kNear);  // Two runs in each mean.
  BOOST_TEST(fitted.df == table.df);
  BOOST_TEST(*fitted.test.p == *seed_interaction(*design, 2).p, kNear);
}

BOOST_AUTO_TEST_CASE(a_shared_encoder_is_one_observation) {
  // Two encoders under three seeds, each used with four connectors: six trained encoders, not 24 runs.
  Observations sweep = grid(2, 4, 3, [](auto i, auto j, auto s) {
    return noise(10 * i + s) + static_cast<double>(j) + 0.01 * noise(1000 + 100 * i + 10 * j + s);
  });
  std::int64_t own = 100;
  for (Observation& r : sweep.runs)
    r.plots = {static_cast<std::int64_t>(10 * r.at[0]) + static_cast<std::int64_t>(*r.seed), own++};
  for (const std::uint64_t seeds : {std::uint64_t{3}, std::uint64_t{2}}) {
    Observations some = sweep;
    std::erase_if(some.runs, [&](const Observation& r) { return *r.seed > seeds; });
    const Contrasts found = contrasts_of(some);
    const TTest& encoder = found.factors[0].contrasts[0].difference;
    // One difference of two encoders for each seed.
    BOOST_TEST(encoder.df == static_cast<double>(seeds - 1));
    std::vector<double> differences;
    for (std::uint64_t s = 1; s <= seeds; ++s) {
      double sum = 0;
      for (const Observation& r : some.runs)
        if (*r.seed == s) sum += (r.at[0] == 0 ? 1 : -1) * r.score / 4;
      differences.push_back(sum);
    }
    BOOST_TEST(encoder.se == t_test(differences, 1).se, kNear);
    BOOST_TEST(says(found.factors[0].notes, "each stage is one observation"));
    // The connector is judged inside the encoders, where the noise is a hundred times smaller.
    BOOST_TEST(found.factors[1].contrasts[0].difference.se < 0.05);
  }
}

BOOST_AUTO_TEST_CASE(one_stage_a_level_says_nothing_of_noise) {
  Observations sweep = grid(2, 4, 1, [](auto i, auto j, auto) { return noise(10 * i + j); });
  std::int64_t own = 100;
  for (Observation& r : sweep.runs) r.plots = {static_cast<std::int64_t>(r.at[0]), own++};
  const Contrasts found = contrasts_of(sweep);
  BOOST_TEST(!found.factors[0].contrasts[0].difference.p);
  BOOST_TEST(found.factors[1].contrasts[0].difference.p.has_value());  // Encoders are blocks.
  BOOST_TEST(found.factors[1].contrasts[0].difference.df == 3);
}

BOOST_AUTO_TEST_CASE(a_conditional_factor_is_compared_inside_its_branch) {
  // depth applies to kind 1 alone; kind 0 scores 0, kind 1 scores 1 and 3 at its two depths.
  Observations sweep{
      .factors = {factor("kind", {"k0", "k1"}), factor("depth", {"d0", "d1"}), factor("lr", {"l0", "l1"})}};
  for (std::uint64_t s = 1; s <= 3; ++s)
    for (double lr = 0; lr < 2; ++lr) {
      const auto add = [&](double kind, double depth, double score) {
        sweep.runs.push_back(run({kind, depth, lr}, s,
                                 score + 5 * lr + static_cast<double>(s) + 0.01 * noise(sweep.runs.size())));
      };
      add(0, kNone, 0), add(1, 0, 1), add(1, 1, 3);
    }
  const Contrasts found = contrasts_of(sweep);
  const auto near = boost::test_tools::tolerance(0.02);
  BOOST_REQUIRE(found.factors.size() == 3u);
  BOOST_TEST(found.factors[0].contrasts[0].difference.estimate == -2,
             near);  // 0 against the mean of 1 and 3.
  BOOST_TEST(found.factors[1].contrasts[0].difference.estimate == -2, near);
  BOOST_TEST(found.factors[2].contrasts[0].difference.estimate == -5, near);
  BOOST_TEST((found.factors[2].estimator == Estimator::strata));
}

BOOST_AUTO_TEST_CASE(changes_from_a_baseline) {
  Observations sweep = grid(3, 2, 4, [](auto i, auto j, auto s) {
    return static_cast<double>(i) - 2 * static_cast<double>(j) + static_cast<double>(s) +
           0.01 * noise(100 * i + 10 * j + s);
  });
  std::erase_if(sweep.runs, [](const Observation& r) { return r.at[0] > 0 && r.at[1] > 0; });
  const Contrasts found = contrasts_of(sweep);
  BOOST_TEST((found.factors[0].estimator == Estimator::one_at_a_time));
  BOOST_REQUIRE(found.factors[0].contrasts.size() == 2u);
  BOOST_TEST(found.factors[0].contrasts[1].a == 2u);
  BOOST_TEST(found.factors[0].contrasts[1].b == 0u);
  BOOST_TEST(found.factors[0].contrasts[1].difference.estimate == 2, boost::test_tools::tolerance(0.02));
  BOOST_TEST(found.factors[0].contrasts[1].difference.df == 9);  // (variants - 1) (seeds - 1).
  BOOST_TEST(found.family == 3u);
  BOOST_TEST(says(found.notes, "interactions cannot be seen"));
}

BOOST_AUTO_TEST_CASE(runs_with_seeds_of_their_own_are_not_paired) {
  std::uint64_t own = 0;
  Observations sweep =
      grid(2, 1, 6, [](auto i, auto, auto s) { return (i == 0 ? 0.1 : 3.0) * noise(10 * i + s); });
  for (Observation& r : sweep.runs) r.seed = ++own;
  const Contrasts found = contrasts_of(sweep);
  BOOST_TEST((found.factors[0].estimator == Estimator::welch));
  BOOST_TEST(found.factors[0].contrasts[0].difference.df < 6);
  BOOST_CHECK_THROW(contrasts_of(sweep, {.estimator = Estimator::paired}), Error);
}

BOOST_AUTO_TEST_CASE(points_of_a_sample_are_the_observations) {
  // 12 points of x at two levels of a, under three seeds each; and the same with one run a point, the mean.
  Observations sweep{.factors = {factor("a", {"p", "q"}), {.name = "x"}}},
      means{.factors = {factor("a", {"p", "q"})}};
  sweep.factors[1].range = SampledRange{0, 1};
  for (std::uint64_t point = 0; point < 12; ++point) {
    const double level = point % 2 ? 1 : 0, x = 0.05 + 0.07 * static_cast<double>(point);
    double mean = 0;
    for (std::uint64_t s = 1; s <= 3; ++s) {
      const double score = level + 3 * x + 2 * static_cast<double>(s) + 0.01 * noise(10 * point + s);
      sweep.runs.push_back(run({level, x}, s, score));
      mean += score / 3;
    }
    means.runs.push_back({.at = {level}, .score = mean});
  }
  const FactorContrasts found = contrasts_of(sweep).factors.at(0),
                        expected = contrasts_of(means).factors.at(0);
  BOOST_TEST((found.estimator == Estimator::model));
  const TTest &a = found.contrasts[0].difference, &b = expected.contrasts[0].difference;
  BOOST_TEST(a.estimate == b.estimate, kNear);
  BOOST_TEST(a.se == b.se, kNear);
  BOOST_TEST(a.df == 10);
  BOOST_TEST(says(found.notes, "The 12 points of the sample have 36 runs"));
  BOOST_TEST(says(found.notes, "Each level has points of its own"));
  BOOST_TEST(contrasts_of(sweep).factors.size() == 1u);
}

BOOST_AUTO_TEST_CASE(points_that_share_trained_stages_are_said) {
  Observations sweep{.factors = {factor("a", {"p", "q"}), {.name = "x"}}};
  sweep.factors[1].range = SampledRange{0, 1};
  for (std::uint64_t point = 0; point < 8; ++point) {
    sweep.runs.push_back(
        run({static_cast<double>(point % 2), 0.1 * static_cast<double>(point)}, 1, noise(point)));
    sweep.runs.back().plots = {static_cast<std::int64_t>(point % 2), 10 + static_cast<std::int64_t>(point)};
  }
  BOOST_TEST(
      says(contrasts_of(sweep).factors.at(0).notes, "The 8 points of the sample share 2 trained stages"));
}

BOOST_AUTO_TEST_CASE(failures_that_follow_a_level_are_said) {
  Observations sweep = grid(2, 4, 3, [](auto i, auto j, auto s) { return noise(100 * i + 10 * j + s); });
  for (Observation& r : sweep.runs)
    if (r.at[0] == 1 && r.at[1] < 3) r.end = RunEnd::failed, r.score = kNone;
  const Contrasts found = contrasts_of(sweep);
  BOOST_TEST(found.factors[0].failure_counts[1].failed == 9);
  BOOST_TEST(*found.factors[0].failures.p < 0.001);
  BOOST_TEST(says(found.factors[0].notes, "fail"));
}

BOOST_AUTO_TEST_CASE(an_empty_sweep_or_level_has_no_contrasts) {
  Observations sweep = grid(2, 2, 2, [](auto, auto, auto) { return kNone; });
  for (const FactorContrasts& factor : contrasts_of(sweep).factors) BOOST_TEST(factor.contrasts.empty());
  BOOST_TEST(interactions_of(sweep).empty());
  BOOST_TEST(!trend_of(sweep, 0));
}

BOOST_AUTO_TEST_CASE(names_of_estimators) {
  for (const Named<Estimator>& entry : names_of<Estimator>())
    BOOST_TEST((from_name<Estimator>(entry.name) == entry.value));
}

BOOST_AUTO_TEST_SUITE_END()
