// What a sweep gave, as statistics see it: of each run its level of every factor, its seed and its score.
// Plain structs: what reads a database or a CSV fills them in, what decides anything of them is in this
// folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace ablate {

/// A continuous axis that was sampled: uniform between its ends, in the logarithm where `log`.
struct SampledRange {
  double low = 0, high = 1;
  bool log = false;
  bool seen = false;  ///< Nobody said what was sampled: the ends are those of the runs.
  bool holds(double value) const { return low <= value && value <= high; }
};

/// An axis, a benchmark, or anything else that runs differ in on purpose.
struct Factor {
  std::string name;
  std::vector<std::string> levels;    ///< In the order of the axis; empty for a continuous one.
  std::vector<double> values;         ///< The number that each level is; empty where levels are no numbers.
  std::optional<SampledRange> range;  ///< Of a continuous axis.
  bool continuous() const { return range.has_value(); }
};

/// How a run ended.
enum class RunEnd {
  finished,
  failed,   ///< It has no score, and its levels may be why.
  unknown,  ///< It has no score, and nobody knows why: cancelled, waiting, left out.
};

/// One run: a cell under one seed. NaN: not known.
struct Observation {
  /// One number for each factor: the index of its level, or the value of a continuous axis. NaN where the
  /// factor does not apply to this run.
  std::vector<double> at;
  std::optional<std::uint64_t> seed;  ///< Runs of one seed are a block. None: a seed of its own.
  RunEnd end = RunEnd::finished;
  bool left_out = false;  ///< On purpose: `end` is unknown.
  double score = std::numeric_limits<double>::quiet_NaN();
  std::int64_t examples = 0;  ///< That the score is a mean of; 0: not known.
  double standard_error = std::numeric_limits<double>::quiet_NaN();  ///< Of the score, over its examples.
  double cost = std::numeric_limits<double>::quiet_NaN();            ///< In any unit that all runs share.
  /// For each factor, which trained stage carries its level to this run: runs with equal numbers share that
  /// stage and are one whole plot of the factor. Empty: each run was trained on its own.
  std::vector<std::int64_t> plots;
};

struct Observations {
  std::vector<Factor> factors;
  std::vector<Observation> runs;
  bool lower_is_better = false;
};

}  // namespace ablate
