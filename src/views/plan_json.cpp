#include <algorithm>
#include <cmath>

#include "views/plan_report.hpp"

namespace ablate {

namespace {

Json axes_json(const Plan& plan) {
  Json axes = Json::array();
  for (const PlanAxis& axis : plan.axes) axes.push_back({{"name", axis.name}, {"levels", axis.levels}});
  return axes;
}

Json levels_json(const Plan& plan, const Cell& cell) {
  Json levels = Json::object();
  for (std::size_t axis = 0; axis < plan.axes.size(); ++axis)
    if (cell.levels[axis] >= 0)
      levels[plan.axes[axis].name] = plan.axes[axis].levels[static_cast<std::size_t>(cell.levels[axis])];
  return levels;
}

Json cells_json(const Plan& plan) {
  Json cells = Json::array();
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    Json cell = {{"cell", i}, {"levels", levels_json(plan, plan.cells[i])}};
    if (!plan.cells[i].label.empty()) cell["label"] = plan.cells[i].label;
    cells.push_back(std::move(cell));
  }
  return cells;
}

Json jobs_json(const PlanReport& report) {
  const Plan& plan = report.planned.plan;
  const std::vector<bool> blocked = find_blocked(plan, report.planned.states);
  Json jobs = Json::array();
  for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
    const PlannedJob& job = plan.jobs[i];
    const auto& state = report.planned.states[i];
    Json parents = Json::array();
    for (const std::uint32_t parent : job.parents) parents.push_back(plan.jobs[parent].key.hex());
    jobs.push_back({{"key", job.key.hex()},
                    {"stage", to_name(job.stage)},
                    {"task", job.task},
                    {"seed", job.seed},
                    {"steps", job.steps},
                    {"parents", std::move(parents)},
                    {"replicates", job.replicates},
                    {"params", job.cost.params},
                    {"flops", job.cost.flops},
                    {"memory_bytes", job.cost.memory_bytes},
                    {"images_per_sequence", job.cost.images_per_sequence},
                    {"most_examples", job.cost.most_examples},
                    {"seconds", report.speed.seconds(job)},
                    {"state", blocked[i] ? Json("blocked")
                              : state    ? Json(to_name(*state))
                                         : Json()}});
  }
  return jobs;
}

/// What the times of a stage's jobs are made from; of a CPU, for one thread. Nulls: assumed.
Json tasks_json(const StageEstimate& stage) {
  Json tasks = Json::array();
  for (const TaskEstimate& task : stage.tasks) {
    const JobTime* measured = task.measured;
    const bool has_speed = measured && measured->fit.flops_per_second > 0;
    tasks.push_back({{"task", task.task},
                     {"jobs", task.jobs},
                     {"measured_attempts", measured ? measured->attempts : 0},
                     {"startup_seconds", measured ? Json(measured->fit.startup_seconds) : Json()},
                     {"flops_per_second", has_speed ? Json(measured->fit.flops_per_second) : Json()},
                     {"largest_measured_flops", measured ? Json(measured->fit.largest_flops) : Json()},
                     {"extrapolated", task.is_extrapolated()}});
  }
  return tasks;
}

Json stages_json(const PlanReport& report) {
  Json stages = Json::array();
  for (const StageEstimate& stage : report.stages)
    stages.push_back({{"stage", to_name(stage.stage)},
                      {"jobs", stage.jobs},
                      {"before_sharing", stage.before_sharing},
                      {"finished", stage.finished},
                      {"failed", stage.failed},
                      {"cancelled", stage.cancelled},
                      {"blocked", stage.blocked},
                      {"running", stage.running},
                      {"to_run", stage.to_run},
                      {"params", stage.params},
                      {"memory_bytes", stage.memory_bytes},
                      {"flops", stage.flops},
                      {"flops_left", stage.flops_left},
                      {"seconds_left", stage.seconds_left},
                      {"tasks", tasks_json(stage)}});
  return stages;
}

