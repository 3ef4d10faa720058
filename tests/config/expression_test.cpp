#include "config/expression.hpp"

#include <boost/test/unit_test.hpp>
#include <map>

using namespace ablate;

namespace {

const std::map<std::string, Operand> kValues = {
    {"a.b", 3.0}, {"tokens", 144.0}, {"kind", std::string("mlp")}, {"tied", true}};

Operand evaluate(const std::string& text) {
  const Expression expression = Expression::parse(text);
  return expression.evaluate([&](std::size_t i) { return kValues.at(expression.names()[i].text); });
}

double number(const std::string& text) { return std::get<double>(evaluate(text)); }
bool truth(const std::string& text) { return std::get<bool>(evaluate(text)); }

std::string mistake(const std::string& text) {
  try {
    evaluate(text);
  } catch (const ExpressionError& error) {
    return std::to_string(error.position) + ": " + error.what();
  }
  return "none";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(expression)

BOOST_AUTO_TEST_CASE(arithmetic_binds_as_in_mathematics) {
  BOOST_TEST(number("1 + 2 * 3") == 7);
  BOOST_TEST(number("(1 + 2) * 3") == 9);
  BOOST_TEST(number("2 ^ 3 ^ 2") == 512);
  BOOST_TEST(number("-2 ^ 2") == -4);
  BOOST_TEST(number("2 ^ -1") == 0.5);
  BOOST_TEST(number("10 - 4 - 3") == 3);
  BOOST_TEST(number("7 % 4 + 8 / 2 / 2") == 5);
  BOOST_TEST(number("1e-3 * 1000") == 1);
  BOOST_TEST(number("(336 / 14 / 2) ^ 2") == 144);
  BOOST_TEST(number("a.b * 2") == 6);
}

BOOST_AUTO_TEST_CASE(functions_are_known) {
  BOOST_TEST(number("min(3, 1, 2) + max(1, 5)") == 6);
  BOOST_TEST(number("sqrt(tokens)") == 12);
  BOOST_TEST(number("floor(2.7) + ceil(2.2) + round(2.5) + abs(-1)") == 9);
  BOOST_TEST(number("log2(8) + exp(0)") == 4);
}

BOOST_AUTO_TEST_CASE(conditions_compare_and_combine) {
  BOOST_TEST(truth("kind == 'mlp' and tokens > 100"));
  BOOST_TEST(truth("not (kind != \"mlp\") or false"));
  BOOST_TEST(truth("tokens in [64, 144]"));
  BOOST_TEST(!truth("kind in ['average-pool', 'c-abstractor']"));
  BOOST_TEST(truth("tied"));
  BOOST_TEST(truth("1 <= 1 and not (2 < 1)"));
}

BOOST_AUTO_TEST_CASE(numbers_compare_up_to_rounding) {
  BOOST_TEST(truth("0.1 * 3 == 0.3 and not (0.1 * 3 != 0.3)"));
  BOOST_TEST(truth("0.1 * 3 <= 0.3 and 0.3 >= 0.1 * 3"));
  BOOST_TEST(!truth("0.1 * 3 > 0.3 or 0.3 < 0.1 * 3"));
  BOOST_TEST(truth("0.1 * 3 in [0.2, 0.3]"));
  BOOST_TEST(truth("1 != 1.0000000001 and 1e-300 != 2e-300 and 0 != 1e-300"));
}

BOOST_AUTO_TEST_CASE(mistakes_are_shown_at_their_place) {
  BOOST_TEST(mistake("1 +") == "3: the expression ends too early; expected a value");
  BOOST_TEST(mistake("1 2") == "2: unexpected '2'; expected an operator or the end");
  BOOST_TEST(mistake("kind = 'mlp'") == "5: '=' cannot compare; use '=='");
  BOOST_TEST(mistake("(1") == "2: expected ')'");
  BOOST_TEST(mistake("'open") == "0: the text has no closing quote");
  BOOST_TEST(mistake("sqr(4)") == "0: unknown function 'sqr'; did you mean 'sqrt'?");
  BOOST_TEST(mistake("sqrt(4, 5)") == "0: 'sqrt' takes 1 value, not 2");
  BOOST_TEST(mistake("1 / (2 - 2)") == "2: division by zero");
  BOOST_TEST(mistake("sqrt(0 - 1)") == "0: the result is not a finite number");
  BOOST_TEST(mistake("kind + 1") == "0: expected a number, found a text");
  BOOST_TEST(mistake("tokens and true") == "0: expected a condition (true or false), found a number");
  BOOST_TEST(mistake("kind == 3") == "5: a text is compared with a number");
  BOOST_TEST(mistake("") == "0: the expression ends too early; expected a value");
  BOOST_TEST(mistake("12abc") == "2: not a number");
}

BOOST_AUTO_TEST_CASE(hostile_text_is_bounded) {
  BOOST_TEST(mistake(std::string(5000, '1')) == "0: is 5000 characters long; expected at most 4096");
  BOOST_TEST(mistake(std::string(1000, '(')).ends_with("nested more than 64 levels deep"));
  BOOST_TEST(mistake(std::string(1000, '-') + "1").ends_with("nested more than 64 levels deep"));
  std::string nots;
  for (int i = 0; i < 900; ++i) nots += "not ";
  BOOST_TEST(mistake(nots + "true").ends_with("nested more than 64 levels deep"));
  std::string sum = "1";
  for (int i = 0; i < 2000; ++i) sum += "+1";
  BOOST_TEST(number(sum) == 2001);
}

BOOST_AUTO_TEST_CASE(names_are_listed_with_their_places) {
  const Expression expression = Expression::parse("a.b + max(tokens, 1)");
  BOOST_REQUIRE(expression.names().size() == 2u);
  BOOST_TEST(expression.names()[0].text == "a.b");
  BOOST_TEST(expression.names()[1].position == 10u);
}

BOOST_AUTO_TEST_SUITE_END()
