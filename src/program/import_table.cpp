#include "program/import_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "config/sweep.hpp"
#include "law/run_state.hpp"
#include "law/runs.hpp"
#include "program/import_spellings.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

/// What a row tells of a run, before levels and seeds have numbers.
struct RowRun {
  std::size_t row = 0;  ///< Position in TextTable::rows.
  bool failed = false;
  std::vector<ImportedScore> scores;
};

/// A whole number of 64 bits, also as pandas writes it where others are missing: "3.0".
std::optional<std::int64_t> seed_number(std::string_view cell) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  const std::string_view word = trim_unseen(cell);
  std::int64_t seed = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), seed);
  if (error == std::errc{} && end == word.data() + word.size()) return seed;
  const auto number = plain_number_in_cell(word);
  if (!number || !(std::abs(*number) <= kExact) || *number != std::floor(*number)) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

class RowReader {
 public:
  RowReader(const TextTable& table, const ImportChoice& choice) : table_(table), choice_(choice) {}

  /// The run of a row; nothing, and why in `left_out`, for one that does not count.
  std::optional<RowRun> read(std::size_t index, std::map<std::string, std::int64_t>& left_out) {
    const TableRow& row = table_.rows[index];
    RowRun run{.row = index};
    if (choice_.state) {
      const std::string word(trim_unseen(row.cells[*choice_.state]));
      const auto state = parse_run_state(word);
      if (!state || *state == RunState::unfinished) {
        ++left_out[is_missing_cell(word) ? "no state"
                   : state               ? "state " + lower_case(word)
                           : fmt::format("state '{}', which is not known here; --state none counts all",
                                         printable(word))];
        return std::nullopt;
      }
      run.failed = *state != RunState::finished;
    }
    if (choice_.diverged) {
      const std::string_view word = trim_unseen(row.cells[*choice_.diverged]);
      const auto flag = parse_flag(word);
      if (!flag && !is_missing_cell(word)) fail(row, *choice_.diverged, "is neither true nor false, 1 nor 0");
      run.failed = run.failed || flag.value_or(false);
    }
    if (choice_.seed && is_missing_cell(row.cells[*choice_.seed])) {
      ++left_out["no seed, which others have; --seed none ignores seeds"];
      return std::nullopt;
    }
    if (!is_new(index)) {
      ++left_out["listed before"];
      return std::nullopt;
    }
    read_scores(row, run);
    return run;
  }

 private:
  [[noreturn]] void fail(const TableRow& row, std::size_t column, const std::string& what) const {
    throw Error(fmt::format("{}: {}: '{}' {}", table_.where(row), one_line(table_.columns[column]),
                            printable(one_line(row.cells[column])), what));
  }

  /// False for a row that tells what another one of its key has told.
  bool is_new(std::size_t index) {
    if (!choice_.key) return true;
    const TableRow& row = table_.rows[index];
    const std::string key(trim_unseen(row.cells[*choice_.key]));
    if (is_missing_cell(key)) return true;
    const auto [other, added] = of_key_.try_emplace(key, index);
    if (added) return true;
    if (table_.rows[other->second].cells == row.cells) return false;
    fail(
        row, *choice_.key,
        fmt::format("is that of {}, too, which tells another thing; expected one row for a run, or --axis {}",
                    table_.where(table_.rows[other->second]), one_line(table_.columns[*choice_.key])));
  }

  /// Nothing where the cell has no value.
  std::optional<double> number(const TableRow& row, std::size_t column) const {
    const std::string& cell = row.cells[column];
    if (is_missing_cell(cell)) return std::nullopt;
    const auto value = plain_number_in_cell(cell);
    if (!value) fail(row, column, number_mistake(cell));
    return value;
  }

