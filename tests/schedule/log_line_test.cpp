#include "schedule/log_line.hpp"

#include <boost/test/unit_test.hpp>

#include "scratch.hpp"

namespace ablate {

BOOST_AUTO_TEST_SUITE(log_line)

BOOST_AUTO_TEST_CASE(the_first_line_about_an_error_says_most) {
  const Scratch scratch;
  const auto log =
      scratch.write("log", "loading\nterminate called after throwing 'x'\n  what():  boom\nAborted\n");
  BOOST_TEST(last_error_line(log) == "terminate called after throwing 'x'");
  BOOST_TEST(first_line(log) == "loading");
}

BOOST_AUTO_TEST_CASE(without_one_it_is_the_last_line) {
  const Scratch scratch;
  BOOST_TEST(last_error_line(scratch.write("log", "one\n\n  two \n\n")) == "two");
}

BOOST_AUTO_TEST_CASE(only_the_end_of_a_large_log_is_read) {
  const Scratch scratch;
  const auto log = scratch.write("log", "error: long ago\n" + std::string(100000, 'x') + "\nlast\n");
  BOOST_TEST(last_error_line(log) == "last");
}

BOOST_AUTO_TEST_CASE(escapes_and_broken_utf8_are_made_harmless_and_long_lines_cut) {
  const Scratch scratch;
  BOOST_TEST(last_error_line(scratch.write("log", "\x1b[31mred\xff")) == "?[31mred?");
  BOOST_TEST(last_error_line(scratch.write("long", std::string(5000, 'y'))).size() == 300u);
}

BOOST_AUTO_TEST_CASE(no_log_gives_nothing) {
  const Scratch scratch;
  BOOST_TEST(last_error_line(scratch.path / "absent").empty());
  BOOST_TEST(first_line(scratch.path).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ablate
