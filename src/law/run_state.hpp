// The states in which trackers and schedulers leave a run, by the words that they write into tables.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "law/table_reader.hpp"

namespace ablate {

enum class RunState {
  finished,    ///< Its loss is final.
  failed,      ///< For good: its last loss is not final, yet one that is NaN may be why it failed.
  unfinished,  ///< Not yet, or ended from outside: whatever its last loss is, NaN as well, it is not final.
  diverged,
};

/// The state that a word of W&B, MLflow, Optuna, Slurm or Ablate stands for: "finished", "COMPLETED",
/// "crashed", "TrialState.PRUNED". Case does not matter, nor does '-', '_' or a space. Nothing for any other
/// word.
std::optional<RunState> parse_run_state(std::string_view word);

/// A column's name as it is compared: "Learning Rate", "learning-rate", "learningRate" -> "learning_rate".
std::string plain_name(std::string_view name);
/// The state that "true" stands for in a column of this name: "crashed", "is_finished", "Stopped Early".
/// Nothing for a name that is no state's.
std::optional<RunState> state_in_name(std::string_view column);
/// Whether a column of this name has what a process ended with: "exit_code", "ReturnCode".
bool is_exit_code_name(std::string_view column);

/// One column that tells the states of runs: in words, as a flag by its name (state_in_name()) where all its
/// cells are flags (parse_flag()) or missing, or as an exit code, "1" or Slurm's "1:0".
class StateColumn {
 public:
  StateColumn(const TextTable& table, const std::string& column);
  /// Whether its name is that of a flag or an exit code, and so are its cells.
  bool is_flag() const { return form_ == Form::flag; }
  bool is_exit_code() const { return form_ == Form::exit_code; }

  struct Reading {
    std::optional<RunState> state;  ///< Nothing: no reason to leave the run out.
    /// What it says, "state crashed", "finished false"; of a cell that is missing or not understood why the
    /// state is not known.
    std::string text;
    bool known = true;
  };
  Reading read(const TableRow& row) const;

 private:
  enum class Form { words, flag, exit_code };
  Reading read_flag(std::string_view cell) const;

  std::string name_;
  std::size_t place_ = 0;
  Form form_ = Form::words;
  RunState when_true_ = RunState::finished;
};

}  // namespace ablate
