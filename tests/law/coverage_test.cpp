// Intervals of scans' best rates against the truth, over bowls that the fit's family has and has not, grids
// from sqrt(2) to 10 with and without holes, and noise from nothing to 1 %.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "law/bowl.hpp"
#include "law/findings.hpp"
#include "util/random.hpp"

namespace {

using ablate::Bowl;
using ablate::LawRun;

/// Log loss above its minimum, t octaves from the best rate; `scan` gives three numbers that are N(0, 1).
using Shape = double (*)(double t, const double (&scan)[3]);
const struct {
  const char* name;
  Shape rise;
} kShapes[] = {
    {"bowls that differ",
     [](double t, const double (&scan)[3]) {
       return Bowl{0.2 * std::exp(0.5 * scan[0]), 0.5 * std::exp(0.4 * scan[1]),
                   0.006 * std::exp(0.3 * scan[2])}
           .at(t);
     }},
    {"parabola", [](double t, const double (&)[3]) { return 0.003 * t * t; }},
    {"narrow parabola", [](double t, const double (&)[3]) { return 0.01 * t * t; }},
    {"steep parabola", [](double t, const double (&)[3]) { return 0.06 * t * t; }},
    {"parabola in the root of the rate",
     [](double t, const double (&)[3]) { return 0.025 * std::pow(std::exp2(t / 2) - 1, 2); }},
    {"straight arms", [](double t, const double (&)[3]) { return 0.008 * (std::sqrt(1 + t * t) - 1); }},
    {"two half parabolas", [](double t, const double (&)[3]) { return (t < 0 ? 0.0015 : 0.006) * t * t; }},
    {"fourth power", [](double t, const double (&)[3]) { return 0.003 * t * t + 0.0006 * std::pow(t, 4); }},
};

struct Grid {
  const char* name;
  double step;
  int rates;
  bool hole;
};
const Grid kGrids[] = {{"x sqrt(2)", 0.5, 11, false},
                       {"x 2", 1, 7, false},
                       {"x 4", 2, 5, false},
                       {"x 4 with a hole", 2, 5, true},
                       {"x 10", std::log2(10.0), 5, false}};

/// Nine scans, three sizes at three token counts, and where the best rate of each lies.
struct Search {
  std::vector<LawRun> runs;
  std::vector<double> best;  ///< log2, in the order in which clean_runs() sorts scans.
};
/// `highest`: no rate above this (log2) is tried.
Search search(Shape shape, const Grid& grid, double noise, double highest, std::uint64_t seed) {
  const ablate::RandomStream random(seed, "coverage");
  std::uint64_t draw = 0;
  const double first = -9 - 0.5 * (grid.rates - 1) * grid.step + (random.uniform(draw++) - 0.5) * grid.step;
  Search made;
  for (int size = 27; size <= 29; ++size)
    for (int ratio = 5; ratio <= 7; ++ratio) {
      const double best = -9 - 0.5 * (size - 28) + 0.2 * (size + ratio - 34) + 0.13 * random.normal(draw++);
      const double scan[3] = {random.normal(draw), random.normal(draw + 1), random.normal(draw + 2)};
      draw += 3;
      const int hole = grid.hole ? 1 + static_cast<int>(random.uniform(draw++) * (grid.rates - 2)) : -1;
      for (int i = 0; i < grid.rates; ++i) {
        const double rate = first + i * grid.step;
        if (i == hole || rate > highest) continue;
        LawRun run;
        run.params = std::exp2(size), run.tokens = std::exp2(size + ratio), run.batch = std::exp2(19);
        run.lr = std::exp2(rate);
        run.loss = 3 * std::exp(-0.05 * (size - 28) - 0.03 * ratio + shape(rate - best, scan) +
                                noise * random.normal(draw++));
        run.where = "made";
        made.runs.push_back(run);
      }
      made.best.push_back(best);
    }
  return made;
}

struct Coverage {
  double scans = 0, covered = 0, width = 0;
  void add(const Coverage& other) { scans += other.scans, covered += other.covered, width += other.width; }
  double share() const { return covered / scans; }
};

constexpr double kAll = std::numeric_limits<double>::infinity();

/// Of the scans whose best rate is at no edge; with `highest`, of those that are at one.
Coverage coverage(Shape shape, const Grid& grid, double noise, double highest = kAll) {
  Coverage found;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const Search made = search(shape, grid, noise, highest, seed);
    ablate::BowlOptions options;
    options.joint = false;
    const auto fit = ablate::fit_bowls(ablate::clean_runs(made.runs).runs, options);
    BOOST_REQUIRE(fit.scans.size() == made.best.size());
    for (std::size_t i = 0; i < fit.scans.size(); ++i) {
      const ablate::ScanAxis& axis = fit.scans[i].lr;
      if ((axis.edge == ablate::LawEdge::none) != (highest == kAll)) continue;
      found.add({1, axis.interval.low < made.best[i] && made.best[i] < axis.interval.high ? 1.0 : 0.0,
                 axis.interval.high - axis.interval.low});
    }
  }
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(law_coverage)

BOOST_AUTO_TEST_CASE(intervals_of_scans_hold_the_best_rate_whatever_grid_noise_and_shape) {
  Coverage all, noisy;
  for (const Grid& grid : kGrids) {
    Coverage of_grid;
    for (const auto& [name, shape] : kShapes) {
      Coverage of_shape;
      for (const double noise : {1e-5, 1e-3, 3e-3, 1e-2}) {
        const Coverage of_noise = coverage(shape, grid, noise);
        of_shape.add(of_noise);
        if (noise == 1e-2) noisy.add(of_noise);
      }
      BOOST_TEST_MESSAGE(grid.name << ", " << name << ": 95 % covers " << of_shape.covered << " of "
                                   << of_shape.scans);
      // A curvature that jumps at the best rate itself is out of any smooth bowl's reach.
      BOOST_TEST(of_shape.share() >= 0.6);
      of_grid.add(of_shape);
    }
    BOOST_TEST_MESSAGE(grid.name << ": " << 100 * of_grid.share() << " %, mean width "
                                 << of_grid.width / of_grid.scans << " octaves");
    BOOST_TEST(of_grid.share() >= 0.92);
    all.add(of_grid);
  }
  BOOST_TEST_MESSAGE("all: " << 100 * all.share() << " %");
  BOOST_TEST(all.share() >= 0.94);
  BOOST_TEST_MESSAGE("noise of 1 %: " << 100 * noisy.share() << " %");
  BOOST_TEST(noisy.share() >= 0.94);
  // Nothing is gained by intervals as wide as the grid.
  BOOST_TEST(coverage(kShapes[0].rise, kGrids[0], 1e-3).width < 9 * 4 * 1.0);
  BOOST_TEST(coverage(kShapes[0].rise, kGrids[4], 1e-3).width < 9 * 4 * 4.5);
}

/// One run next to the lowest of each scan spoilt, by a spike at the end or by a crash: runs beyond it are as
/// good as the best, so it bounds nothing.
BOOST_AUTO_TEST_CASE(a_bad_run_with_good_ones_beyond_it_bounds_no_best_rate) {
  const auto broad = [](double t, const double(&)[3]) { return Bowl{0.3, 0.3, 0.003}.at(t); };
  for (const double noise : {2e-3, 5e-3})
    for (const double spike : {1.08, std::numeric_limits<double>::quiet_NaN()}) {
      Coverage found;
      for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        Search made = search(broad, kGrids[0], noise, kAll, seed);
        const std::ptrdiff_t rates = kGrids[0].rates;
        for (auto scan = made.runs.begin(); scan != made.runs.end(); scan += rates) {
          const auto lowest = std::min_element(
              scan, scan + rates, [](const LawRun& a, const LawRun& b) { return a.loss < b.loss; });
          const std::ptrdiff_t i = lowest - scan, side = seed % 2 == 0 ? 1 : -1;
          if (i + side > 0 && i + side + 1 < rates) scan[i + side].loss *= spike;
        }
        for (LawRun& run : made.runs) run.diverged = std::isnan(run.loss);
        const auto fit = ablate::fit_bowls(ablate::clean_runs(made.runs).runs, {.joint = false});
        BOOST_REQUIRE(fit.scans.size() == made.best.size());
        for (std::size_t i = 0; i < fit.scans.size(); ++i) {
          const ablate::LogRange& range = fit.scans[i].lr.interval;
          found.add({1, range.low < made.best[i] && made.best[i] < range.high ? 1.0 : 0.0, 0});
        }
      }
      BOOST_TEST_MESSAGE("noise " << noise << ", spike " << spike << ": " << 100 * found.share() << " %");
      BOOST_TEST(found.share() >= 0.92);
    }
}