  void read_scores(const TableRow& row, RowRun& run) const {
    bool any = false;
    std::vector<ImportedScore> scores;
    for (const ScoreColumn& column : choice_.scores) {
      const auto value = number(row, column.column);
      if (!value) continue;
      any = any || std::isfinite(*value);
      ImportedScore& score = scores.emplace_back(ImportedScore{table_.columns[column.column], *value});
      if (column.n) score.n = count(row, *column.n);
      if (column.standard_error) score.standard_error = not_negative(row, *column.standard_error);
    }
    run.failed = run.failed || !any;
    if (!run.failed) run.scores = std::move(scores);
    if (!choice_.cost) return;
    const double cost = not_negative(row, *choice_.cost);
    if (!std::isnan(cost)) run.scores.push_back({table_.columns[*choice_.cost], cost});
  }
  double not_negative(const TableRow& row, std::size_t column) const {
    const double value = number(row, column).value_or(kNotKnown);
    if (value < 0 || std::isinf(value)) fail(row, column, "is neither zero nor a positive number");
    return value;
  }
  std::int64_t count(const TableRow& row, std::size_t column) const {
    constexpr double kMost = 1e15;
    const auto value = number(row, column);
    if (!value || std::isnan(*value)) return 0;
    if (!(*value >= 1) || *value > kMost || *value != std::floor(*value))
      fail(row, column, "is no count of examples; expected a whole number from 1 on");
    return static_cast<std::int64_t>(*value);
  }

  const TextTable& table_;
  const ImportChoice& choice_;
  std::map<std::string, std::size_t> of_key_;
};

/// Numbers for the seeds of the rows that count: their own, or 1, 2, ... for words.
class Seeds {
 public:
  Seeds(const TextTable& table, std::optional<std::size_t> column, const std::vector<RowRun>& runs)
      : table_(table), column_(column) {
    if (!column) return;
    for (const RowRun& run : runs)
      if (all_numbers_ && !seed_number(cell(run))) {
        all_numbers_ = false;
        first_word_ = trim_unseen(cell(run));
      }
    if (all_numbers_) return;
    for (const RowRun& run : runs)
      if (numbers_.try_emplace(std::string(trim_unseen(cell(run))), names_.size() + 1).second)
        names_.emplace_back(trim_unseen(cell(run)));
  }
  /// Without a column, the next repeat of the cell.
  std::uint64_t next(const RowRun& run, std::size_t cell_index) {
    if (!column_) return ++repeats_[cell_index];
    return all_numbers_ ? static_cast<std::uint64_t>(*seed_number(cell(run)))
                        : numbers_.at(std::string(trim_unseen(cell(run))));
  }
  const std::vector<std::string>& names() const { return names_; }
  /// The first seed that is no whole number of 64 bits, so that all are numbered; empty: none is.
  const std::string& first_word() const { return first_word_; }

 private:
  const std::string& cell(const RowRun& run) const { return table_.rows[run.row].cells[*column_]; }

  const TextTable& table_;
  std::optional<std::size_t> column_;
  bool all_numbers_ = true;
  std::map<std::string, std::uint64_t> numbers_;
  std::vector<std::string> names_;
  std::string first_word_;
  std::map<std::size_t, std::uint64_t> repeats_;
};

/// The levels that some run has, and which each row has of them.
ColumnLevels levels_in_use(ColumnLevels levels, const std::vector<RowRun>& runs) {
  std::vector<bool> used(levels.labels.size());
  for (const RowRun& run : runs)
    if (const int level = levels.of_row[run.row]; level >= 0) used[static_cast<std::size_t>(level)] = true;
  std::vector<int> place(levels.labels.size(), -1);
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) continue;
    place[i] = static_cast<int>(labels.size());
    labels.push_back(levels.labels[i]);
  }
  levels.labels = std::move(labels);
  for (int& level : levels.of_row)
    if (level >= 0) level = place[static_cast<std::size_t>(level)];
  return levels;
}

