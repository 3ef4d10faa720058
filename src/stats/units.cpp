#include "stats/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "stats/linear_model.hpp"

namespace ablate {

namespace {

/// Adjusting whole plots takes the cube of this many operations.
constexpr std::size_t kLargestAdjustment = 1500;

}  // namespace

std::vector<Unit> units_with(const Observations& sweep, const std::vector<std::size_t>& focus) {
  std::vector<Unit> units;
  for (const Observation& run : sweep.runs) {
    if (run.end != RunEnd::finished || !std::isfinite(run.score)) continue;
    Unit unit{.seed = run.seed, .plots = run.plots, .score = run.score};
    for (std::size_t f = 0; f < sweep.factors.size(); ++f) {
      const bool level = !sweep.factors[f].continuous() && !std::isnan(run.at[f]);
      unit.at.push_back(level ? static_cast<std::int32_t>(run.at[f]) : kDoesNotApply);
      if (!level && !std::isnan(run.at[f])) unit.point.push_back(run.at[f]);
    }
    if (std::all_of(focus.begin(), focus.end(), [&](std::size_t f) { return unit.at[f] != kDoesNotApply; }))
      units.push_back(std::move(unit));
  }
  return units;
}

bool plot_points(std::vector<Unit>& runs, const std::vector<std::size_t>& focus,
                 std::vector<std::string>& notes) {
  if (std::all_of(runs.begin(), runs.end(), [](const Unit& run) { return run.point.empty(); })) return false;
  Numbering<std::pair<std::vector<std::int32_t>, std::vector<double>>> points;
  std::set<std::vector<std::int64_t>> stages;
  for (Unit& run : runs) {
    if (!run.plots.empty()) {
      std::vector<std::int64_t> stage;
      for (const std::size_t f : focus) stage.push_back(run.plots[f]);
      stages.insert(stage);
    }
    run.plots.assign(run.at.size(), points.of({run.at, run.point}));
  }
  if (!stages.empty() && stages.size() < runs.size())
    notes.push_back(
        fmt::format("The {} points of the sample share {} trained stages of this axis, which its interval "
                    "does not know: it may "
                    "be too narrow.",
                    points.size(), stages.size()));
  return true;
}

PlotMeans::PlotMeans(const std::vector<Unit>& runs, const std::vector<std::size_t>& focus) {
  Numbering<std::vector<std::int64_t>> plots;
  for (const Unit& run : runs) {
    std::vector<std::int64_t> key;
    for (const std::size_t f : focus) key.push_back(run.plots.empty() ? -1 : run.plots[f]);
    if (run.plots.empty()) key.push_back(static_cast<std::int64_t>(plot.size()));
    plot.push_back(plots.of(key));
    if (static_cast<std::size_t>(plot.back()) == units.size()) units.push_back(run);
  }
}

bool PlotMeans::split(const std::vector<Unit>& runs, const std::vector<std::size_t>& focus) {
  const std::size_t factors = runs[0].at.size();
  std::vector<bool> varies(factors, false), plot_varies(factors, false);
  bool seed_varies = false;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Unit& first = units[static_cast<std::size_t>(plot[i])];
    seed_varies |= runs[i].seed != first.seed;
    for (std::size_t f = 0; f < factors; ++f) {
      if (runs[i].at[f] != first.at[f]) varies[f] = true;
      if (runs[i].plots[f] != first.plots[f]) plot_varies[f] = true;
    }
  }
  for (const std::size_t f : focus)
    if (varies[f]) return false;
  Numbering<std::vector<std::uint64_t>> numbers;
  std::map<std::pair<std::int32_t, std::int32_t>, int> counts;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    std::vector<std::uint64_t> key{seed_varies ? runs[i].seed.value_or(0) : 0};
    for (std::size_t f = 0; f < factors; ++f)
      if (varies[f]) key.push_back(static_cast<std::uint64_t>(runs[i].at[f]));
    setting.push_back(numbers.of(key));
    ++counts[{plot[i], setting.back()}];
  }
  settings = numbers.size();
  equal = counts.size() == units.size() * settings;
  for (const auto& entry : counts) equal &= entry.second == counts.begin()->second;
  for (std::size_t u = 0; u < units.size(); ++u) {
    if (seed_varies) units[u].seed.reset();
    for (std::size_t f = 0; f < factors; ++f) {
      if (varies[f]) units[u].at[f] = kDoesNotApply;
      if (plot_varies[f]) units[u].plots[f] = -1 - static_cast<std::int64_t>(u);
    }
  }
  return true;
}

bool score_plots(PlotMeans& means, const std::vector<Unit>& runs, std::vector<std::string>& notes) {
  if (means.equal || means.settings == 1) {
    std::vector<double> sums(means.units.size(), 0), counts(means.units.size(), 0);
    for (std::size_t i = 0; i < runs.size(); ++i) {
      sums[static_cast<std::size_t>(means.plot[i])] += runs[i].score;
      ++counts[static_cast<std::size_t>(means.plot[i])];
    }
    for (std::size_t u = 0; u < sums.size(); ++u) means.units[u].score = sums[u] / counts[u];
    return true;
  }
  if (means.units.size() + means.settings > kLargestAdjustment) return false;
  CodedRuns coded{.sizes = {means.settings, means.units.size()}};
  for (std::size_t i = 0; i < runs.size(); ++i)
    coded.add(std::vector<std::int32_t>{means.setting[i], means.plot[i]}, runs[i].score);
  const LinearModel model(coded, {{0}, {1}});
  std::vector<Unit> scored;
  for (std::size_t u = 0; u < means.units.size(); ++u) {
    std::vector<double> weights(means.units.size(), 0);
    weights[u] = 1;
    const auto mean = model.estimate(weights_of(2, 1, std::move(weights)));
    if (!mean) return false;
    scored.push_back(means.units[u]);
    scored.back().score = mean->value;
  }
  means.units = std::move(scored);
  notes.emplace_back(
      "Trained stages were used with unlike settings of the later ones: each stage's mean is adjusted for "
      "them, as "
      "if these had the same effect after every stage.");
  return true;
}

}  // namespace ablate
