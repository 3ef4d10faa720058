// What a law is fitted to: runs from a file, or from sweeps in the database.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/experiment.hpp"
#include "law/law.hpp"
#include "plan/plan.hpp"
#include "program/law_columns.hpp"
#include "program/run_settings.hpp"
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
  std::vector<LawFinding> findings;   ///< What is doubtful about how the file was read.
  bool is_optima = false;
  std::vector<LawRun> runs;
  std::vector<LawOptimum> optima;
  /// data.seq_len of a sweep's jobs or a column of a file, where it is read and all have the same; else 0.
  std::int64_t seq_len = 0;
  /// What a sweep's jobs of the stage have computed as far as they got, and their evaluations, by the
  /// planner's formula. Work that was lost with an attempt does not count.
  double flops = 0;
  SweepTally tally;
};

/// A CSV or JSON file with one run, or one best rate, a line.
struct RunFile {
  std::string path;
  ColumnRequest columns;
  std::vector<SettingChoice> where;  ///< Of columns: only rows that have these values count.
  /// Weight decay is what is taken of w each step at the peak rate; else lambda of w -= lr * lambda * w.
  bool independent_decay = false;
};
LawInput read_run_file(const RunFile& file);
/// Runs of the finished and diverged jobs of sweeps; only the job that gives the loss has to have ended.
/// `value`: the score or metric that counts as loss; empty:
/// heldout-loss/text where runs have it, else their last training loss.
/// Runs that differ in more than the law is about are different experiments: throws Error, with the keys and
/// their values, unless `where` leaves one.
LawInput read_sweeps(Database& database, const std::vector<std::string>& sweeps, Stage stage,
                     const std::string& value, std::span<const SettingChoice> where);
/// LawInput::flops of the sweeps when all of a planned round has been computed, too. Throws Error where not
/// all of its runs are of the experiment that read_sweeps() would take.
double flops_with(Database& database, const std::vector<std::string>& sweeps, const Plan& round, Stage stage,
                  const std::string& value, std::span<const SettingChoice> where);
/// Moves the runs out of the input, whose findings are the first of the fit's.
LawFit fit_input(LawInput& input, const LawOptions& options);
/// Throws Error where no law can be fitted, with what was left out of the input.
void require_law(const LawFit& fit, const LawInput& input);
/// Notes and what was left out.
std::vector<std::string> all_notes(const LawInput& input);

/// What a job's configuration sets: all of a run but its loss.
LawRun settings_of(const TrainedJob& job, Stage stage);

/// Makes the target's batch tokens, where `unit` says that it is sequences; `seq_len` goes before what the
/// input tells. Throws Error where nobody knows how long those are, and for less than one sequence.
void settle_batch(std::optional<BatchUnit> unit, std::optional<std::int64_t> seq_len, const LawInput& input,
                  LawTarget& target);
/// Throws Error for a batch (tokens; 0: unknown) of less than one sequence: most likely sequences are meant.
void check_batch(const std::string& what, double batch, std::int64_t seq_len);

}  // namespace ablate
