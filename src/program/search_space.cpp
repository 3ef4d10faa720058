#include "program/search_space.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "config/eval_tasks.hpp"
#include "config/fields.hpp"
#include "config/names.hpp"
#include "law/names.hpp"
#include "plan/cells.hpp"
#include "plan/cost.hpp"
#include "util/file.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

double tokens_of(const Experiment& experiment, Stage stage) {
  const Train& train = train_of(experiment, stage);
  return static_cast<double>(train.last_step()) * static_cast<double>(train.batch * experiment.data.seq_len);
}

bool same_size(double a, double b) { return std::abs(a - b) <= 1e-6 * std::max(a, b); }

/// A value as TOML writes it; texts and lists as JSON has them are legal there. Paths from `folder`, as
/// real_path() has it.
std::string toml_value(const Field& field, Value value, const std::filesystem::path& folder) {
  const auto from_folder = [&](std::string& path) {
    if (!path.empty()) path = std::filesystem::path(path).lexically_proximate(folder).string();
  };
  if (field.is_path()) {
    if (auto* path = std::get_if<std::string>(&value)) from_folder(*path);
    if (auto* paths = std::get_if<std::vector<std::string>>(&value))
      std::for_each(paths->begin(), paths->end(), from_folder);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    const std::string text = shortest(*number);
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
  }
  return std::visit([](const auto& held) { return Json(held).dump(); }, value);
}

/// The experiment that the sweep names, by itself.
Experiment resolve_alone(const std::filesystem::path& file) {
  Experiment found;
  const Sweep alone = load_sweep_or_experiment(file);
  CellExpander(alone).expand([&](const Cell&, const Experiment& experiment) { found = experiment; });
  return found;
}

/// The keys that are computed from `key` in some cell, through others or not.
std::set<std::string> computed_from(const std::string& key, const Sweep& sweep) {
  std::vector<const Assignment*> all;
  const auto append = [&](const std::vector<Assignment>& some) {
    for (const Assignment& assignment : some)
      if (std::holds_alternative<BoundExpression>(assignment.value)) all.push_back(&assignment);
  };
  append(sweep.computed);
  for (const Block& block : sweep.blocks)
    for (const Axis& axis : block.axes)
      for (const Level& level : axis.levels) append(level.assignments);
  for (const IncludeCell& include : sweep.includes) append(include.assignments);
  std::set<std::string> found;
  for (bool grows = true; grows;) {
    grows = false;
    for (const Assignment* one : all)
      for (const Field* source : std::get<BoundExpression>(one->value).keys)
        if (source->key == key || found.contains(source->key))
          grows = found.insert(one->field->key).second || grows;
  }
  return found;
}

/// Throws Error where the runs are several experiments, or keys follow the rate: how, no file could say.
void refuse_differences(const Sweep& sweep, std::span<const SettledRun> runs, Stage stage) {
  const std::string name = fmt::format("sweep {}", one_line(sweep.name));
  const std::string rate = fmt::format("train.{}.peak_lr", to_name(stage));
  const SettingDifferences found = find_differences(runs, stage, computed_from(rate, sweep));
  require_one_experiment(name, found);
  if (found.with_rate.empty()) return;
  const bool fits = find_differences(runs, stage).within.empty();  // The database has no expressions.
  throw Error(
      fmt::format("{}: {} change{} with the rate, which runs at other rates could not follow; expected one "
                  "value, so that runs can be proposed{}",
                  name, join(found.with_rate, ", "), found.with_rate.size() == 1 ? "s" : "",
                  fits ? " (`ablate law fit` and `predict` take the sweep as it is)" : ""));
}

}  // namespace

