// Which cells and seeds means are over, held to all products there are.
#include "stats/common_cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <boost/test/unit_test.hpp>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "util/random.hpp"

BOOST_AUTO_TEST_SUITE(common_cells)

using namespace ablate;

namespace {

/// One row, by the seeds under which each of its settings has a number.
struct Row {
  std::deque<RunRecord> records;
  RowRuns runs;
  explicit Row(const std::vector<std::vector<std::uint64_t>>& seeds_of_settings) {
    for (std::size_t i = 0; i < seeds_of_settings.size(); ++i)
      for (const std::uint64_t seed : seeds_of_settings[i]) {
        RunRecord& record = records.emplace_back();
        record.seed = seed;
        record.values["vqa"] = 1;
        runs.add({AxisLevel{i, fmt::format("{}", i)}}, record);
      }
  }
  Selection common() const {
    const RowRuns* rows[] = {&runs};
    return choose_common(rows, "vqa");
  }
};

std::size_t runs_of(const Selection& selection) { return selection.settings.size() * selection.seeds.size(); }

/// The runs of the largest product, by trying each set of `seeds` seeds.
std::size_t largest_product(const std::vector<std::vector<std::uint64_t>>& seeds_of_settings,
                            std::uint64_t seeds) {
  std::size_t largest = 0;
  for (std::uint64_t chosen = 1; chosen < std::uint64_t{1} << seeds; ++chosen) {
    std::size_t settings = 0;
    for (const auto& has : seeds_of_settings) {
      std::uint64_t mask = 0;
      for (const std::uint64_t seed : has) mask |= std::uint64_t{1} << seed;
      settings += (mask & chosen) == chosen;
    }
    largest = std::max(largest, settings * static_cast<std::size_t>(std::popcount(chosen)));
  }
  return largest;
}

}  // namespace

BOOST_AUTO_TEST_CASE(seeds_of_one_cell_are_not_given_up_for_a_seed_that_two_have) {
  const Row row({{1, 2}, {0, 1, 3}});
  const Selection found = row.common();
  BOOST_TEST(found.settings.size() == 1u);
  BOOST_TEST(found.seeds == (std::vector<std::uint64_t>{0, 1, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(of_equal_products_the_one_with_more_cells_is_taken) {
  const Selection found = Row({{0, 1}, {1}}).common();
  BOOST_TEST(found.settings.size() == 2u);
  BOOST_TEST(found.seeds == std::vector<std::uint64_t>{1}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_largest_product_is_found_whatever_is_missing) {
  constexpr std::uint64_t kSeeds = 7;
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    const RandomStream random(trial, "common_cells");
    std::vector<std::vector<std::uint64_t>> seeds_of_settings(1 + trial % 9);
    for (std::size_t i = 0; i < seeds_of_settings.size(); ++i)
      for (std::uint64_t seed = 0; seed < kSeeds; ++seed)
        if (random.uniform(i * kSeeds + seed) < 0.6) seeds_of_settings[i].push_back(seed);
    BOOST_TEST_CONTEXT("trial " << trial) {
      const Selection found = Row(seeds_of_settings).common();
      BOOST_TEST(runs_of(found) == largest_product(seeds_of_settings, kSeeds));
    }
  }
}

// More sets of seeds than are looked at: each cell lacks two of 64 seeds.
BOOST_AUTO_TEST_CASE(many_seeds_with_many_holes_have_a_product_of_what_is_there) {
  constexpr std::uint64_t kSeeds = 64;
  std::vector<std::vector<std::uint64_t>> seeds_of_settings;
  for (std::uint64_t i = 0; i < 500; ++i) {
    auto& has = seeds_of_settings.emplace_back();
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed)
      if (seed != i % kSeeds && seed != i * i % 61) has.push_back(seed);
  }
  const Row row(seeds_of_settings);
  const Selection found = row.common();
  BOOST_TEST(runs_of(found) > 62u * 8);  // Those of one cell, and of any few.
  for (const Setting& setting : found.settings)
    for (const std::uint64_t seed : found.seeds) BOOST_TEST(row.runs.find(setting)->count(seed) == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
