#include "stats/functional_anova.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

#include "stats/golden.hpp"
#include "util/error.hpp"
#include "util/random.hpp"

BOOST_AUTO_TEST_SUITE(functional_anova_)

using namespace ablate;

namespace {

Factor axis(const char* name, double low, double high, bool log = false) {
  return {.name = name, .levels = {}, .values = {}, .range = SampledRange{low, high, log}};
}

/// Runs at random points of `factors`, with the score of `function` of what the axes are.
template <typename Function>
Observations sampled(std::vector<Factor> factors, std::size_t runs, std::uint64_t seed,
                     const Function& function) {
  const RandomStream random(seed, "points");
  Observations made;
  made.factors = std::move(factors);
  for (std::size_t i = 0; i < runs; ++i) {
    Observation run;
    for (std::size_t f = 0; f < made.factors.size(); ++f) {
      const Factor& factor = made.factors[f];
      if (!factor.continuous()) {
        run.at.push_back(static_cast<double>(random.below(factor.levels.size(), i, f)));
        continue;
      }
      const double u = random.uniform(i, f), low = factor.range->low, high = factor.range->high;
      run.at.push_back(factor.range->log ? low * std::pow(high / low, u) : low + (high - low) * u);
    }
    run.score = function(run.at, random.normal(i, 99));
    made.runs.push_back(std::move(run));
  }
  return made;
}

const FunctionalShare& share_of(const FunctionalAnova& found, std::vector<std::size_t> factors) {
  for (const FunctionalShare& share : found.shares)
    if (share.factors == factors) return share;
  throw std::logic_error("no such share");
}

}  // namespace

BOOST_AUTO_TEST_CASE(shares_of_a_linear_function_are_those_of_its_slopes) {
  // Variances: 4/12 of x, 1/12 of the logarithm over one decade, 1 of the noise.
  const Observations made = sampled(
      {axis("x", 0, 1), axis("rate", 1e-4, 1e-3, true)}, 3000, 1,
      [](const std::vector<double>& at, double noise) { return 2 * at[0] + std::log10(at[1]) + noise; });
  const FunctionalAnova found = functional_anova(made).at(0);
  const double all = 4.0 / 12 + 1.0 / 12 + 1;
  BOOST_TEST(std::abs(share_of(found, {0}).of_total - 4.0 / 12 / all) < 0.03);
  BOOST_TEST(std::abs(share_of(found, {1}).of_total - 1.0 / 12 / all) < 0.02);
  BOOST_TEST(std::abs(share_of(found, {0}).of_explained - 0.8) < 0.05);
  BOOST_TEST(std::abs(found.unexplained - 1 / all) < 0.03);
  BOOST_TEST(found.unexplained_limits.low < 1 / all);
  BOOST_TEST(found.unexplained_limits.high > 1 / all);
}

BOOST_AUTO_TEST_CASE(limits_hold_what_they_say) {
  // A parabola whose optimum moves with a level, and an axis that does nothing: of 200 sweeps of 200 runs.
  const double of_x = 0.25 * 4.0 / 45, shift = 0.25 * 4 * 0.25 / 3, of_level = 0.04;
  const double all = of_x + shift + of_level;
  int held[4] = {};
  constexpr int kSweeps = 200;
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    const Observations made =
        sampled({axis("x", -1, 1),
                 {.name = "level", .levels = {"a", "b"}, .values = {}, .range = {}},
                 axis("idle", 0, 1)},
                200, static_cast<std::uint64_t>(sweep), [](const std::vector<double>& at, double noise) {
                  const double level = at[1] * 2 - 1;
                  return 0.5 * at[0] * at[0] + 0.5 * level * at[0] + 0.2 * level + 0.2 * noise;
                });
    const FunctionalAnova found = functional_anova(made).at(0);
    const auto holds = [&](std::vector<std::size_t> factors, double truth) {
      const Limits& limits = share_of(found, std::move(factors)).of_explained_limits;
      return limits.low <= truth && truth <= limits.high ? 1 : 0;
    };
    held[0] += holds({0}, of_x / all);
    held[1] += holds({1}, of_level / all);
    held[2] += holds({2}, 0);
    held[3] += holds({0, 1}, shift / all);
  }
  for (const int count : held) BOOST_TEST(count >= 0.92 * kSweeps);
}

