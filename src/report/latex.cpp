#include "report/latex.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <utility>

namespace ablate {

namespace {

constexpr std::string_view kPlusMinus = "±";
/// What LaTeX has its own names for.
constexpr std::pair<std::string_view, const char*> kSymbols[] = {
    {kPlusMinus, "$\\pm$"}, {"…", "\\ldots{}"}, {"✓", "\\checkmark{}"}, {"·", "$\\cdot$"}};

std::string latex_cell(const TableCell& cell) {
  const bool is_number =
      std::holds_alternative<std::int64_t>(cell.value) || std::holds_alternative<double>(cell.value);
  const bool is_math = is_number && !cell.text.empty();
  std::string text = is_math ? latex_number(one_line(cell.text)) : escape_latex(cell.text);
  if (cell.strong) text = (is_math ? "{\\boldmath" : "\\textbf{") + text + "}";
  if (!cell.mark.empty()) text += (text.empty() ? "" : " ") + escape_latex(cell.mark);
  return text;
}

std::string latex_line(const std::vector<std::string>& cells) {
  return "  " + fmt::format("{}", fmt::join(cells, " & ")) + " \\\\\n";
}

}  // namespace

std::string escape_latex(std::string_view text) {
  static constexpr std::pair<char, const char*> kEscapes[] = {{'\\', "\\textbackslash{}"},
                                                              {'~', "\\textasciitilde{}"},
                                                              {'^', "\\textasciicircum{}"},
                                                              {'<', "\\textless{}"},
                                                              {'>', "\\textgreater{}"},
                                                              {'|', "\\textbar{}"},
                                                              {'&', "\\&"},
                                                              {'%', "\\%"},
                                                              {'$', "\\$"},
                                                              {'#', "\\#"},
                                                              {'_', "\\_"},
                                                              {'{', "\\{"},
                                                              {'}', "\\}"},
                                                              {'"', "\\symbol{34}"}};
  std::string escaped;
  const std::string clean = one_line(text);
  for (std::string_view rest = clean; !rest.empty();) {
    const auto symbol = std::find_if(std::begin(kSymbols), std::end(kSymbols),
                                     [&](const auto& known) { return rest.starts_with(known.first); });
    if (symbol != std::end(kSymbols)) {
      escaped += symbol->second;
      rest.remove_prefix(symbol->first.size());
      continue;
    }
    const char* replaced = nullptr;
    for (const auto& [c, with] : kEscapes)
      if (rest.front() == c) replaced = with;
    if (replaced) {
      escaped += replaced;
    } else {
      escaped += rest.front();
    }
    rest.remove_prefix(1);
  }
  // A row that opens with one of these would be read as an argument of the \\ that ends the row before it.
  return escaped.starts_with('[') || escaped.starts_with('*') ? "{}" + escaped : escaped;
}

std::string latex_number(std::string_view text) {
  std::string math;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    if (rest.starts_with(kPlusMinus)) {
      math += "\\pm";
      at += kPlusMinus.size();
    } else if (rest.front() == 'e' && rest.size() > 2 && (rest[1] == '-' || rest[1] == '+')) {
      std::size_t end = 2;
      while (end < rest.size() && rest[end] == '0') ++end;  // 1e-05 is 10^{-5}.
      std::string exponent = rest[1] == '-' ? "-" : "";
      for (; end < rest.size() && std::isdigit(static_cast<unsigned char>(rest[end])); ++end)
        exponent += rest[end];
      math += " \\times 10^{" + exponent + "}";
      at += end;
    } else if (rest.front() == ',') {
      math += "{,}";
      ++at;
    } else if (std::isalpha(static_cast<unsigned char>(rest.front()))) {
      std::size_t end = 0;  // nan, inf, or a unit: "12.3M".
      while (end < rest.size() && std::isalpha(static_cast<unsigned char>(rest[end]))) ++end;
      math += "\\mathrm{" + std::string(rest.substr(0, end)) + "}";
      at += end;
    } else if (std::string_view("%#&$_{}\\~^").find(rest.front()) != std::string_view::npos) {
      math += "\\mbox{" + escape_latex(rest.substr(0, 1)) + "}";
      ++at;
    } else {
      math += rest.front();
      ++at;
    }
  }
  return "$" + math + "$";
}

std::string render_latex(const Table& table) {
  std::string text;
  if (!table.title.empty()) text += "% " + one_line(table.title) + "\n";
  text += "\\begin{tabular}{";
  std::vector<std::string> names;
  for (const Column& column : table.columns) {
    text += column.align == Align::left ? 'l' : 'r';
    names.push_back(escape_latex(column.name));
  }
  text += "}\n  \\toprule\n" + latex_line(names) + "  \\midrule\n";
  for (const auto& row : table.rows) {
    std::vector<std::string> cells;
    for (const TableCell& cell : row) cells.push_back(latex_cell(cell));
    text += latex_line(cells);
  }
  text += "  \\bottomrule\n\\end{tabular}\n";
  if (text.find("\\checkmark{}") != text.npos) text = "% \\checkmark needs \\usepackage{amssymb}\n" + text;
  for (const std::string& note : table.notes) text += "% " + one_line(note) + "\n";
  return text;
}

}  // namespace ablate
