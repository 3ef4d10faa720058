#include "law/runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>

#include "law/run_names.hpp"
#include "law/run_state.hpp"
#include "util/error.hpp"
#include "util/file.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::size_t kMaxBytes = std::size_t{256} << 20;
constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

/// A row of which something is not known.
struct Unknown {
  std::string what;
};

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view{}
                                         : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// What a spreadsheet and Microsoft's printf have for what is no number: "#NUM!", "-1.#IND00".
std::optional<double> special_number(std::string_view text) {
  const std::string word = lower_case(text);
  if (word == "#num!") return kNoNumber;
  const std::string_view size = std::string_view(word).substr(word.starts_with('-'));
  if (size.starts_with("1.#inf")) return std::numeric_limits<double>::infinity() * (word[0] == '-' ? -1 : 1);
  for (const std::string_view start : {"1.#qnan", "1.#snan", "1.#ind", "1.#nan"})
    if (size.starts_with(start)) return kNoNumber;
  return std::nullopt;
}

/// Beyond what a double holds it is infinite or zero.
std::optional<double> number_in(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return special_number(text);
  return error == std::errc{} ? value : std::strtod(std::string(text).c_str(), nullptr);
}

/// The words for "there is nothing" of spreadsheets, pandas, R, SAS and JSON. NaN is not among them: it is a
/// number.
bool is_missing(std::string_view word) {
  constexpr std::string_view kWords[] = {"",     "-",    "--",   "na",  "n/a", "#n/a",
                                         "<na>", "none", "null", "nil", ".",   "?"};
  return std::find(std::begin(kWords), std::end(kWords), lower_case(word)) != std::end(kWords);
}

/// Whether numbers may have a unit after them: "30B".
enum class Units { none, amounts };

/// One column of a table, or none when its name is empty.
class RunColumn {
 public:
  /// `meaning`: what a row that has no value is said to lack.
  RunColumn(const TextTable& table, const std::string& column, std::string meaning = {},
            Units units = Units::none)
      : table_(table), column_(column), meaning_(std::move(meaning)), units_(units) {
    if (!column.empty()) position_ = table.column(column);
  }
  bool given() const { return position_.has_value(); }
  std::string_view text(const TableRow& row) const { return trimmed(row.cells[*position_]); }

  /// A finite number > 0; `otherwise` when there is no such column. Throws Unknown for a scan without a
  /// value.
  double positive(const TableRow& row, double otherwise) const {
    if (!given()) return otherwise;
    const std::optional<double> value = known(row);
    if (!value) throw Unknown{"no " + meaning_};
    if (!(*value > 0) || std::isinf(*value)) fail(row, "is not a positive number");
    return *value;
  }
  /// The same where a scan without a value is no loss: `otherwise`, too.
  double optional_positive(const TableRow& row, double otherwise) const {
    return given() && known(row) ? positive(row, otherwise) : otherwise;
  }
  double optional_not_negative(const TableRow& row, double otherwise) const {
    const std::optional<double> value = given() ? known(row) : std::nullopt;
    if (value && (!(*value >= 0) || std::isinf(*value))) fail(row, "is not zero or a positive number");
    return value.value_or(otherwise);
  }
  /// NaN for all spellings of not a number and infinity; nothing for a scan without a value.
  std::optional<double> loss(const TableRow& row) const {
    if (is_missing(text(row))) return std::nullopt;
    if (lower_case(text(row)) == "diverged") return kNoNumber;
    const double value = number(row);
    return std::isfinite(value) ? value : kNoNumber;
  }
  bool flag(const TableRow& row) const {
    if (!given() || is_missing(text(row)) || lower_case(text(row)) == "nan") return false;
    const std::optional<bool> value = parse_flag(text(row));
    if (!value) fail(row, "is neither true nor false, 1 nor 0");
    return *value;
  }

 private:
  /// Nothing where there is no value: a setting that is not a number is one that somebody did not know.
  std::optional<double> known(const TableRow& row) const {
    if (is_missing(text(row))) return std::nullopt;
    const double value = number(row);
    return std::isnan(value) ? std::nullopt : std::optional(value);
  }
  double number(const TableRow& row) const {
    const std::optional<double> value =
        units_ == Units::amounts ? number_in_cell(text(row)) : number_in(text(row));
    if (!value) fail(row, number_mistake(text(row)));
    return *value;
  }
  [[noreturn]] void fail(const TableRow& row, std::string_view what) const {
    throw Error(fmt::format("{}: {}: '{}' {}", table_.where(row), column_, printable(text(row)), what));
  }

