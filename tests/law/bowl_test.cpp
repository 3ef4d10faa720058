#include "law/bowl.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>

#include "law/findings.hpp"
#include "law_data.hpp"
#include "synthetic.hpp"

namespace {

ablate::BowlFit fit_of(std::vector<ablate::LawRun> runs, bool joint) {
  ablate::BowlOptions options;
  options.joint = joint;
  return ablate::fit_bowls(ablate::clean_runs(std::move(runs)).runs, options);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(law_bowl)

using ablate::Bowl;
using ablate::LawEdge;

BOOST_AUTO_TEST_CASE(a_bowl_has_its_minimum_and_curvature_at_zero) {
  const Bowl bowl{0.1, 0.7, 0.008};
  BOOST_TEST(bowl.at(0) == 0.0);
  BOOST_TEST(bowl.slope(0) == 0.0);
  constexpr double kStep = 1e-4;
  BOOST_TEST((bowl.slope(kStep) - bowl.slope(-kStep)) / (2 * kStep) == bowl.k,
             boost::test_tools::tolerance(1e-6));
  for (const double t : {-3.0, -1.0, 0.5, 2.0}) {
    BOOST_TEST((bowl.at(t + kStep) - bowl.at(t - kStep)) / (2 * kStep) == bowl.slope(t),
               boost::test_tools::tolerance(1e-6));
    BOOST_TEST(bowl.at(t) > 0);
  }
  BOOST_TEST(bowl.at(2) > bowl.at(-2));  // q > p: steeper to the right.
}

BOOST_AUTO_TEST_CASE(a_band_ends_where_the_bowl_has_risen_so_far) {
  const Bowl bowl{0.1, 0.7, 0.008};
  const auto [left, right] = bowl.band(0.001);
  BOOST_TEST(bowl.at(left) == 0.001, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(bowl.at(right) == 0.001, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(left < 0);
  BOOST_TEST(right > 0);
}

BOOST_AUTO_TEST_CASE(exact_runs_give_back_shape_ridge_and_optima) {
  const ablate::SyntheticLaw truth;
  const auto fit = fit_of(truth.grid(), true);
  BOOST_REQUIRE(fit.scans.size() == 8u);
  // Within 3 % of the lowest loss a bowl's arms look much alike, so p and q feel the pull towards 0.5; what
  // matters, the curvature and the optima, does not.
  BOOST_TEST(fit.lr.p == truth.lr.p, boost::test_tools::tolerance(0.5));
  BOOST_TEST(fit.lr.q == truth.lr.q, boost::test_tools::tolerance(0.15));
  BOOST_TEST(fit.lr.k == truth.lr.k, boost::test_tools::tolerance(0.05));
  BOOST_TEST(fit.ridge == truth.ridge, boost::test_tools::tolerance(0.02));
  for (const ablate::ScanOptimum& scan : fit.scans) {
    BOOST_TEST(std::abs(scan.lr.optimum - truth.x(scan.params, scan.tokens)) < 0.02);
    BOOST_TEST(std::abs(scan.batch_axis.optimum - truth.y(scan.tokens)) < 0.05);
    BOOST_TEST(scan.convex);
    BOOST_TEST((scan.lr.edge == LawEdge::none));
  }
}

BOOST_AUTO_TEST_CASE(standard_errors_are_the_size_of_the_errors) {
  ablate::SyntheticLaw truth;
  truth.noise = 1e-3;
  const auto fit = fit_of(truth.grid(), true);
  BOOST_TEST(fit.noise == truth.noise, boost::test_tools::tolerance(0.3));
  double squares = 0;
  for (const ablate::ScanOptimum& scan : fit.scans) {
    // All scans have one shape here, so of the error only the part of the noise can be held against the
    // truth.
    const double se = std::sqrt(std::pow(scan.lr.se, 2) - std::pow(scan.lr.shape_se, 2));
    BOOST_TEST(scan.lr.shape_se > 0.03);
    squares += std::pow((scan.lr.optimum - truth.x(scan.params, scan.tokens)) / se, 2);
  }
  const double rms = std::sqrt(squares / static_cast<double>(fit.scans.size()));
  BOOST_TEST(rms > 0.3);
  BOOST_TEST(rms < 2.0);
}

BOOST_AUTO_TEST_CASE(a_sweep_that_ends_too_low_is_flagged_and_open_upwards) {
  ablate::SyntheticLaw truth;
  truth.noise = 1e-3;
  const auto fit = fit_of(truth.sweeps(5, 0.5, -1.75), false);
  BOOST_REQUIRE(fit.scans.size() == 4u);
  for (const ablate::ScanOptimum& scan : fit.scans) {
    BOOST_TEST((scan.lr.edge == LawEdge::high));
    BOOST_TEST(std::isinf(scan.lr.interval.high));
    BOOST_TEST(std::isfinite(scan.lr.interval.low));
    BOOST_TEST(scan.lr.interval.low < truth.fixed_x(std::log2(scan.params)));
    BOOST_TEST(scan.lr.se >= scan.lr.step);
    BOOST_TEST(scan.lr.optimum <= scan.lr.high + scan.lr.step + 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(a_diverged_rate_above_brackets_the_optimum) {
  const ablate::SyntheticLaw truth;
  auto runs = truth.sweeps(5, 0.5, -1);
  for (int size = 26; size <= 29; ++size) {
    ablate::LawRun failed = runs.front();
    failed.params = std::exp2(size), failed.tokens = std::exp2(size + 5);
    failed.lr = std::exp2(truth.fixed_x(size) + 0.6);
    failed.diverged = true;
    runs.push_back(failed);
  }
  for (const ablate::ScanOptimum& scan : fit_of(runs, false).scans) {
    BOOST_TEST((scan.lr.edge == LawEdge::none));
    BOOST_TEST(scan.lowest_diverged_lr > std::exp2(scan.lr.high));
  }
}

/// Of the first of three sizes whose losses are parabolas in log2 of the rate, `step` octaves apart and with
/// the best rate `off` steps below the middle one; the next rate above the best loses `rise` more.
ablate::ScanAxis axis_of_parabolas(double step, double rise, double off, bool diverges = false) {
  std::vector<ablate::LawRun> runs;
  for (int size = 26; size <= 28; ++size)
    for (int i = -2; i <= 2; ++i) {
      ablate::LawRun run;
      run.params = std::exp2(size), run.tokens = std::exp2(size + 5), run.batch = std::exp2(19);
      run.lr = std::exp2(-9 + step * i);
      run.loss = std::numbers::pi * (1 + rise * std::pow(i + off, 2));
      run.diverged = diverges && i > 0;
      run.where = "parabola";
      runs.push_back(run);
    }
  const auto fit = fit_of(runs, false);
  BOOST_REQUIRE(fit.scans.size() == 3u);
  return fit.scans.front().lr;
}

BOOST_AUTO_TEST_CASE(the_far_sides_of_a_steep_bowl_have_not_diverged) {
  for (const double step : {1.0, 2.0, std::log2(10.0)}) {
    for (const double rise : {0.05, 0.19, 0.199, 0.201, 0.27, 0.5}) {  // 1.2 times the lowest is no cliff.
      const ablate::ScanAxis axis = axis_of_parabolas(step, rise, 0);
      BOOST_TEST(std::abs(axis.optimum + 9) < 0.01, "step " << step << ", rise " << rise);
      BOOST_TEST((axis.edge == LawEdge::none));
      BOOST_TEST(axis.interval.high - axis.interval.low < 1.3 * step);
    }
    for (const double off : {-0.45, -0.3, -0.1, 0.1, 0.3, 0.45}) {
      const ablate::ScanAxis axis = axis_of_parabolas(step, 0.27, off);
      const double truth = -9 - off * step;
      BOOST_TEST(axis.interval.low < truth, "step " << step << ", off " << off);
      BOOST_TEST(axis.interval.high > truth, "step " << step << ", off " << off);
      if (std::abs(off) < 0.4) BOOST_TEST(std::abs(axis.optimum - truth) < 0.1 * step);
    }
  }
}

/// Where a run comes to lie above the window as losses grow, the best rate stays where it is: at a factor of
/// two, four or ten between rates, that run is often the only one on its side.
BOOST_AUTO_TEST_CASE(a_run_that_crosses_the_window_moves_nothing) {
  for (const double step : {1.0, 2.0, std::log2(10.0)})
    for (const ablate::Bowl& bowl : {ablate::Bowl{0.2, 0.6, 1}, ablate::Bowl{0.6, 0.2, 1}})
      for (const double off : {-0.3, 0.0, 0.3}) {
        double before = std::numeric_limits<double>::quiet_NaN();
        for (double rise = 0.02; rise < 0.08; rise *= 1.08) {  // At the next rate, on the mean of the sides.
          const double scale = 2 * rise / (bowl.at(step) + bowl.at(-step));
          std::vector<ablate::LawRun> runs;
          for (int i = -2; i <= 2; ++i) {
            ablate::LawRun run;
            run.params = std::exp2(26), run.tokens = std::exp2(31), run.batch = std::exp2(19);
            run.lr = std::exp2(-9 + step * i);
            run.loss = 3 * std::exp(scale * bowl.at(step * (i - off)));
            run.where = "bowl";
            runs.push_back(run);
          }
          const ablate::ScanAxis axis = fit_of(ablate::clean_runs(runs).runs, false).scans.at(0).lr;
          BOOST_TEST(axis.interval.low < -9 + off * step, "step " << step << ", rise " << rise);
          BOOST_TEST(axis.interval.high > -9 + off * step, "step " << step << ", rise " << rise);
          if (std::isfinite(before))
            BOOST_TEST(std::abs(axis.optimum - before) < 0.2 * step,
                       "step " << step << ", off " << off << ", rise " << rise << ": " << before << " to "
                               << axis.optimum);
          before = axis.optimum;
        }
      }
}

BOOST_AUTO_TEST_CASE(no_best_rate_lies_where_runs_diverged) {
  for (const double step : {1.0, 2.0, std::log2(10.0)}) {
    const ablate::ScanAxis axis = axis_of_parabolas(step, 0.27, 0, true);
    BOOST_TEST(axis.optimum <= -9 + step / 2 + 1e-9);
    BOOST_TEST(axis.interval.low < -9.0);
    BOOST_TEST(axis.interval.high > -9.0);
    BOOST_TEST(axis.interval.high <= -9 + step + 1e-9);
  }
}

BOOST_AUTO_TEST_CASE(scans_with_two_rates_are_left_out) {
  const ablate::SyntheticLaw truth;
  BOOST_TEST(fit_of(truth.sweeps(2, 1, 0), false).scans.empty());
}

BOOST_AUTO_TEST_CASE(two_rates_below_one_that_diverged_are_a_sweep) {
  ablate::SyntheticLaw truth;
  auto runs = truth.sweeps(3, 2, 0);  // The middle one next to the best, the others two octaves off.
  for (ablate::LawRun& run : runs)
    if (std::log2(run.lr) > truth.fixed_x(std::log2(run.params)) + 1) run.diverged = true;
  const auto fit = fit_of(runs, false);
  BOOST_REQUIRE(fit.scans.size() == 4u);
  for (const ablate::ScanOptimum& scan : fit.scans) {
    BOOST_TEST(scan.rates == 2u);
    BOOST_TEST((scan.lr.edge == LawEdge::none));
    BOOST_TEST(scan.lr.interval.low < truth.fixed_x(std::log2(scan.params)));
    BOOST_TEST(scan.lr.interval.high > truth.fixed_x(std::log2(scan.params)));
  }
}

BOOST_AUTO_TEST_CASE(a_window_widens_no_further_than_to_four_rates) {
  ablate::SyntheticLaw truth;
  truth.lr.k = 0.02;  // Three rates within 3 %.
  auto runs = truth.sweeps(7, 1, 0);
  // Far above the best rate the losses of small models level off, which is no bowl.
  for (ablate::LawRun& run : runs) {
    const double lowest = truth.run(run.params, run.tokens, truth.fixed_x(std::log2(run.params)), 19).loss;
    if (std::log2(run.lr) > truth.fixed_x(std::log2(run.params)) + 1.5) run.loss = 1.05 * lowest;
  }
  for (const ablate::ScanOptimum& scan : fit_of(runs, false).scans) {
    BOOST_TEST(scan.rates == 4u);
    BOOST_TEST(std::abs(scan.lr.optimum - truth.fixed_x(std::log2(scan.params))) < 0.25);
  }
}

BOOST_AUTO_TEST_CASE(repeats_tell_the_noise_that_residuals_cannot) {
  ablate::SyntheticLaw truth;
  auto runs = truth.sweeps(3, 1, 0);  // As many runs as parameters: nothing is left over.
  const std::size_t single = runs.size();
  for (std::size_t i = 0; i < single; ++i) {
    runs.push_back(runs[i]);
    runs[i].loss *= 1.004, runs.back().loss *= 0.996;
  }
  const auto fit = fit_of(runs, false);
  BOOST_TEST(fit.noise == 0.004 * std::sqrt(2.0), boost::test_tools::tolerance(0.01));
  for (const ablate::ScanOptimum& scan : fit.scans) {
    BOOST_TEST(scan.runs == 6u);
    BOOST_TEST(scan.rates == 3u);
  }
  runs = truth.sweeps(3, 1, 0);
  runs.insert(runs.end(), runs.begin(), runs.end());  // Rows listed twice are no repeats.
  BOOST_TEST(fit_of(runs, false).noise < 2e-3);
}

BOOST_AUTO_TEST_CASE(noise_that_few_runs_cannot_tell_is_what_is_usual) {
  ablate::SyntheticLaw truth;
  // Twelve runs for eleven parameters: residuals vanish, whatever the noise is.
  const double few = fit_of(truth.sweeps(3, 1, 0), false).noise;
  BOOST_TEST(few > 0.8e-3);
  BOOST_TEST(few < 2e-3);
  BOOST_TEST(fit_of(truth.grid(), true).noise < 0.3e-3);
}

BOOST_AUTO_TEST_CASE(a_hole_beside_the_optimum_widens_its_interval) {
  ablate::SyntheticLaw truth;
  auto runs = truth.sweeps(5, 2, 0);
  const double whole = fit_of(runs, false).scans.at(1).lr.se;
  std::erase_if(runs, [&](const ablate::LawRun& run) {
    return run.params == std::exp2(27) && std::abs(std::log2(run.lr) - truth.fixed_x(27)) < 1;
  });
  const auto with_hole = fit_of(runs, false);
  BOOST_TEST(with_hole.scans.at(1).rates >= 3u);
  BOOST_TEST(with_hole.scans.at(1).lr.se > 1.5 * whole);
  BOOST_TEST(with_hole.scans.at(1).lr.gap_se > 3 * with_hole.scans.at(0).lr.gap_se);
}

BOOST_AUTO_TEST_CASE(a_second_valley_is_seen) {
  ablate::SyntheticLaw truth;
  auto runs = truth.sweeps(7, 1, 0);
  runs[0].loss = 0.995 * runs[3].loss;  // The lowest rate of the first size is suddenly the best.
  const auto fit = fit_of(runs, false);
  BOOST_TEST(!fit.scans.at(0).convex);
  BOOST_TEST(fit.scans.at(1).convex);
}

/// Acceptance check A7: edges on public sweeps.
BOOST_AUTO_TEST_CASE(edges_of_public_sweeps_are_flagged_exactly) {
  const auto oellm = ablate::public_runs("oellm.csv"), step = ablate::public_runs("steplaw_dense.csv");
  if (oellm.empty() || step.empty()) return;
  std::vector<double> flagged;
  for (const auto* runs : {&oellm, &step})
    for (const ablate::ScanOptimum& scan : fit_of(*runs, true).scans) {
      BOOST_TEST((scan.batch_axis.edge == LawEdge::none));
      for (const ablate::ScanAxis* axis : {&scan.lr, &scan.batch_axis}) {
        const bool outside = axis->optimum > axis->high || axis->optimum < axis->low;
        BOOST_TEST((!outside || axis->edge != LawEdge::none));
        BOOST_TEST(axis->optimum <= axis->high + axis->step + 1e-9);
        BOOST_TEST(axis->optimum >= axis->low - axis->step - 1e-9);
        BOOST_TEST((axis->edge == LawEdge::none) ==
                   (std::isfinite(axis->interval.low) && std::isfinite(axis->interval.high)));
      }
      if (scan.lr.edge == LawEdge::none) continue;
      BOOST_TEST((scan.lr.edge == LawEdge::high));
      BOOST_TEST(scan.params == 47557632.0);
      flagged.push_back(scan.tokens / 1e9);
    }
  const std::vector<double> expected = {50, 80, 120, 200, 300};
  BOOST_TEST(flagged == expected, boost::test_tools::per_element());
}

/// Four scans, one of them four times as steep: its best rate is not beyond half of the way to a rate that
/// loses more than noise can.
BOOST_AUTO_TEST_CASE(a_scan_steeper_than_others_has_its_best_rate_next_to_its_lowest_run) {
  for (const double off : {-0.4, -0.2, 0.0, 0.2, 0.4}) {
    std::vector<ablate::LawRun> runs;
    for (int size = 26; size <= 29; ++size)
      for (int i = -3; i <= 3; ++i) {
        ablate::LawRun run;
        run.params = std::exp2(size), run.tokens = std::exp2(33), run.batch = 65536, run.where = "steep";
        run.lr = std::exp2(-9 + 0.7 * i);
        run.loss = std::numbers::pi * std::exp((size == 28 ? 0.04 : 0.01) * std::pow(0.7 * (i + off), 2));
        runs.push_back(run);
      }
    const ablate::ScanAxis axis = fit_of(ablate::clean_runs(runs).runs, false).scans.at(2).lr;
    const double best = -9 - 0.7 * off;
    BOOST_TEST(std::abs(axis.optimum - best) < 0.65, "off " << off);
    BOOST_TEST(axis.interval.low < best);
    BOOST_TEST(axis.interval.high > best);
  }
}

BOOST_AUTO_TEST_SUITE_END()
