#include "store/jobs.hpp"

#include "fixture.hpp"

using namespace ablate;

BOOST_FIXTURE_TEST_CASE(the_jobs_of_a_sweep_come_with_what_the_scheduler_ranks_by, Store) {
  const auto jobs = load_jobs(database, sweep);
  BOOST_REQUIRE(jobs.size() == 10u);
  for (std::size_t i = 0; i < jobs.size(); ++i) BOOST_TEST(jobs[i].id == static_cast<std::int64_t>(i) + 1);
  BOOST_CHECK(jobs[0].stage == Stage::encoder);
  BOOST_TEST(jobs[0].replicates == 2);
  BOOST_TEST(jobs[0].order == 0);
  BOOST_TEST(jobs[0].parents.empty());
  BOOST_TEST(jobs[3].replicates == 1);
  BOOST_TEST(jobs[3].order == 1);
  BOOST_TEST(jobs[3].parents == std::vector<std::int64_t>{1}, boost::test_tools::per_element());
  BOOST_TEST(jobs[5].order == 2);
  BOOST_TEST(jobs[9].order == 3);
  BOOST_TEST(jobs[9].task == "caption");
  BOOST_TEST(jobs[9].seed == 0xffffffffffffffffu);
  BOOST_TEST(jobs[9].steps == 0);
  BOOST_TEST(jobs[9].flops == 4e12);
  BOOST_TEST(jobs[9].key == small_plan().jobs[9].key.hex());
  BOOST_TEST(load_jobs(database, 99).empty());
}

BOOST_FIXTURE_TEST_CASE(a_job_is_found_by_id_and_by_the_first_digits_of_its_key, Store) {
  const std::string key = small_plan().jobs[4].key.hex();
  BOOST_TEST(get_job(database, "5").key == key);
  BOOST_TEST(get_job(database, key).id == 5);
  BOOST_TEST(get_job(database, key.substr(0, 8)).id == 5);
  for (const char* absent : {"99", "0000000", "xyz", "", "'; DROP TABLE job; --", "99999999999999999999999"})
    BOOST_CHECK_THROW(get_job(database, absent), Error);
  Query(database, "UPDATE job SET key = 'abcd' || id WHERE id IN (3, 4)").run();
  const auto lists_both = [](const Error& error) {
    return std::string(error.what())
        .ends_with("several jobs' keys begin with 'abcd': abcd3, abcd4; expected more digits");
  };
  BOOST_CHECK_EXCEPTION(get_job(database, "abcd"), Error, lists_both);
}

BOOST_FIXTURE_TEST_CASE(a_jobs_description_is_all_that_its_worker_needs, Store) {
  const Plan plan = small_plan();
  const Json description = job_description(database, 9);
  const Json expected = {
      {"key", plan.jobs[8].key.hex()},
      {"stage", "vlm"},
      {"task", ""},
      {"seed", 0xffffffffffffffffu},
      {"steps", 1000},
      {"config", {{"encoder", {{"width", 64}}}, {"connector", {{"kind", "c-abstractor"}}}}},
      {"parents", {{"encoder", plan.jobs[5].key.hex()}}}};
  BOOST_TEST(description == expected);
  BOOST_CHECK_THROW(job_description(database, 99), Error);
}

BOOST_FIXTURE_TEST_CASE(cancelling_ends_waiting_jobs_and_marks_running_ones, Store) {
  const AttemptRecord attempt = begin(1);
  end(begin(2), AttemptState::finished, JobState::finished);
  const CancelResult result =
      cancel_jobs(database, std::vector<std::int64_t>{1, 2, 3, 99}, CancelReason::user);
  BOOST_TEST(result.cancelled == 1);
  BOOST_TEST(result.marked == 1);
  BOOST_CHECK(job(3).state == JobState::cancelled);
  BOOST_CHECK(job(2).state == JobState::finished);
  BOOST_CHECK(job(1).state == JobState::running);
  BOOST_CHECK(job(1).cancel == CancelReason::user);
  BOOST_CHECK(job(3).cancel == CancelReason::user);
  BOOST_TEST(load_cancel_requests(database) == std::vector<std::int64_t>{1},
             boost::test_tools::per_element());
  // Its process dies for another reason and would be tried again: not any more.
  BOOST_TEST(end(attempt, AttemptState::lost, JobState::waiting));
  BOOST_CHECK(job(1).state == JobState::cancelled);
  BOOST_CHECK(job(1).cancel == CancelReason::user);
  BOOST_TEST(load_cancel_requests(database).empty());
}