BOOST_AUTO_TEST_CASE(an_axis_of_a_branch_has_its_share_inside_of_it) {
  Observations made = sampled({{.name = "kind", .levels = {"a", "b"}, .values = {}, .range = {}},
                               axis("x", 0, 1),
                               axis("only_b", 0, 1)},
                              1000, 2, [](const std::vector<double>& at, double noise) {
                                return at[0] + at[1] + (at[0] == 1 ? 2 * at[2] : 0) + 0.1 * noise;
                              });
  for (Observation& run : made.runs)
    if (run.at[0] == 0) run.at[2] = std::nan("");
  const auto found = functional_anova(made);
  BOOST_REQUIRE(found.size() == 2u);
  BOOST_TEST((found[0].factors == std::vector<std::size_t>{0, 1}));
  BOOST_TEST((found[1].factors == std::vector<std::size_t>{1, 2}));
  BOOST_TEST((found[1].conditional == std::vector<std::size_t>{2}));
  BOOST_TEST(std::abs(share_of(found[1], {2}).of_explained - 0.8) < 0.05);
  BOOST_TEST(std::abs(share_of(found[1], {1}).of_explained - 0.2) < 0.05);
}

BOOST_AUTO_TEST_CASE(seeds_are_no_importance) {
  Observations made = sampled({axis("x", 0, 1)}, 400, 3, [](const std::vector<double>& at, double noise) {
    return at[0] + 0.01 * noise;
  });
  for (std::size_t i = 0; i < made.runs.size(); ++i) {
    made.runs[i].seed = i % 4;
    made.runs[i].score += 5.0 * static_cast<double>(i % 4);
  }
  BOOST_TEST(functional_anova(made).at(0).shares.at(0).of_total > 0.99);
}

BOOST_AUTO_TEST_CASE(too_few_runs_tell_nothing) {
  const Observations made = sampled({axis("x", 0, 1), axis("y", 0, 1)}, 5, 4,
                                    [](const std::vector<double>& at, double) { return at[0]; });
  const auto found = functional_anova(made);
  BOOST_TEST(found.at(0).shares.empty());
  BOOST_TEST(found.at(0).main_degree == 0);
  BOOST_TEST(functional_anova({.factors = made.factors, .runs = {}}).at(0).shares.empty());
}

BOOST_AUTO_TEST_CASE(a_value_outside_of_its_range_is_named) {
  Observations made = sampled({axis("rate", 1e-4, 1e-2, true)}, 20, 5,
                              [](const std::vector<double>& at, double) { return at[0]; });
  made.runs[3].at[0] = 0.5;
  BOOST_CHECK_EXCEPTION(functional_anova(made), Error, [](const Error& error) {
    return std::string(error.what()) ==
           "axis 'rate': found the value 0.5; expected one from 0.0001 to 0.01, above 0";
  });
}

BOOST_AUTO_TEST_CASE(exact_shares_of_known_functions) {
  if (!golden::present()) {
    BOOST_TEST_MESSAGE("skipped: no tables in " << golden::folder());
    return;
  }
  int checked = 0;
  for (const std::string& name : golden::cases()) {
    const Json known = golden::read_case(name);
    if (!known.contains("fanova")) continue;
    const Observations sweep = golden::observations(known);
    const FunctionalAnova found = functional_anova(sweep).at(0);
    for (const Json& row : known["fanova"]) BOOST_TEST_CONTEXT(name << " " << row.dump()) {
        std::vector<std::size_t> factors;
        for (std::size_t f = 0; f < sweep.factors.size(); ++f)
          if ((":" + row["factor"].get<std::string>() + ":").find(":" + sweep.factors[f].name + ":") !=
              std::string::npos)
            factors.push_back(f);
        const FunctionalShare& share = share_of(found, factors);
        // A fifth of what the table allows.
        const double allowed = row["tolerance"].get<double>() / 5 + 0.001;
        BOOST_TEST(std::abs(share.of_explained - row["share"].get<double>()) < allowed);
        if (row.contains("total") && !row["total"].is_null())
          BOOST_TEST(std::abs(share.total_effect - row["total"].get<double>()) < allowed);
        if (row.contains("share_of_total_with_noise"))
          BOOST_TEST(std::abs(share.of_total - row["share_of_total_with_noise"].get<double>()) <
                     row["tolerance"].get<double>());
        ++checked;
      }
  }
  BOOST_TEST(checked >= 16);
}

BOOST_AUTO_TEST_SUITE_END()
