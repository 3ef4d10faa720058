#include "plan/added_seeds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "plan/plan.hpp"
#include "util/text.hpp"

namespace ablate {

std::string CellName::text() const {
  if (!label.empty()) return label;
  std::vector<std::string> texts;
  for (const auto& [axis, level] : levels) texts.push_back(axis + " = " + level);
  return texts.empty() ? "the only cell" : join(texts, ", ");
}

bool SeedAddition::is_like(const SeedAddition& other) const {
  return seeds == other.seeds && cells == other.cells && reason == other.reason && choice == other.choice;
}

CellName name_of(const Plan& plan, const Cell& cell) {
  CellName name{cell.label, {}};
  for (std::size_t axis = 0; axis < cell.levels.size(); ++axis)
    if (cell.levels[axis] >= 0)
      name.levels.emplace(plan.axes[axis].name,
                          plan.axes[axis].levels[static_cast<std::size_t>(cell.levels[axis])]);
  return name;
}

void add_seeds(Plan& plan, std::vector<SeedAddition> additions) {
  if (additions.empty()) return;
  std::map<CellName, std::size_t> cells;
  for (std::size_t cell = 0; cell < plan.cells.size(); ++cell)
    cells.emplace(name_of(plan, plan.cells[cell]), cell);
  std::set<std::pair<std::uint64_t, std::size_t>> added;  // Seed and cell.
  for (SeedAddition& addition : additions) {
    const auto add = [&](std::size_t cell) {
      for (const std::uint64_t seed : addition.seeds)
        if (std::find(plan.seeds.begin(), plan.seeds.end(), seed) == plan.seeds.end())
          added.emplace(seed, cell);
    };
    const auto add_if_there = [&](const CellName& name) {
      const auto found = cells.find(name);
      if (found != cells.end()) add(found->second);
      return found != cells.end();
    };
    if (!addition.cells)
      for (std::size_t cell = 0; cell < plan.cells.size(); ++cell) add(cell);
    else
      std::erase_if(*addition.cells, [&](const CellName& name) {
        if (add_if_there(name)) return false;
        plan.dropped_additions.push_back(fmt::format(
            "the sweep no longer has the cell '{}', so that the {} that it was given ({}) {} dropped",
            name.text(), list_seeds(addition.seeds), addition.reason,
            addition.seeds.size() == 1 ? "is" : "are"));
        return true;
      });
    if (!addition.cells || !addition.cells->empty()) plan.additions.push_back(std::move(addition));
  }
  for (const auto& [seed, cell] : added) plan.added.push_back({cell, seed});
}

std::string list_seeds(const std::vector<std::uint64_t>& seeds) {
  constexpr std::size_t kListed = 3;
  if (seeds.size() == 1) return fmt::format("seed {}", seeds.front());
  const bool in_row = !seeds.empty() && seeds.back() - seeds.front() == seeds.size() - 1;
  return seeds.size() > kListed && in_row ? fmt::format("seeds {} to {}", seeds.front(), seeds.back())
                                          : fmt::format("seeds {}", fmt::join(seeds, ", "));
}

std::string addition_text(const SeedAddition& addition) {
  if (!addition.cells) return list_seeds(addition.seeds) + ": all cells";
  const char* const quote = addition.choice ? "" : "'";
  return fmt::format("{}: {} ({}{}{})", list_seeds(addition.seeds),
                     count_of(std::ssize(*addition.cells), "cell"), quote, addition.reason, quote);
}

std::string added_text(const Plan& plan) {
  std::set<std::uint64_t> seeds, cells;
  for (const AddedReplicate& replicate : plan.added) {
    seeds.insert(replicate.seed);
    cells.insert(replicate.cell);
  }
  return fmt::format("{}, added to {}", list_seeds({seeds.begin(), seeds.end()}),
                     cells.size() == plan.cells.size() ? "all cells" : count_of(std::ssize(cells), "cell"));
}

}  // namespace ablate
