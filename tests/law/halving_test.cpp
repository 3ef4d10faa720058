#include "law/halving.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

BOOST_AUTO_TEST_SUITE(law_halving)

BOOST_AUTO_TEST_CASE(halving_keeps_the_better_half_the_close_and_the_neighbours) {
  const std::vector<ablate::RungLoss> runs = {
      {1e-4, 4.0}, {2e-4, 3.6}, {4e-4, 3.0}, {8e-4, 3.5}, {1.6e-3, std::nan("")}, {3.2e-3, 3.01}};
  ablate::HalvingRule rule;
  rule.keep = 0.2;
  const auto kept = ablate::survivors(runs, rule);
  const std::vector<std::size_t> expected = {1, 2, 3, 5};
  BOOST_TEST(kept == expected, boost::test_tools::per_element());
  const std::vector<ablate::RungLoss> failed = {{1e-3, std::nan("")}};
  BOOST_TEST(ablate::survivors(failed, rule).empty());
  BOOST_TEST(ablate::survivors({}, rule).empty());
}

BOOST_AUTO_TEST_SUITE_END()
