#include "law/table_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "util/error.hpp"
#include "util/json.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

/// Walks over CSV text record by record.
class CsvReader {
 public:
  CsvReader(std::string_view text, std::string_view name) : text_(text), name_(name) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  }
  /// The next record that is no empty line, or false at the end.
  bool next(TableRow& row) {
    while (at_ < text_.size()) {
      row.line = line_;
      row.cells.clear();
      read_record(row.cells);
      if (row.cells.size() > 1 || !row.cells.front().empty()) return true;
    }
    return false;
  }

 private:
  void read_record(std::vector<std::string>& cells) {
    cells.emplace_back();
    bool quoted = false;
    const std::size_t first_line = line_;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') ++line_;
      if (quoted) {
        if (c != '"') {
          cells.back() += c;
        } else if (text_.substr(at_ + 1).starts_with('"')) {
          cells.back() += text_[++at_];
        } else {
          quoted = false;
        }
      } else if (c == '"' && cells.back().empty()) {
        quoted = true;
      } else if (c == ',') {
        cells.emplace_back();
      } else if (c == '\n') {
        ++at_;
        return;
      } else if (c != '\r') {
        cells.back() += c;
      }
    }
    if (quoted) throw Error(fmt::format("{}:{}: a quote is opened and never closed", name_, first_line));
  }

  std::string_view text_, name_;
  std::size_t at_ = 0, line_ = 1;
};

/// `line` with Python's NaN and Infinity, where they stand outside of strings, as null.
std::string with_nulls(std::string_view line) {
  std::string result;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && quoted) {
      result += line[i];
      if (++i < line.size()) result += line[i];
      continue;
    }
    if (line[i] == '"') quoted = !quoted;
    bool replaced = false;
    for (const std::string_view word : {"NaN", "-Infinity", "Infinity"}) {
      if (quoted || replaced || !line.substr(i).starts_with(word)) continue;
      result += "null";
      i += word.size() - 1;
      replaced = true;
    }
    if (!replaced) result += line[i];
  }
  return result;
}

std::string json_text(const Json& value) {
  if (value.is_null()) return {};
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

std::size_t TextTable::column(std::string_view wanted) const {
  const auto found = std::find(columns.begin(), columns.end(), wanted);
  if (found == columns.end())
    throw Error(fmt::format("{}: no column '{}'{}", name, printable(wanted), suggestion(wanted, columns)));
  if (std::find(found + 1, columns.end(), wanted) != columns.end())
    throw Error(fmt::format("{}: two columns are called '{}'", name, printable(wanted)));
  return static_cast<std::size_t>(found - columns.begin());
}

TextTable parse_csv(std::string_view text, std::string_view name) {
  TextTable table{std::string(name), {}, {}};
  CsvReader reader(text, name);
  TableRow row;
  if (!reader.next(row))
    throw Error(fmt::format("{}: empty; expected a header line with the names of the columns", name));
  for (const std::string& cell : row.cells) {
    const std::size_t first = cell.find_first_not_of(" \t"), last = cell.find_last_not_of(" \t");
    table.columns.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
  }
  while (reader.next(row)) {
    if (row.cells.size() != table.columns.size())
      throw Error(fmt::format("{}:{}: {} fields where the header has {}", name, row.line, row.cells.size(),
                              table.columns.size()));
    table.rows.push_back(row);
  }
  if (table.rows.empty()) throw Error(fmt::format("{}: no rows below the header", name));
  return table;
}

TextTable parse_jsonl(std::string_view text, std::string_view name) {
  TextTable table{std::string(name), {}, {}};
  std::map<std::string, std::size_t> positions;
  std::size_t number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Json object = Json::parse(with_nulls(line), nullptr, /*allow_exceptions=*/false);
    if (!object.is_object()) throw Error(fmt::format("{}:{}: not a JSON object on one line", name, number));
    TableRow row{number, std::vector<std::string>(table.columns.size())};
    for (const auto& [key, value] : object.items()) {
      const auto [place, added] = positions.try_emplace(key, table.columns.size());
      if (added) {
        table.columns.push_back(key);
        row.cells.emplace_back();
      }
      row.cells[place->second] = json_text(value);
    }
    table.rows.push_back(std::move(row));
  }
  if (table.rows.empty()) throw Error(fmt::format("{}: empty; expected one JSON object a line", name));
  for (TableRow& row : table.rows) row.cells.resize(table.columns.size());
  return table;
}

}  // namespace ablate
