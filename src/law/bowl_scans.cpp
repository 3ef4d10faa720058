#include "law/bowl_scans.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace ablate {

namespace {

/// Grids in use are powers of sqrt(2) or coarser; values closer than this (log2) are one grid value that was
/// rounded in two ways.
constexpr double kSameValue = 0.05;

bool in_one_scan(const LawRun& a, const LawRun& b, bool joint) {
  return a.params == b.params && a.tokens == b.tokens && (joint || a.batch == b.batch);
}

void use_within(std::span<const LawRun> runs, double window, ScanRuns& scan) {
  scan.used.clear();
  const double limit = runs[scan.lowest].loss * (1 + window);
  for (const std::size_t i : scan.all)
    if (!runs[i].diverged && runs[i].loss <= limit) scan.used.push_back(i);
}

/// Those with the lowest loss, in the order of the runs.
std::vector<std::size_t> lowest_of(std::span<const LawRun> runs, const ScanRuns& scan) {
  std::vector<std::size_t> lowest;
  for (const std::size_t i : scan.all) {
    if (runs[i].diverged) continue;
    if (!lowest.empty() && runs[i].loss < runs[lowest.front()].loss) lowest.clear();
    if (lowest.empty() || runs[i].loss == runs[lowest.front()].loss) lowest.push_back(i);
  }
  return lowest;
}

std::size_t count_rates(std::span<const LawRun> runs, std::span<const std::size_t> which) {
  return distinct_values(runs, which, &LawRun::lr).size();
}

/// Whether a run with a higher rate than all of those used diverged: a third rate that says where not to
/// look.
bool diverged_above(std::span<const LawRun> runs, const ScanRuns& scan) {
  double highest = 0;
  for (const std::size_t i : scan.used) highest = std::max(highest, runs[i].lr);
  return std::any_of(scan.all.begin(), scan.all.end(),
                     [&](std::size_t i) { return runs[i].diverged && runs[i].lr > highest; });
}

/// Takes in, however high they are, the runs of the best run's batch that did not diverge: those next to the
/// best rate on either side, without which nothing says how near the best rate is to them, and those next to
/// these where that leaves fewer than four rates, since a bowl through three has one shape only. Equally many
/// on either side, lest the shape of one side decide.
void use_neighbours(std::span<const LawRun> runs, ScanRuns& scan) {
  std::map<double, std::vector<std::size_t>> sweep;  // By rate.
  for (const std::size_t i : scan.all)
    if (!runs[i].diverged && runs[i].batch == runs[scan.lowest].batch) sweep[runs[i].lr].push_back(i);
  const auto use = [&](const std::vector<std::size_t>& rate) {
    for (const std::size_t i : rate)
      if (std::find(scan.used.begin(), scan.used.end(), i) == scan.used.end()) scan.used.push_back(i);
  };
  auto below = sweep.find(runs[scan.lowest].lr), above = below;
  for (int distance = 1; distance <= 2; ++distance) {
    if (below != sweep.begin()) use((--below)->second);
    if (above != sweep.end() && ++above != sweep.end()) use(above->second);
    if (count_rates(runs, scan.used) >= 4) break;
  }
  std::sort(scan.used.begin(), scan.used.end());
}

}  // namespace

std::vector<ScanRuns> group_scans(std::span<const LawRun> runs, bool joint) {
  std::vector<ScanRuns> scans;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (scans.empty() || !in_one_scan(runs[scans.back().all.front()], runs[i], joint)) scans.push_back({});
    scans.back().all.push_back(i);
  }
  std::erase_if(scans, [&](ScanRuns& scan) { return !find_lowest(runs, scan); });
  return scans;
}

bool find_lowest(std::span<const LawRun> runs, ScanRuns& scan) {
  const std::vector<std::size_t> lowest = lowest_of(runs, scan);
  if (!lowest.empty()) scan.lowest = lowest[(lowest.size() - 1) / 2];
  return !lowest.empty();
}

bool is_flat(std::span<const LawRun> runs, const ScanRuns& scan) {
  const std::vector<std::size_t> lowest = lowest_of(runs, scan);
  const auto has_loss = [&](std::size_t i) { return !runs[i].diverged; };
  return count_rates(runs, lowest) >= 3 &&
         std::count_if(scan.all.begin(), scan.all.end(), has_loss) == std::ssize(lowest);
}

void choose_window(std::span<const LawRun> runs, const BowlOptions& options, ScanRuns& scan) {
  use_within(runs, options.window, scan);
  constexpr double kWidening = 0.002;
  for (double window = options.window; count_rates(runs, scan.used) < 4 && window < options.wide_window;)
    use_within(runs, window = std::min(window + kWidening, options.wide_window), scan);
  use_neighbours(runs, scan);
  const std::size_t rates = count_rates(runs, scan.used);
  if (is_flat(runs, scan) || rates < 2 || (rates == 2 && !diverged_above(runs, scan))) scan.used.clear();
}

