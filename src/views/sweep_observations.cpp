#include "views/sweep_observations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "stats/pivot.hpp"
#include "store/added_seeds.hpp"
#include "store/query.hpp"
#include "store/results.hpp"
#include "store/sweep_jobs.hpp"
#include "util/text.hpp"
#include "views/choice_notes.hpp"

namespace ablate {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::optional<double> number_of(const std::string& label) {
  double number = 0;
  const auto [end, error] = std::from_chars(label.data(), label.data() + label.size(), number);
  if (error != std::errc() || end != label.data() + label.size() || !std::isfinite(number))
    return std::nullopt;
  return number;
}

/// Of an imported axis, where its numbers hardly repeat.
std::optional<SampledRange> seen_range(const std::vector<RunRecord>& runs, const std::string& axis) {
  std::map<double, std::set<std::int64_t>> cells;
  for (const RunRecord& run : runs) {
    const auto level = run.levels.find(axis);
    if (level == run.levels.end()) continue;
    const auto number = number_of(level->second.label);
    if (!number) return std::nullopt;
    cells[*number].insert(run.cell);
  }
  const auto alone = static_cast<std::size_t>(std::count_if(
      cells.begin(), cells.end(), [](const auto& of_number) { return of_number.second.size() == 1; }));
  if (cells.size() <= kMostAxisLevels || 2 * alone <= cells.size()) return std::nullopt;
  SampledRange range{.low = cells.begin()->first, .high = cells.rbegin()->first, .log = false, .seen = true};
  if (range.low > 0 && range.high > kLogSpan * range.low) {
    double even = 0, even_in_log = 0;  // Mean distances from the middle.
    for (const auto& of_number : cells) {
      even += (of_number.first - range.low) / (range.high - range.low) - 0.5;
      even_in_log += std::log(of_number.first / range.low) / std::log(range.high / range.low) - 0.5;
    }
    range.log = std::abs(even_in_log) < std::abs(even);
  }
  return range;
}

std::optional<SampledRange> sampled_range(const std::vector<RunRecord>& runs, const SweepRecord& sweep,
                                          const std::string& axis) {
  if (sweep.imported) return seen_range(runs, axis);
  for (const PlanAxis& one : sweep.axes)
    if (one.name == axis && one.range)
      return SampledRange{
          .low = one.range->low, .high = one.range->high, .log = one.range->scale == Scale::log};
  return std::nullopt;
}

/// The axes that vary, without the levels that no run has.
std::vector<Factor> factors_of(const std::vector<RunRecord>& runs, const SweepRecord& sweep) {
  std::vector<Factor> factors;
  for (const std::string& name : varying_axes(runs, sweep.axes)) {
    Factor factor{.name = name};
    factor.range = sampled_range(runs, sweep, name);
    if (factor.continuous()) {
      factors.push_back(std::move(factor));
      continue;
    }
    std::map<std::size_t, std::string> labels;
    for (const RunRecord& run : runs)
      if (const auto level = run.levels.find(name); level != run.levels.end() && run.label.empty())
        labels.emplace(level->second.index, level->second.label);
    for (const auto& [index, label] : labels) {
      factor.levels.push_back(label);
      if (const auto number = number_of(label)) factor.values.push_back(*number);
    }
    if (factor.values.size() < factor.levels.size()) factor.values.clear();
    factors.push_back(std::move(factor));
  }
  return factors;
}

double level_of(const RunRecord& run, const Factor& factor) {
  const auto level = run.levels.find(factor.name);
  if (level == run.levels.end() || !run.label.empty()) return kNone;
  if (factor.continuous()) return number_of(level->second.label).value_or(kNone);
  const auto at = std::find(factor.levels.begin(), factor.levels.end(), level->second.label);
  return static_cast<double>(at - factor.levels.begin());
}

RunEnd end_of(const RunRecord& run, const std::string& value) {
  if (has_number(run, value)) return RunEnd::finished;
  return run.diverged || run.state_of(value) == JobState::failed ? RunEnd::failed : RunEnd::unknown;
}

/// For one factor, the first job of each run that tells its level: no run of another level has it.
void find_plots(const std::vector<RunRecord>& runs, std::vector<Observation>& observations,
                std::size_t factor) {
  const auto level = [&](std::size_t run) {
    const double at = observations[run].at[factor];
    return std::isnan(at) ? std::numeric_limits<double>::lowest() : at;
  };
  std::unordered_map<std::int64_t, double> level_of_job;  // NaN: several.
  for (std::size_t i = 0; i < runs.size(); ++i)
    for (const std::int64_t job : runs[i].label.empty() ? runs[i].jobs : std::vector<std::int64_t>{}) {
      const auto [known, is_new] = level_of_job.try_emplace(job, level(i));
      if (known->second != level(i)) known->second = kNone;
    }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto& jobs = runs[i].jobs;
    const auto first = std::find_if(jobs.begin(), jobs.end(), [&](std::int64_t job) {
      const auto known = level_of_job.find(job);
      return known != level_of_job.end() && !std::isnan(known->second);
    });
    // Runs that share all of their jobs are one run: two levels that make no difference to any stage.
    observations[i].plots.push_back(first == jobs.end() ? (jobs.empty() ? -1 : jobs.back()) : *first);
  }
}

