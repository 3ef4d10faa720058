#include "stats/shares.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

#include "stats/golden_model.hpp"
#include "util/random.hpp"

BOOST_AUTO_TEST_SUITE(shares)

using namespace ablate;

namespace {

const auto kNear = boost::test_tools::tolerance(1e-6);

/// R prints ten digits, and differences of them may be all that is left.
void check_near(double found, double expected) {
  BOOST_TEST((std::isnan(expected) ? std::isnan(found)
                                   : std::abs(found - expected) <= 1e-6 + 1e-6 * std::abs(expected)),
             found << " is not " << expected);
}

/// A grid of `levels` (the number of each factor's) under `seeds` with the score of `function`.
template <typename Function>
Observations grid(const std::vector<std::size_t>& levels, std::uint64_t seeds, const Function& function) {
  Observations made;
  for (const std::size_t count : levels) {
    Factor factor;
    for (std::size_t level = 0; level < count; ++level) factor.levels.push_back(std::to_string(level));
    made.factors.push_back(factor);
  }
  std::vector<double> at(levels.size(), 0.0);
  for (bool more = true; more;) {
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      Observation run;
      run.at = at;
      run.seed = seed;
      run.score = function(at, seed, made.runs.size());
      made.runs.push_back(run);
    }
    more = false;
    for (std::size_t f = levels.size(); f-- > 0 && !more;) {
      more = at[f] + 1 < static_cast<double>(levels[f]);
      at[f] = more ? at[f] + 1 : 0;
    }
  }
  return made;
}

}  // namespace

BOOST_AUTO_TEST_CASE(noncentrality_limits_turn_the_noncentral_f_round) {
  // Of R 4.2: pf(1.24, 3, 12, ncp = 13.2092) = 0.025; at 0 it is 0.66, so that the lower limit is 0.
  const Limits found = noncentrality_limits(1.2389380531, 3, 12);
  BOOST_TEST(found.low == 0);
  BOOST_TEST(found.high / (found.high + 20) == 0.3976147925, kNear);
  BOOST_TEST(std::isnan(noncentrality_limits(std::nan(""), 3, 12).low));
  BOOST_TEST(std::isnan(noncentrality_limits(1, 3, 0).high));
  // So large that only chi-square counts: 2e8 times chi-square(9000) / 9000.
  const Limits large = noncentrality_limits(1e8, 2, 9000);
  BOOST_TEST(large.low == 2e8 * (1 - 1.96 * std::sqrt(2.0 / 9000)), boost::test_tools::tolerance(1e-3));
  BOOST_TEST(large.high == 2e8 * (1 + 1.96 * std::sqrt(2.0 / 9000)), boost::test_tools::tolerance(1e-3));
}

BOOST_AUTO_TEST_CASE(shares_of_known_tables) {
  if (!golden::present()) {
    BOOST_TEST_MESSAGE("skipped: no tables in " << golden::folder());
    return;
  }
  int checked = 0;
  golden::visit_results(
      [&](const std::string& name, const Json& known, const Json& results, const std::string& score) {
        if (!results.contains("shares")) return;
        const golden::TableModel table = golden::table_model(known, results, score);
        for (const Json& row : results["shares"]) BOOST_TEST_CONTEXT(name << " " << row.dump()) {
            if (row["type"] == "all" || (table.block && row["factor"] == table.names.back())) continue;
            const auto type = row["type"] == "II" ? SquaresType::two : SquaresType::three;
            const Shares found = shares_of(table.runs, table.terms, table.block, type);
            const Term term = table.term(row["factor"]);
            const auto share = std::find_if(found.shares.begin(), found.shares.end(),
                                            [&](const Share& s) { return s.term == term; });
            BOOST_REQUIRE((share != found.shares.end()));
            check_near(share->eta2, row["share"]);
            check_near(share->omega2, golden::number(row["omega2"]));
            check_near(share->epsilon2, golden::number(row["epsilon2"]));
            check_near(share->partial, golden::number(row["partial"]));
            check_near(share->partial_limits.low, golden::number(row["partial_low"]));
            check_near(share->partial_limits.high, golden::number(row["partial_high"]));
            ++checked;
          }
      });
  BOOST_TEST(checked > 60);
}

