#include "util/process.hpp"

#include <poll.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>

#include "scratch.hpp"
#include "util/error.hpp"

using namespace ablate;

namespace {

ExitStatus wait_for(pid_t child) {
  const Fd fd = open_pidfd(child);
  pollfd waiting{fd.get(), POLLIN, 0};
  ::poll(&waiting, 1, 10000);
  return try_reap(child).value();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(process)

BOOST_AUTO_TEST_CASE(exit_codes_and_signals_are_told_apart) {
  BOOST_TEST(wait_for(spawn({.arguments = {"/bin/sh", "-c", "exit 3"}})).code.value() == 3);
  const ExitStatus killed = wait_for(spawn({.arguments = {"/bin/sh", "-c", "kill -9 $$"}}));
  BOOST_TEST(killed.signal.value() == 9);
  BOOST_TEST(!killed.code.has_value());
  BOOST_TEST(describe(killed) == "signal 9 (Killed)");
  BOOST_TEST(describe({.code = 3, .signal = {}}) == "exit code 3");
}

BOOST_AUTO_TEST_CASE(output_and_environment_go_where_they_are_told) {
  const Scratch scratch;
  const auto log = scratch.write("log", "before\n");
  wait_for(spawn({.arguments = {"/bin/sh", "-c", "echo $COLOUR; echo oops >&2"},
                  .environment = {"COLOUR=green", "PATH=/bin"},
                  .output = log}));
  BOOST_TEST(read_file(log, 100) == "before\ngreen\noops\n");
}

BOOST_AUTO_TEST_CASE(a_child_leads_a_group_of_its_own) {
  const pid_t child = spawn({.arguments = {"/bin/sleep", "30"}});
  BOOST_TEST(getpgid(child) == child);
  BOOST_TEST(!try_reap(child).has_value());
  BOOST_TEST(signal_group(child, 15));
  BOOST_TEST(wait_for(child).signal.value() == 15);
}

BOOST_AUTO_TEST_CASE(a_missing_program_is_an_error) {
  BOOST_CHECK_THROW(spawn({.arguments = {"/nonexistent/program"}}), Error);
  BOOST_TEST(!find_program("surely-no-such-program"));
  BOOST_TEST(!find_program("/etc/passwd"));
  BOOST_TEST(find_program("sh").has_value());
}

BOOST_AUTO_TEST_CASE(capture_is_bounded_in_time_and_size) {
  BOOST_TEST(capture({"sh", "-c", "printf hello"}).value() == "hello");
  BOOST_TEST(!capture({"sh", "-c", "exit 1"}));
  BOOST_TEST(!capture({"surely-no-such-program"}));
  const auto start = std::chrono::steady_clock::now();
  BOOST_TEST(!capture({"sh", "-c", "sleep 20"}, 0.1));
  BOOST_TEST(!capture({"sh", "-c", "yes"}, 10));
  BOOST_TEST(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < 8);
}

BOOST_AUTO_TEST_SUITE_END()