  const TextTable& table_;
  std::string column_, meaning_;
  Units units_ = Units::none;
  std::optional<std::size_t> position_;
};

/// All columns that tell the states of runs.
class RunStates {
 public:
  RunStates(const TextTable& table, const LawColumns& columns) {
    if (!columns.state.empty()) columns_.emplace_back(table, columns.state);
    for (const std::string& flag : columns.state_flags) columns_.emplace_back(table, flag);
  }
  /// Whether a run whose loss is `no_number` or not has diverged. Throws Unknown where its state says that
  /// the loss is not final: without a number it has to be that of a run that finished or failed by itself.
  bool has_diverged(const TableRow& row, bool no_number) const {
    std::string not_final;
    bool stopped = false;
    for (const StateColumn& column : columns_) {
      const StateColumn::Reading reading = column.read(row);
      if (!reading.known) throw Unknown{reading.text};
      if (reading.state == RunState::diverged) return true;
      stopped = stopped || reading.state == RunState::unfinished;
      if (reading.state && reading.state != RunState::finished && not_final.empty()) not_final = reading.text;
    }
    if (no_number && !stopped) return true;
    if (!not_final.empty()) throw Unknown{not_final};
    return false;
  }

 private:
  std::vector<StateColumn> columns_;
};

/// The columns of runs and of optima alike.
class SettingColumns {
 public:
  SettingColumns(const TextTable& table, const LawColumns& columns)
      : table_(table),
        params_(table, columns.params, "size", Units::amounts),
        tokens_(table, columns.tokens, "token count", Units::amounts),
        lr_(table, columns.lr, "rate"),
        batch_(table, columns.batch, "batch", Units::amounts),
        seq_len_(table, columns.batch.empty() ? std::string() : columns.seq_len, "sequence length",
                 Units::amounts) {}

  template <typename Row>
  void read(const TableRow& row, Row& result) const {
    result.where = table_.where(row);
    result.params = params_.positive(row, 0);
    result.tokens = tokens_.positive(row, 0);
    result.lr = lr_.positive(row, 0);
    result.batch = batch_.positive(row, 0) * seq_len_.positive(row, 1);
  }

 private:
  const TextTable& table_;
  RunColumn params_, tokens_, lr_, batch_, seq_len_;
};

void require_columns(const LawColumns& columns, bool with_loss) {
  if (columns.params.empty() || columns.lr.empty() || (with_loss && columns.loss.empty()))
    throw Error("the columns of model size, learning rate and loss must be named");
}

/// The rows that `read` can make something of.
template <typename Row, typename Read>
LawTable<Row> read_rows(const TextTable& table, Read read) {
  LawTable<Row> result;
  for (const TableRow& row : table.rows) {
    try {
      result.rows.push_back(read(row));
    } catch (const Unknown& unknown) {
      ++result.left_out[unknown.what];
    }
  }
  if (result.rows.empty())
    throw Error(
        fmt::format("{}: no row is left: {}", table.name, join(left_out_lines(result.left_out), "; ")));
  return result;
}

}  // namespace