SearchSpace::SearchSpace(const Sweep& sweep, Stage stage, std::span<const SettingChoice> where)
    : base_(resolve_alone(sweep.experiment_file)),
      experiment_file_(sweep.experiment_file),
      sweep_file_(sweep.file),
      sweep_name_(sweep.name),
      seed_(sweep.seeds.front()),
      stage_(stage) {
  std::map<double, Size> by_size;
  std::set<std::tuple<double, double, std::int64_t>> scans;
  std::vector<SettledRun> runs;
  CellExpander(sweep).expand([&](const Cell&, const Experiment& experiment) {
    if (!experiment.has_stage(stage) || !holds(where, experiment)) return;
    const double params = llm_body_params(llm_of(experiment, stage)).active,
                 tokens = tokens_of(experiment, stage);
    Size& size = by_size[params];
    if (tokens > size.tokens) size = {params, tokens, experiment};
    if (scans.emplace(params, tokens, train_of(experiment, stage).batch).second)
      cells_.push_back({params, tokens, experiment});
    SettledRun& run = runs.emplace_back();
    run.run.params = params, run.run.tokens = tokens;
    run.run.batch = static_cast<double>(train_of(experiment, stage).batch);
    run.run.lr = train_of(experiment, stage).peak_lr;
    run.settings = settings_of(experiment, stage);
  });
  refuse_differences(sweep, runs, stage);
  if (by_size.empty())
    throw Error(fmt::format("sweep '{}' has no stage {}{}", sweep.name, to_name(stage),
                            where.empty() ? "" : " in cells that --where leaves"));
  for (auto& [params, size] : by_size) {
    fixed_tokens_ = fixed_tokens_ && same_size(size.tokens, by_size.begin()->second.tokens);
    sizes_.push_back(std::move(size));
  }
}

const SearchSpace::Size& SearchSpace::nearest(double params) const {
  return *std::min_element(sizes_.begin(), sizes_.end(), [&](const Size& a, const Size& b) {
    return std::abs(std::log(a.params / params)) < std::abs(std::log(b.params / params));
  });
}

const SearchSpace::Size& SearchSpace::model_of(const ProposedRun& run) const {
  const Size* found = nullptr;
  for (const Size& cell : cells_) {
    if (!same_size(cell.params, run.params) || !same_size(cell.tokens, run.tokens)) continue;
    const Train& train = train_of(cell.experiment, stage_);
    const bool same_batch =
        same_size(static_cast<double>(train.batch * cell.experiment.data.seq_len), run.batch);
    if (found == nullptr || same_batch) found = &cell;
  }
  return found != nullptr ? *found : nearest(run.params);
}

std::vector<LawCandidate> SearchSpace::candidates(double largest) const {
  std::vector<LawCandidate> found;
  for (const Size& size : sizes_) found.push_back({size.params, size.tokens});
  for (const Named<LlmPreset>& preset : names_of<LlmPreset>()) {
    if (preset.value == LlmPreset::custom) continue;
    Llm llm = llm_of(sizes_.front().experiment, stage_);
    apply_preset(llm, preset.value);
    const double params = llm_body_params(llm).active;
    const bool known = std::any_of(found.begin(), found.end(),
                                   [&](const LawCandidate& one) { return same_size(one.params, params); });
    if (known || params > largest || params < sizes_.front().params) continue;
    const Size& near = nearest(params);
    found.push_back({params, fixed_tokens_ ? near.tokens : near.tokens * params / near.params});
  }
  std::sort(found.begin(), found.end(),
            [](const LawCandidate& a, const LawCandidate& b) { return a.params < b.params; });
  return found;
}

std::optional<Experiment> SearchSpace::sized_for(const ProposedRun& run) const {
  const Size& near = model_of(run);
  Experiment experiment = near.experiment;
  if (same_size(near.params, run.params)) return experiment;
  for (const Named<LlmPreset>& preset : names_of<LlmPreset>()) {
    if (preset.value == LlmPreset::custom) continue;
    Experiment other = experiment;
    apply_preset(other.llm, preset.value);
    if (same_size(llm_body_params(llm_of(other, stage_)).active, run.params)) return other;
  }
  return std::nullopt;
}

double SearchSpace::flops(double params, double tokens, double batch) const {
  const ProposedRun run{.params = params, .tokens = tokens, .lr = 1, .batch = batch};
  if (!sized_for(run)) return six_n_d(params, tokens, batch);
  const Experiment experiment = experiment_of(run);
  double flops = stage_cost(experiment, stage_, EvalTask{}).flops;
  if (experiment.has_stage(Stage::eval))
    for (const EvalTask task : experiment.eval.tasks)
      if (find_evaluated_stage(experiment, task) == stage_)
        flops += stage_cost(experiment, Stage::eval, task).flops;
  return flops;
}

