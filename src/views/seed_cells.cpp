#include "views/seed_cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <set>

#include "stats/best_of_many.hpp"
#include "util/error.hpp"
#include "util/text.hpp"
#include "views/cell_choice.hpp"
#include "views/result_tables.hpp"
#include "views/sweep_observations.hpp"

namespace ablate {

namespace {

struct BestCells {
  std::size_t count = 0;
  std::string score;  ///< Empty: the only one.
};

/// "best 3", "best 3 by vqa"; none: another text.
std::optional<BestCells> parse_best(const std::string& text) {
  if (text != "best" && !text.starts_with("best ")) return std::nullopt;
  BestCells best;
  const std::string rest(trim_unseen(std::string_view(text).substr(4)));
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), best.count);
  const std::string_view by = trim_unseen(std::string_view(end, rest.data() + rest.size()));
  if (error == std::errc() && best.count > 0) {
    if (by.empty()) return best;
    if (by.starts_with("by ") && *end == ' ') {
      best.score = trim_unseen(by.substr(3));
      return best;
    }
  }
  throw Error(fmt::format("'{}' chooses no cells; expected best N or best N by SCORE: best 3 by vqa/4-shot",
                          printable(text)));
}

std::string score_of(const BestCells& best, const std::string& text, Database& database,
                     const SweepRecord& saved) {
  if (!best.score.empty()) return choose_values(database, saved, {best.score}).front();
  const std::vector<std::string> scores = choose_values(database, saved, {});
  if (scores.empty())
    throw Error(
        fmt::format("sweep '{}' has no score yet, by which '{}' could choose; `ablate status {}` "
                    "shows how far it is",
                    saved.name, printable(text), saved.name));
  if (scores.size() == 1) return scores.front();
  throw Error(fmt::format("'{0}' does not say by which score; expected '{0} by SCORE' with one of: {1}",
                          printable(text), join(scores, ", ")));
}

/// The runs of the plan's cells that have the score.
struct ScoredCells {
  std::vector<CellName> cells;       ///< In the order of the plan.
  std::vector<std::uint64_t> seeds;  ///< Ascending.
  std::vector<CellRun> runs;         ///< By indices into these.
};

ScoredCells load_scored(Database& database, const SweepRecord& saved, const Plan& plan,
                        const std::string& score) {
  std::map<CellName, std::size_t> planned;
  for (std::size_t cell = 0; cell < plan.cells.size(); ++cell)
    planned.emplace(name_of(plan, plan.cells[cell]), cell);
  std::map<std::size_t, std::size_t> cells;  // Of the plan, to that of the result.
  std::map<std::uint64_t, std::size_t> seeds;
  std::vector<RunRecord> runs = load_runs(database, saved.id, {score});
  std::erase_if(runs, [&](const RunRecord& run) {
    return !has_number(run, score) || planned.count(name_of(run)) == 0;
  });
  for (const RunRecord& run : runs) {
    cells.emplace(planned.at(name_of(run)), 0);
    seeds.emplace(run.seed, 0);
  }
  ScoredCells scored;
  for (auto& entry : cells) {
    entry.second = scored.cells.size();
    scored.cells.push_back(name_of(plan, plan.cells[entry.first]));
  }
  for (auto& entry : seeds) {
    entry.second = scored.seeds.size();
    scored.seeds.push_back(entry.first);
  }
  for (const RunRecord& run : runs)
    scored.runs.push_back(
        {cells.at(planned.at(name_of(run))), seeds.at(run.seed), value_of(run, score).value()});
  return scored;
}

SeedAddition choose_best(const BestCells& best, const std::string& text, const Plan& plan, Database* database,
                         const SweepRecord* saved) {
  if (!saved)
    throw Error(fmt::format("sweep '{}' has no score yet, by which '{}' could choose; it has to run first",
                            plan.sweep, printable(text)));
  const std::string score = score_of(best, text, *database, *saved);
  ScoredCells scored = load_scored(*database, *saved, plan, score);
  if (best.count > scored.cells.size())
    throw Error(fmt::format(
        "'{}' of sweep '{}': {} the score '{}'; expected at most that many", printable(text), plan.sweep,
        scored.cells.size() == 1 ? "1 cell has" : count_of(std::ssize(scored.cells), "cell") + " have",
        score));
  const CellSeedFit fit = fit_cells_and_seeds(scored.runs, scored.cells.size(), scored.seeds.size());
  const double sign = lower_is_better(*saved, score) ? 1 : -1;
  std::vector<std::size_t> order(scored.cells.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return sign * fit.cell_mean[static_cast<Eigen::Index>(a)] <
           sign * fit.cell_mean[static_cast<Eigen::Index>(b)];
  });
  SeedAddition addition{.cells = std::vector<CellName>()};
  for (std::size_t i = 0; i < best.count; ++i) addition.cells->push_back(std::move(scored.cells[order[i]]));
  addition.reason =
      fmt::format("best {} by {} of {}", best.count, score, count_of(std::ssize(scored.cells), "cell"));
  addition.choice = ScoreChoice{score, std::ssize(scored.cells), std::move(scored.seeds)};
  return addition;
}

}  // namespace

std::vector<SeedAddition> choose_seed_cells(const std::vector<std::string>& texts, const Plan& plan,
                                            Database* database, const SweepRecord* saved) {
  const std::vector<ChosenCell> cells = cells_of(plan);
  const SweepRecord sweep{.name = plan.sweep, .axes = plan.axes};
  std::vector<SeedAddition> additions;
  std::vector<std::string> reasons;
  std::set<std::int64_t> named;
  for (const std::string& text : texts) {
    const bool is_label =
        std::any_of(cells.begin(), cells.end(), [&](const ChosenCell& cell) { return cell.label == text; });
    if (const auto best = is_label ? std::nullopt : parse_best(text)) {
      additions.push_back(choose_best(*best, text, plan, database, saved));
      continue;
    }
    for (const ChosenCell& cell : choose_cells(cells, sweep, text)) named.insert(cell.number);
    reasons.push_back(text);
  }
  if (named.empty()) return additions;
  SeedAddition& addition =
      additions.emplace_back(SeedAddition{.cells = std::vector<CellName>(), .reason = join(reasons, "; ")});
  for (const std::int64_t cell : named)
    addition.cells->push_back(name_of(plan, plan.cells[static_cast<std::size_t>(cell)]));
  return additions;
}

}  // namespace ablate
