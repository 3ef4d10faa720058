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

/// Runs of sweeps that do not count, by why they have no loss.
struct SweepTally {
  std::size_t unfinished = 0, cancelled = 0, stopped = 0, failed = 0;  ///< As trainings.
  /// Trained, while the evaluation that was to give the loss has not ended, or not well.
  std::size_t not_evaluated = 0, evaluation_failed = 0, evaluation_cancelled = 0;
  std::size_t no_loss = 0;  ///< Without such an evaluation.
};

/// Runs, or a table of optima, with the words to say where they come from.
struct LawInput {
  std::string name;                   ///< "runs.csv", "sweep lr-search".
  std::vector<std::string> notes;     ///< Which column, key or score is what.
  std::vector<std::string> left_out;  ///< What was, and why: "3 runs left out: no loss".
  bool is_optima = false;
  std::vector<LawRun> runs;
  std::vector<LawOptimum> optima;
  /// data.seq_len of a sweep's jobs or a column of a file, where it is read and all have the same; else 0.
  std::int64_t seq_len = 0;
  /// Of a sweep's runs, 6 N D each; of those that were cancelled the part that they made.
  double flops = 0;
  SweepTally tally;
};

/// The options that say what to read: SOURCE, --sweep, --stage, law_column_options().
std::vector<OptionSpec> law_input_options(bool with_target);
/// An option that must be given: an amount such as 30e9 or 30B.
OptionSpec amount_option(const char* name, const char* what, const char* help);
/// The options that say how to fit.
std::vector<OptionSpec> law_fit_options();

LawInput read_law_input(const Arguments& arguments);
/// Runs of the finished and diverged jobs of sweeps; only the job that gives the loss has to have ended.
/// `value`: the score or metric that counts as loss; empty:
/// heldout-loss/text where runs have it, else their last training loss.
LawInput read_sweeps(Database& database, const std::vector<std::string>& sweeps, Stage stage,
                     const std::string& value);
LawOptions law_options(const Arguments& arguments);
/// Moves the runs out of the input.
LawFit fit_input(LawInput& input, const LawOptions& options);
/// Throws Error where no law can be fitted, with what was left out of the input.
void require_law(const LawFit& fit, const LawInput& input);
/// Notes and what was left out.
std::vector<std::string> all_notes(const LawInput& input);

/// What a job's configuration sets: all of a run but its loss.
LawRun settings_of(const TrainedJob& job, Stage stage);

/// --stage: llm or vlm.
Stage law_stage(const Arguments& arguments);
/// The target of --params (or `size_option`), --tokens and --batch, the last as it is written: see
/// settle_batch().
LawTarget law_target(const Arguments& arguments, const std::string& size_option);
/// Makes the target's batch tokens, where --batch-unit says that it is sequences. Throws Error where nobody
/// knows how long those are, and for less than one sequence.
void settle_batch(const Arguments& arguments, const LawInput& input, LawTarget& target);
/// Throws Error for a batch (tokens; 0: unknown) of less than one sequence: most likely sequences are meant.
void check_batch(const std::string& what, double batch, std::int64_t seq_len);

/// An amount (parse_amount()) that an option gives. Throws Error naming the option.
double amount_of(const Arguments& arguments, const std::string& option);

}  // namespace ablate