/// A cell for each combination of levels, in the order of the rows, and the runs in theirs.
/// Levels are those of `written`, the table as the file has it.
void add_runs(const TextTable& table, const TextTable& written, const ImportChoice& choice,
              std::vector<RowRun> rows, ImportReading& reading) {
  ImportedSweep& sweep = reading.sweep;
  std::vector<ColumnLevels> levels;
  for (const std::size_t axis : choice.axes) {
    levels.push_back(levels_in_use(read_levels(written, axis), rows));
    sweep.axes.push_back({axis_name(table, axis), levels.back().labels});
  }
  Seeds seeds(table, choice.seed, rows);
  sweep.roles.seed_names = seeds.names();
  if (!seeds.first_word().empty())
    reading.notes.push_back(fmt::format(
        "seeds are numbered 1 to {} in the order of the rows: '{}' in {} is no whole "
        "number of 64 bits",
        seeds.names().size(), printable(one_line(seeds.first_word())), one_line(sweep.roles.seed)));
  std::map<std::vector<int>, std::size_t> cells;
  std::map<std::pair<std::size_t, std::uint64_t>, std::size_t> places;  // Of a cell and seed: the row.
  for (RowRun& row : rows) {
    std::vector<int> at;
    for (const ColumnLevels& of_axis : levels) at.push_back(of_axis.of_row[row.row]);
    const auto [cell, is_new] = cells.try_emplace(at, sweep.cells.size());
    if (is_new) sweep.cells.push_back(at);
    const std::uint64_t seed = seeds.next(row, cell->second);
    const auto [other, free] = places.try_emplace({cell->second, seed}, row.row);
    const TableRow &here = table.rows[row.row], &there = table.rows[other->second];
    if (!free && here.cells == there.cells) {
      ++reading.left_out["listed before"];
      continue;
    }
    if (!free)
      throw Error(fmt::format(
          "{}: has the levels and the seed of {}, and tells another thing; name the column in which they "
          "differ with --axis, or say --seed none where each row is a run of its own",
          table.where(here), table.where(there)));
    sweep.runs.push_back({cell->second, seed, row.failed, std::move(row.scores)});
  }
}

/// A spreadsheet's name of a column: A, ..., Z, AA, ...
std::string column_letters(std::size_t column) {
  std::string letters;
  for (std::size_t rest = column + 1; rest > 0; rest = (rest - 1) / 26)
    letters.insert(letters.begin(), static_cast<char>('A' + (rest - 1) % 26));
  return letters;
}

void check_columns(const TextTable& table) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string& name = table.columns[i];
    const auto [first, is_new] = places.try_emplace(name, i);
    if (is_new || name.empty()) continue;
    throw Error(fmt::format(
        "{}: the columns {} ({}) and {} ({}) are both called '{}'; expected a name of its own for "
        "each",
        table.name, first->second + 1, column_letters(first->second), i + 1, column_letters(i),
        printable(one_line(name))));
  }
}

/// Throws Error for a column of levels or seeds that looks like merged cells: its first cell has a value, and
/// each value has empty cells below it. What is written as "-" or "n/a" is not empty.
void check_not_merged(const TextTable& table, std::size_t column) {
  const auto is_empty = [&](const TableRow& row) { return trim_unseen(row.cells[column]).empty(); };
  if (table.rows.size() < 4 || is_empty(table.rows.front()) || !is_empty(table.rows.back())) return;
  std::size_t values = 0;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    if (is_empty(table.rows[i])) continue;
    ++values;
    if (!is_empty(table.rows[i + 1])) return;  // There is one: the last is empty.
  }
  if (values < 2) return;
  throw Error(
      fmt::format("{}: {} is empty below each of its values, from {} on, as spreadsheets write merged cells; "
                  "repeat the value in each row it is meant for, or write \"-\" where it does not apply",
                  table.name, one_line(table.columns[column]), table.where(table.rows[1])));
}

void check_name(const std::string& name) {
  constexpr std::size_t kLongest = 200;
  if (name.empty() || name.size() > kLongest || printable(name, kWhole) != name)
    throw Error("--name is empty, too long or holds control characters");
  if (name.find('/') != std::string::npos || name.ends_with(".toml"))
    throw Error(fmt::format(
        "--name is '{}', which reads like a path; expected a name without '/' and '.toml'", printable(name)));
}

