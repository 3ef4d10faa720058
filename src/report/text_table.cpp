#include "report/text_table.hpp"

#include <algorithm>
#include <numeric>

#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::size_t kMinShortened = 8;  ///< Columns of texts are never made narrower than this.
constexpr std::string_view kGap = "  ";

bool has_number(const TableCell& cell) {
  return std::holds_alternative<std::int64_t>(cell.value) || std::holds_alternative<double>(cell.value);
}

std::string shown(const TableCell& cell) {
  std::string text = one_line(cell.text);
  if (!cell.mark.empty()) text += (text.empty() ? "" : " ") + one_line(cell.mark);
  return text;
}

/// What each cell shows, and how wide each column is.
struct Grid {
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::size_t> widths;
  std::vector<bool> numeric;  ///< Columns that hold a number somewhere: never shortened.
};

Grid lay_out(const Table& table, std::string (*escape)(std::string)) {
  Grid grid;
  for (const Column& column : table.columns) {
    grid.names.push_back(escape(one_line(column.name)));
    grid.widths.push_back(display_width(grid.names.back()));
  }
  grid.numeric.resize(table.columns.size());
  for (const auto& row : table.rows) {
    auto& texts = grid.rows.emplace_back();
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      texts.push_back(escape(shown(row[i])));
      grid.widths[i] = std::max(grid.widths[i], display_width(texts.back()));
      if (has_number(row[i])) grid.numeric[i] = true;
    }
  }
  return grid;
}

/// Takes columns away from the widest text column until the table fits, or no column can give any more.
void shrink(Grid& grid, std::size_t width) {
  const std::size_t gaps = kGap.size() * (grid.widths.empty() ? 0 : grid.widths.size() - 1);
  std::size_t total = std::accumulate(grid.widths.begin(), grid.widths.end(), gaps);
  while (total > width) {
    std::size_t widest = grid.widths.size();
    for (std::size_t i = 0; i < grid.widths.size(); ++i)
      if (!grid.numeric[i] && grid.widths[i] > kMinShortened &&
          (widest == grid.widths.size() || grid.widths[i] > grid.widths[widest]))
        widest = i;
    if (widest == grid.widths.size()) return;
    --grid.widths[widest];
    --total;
  }
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string escape_markdown(std::string text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|' || c == '\\' || c == '`' || c == '*' || c == '_' || c == '<') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string clean(text);
  for (char& c : clean)
    if (c == '\t' || c == '\n' || c == '\r') c = ' ';
  return printable(clean);
}

std::string fit(std::string_view text, std::size_t width, Align align) {
  const std::size_t has = display_width(text);
  if (has <= width) {
    const std::string fill(width - has, ' ');
    return align == Align::left ? std::string(text) + fill : fill + std::string(text);
  }
  std::string shortened(text);
  while (!shortened.empty() && display_width(shortened) + 1 > width) {
    while ((static_cast<unsigned char>(shortened.back()) & 0xC0) == 0x80) shortened.pop_back();
    shortened.pop_back();
  }
  const std::size_t fill = width - display_width(shortened) - 1;
  return shortened + "…" + std::string(fill, ' ');
}

std::string render_text(const Table& table, std::size_t width) {
  Grid grid = lay_out(table, [](std::string text) { return text; });
  if (width > 0) shrink(grid, width);
  const auto line = [&](const std::vector<std::string>& texts) {
    std::string text;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (i > 0) text += kGap;
      text += fit(texts[i], grid.widths[i], table.columns[i].align);
    }
    return trimmed(std::move(text)) + "\n";
  };
  std::string text;
  if (!table.title.empty()) text += one_line(table.title) + "\n\n";
  if (!grid.names.empty()) {
    text += line(grid.names);
    std::vector<std::string> rule;
    for (const std::size_t column : grid.widths) rule.emplace_back(column, '-');
    text += line(rule);
  }
  for (const auto& row : grid.rows) text += line(row);
  if (!table.notes.empty()) text += "\n";
  for (const std::string& note : table.notes) text += one_line(note) + "\n";
  return text;
}

std::string render_markdown(const Table& table) {
  const Grid grid = lay_out(table, escape_markdown);
  const auto line = [&](const std::vector<std::string>& texts) {
    std::string text = "|";
    for (std::size_t i = 0; i < texts.size(); ++i)
      text += " " + fit(texts[i], std::max<std::size_t>(3, grid.widths[i]), table.columns[i].align) + " |";
    return text + "\n";
  };
  std::string text;
  if (!table.title.empty()) text += "**" + escape_markdown(one_line(table.title)) + "**\n\n";
  text += line(grid.names) + "|";
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string dashes(std::max<std::size_t>(3, grid.widths[i]) - 1, '-');
    text += table.columns[i].align == Align::left ? " :" + dashes + " |" : " " + dashes + ": |";
  }
  text += "\n";
  for (const auto& row : grid.rows) text += line(row);
  for (const std::string& note : table.notes) text += "\n" + escape_markdown(one_line(note)) + "\n";
  return text;
}

}  // namespace ablate