/// The files of each source; of pictures that records name, only how many.
Json claims_json(const Plan& plan) {
  Json claims = Json::array();
  for (const Claim& claim : plan.claims) {
    Json& json = claims.emplace_back(claim_json(claim));
    json["name"] = claim.name;
    json["source"] = claim.source;
  }
  return claims;
}

Json sources_json(const PlanReport& report) {
  Json sources = Json::array();
  for (const PlannedSource& source : report.planned.sources) {
    if (!source.missing.empty()) continue;
    Json files = Json::array();
    std::int64_t pictures = 0, absent = 0;
    for (const InputContent::File& file : source.content.files) {
      pictures += file.is_picture;
      absent += file.is_picture && file.content.hash == kAbsent;
      if (!file.is_picture)
        files.push_back({{"name", file.name}, {"bytes", file.content.bytes}, {"hash", file.content.hash}});
    }
    sources.push_back({{"path", source.path},
                       {"hash", source.content.hash()},
                       {"files", std::move(files)},
                       {"pictures", pictures},
                       {"absent_pictures", absent}});
  }
  return sources;
}

Json additions_json(const Plan& plan) {
  Json additions = Json::array();
  for (const SeedAddition& addition : plan.additions) {
    Json& json = additions.emplace_back(Json{
        {"seeds", addition.seeds}, {"cells", nullptr}, {"reason", addition.reason}, {"choice", nullptr}});
    if (addition.cells) {
      json["cells"] = Json::array();
      for (std::size_t i = 0; i < plan.cells.size(); ++i)
        if (const CellName name = name_of(plan, plan.cells[i]);
            std::find(addition.cells->begin(), addition.cells->end(), name) != addition.cells->end())
          json["cells"].push_back(i);
    }
    if (addition.choice)
      json["choice"] = {{"score", addition.choice->score},
                        {"of_cells", addition.choice->of_cells},
                        {"seeds", addition.choice->seeds}};
    json["is_new"] = addition.added_at == 0;
  }
  return additions;
}

Json budget_json(const PlanReport& report) {
  const Plan& plan = report.planned.plan;
  const BudgetFit fit = fit_budget(plan, report.planned.states, report.speed, *report.budget);
  Json budget = {{"unit", report.budget->is_flops ? "flops" : "slot-seconds"},
                 {"amount", report.budget->amount},
                 {"runs", fit.runs},
                 {"jobs", fit.jobs},
                 {"blocked_runs", fit.blocked},
                 {"used", fit.used},
                 {"first_left_out", nullptr}};
  if (fit.first_out)
    budget["first_left_out"] = {{"cell", plan.cell_of(*fit.first_out)},
                                {"seed", plan.seed_of(*fit.first_out)},
                                {"cost", fit.first_out_cost}};
  return budget;
}

}  // namespace

Json plan_json(const PlanReport& report) {
  const Plan& plan = report.planned.plan;
  Json account = Json::array();
  for (const CountLine& line : plan.account)
    account.push_back({{"text", line.text}, {"change", line.change}, {"total", line.total}});
  Json json = {
      {"sweep", plan.sweep},
      {"file", report.planned.sweep.file.string()},
      {"name_taken_from", report.planned.former ? Json(report.planned.former->path.string()) : Json()},
      {"axes", axes_json(plan)},
      {"seeds", plan.seeds},
      {"added_seeds", additions_json(plan)},
      {"dropped_seeds", plan.dropped_additions},
      {"cells", cells_json(plan)},
      {"account", std::move(account)},
      {"counts", {{"cells", plan.cells.size()}, {"runs", plan.num_replicates()}, {"jobs", plan.jobs.size()}}},
      {"stages", stages_json(report)},
      {"seconds", report.seconds},
      {"slots",
       {{"count", report.speed.slots},
        {"device", to_name(report.speed.kind)},
        {"threads", report.speed.threads}}},
      {"jobs", jobs_json(report)},
      {"claims", claims_json(plan)},
      {"warnings", plan.warnings},
      {"missing_data", plan.missing_data},
      {"sources", sources_json(report)}};
  if (report.budget) json["budget"] = budget_json(report);
  return json;
}

}  // namespace ablate
