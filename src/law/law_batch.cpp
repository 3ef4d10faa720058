#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "law/bowl_scans.hpp"
#include "law/law_core.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr std::size_t kLeastBatches = 3, kLeastRates = 3;

/// In how many of the (N, D) scans three batches and three rates were tried.
struct BatchCoverage {
  std::size_t scans = 0, tuned = 0;
};
BatchCoverage coverage_of(std::span<const LawRun> runs) {
  BatchCoverage coverage;
  for (const ScanRuns& scan : group_scans(runs, true)) {
    ++coverage.scans;
    coverage.tuned += distinct_values(runs, scan.all, &LawRun::batch).size() >= kLeastBatches &&
                      distinct_values(runs, scan.all, &LawRun::lr).size() >= kLeastRates;
  }
  return coverage;
}

struct BatchSupport {
  double batch = 0;
  std::size_t sizes = 0, sweeps = 0;
};

/// The batch at which most sizes were swept with three rates; then the most sweeps, then the smallest batch.
BatchSupport best_supported_batch(std::span<const LawRun> runs) {
  std::map<double, std::map<double, std::size_t>> sweeps;  // batch -> size -> number of sweeps
  for (const ScanRuns& scan : group_scans(runs, false))
    if (distinct_values(runs, scan.all, &LawRun::lr).size() >= kLeastRates)
      ++sweeps[runs[scan.lowest].batch][runs[scan.lowest].params];
  BatchSupport best;
  for (const auto& [batch, sizes] : sweeps) {
    BatchSupport found{batch, sizes.size(), 0};
    for (const auto& [size, count] : sizes) found.sweeps += count;
    if (std::pair(found.sizes, found.sweeps) > std::pair(best.sizes, best.sweeps)) best = found;
  }
  return best;
}

bool has_several_batches(std::span<const LawRun> runs) {
  return std::any_of(runs.begin(), runs.end(),
                     [&](const LawRun& run) { return run.batch != runs.front().batch; });
}

BatchChoice at_one_batch(const std::vector<LawRun>& runs, double batch) {
  BatchChoice choice;
  choice.batch = batch;
  choice.runs = runs_at_batch(runs, batch);
  choice.why = fmt::format("one batch of {} tokens", human_amount(batch));
  if (choice.runs.size() < runs.size())
    choice.findings.push_back(
        {FindingKind::mixed_batches, false,
         fmt::format("{} of {} runs have other batches than {} tokens and are left out: the best rate moves "
                     "with the batch",
                     count_runs(runs) - count_runs(choice.runs), count_runs(runs), human_amount(batch))});
  return choice;
}

BatchChoice fixed_choice(const std::vector<LawRun>& runs) {
  if (!has_several_batches(runs)) {
    BatchChoice choice{.batch = runs.front().batch, .runs = runs};
    choice.why = choice.batch > 0 ? fmt::format("one batch of {} tokens", human_amount(choice.batch))
                                  : std::string("no batches are given");
    return choice;
  }
  const BatchSupport best = best_supported_batch(runs);
  if (best.sizes >= 2 || distinct_sizes(runs).size() < 2)
    return at_one_batch(runs, best.batch > 0 ? best.batch : runs.front().batch);
  BatchChoice choice{.runs = runs};
  choice.why = "the batch goes with the size";
  choice.findings.push_back({FindingKind::mixed_batches, false,
                             "no two sizes were swept with three rates at one batch: the law holds for the "
                             "rule by which these runs chose theirs, and no other"});
  return choice;
}

}  // namespace

BatchChoice choose_batch(const std::vector<LawRun>& runs, const LawOptions& options) {
  const bool known = runs.front().batch > 0;
  if (options.batch) {
    if (!known || runs_at_batch(runs, *options.batch).empty())
      throw Error(fmt::format("no run has a batch of {} tokens", shortest(*options.batch)));
    return at_one_batch(runs, *options.batch);
  }
  if (options.batch_mode == BatchMode::fixed) return fixed_choice(runs);
  const BatchCoverage coverage = known ? coverage_of(runs) : BatchCoverage{};
  if (options.batch_mode == BatchMode::tuned && coverage.tuned == 0)
    throw Error("a law with tuned batch needs at least one size with three batches and three rates");
  const bool tuned =
      options.batch_mode == BatchMode::tuned || (coverage.tuned > 0 && 2 * coverage.tuned >= coverage.scans);
  if (!tuned) return fixed_choice(runs);
  BatchChoice choice{.joint = true, .runs = runs};
  choice.why =
      fmt::format("three or more batches were tried in {} of {} scans", coverage.tuned, coverage.scans);
  return choice;
}

}  // namespace ablate