/// Names and labels are kept as JSON, and shown.
void check_texts(const TextTable& table, const ImportedSweep& sweep) {
  const auto check = [&](const std::string& text, const char* what) {
    if (find_invalid_utf8(text))
      throw Error(fmt::format("{}: {} '{}' is no UTF-8", table.name, what, printable(text)));
    if (!is_level_label(text))
      throw Error(fmt::format("{}: {} '{}' reads like none at all", table.name, what, printable(text)));
  };
  for (const PlanAxis& axis : sweep.axes) {
    check(axis.name, "the column");
    for (const std::string& level : axis.levels) check(level, "the level");
  }
  for (const std::string& seed : sweep.roles.seed_names) check(seed, "the seed");
  for (const ImportedRun& run : sweep.runs)
    for (const ImportedScore& score : run.scores) check(score.name, "the column");
}

void tell_what_does_not_apply(const ImportedSweep& sweep, std::vector<std::string>& notes) {
  for (std::size_t axis = 0; axis < sweep.axes.size(); ++axis) {
    std::int64_t without = 0;
    for (const ImportedRun& run : sweep.runs) without += sweep.cells[run.cell][axis] < 0;
    if (without > 0)
      notes.push_back(fmt::format("{} without a value of {}, which is taken not to apply to {}",
                                  count_of(without, "run"), one_line(sweep.axes[axis].name),
                                  without == 1 ? "it" : "them"));
  }
}

void tell_what_is_infinite(const TextTable& table, const ImportChoice& choice,
                           const std::vector<RowRun>& runs, std::vector<std::string>& notes) {
  for (const ScoreColumn& score : choice.scores) {
    const auto count = std::count_if(runs.begin(), runs.end(), [&](const RowRun& run) {
      const auto value = plain_number_in_cell(table.rows[run.row].cells[score.column]);
      return value && std::isinf(*value);
    });
    if (count > 0)
      notes.push_back(fmt::format(
          "{} of {} {} infinite and in no mean; a run without any other score has failed",
          count_of(count, "value"), one_line(table.columns[score.column]), count == 1 ? "is" : "are"));
  }
}

}  // namespace

ImportReading read_import(const std::filesystem::path& file, const std::string& name,
                          const ImportRequest& request) {
  check_name(name);
  TextTable written = read_table(file);
  if (written.rows.size() > kMostImportedRows)
    throw Error(fmt::format("{}: {} rows; expected at most {}", written.name,
                            with_commas(static_cast<std::int64_t>(written.rows.size())),
                            with_commas(static_cast<std::int64_t>(kMostImportedRows))));
  check_columns(written);
  const std::string commas = settle_commas(written, request.axes);
  TextTable table = written;
  const std::map<std::size_t, std::string> signs = leave_out_signs(table);
  const ImportChoice choice = choose_import_columns(request, table);
  for (const std::size_t axis : choice.axes) check_not_merged(written, axis);
  if (choice.seed) check_not_merged(written, *choice.seed);
  ImportReading reading{.sweep = {.name = name, .file = file}, .guesses = choice.guesses};
  if (!commas.empty()) reading.guesses.push_back(commas);
  for (const ScoreColumn& score : choice.scores)
    if (const auto sign = signs.find(score.column); sign != signs.end())
      reading.guesses.push_back(sign->second);
  RowReader reader(table, choice);
  std::vector<RowRun> rows;
  for (std::size_t i = 0; i < table.rows.size(); ++i)
    if (auto run = reader.read(i, reading.left_out)) rows.push_back(std::move(*run));
  if (rows.empty())
    throw Error(
        fmt::format("{}: no row is left: {}", table.name, join(left_out_lines(reading.left_out), "; ")));
  ImportRoles& roles = reading.sweep.roles;
  if (choice.seed) roles.seed = table.columns[*choice.seed];
  if (choice.cost) roles.cost = table.columns[*choice.cost];
  for (const ScoreColumn& score : choice.scores) {
    reading.scores.push_back(table.columns[score.column]);
    if (score.lower_is_better) roles.lower_is_better.push_back(reading.scores.back());
  }
  tell_what_is_infinite(table, choice, rows, reading.notes);
  add_runs(table, written, choice, std::move(rows), reading);
  check_texts(table, reading.sweep);
  tell_what_does_not_apply(reading.sweep, reading.notes);
  for (const std::size_t column : choice.not_read) reading.not_read.push_back(table.columns[column]);
  return reading;
}

}  // namespace ablate