BOOST_AUTO_TEST_CASE(sums_of_squares_of_known_tables) {
  if (!golden::present()) {
    BOOST_TEST_MESSAGE("skipped: no tables in " << golden::folder());
    return;
  }
  golden::visit_results(
      [&](const std::string& name, const Json& known, const Json& results, const std::string& score) {
        if (!results.contains("anova")) return;
        const golden::TableModel table = golden::table_model(known, results, score);
        for (const Json& row : results["anova"]) BOOST_TEST_CONTEXT(name << " " << row.dump()) {
            const auto type = row["type"] == "II" ? SquaresType::two : SquaresType::three;
            const Shares found = shares_of(table.runs, table.terms, table.block, type);
            if (row["term"] == "Residuals") {
              check_near(found.error_ss, row["ss"]);
              BOOST_TEST(found.error_df == row["df"].get<double>());
              continue;
            }
            const Term term = table.term(row["term"]);
            for (const Share& share : found.shares) {
              if (share.term != term) continue;
              check_near(share.ss, row["ss"]);
              BOOST_TEST(share.df == row["df"].get<double>());
              check_near(share.f, golden::number(row["f"]));
              check_near(share.p.value_or(std::nan("")), golden::number(row["p"]));
            }
          }
      });
}

BOOST_AUTO_TEST_CASE(entries_within_seeds_add_up_to_one) {
  const RandomStream random(5, "holes");
  Observations made =
      grid({3, 2}, 4, [&](const std::vector<double>& at, std::uint64_t seed, std::size_t run) {
        return at[0] + 0.5 * at[1] + 10.0 * static_cast<double>(seed) + 0.3 * random.normal(run);
      });
  for (const std::size_t hole : {1, 7, 8, 20}) made.runs[hole].score = std::nan("");
  const Shares found = factor_shares(made).at(0).shares;
  double sum = found.overlap + found.unexplained;
  for (const Share& share : found.shares) sum += share.within;
  BOOST_TEST(sum == 1, kNear);
  BOOST_TEST(std::abs(found.overlap) > 1e-4);
  BOOST_TEST(found.seeds > 0.9);
  BOOST_TEST(found.shares.size() == 3u);
}

BOOST_AUTO_TEST_CASE(shares_within_seeds_are_unbiased_and_their_limits_hold) {
  // Variances: 2/3 * 0.09 of the first factor, 0 of the second, 0.0225 of the third; noise 0.04.
  const double all = 0.06 + 0.0225 + 0.04, truth[] = {0.06 / all, 0, 0.0225 / all};
  double mean[3] = {};
  int held[3] = {};
  constexpr int kSweeps = 400;
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    const RandomStream random(static_cast<std::uint64_t>(sweep), "shares");
    const Observations made =
        grid({3, 3, 2}, 4, [&](const std::vector<double>& at, std::uint64_t seed, std::size_t run) {
          return 0.3 * at[0] + 0.3 * at[2] + random.normal(seed, 1) + 0.2 * random.normal(run);
        });
    const BranchShares found = factor_shares(made).at(0);
    for (std::size_t f = 0; f < 3; ++f) {
      const Share& share = found.shares.shares[f];
      mean[f] += share.within / kSweeps;
      held[f] += share.within_limits.low <= truth[f] && truth[f] <= share.within_limits.high ? 1 : 0;
    }
  }
  for (std::size_t f = 0; f < 3; ++f) {
    BOOST_TEST(std::abs(mean[f] - truth[f]) < 0.01);
    BOOST_TEST(held[f] >= 0.93 * kSweeps);
  }
}

