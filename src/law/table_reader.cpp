#include "law/table_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "util/error.hpp"
#include "util/json.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t") == std::string_view::npos; }

/// Walks over CSV text record by record.
class CsvReader {
 public:
  CsvReader(std::string_view text, std::string_view name) : text_(text), name_(name) { find_separator(); }
  /// The next record with a value in it, or false at the end.
  bool next(TableRow& row) {
    while (at_ < text_.size()) {
      row.line = line_;
      row.cells.clear();
      read_record(row.cells);
      if (!std::all_of(row.cells.begin(), row.cells.end(), is_blank)) return true;
    }
    return false;
  }
  char separator() const { return separator_; }

 private:
  void find_separator() {
    constexpr std::string_view kSeparators = ",;\t";
    if (text_.size() > 4 && text_.starts_with("sep=") &&
        kSeparators.find(text_[4]) != std::string_view::npos) {
      separator_ = text_[4];
      at_ = std::min(text_.find('\n', 5), text_.size() - 1) + 1;
      line_ = 2;
      return;
    }
    std::size_t most = 0;
    for (const char separator : kSeparators) {
      CsvReader header(*this, separator);
      TableRow row;
      if (!header.next(row) || row.cells.size() <= most) continue;
      most = row.cells.size();
      separator_ = separator;
    }
  }
  CsvReader(const CsvReader& other, char separator)
      : text_(other.text_), name_(other.name_), separator_(separator) {}

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
      } else if (c == '"' && is_blank(cells.back())) {
        cells.back().clear();
        quoted = true;
      } else if (c == separator_) {
        cells.emplace_back();
      } else if (c == '\n') {
        ++at_;
        return;
      } else if (c == '\r') {
        check_line_end(first_line);
      } else {
        cells.back() += c;
      }
    }
    if (quoted) throw Error(fmt::format("{}:{}: a quote is opened and never closed", name_, first_line));
  }
  void check_line_end(std::size_t line) const {
    const std::size_t next = text_.find_first_not_of('\r', at_);  // Python on Windows writes CR CR LF.
    if (next != std::string_view::npos && text_[next] != '\n')
      throw Error(fmt::format(
          "{}:{}: the line ends in a carriage return (CR) alone; expected lines that end in LF or CRLF",
          name_, line));
  }

  std::string_view text_, name_;
  char separator_ = ',';
  std::size_t at_ = 0, line_ = 1;
};

/// `text` with Python's NaN and Infinity, where they stand outside of strings, as strings.
std::string with_quoted_numbers(std::string_view text) {
  std::string result;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && quoted) {
      result += text[i];
      if (++i < text.size()) result += text[i];
      continue;
    }
    if (text[i] == '"') quoted = !quoted;
    bool replaced = false;
    for (const std::string_view word : {"NaN", "-Infinity", "Infinity"}) {
      if (quoted || replaced || !text.substr(i).starts_with(word)) continue;
      result += fmt::format("\"{}\"", word);
      i += word.size() - 1;
      replaced = true;
    }
    if (!replaced) result += text[i];
  }
  return result;
}

Json parse_lenient(std::string_view text) {
  return Json::parse(with_quoted_numbers(text), nullptr, /*allow_exceptions=*/false);
}

std::string json_text(const Json& value) {
  if (value.is_null()) return {};
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Collects objects into rows; columns are added as their keys turn up.
class ObjectRows {
 public:
  explicit ObjectRows(TextTable& table) : table_(table) {}
  void add(std::size_t number, const Json& object) {
    TableRow row{number, std::vector<std::string>(table_.columns.size())};
    for (const auto& [key, value] : object.items()) {
      const auto [place, added] = positions_.try_emplace(key, table_.columns.size());
      if (added) {
        table_.columns.push_back(key);
        row.cells.emplace_back();
      }
      row.cells[place->second] = json_text(value);
    }
    table_.rows.push_back(std::move(row));
  }

 private:
  TextTable& table_;
  std::map<std::string, std::size_t> positions_;
};

/// The text after a byte order mark. Throws for what is no UTF-8 at all: a spreadsheet's "Unicode text".
std::string_view readable(std::string_view text, std::string_view name) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF") ||
      text.find('\0') != std::string_view::npos)
    throw Error(fmt::format(
        "{}: is text in UTF-16, or no text; expected UTF-8, which spreadsheets save as \"CSV UTF-8\"", name));
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

