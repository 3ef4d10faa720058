#include "plan/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "config/check.hpp"
#include "config/names.hpp"
#include "plan/cells.hpp"
#include "plan/claim_checks.hpp"
#include "plan/cost.hpp"
#include "plan/stages.hpp"
#include "plan/trajectory.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

/// A stage as one cell runs it, before a seed makes it a job. Distinct ones are kept once.
struct StageConfig {
  Stage stage;
  std::string task;
  int version = 1;
  std::vector<std::uint32_t> parts;
  std::vector<std::uint32_t> parents;  ///< Other stage configurations.
  std::int64_t steps = 0;
  Cost cost;
};

template <typename T>
void append(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

class Planner {
 public:
  Planner(const Sweep& sweep, const Fingerprint& fingerprint, const PieceCount& count_pieces,
          const SeedAdditions& additions)
      : sweep_(sweep),
        expander_(sweep),
        part_table_(plan_.parts, fingerprint),
        count_pieces_(count_pieces),
        additions_(additions) {}

  Plan run() {
    plan_.sweep = sweep_.name;
    plan_.seeds = sweep_.seeds;
    try {
      expander_.expand([&](const Cell& cell, const Experiment& experiment) { add_cell(cell, experiment); });
    } catch (const CellError& error) {
      problem(error.where, error.what());
    }
    for (Diagnostic& conflict : expander_.conflicts()) problems_.push_back(std::move(conflict));
    plan_.account = expander_.account();
    for (const SweepAxis& axis : expander_.axes()) {
      PlanAxis& shown = plan_.axes.emplace_back(PlanAxis{axis.name, {}, axis.range});
      for (const Level* level : axis.levels) shown.levels.push_back(level->label);
    }
    // With cells left out, nothing can be said of all cells.
    const bool complete = problems_.empty();
    report_contradictions();
    if (complete && plan_.cells.empty())
      problem(sweep_.where, "no cell is left: every combination is excluded" + account_text());
    if (complete) check_axes();
    if (complete)
      for (Diagnostic& mistake : check_claims(sweep_.claims, plan_.axes, scores_))
        problems_.push_back(std::move(mistake));
    if (!problems_.empty()) throw ConfigError(problems_, *sweep_.sources);
    warn_about_equal_cells();
    if (additions_) add_seeds(plan_, additions_(plan_));
    make_jobs();
    plan_.claims = sweep_.claims;
    plan_.missing_data = part_table_.missing();
    plan_.sources = part_table_.sources();
    plan_.source_lists = part_table_.source_lists();
    return std::move(plan_);
  }

 private:
  void problem(const Location& where, std::string message) {
    problems_.push_back({where, std::move(message)});
  }

  std::string account_text() const {
    std::vector<std::string> lines;
    for (const CountLine& line : plan_.account)
      lines.push_back(fmt::format("{} ({:+})", line.text, line.change));
    return ": " + join(lines, ", ");
  }

  void add_cell(const Cell& cell, const Experiment& experiment) {
    plan_.cells.push_back(cell);
    if (!cell.label.empty()) ++num_includes_;
    if (!sweep_.claims.empty()) add_known_scores(experiment, scores_);
    std::vector<Contradiction> contradictions = find_contradictions(experiment, count_pieces_);
    for (Contradiction& contradiction : contradictions) {
      Found& found = contradictions_[contradiction.message];
      if (found.cells++ == 0) found = {std::move(contradiction.keys), plan_.cells.size() - 1, 1};
    }
    if (!contradictions.empty()) {
      cell_begin_.push_back(cell_configs_.size());
      return;
    }
    std::map<Stage, std::uint32_t> made;
    for (const auto& stage : names_of<Stage>()) {
      if (stage.value == Stage::eval || !experiment.has_stage(stage.value)) continue;
      made[stage.value] = add_stage(experiment, stage.value, EvalTask{}, made);
    }
    if (experiment.has_stage(Stage::eval))
      for (const EvalTask task : experiment.eval.tasks) add_stage(experiment, Stage::eval, task, made);
    cell_begin_.push_back(cell_configs_.size());
    check_include(cell);
  }

  /// Appends a stage to the cell's list and returns its index among the configurations.
  std::uint32_t add_stage(const Experiment& experiment, Stage stage, EvalTask task,
                          const std::map<Stage, std::uint32_t>& made) {
    part_table_.find(experiment, stage, task, part_indices_);
    std::vector<std::uint32_t> parents;
    for (const Stage parent : stage_parents(experiment, stage, task)) parents.push_back(made.at(parent));
    std::string bytes;
    append(bytes, stage);
    append(bytes, task);
    append(bytes, part_indices_.size());
    for (const std::uint32_t part : part_indices_) append(bytes, part);
    for (const std::uint32_t parent : parents) append(bytes, parent);
    const auto [found, is_new] =
        config_index_.try_emplace(hash128(bytes), static_cast<std::uint32_t>(configs_.size()));
    if (is_new)
      configs_.push_back({stage, stage == Stage::eval ? to_name(task) : "", stage_version(experiment, stage),
                          part_indices_, std::move(parents), stage_steps(experiment, stage),
                          stage_cost(experiment, stage, task)});
    cell_configs_.push_back(found->second);
    return found->second;
  }

  std::span<const std::uint32_t> configs_of(std::size_t cell) const {
    return std::span(cell_configs_).subspan(cell_begin_[cell], cell_begin_[cell + 1] - cell_begin_[cell]);
  }

  /// Tells whether two cells are the same runs.
  Hash128 signature(std::size_t cell) const {
    const auto configs = configs_of(cell);
    return hash128({reinterpret_cast<const char*>(configs.data()), configs.size_bytes()});
  }

  void check_include(const Cell& cell) {
    const std::size_t number = plan_.cells.size() - 1;
    const auto [earlier, is_new] = by_signature_.try_emplace(signature(number), number);
    if (is_new) return;
    if (cell.label.empty()) {
      equal_cells_.emplace_back(earlier->second, number);
      return;
    }
    // Extra cells come last, in the order of their tables.
    const std::size_t include = num_includes_ - 1;
    problem(sweep_.includes[include].where,
            fmt::format("duplicate cell: include '{}' is the same runs as {}", cell.label,
                        expander_.describe(plan_.cells[earlier->second])));
  }

  void report_contradictions() {
    for (const auto& [message, found] : contradictions_) {
      const std::string which =
          plan_.cells.size() == 1 ? ""
          : found.cells == std::ssize(plan_.cells)
              ? fmt::format(" (in all {} cells)", found.cells)
              : fmt::format(" (in {} of {} cells, first: {}; an [[exclude]] rule can take them out)",
                            found.cells, plan_.cells.size(), expander_.describe(plan_.cells[found.first]));
      problem(place_of(found), message + which);
    }
  }

  struct Found {
    std::vector<const char*> keys;
    std::size_t first = 0;
    std::int64_t cells = 0;
  };

  /// Where a contradiction is best shown: the level of the first cell that sets one of the keys, else where
  /// the files set it.
  Location place_of(const Found& found) const {
    const Cell& cell = plan_.cells[found.first];
    for (std::size_t a = 0; a < cell.levels.size(); ++a) {
      if (cell.levels[a] < 0) continue;
      const Level& level = *expander_.axes()[a].levels[static_cast<std::size_t>(cell.levels[a])];
      for (const Assignment& assignment : level.assignments)
        for (const char* key : found.keys)
          if (assignment.field->key == key) return assignment.where;
    }
    // What the sweep itself sets is what its experiment did not mean.
    for (const bool in_sweep : {true, false})
      for (const char* key : found.keys) {
        const Location where = sweep_.set_at[find_field(key)->index];
        if (where.line > 0 && (!in_sweep || where.source == sweep_.where.source)) return where;
      }
    return {.source = sweep_.where.source};
  }

  /// An axis whose levels never make a difference is a mistake: a key of a stage that is not run, say.
  void check_axes() {
    if (!contradictions_.empty()) return;
    const auto& axes = expander_.axes();
    std::vector<Hash128> signatures(plan_.cells.size());
    for (std::size_t cell = 0; cell < plan_.cells.size(); ++cell) signatures[cell] = signature(cell);
    for (std::size_t a = 0; a < axes.size(); ++a) {
      if (axes[a].levels.size() < 2) continue;
      bool compared = false, differs = false;
      std::unordered_map<Hash128, Hash128>
          first;  // The cells that agree on all other axes, and what the first one runs.
      std::vector<std::int32_t> rest;
      for (std::size_t cell = 0; cell < plan_.cells.size() && !differs; ++cell) {
        rest = plan_.cells[cell].levels;
        rest[a] = 0;
        const Hash128 group =
            hash128({reinterpret_cast<const char*>(rest.data()), rest.size() * sizeof rest[0]});
        const auto [other, is_new] = first.try_emplace(group, signatures[cell]);
        compared = compared || !is_new;
        differs = !is_new && other->second != signatures[cell];
      }
      if ((compared && !differs) || (!compared && !can_matter(axes[a])))
        problem(axes[a].where, fmt::format("axis '{}' changes no job: {}", axes[a].name, why_idle(a)));
    }
  }

  std::string why_idle(std::size_t a) const {
    const SweepAxis& axis = expander_.axes()[a];
    std::vector<std::string> kept;
    for (const Level* level : axis.levels)
      for (const Assignment& assignment : level->assignments)
        for (const Field* key : preset_keys(*assignment.field))
          if (sweep_.beside_preset[key->index] && std::find(kept.begin(), kept.end(), key->key) == kept.end())
            kept.push_back(key->key);
    if (!kept.empty())
      return fmt::format("the experiment or [override] sets {}, and keys beside a preset win",
                         join(kept, ", "));
    const std::string unread = fmt::format("its keys do not matter to the stages {} of any cell",
                                           join(to_names(sweep_.experiment.stages), ", "));
    if (!can_matter(axis)) return unread;
    const std::string equal = equal_levels(a);
    return equal.empty() ? unread + ", or its levels mean the same to them" : equal;
  }

  /// Says so when all levels of an axis give its keys the same values wherever all else is equal. Resolves
  /// the cells once more, since their values were not kept.
  std::string equal_levels(std::size_t a) const {
    std::set<const Field*> keys;
    for (const Level* level : expander_.axes()[a].levels)
      for (const Assignment& assignment : level->assignments) keys.insert(assignment.field);
    struct Seen {
      std::int32_t level;
      std::vector<Value> values;
    };
    std::map<std::vector<std::int32_t>, Seen> first;  // Of the cells that agree on all other axes.
    std::string found;
    bool differs = false;
    CellExpander again(sweep_);
    again.expand([&](const Cell& cell, const Experiment& experiment) {
      std::vector<std::int32_t> rest = cell.levels;
      const std::int32_t level = std::exchange(rest[a], 0);
      if (differs || level < 0) return;
      Seen seen{level, {}};
      for (const Field* key : keys) seen.values.push_back(get_value(*key, experiment));
      const auto [other, is_new] = first.try_emplace(std::move(rest), seen);
      differs = other->second.values != seen.values;
      if (is_new || !found.empty()) return;
      std::vector<std::string> values;
      for (const Field* key : keys)
        values.push_back(fmt::format("{} = {}", key->key, to_text(get_value(*key, experiment))));
      const auto& levels = again.axes()[a].levels;
      found = fmt::format("its levels '{}' and '{}' have equal values, {}",
                          levels[static_cast<std::size_t>(other->second.level)]->label,
                          levels[static_cast<std::size_t>(level)]->label, join(values, ", "));
    });
    return differs ? "" : found;
  }

  /// For axes whose levels are never compared with all else equal (zip, sample).
  bool can_matter(const SweepAxis& axis) const {
    for (const Level* level : axis.levels)
      for (const Assignment& assignment : level->assignments) {
        const Field& field = *assignment.field;
        if (field.key == "stages" || field.key == "eval.tasks" || field.is_preset()) return true;
        for (const Stage stage : sweep_.experiment.stages)
          if (field.stages.has(stage)) return true;
      }
    return false;
  }

  void warn_about_equal_cells() {
    if (equal_cells_.empty()) return;
    plan_.warnings.push_back(
        fmt::format("{} cells are the same runs as others, for example: {} -- and: {}; the key that differs "
                    "has no effect there (a 'when' condition on its axis says so), or its levels come to the "
                    "same: equal values, files of the same content",
                    equal_cells_.size(), expander_.describe(plan_.cells[equal_cells_.front().first]),
                    expander_.describe(plan_.cells[equal_cells_.front().second])));
  }

  void make_jobs() {
    const std::size_t cells = plan_.cells.size(), planned = cells * plan_.seeds.size();
    plan_.replicate_jobs.reserve(cell_configs_.size() * plan_.seeds.size());
    plan_.replicate_begin.reserve(planned + plan_.added.size() + 1);
    plan_.jobs.reserve(configs_.size() * plan_.seeds.size());
    constexpr std::uint32_t kNone = UINT32_MAX;
    std::vector<std::uint32_t> job_of;
    std::map<Stage, std::int64_t> before, after;
    for (std::size_t replicate = 0; replicate < planned + plan_.added.size(); ++replicate) {
      const std::uint64_t seed = plan_.seed_of(replicate);
      if (replicate == 0 || seed != plan_.seed_of(replicate - 1)) job_of.assign(configs_.size(), kNone);
      for (const std::uint32_t config : configs_of(plan_.cell_of(replicate))) {
        if (job_of[config] == kNone) {
          job_of[config] = add_job(configs_[config], seed, job_of);
          ++after[configs_[config].stage];
        }
        ++before[configs_[config].stage];
        ++plan_.jobs[job_of[config]].replicates;
        plan_.replicate_jobs.push_back(job_of[config]);
      }
      plan_.replicate_begin.push_back(plan_.replicate_jobs.size());
    }
    chain_jobs();
    account_for_jobs(before, after);
  }

  void chain_jobs() {
    ShorterJobs<Hash128> shorter(plan_.jobs.size());
    for (std::size_t i = 0; i < plan_.jobs.size(); ++i)
      shorter.add(i, plan_.jobs[i].trajectory, plan_.jobs[i].steps);
    const auto found = shorter.find();
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (!found[i]) continue;
      plan_.jobs[i].goes_on_from = static_cast<std::uint32_t>(*found[i]);
      plan_.jobs[i].first_step = plan_.jobs[*found[i]].steps;
    }
  }

  std::uint32_t add_job(const StageConfig& config, std::uint64_t seed,
                        const std::vector<std::uint32_t>& job_of) {
    PlannedJob& job = plan_.jobs.emplace_back();
    job.stage = config.stage;
    job.task = config.task;
    job.seed = seed;
    job.version = config.version;
    job.parts = config.parts;
    for (const std::uint32_t parent : config.parents) job.parents.push_back(job_of[parent]);
    job.steps = config.steps;
    job.cost = config.cost;
    job.key = job_key(job, plan_.parts, plan_.jobs);
    job.trajectory = job_trajectory(job, plan_.parts, plan_.jobs);
    return static_cast<std::uint32_t>(plan_.jobs.size() - 1);
  }

  void account_for_jobs(const std::map<Stage, std::int64_t>& before,
                        const std::map<Stage, std::int64_t>& after) {
    auto& account = plan_.account;
    const auto add = [&](std::string text, std::int64_t total) {
      account.push_back({std::move(text), total - account.back().total, total});
    };
    add(fmt::format("x {} seed{}: runs", plan_.seeds.size(), plan_.seeds.size() == 1 ? "" : "s"),
        static_cast<std::int64_t>(plan_.cells.size() * plan_.seeds.size()));
    if (!plan_.added.empty())
      add(added_text(plan_) + ": runs", static_cast<std::int64_t>(plan_.num_replicates()));
    std::vector<std::string> stages;
    std::int64_t all = 0;
    for (const auto& [stage, number] : before) {
      stages.push_back(fmt::format("{} {}", to_name(stage), with_commas(number)));
      all += number;
    }
    add(fmt::format("their stages ({})", join(stages, ", ")), all);
    for (const auto& [stage, number] : after)
      if (number != before.at(stage))
        add(fmt::format("{} stages that others share", to_name(stage)),
            account.back().total - before.at(stage) + number);
    add("jobs", static_cast<std::int64_t>(plan_.jobs.size()));
  }

  const Sweep& sweep_;
  CellExpander expander_;
  Plan plan_;
  PartTable part_table_;
  const PieceCount& count_pieces_;
  const SeedAdditions& additions_;
  std::vector<Diagnostic> problems_;
  std::set<std::string> scores_;                 ///< That cells may give, where the sweep has claims.
  std::map<std::string, Found> contradictions_;  ///< By message.

  std::vector<StageConfig> configs_;
  std::unordered_map<Hash128, std::uint32_t> config_index_;
  std::vector<std::uint32_t> cell_configs_;  ///< Configurations of all cells, one after the other.
  std::vector<std::size_t> cell_begin_ = {0};
  std::vector<std::uint32_t> part_indices_;
  std::unordered_map<Hash128, std::size_t> by_signature_;
  std::vector<std::pair<std::size_t, std::size_t>> equal_cells_;
  std::size_t num_includes_ = 0;
};

}  // namespace

Plan make_plan(const Sweep& sweep, const Fingerprint& fingerprint, const PieceCount& count_pieces,
               const SeedAdditions& additions) {
  return Planner(sweep, fingerprint, count_pieces, additions).run();
}

}  // namespace ablate
