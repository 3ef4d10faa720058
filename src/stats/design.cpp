#include "stats/design.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "stats/units.hpp"

namespace ablate {

namespace {

/// Groups of factors that make one column: a factor that applies under some levels of another alone joins it.
std::vector<std::vector<std::size_t>> columns_of(const std::vector<Unit>& units,
                                                 const std::vector<std::size_t>& focus) {
  const std::size_t factors = units[0].at.size();
  std::vector<std::set<std::int32_t>> levels(factors);
  for (const Unit& unit : units)
    for (std::size_t f = 0; f < factors; ++f) levels[f].insert(unit.at[f]);
  std::vector<std::size_t> root(factors);
  for (std::size_t f = 0; f < factors; ++f) root[f] = f;
  const auto decides = [&](std::size_t parent, std::size_t child) {
    std::map<std::int32_t, bool> applies;
    for (const Unit& unit : units) {
      const bool here = unit.at[child] != kDoesNotApply;
      if (applies.try_emplace(unit.at[parent], here).first->second != here) return false;
    }
    return true;
  };
  for (std::size_t child = 0; child < factors; ++child) {
    if (levels[child].size() < 2 || !levels[child].contains(kDoesNotApply)) continue;
    for (std::size_t parent = 0; parent < factors; ++parent)
      if (parent != child && !levels[parent].contains(kDoesNotApply) && levels[parent].size() > 1 &&
          decides(parent, child)) {
        root[child] = parent;
        break;
      }
  }
  std::vector<std::vector<std::size_t>> columns;
  for (std::size_t f = 0; f < factors; ++f) {
    const bool in_focus = std::find(focus.begin(), focus.end(), f) != focus.end();
    if (root[f] != f || (levels[f].size() < 2 && !in_focus)) continue;
    columns.push_back({f});
    for (std::size_t child = 0; child < factors; ++child)
      if (child != f && root[child] == f) columns.back().push_back(child);
  }
  return columns;
}

void fill_columns(UnitTable& design, const std::vector<Unit>& units, const std::vector<std::size_t>& focus,
                  const Observations& sweep) {
  const std::vector<std::vector<std::size_t>> columns = columns_of(units, focus);
  std::vector<std::map<std::vector<std::int32_t>, std::int32_t>> levels(columns.size());
  const auto key_of = [](const Unit& unit, const std::vector<std::size_t>& column) {
    std::vector<std::int32_t> key;
    for (const std::size_t f : column) key.push_back(unit.at[f]);
    return key;
  };
  for (std::size_t c = 0; c < columns.size(); ++c) {
    for (const Unit& unit : units) levels[c].try_emplace(key_of(unit, columns[c]), 0);
    std::int32_t next = 0;
    for (auto& level : levels[c]) level.second = next++;
    design.units.sizes.push_back(levels[c].size());
    std::string name;
    for (const std::size_t f : columns[c]) name += (name.empty() ? "" : " and ") + sweep.factors[f].name;
    design.names.push_back(std::move(name));
    design.grid *= std::min<std::size_t>(levels[c].size(), 1000000 / design.grid + 1);
  }
  for (const Unit& unit : units) {
    std::vector<std::int32_t> at;
    for (std::size_t c = 0; c < columns.size(); ++c) at.push_back(levels[c].at(key_of(unit, columns[c])));
    design.units.add(at, unit.score);
  }
  for (const std::size_t f : focus) {
    std::vector<std::vector<double>> weights(sweep.factors[f].levels.size());
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const auto member = std::find(columns[c].begin(), columns[c].end(), f);
      if (member == columns[c].end()) continue;
      design.focus_columns.push_back(c);
      const auto place = static_cast<std::size_t>(member - columns[c].begin());
      std::vector<double> counts(weights.size(), 0);
      for (const auto& level : levels[c]) ++counts[static_cast<std::size_t>(level.first[place])];
      for (const auto& level : levels[c]) {
        std::vector<double>& of_level = weights[static_cast<std::size_t>(level.first[place])];
        of_level.resize(levels[c].size(), 0);
        of_level[static_cast<std::size_t>(level.second)] =
            1 / counts[static_cast<std::size_t>(level.first[place])];
      }
    }
    design.level_weights.push_back(std::move(weights));
  }
}

std::vector<std::int32_t> cell_of(const CodedRuns& units, std::size_t unit) {
  std::vector<std::int32_t> cell;
  for (std::size_t c = 0; c < units.columns(); ++c) cell.push_back(units.level(unit, c));
  return cell;
}

/// Seeds, where two cells share one; and how cells and seeds are crossed.
void fill_seeds(UnitTable& design, const std::vector<Unit>& units) {
  Numbering<std::vector<std::int32_t>> cells;
  std::vector<std::int32_t> cell;
  std::map<std::uint64_t, std::set<std::int32_t>> cells_of_seed;
  for (std::size_t i = 0; i < units.size(); ++i) {
    cell.push_back(cells.of(cell_of(design.units, i)));
    if (units[i].seed) cells_of_seed[*units[i].seed].insert(cell[i]);
  }
  design.cells = cells.size();
  design.replicated = units.size() > design.cells;
  const bool shared = std::any_of(cells_of_seed.begin(), cells_of_seed.end(),
                                  [](const auto& entry) { return entry.second.size() > 1; });
  // One seed alone shifts all cells alike: nothing can be told of it.
  const bool are_blocks = shared && cells_of_seed.size() > 1;
  Numbering<std::uint64_t> seeds;
  std::map<std::pair<std::int32_t, std::int32_t>, std::size_t> counts;
  for (std::size_t i = 0; i < units.size(); ++i) {
    design.seed.push_back(are_blocks && units[i].seed ? seeds.of(*units[i].seed) : -1);
    ++counts[{cell[i], design.seed[i]}];
  }
  design.seeds = seeds.size();
  design.crossed = design.seeds > 1 && design.cells == design.grid &&
                   counts.size() == design.cells * design.seeds &&
                   std::find(design.seed.begin(), design.seed.end(), -1) == design.seed.end();
  for (const auto& entry : counts) design.crossed &= entry.second == counts.begin()->second;
}

/// The finest stage that units of unlike focus share; none: the seed.
void fill_blocks(UnitTable& design, const std::vector<Unit>& units, const std::vector<std::size_t>& focus) {
  std::vector<std::int32_t> finest;
  std::size_t most = design.seeds;
  for (std::size_t g = 0; g < units[0].at.size(); ++g) {
    if (units[0].plots.empty()) break;
    Numbering<std::int64_t> plots;
    std::map<std::int64_t, std::set<std::vector<std::int32_t>>> focus_of;
    std::vector<std::int32_t> plot;
    for (const Unit& unit : units) {
      std::vector<std::int32_t> at;
      for (const std::size_t f : focus) at.push_back(unit.at[f]);
      plot.push_back(plots.of(unit.plots[g]));
      focus_of[unit.plots[g]].insert(at);
    }
    const bool splits = std::any_of(focus_of.begin(), focus_of.end(),
                                    [](const auto& entry) { return entry.second.size() > 1; });
    if (plots.size() == units.size() || plots.size() <= most || !splits) continue;
    most = plots.size();
    finest = plot;
  }
  design.blocks_are_seeds = finest.empty();
  if (!finest.empty()) {
    design.block = finest;
    design.blocks = most;
  } else if (design.seeds > 0) {
    design.block = design.seed;
    design.blocks = design.seeds;
    for (std::int32_t& block : design.block)
      if (block < 0) block = static_cast<std::int32_t>(design.blocks++);
  }
}

}  // namespace