void parse_records(const Json& array, TextTable& table) {
  ObjectRows rows(table);
  table.records = true;
  std::size_t number = 0;
  for (const Json& object : array) {
    ++number;
    if (!object.is_object()) throw Error(fmt::format("{}: record {}: not a JSON object", table.name, number));
    rows.add(number, object);
  }
}

/// Throws Error for one object of nothing but objects or lists, such as {"loss": {"0": 3.1, "1": 3.0}}, which
/// would be one row with a column in each of its cells.
void refuse_columns(const Json& object, const std::string& name) {
  const auto is_nested = [](const Json& value) { return value.is_structured(); };
  if (!object.is_object() || object.empty() || !std::all_of(object.begin(), object.end(), is_nested)) return;
  throw Error(
      fmt::format("{}: a table by columns, one of which is '{}'; expected records, one JSON object for "
                  "each row (pandas: to_json(orient=\"records\"))",
                  name, printable(object.begin().key())));
}

void parse_lines(std::string_view text, TextTable& table) {
  ObjectRows rows(table);
  std::size_t number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Json object = parse_lenient(line);
    if (!object.is_object())
      throw Error(fmt::format("{}:{}: not a JSON object on one line, nor is the file one array of objects",
                              table.name, number));
    rows.add(number, object);
  }
}

}  // namespace

std::size_t TextTable::column(std::string_view wanted) const {
  const auto found = std::find(columns.begin(), columns.end(), wanted);
  if (found == columns.end())
    throw Error(printable(
        fmt::format("{}: no column '{}'{}", name, printable(wanted), suggestion(wanted, columns)), kWhole));
  if (std::find(found + 1, columns.end(), wanted) != columns.end())
    throw Error(fmt::format("{}: two columns are called '{}'", name, printable(wanted)));
  return static_cast<std::size_t>(found - columns.begin());
}

std::string TextTable::where(const TableRow& row) const {
  return records ? fmt::format("{}: record {}", name, row.line) : fmt::format("{}:{}", name, row.line);
}

TextTable parse_csv(std::string_view text, std::string_view name) {
  TextTable table{std::string(name), {}, {}};
  CsvReader reader(readable(text, name), name);
  TableRow row;
  if (!reader.next(row))
    throw Error(fmt::format("{}: empty; expected a header line with the names of the columns", name));
  for (const std::string& cell : row.cells) {
    const std::size_t first = cell.find_first_not_of(" \t"), last = cell.find_last_not_of(" \t");
    table.columns.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
  }
  const std::size_t fields = table.columns.size();
  while (reader.next(row)) {
    while (row.cells.size() > fields && is_blank(row.cells.back())) row.cells.pop_back();
    if (row.cells.size() != fields)
      throw Error(fmt::format("{}:{}: {} fields where the header has {}{}", name, row.line, row.cells.size(),
                              fields,
                              row.cells.size() > fields && reader.separator() == ','
                                  ? "; a number with a comma in it is two fields"
                                  : ""));
    table.rows.push_back(row);
  }
  if (table.rows.empty()) throw Error(fmt::format("{}: no rows below the header", name));
  return table;
}

TextTable parse_json_table(std::string_view text, std::string_view name) {
  TextTable table{std::string(name), {}, {}};
  text = readable(text, name);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool is_whole = first != std::string_view::npos && (text[first] == '[' || text[first] == '{');
  const Json whole = is_whole ? parse_lenient(text) : Json();
  if (whole.is_array()) {
    parse_records(whole, table);
  } else {
    refuse_columns(whole, table.name);
    parse_lines(text, table);
  }
  if (table.rows.empty())
    throw Error(fmt::format("{}: empty; expected one JSON object a line, or an array of objects", name));
  for (TableRow& row : table.rows) row.cells.resize(table.columns.size());
  return table;
}

TextTable parse_table(std::string_view text, std::string_view name) {
  const bool json = name.ends_with(".jsonl") || name.ends_with(".ndjson") || name.ends_with(".json");
  return json ? parse_json_table(text, name) : parse_csv(text, name);
}

}  // namespace ablate
