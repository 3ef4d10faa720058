#include "program/seed_change.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "store/added_seeds.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

std::optional<SweepRecord> find_planned(Database& database, const std::string& name) {
  for (SweepRecord& sweep : load_sweeps(database))
    if (sweep.name == name && !sweep.imported) return std::move(sweep);
  return std::nullopt;
}

std::vector<std::uint64_t> next_seeds(const Plan& plan, const std::vector<SeedAddition>& additions,
                                      std::int64_t more) {
  std::uint64_t largest = *std::max_element(plan.seeds.begin(), plan.seeds.end());
  for (const SeedAddition& addition : additions) largest = std::max(largest, addition.seeds.back());
  if (std::numeric_limits<std::uint64_t>::max() - largest < static_cast<std::uint64_t>(more))
    throw Error(fmt::format("sweep '{}' has seed {}, after which there are no {} more", plan.sweep, largest,
                            with_commas(more)));
  std::vector<std::uint64_t> seeds;
  for (std::int64_t i = 1; i <= more; ++i) seeds.push_back(largest + static_cast<std::uint64_t>(i));
  return seeds;
}

/// A file that is gone has been moved, and its sweep is the same; another one takes only the name.
bool is_same_sweep(const FormerFile& former) { return former.is_gone; }

}  // namespace

SeedAdditions additions_after(Database* database, const std::string& name,
                              const std::optional<FormerFile>& former, const SeedChange& change) {
  std::optional<SweepRecord> saved;
  if (database && (!former || is_same_sweep(*former))) saved = find_planned(*database, name);
  return [=](const Plan& plan) {
    std::vector<SeedAddition> additions;
    if (saved && !change.take_back) additions = load_additions(*database, saved->id);
    if (change.more == 0) return additions;
    std::vector<SeedAddition> more = {{.reason = "all cells"}};
    if (change.cells) more = change.cells(plan, saved ? database : nullptr, saved ? &*saved : nullptr);
    const std::vector<std::uint64_t> seeds = next_seeds(plan, additions, change.more);
    for (SeedAddition& addition : more) {
      addition.seeds = seeds;
      additions.push_back(std::move(addition));
    }
    return additions;
  };
}

std::vector<std::string> forgotten_lines(Database& database, const std::string& name,
                                         const std::optional<FormerFile>& former, const SeedChange& change) {
  const std::optional<SweepRecord> saved = find_planned(database, name);
  std::vector<SeedAddition> additions;
  if (saved) additions = load_additions(database, saved->id);
  if (additions.empty()) return {};
  if (former && !is_same_sweep(*former))
    return {fmt::format("the seeds that the sweep of {} was given are dropped", shown_path(former->path))};
  std::vector<std::string> lines;
  if (change.take_back)
    for (const SeedAddition& addition : additions) lines.push_back("takes back " + addition_text(addition));
  return lines;
}

bool adds_seeds(const Plan& plan) {
  return std::any_of(plan.additions.begin(), plan.additions.end(),
                     [](const SeedAddition& addition) { return addition.added_at == 0; });
}

std::vector<std::string> seed_lines(const Plan& plan) {
  constexpr std::size_t kNamed = 8;
  std::vector<std::string> lines = plan.dropped_additions;
  std::vector<std::string> before;
  for (const SeedAddition& addition : plan.additions) {
    if (addition.added_at > 0) {
      before.push_back(addition_text(addition));
      continue;
    }
    lines.push_back("adds " + addition_text(addition));
    if (!addition.cells) continue;
    const std::vector<CellName>& cells = *addition.cells;
    for (std::size_t i = 0; i < std::min(kNamed, cells.size()); ++i)
      lines.push_back("  " + one_line(cells[i].text()));
    if (cells.size() > kNamed) lines.push_back(fmt::format("  and {} more", cells.size() - kNamed));
  }
  if (adds_seeds(plan) && !before.empty()) lines.push_back("added before: " + join(before, "; "));
  return lines;
}

}  // namespace ablate