BOOST_AUTO_TEST_CASE(without_an_error_there_is_no_interval_and_no_p) {
  // One run a cell, additive to the last digit.
  Observations made = grid({3, 2}, 1, [](const std::vector<double>& at, std::uint64_t, std::size_t) {
    return 0.5 * at[0] + 0.25 * at[1];
  });
  for (Observation& run : made.runs) run.seed.reset();
  const Shares found = factor_shares(made).at(0).shares;
  BOOST_REQUIRE(found.shares.size() == 2u);
  BOOST_TEST(found.shares[0].eta2 == 1 / 1.09375, kNear);  // Squares: 4 x 0.5^2 and 6 x 0.125^2.
  for (const Share& share : found.shares) {
    BOOST_TEST(!share.p.has_value());
    BOOST_TEST(std::isnan(share.within));
    BOOST_TEST(std::isnan(share.partial_limits.high));
  }
  BOOST_TEST(std::isnan(found.unexplained));
}

BOOST_AUTO_TEST_CASE(a_factor_of_a_branch_has_its_share_inside_of_it) {
  const RandomStream random(6, "branch");
  Observations made = grid({2, 2, 3}, 3, [&](const std::vector<double>& at, std::uint64_t, std::size_t run) {
    return at[0] + at[1] + (at[0] == 1 ? at[2] : 0) + 0.1 * random.normal(run);
  });
  for (Observation& run : made.runs)
    if (run.at[0] == 0) run.at[2] = std::nan("");
  const auto found = factor_shares(made);
  BOOST_REQUIRE(found.size() == 2u);
  BOOST_TEST((found[0].factors == std::vector<std::size_t>{0, 1}));
  BOOST_TEST((found[1].factors == std::vector<std::size_t>{1, 2}));
  BOOST_TEST((found[1].conditional == std::vector<std::size_t>{2}));
  // Variances 1/4 and 2/3.
  BOOST_TEST(std::abs(found[1].shares.shares[1].within - (2.0 / 3) / (2.0 / 3 + 0.25)) < 0.03);
}

BOOST_AUTO_TEST_CASE(changes_share_their_squared_effects) {
  const auto found = change_shares(std::vector<double>{3, -1}, std::vector<double>{0.5, 2});
  BOOST_TEST(found[0].share == 0.9, kNear);
  BOOST_TEST(found[0].unbiased_square == 8.75, kNear);
  BOOST_TEST(found[1].unbiased_square == -3, kNear);
  if (!golden::present()) return;
  const Json known = golden::read_case("sim-oat");
  std::vector<double> effects, errors;
  for (const Json& row : known["methods"]["blocks"]["contrasts"]) {
    effects.push_back(row["estimate"]);
    errors.push_back(row["se"]);
  }
  const auto shares = change_shares(effects, errors);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    check_near(shares[i].share, known["oat_shares"][i]["share_of_squared_effects"]);
    check_near(shares[i].unbiased_square, known["oat_shares"][i]["unbiased_squared_effect"]);
  }
}

BOOST_AUTO_TEST_CASE(without_spread_over_seeds_there_is_no_p) {
  // Each cell has the same number under each of three seeds: a factor x seed that is rounding is no error.
  Observations runs{
      .factors = {{.name = "a", .levels = {"0", "1", "2"}}, {.name = "b", .levels = {"0", "1"}}}};
  for (std::uint64_t seed = 0; seed < 3; ++seed)
    for (const double a : {0.0, 1.0, 2.0})
      for (const double b : {0.0, 1.0})
        runs.runs.push_back({.at = {a, b}, .seed = seed, .score = 0.1 * a + 0.7 * b + 0.3});
  const std::vector<BranchShares> branches = factor_shares(runs);
  for (const Share& share : branches.front().shares.shares) BOOST_TEST(!share.p);
}

BOOST_AUTO_TEST_SUITE_END()
