#include "schedule/job_queue.hpp"

#include <boost/test/unit_test.hpp>

namespace ablate {

namespace {

/// The parents are indices.
JobNode node(std::vector<std::size_t> parents = {}, std::int64_t replicates = 1, std::int64_t order = 0,
             JobState state = JobState::waiting) {
  return {.parents = std::move(parents),
          .priority = {.replicates = replicates, .order = order},
          .memory_bytes = 0,
          .state = state};
}

/// The order in which a single slot would run them.
std::vector<std::size_t> run_order(JobQueue& queue) {
  std::vector<std::size_t> order;
  while (const auto index = queue.first_ready()) {
    queue.set_state(*index, JobState::running);
    queue.set_state(*index, JobState::finished);
    order.push_back(*index);
  }
  return order;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(job_queue)

BOOST_AUTO_TEST_CASE(shared_jobs_come_first_then_those_with_most_children_then_the_earliest) {
  JobQueue queue(
      {node({}, 1, 1), node({}, 1, 2), node({}, 4, 3), node({}, 1, 4), node({3}, 1, 6), node({3}, 1, 5)});
  const std::vector<std::size_t> expected = {2, 3, 0, 1, 5, 4};
  BOOST_TEST(run_order(queue) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_child_is_ready_when_its_last_parent_has_finished) {
  JobQueue queue({node(), node(), node({0, 1})});
  queue.set_state(0, JobState::running);
  queue.set_state(1, JobState::running);
  BOOST_TEST(!queue.first_ready());
  queue.set_state(0, JobState::finished);
  BOOST_TEST(!queue.first_ready());
  queue.set_state(1, JobState::finished);
  BOOST_TEST(queue.first_ready().value() == 2u);
}

BOOST_AUTO_TEST_CASE(parents_that_had_finished_before_count) {
  JobQueue queue({node({}, 1, 0, JobState::finished), node({0})});
  BOOST_TEST(queue.first_ready().value() == 1u);
}

BOOST_AUTO_TEST_CASE(what_depends_on_a_failed_or_cancelled_job_is_blocked) {
  JobQueue queue({node(), node({0}), node({1}), node(), node({3}), node(), node({1, 5})});
  queue.set_state(0, JobState::failed);
  queue.set_state(3, JobState::cancelled);
  const JobQueue::Counts counts = queue.count();
  BOOST_TEST(counts.failed == 1);
  BOOST_TEST(counts.cancelled == 1);
  BOOST_TEST(counts.blocked == 4);
  BOOST_TEST(counts.waiting == 1);
  BOOST_TEST(queue.first_ready().value() == 5u);
}

BOOST_AUTO_TEST_CASE(a_job_that_waits_again_is_ready_again) {
  JobQueue queue({node({}, 1, 1), node({}, 1, 2)});
  queue.set_state(0, JobState::running);
  BOOST_TEST(queue.first_ready().value() == 1u);
  queue.set_state(0, JobState::waiting);
  BOOST_TEST(queue.first_ready().value() == 0u);
  queue.set_state(0, JobState::cancelled);
  BOOST_TEST(queue.first_ready().value() == 1u);
  BOOST_CHECK(queue.state(0) == JobState::cancelled);
}

BOOST_AUTO_TEST_CASE(a_longer_training_waits_for_a_shorter_one_however_that_ends) {
  JobNode longer = node({}, 5);
  longer.goes_on_from = 1;
  for (const JobState end :
       {JobState::finished, JobState::failed, JobState::cancelled, JobState::stopped_early}) {
    JobQueue queue({longer, node()});
    BOOST_TEST(queue.first_ready().value() == 1u);
    queue.set_state(1, JobState::queued);
    BOOST_TEST(!queue.first_ready());
    queue.set_state(1, JobState::running);
    BOOST_TEST(!queue.first_ready());
    queue.set_state(1, end);
    BOOST_TEST(queue.first_ready().value() == 0u);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
