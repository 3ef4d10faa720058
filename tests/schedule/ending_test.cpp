#include "schedule/ending.hpp"

#include <signal.h>

#include <boost/test/unit_test.hpp>

#include "schedule/watch.hpp"

namespace ablate {

namespace {

Ending lost_by(int signal) { return {.exit = ExitStatus{.code = {}, .signal = signal}, .has_journal = true}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(ending)

BOOST_AUTO_TEST_CASE(the_last_fruitless_attempt_fails_the_job) {
  Ending ending = lost_by(SIGKILL);
  ending.fruitless = 1;
  BOOST_CHECK(decide_end(ending, 2).job_state == JobState::waiting);
  ending.fruitless = 2;
  BOOST_CHECK(decide_end(ending, 2).job_state == JobState::failed);
  BOOST_CHECK(decide_end(ending, 2).state == AttemptState::lost);
  ending.progressed = true;
  BOOST_CHECK(decide_end(ending, 2).job_state == JobState::waiting);
  BOOST_TEST(!is_fruitless(ending, decide_end(ending, 2)));
}

BOOST_AUTO_TEST_CASE(no_retries_means_one_attempt) {
  BOOST_CHECK(decide_end(lost_by(SIGSEGV), 0).job_state == JobState::failed);
}

BOOST_AUTO_TEST_CASE(an_own_word_goes_before_how_the_process_ended) {
  Ending ending = lost_by(SIGKILL);
  ending.failure = FailureKind::diverged;
  ending.message = "loss is nan at step 3";
  const AttemptEnd end = decide_end(ending, 9);
  BOOST_CHECK(end.state == AttemptState::failed);
  BOOST_CHECK(end.job_state == JobState::failed);
  BOOST_TEST(end.failure == "diverged");
}

BOOST_AUTO_TEST_CASE(an_adopted_attempt_with_a_finished_event_is_finished) {
  const AttemptEnd end = decide_end({.finished = true}, 0);
  BOOST_CHECK(end.job_state == JobState::finished);
  BOOST_TEST(end.message.empty());
}

BOOST_AUTO_TEST_CASE(being_interrupted_is_not_held_against_a_job) {
  Ending ending = lost_by(SIGTERM);
  ending.stop = StopReason::interrupt;
  ending.fruitless = 100;
  const AttemptEnd end = decide_end(ending, 0);
  BOOST_CHECK(end.state == AttemptState::cancelled);
  BOOST_CHECK(end.job_state == JobState::waiting);
  BOOST_TEST(!is_fruitless(ending, end));
}

BOOST_AUTO_TEST_CASE(one_that_finishes_while_it_is_asked_to_stop_has_finished) {
  for (const StopReason reason :
       {StopReason::interrupt, StopReason::cancel, StopReason::timeout, StopReason::heartbeat})
    BOOST_CHECK(decide_end({.finished = true, .exit = ExitStatus{.code = 0, .signal = {}}, .stop = reason}, 0)
                    .job_state == JobState::finished);
}

BOOST_AUTO_TEST_CASE(a_cancelled_job_is_not_tried_with_less_memory) {
  const AttemptEnd end = decide_end({.failure = FailureKind::out_of_memory, .stop = StopReason::cancel}, 2);
  BOOST_CHECK(end.job_state == JobState::cancelled);
  BOOST_TEST(!end.halve_micro_batch);
}

BOOST_AUTO_TEST_CASE(exit_code_2_after_a_journal_is_a_crash) {
  const AttemptEnd end = decide_end({.exit = ExitStatus{.code = 2, .signal = {}}, .has_journal = true}, 2);
  BOOST_CHECK(end.job_state == JobState::waiting);
  BOOST_TEST(end.message == "exit code 2");
}

BOOST_AUTO_TEST_CASE(limits_of_zero_are_no_limits) {
  ScheduleOptions options;
  options.timeout = 0;
  options.heartbeat = 0;
  BOOST_CHECK(find_overdue({}, options, 1e9).reason == StopReason::none);
  options.heartbeat = 10;
  BOOST_CHECK(find_overdue({.grew_at = 5}, options, 14).reason == StopReason::none);
  BOOST_CHECK(find_overdue({.grew_at = 5}, options, 15).reason == StopReason::heartbeat);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
