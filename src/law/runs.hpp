// Finished runs of a learning-rate search, read from CSV or JSON and checked line by line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "law/table_reader.hpp"

namespace ablate {

/// One training run: what was set and the loss that it ended with.
struct LawRun {
  double params = 0;  ///< N: parameters without embeddings and head. > 0.
  double tokens = 0;  ///< D: tokens trained on. 0: unknown, then unknown in all runs.
  double lr = 0;      ///< Peak learning rate. > 0.
  double batch = 0;   ///< Tokens in one optimiser step. 0: unknown, then unknown in all runs.
  double loss = 0;    ///< Final loss in nats a token. NaN or infinite: the run diverged.
  double weight = 1;  ///< How many runs it stands for: repeats are merged into one.
  /// Of merged repeats: squares of log loss about their mean, and how many of them are independent. What one
  /// run differs from another of the same settings has variance repeat_squares / repeats.
  double repeat_squares = 0, repeats = 0;
  /// Standard deviation of its log loss for the digits with which it was written; 0: it has plenty.
  double rounding = 0;
  double weight_decay = std::numeric_limits<double>::quiet_NaN();  ///< PyTorch's AdamW form. NaN: not given.
  std::string schedule;   ///< Any name of the schedule; empty: not given.
  std::string seed;       ///< Any name of the seed; empty: not given. Runs of one seed err together.
  bool diverged = false;  ///< Counts as a bound from above on the rate, never as a loss.
  std::string where;      ///< For messages: "runs.csv:12", or a job's name.
};

/// How many runs these are, each of the repeats that are merged into one; of `which` among them.
std::size_t count_runs(std::span<const LawRun> runs);
std::size_t count_runs(std::span<const LawRun> runs, std::span<const std::size_t> which);

/// Which column holds what. Empty: the input has no such column, which params, lr and loss may not be.
struct LawColumns {
  std::string params;
  std::string tokens;
  std::string lr;
  std::string batch;    ///< Tokens; sequences where `seq_len` is given.
  std::string seq_len;  ///< Tokens in each of the sequences that `batch` counts. > 0.
  std::string loss;
  std::string weight;        ///< A count of repeats. > 0.
  std::string weight_decay;  ///< PyTorch's AdamW form. >= 0.
  std::string schedule;
  std::string lr_se;     ///< Of a table of optima: standard error of log2 of the rate. > 0.
  std::string batch_se;  ///< Likewise of the batch.
  std::string diverged;  ///< See parse_flag().
  std::string state;     ///< See StateColumn.
  /// More columns that tell states: a run counts where none of them, nor `state`, says that it did not
  /// finish.
  std::vector<std::string> state_flags;
  std::string seed;
  std::string key;   ///< What names a run: two rows with the same one are one run.
  std::string name;  ///< What may name a run, or several.
  std::string step;  ///< How far a run was: it tells rows of one run apart.
};

/// What could be read of a table.
template <typename Row>
struct LawTable {
  std::vector<Row> rows;
  /// How many rows were left out, by what is not known of them: "no loss", "state running".
  std::map<std::string, std::int64_t> left_out;
  /// Of runs: a sentence about those that have name and settings of another one; empty: there are none.
  std::string repeated_names;
};

/// Runs from a table. What is not known is no value: a row whose loss, size, tokens, rate or batch is missing
/// (an empty scan, null, None, NA, #N/A, -, ., ?; NaN for what is no loss), or whose state is not that
/// of a finished run, is left out and counted. A run has diverged when its loss is NaN or infinite, in any
/// spelling that printf, Python, JavaScript or a spreadsheet gives, and nobody stopped it, or `diverged` or
/// a state say so; then its loss may be missing, too. Units ("30B") may stand after sizes,
/// tokens, batches and lengths of sequences.
///
/// A row that is listed twice counts once: all of its columns, or its key and all that is read, are the same.
/// Where some rows have a seed, one without is left out.
///
/// Throws Error with place, column and what was found: a column that is missing (with the nearest name that
/// there is), text where a number belongs, a rate, size, batch or token count that is not finite and
/// positive, two rows of one key that tell different things, rows of one run on its way (RunRows), and when
/// no row is left.
LawTable<LawRun> parse_law_runs(const TextTable& table, const LawColumns& columns);
/// The same from a file of at most 256 MB.
LawTable<LawRun> read_law_runs(const std::filesystem::path& path, const LawColumns& columns);
/// CSV or JSON (parse_table()) from such a file.
TextTable read_table(const std::filesystem::path& path);
/// The number in a cell, of any spelling that parse_law_runs() takes, with a unit or without; nothing for a
/// word, and where there is no value.
std::optional<double> number_in_cell(std::string_view cell);
/// The same without a unit: what a loss or a score may be.
std::optional<double> plain_number_in_cell(std::string_view cell);
/// Whether a cell says that there is no value: it is blank, or null, None, NA, N/A, -, ., ? and the like. NaN
/// does not: it is a number.
bool is_missing_cell(std::string_view cell);
/// Why a cell that plain_number_in_cell() makes nothing of is none: "is not a number: ...".
std::string number_mistake(std::string_view cell);
/// "3 runs left out: no loss", for each reason.
std::vector<std::string> left_out_lines(const std::map<std::string, std::int64_t>& left_out);

/// One row of a table of optima: the best rate (and batch) of one model size and token count, found by
/// somebody else.
struct LawOptimum {
  double params = 0;  ///< N.
  double tokens = 0;  ///< D; 0: unknown.
  double lr = 0;      ///< The best peak rate.
  double batch = 0;   ///< The best tokens a step, or the one that was used; 0: unknown.
  double lr_se = std::numeric_limits<double>::quiet_NaN();     ///< Standard error in log2; NaN: not given.
  double batch_se = std::numeric_limits<double>::quiet_NaN();  ///< Standard error in log2; NaN: not given.
  std::string where;
};

/// Optima from a table with the same columns (loss and those that a table of runs alone has are not looked
/// at). Throws as parse_law_runs(), and for two rows with the same size and tokens.
LawTable<LawOptimum> parse_law_optima(const TextTable& table, const LawColumns& columns);
LawTable<LawOptimum> read_law_optima(const std::filesystem::path& path, const LawColumns& columns);

}  // namespace ablate