CodedRuns UnitTable::with_block() const {
  if (block.empty()) return units;
  CodedRuns all{.sizes = units.sizes};
  all.sizes.push_back(blocks);
  for (std::size_t i = 0; i < units.runs(); ++i) {
    std::vector<std::int32_t> at = cell_of(units, i);
    at.push_back(block[i]);
    all.add(at, units.y[i]);
  }
  return all;
}

namespace {

std::optional<UnitTable> design_of(const Observations& sweep, const std::vector<std::size_t>& focus) {
  UnitTable design;
  std::vector<Unit> units = units_with(sweep, focus);
  if (units.empty()) return std::nullopt;
  const bool plots_known =
      std::none_of(units.begin(), units.end(), [](const Unit& u) { return u.plots.empty(); });
  if (!plots_known)
    for (Unit& unit : units) unit.plots.clear();
  design.points = plot_points(units, focus, design.notes);
  PlotMeans means(units, focus);
  if ((plots_known || design.points) && means.units.size() < units.size() && means.split(units, focus)) {
    const std::size_t runs = units.size();
    if (!score_plots(means, units, design.notes)) return std::nullopt;
    units = std::move(means.units);
    design.notes.push_back(
        design.points
            ? fmt::format("The {} points of the sample have {} runs: each point is one observation.",
                          units.size(), runs)
            : fmt::format(
                  "Its level was trained in {} stages that {} runs share: each stage is one observation.",
                  units.size(), runs));
  }
  fill_columns(design, units, focus, sweep);
  fill_seeds(design, units);
  fill_blocks(design, units, focus);
  return design;
}

}  // namespace

