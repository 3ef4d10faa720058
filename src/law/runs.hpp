// Finished runs of a learning-rate search, read from CSV or JSONL and checked line by line.
#pragma once

#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

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
  double weight_decay = std::numeric_limits<double>::quiet_NaN();  ///< PyTorch's AdamW form. NaN: not given.
  std::string schedule;   ///< Any name of the schedule; empty: not given.
  bool diverged = false;  ///< Counts as a bound from above on the rate, never as a loss.
  std::string where;      ///< For messages: "runs.csv:12", or a job's name.
};

/// Which column holds what. Empty: the input has no such column, which params, lr and loss may not be.
struct LawColumns {
  std::string params = "N";
  std::string tokens = "D";
  std::string lr = "lr";
  std::string batch = "batch";
  std::string loss = "loss";
  std::string weight;        ///< A count of repeats. > 0.
  std::string weight_decay;  ///< PyTorch's AdamW form. >= 0.
  std::string schedule;
  std::string lr_se;     ///< Of a table of optima: standard error of log2 of the rate. > 0.
  std::string batch_se;  ///< Likewise of the batch.
  std::string diverged;  ///< 0, 1, true or false.
};

/// Runs from text. A name that ends in .jsonl, .ndjson or .json means one JSON object a line; all others are
/// CSV with a header line (RFC 4180). `name` stands before the line number in messages.
///
/// Throws Error with line, column and what was found: a column that is missing (with the nearest name that
/// there is), text where a number belongs, a rate, size, batch or token count that is not finite and
/// positive, a row that is too short or too long, no rows at all. A loss may be empty, NaN or infinite, in
/// any spelling that printf, Python or JSON's null gives: that run counts as diverged.
std::vector<LawRun> parse_law_runs(std::string_view text, std::string_view name, const LawColumns& columns);
/// The same from a file of at most 256 MB.
std::vector<LawRun> read_law_runs(const std::filesystem::path& path, const LawColumns& columns);

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

/// Reads a table of optima with the same columns (loss and those that a table of runs alone has are not
/// looked at). Throws as parse_law_runs(), and for two rows with the same size and tokens.
std::vector<LawOptimum> parse_law_optima(std::string_view text, std::string_view name,
                                         const LawColumns& columns);
std::vector<LawOptimum> read_law_optima(const std::filesystem::path& path, const LawColumns& columns);

}  // namespace ablate
