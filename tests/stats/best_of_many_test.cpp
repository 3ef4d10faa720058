#include "stats/best_of_many.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "util/random.hpp"

BOOST_AUTO_TEST_SUITE(best_of_many)

using namespace ablate;
using boost::test_tools::tolerance;

namespace {

std::vector<CellRun> table_of(const std::vector<std::vector<double>>& scores) {
  std::vector<CellRun> runs;
  for (std::size_t cell = 0; cell < scores.size(); ++cell)
    for (std::size_t seed = 0; seed < scores[cell].size(); ++seed)
      runs.push_back({cell, seed, scores[cell][seed]});
  return runs;
}

/// By how much the best of `cells` looks better than it is, before and after it is shrunk: means over sweeps
/// whose cells have true scores with standard deviation `spread`, seeds that shift all cells by 4 and errors
/// of 1.
struct BestBias {
  double naive = 0, shrunken = 0;
};
BestBias bias_of_best(std::size_t cells, std::size_t seeds, double spread, std::uint64_t sweeps) {
  BestBias bias;
  for (std::uint64_t sweep = 0; sweep < sweeps; ++sweep) {
    const RandomStream random(sweep, "the best of many");
    std::vector<CellRun> runs;
    std::vector<double> truth;
    double shift = 0;
    for (std::size_t seed = 0; seed < seeds; ++seed) shift += 4 * random.normal(seed, 1);
    shift /= static_cast<double>(seeds);
    for (std::size_t cell = 0; cell < cells; ++cell) {
      truth.push_back(spread * random.normal(cell, 2) + shift);
      for (std::size_t seed = 0; seed < seeds; ++seed)
        runs.push_back(
            {cell, seed,
             truth.back() - shift + 4 * random.normal(seed, 1) + random.normal(cell * seeds + seed, 3)});
    }
    const ShrunkenCells found = shrink_cells(runs, cells, seeds);
    const auto best =
        static_cast<std::size_t>(std::max_element(found.mean.begin(), found.mean.end()) - found.mean.begin());
    bias.naive += (found.mean[best] - truth[best]) / static_cast<double>(sweeps);
    bias.shrunken += (found.shrunken[best] - truth[best]) / static_cast<double>(sweeps);
  }
  return bias;
}

}  // namespace

BOOST_AUTO_TEST_CASE(means_are_drawn_together_by_the_part_that_is_noise) {
  // Means 6.1, 6.9, 9.1 and 9.9 with variance 3.21333; the seeds differ by 10.2, 9.8, 10.2 and 9.8, so the
  // error is 0.08 / 3 and F = 241. Factor 1 - (2 / 3) / 241.
  const ShrunkenCells found = shrink_cells(table_of({{1, 11.2}, {2, 11.8}, {4, 14.2}, {5, 14.8}}), 4, 2);
  BOOST_TEST(found.grand_mean == 8, tolerance(1e-12));
  BOOST_TEST(found.mean[3] == 9.9, tolerance(1e-12));
  BOOST_TEST(found.shrunken[3] == 8 + 1.9 * (1 - 2.0 / 3 / 241), tolerance(1e-9));
  BOOST_TEST(found.shrunken[1] == 8 - 1.1 * (1 - 2.0 / 3 / 241), tolerance(1e-9));
  BOOST_TEST(*found.p < 0.001);
}

BOOST_AUTO_TEST_CASE(a_cell_with_fewer_runs_is_drawn_further) {
  // The last cell lacks the second seed. By hand, least squares gives it 5 + 5.0333, the others' means.
  std::vector<CellRun> runs = table_of({{1, 11.2}, {2, 11.8}, {4, 14.2}, {5, 14.8}});
  runs.pop_back();
  const ShrunkenCells found = shrink_cells(runs, 4, 2);
  BOOST_TEST(found.mean[3] == 5 + (10.2 + 9.8 + 10.2) / 6, tolerance(1e-9));
  const auto drawn = [&](std::size_t cell) {
    return (found.shrunken[cell] - found.grand_mean) / (found.mean[cell] - found.grand_mean);
  };
  BOOST_TEST(drawn(0) == drawn(2), tolerance(1e-9));
  BOOST_TEST(drawn(3) < drawn(2));
}

BOOST_AUTO_TEST_CASE(cells_that_are_not_told_apart_are_all_expected_at_their_mean) {
  const ShrunkenCells found = shrink_cells(table_of({{1, 3}, {2, 2}, {3, 1}}), 3, 2);
  BOOST_TEST(*found.p > 0.15);
  for (const double cell : found.shrunken) BOOST_TEST(cell == 2, tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(without_an_error_nothing_is_known) {
  for (const std::vector<std::vector<double>>& scores :
       {std::vector<std::vector<double>>{{1}, {2}, {3}}, {{1, 2}, {2, 3}, {3, 4}}, {{1, 3}, {2, 2}}}) {
    const ShrunkenCells found = shrink_cells(table_of(scores), scores.size(), scores.front().size());
    for (const double cell : found.shrunken) BOOST_TEST(std::isnan(cell));
    BOOST_TEST(std::isfinite(found.mean.back()));
  }
}

BOOST_AUTO_TEST_CASE(the_best_of_24_loses_nine_tenths_of_its_bias) {
  for (const std::size_t seeds : {2u, 3u, 5u})
    for (const double spread : {0.0, 0.3, 0.5, 0.7, 1.0, 2.0}) {
      const BestBias bias = bias_of_best(24, seeds, spread, 3000);
      BOOST_TEST_CONTEXT("spread " << spread << ", " << seeds << " seeds: " << bias.naive << " becomes "
                                   << bias.shrunken) {
        // Of equal cells the largest of 24 is 1.948 standard deviations above their mean.
        if (spread == 0) BOOST_TEST(bias.naive == 1.948 / std::sqrt(seeds), tolerance(0.02));
        BOOST_TEST(std::abs(bias.shrunken) < 0.1 * bias.naive);
      }
    }
}

BOOST_AUTO_TEST_SUITE_END()
