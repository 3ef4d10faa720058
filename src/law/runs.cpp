#include "law/runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

#include "law/table_reader.hpp"
#include "util/error.hpp"
#include "util/file.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::size_t kMaxBytes = std::size_t{256} << 20;
constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view{}
                                         : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<double> number_in(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// One column of a table, or none when its name is empty.
class RunColumn {
 public:
  RunColumn(const TextTable& table, const std::string& column) : table_(table), column_(column) {
    if (!column.empty()) position_ = table.column(column);
  }
  bool given() const { return position_.has_value(); }
  std::string_view text(const TableRow& row) const { return row.cells[*position_]; }

  /// A finite number > 0; `otherwise` when there is no such column.
  double positive(const TableRow& row, double otherwise) const {
    if (!given()) return otherwise;
    const double value = number(row);
    if (!(value > 0) || !std::isfinite(value)) fail(row, "is not a positive number");
    return value;
  }
  double not_negative(const TableRow& row, double otherwise) const {
    if (!given()) return otherwise;
    const double value = number(row);
    if (!(value >= 0) || !std::isfinite(value)) fail(row, "is not zero or a positive number");
    return value;
  }
  /// A loss: NaN for all spellings of not a number, infinity and nothing.
  double loss(const TableRow& row) const {
    std::string word(trimmed(text(row)));
    std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
    if (word.empty() || word == "none" || word == "null") return kNoNumber;
    return std::isfinite(number(row)) ? number(row) : kNoNumber;
  }
  bool flag(const TableRow& row) const {
    if (!given()) return false;
    const std::string_view word = trimmed(text(row));
    if (word == "1" || word == "true" || word == "True") return true;
    if (word != "0" && word != "false" && word != "False" && !word.empty()) fail(row, "is neither 0 nor 1");
    return false;
  }
  std::string where(const TableRow& row) const { return fmt::format("{}:{}", table_.name, row.line); }

 private:
  double number(const TableRow& row) const {
    const std::optional<double> value = number_in(text(row));
    if (!value) fail(row, "is not a number");
    return *value;
  }
  [[noreturn]] void fail(const TableRow& row, std::string_view what) const {
    throw Error(fmt::format("{}: {}: '{}' {}", where(row), column_, printable(text(row)), what));
  }

  const TextTable& table_;
  std::string column_;
  std::optional<std::size_t> position_;
};

void require_columns(const LawColumns& columns, bool with_loss) {
  if (columns.params.empty() || columns.lr.empty() || (with_loss && columns.loss.empty()))
    throw Error("the columns of model size, learning rate and loss must be named");
}

TextTable parse_table(std::string_view text, std::string_view name) {
  const bool json = name.ends_with(".jsonl") || name.ends_with(".ndjson") || name.ends_with(".json");
  return json ? parse_jsonl(text, name) : parse_csv(text, name);
}

}  // namespace

std::vector<LawRun> parse_law_runs(std::string_view text, std::string_view name, const LawColumns& columns) {
  require_columns(columns, true);
  const TextTable table = parse_table(text, name);
  const RunColumn params(table, columns.params), tokens(table, columns.tokens), lr(table, columns.lr),
      batch(table, columns.batch), loss(table, columns.loss), weight(table, columns.weight),
      weight_decay(table, columns.weight_decay), schedule(table, columns.schedule),
      diverged(table, columns.diverged);
  std::vector<LawRun> runs;
  for (const TableRow& row : table.rows) {
    LawRun run;
    run.where = params.where(row);
    run.params = params.positive(row, 0);
    run.tokens = tokens.positive(row, 0);
    run.lr = lr.positive(row, 0);
    run.batch = batch.positive(row, 0);
    run.loss = loss.loss(row);
    run.weight = weight.positive(row, 1);
    run.weight_decay = weight_decay.not_negative(row, kNoNumber);
    if (schedule.given()) run.schedule = trimmed(schedule.text(row));
    run.diverged = diverged.flag(row) || std::isnan(run.loss);
    runs.push_back(std::move(run));
  }
  return runs;
}

std::vector<LawRun> read_law_runs(const std::filesystem::path& path, const LawColumns& columns) {
  return parse_law_runs(read_file(path, kMaxBytes), path.string(), columns);
}

std::vector<LawOptimum> parse_law_optima(std::string_view text, std::string_view name,
                                         const LawColumns& columns) {
  require_columns(columns, false);
  const TextTable table = parse_table(text, name);
  const RunColumn params(table, columns.params), tokens(table, columns.tokens), lr(table, columns.lr),
      batch(table, columns.batch), lr_se(table, columns.lr_se), batch_se(table, columns.batch_se);
  std::vector<LawOptimum> optima;
  for (const TableRow& row : table.rows) {
    LawOptimum optimum;
    optimum.where = params.where(row);
    optimum.params = params.positive(row, 0);
    optimum.tokens = tokens.positive(row, 0);
    optimum.lr = lr.positive(row, 0);
    optimum.batch = batch.positive(row, 0);
    optimum.lr_se = lr_se.positive(row, kNoNumber);
    optimum.batch_se = batch_se.positive(row, kNoNumber);
    for (const LawOptimum& other : optima)
      if (other.params == optimum.params && other.tokens == optimum.tokens)
        throw Error(fmt::format("{}: the same size and tokens as {}; a table of optima has one row for each",
                                optimum.where, other.where));
    optima.push_back(std::move(optimum));
  }
  return optima;
}

std::vector<LawOptimum> read_law_optima(const std::filesystem::path& path, const LawColumns& columns) {
  return parse_law_optima(read_file(path, kMaxBytes), path.string(), columns);
}

}  // namespace ablate