LawTable<LawRun> parse_law_runs(const TextTable& table, const LawColumns& columns) {
  require_columns(columns, true);
  const SettingColumns settings(table, columns);
  const RunColumn loss(table, columns.loss), weight(table, columns.weight, "count of repeats"),
      weight_decay(table, columns.weight_decay), schedule(table, columns.schedule),
      diverged(table, columns.diverged), seed(table, columns.seed), key(table, columns.key),
      name(table, columns.name), step(table, columns.step);
  const auto label = [](const RunColumn& column, const TableRow& row) {
    return column.given() && !is_missing(column.text(row)) ? column.text(row) : std::string_view{};
  };
  const RunStates states(table, columns);
  std::set<std::string> seen;
  RunRows rows(columns);
  const bool has_seeds =
      seed.given() && std::any_of(table.rows.begin(), table.rows.end(),
                                  [&](const TableRow& row) { return !is_missing(seed.text(row)); });
  LawTable<LawRun> runs = read_rows<LawRun>(table, [&](const TableRow& row) {
    LawRun run;
    const std::optional<double> found = loss.loss(row);
    run.loss = found.value_or(kNoNumber);
    run.diverged = diverged.flag(row) || states.has_diverged(row, found && std::isnan(*found));
    if (!run.diverged && !found) throw Unknown{"no loss"};
    settings.read(row, run);
    run.weight = weight.positive(row, 1);
    run.weight_decay = weight_decay.optional_not_negative(row, kNoNumber);
    if (schedule.given()) run.schedule = schedule.text(row);
    if (has_seeds) {
      if (is_missing(seed.text(row))) throw Unknown{"no seed, which others have; --seed none ignores seeds"};
      run.seed = seed.text(row);
    }
    const RowNames names{label(key, row), label(name, row), label(step, row)};
    const bool is_copy = names.key.empty() && !seen.insert(join(row.cells, "\x1f")).second;
    if (is_copy || !rows.add(run, names)) throw Unknown{"listed before"};
    return run;
  });
  runs.repeated_names = rows.finish();
  return runs;
}

LawTable<LawOptimum> parse_law_optima(const TextTable& table, const LawColumns& columns) {
  require_columns(columns, false);
  const SettingColumns settings(table, columns);
  const RunColumn lr_se(table, columns.lr_se), batch_se(table, columns.batch_se);
  LawTable<LawOptimum> optima = read_rows<LawOptimum>(table, [&](const TableRow& row) {
    LawOptimum optimum;
    settings.read(row, optimum);
    optimum.lr_se = lr_se.optional_positive(row, kNoNumber);
    optimum.batch_se = batch_se.optional_positive(row, kNoNumber);
    return optimum;
  });
  std::map<std::pair<double, double>, std::string> places;
  for (const LawOptimum& optimum : optima.rows) {
    const auto [other, added] = places.try_emplace({optimum.params, optimum.tokens}, optimum.where);
    if (!added)
      throw Error(fmt::format("{}: the same size and tokens as {}; a table of optima has one row for each",
                              optimum.where, other->second));
  }
  return optima;
}

std::size_t count_runs(std::span<const LawRun> runs) {
  double count = 0;
  for (const LawRun& run : runs) count += run.weight;
  return static_cast<std::size_t>(std::llround(count));
}

std::size_t count_runs(std::span<const LawRun> runs, std::span<const std::size_t> which) {
  double count = 0;
  for (const std::size_t i : which) count += runs[i].weight;
  return static_cast<std::size_t>(std::llround(count));
}

TextTable read_table(const std::filesystem::path& path) {
  return parse_table(read_file(path, kMaxBytes), path.string());
}

LawTable<LawRun> read_law_runs(const std::filesystem::path& path, const LawColumns& columns) {
  return parse_law_runs(read_table(path), columns);
}

LawTable<LawOptimum> read_law_optima(const std::filesystem::path& path, const LawColumns& columns) {
  return parse_law_optima(read_table(path), columns);
}

std::optional<double> number_in_cell(std::string_view cell) {
  const std::optional<double> amount = parse_amount(trimmed(cell));
  return amount ? amount : number_in(trimmed(cell));
}

std::optional<double> plain_number_in_cell(std::string_view cell) { return number_in(trimmed(cell)); }

bool is_missing_cell(std::string_view cell) { return is_missing(trimmed(cell)); }

std::string number_mistake(std::string_view cell) {
  if (parse_amount(trimmed(cell))) return "is not a number: it has a unit, as only amounts may";
  return cell.find(',') == std::string_view::npos
             ? "is not a number"
             : "is not a number: write a decimal comma as a point, and leave out separators of thousands";
}

std::vector<std::string> left_out_lines(const std::map<std::string, std::int64_t>& left_out) {
  std::vector<std::string> lines;
  for (const auto& [what, count] : left_out)
    lines.push_back(fmt::format("{} run{} left out: {}", with_commas(count), count == 1 ? "" : "s", what));
  return lines;
}

}  // namespace ablate
