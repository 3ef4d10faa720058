#include "report/bar.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(bars)

using namespace ablate;

BOOST_AUTO_TEST_CASE(a_bar_shows_parts_in_proportion) {
  const std::vector<BarPart> parts = {{5, '#'}, {2, '>'}, {1, '!'}};
  BOOST_TEST(bar(parts, 10, 10) == "[#####>>!--]");
}

BOOST_AUTO_TEST_CASE(an_empty_and_a_full_bar) {
  BOOST_TEST(bar(std::vector<BarPart>{{0, '#'}}, 4, 8) == "[--------]");
  BOOST_TEST(bar(std::vector<BarPart>{{4, '#'}}, 4, 8) == "[########]");
  BOOST_TEST(bar(std::vector<BarPart>{}, 0, 4) == "[----]");
}

BOOST_AUTO_TEST_CASE(one_of_a_thousand_is_seen_and_so_is_the_last_one_missing) {
  BOOST_TEST(bar(std::vector<BarPart>{{1, '#'}}, 1000, 8) == "[#-------]");
  BOOST_TEST(bar(std::vector<BarPart>{{998, '#'}, {1, '!'}}, 1000, 8) == "[#######-]");
}

BOOST_AUTO_TEST_CASE(live_lines_replace_one_another_on_a_terminal) {
  std::string out;
  LiveLines lines(Terminal{.live = true, .colour = false, .columns = 80, .rows = 24},
                  [&](std::string_view text) { out += text; });
  lines.show(std::vector<std::string>{"one", "two"});
  BOOST_TEST(out == "\033[?7lone\ntwo\n\033[?7h");
  out.clear();
  lines.show(std::vector<std::string>{"three"});
  BOOST_TEST(out == "\033[2A\r\033[J\033[?7lthree\n\033[?7h");
  out.clear();
  lines.print("stays");
  BOOST_TEST(out == "\033[1A\r\033[Jstays\n\033[?7lthree\n\033[?7h");
  out.clear();
  lines.clear();
  BOOST_TEST(out == "\033[1A\r\033[J");
}

BOOST_AUTO_TEST_CASE(live_lines_never_outgrow_the_terminal) {
  std::string out;
  LiveLines lines(Terminal{.live = true, .colour = false, .columns = 80, .rows = 3},
                  [&](std::string_view text) { out += text; });
  lines.show(std::vector<std::string>{"1", "2", "3", "4"});
  BOOST_TEST(out == "\033[?7l1\n2\n\033[?7h");
}

BOOST_AUTO_TEST_CASE(a_pipe_gets_the_lines_that_stay_and_no_escapes) {
  std::string out;
  LiveLines lines(Terminal{}, [&](std::string_view text) { out += text; });
  lines.show(std::vector<std::string>{"live"});
  lines.print("stays");
  lines.clear();
  BOOST_TEST(out == "stays\n");
}

BOOST_AUTO_TEST_CASE(colour_needs_a_terminal_that_has_it) {
  BOOST_TEST(paint("text", Style::red, Terminal{}) == "text");
  BOOST_TEST(paint("text", Style::red, Terminal{.live = true, .colour = true}) == "\033[31mtext\033[0m");
}

BOOST_AUTO_TEST_SUITE_END()
