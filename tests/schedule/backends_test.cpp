#include "schedule/backends.hpp"

#include <boost/test/unit_test.hpp>

#include "scratch.hpp"
#include "util/file.hpp"

namespace ablate {

BOOST_AUTO_TEST_SUITE(backends)

BOOST_AUTO_TEST_CASE(the_default_backend_sees_who_lives_and_needs_no_worker_for_that) {
  const Scratch scratch;
  const AttemptRequest request{.attempt_id = 1, .attempt = 1, .job_folder = scratch.path};
  std::filesystem::create_directories(request.folder().path);
  const auto runner = make_runner(kDefaultBackend);
  BOOST_TEST(!runner->is_alive(request));
  const auto held = FileLock::try_take(request.folder().lock());
  BOOST_TEST(runner->is_alive(request));
}

BOOST_AUTO_TEST_CASE(the_worker_is_the_one_that_is_named) {
  const Scratch scratch;
  const AttemptRequest request{.attempt_id = 1, .attempt = 1, .job_folder = scratch.path};
  std::filesystem::create_directories(request.folder().path);
  const auto runner = make_runner(kDefaultBackend, {.worker = "/nowhere/ablate-worker"});
  const StartResult result = runner->start(std::span(&request, 1)).at(0);
  BOOST_CHECK(result.outcome == StartResult::Outcome::unavailable);
  BOOST_TEST(result.message == "/nowhere/ablate-worker: no such program; expected the worker");
}

BOOST_AUTO_TEST_CASE(an_unknown_backend_is_answered_with_those_that_there_are) {
  BOOST_CHECK_EXCEPTION(make_runner("lokal"), Error, [](const Error& error) {
    return std::string(error.what()) == "unknown backend 'lokal'; did you mean 'local'?";
  });
  BOOST_CHECK_EXCEPTION(make_runner("kubernetes"), Error, [](const Error& error) {
    return std::string(error.what()) == "unknown backend 'kubernetes'; expected one of: local";
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
