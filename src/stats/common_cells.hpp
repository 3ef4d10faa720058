// Which cells and seeds the rows of a table have in common: what their means are taken over, so that rows
// differ by their own levels alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/results.hpp"

namespace ablate {

/// None: the axis does not apply.
using RunLevel = std::optional<AxisLevel>;
/// As a table shows it: its label; "-" where the axis does not apply.
inline std::string level_text(const RunLevel& level) { return level ? level->label : "-"; }

/// Levels of the axes that a table averages over, in the order of the axes.
using Setting = std::vector<RunLevel>;

/// The runs of one row of a table, or of one field of it where axes make columns.
class RowRuns {
 public:
  using BySeed = std::map<std::uint64_t, const RunRecord*>;
  /// Throws Error when the row has a run under this setting and seed: none may vanish.
  void add(const Setting& setting, const RunRecord& run);
  const std::map<Setting, BySeed>& by_setting() const { return by_setting_; }
  /// The runs under a setting; null when the row has none.
  const BySeed* find(const Setting& setting) const;

 private:
  std::map<Setting, BySeed> by_setting_;
};

/// Settings, each under all of the seeds.
struct Selection {
  std::vector<Setting> settings;
  std::vector<std::uint64_t> seeds;
  bool empty() const { return settings.empty() || seeds.empty(); }
  bool operator==(const Selection&) const = default;
};

/// Whether a value is the metric of a stage ("vlm/loss"), and no score.
bool is_metric(const std::string& value);
/// A run's value, where there is one; it may be NaN.
std::optional<double> value_of(const RunRecord& run, const std::string& value);
/// Whether there is one and it is finite.
bool has_number(const RunRecord& run, const std::string& value);

/// The later, the worse: as in the view `runs`.
int badness(JobState state);

/// The settings and seeds for which all rows have a number: of all products of some settings with some seeds
/// one with the most runs, and of those one with the fewest seeds. Where seeds are missing in so many ways
/// that over 4,096 sets of them come into question, the best of those that were looked at. Empty when nothing
/// is common.
Selection choose_common(std::span<const RowRuns* const> rows, const std::string& value);

/// Index of the row without which the others would have something in common; none where that takes more.
std::optional<std::size_t> find_odd_row(std::span<const RowRuns* const> rows, const std::string& value);

/// What some row has and the selection has not.
struct LeftOut {
  std::optional<Setting> setting;     ///< None: a seed is left out for all settings.
  std::optional<std::uint64_t> seed;  ///< Where `setting` is none.
  std::size_t row = 0;                ///< The first row that lacks it,
  std::string reason;                 ///< and why: "failed", "no such cell", "running under seed 1".
};
std::vector<LeftOut> find_left_out(std::span<const RowRuns* const> rows, const Selection& selection,
                                   const std::string& value);

}  // namespace ablate
