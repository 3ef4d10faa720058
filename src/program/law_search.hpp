// The rounds of a learning-rate search, as `ablate law run` has them: run, fit, propose, until the rate of a
// larger model is known well enough.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "law/propose.hpp"
#include "program/law_input.hpp"
#include "store/database.hpp"

namespace ablate {

struct LawSearch {
  std::filesystem::path sweep;       ///< Its links followed.
  Stage stage = Stage::llm;          ///< Whose rate is searched: llm or vlm.
  std::string loss;                  ///< Score or metric that counts; empty: see read_sweeps().
  std::vector<SettingChoice> where;  ///< Which experiment of the sweep.
  LawTarget target;                  ///< Its batch as `batch_unit` counts it.
  std::optional<BatchUnit> batch_unit;
  double budget = 0;               ///< FLOPs that runs beyond the sweep may take.
  std::optional<double> interval;  ///< Enough: 95 % of the rate within this factor each way.
  std::optional<double> regret;    ///< Enough: so little of the loss is expected to be lost; a fraction.
  std::size_t runs_a_round = 12;
  LawOptions options;
};

/// What is known after a round.
struct LawStanding {
  LawTarget target;  ///< With its batch in tokens.
  LawFit fit;
  std::optional<LawPrediction> prediction;  ///< Nothing while no law can be fitted.
  double sweep_flops = 0;                   ///< Of the sweep itself, as planned.
  double spent = 0;                         ///< FLOPs of the rounds, likewise.
  std::size_t failed = 0;     ///< Runs without a loss, since a job did so for another reason than divergence.
  std::size_t cancelled = 0;  ///< By the user.

  /// Half the width of the rate's 95 % interval, as a factor.
  double factor() const;
};

/// Reads and fits the runs of the first sweep and of its rounds.
LawStanding find_standing(Database& database, const LawSearch& search,
                          const std::vector<std::string>& sweeps);
bool is_good_enough(const LawSearch& search, const LawStanding& standing);
/// A search does not go on over runs that it lacks: throws Error when some failed, or were cancelled by the
/// user.
void refuse_gaps(const LawStanding& standing, const std::string& sweep);

/// A round whose file is there before the search has come to it: of a search that was interrupted, or whoever
/// wrote it.
struct RoundOnDisk {
  bool is_done = false;     ///< Nothing of it is left to run; then nothing else is told.
  double spent = 0;         ///< LawStanding::spent when all of it has been computed, what is done included.
  std::string target = {};  ///< That its heading names, as target_text() has it, where that is another.
};
/// Throws Error where its runs are of another experiment than the sweeps. `leave_stopped`: see RunOptions.
RoundOnDisk read_round(Database& database, const LawSearch& search, const LawStanding& standing,
                       const std::vector<std::string>& sweeps, const std::filesystem::path& file,
                       bool leave_stopped);

/// "N = 3.00M, D = 150k": what the headings of rounds name.
std::string target_text(const LawTarget& target);

/// Proposes runs and writes them to `file` as a sweep; empty runs and a note that says why when there are
/// none that are worth it.
Proposal write_round(const LawSearch& search, const LawStanding& standing, const std::filesystem::path& file);

}  // namespace ablate
