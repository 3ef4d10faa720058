#include "report/table.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

#include "report/latex.hpp"
#include "report/row_stream.hpp"
#include "report/text_table.hpp"

BOOST_AUTO_TEST_SUITE(table)

using namespace ablate;

namespace {

Table example() {
  Table table;
  table.title = "Scores of demo";
  table.columns = {{"connector"}, {"accuracy", Align::right}, {"steps", Align::right}};
  table.rows = {{{"c-abstractor"}, TableCell::number(0.8125, "0.812 ± 0.013"), TableCell::integer(12000)},
                {{"mlp"}, {"", Null{}, "failed 1/3"}, TableCell::integer(300)}};
  table.notes = {"Mean and standard deviation over 3 seeds."};
  return table;
}

}  // namespace

BOOST_AUTO_TEST_CASE(text_is_aligned_by_what_the_terminal_shows) {
  BOOST_TEST(render(example(), Format::text) ==
             "Scores of demo\n"
             "\n"
             "connector          accuracy   steps\n"
             "------------  -------------  ------\n"
             "c-abstractor  0.812 ± 0.013  12,000\n"
             "mlp              failed 1/3     300\n"
             "\n"
             "Mean and standard deviation over 3 seeds.\n");
}

BOOST_AUTO_TEST_CASE(markdown_is_aligned_and_escaped) {
  Table table = example();
  table.rows[1][0].text = "a|b";
  BOOST_TEST(render(table, Format::markdown) ==
             "**Scores of demo**\n"
             "\n"
             "| connector    |      accuracy |  steps |\n"
             "| :----------- | ------------: | -----: |\n"
             "| c-abstractor | 0.812 ± 0.013 | 12,000 |\n"
             "| a\\|b         |    failed 1/3 |    300 |\n"
             "\n"
             "Mean and standard deviation over 3 seeds.\n");
}

BOOST_AUTO_TEST_CASE(csv_has_full_precision_and_quotes) {
  Table table = example();
  table.rows[1][0].text = "say \"a, b\"";
  BOOST_TEST(render(table, Format::csv) ==
             "connector,accuracy,steps\n"
             "c-abstractor,0.8125,12000\n"
             "\"say \"\"a, b\"\"\",,300\n");
}

BOOST_AUTO_TEST_CASE(json_has_numbers_as_numbers_and_null_for_what_is_none) {
  Table table = example();
  table.rows.push_back({{"odd\n\x1b[31m\xff"},
                        TableCell::number(std::numeric_limits<double>::infinity(), "inf"),
                        TableCell::integer(9007199254740993)});
  BOOST_TEST(render(table, Format::json) ==
             "[\n"
             "  {\"connector\": \"c-abstractor\", \"accuracy\": 0.8125, \"steps\": 12000},\n"
             "  {\"connector\": \"mlp\", \"accuracy\": null, \"steps\": 300},\n"
             "  {\"connector\": \"odd\\n\\u001b[31m\xEF\xBF\xBD\", \"accuracy\": null, \"steps\": "
             "9007199254740993}\n"
             "]\n");
}

BOOST_AUTO_TEST_CASE(an_empty_table_is_an_empty_array_in_json_and_a_header_elsewhere) {
  Table table;
  table.columns = {{"a"}, {"b"}};
  BOOST_TEST(render(table, Format::json) == "[]\n");
  BOOST_TEST(render(table, Format::csv) == "a,b\n");
  BOOST_TEST(render(table, Format::text) == "a  b\n-  -\n");
}

BOOST_AUTO_TEST_CASE(latex_is_a_booktabs_tabular_with_numbers_in_mathematics) {
  Table table = example();
  table.rows[0][0].text = "100 % of c_abstractor & co";
  BOOST_TEST(render(table, Format::latex) ==
             "% Scores of demo\n"
             "\\begin{tabular}{lrr}\n"
             "  \\toprule\n"
             "  connector & accuracy & steps \\\\\n"
             "  \\midrule\n"
             "  100 \\% of c\\_abstractor \\& co & $0.812 \\pm 0.013$ & $12{,}000$ \\\\\n"
             "  mlp & failed 1/3 & $300$ \\\\\n"
             "  \\bottomrule\n"
             "\\end{tabular}\n"
             "% Mean and standard deviation over 3 seeds.\n");
}

BOOST_AUTO_TEST_CASE(latex_escapes_whatever_a_name_holds) {
  BOOST_TEST(escape_latex("\\input{/etc/passwd} $x^2$ ~#") ==
             "\\textbackslash{}input\\{/etc/passwd\\} \\$x\\textasciicircum{}2\\$ \\textasciitilde{}\\#");
  BOOST_TEST(escape_latex("[45, 45, 10]") == "{}[45, 45, 10]");
  BOOST_TEST(latex_number("1e-05 ± 2e+12") == "$1 \\times 10^{-5} \\pm 2 \\times 10^{12}$");
  BOOST_TEST(latex_number("nan") == "$\\mathrm{nan}$");
}

BOOST_AUTO_TEST_CASE(the_widest_texts_are_shortened_to_fit_and_numbers_are_not) {
  Table table;
  table.columns = {{"name"}, {"count", Align::right}};
  table.rows = {{{"a name of twenty-six letters"}, TableCell::integer(1234567)}};
  BOOST_TEST(render(table, Format::text, 24) ==
             "name               count\n"
             "-------------  ---------\n"
             "a name of tw…  1,234,567\n");
  BOOST_TEST(fit("日本語の名前", 8, Align::left) == "日本語… ");
}

BOOST_AUTO_TEST_CASE(hostile_names_cannot_reach_the_terminal) {
  Table table;
  table.columns = {{"na\x1bme"}};
  table.rows = {{{"line\nbreak\x1b]0;title\x07"}},
                {{"c1 \xC2\x9B"
                  "31m, broken \xC3("}}};
  BOOST_TEST(render(table, Format::text) ==
             "na?me\n"
             "--------------------\n"
             "line break?]0;title?\n"
             "c1 ?31m, broken ?(\n");
}

BOOST_AUTO_TEST_CASE(rows_of_csv_are_written_as_they_come) {
  std::size_t written = 0;
  RowStream stream(Format::csv, {{"n"}}, [&](std::string_view text) { written += text.size(); });
  for (int i = 0; i < 100000; ++i) stream.add({TableCell::integer(i)});
  BOOST_TEST(written > 500000u);
  stream.finish();
  BOOST_TEST(stream.rows() == 100000);
}

BOOST_AUTO_TEST_SUITE_END()
