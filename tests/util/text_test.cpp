#include "util/text.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

#include "util/error.hpp"

using namespace ablate;

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(the_nearest_spelling_is_found) {
  const std::vector<std::string> keys = {"peak_lr", "steps", "batch", "connector.tokens"};
  BOOST_TEST(nearest("peak_rl", keys).value() == "peak_lr");
  BOOST_TEST(nearest("step", keys).value() == "steps");
  BOOST_TEST(nearest("tokens", keys).value() == "connector.tokens");
  BOOST_TEST(!nearest("resolution", keys));
  BOOST_TEST(!nearest("", keys));
  BOOST_TEST(suggestion("bacth", keys) == "; did you mean 'batch'?");
  BOOST_TEST(suggestion("zzz", keys) == "; expected one of: peak_lr, steps, batch, connector.tokens");
}

BOOST_AUTO_TEST_CASE(numbers_are_short_and_carry_their_unit) {
  BOOST_TEST(human_count(0) == "0");
  BOOST_TEST(human_count(999) == "999");
  BOOST_TEST(human_count(1234567) == "1.23M");
  BOOST_TEST(human_count(1.234e9) == "1.23G");
  BOOST_TEST(human_amount(1.234e9) == "1.23B");
  BOOST_TEST(human_amount(1.234e12) == "1.23T");
  BOOST_TEST(human_count(999999) == "1.00M");
  BOOST_TEST(human_count(3.04e8) == "304M");
  BOOST_TEST(human_count(6.1e21) == "6.10Z");
  BOOST_TEST(human_bytes(512) == "512 B");
  BOOST_TEST(human_bytes(1536) == "1.50 KiB");
  BOOST_TEST(human_duration(0.4) == "0.4 s");
  BOOST_TEST(human_duration(59.9) == "59 s");
  BOOST_TEST(human_duration(185) == "3m 05s");
  BOOST_TEST(human_duration(7800) == "2h 10m");
  BOOST_TEST(human_duration(4 * 86400 + 6 * 3600) == "4d 06h");
  BOOST_TEST(human_duration(std::numeric_limits<double>::infinity()) == "-");
  BOOST_TEST(with_commas(1234567) == "1,234,567");
  BOOST_TEST(with_commas(-1234) == "-1,234");
  BOOST_TEST(with_commas(-123) == "-123");
  BOOST_TEST(shortest(0.1) == "0.1");
  BOOST_TEST(shortest(3) == "3");
  BOOST_TEST(shortest(1e-5) == "1e-05");
}

BOOST_AUTO_TEST_CASE(durations_are_read) {
  BOOST_TEST(parse_duration("90").value() == 90);
  BOOST_TEST(parse_duration("1.5h").value() == 5400);
  BOOST_TEST(parse_duration("2d").value() == 172800);
  for (const char* wrong : {"", "h", "-3s", "3 h", "3x", "inf", "nan"}) BOOST_TEST(!parse_duration(wrong));
}

BOOST_AUTO_TEST_CASE(amounts_are_read_with_their_units) {
  BOOST_TEST(parse_amount("30e9").value() == 30e9);
  BOOST_TEST(parse_amount("30B").value() == 30e9);
  BOOST_TEST(parse_amount("1.5 M").value() == 1.5e6);
  BOOST_TEST(parse_amount("64k").value() == 64e3);
  BOOST_TEST(parse_amount("2T").value() == 2e12);
  for (const char* wrong : {"", "B", "0", "-3", "1,000", "1x", "1 ", "1  M", "inf", "nan", "1e400"})
    BOOST_TEST(!parse_amount(wrong));
}

BOOST_AUTO_TEST_CASE(flags_are_read_in_any_case_and_as_numbers) {
  for (const char* yes : {"true", "TRUE", "T", "Yes", "y", "on", "1", "1.0"})
    BOOST_TEST(parse_flag(yes).value());
  for (const char* no : {"false", "False", "f", "NO", "n", "off", "0", "0.0"})
    BOOST_TEST(!parse_flag(no).value());
  for (const char* wrong : {"", "2", "0.5", "-1", "nan", "truth", "1 0"}) BOOST_TEST(!parse_flag(wrong));
}

BOOST_AUTO_TEST_CASE(invalid_utf8_is_found_at_its_byte) {
  BOOST_TEST(
      !find_invalid_utf8("plain, gr\xc3\xb6\xc3\x9f"
                         "er, \xf0\x9f\x98\x80"));
  BOOST_TEST(find_invalid_utf8("ab\xff").value() == 2u);
  BOOST_TEST(find_invalid_utf8("\xc0\xaf").value() == 0u);          // overlong
  BOOST_TEST(find_invalid_utf8("\xed\xa0\x80").value() == 0u);      // surrogate
  BOOST_TEST(find_invalid_utf8("x\xe2\x82").value() == 1u);         // cut off
  BOOST_TEST(find_invalid_utf8("\xf4\x90\x80\x80").value() == 0u);  // above U+10FFFF
}

