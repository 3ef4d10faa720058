#include "report/table.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

#include "report/html.hpp"
#include "report/latex.hpp"
#include "report/row_stream.hpp"
#include "report/text_table.hpp"
#include "report/wrap.hpp"
#include "util/text.hpp"

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

BOOST_AUTO_TEST_CASE(what_is_strong_is_bold_where_the_format_has_that) {
  Table table{.columns = {{"on"}, {"accuracy", Align::right}}};
  table.rows = {{{"✓"}, TableCell{.text = "0.8 ± 0.1", .value = 0.8, .mark = "(2/3)", .strong = true}},
                {{"·"}, TableCell{.text = "a_b", .strong = true}}};
  BOOST_TEST(render(table, Format::text) ==
             "on          accuracy\n"
             "--  ----------------\n"
             "✓   *0.8 ± 0.1 (2/3)\n"
             "·               *a_b\n");
  BOOST_TEST(render(table, Format::markdown) ==
             "| on  |            accuracy |\n"
             "| :-- | ------------------: |\n"
             "| ✓   | **0.8 ± 0.1** (2/3) |\n"
             "| ·   |            **a\\_b** |\n");
  const std::string latex = render(table, Format::latex);
  BOOST_TEST(latex.starts_with("% \\checkmark needs \\usepackage{amssymb}\n\\begin{tabular}{lr}\n"));
  BOOST_TEST(latex.find("  \\checkmark{} & {\\boldmath$0.8 \\pm 0.1$} (2/3) \\\\\n"
                        "  $\\cdot$ & \\textbf{a\\_b} \\\\\n") != std::string::npos,
             latex);
  BOOST_TEST(render(table, Format::csv) == "on,accuracy\n✓,0.8\n·,a_b\n");
  BOOST_TEST(table_html(table).find("<td>✓</td><td class=right><b>0.8 ± 0.1</b> (2/3)</td>") !=
             std::string::npos);
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

namespace {

/// A row for each change of one axis; numbers are 15 columns wide.
Table wide_example(const std::vector<std::string>& values, const std::string& mark = "") {
  Table table;
  table.columns = {{"change", Align::left, true}};
  table.rows = {{{"(baseline)"}}, {{"connector.kind = c-abstractor"}}};
  for (const std::string& value : values) {
    table.columns.push_back({value, Align::right});
    table.rows[0].push_back(TableCell::number(0.414, "0.4140 ± 0.0061"));
    table.rows[1].push_back({"0.9700 ± 0.0200", 0.97, mark});
  }
  return table;
}

}  // namespace

BOOST_AUTO_TEST_CASE(names_of_columns_are_broken_where_the_page_is_too_narrow) {
  const Table table = wide_example({"caption/0-shot", "heldout-loss/captions", "retrieval/image-to-text-r1"});
  for (const std::size_t width : {0, 80})
    BOOST_TEST(render(table, Format::text, width) ==
               "                                                                      retrieval/\n"
               "                                                  heldout-loss/   image-to-text-\n"
               "change                          caption/0-shot         captions               r1\n"
               "-----------------------------  ---------------  ---------------  ---------------\n"
               "(baseline)                     0.4140 ± 0.0061  0.4140 ± 0.0061  0.4140 ± 0.0061\n"
               "connector.kind = c-abstractor  0.9700 ± 0.0200  0.9700 ± 0.0200  0.9700 ± 0.0200\n");
  // Where there is room, nothing is broken.
  BOOST_TEST(render(table, Format::text, 98)
                 .starts_with("change                          caption/0-shot  heldout-loss/captions  "
                              "retrieval/image-to-text-r1\n"));
  BOOST_TEST(render(table, Format::markdown)
                 .starts_with("| change                        |  caption/0-shot | heldout-loss/captions | "
                              "retrieval/image-to-text-r1 |\n"));
}

BOOST_AUTO_TEST_CASE(what_tells_rows_apart_goes_on_in_a_second_line_and_so_do_marks) {
  const Table table = wide_example({"a", "b", "c"}, "(2/3, 1 failed)");
  BOOST_TEST(render(table, Format::text, 70) ==
             "change                           a                 b                 c\n"
             "----------------  ----------------  ----------------  ----------------\n"
             "(baseline)         0.4140 ± 0.0061   0.4140 ± 0.0061   0.4140 ± 0.0061\n"
             "connector.kind     0.9700 ± 0.0200   0.9700 ± 0.0200   0.9700 ± 0.0200\n"
             "  = c-abstractor   (2/3, 1 failed)   (2/3, 1 failed)   (2/3, 1 failed)\n");
}

BOOST_AUTO_TEST_CASE(columns_that_do_not_fit_side_by_side_stand_below_one_another) {
  Table table = wide_example({"a", "b", "c", "d", "e"});
  table.notes = {"a note"};
  BOOST_TEST(render(table, Format::text) ==
             "change                                       a                b                c\n"
             "-----------------------------  ---------------  ---------------  ---------------\n"
             "(baseline)                     0.4140 ± 0.0061  0.4140 ± 0.0061  0.4140 ± 0.0061\n"
             "connector.kind = c-abstractor  0.9700 ± 0.0200  0.9700 ± 0.0200  0.9700 ± 0.0200\n"
             "\n"
             "change                                       d                e\n"
             "-----------------------------  ---------------  ---------------\n"
             "(baseline)                     0.4140 ± 0.0061  0.4140 ± 0.0061\n"
             "connector.kind = c-abstractor  0.9700 ± 0.0200  0.9700 ± 0.0200\n"
             "\n"
             "a note\n");
  // Where that does not help, the table is as wide as it has to be.
  table.columns[1].name = std::string(70, 'x');
  BOOST_TEST(display_width(split(render(table, Format::text), '\n').front()) == 29u + 2 + 70 + 4 * 17);
}

BOOST_AUTO_TEST_CASE(notes_are_broken_at_the_width_of_the_page_and_not_in_other_formats) {
  Table table;
  table.columns = {{"a"}};
  table.notes = {"left out: tokens = 4; tokens = 8 (kind = mlp: failed); mix = a (kind = mlp: no such cell)",
                 "  further in, and as long as it takes to have to go on in a second line of the page"};
  BOOST_TEST(render(table, Format::text) ==
             "a\n-\n\n"
             "left out: tokens = 4; tokens = 8 (kind = mlp: failed); mix = a (kind = mlp: no\n"
             "  such cell)\n"
             "  further in, and as long as it takes to have to go on in a second line of the\n"
             "    page\n");
  BOOST_TEST(render(table, Format::text, 120).find(table.notes[0] + "\n" + table.notes[1] + "\n") !=
             std::string::npos);
  BOOST_TEST(render(table, Format::latex).find("% " + table.notes[0] + "\n") != std::string::npos);
  BOOST_TEST(render(table, Format::markdown).find(table.notes[0] + "\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(lines_end_at_spaces_and_names_where_they_have_parts) {
  BOOST_TEST(wrap("one two three", 2, 9) == "one two\n  three");
  BOOST_TEST(wrap("averylongword b", 0, 4) == "averylongword\nb");
  BOOST_TEST(wrap("", 3, 4) == "");
  BOOST_TEST(wrap("with tokens = 4", 0, 10) == "with\ntokens = 4");
  BOOST_TEST(wrap("with tokens = 4", 0, 8) == "with\ntokens\n= 4");
  const auto lines = [](const char* name, std::size_t width) { return join(name_lines(name, width), "|"); };
  BOOST_TEST(lines("heldout-loss/captions", 15) == "heldout-loss/|captions");
  BOOST_TEST(lines("heldout-loss/captions", 9) == "heldout-|loss/|captions");
  BOOST_TEST(lines("caption/0-shot", 13) == "caption/|0-shot");
  BOOST_TEST(lines("connector.kind", 12) == "connector.|kind");
  BOOST_TEST(lines("1e-05 0.001 -0.5 vqa_exact", 4) == "1e-05|0.001|-0.5|vqa_|exact");
  BOOST_TEST(least_name_width("1e-05 0.001 -0.5 vqa_exact") == 5u);
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
