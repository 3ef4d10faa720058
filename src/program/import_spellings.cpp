#include "program/import_spellings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "law/runs.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::string_view kPlusMinus = "±";

std::string with_replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

enum class CommaUse { none, decimal, thousands, either, neither };

/// Of a run of digits, commas and points.
CommaUse use_of_commas(std::string_view token) {
  if (token.find(',') == std::string_view::npos) return CommaUse::none;
  const std::size_t point = token.find('.');
  const std::vector<std::string> groups = split(token.substr(0, point), ',');
  const bool by_three = groups.size() > 1 && !groups[0].empty() && groups[0].size() <= 3 &&
                        groups[0][0] != '0' &&
                        std::all_of(groups.begin() + 1, groups.end(),
                                    [](const std::string& group) { return group.size() == 3; });
  if (groups.size() == 1) {  // A point before the first comma: "1.234,5".
    const std::size_t comma = token.find(',');
    const bool one = token.find(',', comma + 1) == std::string_view::npos;
    return one && comma + 1 < token.size() ? CommaUse::decimal : CommaUse::neither;
  }
  if (point != std::string_view::npos)
    return by_three && token.find_first_of(",.", point + 1) == std::string_view::npos ? CommaUse::thousands
                                                                                      : CommaUse::neither;
  if (groups.size() > 2) return by_three ? CommaUse::thousands : CommaUse::neither;
  if (groups[0].empty() || groups[1].empty()) return CommaUse::neither;
  return by_three ? CommaUse::either : CommaUse::decimal;
}

/// The runs of digits, commas and points of a cell that holds little else; none for words.
std::vector<std::string> number_tokens(const std::string& cell) {
  const std::string text = with_replaced(cell, kPlusMinus, " ");
  if (text.find_first_not_of("0123456789.,+-eE% \t") != std::string::npos) return {};
  std::vector<std::string> tokens;
  for (std::size_t at = text.find_first_of("0123456789.,"); at != std::string::npos;) {
    const std::size_t end = text.find_first_not_of("0123456789.,", at);
    tokens.push_back(text.substr(at, end - at));
    at = end == std::string::npos ? end : text.find_first_of("0123456789.,", end);
  }
  return tokens;
}

/// A cell, by its row and column.
struct CellPlace {
  const TableRow* row = nullptr;
  std::size_t column = 0;
};

class CommaSettler {
 public:
  CommaSettler(TextTable& table, const std::vector<std::string>& as_they_are) : table_(table) {
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      if (std::find(as_they_are.begin(), as_they_are.end(), table.columns[i]) == as_they_are.end())
        look_at_column(i);
  }

  std::string settle() {
    if (columns_.empty()) return {};
    if (decimal_ && (thousands_ || point_))
      fail(*decimal_,
           fmt::format("has a decimal comma, and '{}' in {} a decimal point",
                       shown(thousands_ ? *thousands_ : *point_), place(thousands_ ? *thousands_ : *point_)));
    if (!decimal_ && !thousands_ && !point_)
      fail(*either_,
           "may have a decimal comma or a separator of thousands, and nothing else here says which");
    for (TableRow& row : table_.rows)
      for (const std::size_t column : columns_) {
        std::string& cell = row.cells[column];
        cell =
            decimal_ ? with_replaced(with_replaced(cell, ".", ""), ",", ".") : with_replaced(cell, ",", "");
      }
    std::vector<std::string> names;
    for (const std::size_t column : columns_) names.push_back(one_line(table_.columns[column]));
    return fmt::format("commas in {} are {}", join(names, ", "),
                       decimal_ ? "decimal commas" : "separators of thousands");
  }

