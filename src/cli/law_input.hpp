// What the `law` commands read: runs from a file or from sweeps in the database, and how they are to be
// fitted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "config/experiment.hpp"
#include "law/law.hpp"
#include "store/database.hpp"
#include "store/law_runs.hpp"

namespace ablate {

/// Runs, or a table of optima, with the words to say where they come from.
struct LawInput {
  std::string name;                ///< "runs.csv", "sweep lr-search".
  std::vector<std::string> notes;  ///< Which column is what; what was left out, and why.
  bool is_optima = false;
  std::vector<LawRun> runs;
  std::vector<LawOptimum> optima;
  std::int64_t seq_len = 0;  ///< data.seq_len of a sweep's jobs, where all have the same; else 0.
  /// Of a sweep's runs, 6 N D each; of those that were stopped early the part that they made.
  double flops = 0;
};

/// The options that say what to read: SOURCE, --sweep, columns. A command that asks about a target has
/// --tokens and --batch for that, too: a number is the target's, any other word a column's name.
std::vector<OptionSpec> law_input_options(bool with_target);
/// An option that must be given: an amount such as 30e9 or 30B.
OptionSpec amount_option(const char* name, const char* what, const char* help);
/// The options that say how to fit.
std::vector<OptionSpec> law_fit_options();

LawInput read_law_input(const Arguments& arguments);
/// Runs of the finished and diverged jobs of sweeps. `value`: the score or metric that counts as loss; empty:
/// heldout-loss/text where runs have it, else their last training loss.
LawInput read_sweeps(Database& database, const std::vector<std::string>& sweeps, Stage stage,
                     const std::string& value);
LawOptions law_options(const Arguments& arguments);
LawFit fit_input(LawInput input, const LawOptions& options);

/// What a job's configuration sets: all of a run but its loss.
LawRun settings_of(const TrainedJob& job, Stage stage);

/// --stage: llm or vlm.
Stage law_stage(const Arguments& arguments);
/// The target of --params (or `size_option`), --tokens and --batch.
LawTarget law_target(const Arguments& arguments, const std::string& size_option);

/// A number above zero, also with k, M, B (or G) or T behind it: "30e9", "30B". Nothing for anything else.
std::optional<double> parse_amount(const std::string& text);
/// Throws Error naming the option.
double amount_of(const Arguments& arguments, const std::string& option);

}  // namespace ablate