Experiment SearchSpace::experiment_of(const ProposedRun& run) const {
  const Size& near = model_of(run);
  std::optional<Experiment> sized = sized_for(run);
  if (!sized)
    throw Error(
        fmt::format("a run with {} parameters is proposed, but neither the sweep nor a preset has that size",
                    shortest(run.params)));
  Experiment experiment = std::move(*sized);
  Train& train = train_of(experiment, stage_);
  const double seq_len = static_cast<double>(experiment.data.seq_len);
  if (run.batch > 0) train.batch = std::max<std::int64_t>(1, std::llround(run.batch / seq_len));
  const double tokens = run.tokens > 0 ? run.tokens : near.tokens;
  const std::int64_t steps =
      std::max<std::int64_t>(1, std::llround(tokens / (static_cast<double>(train.batch) * seq_len)));
  // A warm-up keeps its share of the run.
  if (steps != train.steps)
    train.warmup_steps = std::llround(static_cast<double>(train.warmup_steps) * static_cast<double>(steps) /
                                      static_cast<double>(train.steps));
  train.steps = steps;
  train.stop_at = 0;
  train.peak_lr = std::stod(fmt::format("{:.4g}", run.lr));
  return experiment;
}

std::string SearchSpace::sweep_text(const Proposal& proposal, const std::filesystem::path& file,
                                    const std::vector<std::string>& heading) const {
  // Of a path through a link, `..` is not what stands before the link's name.
  const std::filesystem::path folder = real_path(std::filesystem::absolute(file).parent_path());
  std::vector<Experiment> cells;
  for (const ProposedRun& run : proposal.runs) cells.push_back(experiment_of(run));

  // Keys in which a cell is not the experiment alone: common ones once, others in each cell.
  const std::string train = "train." + to_name(stage_) + ".";
  std::string common;
  std::vector<const Field*> own;
  for (const Field& field : fields()) {
    if (field.is_preset()) continue;
    const Value base = get_value(field, base_), first = get_value(field, cells.front());
    bool changed = false, varies = false;
    for (const Experiment& cell : cells) {
      const Value value = get_value(field, cell);
      changed = changed || value != base;
      varies = varies || value != first;
    }
    if (varies || field.key == train + "peak_lr")
      own.push_back(&field);
    else if (changed)
      common += fmt::format("{} = {}\n", field.key, toml_value(field, first, folder));
  }

  std::string text;
  for (const std::string& line : heading) text += "# " + line + "\n";
  text += fmt::format("name = {}\nexperiment = {}\nseeds = [{}]\n", Json(name_of(file)).dump(),
                      Json(experiment_file_.lexically_proximate(folder).string()).dump(), seed_);
  if (!common.empty()) text += "\n[override]\n" + common;
  text += "\n[[axis]]\nname = \"run\"\nlevels = [\n";
  std::set<std::string> labels;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const ProposedRun& run = proposal.runs[i];
    std::string label = fmt::format("N {} D {} B {} lr {}", amount_text(run.params), amount_text(run.tokens),
                                    amount_text(run.batch), rate_text(run.lr));
    while (!labels.insert(label).second) label += "'";
    text += fmt::format("  {{ label = {}", Json(label).dump());
    for (const Field* field : own)
      text += fmt::format(", {} = {}", field->key, toml_value(*field, get_value(*field, cells[i]), folder));
    text += fmt::format(" }},  # {}\n", to_name(run.reason));
  }
  return text + "]\n";
}

std::string SearchSpace::name_of(const std::filesystem::path& file) const {
  const std::string stem = file.stem().string(), rounds = sweep_file_.stem().string() + "-law-";
  return stem.starts_with(rounds) ? sweep_name_ + stem.substr(rounds.size() - 5) : stem;
}

std::filesystem::path round_file(const std::filesystem::path& sweep, int round) {
  return sweep.parent_path() / fmt::format("{}-law-{}.toml", sweep.stem().string(), round);
}

}  // namespace ablate