 private:
  void look_at_column(std::size_t column) {
    bool any = false;
    std::optional<CellPlace> of[4];  // By CommaUse, whose `none` is a number with a point here.
    for (const TableRow& row : table_.rows) {
      if (is_missing_cell(row.cells[column])) continue;
      const std::vector<std::string> tokens = number_tokens(row.cells[column]);
      if (tokens.empty()) return;
      for (const std::string& token : tokens) {
        const CommaUse use = use_of_commas(token);
        if (use == CommaUse::neither) return;
        any = any || use != CommaUse::none;
        const bool counts = use != CommaUse::none || std::count(token.begin(), token.end(), '.') == 1;
        std::optional<CellPlace>& first = of[static_cast<std::size_t>(use)];
        if (counts && !first) first = CellPlace{&row, column};
      }
    }
    if (any) columns_.push_back(column);
    std::optional<CellPlace>* const seen[] = {&point_, &decimal_, &thousands_, &either_};
    for (std::size_t use = 0; use < std::size(of); ++use)
      if (!*seen[use]) *seen[use] = of[use];
  }
  std::string shown(const CellPlace& at) const { return printable(one_line(at.row->cells[at.column])); }
  std::string place(const CellPlace& at) const {
    return fmt::format("column {} of {}", one_line(table_.columns[at.column]), table_.where(*at.row));
  }
  [[noreturn]] void fail(const CellPlace& at, const std::string& what) const {
    throw Error(fmt::format(
        "{}: {}: '{}' {}; expected decimal points and no separators of thousands, or --axis for a "
        "column of levels that are taken as they are",
        table_.where(*at.row), one_line(table_.columns[at.column]), shown(at), what));
  }

  TextTable& table_;
  std::vector<std::size_t> columns_;                               ///< With commas.
  std::optional<CellPlace> point_, decimal_, thousands_, either_;  ///< The first of each.
};

/// Without what LaTeX has around a number, and one sign for plus or minus.
std::string without_markup(std::string cell) {
  for (const std::string_view sign : {"\\pm", "+/-", "+-"}) cell = with_replaced(cell, sign, kPlusMinus);
  for (const std::string_view markup : {"\\textbf", "\\mathbf", "$", "{", "}", "_", "\\%"})
    cell = with_replaced(cell, markup, markup == "\\%" ? "%" : "");
  return cell;
}

/// The number of "71.2%"; nothing without the sign.
std::optional<std::string> before_percent(std::string_view text) {
  const std::string_view word = trim_unseen(text);
  if (!word.ends_with('%')) return std::nullopt;
  return std::string(trim_unseen(word.substr(0, word.size() - 1)));
}

}  // namespace

std::string settle_commas(TextTable& table, const std::vector<std::string>& as_they_are) {
  return CommaSettler(table, as_they_are).settle();
}

std::map<std::size_t, std::string> leave_out_signs(TextTable& table) {
  std::map<std::size_t, std::string> said;
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    std::vector<std::string> cells;
    std::string first;
    std::size_t values = 0, percents = 0;
    bool errors = false, numbers = true;
    for (const TableRow& row : table.rows) {
      std::string cell = row.cells[column];
      if (!is_missing_cell(cell)) {
        if (first.empty()) first = one_line(cell);
        ++values;
        cell = without_markup(cell);
        const std::size_t error = cell.find(kPlusMinus);
        if (error != std::string::npos) {
          const std::string after = cell.substr(error + kPlusMinus.size());
          numbers = numbers && plain_number_in_cell(before_percent(after).value_or(after)).has_value();
          cell = cell.substr(0, error);
          errors = true;
        }
        if (const auto number = before_percent(cell)) {
          ++percents;
          cell = *number;
        }
        numbers = numbers && plain_number_in_cell(cell).has_value();
      }
      cells.push_back(std::move(cell));
    }
    if (!numbers || (percents > 0 && percents < values) || (percents == 0 && !errors)) continue;
    for (std::size_t i = 0; i < cells.size(); ++i) table.rows[i].cells[column] = std::move(cells[i]);
    const std::string name = one_line(table.columns[column]);
    if (errors)
      said[column] = fmt::format(
          "of {} what stands after ± is not read: it may be a standard deviation, a standard "
          "error or an interval; a standard error belongs into a column {}_se",
          name, name);
    if (percents > 0)
      said[column] += fmt::format("{}{} is in percent: '{}' is its number without the sign",
                                  errors ? "; " : "", name, printable(first));
  }
  return said;
}

}  // namespace ablate
