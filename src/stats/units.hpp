// What a design is made of: runs, and the means of runs that a shared stage or a point of a sample makes one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stats/observations.hpp"

namespace ablate {

constexpr std::int32_t kDoesNotApply = -1;

/// A run, or the runs of a whole plot.
struct Unit {
  std::vector<std::int32_t> at;  // Level of each factor.
  std::optional<std::uint64_t> seed;
  std::vector<std::int64_t> plots;
  std::vector<double> point;  // Of the continuous factors that apply.
  double score = 0;
};

/// Of the runs with a score those that all factors of `focus` apply to.
std::vector<Unit> units_with(const Observations& sweep, const std::vector<std::size_t>& focus);

/// Numbers things from 0 in the order in which they are first seen.
template <typename Key>
struct Numbering {
  std::map<Key, std::int32_t> numbers;
  std::int32_t of(const Key& key) {
    return numbers.try_emplace(key, static_cast<std::int32_t>(numbers.size())).first->second;
  }
  std::size_t size() const { return numbers.size(); }
};

/// Runs at one point of a sample become those of one plot of every factor. False: the sweep samples nothing.
bool plot_points(std::vector<Unit>& runs, const std::vector<std::size_t>& focus,
                 std::vector<std::string>& notes);

/// The units as one for each whole plot of the factors in focus.
struct PlotMeans {
  std::vector<Unit> units;                  // One for each plot, without score.
  std::vector<std::int32_t> plot, setting;  // Of each run: its plot, and its setting of what varies inside.
  std::size_t settings = 0;
  bool equal = true;  // Every plot has every setting equally often.

  PlotMeans(const std::vector<Unit>& runs, const std::vector<std::size_t>& focus);
  /// Finds what is constant inside every plot; the rest is the setting. False: the focus is not.
  bool split(const std::vector<Unit>& runs, const std::vector<std::size_t>& focus);
};

/// Scores of plots: means where all have the same settings or there is but one, else least squares of plot
/// and setting.
bool score_plots(PlotMeans& means, const std::vector<Unit>& runs, std::vector<std::string>& notes);

}  // namespace ablate
