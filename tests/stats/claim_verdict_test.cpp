#include "stats/claim_verdict.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "stats/significance.hpp"
#include "stats/trend.hpp"
#include "util/random.hpp"

BOOST_AUTO_TEST_SUITE(claim_verdict)

using namespace ablate;
using boost::test_tools::tolerance;

namespace {

/// One axis of levels a, b, c under as many seeds as there are rows.
Observations one_axis(const std::vector<std::vector<double>>& rows, std::vector<std::string> levels) {
  Observations runs{.factors = {{.name = "kind", .levels = std::move(levels)}}};
  for (std::size_t seed = 0; seed < rows.size(); ++seed)
    for (std::size_t level = 0; level < rows[seed].size(); ++level)
      runs.runs.push_back({.at = {static_cast<double>(level)}, .seed = seed, .score = rows[seed][level]});
  return runs;
}

Claim better(std::string level, std::string than, double margin = 0) {
  return {
      .score = "s", .axes = {"kind"}, .better = std::move(level), .than = std::move(than), .margin = margin};
}

ClaimVerdict judge_one(const Claim& claim, const Observations& runs) {
  return judge({weigh(claim, runs)}).front();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_margin_is_part_of_the_claim) {
  const Observations runs = one_axis({{1.0, 2.0}, {1.1, 2.0}, {0.9, 2.0}}, {"a", "b"});  // 1.0, 0.9, 1.1
  const ClaimVerdict plain = judge_one(better("b", "a"), runs);
  BOOST_TEST((plain.verdict == ClaimState::supported));
  // t = 1 / (0.1 / sqrt 3) = 17.3205, two-sided with 2 degrees of freedom.
  BOOST_TEST(*plain.p_holm == 0.0033166, tolerance(1e-3));
  BOOST_TEST((judge_one(better("a", "b"), runs).verdict == ClaimState::refuted));
  BOOST_TEST((judge_one(better("b", "a", 0.95), runs).verdict == ClaimState::undecided));
  BOOST_TEST((judge_one(better("b", "a", 2), runs).verdict == ClaimState::refuted));
}

BOOST_AUTO_TEST_CASE(of_a_loss_the_lower_level_is_better) {
  Observations runs = one_axis({{1.0, 2.0}, {1.1, 2.0}, {0.9, 2.0}}, {"a", "b"});
  runs.lower_is_better = true;
  BOOST_TEST((judge_one(better("a", "b"), runs).verdict == ClaimState::supported));
  BOOST_TEST((judge_one(better("b", "a"), runs).verdict == ClaimState::refuted));
}

BOOST_AUTO_TEST_CASE(no_difference_needs_equivalence_not_a_large_p) {
  const Observations close = one_axis({{1.00, 1.01}, {1.00, 0.99}, {1.00, 1.00}}, {"a", "b"});
  const Observations noisy = one_axis({{1.0, 2.0}, {2.0, 1.0}, {1.5, 1.5}}, {"a", "b"});
  const Observations apart = one_axis({{1.0, 2.0}, {1.1, 2.0}, {0.9, 2.0}}, {"a", "b"});
  const Claim claim{.score = "s", .kind = ClaimKind::no_difference, .axes = {"kind"}, .margin = 0.1};
  BOOST_TEST((judge_one(claim, close).verdict == ClaimState::supported));
  BOOST_TEST((judge_one(claim, noisy).verdict == ClaimState::undecided));
  BOOST_TEST((judge_one(claim, apart).verdict == ClaimState::refuted));
}

BOOST_AUTO_TEST_CASE(rising_is_every_step) {
  const Claim rises{.score = "s", .kind = ClaimKind::rises, .axes = {"kind"}};
  const Claim falls{.score = "s", .kind = ClaimKind::falls, .axes = {"kind"}};
  const Observations up = one_axis({{1.0, 2.0, 3.0}, {1.1, 2.0, 3.1}, {0.9, 2.0, 3.05}}, {"a", "b", "c"});
  BOOST_TEST((judge_one(rises, up).verdict == ClaimState::supported));
  BOOST_TEST((judge_one(falls, up).verdict == ClaimState::refuted));
  // A trend with a step that goes nowhere is no rise.
  const Observations flat = one_axis({{1.0, 2.0, 2.1}, {1.1, 2.0, 1.9}, {0.9, 2.0, 2.0}}, {"a", "b", "c"});
  BOOST_TEST((judge_one(rises, flat).verdict == ClaimState::undecided));
  // By their numbers, in whatever order the axis has them.
  Observations mixed = one_axis({{3.0, 1.0, 2.0}, {3.1, 1.1, 2.0}, {3.05, 0.9, 2.0}}, {"30", "10", "20"});
  mixed.factors[0].values = {30, 10, 20};
  BOOST_TEST((judge_one(rises, mixed).verdict == ClaimState::supported));
  // The interval is that of the least sure step, paired by seed as its p: 1.05, 1.1, 1.0 or so.
  const Evidence evidence = weigh(rises, up);
  BOOST_TEST(evidence.of == "b - a");
  const TTest step = t_test(std::vector<double>{1.0, 0.9, 1.1}, 1);
  BOOST_TEST(evidence.low == step.low, tolerance(1e-9));
  BOOST_TEST(*evidence.p_supported == t_above(step.t, step.df), tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(what_has_no_spread_or_no_runs_is_undecided_and_says_why) {
  const Observations same = one_axis({{1.0, 2.0}, {1.0, 2.0}}, {"a", "b"});
  const ClaimVerdict found = judge_one(better("b", "a"), same);
  BOOST_TEST((found.verdict == ClaimState::undecided));
  BOOST_TEST(!found.p_holm);
  BOOST_TEST(found.evidence.why.starts_with("no test is possible"));
  BOOST_CHECK_THROW(weigh(better("b", "d"), same), Error);
  // A level without a score is named, where the claim speaks of it.
  Observations part = one_axis({{1.0, 2.0, 0.0}, {1.1, 2.0, 0.0}}, {"a", "b", "c"});
  for (Observation& run : part.runs)
    if (run.at[0] == 2) run.score = std::nan(""), run.end = RunEnd::failed;
  const Claim rises{.score = "s", .kind = ClaimKind::rises, .axes = {"kind"}};
  BOOST_TEST(weigh(rises, part).why == "no run with kind = c has the score");
  BOOST_TEST(weigh(better("c", "a"), part).why == "no run with kind = c has the score");
  BOOST_TEST(weigh(better("b", "a"), part).why.empty());
}

BOOST_AUTO_TEST_CASE(claims_are_one_family) {
  // p of 0.02 alone, twice: Holm makes 0.04 of both; with a third of 0.5, 0.06.
  Evidence strong{.p_supported = 0.02, .p_refuted = 1.0}, weak{.p_supported = 0.5, .p_refuted = 1.0};
  BOOST_TEST((judge({strong, strong})[0].verdict == ClaimState::supported));
  BOOST_TEST(*judge({strong, strong})[0].p_holm == 0.04, tolerance(1e-12));
  BOOST_TEST((judge({strong, strong, weak})[0].verdict == ClaimState::undecided));
  // What cannot be tested leaves the family.
  BOOST_TEST((judge({strong, strong, {}})[1].verdict == ClaimState::supported));
}

BOOST_AUTO_TEST_CASE(which_of_two_axes_outweighs) {
  Observations runs{
      .factors = {{.name = "big", .levels = {"0", "1"}}, {.name = "small", .levels = {"0", "1"}}}};
  const double noise[] = {0.02, -0.01, 0.03, -0.02};
  for (std::size_t seed = 0; seed < 4; ++seed)
    for (const double big : {0.0, 1.0})
      for (const double small : {0.0, 1.0})
        runs.runs.push_back({.at = {big, small},
                             .seed = seed,
                             .score = big * (1 + noise[seed]) + small * (0.2 - noise[3 - seed])});
  const Claim claim{.score = "s", .kind = ClaimKind::outweighs, .axes = {"big", "small"}};
  const Claim reverse{.score = "s", .kind = ClaimKind::outweighs, .axes = {"small", "big"}};
  BOOST_TEST((judge_one(claim, runs).verdict == ClaimState::supported));
  BOOST_TEST(judge_one(claim, runs).evidence.estimate == 0.81, tolerance(1e-9));
  BOOST_TEST((judge_one(reverse, runs).verdict == ClaimState::refuted));
}

BOOST_AUTO_TEST_CASE(what_seeds_disagree_about_outweighs_nothing) {
  // Each seed has its own favourite of three kinds; sizes have no effect but noise. One error pooled over all
  // runs would be small, and call the difference between kinds one that will be found again.
  const RandomStream random(11, "noise");
  Observations runs{.factors = {{.name = "kind", .levels = {"a", "b", "c"}},
                                {.name = "size", .levels = {"1", "2", "3", "4"}}}};
  for (std::uint64_t seed = 0; seed < 3; ++seed)
    for (std::uint64_t kind = 0; kind < 3; ++kind)
      for (std::uint64_t size = 0; size < 4; ++size)
        runs.runs.push_back(
            {.at = {static_cast<double>(kind), static_cast<double>(size)},
             .seed = seed,
             .score = 0.3 * random.normal(seed, kind) + 0.02 * random.normal(100 + seed, 4 * kind + size)});
  const Claim claim{.score = "s", .kind = ClaimKind::outweighs, .axes = {"kind", "size"}};
  const ClaimVerdict found = judge_one(claim, runs);
  BOOST_TEST((found.verdict == ClaimState::undecided));
  BOOST_TEST(*found.evidence.p_supported > 0.05);
  // Plain effects are still told, with no p below what draws can tell.
  for (Observation& run : runs.runs) run.score += 5 * run.at[0];
  BOOST_TEST((judge_one(claim, runs).verdict == ClaimState::supported));
  BOOST_TEST(*weigh(claim, runs).p_supported >= 0.99e-4);
}

BOOST_AUTO_TEST_CASE(a_pooled_error_over_unlike_levels_is_a_warning) {
  const RandomStream random(5, "noise");
  std::vector<std::vector<double>> rows(40);
  for (std::uint64_t seed = 0; seed < rows.size(); ++seed)
    for (std::uint64_t level = 0; level < 3; ++level)
      rows[seed].push_back(static_cast<double>(seed) + (level == 2 ? 1 : 0.05) * random.normal(seed, level));
  const Evidence evidence = weigh(better("b", "a"), one_axis(rows, {"a", "b", "c"}));
  BOOST_REQUIRE(evidence.warnings.size() == 1u);
  BOOST_TEST(evidence.warnings[0].starts_with("kind: the spread of runs differs between levels"));
  BOOST_TEST(evidence.warnings[0].find("too narrow with c") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_axis_that_was_sampled_has_no_levels) {
  Observations runs{.factors = {{.name = "kind", .range = SampledRange{0, 1}}}};
  for (std::uint64_t i = 0; i < 9; ++i)
    runs.runs.push_back({.at = {0.1 * static_cast<double>(i)}, .seed = i, .score = static_cast<double>(i)});
  const Evidence evidence = weigh({.score = "s", .kind = ClaimKind::rises, .axes = {"kind"}}, runs);
  BOOST_TEST(evidence.why == "kind was sampled from a range: it has no levels to compare");
  BOOST_TEST(!evidence.p_supported.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
