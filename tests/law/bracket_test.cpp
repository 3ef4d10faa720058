#include "law/bracket.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>

#include "law_data.hpp"
#include "surface.hpp"

namespace {

using ablate::LawRun;
using ablate::SweepPoint;

struct Replay {
  std::size_t runs = 0;
  double regret = 0;  // Of the best run made, above the best of the whole sweep.
};

/// Plays a sweep on a grid of runs that were made, from a start that is brought to the grid.
Replay replay(const std::vector<LawRun>& sweep, double start) {
  const auto nearest = [&](double lr) {
    return *std::min_element(sweep.begin(), sweep.end(), [&](const LawRun& a, const LawRun& b) {
      return std::abs(std::log2(a.lr / lr)) < std::abs(std::log2(b.lr / lr));
    });
  };
  double lowest = std::numeric_limits<double>::infinity(), found = lowest;
  for (const LawRun& run : sweep) lowest = std::min(lowest, run.loss);
  std::vector<SweepPoint> points;
  const ablate::SweepLimits limits{sweep.front().lr, sweep.back().lr};
  const double first = nearest(start).lr;
  while (const auto lr = ablate::next_rate(points, first, limits)) {
    points.push_back({*lr, nearest(*lr).loss});
    found = std::min(found, points.back().loss);
  }
  return {points.size(), found / lowest - 1};
}

/// ln lr of StepLaw's published law, a start that a user would have.
double law_start(const LawRun& run) {
  return 1.79 * std::pow(run.params, -0.713) * std::pow(run.tokens, 0.307);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(law_bracket)

BOOST_AUTO_TEST_CASE(a_sweep_brackets_the_best_rate_and_refines_it) {
  const auto loss = [](double lr) { return 3 + 0.01 * std::pow(std::log2(lr / 3e-3), 2); };
  std::vector<SweepPoint> points;
  while (const auto lr = ablate::next_rate(points, 1e-3, {})) {
    for (const SweepPoint& made : points) BOOST_TEST(std::abs(std::log2(made.lr / *lr)) > 0.4);
    points.push_back({*lr, loss(*lr)});
    BOOST_REQUIRE(points.size() < 12u);
  }
  double best = 0, lowest = 10;
  for (const SweepPoint& point : points)
    if (point.loss < lowest) lowest = point.loss, best = point.lr;
  BOOST_TEST(std::abs(std::log2(best / 3e-3)) <= 0.25);
  BOOST_TEST(points.size() == 7u);
}

BOOST_AUTO_TEST_CASE(diverged_rates_and_limits_count_as_worse) {
  std::vector<SweepPoint> points;
  while (const auto lr = ablate::next_rate(points, 1e-3, {0, 2e-3})) {
    BOOST_TEST(*lr <= 2.1e-3);
    points.push_back({*lr, *lr > 1.5e-3 ? std::nan("") : 3 - *lr});
    BOOST_REQUIRE(points.size() < 12u);
  }
  BOOST_TEST(points.size() == 5u);
}

/// Acceptance check A6.
BOOST_AUTO_TEST_CASE(bracketing_finds_the_best_of_public_sweeps_in_few_runs) {
  const auto runs = ablate::public_runs("steplaw_dense.csv");
  if (runs.empty()) return;
  std::map<std::tuple<double, double, double>, std::vector<LawRun>> sweeps;
  for (const LawRun& run : runs)
    if (!run.diverged) sweeps[{run.params, run.tokens, run.batch}].push_back(run);
  std::erase_if(sweeps, [](const auto& sweep) { return sweep.second.size() < 8; });
  for (const auto& [factor, most_runs] : {std::pair(1.0, 6.0), std::pair(4.0, 7.2), std::pair(0.25, 7.2)}) {
    double made = 0, regret = 0;
    for (const auto& [scan, sweep] : sweeps) {
      const Replay played = replay(sweep, factor * law_start(sweep.front()));
      made += static_cast<double>(played.runs) / static_cast<double>(sweeps.size());
      regret += 100 * played.regret / static_cast<double>(sweeps.size());
    }
    BOOST_TEST_MESSAGE("A6: start x" << factor << ": " << sweeps.size() << " sweeps, " << made
                                     << " runs, regret " << regret << " %");
    BOOST_TEST(made <= most_runs);
    BOOST_TEST(regret <= 0.06);
  }
}

BOOST_AUTO_TEST_SUITE_END()
