#include "store/blocked.hpp"

#include <boost/test/unit_test.hpp>

namespace ablate {

namespace {

struct Row {
  std::int64_t id;
  JobState state;
  std::vector<std::int64_t> parents;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(blocked)

BOOST_AUTO_TEST_CASE(only_what_waits_is_blocked_by_the_job_that_failed_or_was_cancelled) {
  using enum JobState;
  const std::vector<Row> rows = {{10, failed, {}},        {20, waiting, {10}},
                                 {30, waiting, {20}},      // through another one that waits
                                 {40, running, {10}},      // it runs: nothing holds it up
                                 {50, waiting, {40}},      // nor what waits for it
                                 {60, cancelled, {}},      //
                                 {70, waiting, {20, 60}},  // the last parent decides
                                 {80, finished, {}},       //
                                 {90, waiting, {80, 99}},  // 99 is none of these
                                 {95, cancelled, {10}}};
  const auto blockers = find_blockers(rows);
  const std::vector<int> expected = {-1, 0, 0, -1, -1, -1, 5, -1, -1, -1};
  for (std::size_t i = 0; i < rows.size(); ++i)
    BOOST_TEST((blockers[i] ? static_cast<int>(*blockers[i]) : -1) == expected[i], "job " << rows[i].id);
}

BOOST_AUTO_TEST_CASE(rows_are_found_by_id) {
  const std::vector<Row> rows = {{3, JobState::waiting, {}}, {7, JobState::waiting, {3, 5}}};
  BOOST_TEST(find_row(rows, 7).value() == 1u);
  BOOST_TEST(!find_row(rows, 5));
  BOOST_TEST(!find_row(rows, 8));
  BOOST_TEST(parent_indices(rows, rows[1]) == std::vector<std::size_t>{0}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
