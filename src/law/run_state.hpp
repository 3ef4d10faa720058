// The states in which trackers and schedulers leave a run, by the words that they write into tables.
#pragma once

#include <optional>
#include <string_view>

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

}  // namespace ablate
