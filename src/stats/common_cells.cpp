#include "stats/common_cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/dynamic_bitset.hpp>
#include <cmath>
#include <set>

#include "config/names.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

using Rows = std::span<const RowRuns* const>;
using Seeds = std::set<std::uint64_t>;

std::set<Setting> all_settings(Rows rows) {
  std::set<Setting> settings;
  for (const RowRuns* row : rows)
    for (const auto& [setting, runs] : row->by_setting()) settings.insert(setting);
  return settings;
}

Seeds seeds_with_number(const RowRuns& row, const Setting& setting, const std::string& value) {
  Seeds seeds;
  if (const auto* runs = row.find(setting))
    for (const auto& [seed, run] : *runs)
      if (has_number(*run, value)) seeds.insert(seed);
  return seeds;
}

Seeds intersection(const Seeds& a, const Seeds& b) {
  Seeds both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(both, both.end()));
  return both;
}

/// Seeds under which all rows have a number for the setting.
Seeds common_seeds(Rows rows, const Setting& setting, const std::string& value) {
  Seeds common = seeds_with_number(*rows.front(), setting, value);
  for (std::size_t i = 1; i < rows.size() && !common.empty(); ++i)
    common = intersection(common, seeds_with_number(*rows[i], setting, value));
  return common;
}

/// Some of the seeds, by their numbers in the order in which the fewest settings lack them.
using SeedSet = boost::dynamic_bitset<std::uint64_t>;

/// The sets of seeds that may belong to the largest product: the largest set for some of the settings is what
/// all of them have, so these are all intersections. There may be too many; those of the seeds that the most
/// settings have are always among the candidates.
std::set<SeedSet> candidate_sets(const std::map<SeedSet, std::size_t>& settings_of) {
  constexpr std::size_t kMost = 4096;
  std::set<SeedSet> found;
  for (const auto& [set, settings] : settings_of) {
    std::set<SeedSet> more = {set};
    for (const SeedSet& other : found) more.insert(set & other);
    found.merge(more);
    if (found.size() > kMost) break;
  }
  SeedSet first(settings_of.begin()->first.size());
  for (std::size_t i = 0; i < first.size(); ++i) found.insert(first.set(i));
  return found;
}

/// The seeds of a product with the most runs. `settings_of`: how many settings have each set of seeds.
SeedSet find_largest_product(const std::map<SeedSet, std::size_t>& settings_of) {
  SeedSet largest;
  std::size_t most_runs = 0;
  for (const SeedSet& set : candidate_sets(settings_of)) {
    std::size_t settings = 0;
    for (const auto& [has, count] : settings_of)
      if (set.is_subset_of(has)) settings += count;
    const std::size_t runs = settings * set.count();
    if (runs > most_runs || (runs == most_runs && set.count() < largest.count())) {
      largest = set;
      most_runs = runs;
    }
  }
  return largest;
}

/// Why a run has no number.
std::string reason_of(const RunRecord& run, const std::string& value) {
  if (value_of(run, value)) return "NaN";
  const JobState state = run.state_of(value);
  return state == JobState::finished ? "no value" : to_name(state);
}

/// Why a setting has no number under some of the seeds, and under which where it has others; none: it has
/// all.
std::optional<std::string> find_reason(const RowRuns::BySeed& runs, std::span<const std::uint64_t> seeds,
                                       const std::string& value) {
  std::vector<std::string> reasons;
  std::vector<std::uint64_t> lacking;
  for (const std::uint64_t seed : seeds) {
    const auto run = runs.find(seed);
    if (run != runs.end() && has_number(*run->second, value)) continue;
    lacking.push_back(seed);
    std::string reason = run == runs.end() ? "no such run" : reason_of(*run->second, value);
    if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end())
      reasons.push_back(std::move(reason));
  }
  if (lacking.empty()) return std::nullopt;
  std::string text = join(reasons, " or ");
  if (lacking.size() == 1 && seeds.size() > 1) text += fmt::format(" under seed {}", lacking.front());
  if (lacking.size() > 1 && lacking.size() < seeds.size())
    text += fmt::format(" under {} seeds", lacking.size());
  return text;
}

/// The first row without a number for one of the settings under one of the seeds; none: all have them.
std::optional<LeftOut> find_lacking(Rows rows, std::span<const Setting> settings,
                                    std::span<const std::uint64_t> seeds, const std::string& value) {
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (const Setting& setting : settings) {
      const auto* runs = rows[i]->find(setting);
      if (!runs) return LeftOut{{}, {}, i, "no such cell"};
      if (auto reason = find_reason(*runs, seeds, value)) return LeftOut{{}, {}, i, std::move(*reason)};
    }
  return std::nullopt;
}

}  // namespace

bool is_metric(const std::string& value) {
  for (const Named<Stage>& stage : names_of<Stage>())
    if (value.starts_with(std::string(stage.name) + "/")) return true;
  return false;
}

