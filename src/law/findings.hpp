// What is wrong or doubtful about a set of runs: named, so that reports and tests can tell them apart.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "law/runs.hpp"

namespace ablate {

/// Names as reports and --json spell them: law/names.hpp.
enum class FindingKind {
  no_runs,              ///< Nothing is left to fit. Refuses.
  losses_fall_to_zero,  ///< A loss is zero, negative or implausibly small. Refuses.
  one_sided_rates,      ///< In every scan the best rate is the highest (or the lowest) tried. Refuses.
  no_scan_with_rates,   ///< No scan has three rates. Refuses.
  flat_scan,            ///< A scan in which all losses are equal: left out. Refuses where all are.
  unlike_units,         ///< Sizes, tokens, batches or rates look like other units, or like one that differs.
  mixed_schedules,      ///< More than one schedule.
  mixed_weight_decay,   ///< More than one weight decay.
  mixed_batches,        ///< More than one batch size where the law takes it as fixed.
  unknown_tokens,       ///< No token counts: the exponent of N stands for N and D together.
  diverged_runs,        ///< No number, or from the best rate of its scan on a loss that no bowl has.
  high_losses,          ///< Above the best rate of its scan a loss > 1.2 x the lowest that a bowl may have.
  failed_below_best,    ///< No number at a rate below the best one of its scan: left out.
  rounded_losses,       ///< Losses were written with so few digits that this hides more than runs differ by.
  passed_over_column,   ///< Another column of the file may be what is meant, too, and has other values.
  unclear_states,  ///< A column may tell which runs finished, and is not understood or contradicts another.
  varying_column,  ///< A column of numbers that may be a setting varies among the runs of a scan.
  repeated_names,  ///< Rows with one name and the same settings: repeats, or a run listed twice.
  duplicates,      ///< The same settings more than once: merged, with their number as weight.
  seeds_apart,  ///< Seeds of a size and token count share no batch and rate: what they add to the loss is not
                ///< taken off.
  few_rates,    ///< A scan with fewer than three rates near its optimum: left out.
  edge_optimum,     ///< A scan whose optimum is at the edge of what was tried, on one of the axes.
  coarse_grid,      ///< Rates further apart than a factor of 1.9: the grid alone blurs the optimum.
  non_convex_scan,  ///< A scan whose losses rise, fall and rise again beyond their noise.
  one_size,         ///< All runs have one size: the exponent of N is the prior's.
  few_sizes,        ///< Two sizes: the exponent of N is mostly the prior's.
  dominant_size,    ///< Leaving one size out moves the prediction by more than its 80 % interval.
  prior_conflict,   ///< An exponent's prior keeps less than a third of the trust against its doubt.
  curvature,        ///< A quadratic term in log N differs from 0 by more than two standard errors.
  baseline_better,  ///< A simpler method forecast the largest size better by more than 0.1 % of loss.
  extrapolation,  ///< The target lies further out than three times the largest size or token count, or as far
                  ///< below the smallest.
  off_ridge,      ///< The target's batch is more than a factor of 2 from the best, and not in the data.
  own_batch,      ///< The forecast is of the runs with the target's batch alone.
  split_beliefs,  ///< The forecast is more than 5 % from what the law's formula gives at the target.
  assumed_tokens,  ///< The target's token count was not given.
};

struct LawFinding {
  FindingKind kind = FindingKind::no_runs;
  bool refuses = false;  ///< No law can be fitted to these runs as they are.
  std::string message;   ///< One sentence with the numbers, and what would mend it.
};

/// Runs that are fit for fitting, and what was found on the way.
struct CleanRuns {
  std::vector<LawRun>
      runs;  ///< Sorted by N, D, batch, lr; repeats merged; diverged ones marked, not removed.
  std::vector<LawFinding> findings;
};

/// Takes numbers for equal that are within 1e-6 of one another (one of them went through 32 bits), sorts,
/// takes off what seeds add (remove_seed_effects()), merges repeats (same N, D, batch and lr: mean
/// loss, summed weight), marks what diverged, leaves out what failed below the best rate of its scan, and
/// looks for everything that can be seen before a fit. Never throws for data; see `refuses`.
CleanRuns clean_runs(std::vector<LawRun> runs);

/// Throws Error with the messages of the findings that refuse, if there are any.
void throw_if_refused(std::span<const LawFinding> findings);

}  // namespace ablate