/// FLOPs of the jobs of a sweep, by job id.
std::unordered_map<std::int64_t, double> load_flops(Database& database, std::int64_t sweep_id) {
  std::unordered_map<std::int64_t, double> flops;
  const SweepJobs jobs = load_sweep_jobs(database, sweep_id);
  Query query(database, "SELECT id, flops FROM job WHERE id BETWEEN ? AND ?");
  query.bind(jobs.first_id(), jobs.last_id());
  while (query.step()) flops.emplace(query.integer(0), query.real(1));
  return flops;
}

std::vector<double> costs_of(Database& database, const SweepRecord& sweep,
                             const std::vector<RunRecord>& runs) {
  std::vector<double> costs;
  if (sweep.imported) {
    for (const RunRecord& run : runs) costs.push_back(value_of(run, sweep.imported->cost).value_or(kNone));
    return costs;
  }
  const auto flops = load_flops(database, sweep.id);
  for (const RunRecord& run : runs) {
    double sum = 0;
    for (const std::int64_t job : run.jobs) sum += flops.at(job);
    costs.push_back(sum);
  }
  return costs;
}

}  // namespace

bool lower_is_better(const SweepRecord& sweep, const std::string& value) {
  if (sweep.imported) {
    const auto& losses = sweep.imported->lower_is_better;
    return std::find(losses.begin(), losses.end(), value) != losses.end();
  }
  if (value.ends_with("accuracy")) return false;  // "heldout-loss/accuracy"
  return value.find("loss") != std::string::npos || value.find("perplexity") != std::string::npos ||
         value.find("bits-per-byte") != std::string::npos;
}

Observations levels_of_runs(const std::vector<RunRecord>& runs, const SweepRecord& sweep) {
  Observations levels{.factors = factors_of(runs, sweep)};
  for (const RunRecord& run : runs) {
    Observation& one = levels.runs.emplace_back();
    if (!sweep.has_own_seeds()) one.seed = run.seed;
    for (const Factor& factor : levels.factors) one.at.push_back(level_of(run, factor));
  }
  return levels;
}

std::vector<std::string> observation_notes(Database& database, const SweepRecord& sweep) {
  std::vector<std::string> notes = comparison_notes(database, sweep), cells;
  Query query(database, "SELECT label FROM cell WHERE sweep_id = ? AND label <> '' ORDER BY number",
              sweep.id);
  while (query.step()) cells.push_back("'" + one_line(query.view(0)) + "'");
  constexpr std::size_t kNamed = 6;
  const std::string more = cells.size() > kNamed ? fmt::format(" and {} more", cells.size() - kNamed) : "";
  if (cells.empty()) return notes;
  cells.resize(std::min(cells.size(), kNamed));
  notes.push_back(
      fmt::format("without the [[include]] cells {}{}, which may differ in more than axes: "
                  "`ablate compare {}` compares one with another cell",
                  join(cells, ", "), more, sweep.name));
  return notes;
}

void require_comparable(const Observations& runs, const SweepRecord& sweep) {
  if (runs.factors.empty())
    throw Error(fmt::format("sweep '{}': no axis varies; expected an axis with two levels", sweep.name));
  for (const Factor& factor : runs.factors)
    if (factor.levels.size() > kMostCompared)
      throw Error(fmt::format(
          "axis '{}' of sweep '{}' has {} levels; expected at most {} to be compared{}",
          printable(factor.name), sweep.name, with_commas(std::ssize(factor.levels)), kMostCompared,
          sweep.imported ? "; `ablate import --axis` names the columns that are axes" : ""));
}

std::vector<Observations> load_observations(Database& database, const SweepRecord& sweep,
                                            const std::vector<std::string>& values) {
  std::vector<std::string> wanted = values;
  if (sweep.imported && !sweep.imported->cost.empty()) wanted.push_back(sweep.imported->cost);
  const std::vector<RunRecord> runs = load_runs(database, sweep.id, wanted);
  const std::vector<std::uint64_t> left_out = seeds_of_chosen(runs, load_additions(database, sweep.id));
  Observations shape = levels_of_runs(runs, sweep);
  const std::vector<double> costs = costs_of(database, sweep, runs);
  for (std::size_t i = 0; i < runs.size(); ++i) shape.runs[i].cost = costs[i];
  if (!sweep.imported)
    for (std::size_t i = 0; i < shape.factors.size(); ++i) find_plots(runs, shape.runs, i);

  std::vector<Observations> all;
  for (const std::string& value : values) {
    Observations seen = shape;
    seen.lower_is_better = lower_is_better(sweep, value);
    for (std::size_t i = 0; i < runs.size(); ++i) {
      Observation& one = seen.runs[i];
      one.left_out =
          !runs[i].label.empty() || std::binary_search(left_out.begin(), left_out.end(), runs[i].seed);
      if (one.left_out) {  // In its place, as other things are known by the number of the run.
        one.end = RunEnd::unknown;
        continue;
      }
      one.end = end_of(runs[i], value);
      if (one.end == RunEnd::finished) one.score = *value_of(runs[i], value);
      const auto examples = runs[i].examples.find(value);
      if (examples == runs[i].examples.end()) continue;
      one.examples = examples->second.n;
      one.standard_error = examples->second.standard_error;
    }
    all.push_back(std::move(seen));
  }
  return all;
}

}  // namespace ablate