std::optional<double> value_of(const RunRecord& run, const std::string& value) {
  const auto found = run.values.find(value);
  if (found == run.values.end()) return std::nullopt;
  return found->second;
}

bool has_number(const RunRecord& run, const std::string& value) {
  const auto found = value_of(run, value);
  return found && std::isfinite(*found);
}

int badness(JobState state) {
  switch (state) {
    case JobState::finished:
      return 0;
    case JobState::waiting:
      return 1;
    case JobState::queued:
      return 2;
    case JobState::running:
      return 3;
    case JobState::stopped_early:
      return 4;
    case JobState::cancelled:
      return 5;
    case JobState::failed:
      return 6;
  }
  return 0;
}

void RowRuns::add(const Setting& setting, const RunRecord& run) {
  const auto [entry, is_new] = by_setting_[setting].emplace(run.seed, &run);
  if (!is_new)
    throw Error(
        fmt::format("cells {} and {} have the same levels under seed {}: an earlier version planned "
                    "this sweep; `ablate plan SWEEP --save` plans it again and keeps all results",
                    entry->second->cell, run.cell, run.seed));
}

const RowRuns::BySeed* RowRuns::find(const Setting& setting) const {
  const auto found = by_setting_.find(setting);
  return found == by_setting_.end() ? nullptr : &found->second;
}

Selection choose_common(Rows rows, const std::string& value) {
  if (rows.empty()) return {};
  std::vector<std::pair<Setting, Seeds>> candidates;
  std::map<std::uint64_t, std::size_t> settings_with;
  for (const Setting& setting : all_settings(rows)) {
    Seeds common = common_seeds(rows, setting, value);
    if (common.empty()) continue;
    for (const std::uint64_t seed : common) ++settings_with[seed];
    candidates.emplace_back(setting, std::move(common));
  }
  if (candidates.empty()) return {};
  std::vector<std::pair<std::uint64_t, std::size_t>> seeds(settings_with.begin(), settings_with.end());
  std::stable_sort(seeds.begin(), seeds.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<SeedSet> sets;  // Of each candidate.
  std::map<SeedSet, std::size_t> settings_of;
  for (const auto& [setting, common] : candidates) {
    SeedSet& set = sets.emplace_back(seeds.size());
    for (std::size_t i = 0; i < seeds.size(); ++i) set[i] = common.count(seeds[i].first) > 0;
    ++settings_of[set];
  }
  const SeedSet chosen = find_largest_product(settings_of);
  Selection best;
  for (std::size_t i = 0; i < candidates.size(); ++i)
    if (chosen.is_subset_of(sets[i])) best.settings.push_back(candidates[i].first);
  for (std::size_t i = 0; i < seeds.size(); ++i)
    if (chosen[i]) best.seeds.push_back(seeds[i].first);
  std::sort(best.seeds.begin(), best.seeds.end());
  return best;
}

std::optional<std::size_t> find_odd_row(Rows rows, const std::string& value) {
  std::vector<std::size_t> lacks_alone(rows.size(), 0);
  for (const Setting& setting : all_settings(rows)) {
    std::vector<std::size_t> lacking;
    std::optional<Seeds> common;
    for (std::size_t i = 0; i < rows.size() && lacking.size() < 2; ++i) {
      const Seeds seeds = seeds_with_number(*rows[i], setting, value);
      Seeds both = common ? intersection(*common, seeds) : seeds;
      if (both.empty())
        lacking.push_back(i);
      else
        common = std::move(both);
    }
    if (lacking.size() == 1) ++lacks_alone[lacking.front()];
  }
  const auto most = std::max_element(lacks_alone.begin(), lacks_alone.end());
  if (rows.size() < 3 || *most == 0) return std::nullopt;
  return static_cast<std::size_t>(most - lacks_alone.begin());
}

std::vector<LeftOut> find_left_out(Rows rows, const Selection& selection, const std::string& value) {
  std::vector<LeftOut> found;
  const auto add = [&](std::span<const Setting> settings, std::span<const std::uint64_t> seeds,
                       std::optional<Setting> setting, std::optional<std::uint64_t> seed) {
    if (auto lacking = find_lacking(rows, settings, seeds, value)) {
      lacking->setting = std::move(setting);
      lacking->seed = seed;
      found.push_back(std::move(*lacking));
    }
  };
  for (const Setting& setting : all_settings(rows)) {
    if (!std::binary_search(selection.settings.begin(), selection.settings.end(), setting))
      add({&setting, 1}, selection.seeds, setting, std::nullopt);
  }
  Seeds seeds;
  for (const RowRuns* row : rows)
    for (const auto& [setting, runs] : row->by_setting())
      for (const auto& [seed, run] : runs) seeds.insert(seed);
  for (const std::uint64_t seed : seeds)
    if (!std::binary_search(selection.seeds.begin(), selection.seeds.end(), seed))
      add(selection.settings, {&seed, 1}, std::nullopt, seed);
  return found;
}

}  // namespace ablate