BOOST_FIXTURE_TEST_CASE(a_cancel_keeps_its_reason_and_the_users_goes_first, Store) {
  const auto cancel = [&](std::int64_t id, CancelReason reason) {
    cancel_jobs(database, std::vector<std::int64_t>{id}, reason);
  };
  const AttemptRecord stopped = begin(1), both = begin(2), other = begin(4);
  for (const std::int64_t id : {1, 2, 4}) cancel(id, CancelReason::early_stop);
  cancel(2, CancelReason::user);
  cancel(2, CancelReason::early_stop);
  end(stopped, AttemptState::cancelled, JobState::cancelled);
  end(both, AttemptState::cancelled, JobState::cancelled);
  end(other, AttemptState::finished, JobState::finished);  // It was faster.
  BOOST_CHECK(job(1).cancel == CancelReason::early_stop);
  BOOST_CHECK(job(2).cancel == CancelReason::user);
  BOOST_CHECK(job(4).cancel == CancelReason::none);
  BOOST_CHECK(job(1).state == JobState::stopped_early);
  BOOST_CHECK(job(2).state == JobState::cancelled);
  retry_jobs(database, std::vector<std::int64_t>{1, 2});
  BOOST_CHECK(job(1).cancel == CancelReason::none);
  BOOST_CHECK(job(2).cancel == CancelReason::none);
}

BOOST_FIXTURE_TEST_CASE(what_a_search_has_stopped_goes_on_and_what_the_user_has_cancelled_does_not, Store) {
  const auto cancel = [&](std::int64_t id, CancelReason reason) {
    return cancel_jobs(database, std::vector<std::int64_t>{id}, reason);
  };
  begin(1);
  for (const std::int64_t id : {1, 2, 3}) cancel(id, CancelReason::early_stop);
  cancel(4, CancelReason::user);
  BOOST_CHECK(job(2).state == JobState::stopped_early);
  // The user's cancel goes before a stop that was made, and no stop before a user's cancel.
  BOOST_TEST(cancel(3, CancelReason::user).stopped == 1);
  BOOST_TEST(cancel(4, CancelReason::early_stop).stopped == 0);
  BOOST_CHECK(job(3).state == JobState::cancelled);

  BOOST_TEST(resume_stopped_jobs(database, sweep + 1) == 0);  // It needs none of them.
  BOOST_TEST(resume_stopped_jobs(database, sweep) == 2);
  BOOST_CHECK(job(1).state == JobState::running);
  BOOST_CHECK(job(1).cancel == CancelReason::none);
  BOOST_CHECK(job(2).state == JobState::waiting);
  for (const std::int64_t id : {3, 4}) BOOST_CHECK(job(id).state == JobState::cancelled);
  BOOST_TEST(resume_stopped_jobs(database, sweep) == 0);
}

BOOST_FIXTURE_TEST_CASE(a_cancelled_job_cannot_begin, Store) {
  const JobRecord stale = job(1);
  begin(2);
  cancel_jobs(database, std::vector<std::int64_t>{1}, CancelReason::user);
  BOOST_CHECK(!begin_attempt(database, stale, invocation, {}, 1));
  BOOST_TEST(load_attempts(database, 1).empty());
}

BOOST_FIXTURE_TEST_CASE(retrying_makes_failed_and_cancelled_jobs_wait_again, Store) {
  end(begin(1), AttemptState::failed, JobState::failed);
  end(begin(2), AttemptState::finished, JobState::finished);
  begin(4);
  cancel_jobs(database, std::vector<std::int64_t>{3}, CancelReason::user);
  BOOST_TEST(retry_jobs(database, std::vector<std::int64_t>{1, 2, 3, 4, 5}) == 2);
  BOOST_CHECK(job(1).state == JobState::waiting);
  BOOST_CHECK(job(2).state == JobState::finished);
  BOOST_CHECK(job(3).state == JobState::waiting);
  BOOST_CHECK(job(4).state == JobState::running);
  BOOST_TEST(begin(1).number == 2);
}

BOOST_FIXTURE_TEST_CASE(a_finished_job_can_be_retried_where_its_folder_is_gone, Store) {
  end(begin(1), AttemptState::failed, JobState::waiting);
  const AttemptRecord last = begin(1);
  end(last, AttemptState::finished, JobState::finished);
  end(begin(2), AttemptState::finished, JobState::finished);
  const std::filesystem::path folder = database.folder() / last.folder;
  BOOST_TEST_REQUIRE(std::filesystem::exists(folder));
  BOOST_TEST(load_jobs_without_folder(database).empty());
  std::filesystem::remove_all(folder);  // That of its first attempt, which has failed, stays.
  const auto gone = load_jobs_without_folder(database);
  BOOST_TEST_REQUIRE(gone.size() == 1u);
  BOOST_TEST(gone.begin()->first == 1);
  BOOST_TEST(gone.begin()->second == job(1).key);
  BOOST_TEST(retry_jobs(database, std::vector<std::int64_t>{1, 2}) == 1);
  BOOST_CHECK(job(1).state == JobState::waiting);
  BOOST_CHECK(job(2).state == JobState::finished);
  BOOST_TEST(load_jobs_without_folder(database).empty());
  BOOST_TEST(begin(1).number == 3);
}
