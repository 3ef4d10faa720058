#include "schedule/job_queue.hpp"

#include <boost/test/unit_test.hpp>

namespace ablate {

namespace {

JobRecord queued(std::int64_t id, std::vector<std::int64_t> parents = {}, std::int64_t replicates = 1,
                 JobState state = JobState::waiting) {
  JobRecord job;
  job.id = id;
  job.parents = std::move(parents);
  job.replicates = replicates;
  job.order = id;
  job.state = state;
  return job;
}

/// Ids in the order in which a single slot would run them.
std::vector<std::int64_t> run_order(JobQueue& queue) {
  std::vector<std::int64_t> order;
  while (const auto index = queue.first_ready()) {
    queue.set_state(*index, JobState::running);
    queue.set_state(*index, JobState::finished);
    order.push_back(queue.job(*index).id);
  }
  return order;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(job_queue)

BOOST_AUTO_TEST_CASE(shared_jobs_come_first_then_those_with_most_children_then_the_earliest) {
  JobQueue queue({queued(1), queued(2), queued(3, {}, 4), queued(4), queued(5, {4}), queued(6, {4})});
  const std::vector<std::int64_t> expected = {3, 4, 1, 2, 5, 6};
  BOOST_TEST(run_order(queue) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_child_is_ready_when_its_last_parent_has_finished) {
  JobQueue queue({queued(1), queued(2), queued(3, {1, 2})});
  queue.set_state(0, JobState::running);
  queue.set_state(1, JobState::running);
  BOOST_TEST(!queue.first_ready());
  queue.set_state(0, JobState::finished);
  BOOST_TEST(!queue.first_ready());
  queue.set_state(1, JobState::finished);
  BOOST_TEST(queue.first_ready().value() == 2u);
}

BOOST_AUTO_TEST_CASE(parents_that_had_finished_before_count) {
  JobQueue queue({queued(1, {}, 1, JobState::finished), queued(2, {1})});
  BOOST_TEST(queue.first_ready().value() == 1u);
}

BOOST_AUTO_TEST_CASE(what_stands_behind_a_failed_or_cancelled_job_is_blocked) {
  JobQueue queue(
      {queued(1), queued(2, {1}), queued(3, {2}), queued(4), queued(5, {4}), queued(6), queued(7, {2, 6})});
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
  JobQueue queue({queued(1), queued(2)});
  queue.set_state(0, JobState::running);
  BOOST_TEST(queue.first_ready().value() == 1u);
  queue.set_state(0, JobState::waiting);
  BOOST_TEST(queue.first_ready().value() == 0u);
  queue.set_state(0, JobState::cancelled);
  BOOST_TEST(queue.first_ready().value() == 1u);
  BOOST_TEST(queue.find(2).value() == 1u);
  BOOST_TEST(!queue.find(3));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