BOOST_AUTO_TEST_CASE(width_counts_columns) {
  BOOST_TEST(display_width("abc") == 3u);
  BOOST_TEST(display_width("gr\xc3\xb6\xc3\x9f") == 4u);
  BOOST_TEST(display_width("\xe6\xbc\xa2\xe5\xad\x97") == 4u);
  BOOST_TEST(display_width("e\xcc\x81") == 1u);
}

BOOST_AUTO_TEST_CASE(what_nobody_sees_is_trimmed) {
  BOOST_TEST(trim_unseen(" a b\t") == "a b");
  BOOST_TEST(trim_unseen("") == "");
  // No-break space, zero-width space, joiner and no-break, ideographic space, soft hyphen, right-to-left
  // mark.
  const std::string unseen = "\xc2\xa0\xe2\x80\x8b\xe2\x80\x8d\xef\xbb\xbf\xe3\x80\x80\xc2\xad\xe2\x80\x8f\n";
  BOOST_TEST(trim_unseen(unseen) == "");
  BOOST_TEST(trim_unseen(unseen + "-" + unseen) == "-");
  BOOST_TEST(trim_unseen(unseen + "a" + unseen + "b" + unseen) == "a" + unseen + "b");
  BOOST_TEST(trim_unseen(" \xc3\xbc\xff ") == "\xc3\xbc\xff");
}

BOOST_AUTO_TEST_CASE(control_characters_are_shown_as_question_marks) {
  BOOST_TEST(printable("a\x1b[31mb\n") == "a?[31mb?");
  BOOST_TEST(printable("tab\tstays, gr\xc3\xbc\xc3\x9f too") == "tab\tstays, gr\xc3\xbc\xc3\x9f too");
  BOOST_TEST(printable("\xff|\xc2\x9b"
                       "31m") == "?|?31m");
}

BOOST_AUTO_TEST_CASE(of_a_long_value_a_message_shows_the_beginning) {
  const std::string long_text(1000, 'x');
  BOOST_TEST(printable(long_text) == std::string(60, 'x') + "...");
  BOOST_TEST(printable(long_text.substr(0, 60)) == std::string(60, 'x'));
  BOOST_TEST(printable(long_text, kWhole) == long_text);
  BOOST_TEST(one_line(long_text) == long_text);
  BOOST_TEST(printable("abcdef", 3) == "abc...");
  // No letter is cut in two, and none that is broken takes the ones before it along.
  BOOST_TEST(printable("ab\xc3\xbc"
                       "cd",
                       3) == "ab...");
  BOOST_TEST(printable("ab\xc3\xbc"
                       "cd",
                       4) == "ab\xc3\xbc...");
  BOOST_TEST(printable("ab\x1b\xff\xff\xff", 4) == "ab??...");
}

BOOST_AUTO_TEST_CASE(a_message_keeps_its_lines_and_of_a_long_one_beginning_and_end) {
  using namespace std::string_literals;
  BOOST_TEST(printable_lines("a\x1b[31m\n\tb\r\0c"s) == "a?[31m\n\tb??c");
  BOOST_TEST(printable_lines("") == "");
  const std::string whole(1000, 'x');
  BOOST_TEST(printable_lines(whole) == whole);
  const std::string cut = "key '" + std::string(595, 'x') + "..." + std::string(390, 'x') + "'; unknown";
  BOOST_TEST(printable_lines("a\nkey '" + std::string(100'000, 'x') + "'; unknown\nb") ==
             "a\n" + cut + "\nb");
  // No letter is cut in two.
  std::string letters;
  for (int i = 0; i < 1000; ++i) letters += "\xc3\xbc";
  BOOST_TEST(printable_lines("x" + letters).find('?') == std::string::npos);
  BOOST_TEST(printable_lines(letters + "x").find('?') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_error_is_printable_to_its_end) {
  using namespace std::string_literals;
  BOOST_TEST(Error("'a\0b\x1b': unknown\nexpected c"s).what() == "'a?b?': unknown\nexpected c"s);
}

BOOST_AUTO_TEST_CASE(split_and_join_are_inverse) {
  BOOST_TEST(split("a,,b", ',') == (std::vector<std::string>{"a", "", "b"}),
             boost::test_tools::per_element());
  BOOST_TEST(join(split("x:y:z", ':'), ":") == "x:y:z");
}

BOOST_AUTO_TEST_SUITE_END()