BOOST_AUTO_TEST_CASE(noise_is_found_from_one_run_of_each_rate) {
  for (const double noise : {2e-3, 5e-3, 1e-2}) {
    double sum = 0;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      const Search made = search(kShapes[2].rise, kGrids[0], noise, kAll, seed);
      const auto fit = ablate::fit_bowls(ablate::clean_runs(made.runs).runs, {.joint = false});
      sum += std::log(fit.noise / noise);
      for (const ablate::ScanOptimum& scan : fit.scans) BOOST_TEST(scan.convex);
    }
    BOOST_TEST_MESSAGE("noise " << noise << ": " << std::exp(sum / 8) << " of it found");
    BOOST_TEST(std::abs(sum / 8) < std::log(1.3));
  }
}

BOOST_AUTO_TEST_CASE(open_intervals_at_the_highest_rate_begin_below_the_best_rate) {
  Coverage all;
  for (const Grid& grid : {kGrids[1], kGrids[2]})
    for (const auto& [name, shape] : kShapes) {
      Coverage of_shape;
      for (const double noise : {1e-5, 1e-3, 3e-3}) of_shape.add(coverage(shape, grid, noise, -7.9));
      BOOST_TEST_MESSAGE(grid.name << ", " << name << ": at the edge 95 % covers " << of_shape.covered
                                   << " of " << of_shape.scans);
      all.add(of_shape);
    }
  BOOST_TEST_MESSAGE("at edges: " << 100 * all.share() << " %");
  BOOST_TEST(all.scans > 100);
  BOOST_TEST(all.share() >= 0.94);
}

BOOST_AUTO_TEST_SUITE_END()
