#include "report/text_table.hpp"

#include <algorithm>
#include <numeric>

#include "report/wrap.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::size_t kMinShortened = 8;  ///< Columns of texts are never made narrower than this.
constexpr std::size_t kHanging = 2;       ///< Lines of a text or a note after the first stand so far in.
constexpr std::string_view kGap = "  ";

bool has_number(const TableCell& cell) {
  return std::holds_alternative<std::int64_t>(cell.value) || std::holds_alternative<double>(cell.value);
}

/// How a format writes texts.
struct Markup {
  std::string (*escape)(std::string);
  const char *before_strong, *after_strong;
};

std::string escape_markdown(std::string text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|' || c == '\\' || c == '`' || c == '*' || c == '_' || c == '<') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

constexpr Markup kPlainMarkup{[](std::string text) { return text; }, "*", ""},
    kMarkdownMarkup{escape_markdown, "**", "**"};

std::string shown_text(const TableCell& cell, const Markup& markup) {
  const std::string text = markup.escape(one_line(cell.text));
  return cell.strong ? markup.before_strong + text + markup.after_strong : text;
}

std::string shown(const TableCell& cell, const Markup& markup = kPlainMarkup) {
  std::string text = shown_text(cell, markup);
  if (!cell.mark.empty()) text += (text.empty() ? "" : " ") + markup.escape(one_line(cell.mark));
  return text;
}

/// Between what a line may end: words of a column that wraps, else what follows the text as its mark.
std::vector<std::string> pieces_of(const TableCell& cell, const Column& column) {
  if (column.wraps) return words_of(shown(cell));
  if (cell.text.empty() || cell.mark.empty()) return {shown(cell)};
  std::vector<std::string> pieces = words_of(one_line(cell.mark));
  pieces.insert(pieces.begin(), shown_text(cell, kPlainMarkup) + " ");
  return pieces;
}

/// What each cell shows, and how wide each column is.
struct Grid {
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::size_t> widths;
  std::vector<bool> numeric;  ///< Columns that hold a number somewhere: never shortened.
};

Grid lay_out(const Table& table, const Markup& markup) {
  Grid grid;
  for (const Column& column : table.columns) {
    grid.names.push_back(markup.escape(one_line(column.name)));
    grid.widths.push_back(display_width(grid.names.back()));
  }
  grid.numeric.resize(table.columns.size());
  for (const auto& row : table.rows) {
    auto& texts = grid.rows.emplace_back();
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      texts.push_back(shown(row[i], markup));
      grid.widths[i] = std::max(grid.widths[i], display_width(texts.back()));
      if (has_number(row[i])) grid.numeric[i] = true;
    }
  }
  return grid;
}

std::size_t total_width(const std::vector<std::size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(),
                         kGap.size() * (widths.empty() ? 0 : widths.size() - 1));
}

/// Takes from the widest column that is wider than its least width, until the table fits or all are at it.
void narrow(std::vector<std::size_t>& widths, const std::vector<std::size_t>& least, std::size_t width) {
  for (std::size_t total = total_width(widths); total > width; --total) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i)
      if (widths[i] > least[i] && (widest == widths.size() || widths[i] > widths[widest])) widest = i;
    if (widest == widths.size()) return;
    --widths[widest];
  }
}

/// The widest of some pieces; those after the first are taken to follow `indent` spaces.
std::size_t widest_of(const std::vector<std::string>& pieces, std::size_t indent) {
  std::size_t widest = 0;
  for (const std::string& piece : pieces)
    widest = std::max(widest, (&piece == pieces.data() ? 0 : indent) + display_width(piece) -
                                  (piece.ends_with(' ') ? 1 : 0));
  return widest;
}

/// How narrow each column can be without taking text away.
struct LeastWidths {
  std::vector<std::size_t> named;    ///< With its name broken;
  std::vector<std::size_t> wrapped;  ///< and its cells.
};

std::size_t indent_of(const Column& column) { return column.wraps ? kHanging : 0; }

LeastWidths least_widths(const Grid& grid, const Table& table) {
  LeastWidths least;
  for (std::size_t i = 0; i < grid.names.size(); ++i) {
    const std::size_t name = least_name_width(grid.names[i]);
    std::size_t whole = name, wrapped = name;
    for (std::size_t row = 0; row < grid.rows.size(); ++row) {
      whole = std::max(whole, display_width(grid.rows[row][i]));
      wrapped = std::max(
          wrapped, widest_of(pieces_of(table.rows[row][i], table.columns[i]), indent_of(table.columns[i])));
    }
    least.named.push_back(whole);
    least.wrapped.push_back(std::min(whole, wrapped));
  }
  return least;
}

/// Makes the columns narrower so that the table fits: by breaking names, then also cells, then, on a
/// terminal, by shortening texts. A table that would be too wide even so stays as it is where there is no
/// terminal.
void fold(Grid& grid, const LeastWidths& least, std::size_t width) {
  const std::size_t page = width > 0 ? width : kPageWidth;
  std::vector<std::size_t> widths = grid.widths;
  narrow(widths, least.named, page);
  narrow(widths, least.wrapped, page);
  if (width == 0 && total_width(widths) > page) return;
  grid.widths = widths;
  if (width == 0) return;
  for (std::size_t i = 0; i < widths.size(); ++i)
    if (!grid.numeric[i]) widths[i] = std::min(widths[i], kMinShortened);
  narrow(grid.widths, widths, width);
}

/// The columns in as many groups as it takes for each to fit, with the columns that tell rows apart in all of
/// them. Nothing where that does not help.
std::vector<std::vector<std::size_t>> group_columns(const Table& table,
                                                    const std::vector<std::size_t>& widths,
                                                    std::size_t page) {
  std::vector<std::size_t> leading;
  std::size_t lead = 0;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (!table.columns[i].wraps) continue;
    leading.push_back(i);
    lead += widths[i] + kGap.size();
  }
  if (leading.empty()) return {};
  std::vector<std::vector<std::size_t>> groups;
  std::size_t used = page;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (table.columns[i].wraps) continue;
    if (lead + widths[i] > page) return {};
    if (used + kGap.size() + widths[i] > page) {
      groups.push_back(leading);
      used = lead - kGap.size();
    }
    groups.back().push_back(i);
    used += kGap.size() + widths[i];
  }
  return groups;
}

Table with_columns(const Table& table, const std::vector<std::size_t>& columns) {
  Table part;
  for (const std::size_t i : columns) part.columns.push_back(table.columns[i]);
  for (const auto& row : table.rows) {
    auto& cells = part.rows.emplace_back();
    for (const std::size_t i : columns) cells.push_back(row[i]);
  }
  return part;
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

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

namespace {

/// Texts that stand side by side, each in as many lines as it takes; those with fewer lines are filled up
/// above (`at_bottom`) or below.
std::string side_by_side(std::vector<std::vector<std::string>> texts, const Grid& grid,
                         const std::vector<Column>& columns, bool at_bottom) {
  std::size_t height = 0;
  for (const auto& lines : texts) height = std::max(height, lines.size());
  for (auto& lines : texts)
    lines.insert(at_bottom ? lines.begin() : lines.end(), height - lines.size(), std::string());
  std::string block;
  for (std::size_t row = 0; row < height; ++row) {
    std::string line;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (i > 0) line += kGap;
      line += fit(texts[i][row], grid.widths[i], columns[i].align);
    }
    block += trimmed(std::move(line)) + "\n";
  }
  return block;
}

/// Names, a rule and the rows.
std::string rows_text(const Grid& grid, const Table& table) {
  const std::size_t columns = grid.names.size();
  std::string text;
  if (columns > 0) {
    std::vector<std::vector<std::string>> names, rule;
    for (std::size_t i = 0; i < columns; ++i) {
      names.push_back(name_lines(grid.names[i], grid.widths[i]));
      rule.push_back({std::string(grid.widths[i], '-')});
    }
    text += side_by_side(std::move(names), grid, table.columns, true) +
            side_by_side(std::move(rule), grid, table.columns, true);
  }
  for (std::size_t row = 0; row < grid.rows.size(); ++row) {
    std::vector<std::vector<std::string>> cells;
    for (std::size_t i = 0; i < columns; ++i)
      cells.push_back(display_width(grid.rows[row][i]) <= grid.widths[i]
                          ? std::vector{grid.rows[row][i]}
                          : fill_lines(pieces_of(table.rows[row][i], table.columns[i]), grid.widths[i],
                                       indent_of(table.columns[i])));
    text += side_by_side(std::move(cells), grid, table.columns, false);
  }
  return text;
}

/// A note that begins with spaces stays as far in.
std::string note_lines(const std::string& note, std::size_t width) {
  const std::string text = one_line(note);
  const std::size_t indent = std::min(text.find_first_not_of(' '), text.size());
  return std::string(indent, ' ') + wrap(text.substr(indent), indent + kHanging, width) + "\n";
}

}  // namespace

std::string render_text(const Table& table, std::size_t width) {
  const std::size_t page = width > 0 ? width : kPageWidth;
  std::string text;
  if (!table.title.empty()) text += one_line(table.title) + "\n\n";
  Grid grid = lay_out(table, kPlainMarkup);
  if (total_width(grid.widths) <= page) {
    text += rows_text(grid, table);
  } else {
    const LeastWidths least = least_widths(grid, table);
    std::vector<std::vector<std::size_t>> groups;
    if (total_width(least.wrapped) > page) {
      groups = group_columns(table, least.named, page);
      if (groups.empty()) groups = group_columns(table, least.wrapped, page);
    }
    if (groups.size() > 1) {
      for (const auto& group : groups) {
        if (&group != &groups.front()) text += "\n";
        text += render_text(with_columns(table, group), width);
      }
    } else {
      fold(grid, least, width);
      text += rows_text(grid, table);
    }
  }
  if (!table.notes.empty() && !table.columns.empty()) text += "\n";
  for (const std::string& note : table.notes) text += note_lines(note, page);
  return text;
}

std::string render_markdown(const Table& table) {
  const Grid grid = lay_out(table, kMarkdownMarkup);
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