Designs::Designs(const Observations& sweep) : sweep_(&sweep) {
  for (std::size_t f = 0; f < sweep.factors.size(); ++f) {
    if (sweep.factors[f].continuous()) continue;
    std::set<double> levels;
    for (const Observation& run : sweep.runs) {
      uniform_ &= run.plots.empty() && !std::isnan(run.at[f]);
      if (run.end == RunEnd::finished && std::isfinite(run.score)) levels.insert(run.at[f]);
    }
    if (levels.size() > 1) categorical_.push_back(f);
  }
}

std::shared_ptr<const UnitTable> Designs::of(const std::vector<std::size_t>& focus) const {
  const auto found = known_.find(focus);
  if (found != known_.end()) return found->second;
  std::shared_ptr<const UnitTable> design;
  const bool shared =
      uniform_ && std::includes(categorical_.begin(), categorical_.end(), focus.begin(), focus.end());
  if (!shared || focus == categorical_) {
    if (std::optional<UnitTable> own = design_of(*sweep_, focus))
      design = std::make_shared<UnitTable>(std::move(*own));
  } else if (const std::shared_ptr<const UnitTable> all = of(categorical_)) {
    auto part = std::make_shared<UnitTable>(*all);
    part->focus_columns.clear();
    part->level_weights.clear();
    for (const std::size_t f : focus) {
      const auto place = std::lower_bound(categorical_.begin(), categorical_.end(), f) - categorical_.begin();
      part->focus_columns.push_back(all->focus_columns[static_cast<std::size_t>(place)]);
      part->level_weights.push_back(all->level_weights[static_cast<std::size_t>(place)]);
    }
    design = part;
  }
  return known_[focus] = design;
}

std::optional<std::vector<std::size_t>> one_at_a_time_baseline(const Observations& sweep) {
  std::set<std::vector<std::int32_t>> cells;
  if (std::any_of(sweep.factors.begin(), sweep.factors.end(), [](const Factor& f) { return f.continuous(); }))
    return std::nullopt;
  for (const Unit& unit : units_with(sweep, {})) cells.insert(unit.at);
  if (cells.size() < 3) return std::nullopt;
  const std::size_t factors = sweep.factors.size();
  std::vector<std::int32_t> baseline;
  std::size_t varying = 0;
  for (std::size_t f = 0; f < factors; ++f) {
    std::map<std::int32_t, std::size_t> counts;
    for (const std::vector<std::int32_t>& cell : cells) ++counts[cell[f]];
    const auto most = std::max_element(counts.begin(), counts.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    baseline.push_back(most->first);
    varying += counts.size() > 1;
  }
  if (varying < 2 || !cells.contains(baseline)) return std::nullopt;
  // That an axis does not apply is no change where another axis decides it, as the size of an encoder that is
  // not there. Where it is the only difference between two cells, it is a level like any other.
  std::vector<bool> decides_itself(factors, false);
  for (const std::vector<std::int32_t>& cell : cells)
    for (std::size_t f = 0; f < factors; ++f) {
      if ((cell[f] == kDoesNotApply) == (baseline[f] == kDoesNotApply)) continue;
      std::vector<std::int32_t> otherwise = cell;
      otherwise[f] = baseline[f];
      if (otherwise == baseline) decides_itself[f] = true;
    }
  for (const std::vector<std::int32_t>& cell : cells) {
    std::size_t differences = 0;
    for (std::size_t f = 0; f < factors; ++f) {
      const bool applies = cell[f] != kDoesNotApply && baseline[f] != kDoesNotApply;
      differences += cell[f] != baseline[f] && (applies || decides_itself[f]);
    }
    if (differences > 1) return std::nullopt;
  }
  std::vector<std::size_t> levels;
  for (const std::int32_t level : baseline) levels.push_back(static_cast<std::size_t>(std::max(level, 0)));
  return levels;
}

}  // namespace ablate