double weight_in_fit(const LawRun& run, double lowest_loss, const BowlOptions& options) {
  const double rise = run.loss / lowest_loss - 1;
  return rise <= options.wide_window ? run.weight : run.weight * std::pow(options.wide_window / rise, 2);
}

RateWalls walls_of(std::span<const LawRun> runs, const BowlOptions& options, const ScanRuns& scan) {
  const LawRun& best = runs[scan.lowest];
  const double limit = best.loss * (1 + options.wide_window);
  std::map<double, bool> is_wall;  // By rate.
  for (const std::size_t i : scan.all) {
    if (runs[i].batch != best.batch) continue;
    bool& wall = is_wall.try_emplace(std::log2(runs[i].lr), true).first->second;
    wall = wall && (runs[i].diverged || runs[i].loss > limit);
  }
  // From a wall on to the end of the rates tried there are walls alone: one bad run with good ones beyond it
  // is an accident, and says of no rate that it is too high or too low.
  const auto end = [&](double wall, double before) { return options.joint ? wall : 0.5 * (wall + before); };
  RateWalls found;
  for (auto inner = is_wall.end(); inner-- != is_wall.begin() && inner->second;)
    found.walls.high = inner->first, found.between.high = end(inner->first, std::prev(inner)->first);
  for (auto inner = is_wall.begin(); inner->second; ++inner)
    found.walls.low = inner->first, found.between.low = end(inner->first, std::next(inner)->first);
  return found;
}

std::vector<double> distinct_values(std::span<const LawRun> runs, std::span<const std::size_t> which,
                                    double LawRun::*axis) {
  std::vector<double> values;
  for (const std::size_t i : which)
    if (!runs[i].diverged) values.push_back(runs[i].*axis);
  std::sort(values.begin(), values.end());
  const auto same = [](double a, double b) { return std::log2(b / a) < kSameValue; };
  values.erase(std::unique(values.begin(), values.end(), same), values.end());
  return values;
}

ScanAxis axis_of(std::span<const LawRun> runs, const ScanRuns& scan, double LawRun::*axis) {
  ScanAxis found;
  const std::vector<double> values = distinct_values(runs, scan.all, axis);
  found.low = std::log2(values.front());
  found.high = std::log2(values.back());
  found.argmin = found.optimum = std::log2(runs[scan.lowest].*axis);
  const std::vector<double> lowest = distinct_values(runs, lowest_of(runs, scan), axis);
  found.lowest = {std::log2(lowest.front()), std::log2(lowest.back())};
  std::vector<double> steps;
  for (std::size_t i = 1; i < values.size(); ++i) steps.push_back(std::log2(values[i] / values[i - 1]));
  if (steps.empty()) return found;
  std::nth_element(steps.begin(), steps.begin() + steps.size() / 2, steps.end());
  found.step = steps[steps.size() / 2];
  return found;
}

double gap_around(std::span<const LawRun> runs, const ScanRuns& scan, double LawRun::*axis,
                  const ScanAxis& found) {
  const std::vector<double> values = distinct_values(runs, scan.all, axis);
  const auto above = std::upper_bound(values.begin(), values.end(), std::exp2(found.optimum));
  return above == values.begin() || above == values.end() ? found.step : std::log2(*above / *(above - 1));
}

void mark_edge(ScanAxis& axis, bool diverged_above) {
  const double outermost = std::max(axis.lowest.high, axis.optimum);
  const double innermost = std::min(axis.lowest.low, axis.optimum);
  if (outermost > axis.high - kSameValue && !diverged_above)
    axis.edge = LawEdge::high;
  else if (innermost < axis.low + kSameValue)
    axis.edge = LawEdge::low;
}

bool is_convex(std::span<const LawRun> runs, const ScanRuns& scan, double noise) {
  std::map<double, std::vector<std::size_t>> sweeps;  // By batch; runs are sorted by rate within it.
  for (const std::size_t i : scan.used) sweeps[runs[i].batch].push_back(i);
  for (const auto& of_batch : sweeps) {
    const auto& sweep = of_batch.second;
    const auto loss = [&](std::size_t j) { return std::log(runs[sweep[j]].loss); };
    std::size_t best = 0;
    for (std::size_t j = 1; j < sweep.size(); ++j)
      if (loss(j) < loss(best)) best = j;
    for (std::size_t j = 0; j + 1 < best; ++j)
      for (std::size_t later = j + 1; later < best; ++later)
        if (loss(later) > loss(j) + 6 * noise) return false;
    for (std::size_t j = best + 1; j < sweep.size(); ++j)
      for (std::size_t later = j + 1; later < sweep.size(); ++later)
        if (loss(later) < loss(j) - 6 * noise) return false;
  }
  return true;
}

}  // namespace ablate
