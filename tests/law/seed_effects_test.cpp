#include "law/seed_effects.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "law/findings.hpp"
#include "law/law.hpp"
#include "synthetic.hpp"

namespace {

ablate::LawRun seeded(double lr, const std::string& seed, double loss) {
  ablate::LawRun run;
  run.params = 1e8;
  run.lr = lr;
  run.seed = seed;
  run.loss = loss;
  return run;
}

/// Sweeps under three seeds that add -0.03, 0 and 0.03 nats. `gaps`: the first was not run at the lowest
/// rates, the last not at the highest.
std::vector<ablate::LawRun> seeded_sweeps(bool gaps, std::uint64_t draw) {
  ablate::SyntheticLaw truth;
  std::vector<ablate::LawRun> runs;
  constexpr int kRates = 9;
  for (int seed = -1; seed <= 1; ++seed) {
    int place = 0;
    for (ablate::LawRun run : truth.sweeps(kRates, 0.5, 0.1)) {
      const int rate = place++ % kRates;
      if (gaps && (seed < 0 ? rate < 4 : seed > 0 && rate > 4)) continue;
      const ablate::RandomStream random(draw, "noise");
      run.loss += 0.03 * seed + 0.003 * random.normal(static_cast<std::uint64_t>(100 * place + 10 + seed));
      run.seed = std::to_string(seed);
      runs.push_back(run);
    }
  }
  return runs;
}

bool has(const std::vector<ablate::LawFinding>& findings, ablate::FindingKind kind) {
  for (const ablate::LawFinding& one : findings)
    if (one.kind == kind) return true;
  return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(law_seed_effects)

/// The second seed adds 0.5 at all rates; at the highest it diverges as well.
BOOST_AUTO_TEST_CASE(what_a_seed_usually_adds_is_told_from_a_divergence) {
  const double bowl[] = {3.2, 3.0, 3.1, 3.3};
  std::vector<ablate::LawRun> scan;
  for (int i = 0; i < 4; ++i) {
    scan.push_back(seeded(i + 1, "a", bowl[i]));
    if (i > 0) scan.push_back(seeded(i + 1, "b", bowl[i] + (i == 3 ? 4 : 0.5)));
  }
  const std::vector<ablate::LawRun> level = ablate::without_usual_seed_effects(scan);
  for (std::size_t i = 0; i < scan.size(); ++i) {
    const int rate = static_cast<int>(scan[i].lr) - 1;
    const double diverged = scan[i].seed == "b" && rate == 3 ? 3.5 : 0;
    BOOST_TEST(level[i].loss == bowl[rate] + 0.25 + diverged, boost::test_tools::tolerance(1e-9));
  }
  // One shared rate does not tell a seed's own from a divergence.
  const std::vector<ablate::LawRun> apart = {seeded(1, "a", 3.0), seeded(2, "a", 3.1), seeded(2, "b", 7.0),
                                             seeded(3, "b", 3.2)};
  const std::vector<ablate::LawRun> same = ablate::without_usual_seed_effects(apart);
  for (std::size_t i = 0; i < apart.size(); ++i) BOOST_TEST(same[i].loss == apart[i].loss);
}

/// Seeds 0 and 1 have the lower rates, seed 2 the upper ones with losses a fifth lower: nothing diverged.
BOOST_AUTO_TEST_CASE(a_seed_with_low_losses_makes_no_others_diverge) {
  const ablate::SyntheticLaw truth;
  std::vector<ablate::LawRun> runs;
  int place = 0;
  for (const ablate::LawRun& run : truth.sweeps(7, 0.5, 0.1)) {
    const int rate = place++ % 7;
    for (int seed = 0; seed < 3; ++seed) {
      if (seed < 2 ? rate > 4 : rate < 3) continue;
      runs.push_back(run);
      runs.back().seed = std::to_string(seed);
      runs.back().loss *= seed == 2 ? 0.8 : 1;
    }
  }
  const ablate::LawFit fit = ablate::fit_law(runs, {});
  BOOST_TEST(!has(fit.findings, ablate::FindingKind::diverged_runs));
  BOOST_TEST(!has(fit.findings, ablate::FindingKind::seeds_apart));
  for (const ablate::ScanOptimum& scan : fit.bowls.scans)
    BOOST_TEST(std::abs(scan.lr.optimum - truth.fixed_x(static_cast<int>(std::log2(scan.params)))) < 0.15);
}

/// Seed 0 lacks the rate next to the best, and one of its losses is far too high.
BOOST_AUTO_TEST_CASE(one_bad_run_of_a_seed_is_not_what_the_seed_adds) {
  const ablate::SyntheticLaw truth;
  for (const double factor : {1.05, 1.15, 1.19}) {
    std::vector<ablate::LawRun> runs;
    int place = 0;
    for (const ablate::LawRun& run : truth.sweeps(7, 1, 0.1)) {
      const int rate = place++ % 7;
      for (int seed = 0; seed < 3; ++seed) {
        if (seed == 0 && rate == 4) continue;
        runs.push_back(run);
        runs.back().seed = std::to_string(seed);
        if (seed == 0 && rate == 0) runs.back().loss *= factor;
      }
    }
    for (const ablate::ScanOptimum& scan : ablate::fit_law(runs, {}).bowls.scans) {
      const double best = truth.fixed_x(static_cast<int>(std::log2(scan.params)));
      BOOST_TEST(std::abs(scan.lr.optimum - best) < 0.1,
                 "factor " << factor << ": " << scan.lr.optimum - best);
    }
  }
}

/// Seed 1 is 0.05 nats lower throughout, and lacks one batch: that batch is not the worse for it.
BOOST_AUTO_TEST_CASE(seeds_compare_across_batches) {
  const ablate::SyntheticLaw truth;
  std::vector<ablate::LawRun> runs;
  for (const ablate::LawRun& run : truth.grid())
    for (int seed = 0; seed < 2; ++seed) {
      const double batch = std::log2(run.batch) - 18 - 0.5 * (std::log2(run.params) - 27);
      if (seed == 1 && std::abs(batch - 1) < 0.01) continue;
      runs.push_back(run);
      runs.back().seed = std::to_string(seed);
      runs.back().loss -= 0.05 * seed;
    }
  const ablate::LawFit fit = ablate::fit_law(runs, {});
  BOOST_REQUIRE(fit.joint);
  for (const ablate::ScanOptimum& scan : fit.bowls.scans)
    BOOST_TEST(std::abs(scan.batch_axis.optimum - truth.y(scan.tokens)) < 0.1);
}

BOOST_AUTO_TEST_CASE(seeds_compare_by_the_rates_that_they_share) {
  // By hand: the second seed adds 0.1 at the rate that both have.
  std::vector<ablate::LawRun> scan = {seeded(1, "a", 3.0), seeded(1, "b", 3.1), seeded(2, "a", 2.9),
                                      seeded(4, "b", 3.05)};
  const ablate::SeedEffects found = ablate::remove_seed_effects(scan);
  const double expected[] = {3.05, 3.05, 2.95, 3.0};
  for (std::size_t i = 0; i < 4; ++i)
    BOOST_TEST(scan[i].loss == expected[i], boost::test_tools::tolerance(1e-12));
  BOOST_TEST(found.groups == 1u);
  BOOST_TEST(found.share == 0);  // The one repeat went into the seeds' difference.
}

BOOST_AUTO_TEST_CASE(complete_seeds_leave_means_alone_and_noise_without_offsets) {
  std::vector<ablate::LawRun> runs;
  for (const auto& [seed, offset] : {std::pair{"a", -0.03}, {"b", 0.0}, {"c", 0.03}})
    for (const double lr : {1.0, 2.0, 4.0}) runs.push_back(seeded(lr, seed, 3 + 0.1 * lr + offset));
  runs.push_back(seeded(8, "c", NAN));
  const ablate::CleanRuns clean = ablate::clean_runs(runs);
  BOOST_REQUIRE(clean.runs.size() == 4u);
  for (std::size_t i = 0; i < 3; ++i) {
    BOOST_TEST(clean.runs[i].loss == 3 + 0.1 * clean.runs[i].lr, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(clean.runs[i].weight == 3);
    BOOST_TEST(clean.runs[i].repeat_squares < 1e-20);
    BOOST_TEST(clean.runs[i].repeats <= 2 * 4.0 / 6, boost::test_tools::tolerance(1e-12));
  }
  BOOST_TEST(!has(clean.findings, ablate::FindingKind::seeds_apart));
}

BOOST_AUTO_TEST_CASE(seeds_that_lack_rates_on_different_sides_do_not_move_the_best_rate) {
  const ablate::SyntheticLaw truth;
  constexpr std::uint64_t kDraws = 5;
  for (const bool gaps : {false, true}) BOOST_TEST_CONTEXT("gaps " << gaps) {
      std::size_t inside = 0;
      for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
        const ablate::LawFit fit = ablate::fit_law(seeded_sweeps(gaps, draw), {});
        BOOST_REQUIRE(fit.bowls.scans.size() == 4u);
        BOOST_TEST(fit.bowls.noise < 0.002);
        for (const ablate::ScanOptimum& scan : fit.bowls.scans) {
          const double x = truth.fixed_x(std::log2(scan.params));
          inside += scan.lr.interval.low <= x && x <= scan.lr.interval.high;
          // With the offsets left in, rates are off by 0.7 octaves.
          BOOST_TEST(std::abs(scan.lr.optimum - x) < 0.2);
        }
      }
      BOOST_TEST(inside >= kDraws * 4 * 8 / 10);
    }
}

BOOST_AUTO_TEST_CASE(seeds_without_a_rate_in_common_are_told) {
  const std::vector<ablate::LawRun> apart = {seeded(1, "a", 3.0), seeded(2, "a", 2.9), seeded(4, "b", 3.1),
                                             seeded(8, "b", 3.2)};
  const ablate::CleanRuns clean = ablate::clean_runs(apart);
  BOOST_TEST(has(clean.findings, ablate::FindingKind::seeds_apart));
  BOOST_REQUIRE(clean.runs.size() == 4u);
  for (std::size_t i = 0; i < 4; ++i) BOOST_TEST(clean.runs[i].loss == apart[i].loss);
  std::vector<ablate::LawRun> unknown = apart;
  for (ablate::LawRun& run : unknown) run.seed.clear();
  BOOST_TEST(!has(ablate::clean_runs(unknown).findings, ablate::FindingKind::seeds_apart));
}

/// What is no loss is refused, whatever its seeds.
BOOST_AUTO_TEST_CASE(losses_of_zero_and_below_leave_numbers) {
  std::vector<ablate::LawRun> scan = {seeded(1, "a", 0.0), seeded(1, "b", -1.0), seeded(2, "a", 0.3),
                                      seeded(2, "b", 4.0), seeded(4, "a", 0.2),  seeded(4, "b", 5.0)};
  ablate::remove_seed_effects(scan);
  for (const ablate::LawRun& run : scan) BOOST_TEST(std::isfinite(run.loss));
}

BOOST_AUTO_TEST_SUITE_END()
